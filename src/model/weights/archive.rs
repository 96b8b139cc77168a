//! Zip archives as `torch.save` writes them: the table at the end, and stored files.
//!
//! Read by hand, because the table is all that is looked at: searching an archive for
//! signatures, as general readers do, finds them in the numbers of a table of files or of a
//! tensor, and then refuses what PyTorch reads.

use std::cell::RefCell;
use std::collections::BTreeMap;

use super::source::Source;

/// Bytes of the last record without a comment, and the longest comment.
const END: usize = 22;
const COMMENT: usize = u16::MAX as usize;

/// Where a file lies in the archive.
#[derive(Clone, Copy, Debug)]
struct Stored {
    /// Of the header before the file.
    header: u64,
    size: u64,
    /// Checksum; 0 when PyTorch was told not to compute it.
    crc: u32,
    /// Whether its bytes are there as they are. What is compressed holds no tensors.
    stored: bool,
}

/// An opened archive.
#[derive(Debug)]
pub(super) struct Archive {
    source: RefCell<Source>,
    files: BTreeMap<String, Stored>,
}

impl Archive {
    /// Reads the table of files. Memory is bounded by its length. The error says what is
    /// wrong.
    pub fn open(mut source: Source) -> Result<Self, String> {
        let table = table(&mut source)?;
        let mut files = BTreeMap::new();
        let mut rest = Fields(&table);
        while !rest.0.is_empty() {
            let (name, stored) = record(&mut rest)?;
            if files.insert(name.clone(), stored).is_some() {
                return Err(format!("`{name}` is twice in the archive"));
            }
        }
        Ok(Self { source: RefCell::new(source), files })
    }

    /// Names of the files.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str)
    }

    /// A file of at most `limit` bytes, whole and checked.
    pub fn read(&self, name: &str, limit: u64) -> Result<Vec<u8>, String> {
        let failed = |why: String| format!("`{name}` in the archive: {why}");
        let file = self.files.get(name).ok_or_else(|| failed("it is not there".to_owned()))?;
        if !file.stored {
            return Err(failed("it is compressed, which torch.save never does".to_owned()));
        }
        if file.size > limit {
            return Err(failed(format!("{} bytes are more than the {limit} expected", file.size)));
        }
        let mut source = self.source.borrow_mut();
        let header = source.read(file.header, 30).map_err(failed)?;
        let mut fields = Fields(&header);
        if fields.u32() != Some(0x0403_4b50) {
            return Err(failed("no file begins where the table says".to_owned()));
        }
        fields.skip(22);
        let (name, extra) = (fields.u16().unwrap_or(0), fields.u16().unwrap_or(0));
        let begin = file.header + 30 + u64::from(name) + u64::from(extra);
        let bytes = source.read(begin, file.size).map_err(failed)?;
        match file.crc == 0 || crc32fast::hash(&bytes) == file.crc {
            true => Ok(bytes),
            false => Err(failed("its checksum is wrong: the file is damaged".to_owned())),
        }
    }
}

/// The bytes of the table, which the last record of an archive finds.
fn table(source: &mut Source) -> Result<Vec<u8>, String> {
    let length = source.length();
    let start = length.saturating_sub((END + COMMENT) as u64);
    let tail = source.read(start, length - start)?;
    let ends = |at: &usize| -> bool {
        let mut fields = Fields(&tail[*at..]);
        let signed = fields.u32() == Some(0x0605_4b50);
        fields.skip(16);
        // What follows is the comment, to the end of the file.
        signed && fields.u16().map(usize::from) == Some(tail.len() - at - END)
    };
    let last = (0..=tail.len().saturating_sub(END)).rev().find(ends);
    let at = last.ok_or("it is cut short: the table at the end of the archive is missing")?;
    let end = start + at as u64;
    let mut fields = Fields(&tail[at..]);
    fields.skip(12);
    let (mut size, mut offset) = (fields.u32().map(u64::from), fields.u32().map(u64::from));
    if size == Some(u32::MAX.into()) || offset == Some(u32::MAX.into()) {
        // A record for large archives, whose place stands before this one.
        let locator = source.read(end.saturating_sub(20), 20)?;
        let mut fields = Fields(&locator);
        let signed = fields.u32() == Some(0x0706_4b50);
        fields.skip(4);
        let place = fields.u64().filter(|_| signed);
        let record = source.read(place.ok_or("its last record is broken")?, 56)?;
        let mut fields = Fields(&record);
        let signed = fields.u32() == Some(0x0606_4b50);
        fields.skip(36);
        (size, offset) = (fields.u64().filter(|_| signed), fields.u64());
    }
    let (Some(size), Some(offset)) = (size, offset) else {
        return Err("its last record is broken".to_owned());
    };
    match offset.checked_add(size).is_some_and(|stop| stop <= end) {
        true => source.read(offset, size),
        false => Err("its table of files lies outside the archive".to_owned()),
    }
}

/// One file of the table.
fn record(rest: &mut Fields<'_>) -> Result<(String, Stored), String> {
    let broken = || "its table of files is broken".to_owned();
    let read = |rest: &mut Fields<'_>| {
        let signed = rest.u32()? == 0x0201_4b50;
        rest.skip(4);
        let (flags, method) = (rest.u16()?, rest.u16()?);
        rest.skip(4);
        let (crc, packed, size) = (rest.u32()?, rest.u32()?, rest.u32()?);
        let (name, extra, comment) = (rest.u16()?, rest.u16()?, rest.u16()?);
        rest.skip(8);
        let header = rest.u32()?;
        let name = String::from_utf8_lossy(rest.take(name.into())?).into_owned();
        let extra = rest.take(extra.into())?;
        rest.take(comment.into())?;
        let sizes = large(extra, [size, packed, header])?;
        signed.then_some((name, flags, method, crc, sizes))
    };
    let (name, flags, method, crc, [size, packed, header]) = read(rest).ok_or_else(broken)?;
    let stored = flags & 1 == 0 && method == 0 && size == packed;
    Ok((name, Stored { header, size, crc, stored }))
}

/// Sizes and a place that may be too large for 32 bits: those stand in an extra field.
fn large(extra: &[u8], small: [u32; 3]) -> Option<[u64; 3]> {
    let mut fields = Fields(extra);
    let mut found = Fields(&[]);
    while let (Some(kind), Some(length)) = (fields.u16(), fields.u16()) {
        let content = fields.take(length.into())?;
        if kind == 1 {
            found = Fields(content);
        }
    }
    let mut values = [0; 3];
    for (value, small) in values.iter_mut().zip(small) {
        *value = match small {
            u32::MAX => found.u64()?,
            small => small.into(),
        };
    }
    Some(values)
}

/// Little-endian numbers, one after the other.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    fn skip(&mut self, length: usize) {
        self.0 = self.0.get(length..).unwrap_or_default();
    }

    fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_le_bytes)
    }

    fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Write};

    use zip::write::SimpleFileOptions;
    use zip::{CompressionMethod, ZipWriter};

    use super::*;

    fn packed(files: &[(&str, &[u8])], large: bool) -> Vec<u8> {
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Stored)
            .large_file(large);
        for (name, bytes) in files {
            zip.start_file(*name, options).unwrap();
            zip.write_all(bytes).unwrap();
        }
        zip.finish().unwrap().into_inner()
    }

    fn open(bytes: Vec<u8>) -> Result<Archive, String> {
        Archive::open(Source::memory(bytes))
    }

    #[test]
    fn stored_files_are_read_and_checked() {
        for large in [false, true] {
            let bytes = packed(&[("a/one", b"first"), ("a/two", b"PK\x01\x02PK\x05\x06")], large);
            let archive = open(bytes.clone()).unwrap();
            assert_eq!(archive.names().collect::<Vec<_>>(), ["a/one", "a/two"]);
            assert_eq!(archive.read("a/one", 5).unwrap(), b"first");
            assert_eq!(archive.read("a/two", 99).unwrap(), b"PK\x01\x02PK\x05\x06");
            assert!(archive.read("a/one", 4).unwrap_err().contains("5 bytes are more than the 4"));
            assert!(archive.read("a/three", 4).unwrap_err().contains("is not there"));
            let at = bytes.windows(5).position(|w| w == b"first").unwrap();
            let mut damaged = bytes;
            damaged[at] = b'F';
            let error = open(damaged).unwrap().read("a/one", 5).unwrap_err();
            assert!(error.contains("checksum"), "{error}");
        }
    }

    /// As TorchScript has its code beside its tensors.
    #[test]
    fn what_is_compressed_stands_in_nobodys_way() {
        let mut bytes = packed(&[("code", b"first"), ("data", b"second")], false);
        let record = bytes.windows(4).position(|w| w == b"PK\x01\x02").unwrap();
        bytes[record + 10] = 8;
        let archive = open(bytes).unwrap();
        assert_eq!(archive.read("data", 6).unwrap(), b"second");
        assert!(archive.read("code", 5).unwrap_err().contains("it is compressed"));
    }

    #[test]
    fn broken_archives_are_errors() {
        let whole = packed(&[("a", b"first"), ("b", b"second")], false);
        for cut in [0, 3, 21, whole.len() / 2, whole.len() - 1] {
            assert!(open(whole[..cut].to_vec()).is_err(), "{cut}");
        }
        // The place of the table in the last record.
        let mut wrong = whole.clone();
        let at = whole.len() - 6;
        wrong[at..at + 4].copy_from_slice(&u32::MAX.to_le_bytes());
        assert!(open(wrong.clone()).is_err());
        wrong[at..at + 4].copy_from_slice(&7u32.to_le_bytes());
        assert!(open(wrong).is_err());
    }
}
