//! Files to a checked project: imports, then resolution, then lints.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashSet};
use std::io;
use std::path::{Path, PathBuf};

use super::check;
use super::diagnostic::{Code, Diagnostic, Severity, Sink};
use super::elsewhere::Elsewhere;
use super::limits::FILE_LIMIT;
use super::lint;
use super::model::Project;
use super::resolve::Declarations;
use super::source::{Files, Sources, normalized};
use super::span::Origin;
use super::suggest::near;
use super::tree::{self, Node, Scalar};

/// Longest chain of imports.
pub const IMPORT_LIMIT: usize = 32;

/// What a file and its imports say, and what is wrong with them.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The declarations that are right.
    pub project: Project,
    /// The files that were read.
    pub sources: Sources,
    /// Everything that is wrong, by file and place.
    pub diagnostics: Vec<Diagnostic>,
    /// How many more diagnostics there were than are kept of one file.
    pub omitted: usize,
}

impl Loaded {
    /// Whether anything is wrong that stops a run.
    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
    }
}

/// Reads a file and everything it imports, and checks it all.
///
/// Nothing is returned early: what is wrong in one place hides nothing elsewhere.
pub fn load(path: &Path, files: &dyn Files) -> Loaded {
    let files = Listed { files, folders: RefCell::default() };
    let (sources, mut sink, mut declarations) = read(path, &files);
    let mut project = declarations.resolve(&sources, &Elsewhere::new(&files), &mut sink);
    lint::lint(&project, &declarations, &mut sink);
    project.keep_own();
    let (diagnostics, omitted) = sink.finish();
    Loaded { project, sources, diagnostics, omitted }
}

/// Reads a file and everything it imports: the declarations that are there, and what is wrong with
/// the files themselves.
pub(super) fn read(path: &Path, files: &dyn Files) -> (Sources, Sink, Declarations) {
    let mut loader = Loader {
        files,
        sources: Sources::default(),
        sink: Sink::default(),
        declarations: Declarations::default(),
        read: HashSet::new(),
        chain: Vec::new(),
    };
    loader.file(path, None);
    let Loader { sources, sink, declarations, .. } = loader;
    (sources, sink, declarations)
}

/// Checks a part of an experiment file: nodes of any level, against the schema alone.
///
/// Names need not be declared, and nothing is decoded: the project is empty.
pub fn check_fragment(path: &Path, text: &str) -> Loaded {
    let mut sources = Sources::default();
    let file = sources.add(path.to_owned(), text.to_owned());
    let parsed = tree::parse(text, file);
    let mut sink = Sink::default();
    for error in parsed.errors {
        sink.report(error);
    }
    for node in &parsed.nodes {
        check::fragment(node, &sources, &mut sink);
    }
    let (diagnostics, omitted) = sink.finish();
    Loaded { project: Project::default(), sources, diagnostics, omitted }
}

struct Loader<'a> {
    files: &'a dyn Files,
    sources: Sources,
    sink: Sink,
    declarations: Declarations,
    /// Identities of the files read.
    read: HashSet<PathBuf>,
    /// Identities and names of the files that are being imported right now.
    chain: Vec<(PathBuf, PathBuf)>,
}

impl Loader<'_> {
    fn fail(&mut self, diagnostic: Diagnostic) {
        self.declarations.names.incomplete = true;
        self.sink.report(diagnostic);
    }

    fn file(&mut self, path: &Path, import: Option<Origin>) {
        let identity = self.files.identity(path);
        // The shorter name, unless a symbolic link makes it mean another file.
        let short = normalized(path);
        let path = if self.files.identity(&short) == identity { short } else { path.to_owned() };
        let at = import.unwrap_or(Origin::DEFAULT);
        if let Some(begin) = self.chain.iter().position(|(other, _)| *other == identity) {
            let names: Vec<String> = self.chain[begin..]
                .iter()
                .map(|(_, name)| name)
                .chain([&path])
                .map(|name| format!("`{}`", name.display()))
                .collect();
            self.fail(
                Diagnostic::error(Code::ImportCycle, "files that import each other")
                    .text(names.join(" imports "))
                    .at(at, "closes the circle")
                    .help("move what they share into a file of its own"),
            );
            return;
        }
        if self.read.contains(&identity) {
            return;
        }
        if self.chain.len() >= IMPORT_LIMIT {
            self.fail(
                Diagnostic::error(Code::ImportTooDeep, "a chain of imports that is too long")
                    .text(format!("at most {IMPORT_LIMIT} files may import one another in a row"))
                    .at(at, "one too many")
                    .help("import the file from one nearer to the beginning"),
            );
            return;
        }
        self.read.insert(identity.clone());
        let Some((text, valid)) = self.text(&path, at) else { return };
        let file = self.sources.add(path.clone(), text);
        if let Some(length) = valid {
            let at = Origin { file, start: length as u32, end: length as u32 };
            self.fail(
                Diagnostic::error(Code::NotUtf8, format!("`{}` is not UTF-8 text", path.display()))
                    .at(at, "not a character")
                    .help("save the file as UTF-8"),
            );
            return;
        }
        let text = self.sources.text(file).unwrap_or_default().to_owned();
        let parsed = tree::parse(&text, file);
        for error in parsed.errors {
            self.sink.report(error);
        }
        self.declarations.broken(&parsed.broken);
        self.chain.push((identity, path.clone()));
        for node in parsed.nodes {
            if node.name.value == "import" {
                self.import(&node, &path);
            } else {
                self.declarations.nodes.push(node);
            }
        }
        self.chain.pop();
    }

    fn import(&mut self, node: &Node, importer: &Path) {
        self.declarations.check_import(node, &self.sources, &mut self.sink);
        let Some(argument) = node.arguments.first() else { return };
        if let Scalar::Text(relative) = &argument.scalar {
            let folder = importer.parent().unwrap_or(Path::new(""));
            self.file(&folder.join(relative), Some(argument.origin));
        }
    }

    /// The text of a file, and where it stops being UTF-8.
    fn text(&mut self, path: &Path, at: Origin) -> Option<(String, Option<usize>)> {
        let bytes = match self.files.read(path) {
            Ok(bytes) => bytes,
            Err(_) if self.sink.crowded(at) => {
                self.declarations.names.incomplete = true;
                return None;
            }
            Err(error) => {
                let importer = self.chain.last().map(|(_, name)| name.as_path());
                let near = nearby(self.files, path, importer);
                self.fail(unreadable(path, at, &error, near));
                return None;
            }
        };
        if bytes.len() > FILE_LIMIT {
            self.fail(
                Diagnostic::error(Code::FileTooLarge, format!("`{}` is too large", path.display()))
                    .text(format!("an experiment file has at most {} MiB", FILE_LIMIT >> 20))
                    .at(at, "imported here")
                    .help("put lists of files or frames into a CSV or Parquet file and declare `layout table`"),
            );
            return None;
        }
        match String::from_utf8(bytes) {
            Ok(text) => Some((text, None)),
            Err(error) => {
                let valid = error.utf8_error().valid_up_to();
                Some((String::from_utf8_lossy(error.as_bytes()).into_owned(), Some(valid)))
            }
        }
    }
}

/// Files whose folders are listed once, however many names are looked for in them.
struct Listed<'a> {
    files: &'a dyn Files,
    folders: RefCell<BTreeMap<PathBuf, Vec<String>>>,
}

impl Files for Listed<'_> {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.files.read(path)
    }

    fn identity(&self, path: &Path) -> PathBuf {
        self.files.identity(path)
    }

    fn list(&self, folder: &Path) -> Vec<String> {
        let mut folders = self.folders.borrow_mut();
        let listed = folders.entry(folder.to_owned()).or_insert_with(|| self.files.list(folder));
        listed.clone()
    }
}

/// Folders in which a file that is not there is looked for, from that of the file that imports it.
const FOLDERS: [&str; 5] = ["datasets", "experiments", "..", "../datasets", "../experiments"];

/// A file that was probably meant by one that is not there, as it would be named.
fn nearby(files: &dyn Files, path: &Path, importer: Option<&Path>) -> Option<String> {
    let name = path.file_name()?.to_str()?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let base = importer.map_or(folder, |importer| importer.parent().unwrap_or(Path::new("")));
    let beside: Vec<String> =
        files.list(folder).into_iter().filter(|file| file.ends_with(".kdl")).collect();
    let whole = format!("{name}.kdl");
    let meant = beside.contains(&whole).then_some(whole.as_str());
    if let Some(meant) = meant.or_else(|| near(name, beside.iter().map(String::as_str))) {
        let relative = folder.strip_prefix(base).ok()?.join(meant);
        return Some(match importer {
            Some(_) => relative.display().to_string(),
            None => folder.join(meant).display().to_string(),
        });
    }
    let holds =
        |sub: &str| files.list(&base.join(sub)).iter().any(|file| file == name || *file == whole);
    let sub = FOLDERS.into_iter().find(|sub| holds(sub))?;
    let name = if name.ends_with(".kdl") { name } else { whole.as_str() };
    Some(match importer {
        Some(_) => format!("{sub}/{name}"),
        None => base.join(sub).join(name).display().to_string(),
    })
}

fn unreadable(path: &Path, at: Origin, error: &io::Error, near: Option<String>) -> Diagnostic {
    let name = path.display();
    match error.kind() {
        io::ErrorKind::NotFound => {
            let rule = match at.is_default() {
                true => "check the path",
                false => "an import is relative to the file that imports it",
            };
            Diagnostic::error(Code::MissingFile, format!("there is no file `{name}`"))
                .at(at, "imported here")
                .help(match near {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => rule.to_owned(),
                })
        }
        io::ErrorKind::IsADirectory => {
            Diagnostic::error(Code::UnreadableFile, format!("`{name}` is a folder"))
                .at(at, "imported here")
                .help("name a file in it, one import for each")
        }
        _ => Diagnostic::error(Code::UnreadableFile, format!("`{name}` cannot be read"))
            .text(error.to_string())
            .at(at, "imported here"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::MemoryFiles;

    /// Counts how often a folder is listed.
    struct Counted(MemoryFiles, RefCell<usize>);

    impl Files for Counted {
        fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
            self.0.read(path)
        }

        fn identity(&self, path: &Path) -> PathBuf {
            self.0.identity(path)
        }

        fn list(&self, folder: &Path) -> Vec<String> {
            *self.1.borrow_mut() += 1;
            self.0.list(folder)
        }
    }

    #[test]
    fn folders_are_listed_once_however_many_imports_are_missing() {
        let listed = [1, 500].map(|n| {
            let text: String =
                (0..n).map(|i| format!("import \"quite-another-{i}.kdl\"\n")).collect();
            let files = Counted(MemoryFiles::default().with("x.kdl", text), RefCell::default());
            let loaded = load(Path::new("x.kdl"), &files);
            assert_eq!(loaded.diagnostics.len() + loaded.omitted, n);
            files.1.into_inner()
        });
        assert_eq!(listed[0], listed[1]);
    }
}
