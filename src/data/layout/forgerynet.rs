//! `layout forgerynet`: the videos of ForgeryNet as its `video_list.txt` say.
//!
//! A line is `N NAME (START COUNT FLAG)×N BINARY TRIPLE CLASS`. The folders of a name are its
//! class and the hashes of the videos it was made from; those of reals are 16 to 19 and the
//! video's own hash. In classes 7 and 8 the first hash is of what drives the face. The videos of
//! classes 2 and 8 are in no list as released: all of each is fake, and the folder says which.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;

use super::Finding;
use super::lists::{Problems, lines};
use super::paths;
use super::release::{Release, ReleasePart};
use crate::error::DataError;
use crate::flaw::RowFlaw;
use crate::video::MediaKind;
use crate::words::Word;
use proofmark_lang::model::{Label, Split, Validation};

/// The classes of videos, from 1; those above are of images only.
const CLASSES: [&str; 8] = [
    "FaceShifter",
    "FSGAN",
    "DeepFakes",
    "BlendFace",
    "MMReplacement",
    "DeepFakes-StarGAN-Stack",
    "Talking-Head-Video",
    "ATVG-Net",
];

/// The folders of reals.
const REALS: std::ops::RangeInclusive<u32> = 16..=19;

/// Classes whose first hash is no face of the release.
const DRIVEN: std::ops::RangeInclusive<u32> = 7..=8;

/// Classes that the released lists leave out.
const UNLISTED: [u32; 2] = [2, 8];

const LIST: &str = "video_list.txt";

/// Folders of a part that hold videos where `video` is not around them.
const RELEASES: [&str; 3] = ["train_video_release", "val_video_release", "test_video_release"];

/// Lists the videos of the parts that are there.
pub(super) fn read(release: &mut Release) -> Result<(), DataError> {
    let mut parts = vec![("Training", Split::Train)];
    match release.choose("validation", Validation::of)? {
        Validation::Val => {
            parts.push(("Validation", Split::Val));
            if release.files.file(&format!("Test/{LIST}")).is_file() {
                parts.push(("Test", Split::Test));
            }
        }
        Validation::Test => parts.push(("Validation", Split::Test)),
    }
    let mut needed = Vec::new();
    let mut there = Vec::new();
    let mut absent = Vec::new();
    for (part, split) in parts {
        let bare = RELEASES.iter().any(|r| release.files.file(&format!("{part}/{r}")).is_dir());
        let folder = if bare { part.to_owned() } else { format!("{part}/video") };
        let (folder, list) = (vec![folder], vec![format!("{part}/{LIST}")]);
        if release.find(&folder).is_none() && release.find(&list).is_none() {
            absent.push((split, folder, list));
        } else {
            there.push(split);
            needed.extend([ReleasePart::spelled(folder), ReleasePart::spelled(list)]);
        }
    }
    for (split, folder, list) in absent {
        if there.is_empty() {
            needed.extend([ReleasePart::spelled(folder), ReleasePart::spelled(list)]);
        } else {
            release.lacks(split, &folder);
        }
    }
    let found = release.need(&needed)?;
    for (split, found) in there.into_iter().zip(found.chunks(2)) {
        list(release, &found[0], &found[1], split)?;
    }
    Ok(())
}

/// A line of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Line<'a> {
    name: &'a str,
    fake: bool,
    triple: u32,
    class: u32,
}

/// Takes a line apart from both ends; `None` if it is of another form.
fn parse(line: &str) -> Option<Line<'_>> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let [segments, name, rest @ ..] = &words[..] else { return None };
    let (segments, last) = (segments.parse::<usize>().ok()?, rest.len().checked_sub(3)?);
    let (marked, labels) = rest.split_at(last);
    if segments.checked_mul(3)? != marked.len() {
        return None;
    }
    let is_segment = |words: &[&str]| {
        words[..2].iter().all(|n| n.parse::<u64>().is_ok())
            && matches!(words[2], "0" | "1" | "real" | "fake")
    };
    if !marked.chunks(3).all(is_segment) {
        return None;
    }
    let number = |i: usize| labels[i].parse::<u32>().ok();
    let fake = match number(0)? {
        0 => false,
        1 => true,
        _ => return None,
    };
    Some(Line { name, fake, triple: number(1)?, class: number(2)? })
}

/// The class folder of a name and the hashes below it.
fn folders(name: &str) -> Option<(u32, Vec<&str>)> {
    let parts: Vec<&str> = name.split('/').collect();
    let place = parts.iter().position(|part| part.parse::<u32>().is_ok())?;
    let hashes = parts.get(place + 1..parts.len() - 1).unwrap_or_default();
    Some((parts[place].parse().ok()?, hashes.to_vec()))
}

fn list(release: &mut Release, folder: &str, list: &str, split: Split) -> Result<(), DataError> {
    let on_disk = release.videos_below(folder)?;
    let file = release.files.file(list);
    let mut problems = Problems::of(&file);
    let mut listed: HashSet<String> = HashSet::new();
    let mut classes: HashSet<u32> = HashSet::new();
    for (number, text) in lines(&file)? {
        let mut wrong = |what| problems.add("line", number, what);
        let Some(line) = parse(&text) else {
            let found = text.chars().take(120).collect();
            let wanted = "`N NAME (START COUNT FLAG)×N BINARY TRIPLE CLASS`";
            wrong(RowFlaw::Form { found, wanted });
            continue;
        };
        let Some(name) = paths::below(Path::new(""), line.name) else {
            wrong(RowFlaw::OutsideRoot(line.name.to_owned()));
            continue;
        };
        if let Some(what) = disagreement(&name, &line) {
            wrong(RowFlaw::Disagree(what));
            continue;
        }
        let key = format!("{folder}/{name}");
        if !listed.insert(key.clone()) {
            release.listing.note(Finding::Duplicated, format!("line {number}: {name}"));
            continue;
        }
        classes.insert(line.class);
        if let Some(what) = triple(&line) {
            release.listing.note(Finding::Conflicting, format!("line {number}: {what}"));
        }
        let label = if line.fake { Label::Fake } else { Label::Real };
        let method = line.fake.then(|| CLASSES[line.class as usize - 1]);
        let mut video = release.video(&key, label, method, MediaKind::Video)?;
        video.split = Some(split);
        video.source_line = Some(number);
        video.groups = identities(&name, line.class);
        release.add(video, on_disk.get(&key).copied());
    }
    problems.check()?;
    let left_out = UNLISTED.into_iter().filter(|class| !classes.contains(class)).collect();
    on_disk_only(release, folder, (&on_disk, &listed), left_out, split)
}

/// The identities in the folders of a name.
fn identities(name: &str, class: u32) -> Vec<String> {
    let (_, hashes) = folders(name).unwrap_or_default();
    let driven = usize::from(DRIVEN.contains(&class) && hashes.len() > 1);
    hashes[driven..].iter().map(|hash| format!("forgerynet:{hash}")).collect()
}

/// Takes the videos that are on disk and in no list: those of classes that the list leaves out
/// altogether are fakes of their folder's method, others are left out.
fn on_disk_only(
    release: &mut Release,
    folder: &str,
    (on_disk, listed): (&BTreeMap<String, u64>, &HashSet<String>),
    left_out: Vec<u32>,
    split: Split,
) -> Result<(), DataError> {
    let mut taken: BTreeMap<&str, usize> = BTreeMap::new();
    for (key, size) in on_disk.iter().filter(|(key, _)| !listed.contains(*key)) {
        let name = key.strip_prefix(folder).unwrap_or(key);
        let class = folders(name).map(|(class, _)| class).filter(|c| left_out.contains(c));
        let Some(class) = class else {
            release.listing.note(Finding::Unlisted, key.as_str());
            continue;
        };
        let method = CLASSES[class as usize - 1];
        let mut video = release.video(key, Label::Fake, Some(method), MediaKind::Video)?;
        video.split = Some(split);
        video.groups = identities(name, class);
        release.add(video, Some(*size));
        *taken.entry(method).or_default() += 1;
    }
    if !taken.is_empty() {
        let taken: Vec<_> = taken.iter().map(|(method, n)| format!("{method} {n}")).collect();
        release.listing.remarks.push(format!(
            "{}: videos that are in no list, as released, and are fakes of the method that their \
             folder stands for: {}",
            Some(split).word(),
            taken.join(", ")
        ));
    }
    Ok(())
}

/// How the labels of a line contradict each other or its folder, if they do.
fn disagreement(name: &str, line: &Line) -> Option<String> {
    let (class, what) = (line.class, if line.fake { "fake" } else { "real" });
    if line.fake != (class > 0) {
        return Some(format!("`{name}` is {what} and of class {class}"));
    }
    let Some((folder, _)) = folders(name) else {
        return Some(format!("`{name}` has no folder of a class"));
    };
    let fits = if line.fake { folder == class } else { REALS.contains(&folder) };
    if !fits {
        return Some(format!("`{name}` is {what} and of class {class}, but in folder {folder}"));
    }
    let known = class as usize <= CLASSES.len();
    (!known).then(|| format!("`{name}` is of class {class}, which has no videos"))
}

/// Whether the identity remained (1) or was replaced (2) follows from the class; the numbers are
/// those of the released lists, and another one is only told.
fn triple(line: &Line) -> Option<String> {
    let expected = match line.class {
        0 => 0,
        7 | 8 => 1,
        _ => 2,
    };
    (line.triple != expected).then(|| {
        format!(
            "class {} with {} of three, not {expected}; the class is taken",
            line.class, line.triple
        )
    })
}

#[cfg(test)]
#[path = "forgerynet_tests.rs"]
mod tests;
