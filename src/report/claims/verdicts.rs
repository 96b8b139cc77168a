//! Verdicts on the claims of a table.

use std::collections::BTreeMap;

use super::asked::{Asked, Found};
use super::needed;
use super::published::published;
use super::support::{Measured, Support, support};
use super::words::{self, numbers};
use crate::lookup::{Lookup, Pair};
use crate::table::{ClaimResult, Compared, Quote, TableData, Test, Verdict};
use proofmark_evaluate::statistics::holm;
use proofmark_lang::model::{Claim, Placed, Sentence, Table};

/// Decides the claims of a table by tests of the differences, with Holm's correction over all of
/// them, at 1 less the level of its intervals.
pub(crate) fn decide(table: &TableData, declared: &Table, found: &Found) -> Vec<ClaimResult> {
    let lookup = Lookup::of(&table.metrics, &table.scenarios);
    let asked: Vec<_> = declared.statements().map(|(_, claim)| Asked::of(claim, &lookup)).collect();
    let known: Vec<Option<Support>> =
        asked.iter().map(|asked| known(asked.as_ref().ok()?, table, found, 0.0)).collect();
    let adjusted = adjusted(&asked, &known);
    let level = 1.0 - declared.intervals.level;
    let tests = tests(&asked, &known);
    declared
        .statements()
        .zip(asked.iter().zip(known.iter().zip(adjusted)))
        .map(|(said, (asked, (known, adjusted)))| {
            let asked = match asked {
                Ok(asked) => asked,
                Err(lacking) => return result(said, lacking.clone()),
            };
            let mut detail = numbers(table, asked, found);
            let verdict = match (known, adjusted) {
                (Some(known), Some(p)) if p < level => match known.holds < known.contradicted {
                    true => Verdict::Holds,
                    false => Verdict::Contradicted,
                },
                _ => Verdict::CannotTell,
            };
            if let Some(p) = adjusted {
                detail += &format!("; {}", words::p_value(p));
                if verdict == Verdict::CannotTell {
                    detail += &format!("; {}", takes(asked, table, found, level / tests as f64));
                }
            }
            ClaimResult {
                verdict,
                comparisons: compared(table, asked, found),
                p: known.map(Support::p),
                p_adjusted: adjusted,
                published: published(table, asked),
                ..result(said, detail)
            }
        })
        .collect()
}

/// A claim that nothing is known of yet.
fn result(
    (sentence, claim): (Option<&Placed<Sentence>>, &Placed<Claim>),
    detail: String,
) -> ClaimResult {
    let quote =
        |said: &Placed<Sentence>| Quote { section: said.section.clone(), text: said.text.clone() };
    ClaimResult {
        text: claim.text.clone(),
        sentence: sentence.map(quote),
        verdict: Verdict::CannotTell,
        detail,
        comparisons: Vec::new(),
        p: None,
        p_adjusted: None,
        published: None,
    }
}

/// What tests say of a claim; none where none of its comparisons was tested.
pub(super) fn known(
    asked: &Asked<'_>,
    table: &TableData,
    found: &Found,
    quantile: f64,
) -> Option<Support> {
    let measured = |pair, column| measured(table, found, pair, column);
    let tested = asked.comparisons().any(|(pair, column)| measured(pair, column).is_some());
    tested.then(|| support(asked, quantile, measured))
}

/// The difference of two rows in a column, if it was tested.
fn measured(table: &TableData, found: &Found, pair: Pair, column: usize) -> Option<Measured> {
    let (difference, _) = found.get(&(pair, column))?;
    let lower = table.metrics[pair.block].metric.lower_is_better;
    let better = if lower { -difference.value } else { difference.value };
    Some(Measured { better, error: difference.error? })
}

/// Of each claim the first that asks the same.
fn firsts(asked: &[Result<Asked<'_>, String>]) -> Vec<usize> {
    (0..asked.len())
        .map(|i| asked[..i].iter().position(|other| other == &asked[i]).unwrap_or(i))
        .collect()
}

/// How many different claims were tested.
fn tests(asked: &[Result<Asked<'_>, String>], known: &[Option<Support>]) -> usize {
    let firsts = firsts(asked);
    (0..asked.len()).filter(|&i| firsts[i] == i && known[i].is_some()).count()
}

/// The p-values of claims with Holm's correction over all of them; claims that ask the same count
/// once.
pub(super) fn adjusted(
    asked: &[Result<Asked<'_>, String>],
    known: &[Option<Support>],
) -> Vec<Option<f64>> {
    let firsts = firsts(asked);
    let family: Vec<usize> =
        (0..asked.len()).filter(|&i| firsts[i] == i && known[i].is_some()).collect();
    let p: Vec<f64> = family.iter().filter_map(|&i| known[i].map(Support::p)).collect();
    let adjusted: BTreeMap<usize, f64> = family.into_iter().zip(holm::adjust(&p)).collect();
    firsts.iter().map(|first| adjusted.get(first).copied()).collect()
}

/// What it would take to decide a claim at this level.
fn takes(asked: &Asked<'_>, table: &TableData, found: &Found, level: f64) -> String {
    let measured = |pair, column| measured(table, found, pair, column);
    let Some(times) = needed::times(asked, level, measured) else {
        return "no number of such videos would tell at these differences".into();
    };
    let of = || asked.comparisons().filter_map(|place| found.get(&place));
    let seeds = of().any(|(difference, _)| difference.test == Some(Test::Seeds));
    let videos = of().map(|(difference, _)| difference.compared).max();
    match (seeds, videos, asked.columns.len()) {
        (true, ..) => format!("{times:.1} times as many seeds and videos would tell (power 80 %)"),
        (false, Some(videos), 1) => {
            let more = rounded((times - 1.0) * videos as f64);
            format!("about {more} more videos would tell (power 80 %)")
        }
        (false, ..) => format!("{times:.1} times as many videos would tell (power 80 %)"),
    }
}

/// A number to two digits, upwards; at least 1.
fn rounded(number: f64) -> u64 {
    let whole = (number.ceil() as u64).max(1);
    let unit = 10u64.pow(whole.ilog10().saturating_sub(1));
    whole.div_ceil(unit) * unit
}

/// The comparisons of a claim that have numbers.
fn compared(table: &TableData, asked: &Asked<'_>, found: &Found) -> Vec<Compared> {
    let columns: Vec<_> = table.columns().collect();
    let compared = asked.comparisons().filter_map(|(pair, column)| {
        let (difference, untested) = found.get(&(pair, column))?;
        let label = |row: usize| table.metrics[pair.block].rows[row].label.clone();
        let (scenario, head) = columns[column];
        Some(Compared {
            row: label(pair.row),
            other: label(pair.other),
            scenario: scenario.name.clone(),
            column: head.label.clone(),
            difference: *difference,
            untested: *untested,
        })
    });
    compared.collect()
}
