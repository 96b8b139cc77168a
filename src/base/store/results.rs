//! The store itself: results are claimed, made and published, each whole or not at all.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::claims::{CLAIMS, Claims, Standing, WHOLE, Watch};
use super::digests::Digests;
use super::draft::{Draft, Place, is_listed};
use super::failure::{Doing, FORMAT, StoreFailure};
use super::hold::{Hold, Lock};
use super::identity::Holder;
use super::page::BEAT;
use super::write::write_whole;

/// Between two looks at what another process makes: at first, and later.
pub(super) const SHORTEST: Duration = Duration::from_millis(20);
pub(super) const LONGEST: Duration = Duration::from_secs(2);
/// What is claimed by who removes results.
pub(super) const ALL: &str = "all";
/// How long one waits that would rather not.
const MOMENT: Duration = Duration::from_millis(300);

/// A store on disk.
#[derive(Debug)]
pub struct Store {
    pub(super) root: PathBuf,
    digests: Digests,
}

/// What a process may do about a result.
#[derive(Debug)]
pub enum Claim {
    /// It exists.
    Done,
    /// This process is to make it.
    Make(Draft),
    /// Another process is making it.
    Busy(Holder),
}

/// What one process does alone.
#[derive(Debug)]
pub struct Exclusive {
    _hold: Hold,
}

impl Store {
    /// Opens the store at `root`, creating it if there is none.
    pub fn open(root: &Path) -> Result<Self, StoreFailure> {
        // A client of NFS asks its server for what is in a folder, and may remember that there is none.
        let all = format!("locks/{ALL}{CLAIMS}");
        for folder in ["objects", "work", "locks", "last", &all] {
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
        let digests = Digests::load(root);
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
        let folder = Place::new(&self.root, stage, key).folders().unwrap_or_default().pop();
        let Some((_, folder)) = folder else { return false };
        let left = |name: &str| match stage {
            "faces" => name.ends_with(".jsonl"),
            _ => name == "state.safetensors",
        };
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        entries.into_iter().any(|entry| entry.file_name().to_str().is_some_and(left))
    }

    /// The same, sure to see what another machine has just finished: a client of NFS may remember for a
    /// minute that there was nothing.
    pub fn find_fresh(&self, stage: &str, key: &str) -> Option<PathBuf> {
        self.find(stage, key).or_else(|| {
            let object = Place::new(&self.root, stage, key).object();
            // Of a new kind of result, the folder of the kind may be new, too.
            let kind = object.parent().unwrap_or(&object);
            (is_listed(kind) && is_listed(&object)).then(|| self.find(stage, key)).flatten()
        })
    }

    /// Who makes a result, or a share of it; none if nobody is known to. What is left of a process
    /// that ended on this machine does not count.
    pub fn holder(&self, stage: &str, key: &str) -> Option<Holder> {
        let name = format!("{stage}-{key}");
        match self.claims(&name).standing(WHOLE, &mut Watch::default()) {
            Ok(Standing::Held(holder)) => Some(holder),
            Ok(Standing::Free | Standing::Lost) | Err(_) => None,
        }
    }

    /// What is to be done about a result.
    pub fn claim(&self, stage: &str, key: &str) -> Result<Claim, StoreFailure> {
        if let Some(folder) = self.find(stage, key) {
            tracing::info!(folder = %folder.display(), "is in the store");
            return Ok(Claim::Done);
        }
        self.try_claim(stage, key, None, &mut Watch::default())
    }

    /// Waits while another process makes a result, and takes over from one that is gone. Busy is
    /// what it was when `stop` was set.
    pub fn wait(&self, stage: &str, key: &str, stop: &AtomicBool) -> Result<Claim, StoreFailure> {
        self.watch(stage, key, None, |_, _| stop.load(Ordering::Relaxed))
    }

    /// What is to be done about a share of a result. Several processes make shares of one
    /// result at a time, each another one, and none while the whole is being made.
    pub fn claim_share(&self, stage: &str, key: &str, share: &str) -> Result<Claim, StoreFailure> {
        if self.find(stage, key).is_some() {
            return Ok(Claim::Done);
        }
        // One that looks whether all shares are done holds the whole for a moment.
        let begun = Instant::now();
        self.watch(stage, key, Some(share), |_, _| begun.elapsed() > MOMENT)
    }

    /// Waits while another process makes the whole, or makes this share and nobody can say whether
    /// that process lives. Busy is what it is when the share's was seen to, or `stop` was set.
    pub fn wait_share(
        &self,
        stage: &str,
        key: &str,
        share: &str,
        stop: &AtomicBool,
    ) -> Result<Claim, StoreFailure> {
        self.watch(stage, key, Some(share), |watch, holder| {
            stop.load(Ordering::Relaxed) || watch.alive && holder.share.is_some()
        })
    }

    /// Tries until it is no more busy, or it is enough.
    fn watch(
        &self,
        stage: &str,
        key: &str,
        share: Option<&str>,
        enough: impl Fn(&Watch, &Holder) -> bool,
    ) -> Result<Claim, StoreFailure> {
        let mut watch = Watch::default();
        let mut pause = SHORTEST;
        loop {
            let holder = match self.try_claim(stage, key, share, &mut watch)? {
                Claim::Busy(holder) if !enough(&watch, &holder) => holder,
                claim => return Ok(claim),
            };
            let begun = Instant::now();
            while begun.elapsed() < pause && !enough(&watch, &holder) {
                std::thread::sleep(SHORTEST);
            }
            pause = (pause * 2).min(LONGEST);
        }
    }

    fn try_claim(
        &self,
        stage: &str,
        key: &str,
        share: Option<&str>,
        watch: &mut Watch,
    ) -> Result<Claim, StoreFailure> {
        let place = Place::new(&self.root, stage, key);
        let hold = match self.hold(&place.name(), share, watch)? {
            Ok(hold) => hold,
            // Who makes it may have just finished.
            Err(_) if self.find_fresh(stage, key).is_some() => return Ok(Claim::Done),
            Err(holder) => {
                tracing::info!(%holder, "another process makes it");
                return Ok(Claim::Busy(holder));
            }
        };
        // Nothing is made while results are removed: it may read any of them.
        if let Standing::Held(holder) = self.claims(ALL).standing(WHOLE, watch)? {
            return Ok(Claim::Busy(holder));
        }
        // Another process may have finished it before this one could claim it.
        if let Some(folder) = self.find_fresh(stage, key) {
            tracing::info!(folder = %folder.display(), "was put into the store meanwhile");
            return Ok(Claim::Done);
        }
        Draft::begin(place, share, hold).map(Claim::Make)
    }

    /// Claims what one process at a time may do with the store, by its name, or says who does it. It
    /// is given up when this is dropped.
    pub fn exclusive(&self, name: &str) -> Result<Result<Exclusive, Holder>, StoreFailure> {
        let begun = Instant::now();
        let mut watch = Watch::default();
        loop {
            match self.hold(name, None, &mut watch)? {
                Ok(hold) => return Ok(Ok(Exclusive { _hold: hold })),
                Err(holder) if begun.elapsed() > MOMENT => return Ok(Err(holder)),
                Err(_) => std::thread::sleep(SHORTEST),
            }
        }
    }

    /// Claims something of that name, or says who has it.
    pub(super) fn hold(
        &self,
        name: &str,
        share: Option<&str>,
        watch: &mut Watch,
    ) -> Result<Result<Hold, Holder>, StoreFailure> {
        let (claims, who) = (self.claims(name), share.unwrap_or(WHOLE));
        let folder = self.root.join("locks");
        let mut held = Vec::new();
        let whole = (folder.join(name), share.is_some());
        let own = share.map(|share| (folder.join(format!("{name}-{share}")), false));
        for (path, shared) in [Some(whole), own].into_iter().flatten() {
            match Lock::try_of(&path, shared)? {
                Lock::Held(file) => held.push(file),
                Lock::Unknown => {}
                Lock::Busy => match claims.standing(who, watch)? {
                    Standing::Held(holder) => return Ok(Err(holder)),
                    // One of an earlier version, which makes no claims, or that is about to.
                    Standing::Free => match Lock::try_for_a_moment(&path, shared)? {
                        Lock::Held(file) => held.push(file),
                        Lock::Unknown => {}
                        Lock::Busy => return Ok(Err(Holder::default())),
                    },
                    // A server may keep the lock of a machine that is gone.
                    Standing::Lost => {}
                },
            }
        }
        let won = claims.acquire(who, watch)?;
        Ok(won.map(|won| Hold::begin(claims, who, won, held)))
    }

    /// Who makes something of that name, also an earlier version, which makes no claims.
    pub(super) fn holder_of(
        &self,
        name: &str,
        watch: &mut Watch,
    ) -> Result<Option<Holder>, StoreFailure> {
        let path = self.root.join("locks").join(name);
        match self.claims(name).standing(WHOLE, watch)? {
            Standing::Held(holder) => Ok(Some(holder)),
            Standing::Lost => Ok(None),
            Standing::Free => {
                let locked =
                    path.is_file() && matches!(Lock::try_for_a_moment(&path, false)?, Lock::Busy);
                watch.alive |= locked;
                Ok(locked.then(Holder::default))
            }
        }
    }

    fn claims(&self, name: &str) -> Claims {
        Claims::of(self.root.join("locks").join(format!("{name}{CLAIMS}")), BEAT)
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
    use crate::store::StageRecord;

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
        assert!(matches!(other.claim("train", "k1").unwrap(), Claim::Busy(_)));
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
