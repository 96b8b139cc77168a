//! Trainings by several processes under srun.

use crate::place::{Place, TINY, local_of};
use crate::slurm::text;
use crate::survival::{training, tries};

/// Each batch in four parts, and long enough to be interrupted.
fn divided() -> String {
    let text = TINY.replace("batch 8\n", "batch 8 micro=2\n");
    assert_ne!(text, TINY);
    text.replace("epochs 2\n", "epochs 400\n")
}

/// On a cluster that begins so many processes for each training.
fn place(ranks: u32) -> Place {
    let place = Place::new(&divided());
    let clusters = std::fs::read_to_string(place.path("clusters.kdl")).unwrap();
    let of_training = format!("    job train ranks={ranks} memory=(MiB)500\n    warn");
    let clusters = clusters.replacen("    warn", &of_training, 1);
    // Containers often forbid a process to read another one's memory.
    let setup = "partition main; setup \"export OMPI_MCA_btl_vader_single_copy_mechanism=none\"";
    place.write("clusters.kdl", &clusters.replacen("partition main", setup, 1));
    place
}

/// Warned in its middle, it saves; killed in its middle, it is begun again; and the bytes are those of one
/// process.
#[test]
fn several_processes_are_warned_and_killed_and_make_the_same_bytes() {
    let place = place(2);
    place.submit();
    let (task, _) = training(&place);
    place.slurm.slurm("scancel", &["-s", "USR2", &task]);
    place.slurm.until("the warned task was begun again", |_| tries(&place, "train-", &task) >= 2);
    for (rank, begun) in [(1, 3), (0, 4)] {
        place.slurm.until("it has begun", |slurm| slurm.rank_of(&task, rank).is_some());
        let both = [0, 1].map(|rank| place.slurm.rank_of(&task, rank));
        let killed = std::time::Instant::now();
        place.slurm.kill_process(both[rank].unwrap());
        place.slurm.until("both of its processes have ended", |slurm| {
            let now = [0, 1].map(|rank| slurm.rank_of(&task, rank));
            both.iter().zip(now).all(|(old, now)| now.is_none() || *old != now)
        });
        assert!(killed.elapsed().as_secs() < 30, "{:?}", killed.elapsed());
        place
            .slurm
            .until("the killed task was begun again", |_| tries(&place, "train-", &task) >= begun);
    }
    place.done();
    assert_eq!(place.results(), local_of(&divided()));
    place.slurm.end();
}

#[test]
fn more_processes_than_parts_are_refused_before_anything_is_submitted() {
    let place = place(5);
    let out = place.proofmark(&["run", "x.kdl", "--on", "test"]);
    assert_eq!(out.status.code(), Some(20), "{}", text(&out));
    assert!(text(&out).contains("declare `batch 8 micro=1`"), "{}", text(&out));
    assert_eq!(place.jobs(), 0);
    place.slurm.end();
}
