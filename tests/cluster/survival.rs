//! What clusters do to jobs: time limits, dead nodes, preemption, a controller that is killed.

use std::cell::RefCell;
use std::fs;

use crate::place::{Place, TINY, local, local_of, long};
use crate::slurm::text;

/// Waits until a training has written a state, and gives a task of one that has begun, and its node:
/// a task may run for Slurm whose program is not that far.
pub fn training(place: &Place) -> (String, String) {
    let under_way = || {
        let drafts = fs::read_dir(place.path("store/work")).into_iter().flatten().flatten();
        let mut of_training =
            drafts.filter(|draft| draft.file_name().to_string_lossy().starts_with("train-"));
        let has_state = of_training.any(|draft| draft.path().join("state.safetensors").is_file());
        let (task, node) = place.slurm.task("train", "RUNNING")?;
        (has_state && tries(place, "train-", &task) > 0).then_some((task, node))
    };
    place.slurm.until("a training is under way", |_| under_way().is_some());
    under_way().expect("it has not ended yet")
}

/// How often a task was begun, by the records of tries.
pub fn tries(place: &Place, kind: &str, task: &str) -> usize {
    let folders = fs::read_dir(place.path("store/attempts")).unwrap().flatten();
    let of_kind = folders.filter(|folder| folder.file_name().to_string_lossy().starts_with(kind));
    let tries = of_kind.flat_map(|folder| fs::read_dir(folder.path()).unwrap().flatten());
    tries
        .filter(|one| one.file_name().to_string_lossy().split('.').any(|part| part == task))
        .count()
}

#[test]
fn a_warned_training_saves_begins_again_and_gives_the_same_bytes() {
    let place = Place::new(&long());
    place.submit();
    let (task, _) = training(&place);
    place.slurm.slurm("scancel", &["-b", "-s", "USR2", &task]);
    place.done();
    assert_eq!(tries(&place, "train-", &task), 2);
    assert_eq!(&place.results(), local());
    place.slurm.end();
}

#[test]
fn a_training_on_a_node_that_dies_goes_on_elsewhere_to_the_same_bytes() {
    let place = Place::new(&long());
    place.submit();
    let (task, node) = training(&place);
    place.slurm.kill_node(&node);
    place.slurm.until("the task was begun again", |_| tries(&place, "train-", &task) >= 2);
    place.done();
    assert_eq!(&place.results(), local());
    place.slurm.node(node[1..].parse().unwrap());
    place.slurm.end();
}

#[test]
fn a_share_of_faces_on_a_node_that_dies_is_prepared_again() {
    // Enough videos that a share takes some seconds.
    let many = TINY.replace(
        "identities=8 videos=2 fakes=2 frames=2",
        "identities=48 videos=4 fakes=4 frames=8",
    );
    assert_ne!(many, TINY);
    let place = Place::new(&many);
    place.submit();
    let running = |place: &Place| {
        let (task, node) = place.slurm.task("faces", "RUNNING")?;
        let drafts = fs::read_dir(place.path("store/work")).into_iter().flatten().flatten();
        let under_way =
            drafts.filter(|draft| draft.file_name().to_string_lossy().starts_with("faces-"));
        (under_way.count() > 0 && tries(place, "faces-", &task) > 0).then_some((task, node))
    };
    let found = RefCell::new(None);
    place.slurm.until("a share is under way", |_| {
        *found.borrow_mut() = running(&place);
        found.borrow().is_some()
    });
    let (task, node) = found.into_inner().expect("it was waited for");
    place.slurm.kill_node(&node);
    place.slurm.until("the share was begun again", |_| tries(&place, "faces-", &task) >= 2);
    place.done();
    assert_eq!(place.results(), local_of(&many));
    place.slurm.node(node[1..].parse().unwrap());
    place.slurm.end();
}

#[test]
fn a_preempted_training_goes_on_and_a_cancelled_one_when_it_is_run_again() {
    let place = Place::new(&long());
    place.submit();
    let (task, _) = training(&place);
    // Jobs of more weight take all nodes for a while.
    place.slurm.take_all_nodes("sleep 3");
    place.slurm.until("the task was begun again", |_| tries(&place, "train-", &task) >= 2);
    let out = place.proofmark(&["cancel", "x.kdl"]);
    assert!(out.status.success(), "{}", text(&out));
    let (status, exit) = place.wait();
    assert_eq!(exit, 21, "{status:#}");
    place.submit();
    place.done();
    assert_eq!(&place.results(), local());
    place.slurm.end();
}

#[test]
fn a_controller_that_is_killed_loses_nothing_and_does_nothing_twice() {
    let place = Place::new(&long());
    place.submit();
    let (task, _) = training(&place);
    let jobs = place.slurm.submitted();
    place.slurm.kill_controller();
    std::thread::sleep(std::time::Duration::from_secs(2));
    place.slurm.controller();
    // What it holds after that is let go by the same command, which submits nothing.
    place.slurm.until("all is done", |_| {
        place.submit();
        let (status, _) = place.status();
        status["stages"].as_array().unwrap().iter().all(|stage| stage["state"] == "done")
    });
    // It forgets what had ended, and was given nothing new.
    let now = place.slurm.submitted();
    assert!(now.is_subset(&jobs), "{jobs:?} {now:?}");
    assert!(tries(&place, "train-", &task) <= 2);
    assert_eq!(&place.results(), local());
    place.slurm.end();
}
