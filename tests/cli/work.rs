//! What a job does: a failure that may pass queues it again, and others do not.

use std::process::Command;

use crate::controller::Controlled;
use crate::full::limited;
use crate::support::{Place, Ran};

/// Retries of the clusters file.
const RETRIES: u32 = 2;

fn submitted() -> Controlled {
    let slurm = Controlled::of(Place::new());
    let clusters = format!("cluster uni {{ slurm; retries {RETRIES} }}\n");
    slurm.place.write("clusters.kdl", clusters);
    slurm.run(&["run", "x.kdl", "--on", "uni"]).ends_with(0);
    slurm
}

/// The first task of the array of a kind, as Slurm begins it under the number of a job, the first
/// time or again.
fn command(slurm: &Controlled, kind: &str, (job, restarts): (u32, u32)) -> Command {
    let (array, _) = slurm.arrays(kind).remove(0);
    let mut command = slurm.command(&["work", &array, "0"]);
    command.env("SLURM_JOB_ID", "99").env("SLURM_ARRAY_JOB_ID", job.to_string());
    command.env("SLURM_ARRAY_TASK_ID", "0").env("SLURM_RESTART_COUNT", restarts.to_string());
    slurm.calls();
    command
}

fn work(slurm: &Controlled, kind: &str, times: (u32, u32)) -> Ran {
    Ran::of(command(slurm, kind, times).output().unwrap())
}

#[test]
fn what_may_pass_queues_a_job_again_as_often_as_is_said() {
    let slurm = submitted();
    // A file where a folder should be is none of the failures that are known to last.
    let objects = slurm.place.path("store/objects");
    std::fs::remove_dir_all(&objects).unwrap();
    slurm.place.write("store/objects", "");
    for restarts in 0..RETRIES {
        let ran = work(&slurm, "faces", (7, restarts)).ends_with(20);
        ran.says("store/objects").says("this may pass: the job is queued again");
        assert_eq!(slurm.calls(), ["scontrol requeue 7_0"]);
    }
    let last = work(&slurm, "faces", (7, RETRIES)).ends_with(20).says("store/objects");
    assert!(!last.stderr.contains("queued again"), "{}", last.stderr);
    assert_eq!(slurm.calls(), [""; 0]);
    // Slurm may begin it again by itself, but that does not go on for ever.
    work(&slurm, "faces", (7, RETRIES + 1)).ends_with(20).says("`retries` of the cluster is 2");
    assert_eq!(slurm.calls(), [""; 0]);
    // It is submitted again when it has passed: another job.
    std::fs::remove_file(objects).unwrap();
    work(&slurm, "faces", (8, 0)).ends_with(0);
}

#[test]
fn what_does_not_pass_ends_a_job() {
    let slurm = submitted();
    let ran = work(&slurm, "train", (7, 0)).ends_with(11).says("it needs faces seen");
    assert!(!ran.stderr.contains("queued again"), "{}", ran.stderr);
    assert_eq!(slurm.calls(), [""; 0]);
    // Neither does a file system pass that lets no file grow.
    for kind in ["faces", "sample"] {
        work(&slurm, kind, (7, 0)).ends_with(0);
    }
    let ran = limited(&command(&slurm, "train", (7, 1)), 64).ends_with(20).says("File too large");
    assert!(!ran.stderr.contains("queued again"), "{}", ran.stderr);
    assert_eq!(slurm.calls(), [""; 0]);
}
