//! Trainings by several processes that mpirun begins: the same bytes for any number of them, and what happens
//! when one of them is lost.

mod place;

use std::time::{Duration, Instant};

use place::Place;

/// Two experiments, of which each batch has four parts.
const DIVIDED: &str = include_str!("../cli/tiny.kdl");

fn divided(epochs: u32) -> String {
    let text = DIVIDED.replace("batch 8\n", "batch 8 micro=2\n    ema 0.9\n    clip 1.0\n");
    assert_ne!(text, DIVIDED);
    text.replace("epochs 2\n", &format!("epochs {epochs}\n"))
}

#[test]
fn any_number_of_processes_makes_the_same_model_and_log() {
    let alone = Place::new(&divided(4));
    let ran = alone.alone(&["train", "x.kdl"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let made = alone.made();
    assert_eq!(made.len(), 6, "a model, a log and a journal of two experiments: {:?}", made.keys());
    for size in 1..=4 {
        let place = Place::new(&divided(4));
        let ran = place.mpirun(size, &["train", "x.kdl"]).wait();
        assert_eq!(ran.code, Some(0), "{size} processes: {}", ran.stderr);
        let told = ran.stderr.matches("is trained by").count();
        assert_eq!(told, if size == 1 { 0 } else { 2 }, "{}", ran.stderr);
        assert_eq!(ran.stderr.matches("\ndone in").count(), 1, "one process tells: {}", ran.stderr);
        assert!(place.made() == made, "{size} processes");
    }
}

/// A training that diverges in its third epoch, at the same step for any number of processes, leaves the state of
/// the end of its second.
#[test]
fn any_number_of_processes_leaves_the_same_state_and_says_once_why() {
    let wild = divided(8).replace("weight-decay=0.05", "weight-decay=1e5");
    let left = |size| {
        let place = Place::new(&wild);
        let ran = place.mpirun(size, &["train", "x.kdl", "--jobs", "1"]).wait();
        assert_eq!(ran.code, Some(20), "{size} processes: {}", ran.stderr);
        // Both experiments are tried, and each failure is told by one process.
        assert_eq!(ran.stderr.matches("error: train ").count(), 2, "{}", ran.stderr);
        assert!(
            ran.stderr.contains("in epoch 3") || ran.stderr.contains("in epoch 4"),
            "{}",
            ran.stderr
        );
        let states = place.states();
        assert_eq!(states.len(), 2, "{:?}", states.keys());
        states
    };
    let one = left(1);
    for size in 2..=4 {
        assert!(left(size) == one, "{size} processes");
    }
}

#[test]
fn another_number_of_processes_goes_on_to_the_same_bytes() {
    let text = divided(60);
    let whole = Place::new(&text);
    assert_eq!(whole.alone(&["train", "x.kdl", "--jobs", "1"]).code, Some(0));
    let place = Place::new(&text);
    for (size, steps) in [(2, 20), (3, 60)] {
        let running = place.mpirun(size, &["train", "x.kdl"]);
        place.until_steps(steps);
        // The plan that they read stays, although nothing was submitted to a cluster.
        assert_eq!(place.alone(&["gc", "x.kdl", "--delete"]).code, Some(0));
        assert!(place.path("store/runs").read_dir().unwrap().next().is_some());
        running.signal(size - 1, "TERM");
        let ran = running.wait();
        assert_eq!(ran.code, Some(21), "{size} processes: {}", ran.stderr);
        assert!(ran.stderr.contains("run the same command again"), "{}", ran.stderr);
    }
    let ran = place.mpirun(1, &["train", "x.kdl"]).wait();
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(ran.stderr.contains("going on from"), "{}", ran.stderr);
    assert!(place.made() == whole.made());
}

#[test]
fn a_process_that_is_killed_ends_all_and_what_was_done_is_gone_on_with() {
    let text = divided(60);
    let whole = Place::new(&text);
    assert_eq!(whole.alone(&["train", "x.kdl", "--jobs", "1"]).code, Some(0));
    for lost in [0, 1] {
        let place = Place::new(&text);
        let running = place.mpirun(2, &["train", "x.kdl"]);
        place.until_steps(20);
        let killed = Instant::now();
        running.signal(lost, "KILL");
        let ran = running.wait();
        assert!(
            killed.elapsed() < Duration::from_secs(30),
            "{:?}: {}",
            killed.elapsed(),
            ran.stderr
        );
        assert_ne!(ran.code, Some(0));
        assert!(place.processes().is_empty(), "{:?}", place.processes());
        let ran = place.mpirun(3, &["train", "x.kdl"]).wait();
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
        assert!(ran.stderr.contains("going on from"), "{}", ran.stderr);
        assert!(place.made() == whole.made(), "rank {lost} was killed");
    }
}

/// A process that stands still is told from one that computes: it does not say that it is alive.
#[test]
fn a_process_that_stands_still_ends_all_with_a_sentence() {
    let place = Place::new(&divided(400));
    let running = place.mpirun(3, &["train", "x.kdl"]);
    place.until_steps(10);
    running.signal(2, "STOP");
    let ran = running.wait();
    assert_eq!(ran.code, Some(21), "{}", ran.stderr);
    let said = "rank 2 of 3 has ended, or did not answer within 20 s";
    assert!(ran.stderr.contains(said), "{}", ran.stderr);
    place.until_gone();
}

/// One process has not the card that it is to compute on: the first tells what the other found.
#[test]
fn what_goes_wrong_in_one_process_is_told_by_the_first() {
    let place = Place::new(&divided(400));
    let ran = place.beside(&["train", "x.kdl"], &["train", "x.kdl", "--device", "cuda:7"]).wait();
    assert_eq!(ran.code, Some(21), "{}", ran.stderr);
    let said = "rank 1 of 2 has failed: device `cuda:7` cannot be used";
    assert!(ran.stderr.contains(said), "{}", ran.stderr);
}

#[test]
fn what_cannot_be_divided_is_refused_before_anything_is_made() {
    let place = Place::new(&divided(1));
    let ran = place.mpirun(5, &["train", "x.kdl"]).wait();
    assert_eq!(ran.code, Some(20), "{}", ran.stderr);
    assert!(ran.stderr.contains("declare `batch 8 micro=1`"), "{}", ran.stderr);
    let network = "vit patch=8 width=16 depth=2 heads=2 image=32; pool patch-mean; drop-path 0.1";
    let net =
        divided(1).replace(network, "efficientnet image=32 width-factor=0.25 depth-factor=0.3");
    let net = net.replace(" micro=2", "").replace(" layer-decay=0.9", "");
    let place_of_net = Place::new(&net);
    let ran = place_of_net.mpirun(2, &["train", "x.kdl"]).wait();
    assert_eq!(ran.code, Some(20), "{}", ran.stderr);
    assert!(ran.stderr.contains("needs the whole batch"), "{}", ran.stderr);
    for place in [place, place_of_net] {
        assert!(!place.path("store/objects/faces").exists(), "faces were prepared in vain");
    }
}
