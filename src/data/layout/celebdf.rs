//! `layout celebdf`: Celeb-DF v2. The official list names the test videos, with 1 for real;
//! everything else trains. Where the data set is divided otherwise, the list may be absent.

use std::collections::{BTreeMap, HashMap};

use super::Finding;
use super::lists::{Problems, lines};
use super::paths::stem;
use super::release::{Release, ReleasePart, spellings};
use crate::error::DataError;
use crate::flaw::RowFlaw;
use crate::video::Kind;
use proofmark_lang::model::{Label, Split};

/// The list of test videos.
pub(super) const LIST: &str = "List_of_testing_videos.txt";

/// The one manipulation, named as its folder.
const FAKES: &str = "Celeb-synthesis";

/// The folder of the videos that fakes were made from.
const ORIGINALS: &str = "Celeb-real";

/// The folders in their spellings, the first of which lists use, and what they hold.
const FOLDERS: [(&[&str], Label); 3] = [
    (&[ORIGINALS], Label::Real),
    (&["YouTube-real", "Youtube-real"], Label::Real),
    (&[FAKES], Label::Fake),
];

/// A line of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Tested {
    /// Line, from 1.
    pub line: u32,
    /// Folder, in its first spelling.
    pub folder: &'static str,
    /// Name of the video without extension.
    pub name: String,
}

/// Lists the videos of all folders.
pub(super) fn read(release: &mut Release) -> Result<(), DataError> {
    let mut parts: Vec<_> = FOLDERS.iter().map(|(names, _)| ReleasePart::of(names)).collect();
    let official = release.dataset.split.is_official();
    let listed = release.find(&spellings(&[LIST]));
    if official {
        let cure = "the list is in the release, and names the test videos; without it, divide \
                    the data set by `split carve ..` or `split only=..`";
        parts.push(ReleasePart::of(&[LIST]).or(cure));
    }
    let found = release.need(&parts)?;
    let rest = listed.is_some().then_some(Split::Train);
    let tested = listed.map_or(Ok(Vec::new()), |path| list(release, &path))?;
    let mut tests: HashMap<(&str, String), u32> =
        tested.into_iter().map(|t| ((t.folder, t.name), t.line)).collect();
    let mut originals = HashMap::new();
    for ((names, label), folder) in FOLDERS.iter().zip(&found) {
        let on_disk = release.videos_below(folder)?;
        for (path, size) in on_disk {
            let line = tests.remove(&(names[0], stem(&path).to_owned()));
            if names[0] == ORIGINALS {
                originals.insert(stem(&path).to_owned(), path.clone());
            }
            let split = if line.is_some() { Some(Split::Test) } else { rest };
            add(release, &path, *label, (split, line), Some(size), &originals)?;
        }
        // What the list names and the disk lacks.
        let absent: BTreeMap<u32, String> = (tests.iter())
            .filter(|((listed, _), _)| *listed == names[0])
            .map(|((_, name), line)| (*line, format!("{folder}/{name}.mp4")))
            .collect();
        for (line, path) in absent {
            let listed = (Some(Split::Test), Some(line));
            add(release, &path, *label, listed, None, &originals)?;
        }
    }
    Ok(())
}

fn add(
    release: &mut Release,
    path: &str,
    label: Label,
    (split, line): (Option<Split>, Option<u32>),
    size: Option<u64>,
    originals: &HashMap<String, String>,
) -> Result<(), DataError> {
    let mut video = release.video(path, label, Some(FAKES), Kind::Video)?;
    video.split = split;
    video.source_line = line;
    let name = stem(path);
    video.groups = identities(name);
    if label == Label::Fake
        && let [target, _, number] = name.split('_').collect::<Vec<_>>()[..]
    {
        video.pair = originals.get(&format!("{target}_{number}")).cloned();
    }
    release.add(video, size);
    Ok(())
}

/// The identities in the name of a video: `idT_NNNN`, `idT_idS_NNNN`; the people of
/// `YouTube-real/NNNNN` are not known, and each stands for itself.
pub(super) fn identities(name: &str) -> Vec<String> {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let is_id = |part: &&str| part.strip_prefix("id").is_some_and(is_number);
    let ids: Vec<String> =
        name.split('_').filter(is_id).map(|id| format!("celebdf:{id}")).collect();
    if ids.is_empty() { vec![format!("celebdf:{name}")] } else { ids }
}

/// The lines of the list, whose labels must be those of the folders.
pub(super) fn list(release: &mut Release, path: &str) -> Result<Vec<Tested>, DataError> {
    let file = release.files.file(path);
    let mut problems = Problems::of(&file);
    let mut tested: Vec<Tested> = Vec::new();
    let mut seen = HashMap::new();
    for (number, line) in lines(&file)? {
        let Some((value, path)) = line.split_once(char::is_whitespace) else {
            let wanted = "`1 YouTube-real/00170.mp4`";
            problems.add("line", number, RowFlaw::Form { found: line, wanted });
            continue;
        };
        let path = path.trim().replace('\\', "/");
        let label = match value {
            "1" => Label::Real,
            "0" => Label::Fake,
            _ => {
                let (real, fake) = ("`1`".to_owned(), "`0`".to_owned());
                let value = value.to_owned();
                problems.add("line", number, RowFlaw::UnknownLabel { value, real, fake });
                continue;
            }
        };
        let folder = path.split('/').next().unwrap_or_default();
        let known = FOLDERS.iter().find(|(names, _)| names.contains(&folder));
        let Some((names, actual)) = known.filter(|_| path.contains('/')) else {
            let wanted = "a video of Celeb-real, YouTube-real or Celeb-synthesis";
            problems.add("line", number, RowFlaw::Form { found: path, wanted });
            continue;
        };
        if label != *actual {
            let what = format!(
                "`{path}` is labelled {value}, which means {}, but its folder holds {}s; in this \
                 list 1 is real",
                label.word(),
                actual.word()
            );
            problems.add("line", number, RowFlaw::Disagree(what));
            continue;
        }
        let entry = Tested { line: number, folder: names[0], name: stem(&path).to_owned() };
        match seen.insert((entry.folder, entry.name.clone()), number) {
            Some(_) => release.listing.note(Finding::Duplicated, format!("line {number}: {path}")),
            None => tested.push(entry),
        }
    }
    problems.check()?;
    Ok(tested)
}

#[cfg(test)]
#[path = "celebdf_tests.rs"]
mod tests;
