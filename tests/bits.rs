//! The same bytes on every machine: digests of each kind of arithmetic against committed ones, in
//! every width that this machine has, on one, two and three threads.

use std::process::{Command, Output};

fn doctor(arguments: &[&str], width: &str) -> (Output, String) {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("proofmark"));
    command.arg("doctor").args(arguments).env("PROOFMARK_SIMD", width);
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    (output, text)
}

#[test]
fn every_width_and_number_of_threads_gives_the_committed_digests() {
    if std::env::var_os("PROOFMARK_UPDATE").is_some() {
        let (_, digests) = doctor(&["--digests"], "portable");
        return std::fs::write("src/engine/bits.txt", digests).unwrap();
    }
    let (output, text) = doctor(&["--bits"], "");
    assert!(output.status.success(), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
    let same = text.lines().filter(|line| line.ends_with("the same bits as on every machine"));
    // Three numbers of threads for each width, of which every machine has the portable one.
    let same = same.count();
    assert!(same >= 3 && same % 3 == 0, "{text}");
    assert!(text.contains("portable, 3 threads"), "{text}");
    assert!(text.starts_with("processor  "), "{text}");
}

#[test]
fn a_width_that_is_chosen_is_used_and_one_that_is_none_is_a_usage_error() {
    let committed = include_str!("../src/engine/bits.txt");
    let (output, digests) = doctor(&["--digests"], "portable");
    assert_eq!((output.status.code(), digests.as_str()), (Some(0), committed));
    let (_, text) = doctor(&[], "portable");
    assert!(text.contains("computes in portable"), "{text}");
    let (output, _) = doctor(&[], "avx9");
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{error}");
    assert!(error.contains("this machine has"), "{error}");
}
