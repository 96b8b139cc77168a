//! Tells the program the commit that it is built from, for the provenance of its results.

use std::process::Command;

fn main() {
    for path in ["src", "Cargo.toml", "Cargo.lock", ".git/logs/HEAD"] {
        println!("cargo::rerun-if-changed={path}");
    }
    let git = |arguments: &[&str]| {
        let output = Command::new("git").args(arguments).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    // Sources that lie in another project's repository are of no commit of theirs.
    let own = git(&["rev-parse", "--show-prefix"]).is_some_and(|prefix| prefix.is_empty());
    let Some(commit) = git(&["rev-parse", "--short=12", "HEAD"]).filter(|_| own) else { return };
    let changed = git(&["status", "--porcelain", "--", "src", "Cargo.toml", "Cargo.lock"]);
    let mark = if changed.is_none_or(|files| !files.is_empty()) { "+" } else { "" };
    println!("cargo::rustc-env=PROOFMARK_COMMIT={commit}{mark}");
}
