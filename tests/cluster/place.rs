//! Small experiments on a cluster, and the same on this machine to compare with.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::OnceLock;

use crate::slurm::{Shape, Slurm, text};

/// What every cluster file of these tests says.
const CLUSTERS: &str = r#"
cluster test {
    slurm { partition main }
    job cpus=1 memory=(MiB)700 time=(minute)10
    job faces shares=2
    warn (minute)1
}
"#;

/// Two tiny demo sets, two experiments, one table.
pub const TINY: &str = include_str!("../cli/tiny.kdl");

/// The same with trainings that take some seconds, so that they can be interrupted.
pub fn long() -> String {
    TINY.replace("epochs 2\n", "epochs 1200\n")
}

/// A cluster with an experiment file in its home.
pub struct Place {
    pub slurm: Slurm,
}

impl Place {
    pub fn new(experiment: &str) -> Self {
        Self::with(experiment, &Shape::default())
    }

    pub fn with(experiment: &str, shape: &Shape) -> Self {
        let place = Self { slurm: Slurm::start(shape) };
        place.write("x.kdl", experiment);
        place.write("clusters.kdl", CLUSTERS);
        place
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.slurm.home().join(name)
    }

    /// Writes a file that the user of the cluster can read.
    pub fn write(&self, name: &str, content: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    /// The program on the login node.
    pub fn proofmark(&self, args: &[&str]) -> Output {
        let mut command = self.slurm.command(self.slurm.path("bin/proofmark"));
        let clusters = self.path("clusters.kdl");
        command.env("PROOFMARK_CLUSTERS", clusters).env("PROOFMARK_STORE", self.path("store"));
        command.args(args).output().unwrap()
    }

    /// Submits the experiment, which has to succeed.
    pub fn submit(&self) -> String {
        let out = self.proofmark(&["run", "x.kdl", "--on", "test"]);
        assert!(out.status.success(), "{}\n{}", text(&out), self.slurm.logs());
        text(&out)
    }

    /// `status` as JSON, and its exit code.
    pub fn status(&self) -> (serde_json::Value, i32) {
        let out = self.proofmark(&["status", "x.kdl", "--format", "json"]);
        let status = serde_json::from_slice(&out.stdout);
        let status = status.unwrap_or_else(|e| panic!("{e}: {}", text(&out)));
        (status, out.status.code().unwrap())
    }

    /// Waits until nothing happens any more.
    pub fn wait(&self) -> (serde_json::Value, i32) {
        self.slurm.until("all has ended", |_| {
            let (status, _) = self.status();
            let stages = status["stages"].as_array().unwrap();
            stages
                .iter()
                .all(|stage| !matches!(stage["state"].as_str(), Some("running" | "waiting")))
        });
        self.status()
    }

    /// Waits until all is done.
    pub fn done(&self) {
        let (status, exit) = self.wait();
        assert_eq!(exit, 0, "{status:#}\n{}", self.slurm.logs());
        let stages = status["stages"].as_array().unwrap();
        assert!(stages.iter().all(|stage| stage["state"] == "done"), "{status:#}");
    }

    /// The results of its store.
    pub fn results(&self) -> Results {
        Results::of(&self.path("store"), &self.path("reports"))
    }

    /// How many jobs the controller knows.
    pub fn jobs(&self) -> usize {
        self.slurm.submitted().len()
    }
}

/// What has to be the same wherever it was made: models, their logs, scores and tables.
#[derive(Debug, PartialEq, Eq)]
pub struct Results(BTreeMap<String, String>);

impl Results {
    pub fn of(store: &Path, reports: &Path) -> Self {
        let mut files = BTreeMap::new();
        let of_store: &[&str] = &["model.safetensors", "predictions.parquet"];
        let of_reports: &[&str] = &["csv", "json", "md", "tex"];
        for (root, ends) in [(store.join("objects"), of_store), (reports.to_owned(), of_reports)] {
            let mut folders = vec![root.clone()];
            while let Some(folder) = folders.pop() {
                for entry in fs::read_dir(folder).unwrap().flatten() {
                    let path = entry.path();
                    let name = entry.file_name().to_string_lossy().into_owned();
                    if path.is_dir() {
                        folders.push(path);
                    } else if ends.iter().any(|end| name.ends_with(end)) {
                        let digest = blake3::hash(&fs::read(&path).unwrap()).to_hex().to_string();
                        let path = path.strip_prefix(&root).unwrap().display().to_string();
                        files.insert(path, digest);
                    }
                }
            }
        }
        assert!(files.len() > 4, "{files:?}");
        Self(files)
    }
}

/// What a run on this machine makes of the long experiment.
pub fn local() -> &'static Results {
    static LOCAL: OnceLock<Results> = OnceLock::new();
    LOCAL.get_or_init(|| local_of(&long()))
}

/// What a run on this machine makes of an experiment.
pub fn local_of(experiment: &str) -> Results {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("x.kdl");
    fs::write(&file, experiment).unwrap();
    local_of_file(&file)
}

/// What a run on this machine makes of an experiment file, or has made of it: the variable
/// `PROOFMARK_TEST_RUN` names the folder of its store and its reports.
pub fn local_of_file(file: &Path) -> Results {
    // Where it has just been run, as in CI, once is enough.
    if let Some(made) = std::env::var_os("PROOFMARK_TEST_RUN") {
        let made = Path::new(&made);
        return Results::of(&made.join("store"), &made.join("reports"));
    }
    let dir = tempfile::tempdir().unwrap();
    let mut command = std::process::Command::new(assert_cmd::cargo::cargo_bin!("proofmark"));
    command.current_dir(dir.path()).args(["--quiet", "run"]).arg(file).args(["--store", "store"]);
    let out = command.output().unwrap();
    assert!(out.status.success(), "{}", text(&out));
    Results::of(&dir.path().join("store"), &dir.path().join("reports"))
}
