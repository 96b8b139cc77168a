//! Runs that are stopped: by Ctrl-C, by force, by a file system that refuses.

use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::support::{Place, Ran, TINY, folders};

/// Long enough to be stopped in the middle, on one core.
fn long() -> String {
    TINY.replace("epochs 2", "epochs 60")
}

/// Starts training and waits until a first state has been written.
fn begun(place: &Place) -> std::process::Child {
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

fn signal(child: &std::process::Child, name: &str) {
    let id = child.id().to_string();
    let sent = std::process::Command::new("kill").args([name, &id]).status().unwrap();
    assert!(sent.success());
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

    let killed = Place::with(&long());
    let mut child = begun(&killed);
    child.kill().unwrap();
    child.wait().unwrap();
    killed.run(&["train", "x.kdl", "--jobs", "1"]).ends_with(0).says("going on from");
    assert!(killed.models() == whole.models(), "after a kill");
}

#[test]
fn a_full_disk_loses_nothing_that_was_finished() {
    let place = Place::new();
    place.run(&["prepare", "x.kdl"]).ends_with(0);
    // Files may grow to 20 blocks of 1024 bytes: enough for lists, not for a model.
    let program = assert_cmd::cargo::cargo_bin!("proofmark");
    let script = format!("trap '' XFSZ; ulimit -f 20; exec {} train x.kdl", program.display());
    let mut command = std::process::Command::new("bash");
    command.args(["-c", &script]).current_dir(place.dir.path());
    command.env("PROOFMARK_STORE", place.path("store"));
    let ran = Ran::of(command.output().unwrap()).ends_with(20);
    assert!(ran.stderr.contains("cannot write"), "{}", ran.stderr);
    let after = place.run(&["run", "x.kdl"]).ends_with(0);
    assert!(!after.stderr.contains("] faces"), "faces were reused: {}", after.stderr);
}
