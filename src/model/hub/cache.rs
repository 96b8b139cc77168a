//! The cache of downloads, laid out as Python's huggingface_hub lays out its own:
//!
//! ```text
//! models--OWNER--NAME/refs/REVISION              the commit that a branch or tag was
//! models--OWNER--NAME/snapshots/COMMIT/PATH      a link to the bytes
//! models--OWNER--NAME/blobs/ETAG                 the bytes; ETAG.incomplete while they come
//! .locks/models--OWNER--NAME/ETAG.lock           held while they come
//! ```

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use super::error::Trouble;
use super::file::HubFile;
use super::wire::TICK;

/// The part of the cache that has one repository's files.
pub(super) struct Shelf {
    folder: PathBuf,
    locks: PathBuf,
}

impl Shelf {
    /// The part of a cache that has a file's repository.
    pub fn of(file: &HubFile, cache: &Path) -> Self {
        let name = format!("models--{}", file.repo.replace('/', "--"));
        Self { folder: cache.join(&name), locks: cache.join(".locks").join(name) }
    }

    /// The file, if it is here.
    pub fn find(&self, file: &HubFile) -> Option<PathBuf> {
        let told = fs::read_to_string(self.reference(&file.revision)).ok();
        // Of a commit there is no reference.
        let commit = told.map_or_else(|| file.revision.clone(), |text| text.trim().to_owned());
        let path = self.pointer(&commit, &file.path);
        (is_plain(&commit) && path.is_file()).then_some(path)
    }

    /// The bytes of an ETag.
    pub fn blob(&self, etag: &str) -> PathBuf {
        self.folder.join("blobs").join(etag)
    }

    fn reference(&self, revision: &str) -> PathBuf {
        self.folder.join("refs").join(revision)
    }

    fn pointer(&self, commit: &str, path: &str) -> PathBuf {
        let mut pointer = self.folder.join("snapshots").join(commit);
        pointer.extend(path.split('/'));
        pointer
    }

    /// Waits until no other process fetches these bytes.
    pub fn lock(&self, etag: &str, stop: &AtomicBool) -> Result<File, Trouble> {
        let path = self.locks.join(format!("{etag}.lock"));
        create_folder_of(&path)?;
        let lock = File::options().create(true).append(true).open(&path);
        let lock = lock.map_err(Trouble::cache(&path))?;
        loop {
            match lock.try_lock() {
                Ok(()) => return Ok(lock),
                Err(TryLockError::Error(e)) => return Err(Trouble::cache(&path)(e)),
                Err(TryLockError::WouldBlock) if stop.load(Ordering::Relaxed) => {
                    return Err(Trouble::Interrupted);
                }
                Err(TryLockError::WouldBlock) => std::thread::sleep(TICK),
            }
        }
    }

    /// Puts the bytes of an ETag, which are here, in the place of a file at a commit. The revision
    /// comes last, so that it never leads to a snapshot without the file.
    pub fn place(&self, file: &HubFile, commit: &str, etag: &str) -> Result<PathBuf, Trouble> {
        let (blob, pointer) = (self.blob(etag), self.pointer(commit, &file.path));
        create_folder_of(&pointer)?;
        if !pointer.is_file() {
            // A link that leads nowhere would be in the way.
            let _ = fs::remove_file(&pointer);
            let up = "../".repeat(1 + file.path.split('/').count());
            let linked = link(Path::new(&format!("{up}blobs/{etag}")), &pointer);
            // Not every file system has links.
            linked.or_else(|_| fs::rename(&blob, &pointer)).map_err(Trouble::cache(&pointer))?;
        }
        if file.revision != commit {
            let reference = self.reference(&file.revision);
            create_folder_of(&reference)?;
            let mut whole = reference.clone().into_os_string();
            whole.push(format!(".{}.tmp", std::process::id()));
            fs::write(&whole, commit)
                .and_then(|()| fs::rename(&whole, &reference))
                .map_err(Trouble::cache(&reference))?;
        }
        Ok(pointer)
    }
}

/// Makes the folder that a file is to lie in.
pub(super) fn create_folder_of(file: &Path) -> Result<(), Trouble> {
    match file.parent() {
        Some(folder) => fs::create_dir_all(folder).map_err(Trouble::cache(folder)),
        None => Ok(()),
    }
}

/// Whether a name leads nowhere else when it is a file's.
pub(super) fn is_plain(name: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    (1..=128).contains(&name.len()) && name.bytes().all(plain)
}

#[cfg(unix)]
fn link(to: &Path, at: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(to, at)
}

#[cfg(windows)]
fn link(to: &Path, at: &Path) -> io::Result<()> {
    std::os::windows::fs::symlink_file(to, at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_lead_elsewhere_are_none() {
        assert!(is_plain("0123456789012345678901234567890123456789") && is_plain("abc-1_2"));
        for wrong in ["", ".", "..", "../../x", "a/b", "a\\b", "a.b", &"a".repeat(129)] {
            assert!(!is_plain(wrong), "{wrong}");
        }
    }
}
