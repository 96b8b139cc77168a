//! Where the files of a manifest lie: below a root, in a second folder, or inside archives.

use std::collections::{BTreeMap, HashMap};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use proofmark_base::foreign::{self, IMAGE_FILE};

/// Between the path of an archive and that of a member.
pub const INSIDE: &str = "!/";

/// The folders and archives of one data set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Files {
    root: PathBuf,
    /// Folders elsewhere, by the first part of the paths that lead to them.
    elsewhere: BTreeMap<String, PathBuf>,
    /// The members of each archive, by its path.
    archives: BTreeMap<String, Members>,
}

/// Where each member of an archive begins and how long it is, by its path.
pub type Members = HashMap<String, (u64, u64)>;

/// Where the bytes of a path lie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file.
    pub file: PathBuf,
    /// Its part, if not all of it: first byte and length.
    pub part: Option<(u64, u64)>,
}

impl Files {
    /// Files below a root.
    pub fn at(root: PathBuf) -> Self {
        Self { root, ..Self::default() }
    }

    /// The root.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Folders elsewhere, by the first part of the paths that lead to them.
    pub fn elsewhere(&self) -> &BTreeMap<String, PathBuf> {
        &self.elsewhere
    }

    /// The members of each archive, by its path.
    pub fn archives(&self) -> &BTreeMap<String, Members> {
        &self.archives
    }

    /// Lets paths that begin with `name/` lead to another folder.
    pub fn mount(&mut self, name: &str, folder: PathBuf) {
        self.elsewhere.insert(name.to_owned(), folder);
    }

    /// Makes the members of an archive known.
    pub fn add_archive(&mut self, path: String, members: Members) {
        self.archives.insert(path, members);
    }

    /// The file of a path, which for a member is its archive.
    pub fn file(&self, path: &str) -> PathBuf {
        let path = path.split_once(INSIDE).map_or(path, |(archive, _)| {
            if self.archives.contains_key(archive) { archive } else { path }
        });
        let (name, rest) = path.split_once('/').unwrap_or((path, ""));
        match self.elsewhere.get(name) {
            Some(folder) => folder.join(rest),
            None => self.root.join(path),
        }
    }

    /// Where the bytes of a path lie. A member that its archive does not have has no bytes.
    pub fn place(&self, path: &str) -> Place {
        let part = path.split_once(INSIDE).and_then(|(archive, member)| {
            let members = self.archives.get(archive)?;
            Some(members.get(member).copied().unwrap_or_default())
        });
        Place { file: self.file(path), part }
    }
}

impl Place {
    /// Reads the bytes.
    ///
    /// # Errors
    /// What the system says; a part beyond the end of its file.
    pub fn read(&self) -> io::Result<Vec<u8>> {
        let Some((start, length)) = self.part else {
            return foreign::file(&self.file, IMAGE_FILE);
        };
        foreign::check_length(length, IMAGE_FILE)?;
        let mut file = foreign::open(&self.file)?;
        file.seek(SeekFrom::Start(start))?;
        let mut bytes = Vec::new();
        // The length is another's word: memory is taken for what is there, not for what is said.
        file.take(length).read_to_end(&mut bytes)?;
        if bytes.len() as u64 != length {
            let why = format!("the archive ends after {} of {length} bytes", bytes.len());
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, why));
        }
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::tree;

    #[test]
    fn paths_lead_to_files_folders_elsewhere_and_members() {
        let (_dir, root) = tree(&["a/1.png=abcdef", "other/x.png=xyz"]);
        let mut files = Files::at(root.clone());
        files.mount("reals", root.join("other"));
        files.add_archive("a/1.png".into(), [("m/1.png".to_owned(), (2, 3))].into());
        assert_eq!(files.place("a/1.png").read().unwrap(), b"abcdef");
        assert_eq!(files.place("reals/x.png").read().unwrap(), b"xyz");
        assert_eq!(files.place("a/1.png!/m/1.png").read().unwrap(), b"cde");
        assert_eq!(files.file("a/1.png!/m/1.png"), root.join("a/1.png"));
        assert_eq!(files.place("a/1.png!/m/2.png").read().unwrap(), b"");
        // A `!/` of a folder's name is no archive.
        assert_eq!(files.file("a!/1.png"), root.join("a!/1.png"));
        assert!(files.place("a/2.png").read().is_err());
    }

    #[test]
    fn a_part_beyond_the_end_is_an_error() {
        let (_dir, root) = tree(&["t=abc"]);
        let read = |length| {
            let place = Place { file: root.join("t"), part: Some((1, length)) };
            place.read().unwrap_err().to_string()
        };
        assert_eq!(read(3), "the archive ends after 2 of 3 bytes");
        assert_eq!(read(u64::MAX), "18446744073709551615 bytes are more than 1073741824");
    }
}
