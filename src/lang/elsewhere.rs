//! Declarations of files nearby that nobody imported: where a name might come from.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::path::Path;

use super::load::FILE_LIMIT;
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
    /// What is declared and by which file, for the folder of the first file that asked.
    found: OnceCell<BTreeMap<(Kind, String), String>>,
}

impl<'a> Elsewhere<'a> {
    pub fn new(files: &'a dyn Files) -> Self {
        Self { files, found: OnceCell::new() }
    }

    /// The file that declares a name, as `importer` would import it.
    pub fn declares(&self, kind: Kind, name: &str, importer: &Path) -> Option<String> {
        let found =
            self.found.get_or_init(|| self.read(importer.parent().unwrap_or(Path::new(""))));
        found.get(&(kind, name.to_owned())).cloned()
    }

    fn read(&self, folder: &Path) -> BTreeMap<(Kind, String), String> {
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
