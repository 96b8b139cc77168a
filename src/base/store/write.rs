//! Files that appear whole.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use super::failure::{Doing, StoreFailure};

/// Writes a file so that readers see the old content or the new, never a part. A pipe or a device,
/// as /dev/stdout is, is written to and not replaced.
pub fn write_whole(path: &Path, content: &[u8]) -> Result<(), StoreFailure> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let write = || -> io::Result<()> {
        if fs::metadata(path).is_ok_and(|meta| !meta.is_file() && !meta.is_dir()) {
            return File::options().write(true).open(path)?.write_all(content);
        }
        let mut file = readable_temporary(folder)?;
        file.write_all(content)?;
        file.as_file().sync_all()?;
        file.persist(path).map_err(|e| e.error)?;
        Ok(())
    };
    write().doing("write", path)
}

/// A temporary file that becomes one that others may read, as far as the process's mask lets
/// them: temporary files are private otherwise.
pub fn readable_temporary(folder: &Path) -> io::Result<tempfile::NamedTempFile> {
    #[cfg(unix)]
    let permissions = std::os::unix::fs::PermissionsExt::from_mode(0o666);
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    builder.permissions(permissions);
    builder.tempfile_in(folder)
}
