//! Files that others wrote: read up to a length, and held to limits before anything is done by
//! what they say.

use std::fs::File;
use std::io::{self, Read};
use std::ops::RangeInclusive;
use std::path::Path;

use serde::de::DeserializeOwned;

/// Longest file of an image, in bytes.
pub const IMAGE_FILE: u64 = 1 << 30;
/// Longest list of videos, frames or numbers that is read whole, in bytes.
pub const LIST_FILE: u64 = 4 << 30;

/// Most cells of a list that are held as text: a hundred million take some gigabytes.
pub const LIST_CELLS: u64 = 1 << 27;

/// Opens a file, which is no device or pipe.
///
/// # Errors
/// What the system says; a file that is none.
pub fn open(path: &Path) -> io::Result<File> {
    // Opening a pipe would wait for its other end, and a device may never end.
    let metadata = std::fs::metadata(path)?;
    match metadata.is_file() || metadata.is_dir() {
        true => File::open(path),
        false => Err(io::Error::other("it is not a regular file")),
    }
}

/// The bytes of a file, which is no device or pipe, and no longer than `limit`.
///
/// # Errors
/// What the system says; a file that is too long.
pub fn file(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let file = open(path)?;
    let length = file.metadata()?.len();
    check_length(length, limit)?;
    let mut bytes = Vec::with_capacity(length as usize);
    file.take(limit).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// That a length is within its limit.
pub fn check_length(length: u64, limit: u64) -> io::Result<()> {
    match length <= limit {
        true => Ok(()),
        false => Err(io::Error::other(format!("{length} bytes are more than {limit}"))),
    }
}

/// What is right about a value that JSON alone does not say.
pub trait Limits {
    /// What is wrong, in words.
    fn check(&self) -> Result<(), String>;
}

/// Reads a value, and checks it. The error says what is wrong.
pub fn json<T: DeserializeOwned + Limits>(text: &[u8], limit: usize) -> Result<T, String> {
    if text.len() > limit {
        return Err(format!("{} bytes are more than {limit}", text.len()));
    }
    let value: T = serde_json::from_slice(text).map_err(|e| e.to_string())?;
    value.check()?;
    Ok(value)
}

/// What is wrong with a number that is not in its range.
pub fn within(what: &str, number: usize, range: &RangeInclusive<u64>) -> Result<(), String> {
    match range.contains(&(number as u64)) {
        true => Ok(()),
        false => Err(format!(
            "its {what} is {number}, which is not from {} to {}",
            range.start(),
            range.end()
        )),
    }
}
