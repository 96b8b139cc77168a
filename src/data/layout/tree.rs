//! Looking into folders: what a layout wants is listed, everything else is noted.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use rayon::prelude::*;

use super::{Finding, Listing};
use crate::error::DataError;
use crate::files::Files;
use crate::media::has_extension;
use crate::natural;

/// Lists beside videos, which layouts read by their names.
const LISTS: &[&str] = &["metadata.json", "labels.csv"];

/// Spellings of a part that messages show.
const SPELLINGS: usize = 3;

/// How deep a tree is walked; ends loops of links.
const DEPTH: usize = 8;

/// A file that is wanted, or a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// A file of the wanted kind and its size.
    File(u64),
    /// A folder.
    Folder,
}

/// What a folder holds.
#[derive(Debug, Default)]
struct Content {
    entries: Vec<(String, EntryKind)>,
    noted: Vec<(Finding, String)>,
}

/// The wanted files and the folders of a folder in natural order, as paths relative to the
/// root. Everything else is noted. Links are followed.
///
/// # Errors
/// A folder that cannot be read.
pub fn entries(
    listing: &mut Listing,
    files: &Files,
    folder: &str,
    extensions: &[&str],
) -> Result<Vec<(String, EntryKind)>, DataError> {
    let Content { mut entries, noted } = look(files, folder, extensions)?;
    noted.into_iter().for_each(|(finding, example)| listing.note(finding, example));
    entries.sort_by(|a, b| natural::compare(&a.0, &b.0));
    Ok(entries)
}

/// The wanted files anywhere below a folder, with their sizes. Everything else is noted.
///
/// # Errors
/// A folder that cannot be read.
pub fn walk(
    listing: &mut Listing,
    files: &Files,
    folder: &str,
    extensions: &[&str],
) -> Result<BTreeMap<String, u64>, DataError> {
    let mut found = BTreeMap::new();
    let mut level = vec![folder.to_owned()];
    for _ in 0..DEPTH {
        let looked: Result<Vec<Content>, DataError> =
            level.par_iter().map(|folder| look(files, folder, extensions)).collect();
        level.clear();
        for content in looked? {
            content.noted.into_iter().for_each(|(finding, example)| listing.note(finding, example));
            for (path, kind) in content.entries {
                match kind {
                    EntryKind::Folder => level.push(path),
                    EntryKind::File(size) => {
                        found.insert(path, size);
                    }
                }
            }
        }
    }
    level.into_iter().for_each(|path| listing.note(Finding::DeeperFolder, path));
    Ok(found)
}

fn look(files: &Files, folder: &str, extensions: &[&str]) -> Result<Content, DataError> {
    let place = files.file(folder);
    let mut content = Content::default();
    for entry in fs::read_dir(&place).map_err(|e| unreadable(&place, e))? {
        let entry = entry.map_err(|e| unreadable(&place, e))?;
        let name = entry.file_name();
        let slash = if folder.is_empty() { "" } else { "/" };
        let shown = format!("{folder}{slash}{}", name.to_string_lossy());
        let Some(text) = name.to_str() else {
            content.noted.push((Finding::UnreadableName, shown));
            continue;
        };
        if text.starts_with('.') || text == "__MACOSX" {
            content.noted.push((Finding::Hidden, shown));
            continue;
        }
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            content.entries.push((shown, EntryKind::Folder));
            continue;
        }
        if LISTS.contains(&text) {
            continue;
        }
        match place.join(text).metadata() {
            Ok(about) if about.is_dir() => content.entries.push((shown, EntryKind::Folder)),
            Ok(about) if about.is_file() && has_extension(text, extensions) => {
                content.entries.push((shown, EntryKind::File(about.len())));
            }
            Ok(_) => content.noted.push((Finding::OtherFile, shown)),
            Err(_) => content.noted.push((Finding::Missing, shown)),
        }
    }
    Ok(content)
}

/// The first of some spellings of a folder that exists below the root. Archives unpacked
/// into a folder of their own name are found inside it: `part/part` for `part`.
pub fn find(files: &Files, spellings: &[String]) -> Option<String> {
    spellings.iter().find_map(|folder| {
        let name = folder.rsplit('/').next().unwrap_or(folder);
        let doubled = format!("{folder}/{name}");
        [doubled, folder.clone()].into_iter().find(|folder| files.file(folder).is_dir())
    })
}

/// An unreadable file or folder.
pub fn unreadable(path: &Path, source: std::io::Error) -> DataError {
    DataError::Unreadable { path: path.to_owned(), source }
}

/// What was looked for in its first spellings, for messages.
pub fn spelled(files: &Files, spellings: &[String]) -> String {
    let shown = spellings.iter().take(SPELLINGS).map(|s| files.file(s).display().to_string());
    let more = spellings.len().saturating_sub(SPELLINGS);
    let text = shown.collect::<Vec<_>>().join(" or ");
    if more > 0 { format!("{text} or {more} other spellings") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::VIDEOS;
    use crate::testing::tree;

    #[test]
    fn a_walk_finds_what_is_wanted_and_notes_the_rest() {
        let (_dir, root) = tree(&[
            "a/x y/[1].MP4=12",
            "a/b/-c.mp4",
            "a/b/c.txt",
            "a/.hidden.mp4",
            "a/__MACOSX/z.mp4",
            "q/z.mp4",
        ]);
        let mut listing = Listing::default();
        let found = walk(&mut listing, &Files::at(root.clone()), "a", VIDEOS).unwrap();
        let found: Vec<_> = found.iter().map(|(path, size)| (path.as_str(), *size)).collect();
        assert_eq!(found, [("a/b/-c.mp4", 0), ("a/x y/[1].MP4", 2)]);
        let noted: Vec<_> = listing.findings.iter().map(|(f, t)| (*f, t.count)).collect();
        assert_eq!(noted, [(Finding::OtherFile, 1), (Finding::Hidden, 2)]);
        assert!(walk(&mut listing, &Files::at(root), "no", VIDEOS).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn a_loop_of_links_ends() {
        let (_dir, root) = tree(&["a/1.mp4"]);
        std::os::unix::fs::symlink(root.join("a"), root.join("a/again")).unwrap();
        let mut listing = Listing::default();
        assert_eq!(walk(&mut listing, &Files::at(root.clone()), "a", VIDEOS).unwrap().len(), DEPTH);
        assert_eq!(listing.findings[&Finding::DeeperFolder].count, 1);
    }

    #[test]
    fn folders_are_found_doubled_and_in_other_spellings() {
        let (_dir, root) = tree(&["a/a/1.mp4", "c d/"]);
        let files = Files::at(root);
        let found = |names: &[&str]| {
            find(&files, &names.iter().map(ToString::to_string).collect::<Vec<_>>())
        };
        assert_eq!(found(&["a"]).as_deref(), Some("a/a"));
        assert_eq!(found(&["c_d", "c d"]).as_deref(), Some("c d"));
        assert_eq!(found(&["e"]), None);
    }
}
