//! The store itself: results are claimed, made and published, each whole or not at all.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::aside;
use super::clock::Clock;
use super::digests::Digests;
use super::failure::{Doing, FORMAT, StoreFailure};
use super::record::StageRecord;
use super::write::write_whole;

/// A store on disk.
#[derive(Debug)]
pub struct Store {
    pub(super) root: PathBuf,
    digests: Digests,
}

/// A result in the making. Dropping it keeps its folder for a later try.
#[derive(Debug)]
pub struct Draft {
    /// The folder to write into; it may hold the state of an interrupted run.
    pub folder: PathBuf,
    /// What was found in its place and set aside, in words.
    pub notes: Vec<String>,
    target: PathBuf,
    clock: Clock,
    _locks: Vec<File>,
}

/// What a process may do about a result.
#[derive(Debug)]
pub enum Claim {
    /// It exists.
    Done,
    /// This process is to make it.
    Make(Draft),
    /// Another process is making it.
    Busy,
}

impl Claim {
    fn of(draft: Option<Draft>) -> Self {
        draft.map_or(Self::Done, Self::Make)
    }
}

impl Store {
    /// Opens the store at `root`, creating it if there is none.
    pub fn open(root: &Path) -> Result<Self, StoreFailure> {
        for folder in ["objects", "work", "locks", "last"] {
            let path = root.join(folder);
            fs::create_dir_all(&path).doing("create", &path)?;
        }
        let description = root.join("store.json");
        match fs::read(&description) {
            Ok(text) => check_format(&description, &text)?,
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                write_whole(&description, format!("{{\"format\": {FORMAT}}}\n").as_bytes())?;
            }
            Err(e) => return Err(e).doing("read", &description),
        }
        let digests = Digests::load(root.join("digests.json"));
        Ok(Self { root: root.to_owned(), digests })
    }

    /// Its folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The folder of a finished result.
    pub fn find(&self, stage: &str, key: &str) -> Option<PathBuf> {
        let folder = self.root.join("objects").join(stage).join(key);
        folder.join("stage.json").is_file().then_some(folder)
    }

    /// Whether an interrupted run left something to go on from: a training state, or a journal
    /// of prepared videos.
    pub fn has_state(&self, stage: &str, key: &str) -> bool {
        let folder = self.root.join("work").join(format!("{stage}-{key}"));
        let left = |name: &str| match stage {
            "faces" => name.ends_with(".jsonl"),
            _ => name == "state.safetensors",
        };
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        entries.into_iter().any(|entry| entry.file_name().to_str().is_some_and(left))
    }

    /// What is to be done about a result.
    pub fn claim(&self, stage: &str, key: &str) -> Result<Claim, StoreFailure> {
        if let Some(folder) = self.find(stage, key) {
            tracing::info!(folder = %folder.display(), "is in the store");
            return Ok(Claim::Done);
        }
        let (path, lock) = self.lock_file(&format!("{stage}-{key}"))?;
        match lock.try_lock() {
            Ok(()) => self.draft(stage, key, None, vec![lock]).map(Claim::of),
            Err(TryLockError::WouldBlock) => {
                tracing::info!(lock = %path.display(), "another process has the lock");
                Ok(Claim::Busy)
            }
            Err(TryLockError::Error(e)) => Err(e).doing("lock", &path),
        }
    }

    /// Waits while another process makes a result. None if it is there then; else this process is
    /// to make it.
    pub fn wait(&self, stage: &str, key: &str) -> Result<Option<Draft>, StoreFailure> {
        let (path, lock) = self.lock_file(&format!("{stage}-{key}"))?;
        lock.lock().doing("lock", &path)?;
        tracing::info!(lock = %path.display(), "the other process has given up the lock");
        self.draft(stage, key, None, vec![lock])
    }

    /// What is to be done about a share of a result. Several processes make shares of one
    /// result at a time, each another one, and none while the whole is being made.
    pub fn claim_share(&self, stage: &str, key: &str, share: &str) -> Result<Claim, StoreFailure> {
        if self.find(stage, key).is_some() {
            return Ok(Claim::Done);
        }
        let (path, whole) = self.lock_file(&format!("{stage}-{key}"))?;
        let (own_path, own) = self.lock_file(&format!("{stage}-{key}-{share}"))?;
        for (path, locked) in [(path, whole.try_lock_shared()), (own_path, own.try_lock())] {
            match locked {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Ok(Claim::Busy),
                Err(TryLockError::Error(e)) => return Err(e).doing("lock", &path),
            }
        }
        self.draft(stage, key, Some(share), vec![whole, own]).map(Claim::of)
    }

    fn lock_file(&self, name: &str) -> Result<(PathBuf, File), StoreFailure> {
        let path = self.root.join("locks").join(name);
        let lock = File::options().create(true).append(true).open(&path).doing("create", &path)?;
        Ok((path, lock))
    }

    fn draft(
        &self,
        stage: &str,
        key: &str,
        share: Option<&str>,
        locks: Vec<File>,
    ) -> Result<Option<Draft>, StoreFailure> {
        // Another process may have finished it while we waited.
        if let Some(folder) = self.find(stage, key) {
            tracing::info!(folder = %folder.display(), "was put into the store meanwhile");
            return Ok(None);
        }
        let name = format!("{stage}-{key}");
        let folder = self.root.join("work").join(&name);
        let kind = self.root.join("objects").join(stage);
        let target = kind.join(key);
        let mut notes = Vec::new();
        // Found only after the work, these would be the end of it.
        let wrong = [&kind, &folder].into_iter().filter(|path| path.exists() && !path.is_dir());
        let wrong = wrong.chain([&target].into_iter().filter(|t| t.symlink_metadata().is_ok()));
        for path in wrong.cloned().collect::<Vec<_>>() {
            if let Some(aside) = aside::put_aside(&self.root, &path, &name)? {
                notes.push(format!(
                    "{} is no finished result: set aside as {}, and made again",
                    path.display(),
                    aside.display()
                ));
            }
        }
        tracing::info!(folder = %folder.display(), found = folder.is_dir(), "is made");
        fs::create_dir_all(&folder).doing("create", &folder)?;
        let clock = Clock::start(&folder, &share.map_or(String::new(), |s| format!("-{s}")))?;
        // Other shares may be writing.
        if share.is_none() {
            aside::clean(&folder, false)?;
        }
        Ok(Some(Draft { folder, notes, target, clock, _locks: locks }))
    }

    /// Inputs of the last result called `name` of a stage.
    pub fn last(&self, stage: &str, name: &str) -> Option<Value> {
        serde_json::from_slice(&fs::read(self.last_path(stage, name)).ok()?).ok()
    }

    /// Remembers the inputs of a result by its name.
    pub fn remember(&self, stage: &str, name: &str, inputs: &Value) -> Result<(), StoreFailure> {
        if self.last(stage, name).as_ref() == Some(inputs) {
            return Ok(());
        }
        write_whole(&self.last_path(stage, name), inputs.to_string().as_bytes())
    }

    fn last_path(&self, stage: &str, name: &str) -> PathBuf {
        // Names come from experiment files and may hold anything.
        let safe: String = name
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '_' })
            .take(80)
            .collect();
        let hash = blake3::hash(name.as_bytes()).to_hex();
        self.root.join("last").join(format!("{stage}-{safe}-{}.json", &hash[..8]))
    }

    /// Digest of a file's content; read only if its size or time changed.
    pub fn digest(&self, path: &Path) -> io::Result<String> {
        self.digests.whole(path)
    }

    /// Digest of a video's length and of its beginning, middle and end, which for a file of
    /// gigabytes costs no more than for a small one. The tables of a container's frames lie at
    /// its beginning or end, so that a video that was encoded anew has another.
    pub fn fingerprint(&self, path: &Path) -> io::Result<String> {
        self.digests.ends(path)
    }

    /// Writes newly computed digests down, so that the next run need not read the files.
    pub fn save_digests(&self) -> Result<(), StoreFailure> {
        self.digests.save()
    }
}

impl Draft {
    /// Seconds that it took so far, in all processes that worked on it.
    pub fn seconds(&self) -> f64 {
        self.clock.seconds()
    }

    /// Publishes the folder under its key, with the record beside the files. What killed writes
    /// left, and what was set aside, is not published.
    pub fn commit(self, record: &StageRecord) -> Result<PathBuf, StoreFailure> {
        aside::clean(&self.folder, true)?;
        record.write(&self.folder)?;
        for entry in fs::read_dir(&self.folder).doing("read", &self.folder)? {
            let path = entry.doing("read", &self.folder)?.path();
            File::open(&path).and_then(|f| f.sync_all()).doing("write", &path)?;
        }
        if let Some(parent) = self.target.parent() {
            fs::create_dir_all(parent).doing("create", parent)?;
        }
        fs::rename(&self.folder, &self.target).doing("create", &self.target)?;
        tracing::info!(folder = %self.target.display(), "is published");
        self.clock.finish();
        Ok(self.target)
    }

    /// Removes whatever an earlier, interrupted try left that cannot be resumed.
    pub fn clear(&self) -> Result<(), StoreFailure> {
        fs::remove_dir_all(&self.folder).doing("clear", &self.folder)?;
        fs::create_dir_all(&self.folder).doing("create", &self.folder)
    }
}

fn check_format(path: &Path, text: &[u8]) -> Result<(), StoreFailure> {
    let broken = |why: String| StoreFailure::Broken { path: path.to_owned(), why };
    let value: Value = serde_json::from_slice(text).map_err(|e| broken(e.to_string()))?;
    let Some(format) = value.get("format") else {
        return Err(broken("it has no format number".to_owned()));
    };
    match format.as_u64() {
        Some(1..=FORMAT) => Ok(()),
        Some(found @ 1..) => {
            Err(StoreFailure::Newer { path: path.parent().unwrap_or(path).to_owned(), found })
        }
        Some(0) | None => {
            let shown: String = format.to_string().chars().take(40).collect();
            Err(broken(format!("its format is {shown}, not a whole number from 1 on")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(key: &str) -> StageRecord {
        StageRecord {
            stage: "train".into(),
            name: "fsfm".into(),
            key: key.into(),
            inputs: serde_json::json!({"epochs": 3}),
            proofmark: "0".into(),
            ..StageRecord::default()
        }
    }

    #[test]
    fn a_result_appears_whole() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        let Claim::Make(draft) = store.claim("train", "k1").unwrap() else { panic!() };
        fs::write(draft.folder.join("model"), b"weights").unwrap();
        assert!(store.find("train", "k1").is_none());
        // While it is being made, another process has to wait.
        let other = Store::open(dir.path()).unwrap();
        assert!(matches!(other.claim("train", "k1").unwrap(), Claim::Busy));
        let folder = draft.commit(&record("k1")).unwrap();
        assert_eq!(fs::read(folder.join("model")).unwrap(), b"weights");
        assert!(matches!(other.claim("train", "k1").unwrap(), Claim::Done));
    }

    #[test]
    fn an_abandoned_draft_keeps_its_files() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        let Claim::Make(draft) = store.claim("train", "k").unwrap() else { panic!() };
        fs::write(draft.folder.join("state"), b"half").unwrap();
        drop(draft);
        let Claim::Make(draft) = store.claim("train", "k").unwrap() else { panic!() };
        assert_eq!(fs::read(draft.folder.join("state")).unwrap(), b"half");
        draft.clear().unwrap();
        assert!(!draft.folder.join("state").exists());
    }

    #[test]
    fn stores_of_the_future_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("store.json"), "{\"format\": 99}").unwrap();
        let error = Store::open(dir.path()).unwrap_err();
        assert!(matches!(error, StoreFailure::Newer { found: 99, .. }), "{error}");
        for value in ["-1", "0", "1.5", "1e30", "\"one\"", "null", "[1]", "{}", "true"] {
            fs::write(dir.path().join("store.json"), format!("{{\"format\": {value}}}")).unwrap();
            let error = Store::open(dir.path()).unwrap_err();
            assert!(matches!(error, StoreFailure::Broken { .. }), "{error}");
            let error = error.to_string();
            assert!(error.contains("its format is ") && error.contains("from 1 on"), "{error}");
        }
        for text in ["", "[]", "{}", "7", "\u{0}"] {
            fs::write(dir.path().join("store.json"), text).unwrap();
            let error = Store::open(dir.path()).unwrap_err();
            assert!(matches!(error, StoreFailure::Broken { .. }), "{error}");
        }
    }

    #[test]
    fn last_inputs_are_kept_by_name() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        assert_eq!(store.last("train", "a/b"), None);
        store.remember("train", "a/b", &serde_json::json!({"x": 1})).unwrap();
        assert_eq!(store.last("train", "a/b"), Some(serde_json::json!({"x": 1})));
        assert_eq!(store.last("train", "a_b"), None);
        // To the last bit: else `plan` would say that a number changed into itself.
        let inputs = serde_json::json!({"lr": 0.001_913_588_684_913_779_5, "least": 5e-324});
        store.remember("train", "a", &inputs).unwrap();
        assert_eq!(store.last("train", "a"), Some(inputs));
    }
}
