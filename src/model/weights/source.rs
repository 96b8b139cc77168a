//! The bytes of a weights file, on disk or in memory, read in parts.

use std::fmt;
use std::io::{self, Cursor, Read, Seek, SeekFrom};
use std::path::Path;

use proofmark_base::foreign;

/// Bytes that can be read from anywhere.
trait Bytes: Read + Seek + Send {}

impl<T: Read + Seek + Send> Bytes for T {}

/// What a weights file is read from.
pub(super) struct Source {
    bytes: Box<dyn Bytes>,
    length: u64,
}

impl Source {
    /// A file on disk.
    ///
    /// # Errors
    /// What the system says.
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = foreign::open(path)?;
        let length = file.metadata()?.len();
        Ok(Self { bytes: Box::new(file), length })
    }

    /// Bytes in memory.
    pub fn memory(bytes: Vec<u8>) -> Self {
        let length = bytes.len() as u64;
        Self { bytes: Box::new(Cursor::new(bytes)), length }
    }

    /// Bytes there are.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// `length` bytes from `start`. Memory is taken only for what is there.
    pub fn read(&mut self, start: u64, length: u64) -> Result<Vec<u8>, String> {
        if start.checked_add(length).is_none_or(|stop| stop > self.length) {
            return Err("it is cut short".to_owned());
        }
        let mut bytes = vec![0; length as usize];
        self.bytes.seek(SeekFrom::Start(start)).map_err(|e| e.to_string())?;
        self.bytes.read_exact(&mut bytes).map_err(|e| e.to_string())?;
        Ok(bytes)
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Source({} bytes)", self.length)
    }
}
