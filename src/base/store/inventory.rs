//! What a store holds and how much of the disk it takes, and the removal of what nobody uses.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, SystemTime};

use super::aside::ASIDE;
use super::claims::{CLAIMS, Watch};
use super::digests::DIGESTS;
use super::draft::untaken;
use super::failure::{Doing, StoreFailure};
use super::hold::Hold;
use super::identity::Holder;
use super::record::StageRecord;
use super::results::{ALL, LONGEST, SHORTEST, Store};
use super::size::measured;
use crate::provenance::Provenance;

/// Something that a store holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Held {
    /// Kind of stage.
    pub stage: String,
    /// What it was called; none of what is unfinished or damaged.
    pub name: Option<String>,
    /// Its key.
    pub key: String,
    /// Its folder.
    pub folder: PathBuf,
    /// Bytes on disk.
    pub bytes: u64,
    /// How long ago it was last written.
    pub age: Duration,
    /// What its record says of how it was made; none of what is unfinished or damaged.
    pub made: Option<Made>,
    /// Whether it is finished.
    pub finished: bool,
    /// Whether a process is making it, or waits for it.
    pub locked: bool,
}

/// How a result was made.
#[derive(Clone, Debug, PartialEq)]
pub struct Made {
    /// Seconds that it took.
    pub seconds: f64,
    /// With what; none in a result of an earlier version.
    pub with: Option<Provenance>,
}

/// That nobody makes anything.
#[derive(Debug)]
pub struct Quiet {
    /// What was seen of those who count as gone.
    watch: Watch,
    _hold: Hold,
}

impl Store {
    /// Finished results, by kind, name and key.
    ///
    /// # Errors
    /// A folder that cannot be read.
    pub fn results(&self) -> Result<Vec<Held>, StoreFailure> {
        let mut results = Vec::new();
        for (stage, folder) in folders(&self.root.join("objects"))? {
            for (key, folder) in folders(&folder)? {
                let record = StageRecord::read(&folder).ok().flatten();
                let mut held = self.held(&stage, None, key, folder, true)?;
                if let Some(StageRecord { name, seconds, made_with: with, .. }) = record {
                    (held.name, held.made) = (Some(name), Some(Made { seconds, with }));
                }
                results.push(held);
            }
        }
        results.sort_by(|a, b| (&a.stage, &a.name, &a.key).cmp(&(&b.stage, &b.name, &b.key)));
        Ok(results)
    }

    /// Results in the making, or left so, and what was set aside.
    ///
    /// # Errors
    /// A folder that cannot be read.
    pub fn drafts(&self) -> Result<Vec<Held>, StoreFailure> {
        let mut drafts = Vec::new();
        for (place, called) in [("work", None), (ASIDE, Some("(set aside)"))] {
            for (name, folder) in folders(&self.root.join(place))? {
                let (name, _) = untaken(&name);
                let (stage, key) = name.split_once('-').unwrap_or(("", name));
                let (called, key) = (called.map(str::to_owned), key.to_owned());
                drafts.push(self.held(stage, called, key, folder, false)?);
            }
        }
        drafts.sort_by(|a, b| (&a.stage, &a.key).cmp(&(&b.stage, &b.key)));
        Ok(drafts)
    }

    fn held(
        &self,
        stage: &str,
        name: Option<String>,
        key: String,
        folder: PathBuf,
        finished: bool,
    ) -> Result<Held, StoreFailure> {
        let (bytes, written) = measured(&folder).doing("read", &folder)?;
        let age = SystemTime::now().duration_since(written).unwrap_or_default();
        // Nobody makes what is finished.
        let locked = !finished && {
            self.holder_of(&format!("{stage}-{key}"), &mut Watch::default())?.is_some()
        };
        let (stage, made) = (stage.to_owned(), None);
        Ok(Held { stage, name, key, folder, bytes, age, made, finished, locked })
    }

    /// Keeps all processes from making anything until this is dropped, so that results can be removed:
    /// whoever makes something may read any of them. If some make something now, how many. `waits`
    /// hears of a process of which two minutes will tell whether it lives.
    ///
    /// # Errors
    /// Claims that cannot be read or written.
    pub fn quiet(&self, waits: impl FnOnce(&Holder)) -> Result<Result<Quiet, usize>, StoreFailure> {
        let (mut watch, mut pause) = (Watch::default(), SHORTEST);
        let mut waits = Some(waits);
        loop {
            // Whoever claims a result afterwards sees this; whoever did before is seen here.
            let busy = match self.hold(ALL, None, &mut watch)? {
                Err(holder) => vec![holder],
                Ok(hold) => {
                    let busy = self.busy(&mut watch)?;
                    if busy.is_empty() {
                        return Ok(Ok(Quiet { watch, _hold: hold }));
                    }
                    busy
                }
            };
            if watch.alive {
                return Ok(Err(busy.len()));
            }
            if let (Some(waits), Some(holder)) = (waits.take(), busy.first()) {
                waits(holder);
            }
            thread::sleep(pause);
            pause = (pause * 2).min(LONGEST);
        }
    }

    /// Who makes something.
    fn busy(&self, watch: &mut Watch) -> Result<Vec<Holder>, StoreFailure> {
        let locks = self.root.join("locks");
        let mut names = BTreeSet::new();
        for entry in fs::read_dir(&locks).doing("read", &locks)? {
            let name = entry.doing("read", &locks)?.file_name();
            let name = name.to_string_lossy();
            names.insert(name.strip_suffix(CLAIMS).unwrap_or(&name).to_owned());
        }
        // Digests are of data, not of results.
        let names = names.iter().filter(|name| ![ALL, DIGESTS].contains(&name.as_str()));
        let (mut busy, mut last) = (Vec::new(), None);
        for name in names {
            // The lock of a share is of the same result.
            let is_share =
                |of: &str| name.strip_prefix(of).is_some_and(|rest| rest.starts_with('-'));
            if !last.is_some_and(is_share)
                && let Some(holder) = self.holder_of(name, watch)?
            {
                busy.push(holder);
                last = Some(name.as_str());
            }
        }
        Ok(busy)
    }

    /// Removes something, unless a process holds its lock. Returns whether it is gone. What is
    /// being removed is no result any more from its first moment, also if this is killed.
    ///
    /// # Errors
    /// A folder that cannot be removed.
    pub fn remove(&self, held: &Held, quiet: Option<&mut Quiet>) -> Result<bool, StoreFailure> {
        let mut watch = Watch::default();
        let watch = quiet.map_or(&mut watch, |quiet| &mut quiet.watch);
        let name = format!("{}-{}", held.stage, held.key);
        let Ok(hold) = self.hold(&name, None, watch)? else { return Ok(false) };
        let record = held.folder.join("stage.json");
        match fs::remove_file(&record) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => {
                return Err(e).doing("remove", &record);
            }
            _ => {}
        }
        fs::remove_dir_all(&held.folder).doing("remove", &held.folder)?;
        drop(hold);
        Ok(true)
    }
}

/// The folders in a folder, by name; none if it is not there.
fn folders(parent: &Path) -> Result<Vec<(String, PathBuf)>, StoreFailure> {
    let entries = match fs::read_dir(parent) {
        Ok(entries) => entries,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(e).doing("read", parent),
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry.doing("read", parent)?;
        // Links lead out of the store.
        if entry.file_type().doing("read", &entry.path())?.is_dir() {
            found.push((entry.file_name().to_string_lossy().into_owned(), entry.path()));
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Claim;

    fn made(store: &Store, name: &str, key: &str) {
        let Claim::Make(draft) = store.claim("train", key).unwrap() else { panic!() };
        fs::write(draft.folder.join("model"), vec![0; 1000]).unwrap();
        let record = StageRecord {
            stage: "train".into(),
            name: name.into(),
            key: key.into(),
            ..StageRecord::default()
        };
        draft.commit(&record).unwrap();
    }

    #[test]
    fn results_and_drafts_are_listed_and_removed() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        made(&store, "b", "k1");
        made(&store, "a", "k2");
        let results = store.results().unwrap();
        let names: Vec<_> = results.iter().map(|r| r.name.as_deref().unwrap()).collect();
        assert_eq!(names, ["a", "b"]);
        assert!(results[0].bytes > 1000 && !results[0].locked && results[0].finished);
        let Claim::Make(draft) = store.claim("train", "k3").unwrap() else { panic!() };
        // What is being made is seen from another process, and not removed.
        let other = Store::open(dir.path()).unwrap();
        let drafts = other.drafts().unwrap();
        assert_eq!((drafts.len(), drafts[0].key.as_str(), drafts[0].locked), (1, "k3", true));
        assert!(!other.remove(&drafts[0], None).unwrap() && drafts[0].folder.is_dir());
        drop(draft);
        assert!(other.remove(&other.drafts().unwrap()[0], None).unwrap());
        assert!(other.remove(&results[0], None).unwrap());
        assert_eq!(store.results().unwrap().len(), 1);
        assert!(store.find("train", "k2").is_none() && store.find("train", "k1").is_some());
        assert!(store.drafts().unwrap().is_empty());
    }

    #[test]
    fn nothing_is_made_while_results_are_removed_and_the_other_way_round() {
        let dir = tempfile::tempdir().unwrap();
        let (store, other) = (Store::open(dir.path()).unwrap(), Store::open(dir.path()).unwrap());
        made(&store, "a", "k1");
        let quiet = store.quiet(|_| ()).unwrap().unwrap();
        assert!(matches!(other.claim("train", "k2").unwrap(), Claim::Busy(_)));
        assert!(matches!(other.claim_share("faces", "k", "faces-1of2").unwrap(), Claim::Busy(_)));
        assert!(matches!(other.claim("train", "k1").unwrap(), Claim::Done));
        assert_eq!(other.quiet(|_| ()).unwrap().err(), Some(1));
        assert!(store.remove(&store.results().unwrap()[0], None).unwrap());
        drop(quiet);
        let Claim::Make(share) = other.claim_share("faces", "k", "faces-1of2").unwrap() else {
            panic!()
        };
        assert_eq!(store.quiet(|_| ()).unwrap().err(), Some(1));
        drop(share);
        assert!(store.quiet(|_| ()).unwrap().is_ok());
    }

    #[test]
    fn what_a_dead_machine_was_making_keeps_nothing_from_being_removed_for_ever() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        let Claim::Make(draft) = store.claim("train", "k1").unwrap() else { panic!() };
        let path = dir.path().join("locks/train-k1.claims/whole.1");
        let mut page: serde_json::Value =
            serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        (page["host"], page["every"]) = ("n9".into(), 0.005.into());
        fs::write(&path, page.to_string()).unwrap();
        fs::remove_file(dir.path().join("locks/train-k1")).unwrap();
        let mut heard = None;
        let quiet = store.quiet(|holder| heard = Some(holder.host.clone())).unwrap();
        assert_eq!(heard.as_deref(), Some("n9"));
        let held = store.drafts().unwrap().remove(0);
        assert!(!store.remove(&held, None).unwrap());
        assert!(store.remove(&held, Some(&mut quiet.unwrap())).unwrap());
        assert!(draft.verify().is_err());
    }
}
