//! Source files: reading them by path, and finding lines and columns in them.

use std::collections::BTreeMap;
use std::io;
use std::path::{Component, Path, PathBuf};

use miette::{MietteError, MietteSpanContents, SourceCode, SourceSpan, SpanContents};

use super::span::{FileId, Origin};
use super::syntax::chunks;

/// Where the texts of experiment files come from.
pub trait Files {
    /// The bytes of a file.
    ///
    /// # Errors
    /// As the file system says: not found, a directory, no permission.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;

    /// Something equal for two paths exactly when they lead to the same file.
    fn identity(&self, path: &Path) -> PathBuf;

    /// Names of the files in a folder, sorted; none if it cannot be read. They serve to suggest
    /// where a name may come from.
    fn list(&self, folder: &Path) -> Vec<String>;
}

/// Files on disk.
#[derive(Clone, Copy, Debug, Default)]
pub struct DiskFiles;

impl Files for DiskFiles {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        use io::Read;
        // Opening a pipe would wait for its other end, and a device may never end.
        let metadata = std::fs::metadata(path)?;
        if metadata.is_dir() {
            return Err(io::Error::from(io::ErrorKind::IsADirectory));
        }
        if !metadata.is_file() {
            return Err(io::Error::other("it is not a regular file"));
        }
        // One byte over the limit is enough to know that a file is too large.
        let file = std::fs::File::open(path)?;
        let mut bytes = Vec::new();
        file.take(super::load::FILE_LIMIT as u64 + 1).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn identity(&self, path: &Path) -> PathBuf {
        std::fs::canonicalize(path).unwrap_or_else(|_| normalized(path))
    }

    fn list(&self, folder: &Path) -> Vec<String> {
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        // A folder of very many files is no folder of experiments.
        let names = entries.take(10_000).filter_map(|entry| entry.file_name().into_string().ok());
        let mut names: Vec<String> = names.collect();
        names.sort();
        names
    }
}

/// Files in memory, for tests and for text that has no file yet.
#[derive(Clone, Debug, Default)]
pub struct MemoryFiles(BTreeMap<PathBuf, Vec<u8>>);

impl MemoryFiles {
    /// Adds or replaces a file.
    #[must_use]
    pub fn with(mut self, path: impl AsRef<Path>, text: impl Into<Vec<u8>>) -> Self {
        self.0.insert(normalized(path.as_ref()), text.into());
        self
    }
}

impl Files for MemoryFiles {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let path = normalized(path);
        match self.0.get(&path) {
            Some(bytes) => Ok(bytes.clone()),
            None if self.0.keys().any(|file| file.starts_with(&path)) => {
                Err(io::Error::from(io::ErrorKind::IsADirectory))
            }
            None => Err(io::Error::from(io::ErrorKind::NotFound)),
        }
    }

    fn identity(&self, path: &Path) -> PathBuf {
        normalized(path)
    }

    fn list(&self, folder: &Path) -> Vec<String> {
        let folder = normalized(folder);
        let inside = self.0.keys().filter(|file| file.parent() == Some(&folder));
        inside.filter_map(|file| Some(file.file_name()?.to_str()?.to_owned())).collect()
    }
}

/// A path without `.` and, where the parent is named, without `..`.
pub fn normalized(path: &Path) -> PathBuf {
    let mut parts: Vec<Component<'_>> = Vec::new();
    for part in path.components() {
        match (part, parts.last()) {
            (Component::CurDir, _) => {}
            (Component::ParentDir, Some(Component::Normal(_))) => {
                parts.pop();
            }
            (Component::ParentDir, Some(Component::RootDir)) => {}
            _ => parts.push(part),
        }
    }
    parts.into_iter().collect()
}

/// A place for people.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The file as the user would name it.
    pub file: PathBuf,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

#[derive(Clone, Debug)]
struct SourceFile {
    path: PathBuf,
    /// How messages name it.
    shown: PathBuf,
    text: String,
    /// First offset in the space that all files share.
    base: usize,
    line_starts: Vec<usize>,
}

/// Longest line that is shown whole, in bytes. miette lays out in columns, of which there are
/// 65,535, and nobody reads more than a few hundred of them.
const LINE: usize = 400;

fn has_long_line(text: &[u8]) -> bool {
    text.split(|byte| *byte == b'\n').any(|line| line.len() > LINE)
}

impl SourceFile {
    /// The surroundings of a span, without what is further away than can be shown.
    fn part<'a>(
        &'a self,
        span: &SourceSpan,
        whole: &dyn SpanContents<'a>,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        // Labels that are far apart are shown one by one.
        if span.len() > LINE {
            return Err(MietteError::OutOfBounds);
        }
        let (first, last) = (whole.span().offset(), whole.span().offset() + whole.span().len());
        let start = self.text.floor_char_boundary(span.offset().saturating_sub(LINE / 2));
        let end = self.text.ceil_char_boundary(span.offset() + span.len() + LINE / 2);
        let (start, end) = (start.max(first), end.min(last));
        let lines = |text: &str| text.matches('\n').count();
        Ok(Box::new(MietteSpanContents::new_named(
            self.path.display().to_string(),
            &self.text.as_bytes()[start..end],
            (self.base + start, end - start).into(),
            whole.line() + lines(&self.text[first..start]),
            whole.column(),
            lines(&self.text[start..end]) + 1,
        )))
    }
}

/// All files that were read, also those with errors.
///
/// As miette's [`SourceCode`] it is one space of offsets in which a file begins one
/// past the end of the file before it. A span that leaves its file is out of
/// bounds, which keeps labels in different files apart.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    files: Vec<SourceFile>,
}

impl Sources {
    /// Adds a file.
    pub(super) fn add(&mut self, path: PathBuf, text: String) -> FileId {
        let base = self.files.last().map_or(0, |file| file.base + file.text.len() + 1);
        let line_starts =
            std::iter::once(0).chain(text.match_indices('\n').map(|(i, _)| i + 1)).collect();
        let shown = path.clone();
        self.files.push(SourceFile { path, shown, text, base, line_starts });
        FileId((self.files.len() - 1) as u32)
    }

    /// Names the files below a folder without it: where the folder is a temporary one, its path
    /// would mean nothing to a reader.
    pub fn show_below(&mut self, folder: &Path) {
        for file in &mut self.files {
            if let Ok(below) = file.path.strip_prefix(folder) {
                file.shown = below.to_owned();
            }
        }
    }

    fn file(&self, id: FileId) -> Option<&SourceFile> {
        self.files.get(id.0 as usize)
    }

    /// Every file, in the order of reading.
    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        self.files.iter().map(|file| file.path.as_path())
    }

    /// Every file with its text, in the order of reading.
    pub fn texts(&self) -> impl Iterator<Item = (&Path, &str)> {
        self.files.iter().map(|file| (file.path.as_path(), file.text.as_str()))
    }

    /// The file that was read first, the one that imports the others, as the user would name it.
    pub fn root(&self) -> Option<&Path> {
        self.files.first().map(|file| file.shown.as_path())
    }

    /// The path of a file as the user would name it.
    pub fn path(&self, id: FileId) -> Option<&Path> {
        self.file(id).map(|file| file.shown.as_path())
    }

    /// The text of a file.
    pub fn text(&self, id: FileId) -> Option<&str> {
        self.file(id).map(|file| file.text.as_str())
    }

    /// The text at an origin; nothing for a default.
    pub fn excerpt(&self, origin: Origin) -> Option<&str> {
        self.text(origin.file)?.get(origin.start as usize..origin.end as usize)
    }

    /// The top-level declaration that an origin lies in, as an origin of its own; nothing for a
    /// default.
    pub fn declaration(&self, origin: Origin) -> Option<Origin> {
        let text = self.text(origin.file)?;
        let (chunks, _) = chunks(text, origin.file);
        let at = origin.start as usize;
        let span = chunks.into_iter().map(|chunk| chunk.span).find(|span| span.contains(&at))?;
        Some(Origin { file: origin.file, start: span.start as u32, end: span.end as u32 })
    }

    /// Where an origin begins; nothing for a default.
    pub fn place(&self, origin: Origin) -> Option<Place> {
        self.place_at(origin.file, origin.start as usize)
    }

    /// Where an origin ends: the place after its last character.
    pub fn end_place(&self, origin: Origin) -> Option<Place> {
        self.place_at(origin.file, origin.end as usize)
    }

    fn place_at(&self, id: FileId, offset: usize) -> Option<Place> {
        let file = self.file(id)?;
        let line = file.line_starts.partition_point(|&start| start <= offset) - 1;
        let before = file.text.get(file.line_starts[line]..offset)?;
        Some(Place {
            file: file.shown.clone(),
            line: line as u32 + 1,
            column: before.chars().count() as u32 + 1,
        })
    }

    /// An origin in the offsets that all files share. Of a line that is too long to be shown the
    /// first part.
    pub(super) fn global(&self, origin: Origin) -> Option<SourceSpan> {
        let file = self.file(origin.file)?;
        let mut length = (origin.end - origin.start) as usize;
        let excerpt = self.excerpt(origin).unwrap_or_default();
        if has_long_line(excerpt.as_bytes()) {
            let line = excerpt.split('\n').next().unwrap_or_default();
            length = line.floor_char_boundary(LINE);
        }
        Some(SourceSpan::new((file.base + origin.start as usize).into(), length))
    }
}

impl SourceCode for Sources {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        context_lines_before: usize,
        context_lines_after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let at = self.files.partition_point(|file| file.base <= span.offset());
        let file = at.checked_sub(1).map(|i| &self.files[i]).ok_or(MietteError::OutOfBounds)?;
        let local = span.offset() - file.base;
        if local + span.len() > file.text.len() {
            return Err(MietteError::OutOfBounds);
        }
        let local = SourceSpan::new(local.into(), span.len());
        let found = file.text.read_span(&local, context_lines_before, context_lines_after)?;
        // Without context it is asked for line and column alone.
        let shown = context_lines_before + context_lines_after > 0;
        if shown && has_long_line(found.data()) {
            return file.part(&local, &*found);
        }
        let shifted = (found.span().offset() + file.base, found.span().len()).into();
        Ok(Box::new(MietteSpanContents::new_named(
            file.path.display().to_string(),
            found.data(),
            shifted,
            found.line(),
            found.column(),
            found.line_count(),
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(file: FileId, start: u32, end: u32) -> Origin {
        Origin { file, start, end }
    }

    #[test]
    fn places_count_lines_and_characters() {
        let mut sources = Sources::default();
        let id = sources.add("a.kdl".into(), "één\nzwei drei\n".into());
        assert_eq!(sources.place(origin(id, 0, 1)).unwrap().column, 1);
        let second = sources.place(origin(id, 11, 15)).unwrap();
        assert_eq!((second.line, second.column), (2, 6));
        assert_eq!(sources.excerpt(origin(id, 11, 15)), Some("drei"));
        assert_eq!(sources.place(origin(id, 4, 5)).unwrap().column, 3, "é has two bytes");
        assert_eq!(sources.place(Origin::DEFAULT), None);
    }

    #[test]
    fn a_declaration_is_found_by_what_is_in_it() {
        let text = "init a { random }\n\n// about b\ninit b {\n    random\n}\n";
        let mut sources = Sources::default();
        let id = sources.add("a.kdl".into(), text.into());
        let at = text.rfind("random").unwrap() as u32;
        let found = sources.declaration(origin(id, at, at + 6)).unwrap();
        assert_eq!(sources.excerpt(found), Some("init b {\n    random\n}"));
        assert_eq!(sources.declaration(Origin::DEFAULT), None);
    }

    #[test]
    fn a_span_over_two_files_is_out_of_bounds() {
        let mut sources = Sources::default();
        let one = sources.add("one".into(), "abc".into());
        let two = sources.add("two".into(), "def".into());
        let span = sources.global(origin(two, 1, 2)).unwrap();
        assert_eq!(sources.read_span(&span, 0, 0).unwrap().name(), Some("two"));
        let start = sources.global(origin(one, 1, 2)).unwrap().offset();
        let both = SourceSpan::new(start.into(), span.offset() - start);
        assert!(sources.read_span(&both, 0, 0).is_err());
    }

    #[test]
    fn normalized_paths_keep_leading_parents() {
        assert_eq!(normalized(Path::new("a/./b/../c")), Path::new("a/c"));
        assert_eq!(normalized(Path::new("../../x")), Path::new("../../x"));
        assert_eq!(normalized(Path::new("/../x")), Path::new("/x"));
    }
}
