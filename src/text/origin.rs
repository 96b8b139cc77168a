//! Where something was written: a byte range of a source file.

/// A source file, by its place among those that were read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileId(pub u32);

impl FileId {
    /// The file that was loaded, as opposed to those that it imports.
    pub const ROOT: Self = Self(0);
}

/// A byte range `start..end` of one source file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Origin {
    /// The file.
    pub file: FileId,
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Default for Origin {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl Origin {
    /// The origin of a value that no file states: a documented default.
    pub const DEFAULT: Self = Self { file: FileId(u32::MAX), start: 0, end: 0 };

    /// Whether it is in the file that was loaded, as opposed to those that it imports.
    pub fn is_own(self) -> bool {
        self.file == FileId::ROOT
    }

    /// Whether the value is a default that no file states.
    pub fn is_default(self) -> bool {
        self == Self::DEFAULT
    }
}
