//! A small experiment and how to run it.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A folder with an experiment and a store of its own.
pub struct Place {
    pub dir: tempfile::TempDir,
}

/// Two tiny demo sets, two experiments, one table: about a second.
pub const TINY: &str = include_str!("tiny.kdl");

impl Place {
    pub fn new() -> Self {
        Self::with(TINY)
    }

    pub fn with(experiment: &str) -> Self {
        let place = Self { dir: tempfile::tempdir().unwrap() };
        place.write("x.kdl", experiment);
        place
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    /// The program, in this folder, with a store of its own.
    pub fn command(&self) -> Command {
        let mut command = Command::new(assert_cmd::cargo::cargo_bin!("proofmark"));
        command.current_dir(self.dir.path());
        for name in ["PROOFMARK_DEVICE", "RAYON_NUM_THREADS"] {
            command.env_remove(name);
        }
        // What leads to hubs, and to proxies on the way there.
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy().to_ascii_uppercase();
            if text.starts_with("HF_") || text.starts_with("HUGGING") || text.ends_with("_PROXY") {
                command.env_remove(&name);
            }
        }
        command.env("PROOFMARK_STORE", self.path("store")).env("NO_COLOR", "1");
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Ran {
        Ran::of(self.command().args(arguments).output().unwrap())
    }

    /// Bytes of every trained model in the store, sorted.
    pub fn models(&self) -> Vec<Vec<u8>> {
        let mut models: Vec<Vec<u8>> = folders(&self.path("store/objects/train"))
            .iter()
            .map(|folder| std::fs::read(folder.join("model.safetensors")).unwrap())
            .collect();
        models.sort();
        models
    }

    /// The journal of every trained model, sorted, without the values of the clock.
    pub fn journals(&self) -> Vec<Vec<serde_json::Value>> {
        let timeless = |line: &str| {
            let mut record: serde_json::Value = serde_json::from_str(line).unwrap();
            let fields = record.as_object_mut().unwrap();
            for key in ["time", "images_per_second"] {
                assert!(fields.remove(key).unwrap().is_f64(), "{line}");
            }
            fields.remove("loader_share");
            record
        };
        let mut journals: Vec<Vec<serde_json::Value>> = folders(&self.path("store/objects/train"))
            .iter()
            .map(|folder| std::fs::read_to_string(folder.join("journal.jsonl")).unwrap())
            .map(|text| text.lines().map(timeless).collect())
            .collect();
        journals.sort_by_key(|journal| format!("{journal:?}"));
        journals
    }
}

pub fn folders(path: &Path) -> Vec<PathBuf> {
    std::fs::read_dir(path).map_or(Vec::new(), |d| d.map(|e| e.unwrap().path()).collect())
}

/// The files of a pack, with the first one's name.
pub fn unpacked(path: &Path) -> (String, BTreeMap<String, Vec<u8>>) {
    let archive = zstd::decode_all(std::fs::File::open(path).unwrap()).unwrap();
    let mut archive = tar::Archive::new(archive.as_slice());
    let (mut first, mut files) = (String::new(), BTreeMap::new());
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let name = entry.path().unwrap().display().to_string();
        let mut content = Vec::new();
        entry.read_to_end(&mut content).unwrap();
        if first.is_empty() {
            first = name.clone();
        }
        files.insert(name, content);
    }
    (first, files)
}

/// Sends a signal, such as `-INT`.
pub fn signal(child: &std::process::Child, name: &str) {
    let id = child.id().to_string();
    let sent = Command::new("kill").args([name, &id]).status().unwrap();
    assert!(sent.success());
}

/// What a process did.
#[derive(Debug)]
pub struct Ran {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Ran {
    pub fn of(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    #[track_caller]
    pub fn ends_with(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{}\n{}", self.stdout, self.stderr);
        assert!(!self.stderr.contains("panicked"), "{}", self.stderr);
        self
    }

    #[track_caller]
    pub fn says(self, text: &str) -> Self {
        assert!(self.stderr.contains(text), "`{text}` is not in:\n{}", self.stderr);
        self
    }
}
