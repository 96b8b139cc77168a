//! What is submitted, and that nothing is submitted twice.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::place::{Place, TINY, local_of};
use crate::slurm::{Shape, text};

#[test]
fn a_table_is_that_of_this_machine_and_is_submitted_once() {
    let place = Place::new(TINY);
    let first = place.submit();
    let jobs = place.jobs();
    let again = place.submit();
    assert!(again.contains("0 tasks submitted"), "{first}\n{again}");
    assert_eq!(place.jobs(), jobs);
    place.done();
    assert_eq!(place.results(), local_of(TINY));
    let again = place.submit();
    assert!(again.contains("0 tasks submitted"), "{again}");
    assert_eq!(place.jobs(), jobs);

    // What depends on a result that is gone is there all the same: only it is made again.
    let folder = fs::read_dir(place.path("store/objects/train")).unwrap().next().unwrap().unwrap();
    let key = folder.file_name();
    fs::remove_dir_all(folder.path()).unwrap();
    let (status, exit) = place.status();
    assert_eq!(exit, 21, "{status:#}");
    assert!(status.to_string().contains("its result was removed"), "{status:#}");
    place.submit();
    place.done();
    assert!(place.path("store/objects/train").join(key).join("model.safetensors").is_file());
    // One training, and the tables.
    assert_eq!(place.jobs(), jobs + 2);
    assert_eq!(place.results(), local_of(TINY));

    // Without the scores that were made of it, those are made again, too.
    fs::remove_dir_all(place.path("store/objects/predict")).unwrap();
    fs::remove_dir_all(place.path("store/objects/train")).unwrap();
    let again = place.submit();
    assert!(again.contains("3 in the store"), "{again}");
    place.done();
    assert_eq!(place.results(), local_of(TINY));
    place.slurm.end();
}

#[test]
fn a_submission_whose_answer_is_lost_is_not_repeated() {
    let place = Place::new(TINY);
    let slow = place.slurm.path("bin/sbatch");
    let script = "#!/bin/sh\n\
        case \"$*\" in *--test-only*) exec /usr/bin/sbatch \"$@\";; esac\n\
        /usr/bin/sbatch \"$@\" > /dev/null\n\
        echo 'sbatch: error: Batch job submission failed: Socket timed out on send/recv operation' >&2\n\
        exit 1\n";
    fs::write(&slow, script).unwrap();
    fs::set_permissions(&slow, fs::Permissions::from_mode(0o755)).unwrap();
    place.submit();
    // Two sets in shares and put together, the sample, the models, their scores on two sets, the tables.
    assert_eq!(place.jobs(), 9, "{:#?}", place.slurm.queue());
    place.done();
    assert_eq!(place.results(), local_of(TINY));
    place.slurm.end();
}

#[test]
fn what_no_node_could_run_is_named_before_anything_is_submitted() {
    let place = Place::new(TINY);
    let clusters =
        "cluster test { slurm { partition main }; job cpus=1 memory=(MiB)700; job train cpus=64 }";
    place.write("clusters.kdl", clusters);
    let out = place.proofmark(&["run", "x.kdl", "--on", "test"]);
    assert_eq!(out.status.code(), Some(20));
    let said = text(&out);
    assert!(said.contains("no node of the cluster can run") && said.contains("train ba"), "{said}");
    assert_eq!(place.jobs(), 0);
    place.slurm.end();
}

#[test]
fn cards_are_asked_for_by_their_model() {
    let place = Place::with(TINY, &Shape { gpus: 2, ..Shape::default() });
    let clusters = |gpu: &str| {
        format!(
            "cluster test {{ slurm; job cpus=1 memory=(MiB)700; job train gpus=1 gpu={gpu}; \
             job train experiment=ba gpus=2; warn (minute)1 }}"
        )
    };
    place.write("clusters.kdl", &clusters("a100"));
    let out = place.proofmark(&["run", "x.kdl", "--on", "test"]);
    assert_eq!(out.status.code(), Some(20), "{}", text(&out));
    place.write("clusters.kdl", &clusters("h100"));
    place.submit();
    let out = place.slurm.command("squeue").args(["-h", "-r", "-t", "all", "-o", "%j %b"]).output();
    let out = text(&out.unwrap());
    let mut cards: Vec<&str> = out
        .lines()
        .filter(|line| line.starts_with("proofmark-train"))
        .filter_map(|line| line.rsplit(' ').next())
        .collect();
    cards.sort_unstable();
    assert_eq!(cards, ["gres:gpu:h100:1", "gres:gpu:h100:2"], "{out}");
    place.done();
    assert_eq!(place.results(), local_of(TINY));
    place.slurm.end();
}

/// 1,500 trainings in variants: arrays of at most 1,000, all in the queue, and out of it again.
#[test]
fn fifteen_hundred_stages_are_split_at_the_limit() {
    let axes = |from: u32, count: u32, step: f64| {
        let values = (from..from + count).map(|n| format!("{}", f64::from(n) * step));
        values.collect::<Vec<_>>().join(" ")
    };
    let matrix = format!(
        "matrix {{ axis loss.triplet.margin {}; axis loss.triplet.weight {} }}; choose lowest=val.loss",
        axes(1, 30, 0.05),
        axes(1, 25, 0.1)
    );
    let wide = TINY
        .replace("experiment ba extends=base {", &format!("experiment ba extends=base {{ {matrix}; "))
        .replace(
            "table tiny {",
            &format!("experiment hp extends=base {{ {matrix}; loss {{ cross-entropy; triplet hard-positive-hard-negative margin=0.3 weight=0.5 }} }}\ntable tiny {{ row hp"),
        );
    let place = Place::new(&wide);
    // Another job has all nodes, so that everything stays in the queue.
    place.slurm.take_all_nodes("sleep 600");
    place.submit();
    let tasks = place.slurm.queue();
    let trains: Vec<&String> =
        tasks.iter().filter(|line| line.starts_with("proofmark-train")).collect();
    let jobs: std::collections::BTreeSet<&str> =
        trains.iter().map(|line| line.split([' ', '_']).nth(1).unwrap()).collect();
    // 1,500 variants, the row without, and what chooses of each.
    assert_eq!(trains.len(), 1503, "{:?}", jobs);
    for job in &jobs {
        assert!(
            trains.iter().filter(|line| line.split([' ', '_']).nth(1) == Some(job)).count() <= 1000
        );
    }
    let out = place.proofmark(&["cancel", "x.kdl"]);
    assert!(out.status.success(), "{}", text(&out));
    place.slurm.until("the queue is empty", |slurm| {
        let ours = |line: &&String| line.starts_with("proofmark-");
        slurm.queue().iter().filter(ours).all(|line| line.contains(" CANCELLED "))
    });
    place.slurm.end();
}

/// Many clusters have no accounting. The program finds a `sacct` that tells whenever it is asked, and
/// the source does not know it.
#[test]
fn accounting_is_never_asked() {
    let place = Place::new(TINY);
    let (asked, program) = (place.path("asked"), place.slurm.path("bin/sacct"));
    fs::write(&program, format!("#!/bin/sh\necho \"$@\" >> {}\nexit 1\n", asked.display()))
        .unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    place.submit();
    place.done();
    for verb in [&["status", "x.kdl"][..], &["logs", "x.kdl"], &["cancel", "x.kdl"]] {
        let out = place.proofmark(verb);
        assert!(out.status.success(), "{verb:?}: {}", text(&out));
    }
    assert!(!asked.exists(), "{:?}", fs::read_to_string(&asked));
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    let mut files = 0;
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files += 1;
                assert!(
                    !fs::read_to_string(&path).unwrap().contains("sacct"),
                    "{}",
                    path.display()
                );
            }
        }
    }
    assert!(files > 100);
    place.slurm.end();
}
