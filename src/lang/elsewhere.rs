//! Declarations of files nearby that nobody imported: where a name might come from.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::limits::FILE_LIMIT;
use super::schema::Kind;
use super::source::Files;
use super::span::FileId;
use super::syntax::chunks;

/// Folders that are looked through, from that of the file.
const FOLDERS: [&str; 4] = ["", "datasets", "../datasets", ".."];

/// Most files that are looked through.
const FILES: usize = 100;

/// The files near one, read when a name is missing.
pub(super) struct Elsewhere<'a> {
    files: &'a dyn Files,
    /// What is declared and by which file, as seen from the folder of a file that asked.
    found: RefCell<BTreeMap<PathBuf, Declared>>,
}

type Declared = BTreeMap<(Kind, String), String>;

impl<'a> Elsewhere<'a> {
    pub fn new(files: &'a dyn Files) -> Self {
        Self { files, found: RefCell::default() }
    }

    /// The file that declares a name, as `importer` would import it.
    pub fn declares(&self, kind: Kind, name: &str, importer: &Path) -> Option<String> {
        let folder = importer.parent().unwrap_or(Path::new(""));
        let mut found = self.found.borrow_mut();
        let seen = found.entry(folder.to_owned()).or_insert_with(|| self.read(folder));
        seen.get(&(kind, name.to_owned())).cloned()
    }

    fn read(&self, folder: &Path) -> Declared {
        let mut found = BTreeMap::new();
        let files = FOLDERS.iter().flat_map(|sub| {
            let names = self.files.list(&folder.join(sub));
            names.into_iter().filter(|name| name.ends_with(".kdl")).map(move |name| match *sub {
                "" => name,
                sub => format!("{sub}/{name}"),
            })
        });
        for relative in files.take(FILES) {
            let Ok(bytes) = self.files.read(&folder.join(&relative)) else { continue };
            if bytes.len() > FILE_LIMIT {
                continue;
            }
            let Ok(text) = String::from_utf8(bytes) else { continue };
            for chunk in chunks(&text, FileId(u32::MAX)).0 {
                if let [node, name] = chunk.head.as_slice()
                    && let Some(kind) = Kind::of(node)
                {
                    found.entry((kind, name.clone())).or_insert_with(|| relative.clone());
                }
            }
        }
        found
    }
}
