//! `layout forgerynet`: the videos of ForgeryNet as its `video_list.txt` say.
//!
//! A line is `N NAME (START COUNT FLAG)×N BINARY TRIPLE CLASS`. The folders of a name are its
//! class and the hashes of the videos it was made from; those of reals are 16 to 19 and the
//! video's own hash. In classes 7 and 8 the first hash is of what drives the face.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;

use super::Finding;
use super::lists::{Problems, lines};
use super::paths;
use super::released::{Release, spellings};
use crate::data::error::DataError;
use crate::data::flaw::RowFlaw;
use crate::data::manifest::Kind;
use crate::lang::model::{Label, Split};

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

const LIST: &str = "video_list.txt";

/// Lists the videos of the parts.
pub(super) fn read(release: &mut Release) -> Result<(), DataError> {
    let mut parts = vec![("Training", Split::Train)];
    match release.switch("validation") {
        "val" => {
            parts.push(("Validation", Split::Val));
            if release.files.file(&format!("Test/{LIST}")).is_file() {
                parts.push(("Test", Split::Test));
            }
        }
        _ => parts.push(("Validation", Split::Test)),
    }
    let mut needed = Vec::new();
    for (part, _) in &parts {
        needed.push(spellings(&[&format!("{part}/video")]));
        needed.push(spellings(&[&format!("{part}/{LIST}")]));
    }
    let found = release.need(&needed)?;
    for ((_, split), found) in parts.into_iter().zip(found.chunks(2)) {
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
        if let Some(what) = triple(&line) {
            release.listing.note(Finding::Conflicting, format!("line {number}: {what}"));
        }
        let label = if line.fake { Label::Fake } else { Label::Real };
        let method = line.fake.then(|| CLASSES[line.class as usize - 1]);
        let mut video = release.video(&key, label, method, Kind::Video)?;
        video.split = Some(split);
        video.source_line = Some(number);
        let (_, hashes) = folders(&name).unwrap_or_default();
        let driven = usize::from(DRIVEN.contains(&line.class) && hashes.len() > 1);
        video.groups = hashes[driven..].iter().map(|hash| format!("forgerynet:{hash}")).collect();
        release.add(video, on_disk.get(&key).copied());
    }
    problems.check()?;
    note_rest(release, &on_disk, &listed);
    Ok(())
}

fn note_rest(release: &mut Release, on_disk: &BTreeMap<String, u64>, listed: &HashSet<String>) {
    for path in on_disk.keys().filter(|path| !listed.contains(*path)) {
        release.listing.note(Finding::Unlisted, path.as_str());
    }
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

/// Whether the identity was replaced (1) or remained (2) follows from the class; the order of
/// the two is not documented, so another one is only told.
fn triple(line: &Line) -> Option<String> {
    let expected = match line.class {
        0 => 0,
        7 | 8 => 2,
        _ => 1,
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
