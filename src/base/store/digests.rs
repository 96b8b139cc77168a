//! Digests of data files, remembered by size and time.
//!
//! Several processes may find digests at a time. Each writes its own into a file of their own in
//! `digests/`, and whoever holds the claim on them puts all together into `digests.json`.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::UNIX_EPOCH;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::claims::{CLAIMS, Claims, WHOLE, Watch, is_gone};
use super::failure::{Doing, StoreFailure};
use super::hold::Hold;
use super::identity::{Identity, now};
use super::page::BEAT;
use super::write::write_whole;
use crate::foreign;
use crate::seal::{self, Seal};

/// Bytes at each of three places that stand for a video.
const ENDS: u64 = 64 << 10;

/// What is claimed by who writes them.
pub(super) const DIGESTS: &str = "digests";

/// The digests of a store.
#[derive(Debug)]
pub(super) struct Digests {
    /// What all processes found.
    path: PathBuf,
    /// The folder of what single ones found since.
    pieces: PathBuf,
    claims: Claims,
    known: Mutex<KnownDigests>,
}

/// Those that are known, by name.
#[derive(Debug, Default)]
struct KnownDigests {
    all: List,
    /// Those that are not written down yet.
    new: List,
}

/// Digests by the names of their files.
type List = BTreeMap<String, Known>;

/// A digest, and the size and time that the file had.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Known {
    size: u64,
    modified: u64,
    digest: String,
    /// When the file was read, in seconds since 1970 (UTC): of two, the later is true. 0 in lists of
    /// earlier versions.
    #[serde(default)]
    seen: f64,
}

impl Known {
    fn is_later(&self, other: &Self) -> bool {
        let rest = |known: &Self| (known.modified, known.size, known.digest.clone());
        self.seen.total_cmp(&other.seen).then_with(|| rest(self).cmp(&rest(other))).is_gt()
    }
}

/// Both lists in one, whichever comes first.
fn union(mut list: List, other: List) -> List {
    for (name, known) in other {
        match list.get(&name) {
            Some(own) if !known.is_later(own) => {}
            _ => drop(list.insert(name, known)),
        }
    }
    list
}

/// The list in a file. A damaged one only costs reading the files again.
fn read(path: &Path) -> List {
    let text = fs::read(path).unwrap_or_default();
    let list: BTreeMap<String, Value> = match seal::check(&text) {
        Seal::Broken => BTreeMap::new(),
        Seal::Whole | Seal::None => serde_json::from_slice(&text).unwrap_or_default(),
    };
    let known = |(name, value)| Some((name, serde_json::from_value::<Known>(value).ok()?));
    list.into_iter().filter_map(known).filter(|(_, known)| known.seen.is_finite()).collect()
}

fn write(path: &Path, list: &List) -> Result<(), StoreFailure> {
    let mut text = serde_json::to_vec(list).unwrap_or_default();
    seal::seal(&mut text);
    write_whole(path, &text)
}

impl Digests {
    /// Reads the lists of a store.
    pub(super) fn load(store: &Path) -> Self {
        let path = store.join("digests.json");
        let pieces = store.join(DIGESTS);
        let claims = Claims::of(store.join("locks").join(format!("{DIGESTS}{CLAIMS}")), BEAT);
        let this = Self { path, pieces, claims, known: Mutex::default() };
        // Pieces first: whoever puts them together writes the whole before it removes them.
        let pieces = this.pieces().into_iter().map(|piece| read(&piece)).fold(List::new(), union);
        this.lock().all = union(pieces, read(&this.path));
        this
    }

    fn pieces(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(&self.pieces).into_iter().flatten().flatten();
        entries
            .map(|entry| entry.path())
            .filter(|path| path.extension().is_some_and(|e| e == "json"))
            .collect()
    }

    /// Digest of a file's content.
    pub(super) fn whole(&self, path: &Path) -> io::Result<String> {
        self.remembered("", path, |file, _, hasher| hasher.update_reader(file).map(|_| ()))
    }

    /// Digest of a file's length and of its beginning, middle and end.
    pub(super) fn ends(&self, path: &Path) -> io::Result<String> {
        self.remembered("ends of ", path, |file, length, hasher| {
            hasher.update(&length.to_le_bytes());
            for start in [0, length / 2, length.saturating_sub(ENDS)] {
                file.seek(SeekFrom::Start(start))?;
                hasher.update_reader(file.take(ENDS))?;
            }
            Ok(())
        })
    }

    /// A digest by the name under which it is remembered, made anew if the file's size or time
    /// changed.
    fn remembered(
        &self,
        what: &str,
        path: &Path,
        read: impl FnOnce(&mut File, u64, &mut blake3::Hasher) -> io::Result<()>,
    ) -> io::Result<String> {
        let meta = fs::metadata(path)?;
        let modified = meta.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default();
        let stamp = (meta.len(), modified.as_nanos() as u64);
        let name = format!("{what}{}", path.to_string_lossy());
        if let Some(known) = self.lock().all.get(&name)
            && (known.size, known.modified) == stamp
        {
            tracing::debug!(file = %path.display(), "has the size and time of its digest");
            return Ok(known.digest.clone());
        }
        let mut hasher = blake3::Hasher::new();
        read(&mut foreign::open(path)?, stamp.0, &mut hasher)?;
        let digest = hasher.finalize().to_hex()[..32].to_owned();
        tracing::debug!(file = %path.display(), %digest, "is read for its digest");
        let (size, modified) = stamp;
        let known = Known { size, modified, digest: digest.clone(), seen: now() };
        let mut digests = self.lock();
        digests.all.insert(name.clone(), known.clone());
        digests.new.insert(name, known);
        Ok(digest)
    }

    /// Writes newly computed digests down: with those of all others if nobody else does that now,
    /// else beside them. None is lost, whoever writes at the same time.
    pub(super) fn save(&self) -> Result<(), StoreFailure> {
        let mut digests = self.lock();
        if digests.new.is_empty() {
            return Ok(());
        }
        match self.claims.acquire(WHOLE, &mut Watch::default())? {
            Err(_) => self.add_piece(&digests.new)?,
            Ok(won) => {
                let hold = Hold::begin(self.claims.clone(), WHOLE, won, Vec::new());
                let pieces = self.pieces();
                let others = pieces.iter().map(|piece| read(piece)).fold(List::new(), union);
                let all = union(union(read(&self.path), others), digests.new.clone());
                match hold.verify() {
                    Err(StoreFailure::Taken { .. }) => self.add_piece(&digests.new)?,
                    verified => {
                        verified?;
                        write(&self.path, &all)?;
                        for piece in pieces {
                            match fs::remove_file(&piece) {
                                Err(e) if !is_gone(&e) => return Err(e).doing("remove", &piece),
                                _ => {}
                            }
                        }
                        digests.all = all;
                    }
                }
            }
        }
        digests.new.clear();
        Ok(())
    }

    /// Writes some into a file that no process writes again.
    fn add_piece(&self, list: &List) -> Result<(), StoreFailure> {
        fs::create_dir_all(&self.pieces).doing("create", &self.pieces)?;
        write(&self.pieces.join(format!("{}.json", Identity::new().token)), list)
    }

    fn lock(&self) -> MutexGuard<'_, KnownDigests> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
#[path = "digests_tests.rs"]
mod tests;
