//! A result in the making: its folder, and how that becomes the result.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use super::aside;
use super::clock::Clock;
use super::failure::{Doing, RECORD, StoreFailure};
use super::hold::Hold;
use super::record::StageRecord;
use super::write::readable_temporary;

/// What stands between the name of a folder and the number of its taking over.
const TAKEN: char = '~';
/// Endings of files that get their names when they are whole, and are not written to afterwards.
const FINAL: [&str; 2] = ["arrow", "safetensors"];

/// A result in the making. Dropping it keeps its folder for a later try.
#[derive(Debug)]
pub struct Draft {
    /// The folder to write into; it may hold the state of an interrupted run.
    pub folder: PathBuf,
    /// What was found in its place and set aside, or taken over, in words.
    pub notes: Vec<String>,
    target: PathBuf,
    place: Place,
    clock: Clock,
    hold: Hold,
}

/// Where a result is made, and where it goes.
#[derive(Debug)]
pub(super) struct Place {
    /// The store.
    pub(super) root: PathBuf,
    pub(super) stage: String,
    pub(super) key: String,
}

impl Place {
    pub(super) fn new(root: &Path, stage: &str, key: &str) -> Self {
        Self { root: root.to_owned(), stage: stage.to_owned(), key: key.to_owned() }
    }

    pub(super) fn name(&self) -> String {
        format!("{}-{}", self.stage, self.key)
    }

    /// The folder of the finished result.
    pub(super) fn object(&self) -> PathBuf {
        self.root.join("objects").join(&self.stage).join(&self.key)
    }

    /// The folders in which it was made so far, each with the number of its taking over, the last one
    /// last.
    pub(super) fn folders(&self) -> Result<Vec<(u64, PathBuf)>, StoreFailure> {
        let work = self.root.join("work");
        let entries = match fs::read_dir(&work) {
            Ok(entries) => entries,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(e) => return Err(e).doing("read", &work),
        };
        let own = self.name();
        let mut found = Vec::new();
        for entry in entries {
            let entry = entry.doing("read", &work)?;
            let file_name = entry.file_name();
            let (name, number) = untaken(file_name.to_str().unwrap_or_default());
            if name == own {
                found.push((number, entry.path()));
            }
        }
        found.sort();
        Ok(found)
    }

    /// The folder to work in. What a process may still write that came to a stop for long, and was
    /// taken over, goes nowhere: the folder has another name, and the files that grow are others.
    fn folder(&self, share: Option<&str>, hold: &Hold) -> Result<PathBuf, StoreFailure> {
        let work = self.root.join("work");
        let Some((number, mut folder)) = self.folders()?.pop() else {
            return Ok(work.join(self.name()));
        };
        if !folder.is_dir() || hold.gone.is_empty() {
            return Ok(folder);
        }
        let may_return = hold.gone.iter().any(|(_, may_return)| *may_return);
        if share.is_none() && may_return {
            let number = hold.number().max(number + 1);
            let renamed = work.join(format!("{}{TAKEN}{number}", self.name()));
            fs::rename(&folder, &renamed).doing("rename", &folder)?;
            folder = renamed;
        }
        if may_return {
            renew(&folder, share)?;
        }
        Ok(folder)
    }
}

/// The name of a folder in `work/` without the number of its taking over, and that.
pub(super) fn untaken(name: &str) -> (&str, u64) {
    let split = name.rsplit_once(TAKEN).and_then(|(name, n)| Some((name, n.parse().ok()?)));
    split.unwrap_or((name, 0))
}

/// Puts copies in the place of files that another process may have open and write to, of a share if
/// one is named.
fn renew(folder: &Path, share: Option<&str>) -> Result<(), StoreFailure> {
    for entry in fs::read_dir(folder).doing("read", folder)? {
        let path = entry.doing("read", folder)?.path();
        let is_final = path.extension().is_some_and(|e| FINAL.iter().any(|ending| e == *ending));
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let of_share = share.is_none_or(|share| name.starts_with(&format!("{share}.")));
        if is_final || aside::is_temporary(name) || !of_share || !path.is_file() {
            continue;
        }
        let copy = || -> io::Result<()> {
            let mut copy = readable_temporary(folder)?;
            io::copy(&mut File::open(&path)?, copy.as_file_mut())?;
            copy.persist(&path).map_err(|e| e.error)?;
            Ok(())
        };
        copy().doing("copy", &path)?;
    }
    Ok(())
}

impl Draft {
    /// Begins or goes on with the work of a claim.
    pub(super) fn begin(
        place: Place,
        share: Option<&str>,
        hold: Hold,
    ) -> Result<Self, StoreFailure> {
        let (name, target) = (place.name(), place.object());
        let kind = place.root.join("objects").join(&place.stage);
        let mut notes = Vec::new();
        for (holder, _) in hold.gone.iter().filter(|(_, may_return)| *may_return) {
            notes.push(format!("{holder} made this and is gone; its work is taken over"));
        }
        let folder = place.folder(share, &hold)?;
        hold.settled()?;
        // Found only after the work, these would be the end of it.
        let wrong = [&kind, &folder].into_iter().filter(|path| path.exists() && !path.is_dir());
        let wrong = wrong.chain([&target].into_iter().filter(|t| t.symlink_metadata().is_ok()));
        for path in wrong.cloned().collect::<Vec<_>>() {
            if let Some(aside) = aside::put_aside(&place.root, &path, &name)? {
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
        // Other shares may be writing; of the whole, its claim says that nobody else is.
        if share.is_none() {
            aside::clean(&folder, false)?;
        }
        Ok(Self { folder, notes, target, place, clock, hold })
    }

    /// Seconds that it took so far, in all processes that worked on it.
    pub fn seconds(&self) -> f64 {
        self.clock.seconds()
    }

    /// That no other process took this over, which happens to one that stood still for minutes. Costs
    /// nothing, unless the last heartbeat was long ago.
    ///
    /// # Errors
    /// [`StoreFailure::Taken`]; a disk that cannot be asked.
    pub fn check(&self) -> Result<(), StoreFailure> {
        self.hold.check()
    }

    /// The same, and the disk is asked.
    ///
    /// # Errors
    /// [`StoreFailure::Taken`]; a disk that cannot be asked.
    pub fn verify(&self) -> Result<(), StoreFailure> {
        self.hold.verify()
    }

    /// Publishes the folder under its key, with the record beside the files. What killed writes
    /// left, and what was set aside, is not published. Where the result is there already, it is as
    /// good as this one.
    ///
    /// # Errors
    /// [`StoreFailure::Taken`] where another process makes it now; what the disk says.
    pub fn commit(self, record: &StageRecord) -> Result<PathBuf, StoreFailure> {
        if let Err(failure) = self.hold.verify() {
            // Who took it over may have finished it.
            return if is_result(&self.target, record) { Ok(self.target) } else { Err(failure) };
        }
        aside::clean(&self.folder, true)?;
        record.write(&self.folder)?;
        for entry in fs::read_dir(&self.folder).doing("read", &self.folder)? {
            let path = entry.doing("read", &self.folder)?.path();
            File::open(&path).and_then(|f| f.sync_all()).doing("write", &path)?;
        }
        if let Some(parent) = self.target.parent() {
            fs::create_dir_all(parent).doing("create", parent)?;
        }
        self.publish(record)?;
        tracing::info!(folder = %self.target.display(), "is published");
        // What those left behind who were taken over, and this, if it was published before.
        for (_, folder) in self.place.folders()? {
            fs::remove_dir_all(&folder).or_else(gone_already).doing("remove", &folder)?;
        }
        self.clock.finish();
        Ok(self.target)
    }

    /// Gives the folder its place.
    fn publish(&self, record: &StageRecord) -> Result<(), StoreFailure> {
        let Self { folder, target, place, .. } = self;
        match fs::rename(folder, target) {
            Ok(()) => return Ok(()),
            // Another process was first, or the reply to a rename that was done got lost, and the
            // system asked again.
            Err(_) if is_result(target, record) => return Ok(()),
            Err(_) if target.symlink_metadata().is_ok() => {
                aside::put_aside(&place.root, target, &place.name())?;
            }
            Err(e) => return Err(e).doing("create", target),
        }
        fs::rename(folder, target).doing("create", target)
    }

    /// Removes whatever an earlier, interrupted try left that cannot be resumed.
    pub fn clear(&self) -> Result<(), StoreFailure> {
        fs::remove_dir_all(&self.folder).doing("clear", &self.folder)?;
        fs::create_dir_all(&self.folder).doing("create", &self.folder)
    }
}

/// Whether a finished result of the same key lies there.
fn is_result(target: &Path, record: &StageRecord) -> bool {
    is_listed(target) && target.join(RECORD).is_file() && {
        let found = StageRecord::read(target).ok().flatten();
        found.is_some_and(|found| {
            (found.stage, found.key) == (record.stage.clone(), record.key.clone())
        })
    }
}

/// Whether a folder holds this path. Reading it makes a client of NFS ask its server, also where it
/// remembers that there was nothing.
pub(super) fn is_listed(path: &Path) -> bool {
    let entries = path.parent().and_then(|parent| fs::read_dir(parent).ok());
    entries.into_iter().flatten().flatten().any(|entry| entry.path() == path)
}

fn gone_already(error: io::Error) -> io::Result<()> {
    if error.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(error) }
}

#[cfg(test)]
#[path = "draft_tests.rs"]
mod tests;
