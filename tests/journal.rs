//! The journal against files that TensorBoard's own writer made.

use std::io::Write;
use std::path::{Path, PathBuf};

use proofmark_train::journal::file::{FILE, Journal, Position};
use proofmark_train::journal::record::Record;

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/journal").join(name)
}

const EVENTS: [&str; 2] = ["events.out.tfevents.00001", "events.out.tfevents.00002"];

/// A run that was killed after five records and a part of a sixth, and taken up again at
/// the state of four: byte for byte what TensorBoard writes, with its sign to forget the
/// fifth, and JSON lines without it.
#[test]
fn a_run_taken_up_again_is_what_tensorboard_writes() {
    let records = std::fs::read_to_string(golden("records.jsonl")).unwrap();
    let records: Vec<Record> =
        records.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let dir = tempfile::tempdir().unwrap();
    let mut journal = Journal::open(dir.path(), Position::default(), 2, 1_790_000_000.25).unwrap();
    records[..5].iter().for_each(|record| journal.write(record).unwrap());
    drop(journal);
    let mut torn = std::fs::File::options().append(true).open(dir.path().join(FILE)).unwrap();
    torn.write_all(br#"{"record":"epoch","epoch":1,"#).unwrap();
    let position = Position { epochs: 1, steps: 1 };
    let mut journal = Journal::open(dir.path(), position, 2, 1_790_000_100.5).unwrap();
    records[5..].iter().for_each(|record| journal.write(record).unwrap());
    for name in EVENTS.into_iter().chain([FILE]) {
        let ours = std::fs::read(dir.path().join(name)).unwrap();
        let theirs = std::fs::read(golden("run").join(name)).unwrap();
        assert!(ours == theirs, "{name}: {ours:?}\n{theirs:?}");
    }
}

/// The journal at every position is the prefix of records up to it, whatever follows.
#[test]
fn a_journal_is_cut_at_the_state_it_goes_on_from() {
    let lines: Vec<String> = std::fs::read_to_string(golden("run").join(FILE))
        .unwrap()
        .split_inclusive('\n')
        .map(str::to_owned)
        .collect();
    let after = |epochs, steps, rest: &str| {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(FILE);
        std::fs::write(&path, lines.concat() + rest).unwrap();
        let position = Position { epochs, steps };
        drop(Journal::open(dir.path(), position, 2, 1.0).unwrap());
        std::fs::read_to_string(path).unwrap()
    };
    for rest in ["", "torn", "{}\n", "\u{0}\u{0}\n"] {
        // Steps 1.1, 1.2, epoch 1, steps 2.1, 2.2, epoch 2.
        for (epochs, steps, kept) in
            [(0, 0, 0), (0, 1, 1), (0, 2, 2), (1, 0, 3), (1, 1, 4), (1, 2, 5), (2, 0, 6)]
        {
            assert_eq!(after(epochs, steps, rest), lines[..kept].concat(), "{epochs} {steps}");
        }
    }
}
