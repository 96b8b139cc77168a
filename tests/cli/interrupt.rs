//! Runs that are stopped: by Ctrl-C, by force, by a file system that refuses.

use std::process::Stdio;
use std::time::{Duration, Instant};

use proofmark_base::rng::{Rng, Stream};

use crate::support::{Place, Ran, TINY, folders, signal};

/// Long enough to be stopped in the middle, on one core.
fn long() -> String {
    TINY.replace("epochs 2", "epochs 60")
}

/// Starts training and waits until a first state has been written.
pub fn begun(place: &Place) -> std::process::Child {
    let mut command = place.command();
    command.args(["train", "x.kdl", "--jobs", "1"]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let deadline = Instant::now() + Duration::from_secs(60);
    let state =
        || folders(&place.path("store/work")).iter().any(|f| f.join("state.safetensors").is_file());
    while !state() {
        assert!(Instant::now() < deadline, "no state after a minute");
        std::thread::sleep(Duration::from_millis(5));
    }
    child
}

#[test]
fn a_stopped_run_goes_on_to_the_same_bytes() {
    let whole = Place::with(&long());
    whole.run(&["train", "x.kdl", "--jobs", "1"]).ends_with(0);

    let stopped = Place::with(&long());
    let child = begun(&stopped);
    signal(&child, "-INT");
    let ran = Ran::of(child.wait_with_output().unwrap());
    ran.ends_with(21).says("run the same command again");
    stopped.run(&["plan", "x.kdl"]).ends_with(0);
    stopped.run(&["train", "x.kdl", "--jobs", "1"]).ends_with(0).says("going on from");
    assert!(stopped.models() == whole.models(), "after Ctrl-C");
    assert_eq!(stopped.journals(), whole.journals(), "after Ctrl-C");

    let killed = Place::with(&long());
    let mut child = begun(&killed);
    child.kill().unwrap();
    child.wait().unwrap();
    killed.run(&["train", "x.kdl", "--jobs", "1"]).ends_with(0).says("going on from");
    assert!(killed.models() == whole.models(), "after a kill");
    assert_eq!(killed.journals(), whole.journals(), "after a kill");
}

/// Every option that has a state of its own, micro-batches, mixed faces.
fn rich() -> String {
    long()
        .replace("batch 8", "batch 8 micro=3\n    ema 0.9\n    clip 1.0")
        .replace("epochs 60", "epochs 120")
        + "experiment mixed extends=base { override recipe { mix mixup=0.8 cutmix=1 } }"
}

/// Bytes of the journals of unfinished trainings: more with every step.
fn written(place: &Place) -> u64 {
    let journals = folders(&place.path("store/work")).into_iter().map(|f| f.join("journal.jsonl"));
    journals.filter_map(|path| path.metadata().ok()).map(|meta| meta.len()).sum()
}

/// Twenty times, each after so many steps and a moment of its own, wherever the process then is:
/// reading, stepping, validating, writing, renaming.
#[test]
fn killed_twenty_times_it_ends_in_the_same_bytes() {
    let whole = Place::with(&rich());
    whole.run(&["train", "x.kdl", "--jobs", "1"]).ends_with(0);

    let killed = Place::with(&rich());
    let mut rng = Rng::new(7, Stream::Demo, 0, 0);
    let mut resumed = 0;
    for kill in 0..20 {
        let mut command = killed.command();
        command.args(["train", "x.kdl", "--jobs", "1"]).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // Every fourth is killed at once, while it still reads.
        let steps = if kill % 4 == 0 { 0 } else { rng.range(1.0, 40.0) as u32 };
        let (mut seen, mut last, begun) = (0, written(&killed), Instant::now());
        while seen < steps && begun.elapsed() < Duration::from_secs(60) {
            let now = written(&killed);
            seen += u32::from(now != last);
            last = now;
            std::thread::sleep(Duration::from_millis(1));
        }
        std::thread::sleep(Duration::from_secs_f64(rng.range(0.0, 0.02)));
        child.kill().unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(!output.status.success(), "it was to be killed long before its end");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        resumed += usize::from(said.contains("going on from"));
    }
    assert!(resumed > 0, "no run went on from a state");
    killed.run(&["train", "x.kdl", "--jobs", "1"]).ends_with(0);
    assert!(killed.models() == whole.models());
    assert_eq!(killed.journals(), whole.journals());
}

/// The program, unable to write files of more than 20 KiB: lists, but no weights.
fn on_a_full_disk(place: &Place, verb: &str) -> Ran {
    let program = assert_cmd::cargo::cargo_bin!("proofmark");
    let script = format!("trap '' XFSZ; ulimit -f 20; exec {} {verb} x.kdl", program.display());
    let mut command = std::process::Command::new("bash");
    command.args(["-c", &script]).current_dir(place.dir.path());
    command.env("PROOFMARK_STORE", place.path("store"));
    Ran::of(command.output().unwrap()).ends_with(20).says("cannot write")
}

#[test]
fn a_full_disk_loses_nothing_that_was_finished() {
    let place = Place::new();
    place.run(&["prepare", "x.kdl"]).ends_with(0);
    on_a_full_disk(&place, "train");
    let after = place.run(&["run", "x.kdl"]).ends_with(0);
    assert!(!after.stderr.contains("] faces"), "faces were reused: {}", after.stderr);
}

#[test]
fn a_disk_that_fills_up_keeps_the_last_state() {
    let whole = Place::with(&long());
    whole.run(&["train", "x.kdl", "--jobs", "1"]).ends_with(0);
    let filled = Place::with(&long());
    let mut child = begun(&filled);
    child.kill().unwrap();
    child.wait().unwrap();
    on_a_full_disk(&filled, "train").says("going on from");
    filled.run(&["train", "x.kdl", "--jobs", "1"]).ends_with(0).says("going on from");
    assert!(filled.models() == whole.models());
}
