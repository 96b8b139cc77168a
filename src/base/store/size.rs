//! How large a folder is, and when it was last written.

use std::fs;
use std::io;
use std::path::Path;
use std::time::SystemTime;

/// Bytes below a folder, and when any of it was last written.
///
/// # Errors
/// A folder that cannot be read.
pub fn measured(folder: &Path) -> io::Result<(u64, SystemTime)> {
    let mut written = fs::metadata(folder)?.modified()?;
    let mut bytes = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let meta = match entry.metadata() {
            Ok(meta) => meta,
            // A process that works there may remove its files at any moment.
            Err(e) if e.kind() == io::ErrorKind::NotFound => continue,
            Err(e) => return Err(e),
        };
        let (size, time) = match meta.is_dir() {
            true => measured(&entry.path())?,
            false => (meta.len(), meta.modified()?),
        };
        bytes += size;
        written = written.max(time);
    }
    Ok((bytes, written))
}
