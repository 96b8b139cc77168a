//! Digests of data files, remembered by size and time.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::UNIX_EPOCH;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::failure::StoreFailure;
use super::write::write_whole;
use crate::foreign;
use crate::seal::{self, Seal};

/// Bytes at each of three places that stand for a video.
const ENDS: u64 = 64 << 10;

/// The digests of a store.
#[derive(Debug)]
pub(super) struct Digests {
    path: PathBuf,
    known: Mutex<KnownDigests>,
}

/// Those that are known, by name.
#[derive(Debug, Default)]
struct KnownDigests {
    by_name: BTreeMap<String, Known>,
    changed: bool,
}

/// A digest, and the size and time that the file had.
#[derive(Debug, Serialize, Deserialize)]
struct Known {
    size: u64,
    modified: u64,
    digest: String,
}

impl Digests {
    /// Reads the list of a store. A damaged one only costs reading the files again.
    pub(super) fn load(path: PathBuf) -> Self {
        let text = fs::read(&path).unwrap_or_default();
        let list: BTreeMap<String, Value> = match seal::check(&text) {
            Seal::Broken => BTreeMap::new(),
            Seal::Whole | Seal::None => serde_json::from_slice(&text).unwrap_or_default(),
        };
        let known = |(name, value)| Some((name, serde_json::from_value(value).ok()?));
        let by_name = list.into_iter().filter_map(known).collect();
        Self { path, known: Mutex::new(KnownDigests { by_name, changed: false }) }
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
        if let Some(known) = self.lock().by_name.get(&name)
            && (known.size, known.modified) == stamp
        {
            tracing::debug!(file = %path.display(), "has the size and time of its digest");
            return Ok(known.digest.clone());
        }
        let mut hasher = blake3::Hasher::new();
        read(&mut foreign::open(path)?, stamp.0, &mut hasher)?;
        let digest = hasher.finalize().to_hex()[..32].to_owned();
        tracing::debug!(file = %path.display(), %digest, "is read for its digest");
        let mut digests = self.lock();
        let (size, modified) = stamp;
        digests.by_name.insert(name, Known { size, modified, digest: digest.clone() });
        digests.changed = true;
        Ok(digest)
    }

    /// Writes newly computed digests down.
    pub(super) fn save(&self) -> Result<(), StoreFailure> {
        let mut digests = self.lock();
        if digests.changed {
            let mut text = serde_json::to_vec(&digests.by_name).unwrap_or_default();
            seal::seal(&mut text);
            write_whole(&self.path, &text)?;
            digests.changed = false;
        }
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, KnownDigests> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Store;

    #[test]
    fn digests_follow_the_content() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&dir.path().join("store")).unwrap();
        let file = dir.path().join("a.jpg");
        fs::write(&file, b"one").unwrap();
        let one = store.digest(&file).unwrap();
        store.save_digests().unwrap();
        assert_eq!(Store::open(&dir.path().join("store")).unwrap().digest(&file).unwrap(), one);
        // A digest with a flipped bit would be that of other data.
        let list = dir.path().join("store/digests.json");
        let whole = fs::read(&list).unwrap();
        let place = String::from_utf8_lossy(&whole).find(&one).unwrap();
        let mut flipped = whole.clone();
        flipped[place] ^= 1;
        fs::write(&list, flipped).unwrap();
        assert_eq!(Store::open(&dir.path().join("store")).unwrap().digest(&file).unwrap(), one);
        fs::write(&file, b"other").unwrap();
        assert_ne!(store.digest(&file).unwrap(), one);
    }

    #[test]
    fn a_fingerprint_reads_the_ends_and_the_middle() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&dir.path().join("store")).unwrap();
        let mut prints = Vec::new();
        let length = 10 * ENDS as usize;
        let edits: [&[usize]; 5] = [&[], &[0], &[length / 2], &[length - 1], &[length / 3]];
        for (i, edit) in edits.into_iter().enumerate() {
            let mut bytes = vec![7u8; length];
            edit.iter().for_each(|place| bytes[*place] = 8);
            let file = dir.path().join(format!("{i}.mp4"));
            fs::write(&file, bytes).unwrap();
            prints.push(store.fingerprint(&file).unwrap());
            assert_ne!(store.digest(&file).unwrap(), prints[i]);
        }
        // What lies between is not read.
        assert_eq!(prints.pop().as_ref(), Some(&prints[0]));
        prints.sort();
        prints.dedup();
        assert_eq!(prints.len(), 4);
        let short = dir.path().join("short.mp4");
        fs::write(&short, b"x").unwrap();
        assert!(store.fingerprint(&short).is_ok());
    }
}
