//! The members of tar archives that others wrote, which may be broken or hostile.
//!
//! Headers are read one at a time and contents stay where they are. What a header says of a
//! member's name and size is believed up to a limit: general readers take as much memory as a
//! header asks for.

use std::io::{self, Read, Seek, SeekFrom};

use tar::{EntryType, Header};

/// Bytes of a block, in which headers and contents are laid out.
pub const BLOCK: u64 = 512;
/// Longest name of a member, and of what a link leads to, in bytes.
const NAME: u64 = 64 << 10;
/// Longest PAX records of a member, in bytes: file systems keep attributes there.
const RECORDS: u64 = 1 << 20;
/// Most headers that say more of one member.
const HEADERS: usize = 8;

/// What a member is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemberKind {
    /// A file whose content lies in the archive as it is.
    File,
    /// A folder.
    Folder,
    /// A link, a device, or a file with holes, whose content is not as it lies there.
    Other,
}

/// A member of an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its path as it is written.
    pub name: Vec<u8>,
    /// What it is.
    pub kind: MemberKind,
    /// Where its content begins.
    pub start: u64,
    /// Length of its content in bytes, as the archive says.
    pub size: u64,
}

/// Goes through the members of an archive.
#[derive(Debug)]
pub struct Members<R> {
    source: R,
    skip: fn(&mut R, u64) -> io::Result<()>,
    /// Where the source is.
    at: u64,
    /// Where the next header is, but for the blocks of a file with holes.
    next: u64,
    /// Whether more of a file's holes follows the last header.
    holes: bool,
}

/// What headers before a member's own say of it.
#[derive(Default)]
struct Said {
    name: Option<Vec<u8>>,
    size: Option<u64>,
    holes: bool,
    headers: usize,
}

impl<R: Read> Members<R> {
    /// Of an archive that can only be read on.
    pub fn streaming(source: R) -> Self {
        let skip = |source: &mut R, bytes| {
            let skipped = io::copy(&mut source.take(bytes), &mut io::sink())?;
            if skipped == bytes { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
        };
        Self { source, skip, at: 0, next: 0, holes: false }
    }

    /// The next member; none at the mark of the archive's end, or where it ends without one.
    ///
    /// # Errors
    /// What the system says; a header that is none, or says too much.
    pub fn next_member(&mut self) -> io::Result<Option<Member>> {
        let mut said = Said::default();
        loop {
            let Some(header) = self.header()? else {
                return match said.headers {
                    0 => Ok(None),
                    _ => Err(broken("it ends with a header that speaks of another".to_owned())),
                };
            };
            let kind = header.entry_type();
            let own = header.entry_size()?;
            let (start, size) = (self.at, said.size.filter(|_| !extends(kind)).unwrap_or(own));
            self.next = size
                .checked_next_multiple_of(BLOCK)
                .and_then(|size| start.checked_add(size))
                .ok_or_else(|| broken(format!("a member of {size} bytes is none")))?;
            if extends(kind) {
                said.headers += 1;
                if said.headers > HEADERS {
                    return Err(broken(format!("more than {HEADERS} headers are of one member")));
                }
                self.extend(kind, size, &mut said)?;
                continue;
            }
            let sparse = kind.is_gnu_sparse();
            self.holes = sparse && header.as_gnu().is_some_and(tar::GnuHeader::is_extended);
            return Ok(Some(Member {
                name: said.name.unwrap_or_else(|| header.path_bytes().into_owned()),
                kind: match kind {
                    EntryType::Directory => MemberKind::Folder,
                    EntryType::Regular | EntryType::Continuous if !said.holes => MemberKind::File,
                    _ => MemberKind::Other,
                },
                start,
                size,
            }));
        }
    }

    /// The content of the member that came last, to be read whole.
    pub fn content(&mut self, member: &Member) -> impl Read {
        self.at += member.size;
        (&mut self.source).take(member.size)
    }

    /// What follows the end.
    pub fn into_source(self) -> R {
        self.source
    }

    /// The next header that is not empty.
    fn header(&mut self) -> io::Result<Option<Header>> {
        // Of a file with holes, blocks with their places stand between header and content.
        while std::mem::take(&mut self.holes) {
            let mut block = tar::GnuExtSparseHeader::new();
            self.source.read_exact(block.as_mut_bytes())?;
            self.at += BLOCK;
            self.next = self.next.checked_add(BLOCK).ok_or(io::ErrorKind::InvalidData)?;
            self.holes = block.is_extended();
        }
        (self.skip)(&mut self.source, self.next - self.at)?;
        self.at = self.next;
        let mut header = Header::new_old();
        let bytes = header.as_mut_bytes();
        let mut read = 0;
        while read < bytes.len() {
            match self.source.read(&mut bytes[read..])? {
                0 if read == 0 => return Ok(None),
                0 => return Err(broken("it is cut off within a header".to_owned())),
                more => read += more,
            }
        }
        self.at += BLOCK;
        if header.as_bytes().iter().all(|byte| *byte == 0) {
            return Ok(None);
        }
        let sum = |bytes: &[u8]| bytes.iter().map(|byte| u32::from(*byte)).sum::<u32>();
        let bytes = header.as_bytes();
        // The checksum counts as blanks.
        if header.cksum()? != sum(&bytes[..148]) + 8 * u32::from(b' ') + sum(&bytes[156..]) {
            return Err(broken("the checksum of a header is wrong".to_owned()));
        }
        Ok(Some(header))
    }

    /// Takes what a header says of the member after it.
    fn extend(&mut self, kind: EntryType, size: u64, said: &mut Said) -> io::Result<()> {
        let (what, limit) = match kind {
            EntryType::GNULongName => ("a name", NAME),
            EntryType::GNULongLink => ("the name of a link", NAME),
            _ => ("the description of a member", RECORDS),
        };
        if size > limit {
            return Err(broken(format!("{what} has {size} bytes, more than {limit}")));
        }
        let mut content = Vec::new();
        (&mut self.source).take(size).read_to_end(&mut content)?;
        self.at += content.len() as u64;
        if (content.len() as u64) < size {
            return Err(broken(format!("it is cut off within {what}")));
        }
        match kind {
            EntryType::GNULongName => {
                if said.name.is_some() {
                    return Err(broken("a member has two names".to_owned()));
                }
                let end = content.iter().position(|byte| *byte == 0).unwrap_or(content.len());
                content.truncate(end);
                said.name = Some(content);
            }
            EntryType::XHeader => {
                for record in tar::PaxExtensions::new(&content) {
                    let record = record?;
                    match record.key_bytes() {
                        b"path" => said.name = Some(record.value_bytes().to_vec()),
                        b"size" => {
                            let size = record.value().ok().and_then(|size| size.parse().ok());
                            said.size = Some(size.ok_or_else(|| {
                                broken("the size of a member is no number".to_owned())
                            })?);
                        }
                        key => said.holes |= key.starts_with(b"GNU.sparse."),
                    }
                }
            }
            // Where links lead, and what is said of all members, changes no content.
            _ => {}
        }
        Ok(())
    }
}

impl<R: Read + Seek> Members<R> {
    /// Of an archive in a file, whose contents are passed over.
    pub fn seeking(source: R) -> Self {
        let skip = |source: &mut R, bytes| {
            let bytes = i64::try_from(bytes).map_err(|_| io::ErrorKind::InvalidData)?;
            source.seek(SeekFrom::Current(bytes)).map(|_| ())
        };
        Self { source, skip, at: 0, next: 0, holes: false }
    }
}

/// Whether a header speaks of the member after it.
fn extends(kind: EntryType) -> bool {
    kind.is_gnu_longname()
        || kind.is_gnu_longlink()
        || kind.is_pax_local_extensions()
        || kind.is_pax_global_extensions()
}

fn broken(why: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    /// A header of so many bytes, with so many of them there.
    fn header(kind: EntryType, name: &str, size: u64) -> Vec<u8> {
        let mut header = Header::new_gnu();
        header.set_entry_type(kind);
        header.set_path(name).unwrap();
        header.set_size(size);
        header.set_mode(0o644);
        header.set_cksum();
        header.as_bytes().to_vec()
    }

    fn padded(content: &[u8]) -> Vec<u8> {
        let mut content = content.to_vec();
        content.resize(content.len().next_multiple_of(BLOCK as usize), 0);
        content
    }

    fn all<R: Read>(mut members: Members<R>) -> Result<Vec<(String, MemberKind, u64)>, String> {
        let mut found = Vec::new();
        while let Some(member) = members.next_member().map_err(|e| e.to_string())? {
            let name = String::from_utf8(member.name).unwrap();
            found.push((name, member.kind, member.size));
        }
        Ok(found)
    }

    /// Both ways to read an archive say the same.
    #[track_caller]
    fn members(archive: &[u8]) -> Result<Vec<(String, MemberKind, u64)>, String> {
        let streamed = all(Members::streaming(archive));
        assert_eq!(all(Members::seeking(Cursor::new(archive))), streamed);
        streamed
    }

    #[test]
    fn members_are_found_as_the_library_writes_them() {
        let mut builder = tar::Builder::new(Vec::new());
        let long = format!("{}/file.txt", "folder".repeat(40));
        for (name, content) in [("a.txt", &b"one"[..]), (&long, &[7; 1000]), ("empty", b"")] {
            let mut header = Header::new_gnu();
            header.set_size(content.len() as u64);
            header.set_mode(0o644);
            builder.append_data(&mut header, name, content).unwrap();
        }
        builder.append_pax_extensions([("path", &b"renamed"[..]), ("size", b"3")]).unwrap();
        let mut archive = builder.into_inner().unwrap();
        archive.truncate(archive.len() - 2 * BLOCK as usize);
        archive.extend(header(EntryType::Regular, "short", 0));
        archive.extend(padded(b"two"));
        archive.extend(header(EntryType::Directory, "d/", 0));
        archive.extend(header(EntryType::Symlink, "link", 0));
        let file = |name: &str, size| (name.to_owned(), MemberKind::File, size);
        assert_eq!(
            members(&archive).unwrap(),
            [
                file("a.txt", 3),
                file(&long, 1000),
                file("empty", 0),
                file("renamed", 3),
                ("d/".to_owned(), MemberKind::Folder, 0),
                ("link".to_owned(), MemberKind::Other, 0),
            ]
        );
        let mut reader = Members::streaming(&archive[..]);
        let first = reader.next_member().unwrap().unwrap();
        let mut content = String::new();
        reader.content(&first).read_to_string(&mut content).unwrap();
        assert_eq!((content.as_str(), first.start), ("one", BLOCK));
        assert_eq!(reader.next_member().unwrap().unwrap().size, 1000);
    }

    /// A name of gigabytes is refused by its header: nothing of it is read.
    #[test]
    fn what_a_header_may_ask_for_has_a_limit() {
        for (kind, why) in [
            (EntryType::GNULongName, "a name has 6442450944 bytes, more than 65536"),
            (EntryType::GNULongLink, "the name of a link has 6442450944 bytes"),
            (EntryType::XHeader, "the description of a member has 6442450944 bytes"),
            (EntryType::XGlobalHeader, "the description of a member has 6442450944 bytes"),
        ] {
            let start = header(kind, "x", 6 << 30);
            let endless = start.as_slice().chain(io::repeat(b'a'));
            let error = all(Members::streaming(endless)).unwrap_err();
            assert!(error.contains(why), "{error}");
        }
        let name = [header(EntryType::GNULongLink, "x", 1), padded(b"y")].concat();
        assert!(members(&name.repeat(8)).unwrap_err().contains("speaks of another"));
        assert!(members(&name.repeat(9)).unwrap_err().contains("more than 8 headers"));
        let two = [header(EntryType::GNULongName, "x", 1), padded(b"y")].concat().repeat(2);
        assert!(members(&two).unwrap_err().contains("two names"));
        let size = header(EntryType::Regular, "x", u64::MAX);
        assert!(members(&size).unwrap_err().contains("is none"));
    }

    /// Its blocks are passed over one at a time, and it is no file.
    #[test]
    fn a_file_with_holes_is_none_and_takes_no_memory() {
        let mut sparse = Header::new_gnu();
        sparse.set_entry_type(EntryType::GNUSparse);
        sparse.set_path("holes.png").unwrap();
        sparse.set_size(3);
        let gnu = sparse.as_gnu_mut().unwrap();
        gnu.set_real_size(1 << 50);
        gnu.set_is_extended(true);
        sparse.set_cksum();
        let mut archive = sparse.as_bytes().to_vec();
        for more in [true, false] {
            let mut block = tar::GnuExtSparseHeader::new();
            block.isextended[0] = u8::from(more);
            archive.extend(block.as_bytes());
        }
        archive.extend(padded(b"abc"));
        archive.extend(header(EntryType::Regular, "after", 0));
        let after = ("after".to_owned(), MemberKind::File, 0);
        assert_eq!(
            members(&archive).unwrap(),
            [("holes.png".to_owned(), MemberKind::Other, 3), after.clone()]
        );
        let mut builder = tar::Builder::new(Vec::new());
        builder.append_pax_extensions([("GNU.sparse.major", &b"1"[..])]).unwrap();
        let mut archive = builder.into_inner().unwrap();
        archive.truncate(archive.len() - 2 * BLOCK as usize);
        archive.extend(
            [header(EntryType::Regular, "x", 0), header(EntryType::Regular, "after", 0)].concat(),
        );
        assert_eq!(members(&archive).unwrap(), [("x".to_owned(), MemberKind::Other, 0), after]);
    }

    #[test]
    fn archives_that_are_cut_off_or_damaged_say_so() {
        let whole = [header(EntryType::Regular, "x", 600), padded(&[1; 600])].concat();
        assert_eq!(members(&whole).unwrap().len(), 1);
        assert!(members(&whole[..300]).unwrap_err().contains("cut off within a header"));
        let mut damaged = whole;
        damaged[0] = b'y';
        assert!(members(&damaged).unwrap_err().contains("checksum"));
    }
}
