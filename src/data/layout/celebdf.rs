//! `layout celebdf`: Celeb-DF v2. The official list names the test videos, with 1 for real;
//! everything else trains. Where the data set is divided otherwise, the list may be absent.
//!
//! What is here for other releases of this form is told of folders and a list ([`Form`]).

use std::collections::{BTreeMap, HashMap};

use super::Finding;
use super::lists::{Problems, lines};
use super::paths::stem;
use super::release::{Release, ReleasePart, spellings};
use crate::error::DataError;
use crate::flaw::RowFlaw;
use crate::video::MediaKind;
use proofmark_lang::model::{Label, Split};

/// The list of test videos.
pub(super) const LIST: &str = "List_of_testing_videos.txt";

/// The folder of the videos that fakes were made from.
const ORIGINALS: &str = "Celeb-real";

/// The folders of reals in their spellings, the first of which lists use.
pub(super) const REALS: [&[&str]; 2] = [&[ORIGINALS], &["YouTube-real", "Youtube-real"]];

/// The one manipulation, named as its folder.
const FAKES: &str = "Celeb-synthesis";

/// Folders of videos, and a list that says which of them are for testing.
pub(super) struct Form {
    /// Its folders, reals first.
    pub folders: Vec<Folder>,
    /// What a path of the list leads to, for messages.
    pub listed: &'static str,
    /// What the name of a video says.
    pub named: fn(&str) -> Named,
}

/// A folder of videos of one kind.
pub(super) struct Folder {
    /// Its spellings, the first of which lists and messages use.
    pub names: Vec<String>,
    /// What made its videos; nothing made reals.
    pub method: Option<&'static str>,
}

/// What the name of a video says.
pub(super) struct Named {
    /// The people in it.
    pub people: Vec<String>,
    /// The real video that it was made from, by its name.
    pub original: Option<String>,
}

/// A line of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Tested {
    /// Line, from 1.
    pub line: u32,
    /// Folder, by its place in the form.
    pub folder: usize,
    /// Name of the video without extension.
    pub name: String,
}

impl Form {
    /// Folders of reals, and some of fakes.
    pub fn of(fakes: Vec<Folder>, listed: &'static str, named: fn(&str) -> Named) -> Self {
        let reals = REALS.map(|names| Folder { names: spellings(names), method: None });
        Self { folders: reals.into_iter().chain(fakes).collect(), listed, named }
    }

    /// Celeb-DF v2.
    fn celebdf() -> Self {
        let fakes = Folder { names: spellings(&[FAKES]), method: Some(FAKES) };
        Self::of(vec![fakes], "a video of Celeb-real, YouTube-real or Celeb-synthesis", named)
    }
}

impl Folder {
    /// Whether its videos are real.
    pub fn label(&self) -> Label {
        if self.method.is_some() { Label::Fake } else { Label::Real }
    }

    /// The folder as a part that must be there.
    pub fn part(&self) -> ReleasePart {
        ReleasePart::spelled(self.names.clone())
    }

    /// Whether a path of the list is in it.
    fn holds(&self, path: &str) -> bool {
        let below = |name: &String| path.strip_prefix(name.as_str())?.strip_prefix('/');
        self.names.iter().any(|name| below(name).is_some())
    }
}

/// Lists the videos of all folders.
pub(super) fn read(release: &mut Release) -> Result<(), DataError> {
    let form = Form::celebdf();
    let parts = form.folders.iter().map(Folder::part).enumerate().collect();
    list_videos(release, &form, parts).map(|_| ())
}

/// Lists the videos of some folders of a form, each by its place there. Gives the lines of the list,
/// if it is there.
///
/// # Errors
/// A folder that is not there, a list that cannot be used or that an official split lacks.
pub(super) fn list_videos(
    release: &mut Release,
    form: &Form,
    folders: Vec<(usize, ReleasePart)>,
) -> Result<Option<Vec<Tested>>, DataError> {
    let (places, mut parts): (Vec<usize>, Vec<ReleasePart>) = folders.into_iter().unzip();
    let listed = release.find(&spellings(&[LIST]));
    if release.dataset.split.is_official() {
        let cure = "the list is in the release, and names the test videos; without it, divide \
                    the data set by `split carve ..` or `split only=..`";
        parts.push(ReleasePart::of(&[LIST]).or(cure));
    }
    let found = release.need(&parts)?;
    let rest = listed.is_some().then_some(Split::Train);
    let tested = listed.map(|path| list(release, form, &path)).transpose()?;
    let mut tests: HashMap<(usize, String), u32> =
        tested.iter().flatten().map(|t| ((t.folder, t.name.clone()), t.line)).collect();
    let mut originals = HashMap::new();
    for (place, folder) in places.into_iter().zip(&found) {
        let of = &form.folders[place];
        for (path, size) in release.videos_below(folder)? {
            let line = tests.remove(&(place, stem(&path).to_owned()));
            if of.names[0] == ORIGINALS {
                originals.insert(stem(&path).to_owned(), path.clone());
            }
            let split = if line.is_some() { Some(Split::Test) } else { rest };
            add(release, (form, of), &path, (split, line), Some(size), &originals)?;
        }
        // What the list names and the disk lacks.
        let absent: BTreeMap<u32, String> = (tests.iter())
            .filter(|((listed, _), _)| *listed == place)
            .map(|((_, name), line)| (*line, format!("{folder}/{name}.mp4")))
            .collect();
        for (line, path) in absent {
            let listed = (Some(Split::Test), Some(line));
            add(release, (form, of), &path, listed, None, &originals)?;
        }
    }
    Ok(tested)
}

fn add(
    release: &mut Release,
    (form, folder): (&Form, &Folder),
    path: &str,
    (split, line): (Option<Split>, Option<u32>),
    size: Option<u64>,
    originals: &HashMap<String, String>,
) -> Result<(), DataError> {
    let mut video = release.video(path, folder.label(), folder.method, MediaKind::Video)?;
    let Named { people, original } = (form.named)(stem(path));
    video.split = split;
    video.source_line = line;
    video.groups = people;
    video.pair = original.filter(|_| video.label == Label::Fake);
    video.pair = video.pair.and_then(|original| originals.get(&original).cloned());
    release.add(video, size);
    Ok(())
}

/// What a name says: `idT_NNNN`, or `idT_idS_NNNN` of what was made of `idT_NNNN`.
pub(super) fn named(name: &str) -> Named {
    let original = match name.split('_').collect::<Vec<_>>()[..] {
        [target, _, number] => Some(format!("{target}_{number}")),
        _ => None,
    };
    Named { people: identities(name), original }
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

/// The reals that Celeb-DF's list tests, each by the place of its folder and by its name.
pub(super) fn tested_reals(
    release: &mut Release,
    path: &str,
) -> Result<Vec<(usize, String)>, DataError> {
    let listed = list(release, &Form::celebdf(), path)?;
    let reals = listed.into_iter().filter(|tested| tested.folder < REALS.len());
    Ok(reals.map(|tested| (tested.folder, tested.name)).collect())
}

/// The lines of the list, whose labels must be those of the folders.
fn list(release: &mut Release, form: &Form, path: &str) -> Result<Vec<Tested>, DataError> {
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
        let Some(folder) = form.folders.iter().position(|folder| folder.holds(&path)) else {
            problems.add("line", number, RowFlaw::Form { found: path, wanted: form.listed });
            continue;
        };
        let actual = form.folders[folder].label();
        if label != actual {
            let what = format!(
                "`{path}` is labelled {value}, which means {}, but its folder holds {}s; in this \
                 list 1 is real",
                label.word(),
                actual.word()
            );
            problems.add("line", number, RowFlaw::Disagree(what));
            continue;
        }
        let entry = Tested { line: number, folder, name: stem(&path).to_owned() };
        match seen.insert((folder, entry.name.clone()), number) {
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
