//! A controller of Slurm's that runs nothing: it takes what is submitted, lists it until a test says
//! otherwise, the first task of each array, and writes down how it is called.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;

use crate::support::{Place, Ran, folders};

/// What each of the programs begins with.
const HEAD: &str = "#!/bin/sh\nPATH=/usr/bin:/bin\ncd \"$(dirname \"$0\")\" || exit 1\n\
                    echo \"$(basename \"$0\") $*\" >> calls\n";
/// What each does.
const PROGRAMS: [(&str, &str); 4] = [
    (
        "sbatch",
        "name=$(sed -n 's/^#SBATCH --job-name=//p')\n[ \"$1\" = --parsable ] || exit 0\n\
         echo \"$name|$(wc -l < queue)|0|PENDING|None|\" >> queue\nwc -l < queue\n",
    ),
    ("squeue", "cat queue\n"),
    // A job that is queued again is ended at once.
    ("scontrol", "[ \"$1\" != requeue ] || kill -TERM $PPID\necho 'MaxArraySize = 1001'\n"),
    ("sinfo", ""),
];

/// A place with a cluster `uni` that has such a controller.
pub struct Controlled {
    pub place: Place,
}

impl Controlled {
    pub fn of(place: Place) -> Self {
        place.write("clusters.kdl", "cluster uni { slurm }\n");
        place.write("bin/queue", "");
        place.write("bin/calls", "");
        for (name, does) in PROGRAMS {
            place.write(&format!("bin/{name}"), HEAD.to_owned() + does);
            let mode = fs::Permissions::from_mode(0o755);
            fs::set_permissions(place.path(&format!("bin/{name}")), mode).unwrap();
        }
        Self { place }
    }

    /// The program where no other Slurm is found.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.place.command();
        command.env("PATH", self.place.path("bin"));
        command.env("PROOFMARK_CLUSTERS", self.place.path("clusters.kdl"));
        command.args(arguments);
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Ran {
        Ran::of(self.command(arguments).output().unwrap())
    }

    /// How its programs were called since the last time.
    pub fn calls(&self) -> Vec<String> {
        let calls = fs::read_to_string(self.place.path("bin/calls")).unwrap();
        self.place.write("bin/calls", "");
        calls.lines().map(str::to_owned).collect()
    }

    /// The arrays that were submitted of a kind, and how many tasks each has.
    pub fn arrays(&self, kind: &str) -> Vec<(String, usize)> {
        let read = |path: PathBuf| -> serde_json::Value {
            serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
        };
        let records = folders(&self.place.path("store/jobs")).into_iter().map(read);
        let named = records.map(|record| {
            let tasks = record["tasks"].as_object().unwrap().len();
            (record["name"].as_str().unwrap().to_owned(), tasks)
        });
        named.filter(|(name, _)| name.starts_with(&format!("proofmark-{kind}-"))).collect()
    }

    /// Everything has ended, and is forgotten.
    pub fn forget(&self) {
        self.place.write("bin/queue", "");
    }
}
