//! A folder with an experiment and a store, and the program in it, begun once or several times.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Time that anything may take on a slow machine.
const PATIENCE: Duration = Duration::from_secs(240);

/// Machines that test have two cores: one group of processes at a time.
static TURN: Mutex<()> = Mutex::new(());

/// A folder with an experiment.
pub struct Place {
    dir: tempfile::TempDir,
}

/// A group that runs.
pub struct Running<'a> {
    place: &'a Place,
    child: Child,
    _turn: MutexGuard<'static, ()>,
}

/// What came of it.
pub struct Ran {
    pub code: Option<i32>,
    pub stderr: String,
}

impl Place {
    pub fn new(experiment: &str) -> Self {
        let place = Self { dir: tempfile::tempdir().unwrap() };
        fs::write(place.path("x.kdl"), experiment).unwrap();
        place
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.dir.path()).env_remove("PROOFMARK_DEVICE");
        command.env("PROOFMARK_STORE", self.path("store")).env("NO_COLOR", "1");
        // Several processes share the cores.
        command.env("RAYON_NUM_THREADS", "1").stdin(Stdio::null());
        command.env("OMPI_ALLOW_RUN_AS_ROOT", "1").env("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1");
        // Containers often forbid a process to read another one's memory.
        command.env("OMPI_MCA_btl_vader_single_copy_mechanism", "none");
        command.stdout(Stdio::null()).stderr(Stdio::piped());
        command
    }

    /// One process.
    pub fn alone(&self, args: &[&str]) -> Ran {
        let out = self.command(program()).args(args).output().unwrap();
        let stderr = String::from_utf8(out.stderr).unwrap();
        Ran { code: out.status.code(), stderr }
    }

    /// So many processes.
    pub fn mpirun(&self, size: usize, args: &[&str]) -> Running<'_> {
        let program = program().display().to_string();
        self.begin(&[&["-n", &size.to_string(), &program], args].concat())
    }

    /// Two processes with arguments of their own.
    pub fn beside(&self, first: &[&str], second: &[&str]) -> Running<'_> {
        let program = program().display().to_string();
        let one = ["-n", "1", &program];
        self.begin(&[&one, first, &[":"], &one, second].concat())
    }

    fn begin(&self, args: &[&str]) -> Running<'_> {
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        let mut command = self.command("mpirun");
        command.args(["--oversubscribe", "--bind-to", "none"]).args(args);
        let child = command.spawn().unwrap_or_else(|error| {
            panic!("mpirun: {error}; `apt install openmpi-bin` installs it")
        });
        Running { place: self, child, _turn: turn }
    }

    /// Waits until trainings have made so many steps since they were begun.
    pub fn until_steps(&self, steps: usize) {
        let journals = || {
            let drafts = folders(&self.path("store/work")).into_iter();
            drafts.filter_map(|draft| fs::read_to_string(draft.join("journal.jsonl")).ok())
        };
        let count = || journals().map(|text| text.matches("\"step\"").count()).sum::<usize>();
        until("steps are made", || count() >= steps);
    }

    /// Waits until no process of its groups is left.
    pub fn until_gone(&self) {
        until("all processes have ended", || self.processes().is_empty());
    }

    /// The processes of this place, by their rank.
    pub fn processes(&self) -> Vec<(usize, u32)> {
        let ours = format!("PROOFMARK_STORE={}", self.path("store").display());
        let entries = fs::read_dir("/proc").unwrap().flatten();
        let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
        let rank = |pid: u32| {
            let bytes = fs::read(format!("/proc/{pid}/environ")).ok()?;
            let entries = bytes.split(|byte| *byte == 0).map(String::from_utf8_lossy);
            let entries: Vec<String> = entries.map(|entry| entry.into_owned()).collect();
            let rank = entries.iter().find_map(|e| e.strip_prefix("OMPI_COMM_WORLD_RANK="))?;
            entries.contains(&ours).then(|| (rank.parse().unwrap(), pid))
        };
        pids.filter_map(rank).collect()
    }

    /// Models, logs, and journals without the values of the clock, by their paths in the store.
    pub fn made(&self) -> BTreeMap<String, Vec<u8>> {
        let mut made = BTreeMap::new();
        for folder in folders(&self.path("store/objects/train")) {
            let key = folder.file_name().unwrap().to_string_lossy().into_owned();
            for name in ["model.safetensors", "log.json"] {
                made.insert(format!("{key}/{name}"), fs::read(folder.join(name)).unwrap());
            }
            let journal = fs::read_to_string(folder.join("journal.jsonl")).unwrap();
            let lines: Vec<String> = journal.lines().map(timeless).collect();
            made.insert(format!("{key}/journal"), lines.join("\n").into_bytes());
        }
        made
    }

    /// What unfinished trainings go on from, by their paths in the store.
    pub fn states(&self) -> BTreeMap<String, Vec<u8>> {
        let folders = folders(&self.path("store/work")).into_iter();
        let states = folders.map(|folder| folder.join("state.safetensors"));
        let read = |path: PathBuf| Some((path.display().to_string(), fs::read(&path).ok()?));
        let states = states.filter_map(read);
        let own = self.dir.path().display().to_string();
        states.map(|(path, bytes)| (path.replace(&own, ""), bytes)).collect()
    }
}

impl Running<'_> {
    /// Sends a signal to one of the processes.
    pub fn signal(&self, rank: usize, name: &str) {
        let processes = self.place.processes();
        let (_, pid) = processes.iter().find(|(other, _)| *other == rank).unwrap();
        let sent = Command::new("kill").args([&format!("-{name}"), &pid.to_string()]).status();
        assert!(sent.unwrap().success());
    }

    /// Waits for its end.
    pub fn wait(self) -> Ran {
        let out = self.child.wait_with_output().unwrap();
        let stderr = String::from_utf8(out.stderr).unwrap();
        Ran { code: out.status.code(), stderr }
    }
}

fn program() -> &'static Path {
    Path::new(assert_cmd::cargo::cargo_bin!("proofmark"))
}

fn folders(path: &Path) -> Vec<PathBuf> {
    fs::read_dir(path).map_or(Vec::new(), |d| d.flatten().map(|entry| entry.path()).collect())
}

/// A line of a journal without what the clock says.
fn timeless(line: &str) -> String {
    let mut record: serde_json::Value = serde_json::from_str(line).unwrap();
    let fields = record.as_object_mut().unwrap();
    for key in ["time", "images_per_second", "loader_share"] {
        fields.remove(key);
    }
    record.to_string()
}

fn until(what: &str, happens: impl Fn() -> bool) {
    let begun = Instant::now();
    while !happens() {
        assert!(begun.elapsed() < PATIENCE, "not after {PATIENCE:?}: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}
