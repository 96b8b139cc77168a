//! The same bytes on every machine: digests of each kind of arithmetic against committed ones, in
//! every width that this machine has, on one, two and three threads.

use proofmark::engine::bits::{EXPECTED, digests, unlike};
use proofmark::width::Width;

/// The only test of this program that computes: the width is the whole process's.
#[test]
fn every_width_and_number_of_threads_gives_the_committed_digests() {
    let mut seen = Vec::new();
    for width in Width::here() {
        width.choose();
        for threads in [1, 2, 3] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let ours = pool.install(|| digests().unwrap());
            seen.push((format!("{}, {threads} threads", width.name()), ours));
        }
    }
    if std::env::var_os("PROOFMARK_UPDATE").is_some() {
        std::fs::write("src/engine/bits.txt", &seen[0].1).unwrap();
    }
    for (how, ours) in &seen {
        assert_eq!(ours, &seen[0].1, "{how}, against {}", seen[0].0);
    }
    for (how, ours) in &seen {
        assert!(ours == EXPECTED, "{how}: {:?} differ\n{ours}\n{EXPECTED}", unlike(ours));
    }
}

#[test]
fn a_width_that_is_none_is_a_usage_error() {
    for (asked, code, said) in [("avx9", 2, "this machine has"), ("portable", 0, "")] {
        let mut command = std::process::Command::new(assert_cmd::cargo::cargo_bin!("proofmark"));
        command.args(["check", "experiments/quickstart.kdl"]).env("PROOFMARK_SIMD", asked);
        let output = command.output().unwrap();
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{error}");
        assert!(error.contains(said), "{error}");
    }
}
