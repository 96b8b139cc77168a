//! `--on` without a cluster at hand: what a clusters file says, devices of this machine, scripts.

use crate::controller::Controlled;
use crate::support::{Place, TINY};

/// Two devices, and a cluster whose controller is not here.
const CLUSTERS: &str = "cluster box { local { device cpu; device cpu } }
cluster uni {
    slurm { account \"p-1\"; partition cpu; option \"--nice=3\"; setup \"module load cuda/13\"; program \"/opt/proofmark\" }
    job cpus=4 memory=(GiB)16 time=(hour)4
    job faces shares=3
    job train gpus=1 gpu=h100 time=(day)1 partition=gpu
    job experiment=ba memory=(GiB)96
    warn (minute)10
    limits at-a-time=5
}
";

fn place() -> Place {
    let place = Place::new();
    place.write("clusters.kdl", CLUSTERS);
    place
}

#[test]
fn several_devices_of_this_machine_make_the_same_models() {
    let alone = Place::new();
    alone.run(&["train", "x.kdl", "--jobs", "1"]).ends_with(0);
    let place = place();
    place.run(&["run", "x.kdl", "--on", "box", "--clusters", "clusters.kdl"]).ends_with(0);
    assert!(place.models() == alone.models());
    let beside = ["run", "x.kdl", "--on", "box", "--clusters", "clusters.kdl"];
    place.run(&[&beside[..], &["--dry-run"]].concat()).ends_with(20).says("no batch scripts");
}

#[test]
fn a_cluster_that_is_not_declared_is_told_with_those_that_are() {
    let place = place();
    let on = |name: &str, clusters: &[&str]| {
        place.run(&[&["run", "x.kdl", "--on", name], clusters].concat())
    };
    let named = ["--clusters", "clusters.kdl"];
    on("unni", &named).ends_with(11).says("declares `box`, `uni`; did you mean `uni`?");
    let mut command = place.command();
    command.env_remove("PROOFMARK_CLUSTERS").env("XDG_CONFIG_HOME", place.path("none"));
    let out = command.args(["run", "x.kdl", "--on", "uni"]).output().unwrap();
    let said = String::from_utf8_lossy(&out.stderr).into_owned();
    assert_eq!(out.status.code(), Some(11), "{said}");
    assert!(
        said.contains("there is no cluster `uni`") && said.contains("none/proofmark/clusters.kdl"),
        "{said}"
    );
    place.write("clusters.kdl", CLUSTERS.replace("cpus=4", "cpus=0"));
    on("uni", &named).ends_with(10).says("`cpus` is out of range");
    // Nothing was begun.
    assert!(!place.path("store/objects").exists());
}

#[test]
fn scripts_are_shown_without_a_controller() {
    let place = Place::with(TINY);
    place.write("clusters.kdl", CLUSTERS);
    let arguments = ["run", "x.kdl", "--on", "uni", "--clusters", "clusters.kdl", "--dry-run"];
    let scripts = place.run(&arguments).ends_with(0).stdout;
    let folder = place.dir.path().canonicalize().unwrap().display().to_string();
    insta::with_settings!({filters => vec![
        (r"proofmark-([a-z]+)-[0-9a-f]{10}", "proofmark-$1-[NAME]"),
        (r"runs/[0-9a-f]{16}", "runs/[RUN]"),
    ]}, {
        insta::assert_snapshot!("scripts_of_a_dry_run", scripts.replace(&folder, "[HERE]"));
    });
}

/// Processes that do not know of each other would wait for one another in an allocation that is paid for.
/// As built for these tests.
#[cfg(not(feature = "mpi"))]
#[test]
fn several_processes_are_refused_by_a_build_without_mpi() {
    let place = place();
    let own = CLUSTERS.replace("; program \"/opt/proofmark\"", "");
    place.write("clusters.kdl", own.replace("gpus=1 gpu=h100", "ranks=2"));
    let run = ["run", "x.kdl", "--on", "uni", "--clusters", "clusters.kdl", "--dry-run"];
    place.run(&run).ends_with(20).says("ranks=2").says("built without `--features mpi`");
    // Each would train by itself what they are to train together.
    let mut command = place.command();
    command.env("OMPI_COMM_WORLD_RANK", "1").env("OMPI_COMM_WORLD_SIZE", "2");
    let ran = crate::support::Ran::of(command.args(["train", "x.kdl"]).output().unwrap());
    ran.ends_with(20).says("mpirun began 2 processes").says("`--features mpi`");
    assert!(!place.path("store/objects/train").exists());
}

#[test]
fn embeddings_are_made_by_a_cluster_and_written_by_the_same_command() {
    let slurm = Controlled::of(Place::new());
    let place = &slurm.place;
    let embeddings = ["embeddings", "x.kdl", "--experiment", "ba", "--on", "uni"];
    let dry = slurm.run(&[&embeddings[..], &["--dry-run"]].concat()).ends_with(0);
    let dry = dry.says("5 arrays would be submitted");
    let arrays: Vec<&str> = dry.stdout.lines().filter(|line| line.starts_with("# JOB")).collect();
    assert_eq!(
        arrays,
        [
            "# JOB1: faces: 2 tasks (0-1)",
            "# JOB2: sample: 1 task (0)",
            "# JOB3: train: 1 task (0)",
            "# JOB4: embed: 1 task (0)",
            "# JOB5: embed: 1 task (0)"
        ]
    );
    assert!(!place.path("store/runs").exists() && slurm.calls().is_empty());

    let ran = slurm.run(&embeddings).ends_with(0);
    ran.says("6 tasks submitted").says("when all is done, the same command writes the files");
    let status = slurm.run(&["status", "x.kdl", "--all"]).stdout;
    assert!(status.contains("embed ba on seen") && !status.contains("predict"), "{status}");
    for kind in ["faces", "sample", "train", "embed"] {
        for (array, tasks) in slurm.arrays(kind) {
            for number in 0..tasks {
                slurm.run(&["work", &array, &number.to_string()]).ends_with(0);
            }
        }
    }
    slurm.forget();
    let status = slurm.run(&["status", "x.kdl"]).ends_with(0).stdout;
    assert_eq!(status, "uni: 6 done\n");
    let ran = slurm.run(&embeddings).ends_with(0);
    ran.says("written: embeddings/ba-seen-test.parquet").says("ba-unseen-test.parquet");
    // Here the same are written, too, and nothing is made.
    let here = slurm.run(&[&embeddings[..4], &["--out", "here"]].concat()).ends_with(0);
    assert!(!here.stderr.contains("[1/"), "{}", here.stderr);
    let read = |name: &str| std::fs::read(place.path(name)).unwrap();
    assert_eq!(read("here/ba-seen-test.parquet"), read("embeddings/ba-seen-test.parquet"));
}

/// What comes after a part of a run is not told as missing.
#[test]
fn a_part_of_a_run_is_done_when_it_is_done() {
    let slurm = Controlled::of(Place::new());
    slurm.run(&["prepare", "x.kdl", "--on", "uni"]).ends_with(0).says("2 tasks submitted");
    for (array, tasks) in slurm.arrays("faces") {
        for number in 0..tasks {
            slurm.run(&["work", &array, &number.to_string()]).ends_with(0);
        }
    }
    slurm.forget();
    let status = slurm.run(&["status", "x.kdl"]).ends_with(0).stdout;
    assert_eq!(status, "uni: 2 done\n");
}

#[test]
fn embeddings_are_made_by_several_devices_of_this_machine() {
    let place = place();
    let clusters = ["--clusters", "clusters.kdl"];
    let embeddings = [&["embeddings", "x.kdl", "--on", "box"], &clusters[..]].concat();
    place.run(&[&embeddings[..], &["--dry-run"]].concat()).ends_with(20).says("no batch scripts");
    place.run(&[&embeddings[..], &["--device", "cpu"]].concat()).ends_with(20).says("--device");
    place.run(&embeddings).ends_with(0).says("written: embeddings/base-seen-test.parquet");
}
