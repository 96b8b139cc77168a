//! Source files: reading them by path, and finding lines and columns in them.

use std::collections::BTreeMap;
use std::io;
use std::ops::Range;
use std::path::{Component, Path, PathBuf};
use std::sync::OnceLock;

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
        file.take(super::limits::FILE_LIMIT as u64 + 1).read_to_end(&mut bytes)?;
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

/// Most bytes that are shown of what a label points at, and on either side of it: a line longer
/// than that is no line that somebody wrote.
const SHOWN: usize = 400;
/// Most bytes from the first to the last of the labels that are shown in one piece.
const TOGETHER: usize = 4000;

#[derive(Clone, Debug)]
struct SourceFile {
    path: PathBuf,
    /// How messages name it.
    shown: PathBuf,
    text: String,
    /// First offset in the space that all files share.
    base: usize,
    line_starts: Vec<usize>,
    /// Its top-level declarations in order, found when the first is asked for.
    declarations: OnceLock<Vec<Range<usize>>>,
}

impl SourceFile {
    /// The line, from 0, that an offset is in.
    fn line(&self, offset: usize) -> usize {
        self.line_starts.partition_point(|&start| start <= offset) - 1
    }

    /// Where a line begins; beyond the last one, where the text ends.
    fn line_start(&self, line: usize) -> usize {
        self.line_starts.get(line).copied().unwrap_or(self.text.len())
    }

    /// A span with the lines around it, or what is near of lines that are too long: all that miette
    /// need read, which begins at the beginning of what it is given.
    fn around(&self, span: Range<usize>, before: usize, after: usize) -> Range<usize> {
        let (first, last) = (self.line(span.start).saturating_sub(before), self.line(span.end));
        let start = self.line_start(first).max(span.start.saturating_sub(SHOWN));
        let end = self.line_start(last + after + 2).min(span.end + SHOWN);
        self.text.floor_char_boundary(start)..self.text.ceil_char_boundary(end)
    }

    /// The column, from 0, of an offset in its line.
    fn column(&self, offset: usize) -> Option<usize> {
        let before = self.text.get(self.line_start(self.line(offset))..offset)?;
        Some(before.chars().count())
    }
}

/// Where each line of a text begins. `\n`, `\r\n` and a `\r` alone end one, as editors and miette
/// have it.
fn line_starts(text: &str) -> Vec<usize> {
    let bytes = text.as_bytes();
    let ends = |&i: &usize| match bytes[i] {
        b'\n' => true,
        b'\r' => bytes.get(i + 1) != Some(&b'\n'),
        _ => false,
    };
    std::iter::once(0).chain((0..bytes.len()).filter(ends).map(|i| i + 1)).collect()
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
        let (shown, line_starts) = (path.clone(), line_starts(&text));
        let declarations = OnceLock::new();
        self.files.push(SourceFile { path, shown, text, base, line_starts, declarations });
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
        let file = self.file(origin.file)?;
        let declarations = file.declarations.get_or_init(|| {
            let (chunks, _) = chunks(&file.text, origin.file);
            chunks.into_iter().map(|chunk| chunk.span).collect()
        });
        let at = origin.start as usize;
        let span = &declarations[declarations.partition_point(|span| span.end <= at)..];
        let span = span.first().filter(|span| span.contains(&at))?;
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
        Some(Place {
            file: file.shown.clone(),
            line: file.line(offset) as u32 + 1,
            column: file.column(offset)? as u32 + 1,
        })
    }

    /// An origin in the offsets that all files share; of a long one its beginning, which is what
    /// is underlined.
    pub(super) fn global(&self, origin: Origin) -> Option<SourceSpan> {
        let file = self.file(origin.file)?;
        let start = origin.start as usize;
        let length = file.text.get(start..origin.end as usize)?.floor_char_boundary(SHOWN);
        Some(SourceSpan::new((file.base + start).into(), length))
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
        let start = span.offset() - file.base;
        let end = start + span.len();
        if end > file.text.len() || span.len() > TOGETHER {
            return Err(MietteError::OutOfBounds);
        }
        let near = file.around(start..end, context_lines_before, context_lines_after);
        let local = SourceSpan::new((start - near.start).into(), span.len());
        let text = &file.text[near.clone()];
        let found = text.read_span(&local, context_lines_before, context_lines_after)?;
        let shifted = near.start + found.span().offset();
        Ok(Box::new(MietteSpanContents::new_named(
            file.shown.display().to_string(),
            found.data(),
            (file.base + shifted, found.span().len()).into(),
            file.line(shifted),
            file.column(shifted).unwrap_or_default(),
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
    fn a_source_is_lexed_once_for_all_its_declarations() {
        let text: String = (0..500).map(|i| format!("init i{i} {{ random }}\n")).collect();
        let mut sources = Sources::default();
        let id = sources.add("a.kdl".into(), text.clone());
        let before = crate::syntax::lexed();
        for (start, _) in text.match_indices("random") {
            let at = start as u32;
            let found = sources.declaration(origin(id, at, at + 6)).unwrap();
            assert!(sources.excerpt(found).unwrap().ends_with("{ random }"), "{found:?}");
        }
        assert_eq!(sources.declaration(origin(id, text.len() as u32, text.len() as u32)), None);
        assert_eq!(crate::syntax::lexed() - before, text.len());
    }

    #[test]
    fn lines_end_as_editors_have_it() {
        let mut sources = Sources::default();
        let id = sources.add("a.kdl".into(), "a\r\nb\rc\nd".into());
        let line = |at| sources.place(origin(id, at, at)).unwrap();
        let lines = [0, 3, 5, 7].map(|at| (line(at).line, line(at).column));
        assert_eq!(lines, [(1, 1), (2, 1), (3, 1), (4, 1)]);
    }

    /// Whatever is in front of a place, and however long its line is.
    #[test]
    fn what_is_read_for_a_label_does_not_grow_with_the_file() {
        for n in [10, 100_000] {
            let mut sources = Sources::default();
            let lines = sources.add("a.kdl".into(), "one line\n".repeat(n) + "here\nand after\n");
            let long = sources.add("b.kdl".into(), "é ".repeat(n) + "here" + &" é".repeat(n));
            let file = |id: FileId| &sources.files[id.0 as usize];
            let at = file(lines).text.find("here").unwrap();
            let near = file(lines).around(at..at + 4, 1, 1);
            assert_eq!(&file(lines).text[near], "one line\nhere\nand after\n");
            let at = file(long).text.find("here").unwrap();
            assert!(file(long).around(at..at + 4, 1, 1).len() <= 2 * SHOWN + 8);
            let span = sources.global(origin(long, at as u32, at as u32 + 4)).unwrap();
            let found = sources.read_span(&span, 0, 0).unwrap();
            assert_eq!((found.line(), found.column()), (0, 2 * n));
            assert_eq!(found.data(), b"here");
        }
    }

    #[test]
    fn of_a_long_place_the_beginning_is_underlined() {
        let mut sources = Sources::default();
        let id = sources.add("a.kdl".into(), "x".repeat(100_000));
        assert_eq!(sources.global(origin(id, 5, 99_000)).unwrap().len(), SHOWN);
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
