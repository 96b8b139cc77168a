//! The claims of tables as an exit code, and as files and lines for continuous integration.

use super::exit::Exit;
use proofmark_lang::Loaded;
use proofmark_lang::model::{Claim, Placed, Table};
use proofmark_report::checks::{Check, of_claims};
use proofmark_report::table::{TableData, Verdict};

/// The claims of a table with their places in the experiment file.
pub fn checks(loaded: &Loaded, declared: &Table, table: &TableData) -> Vec<Check> {
    let place = |claim: &Placed<Claim>| {
        let place = loaded.sources.place(claim.at.text)?;
        Some((place.file.display().to_string(), place.line as usize))
    };
    of_claims(table, &declared.claims.iter().map(place).collect::<Vec<_>>())
}

/// How a command ends by its checks: one that fails counts for more than one that is open.
pub fn exit(checks: &[Check]) -> Exit {
    let any = |verdict| checks.iter().any(|check| check.verdict == verdict);
    if any(Verdict::Contradicted) {
        Exit::Claim
    } else if any(Verdict::CannotTell) {
        Exit::Undecided
    } else {
        Exit::Ok
    }
}
