//! `layout dfdc`: the Deepfake Detection Challenge. Train comes in parts, each with a
//! `metadata.json`; validation and test are folders of videos with their labels beside them,
//! 1 for fake. No video tells its method.

use std::collections::HashSet;
use std::collections::btree_map::{BTreeMap, Entry};

use serde::Deserialize;
use serde_json::Value;

use super::Finding;
use super::cells::Cells;
use super::lists::{Entries, Problems, json};
use super::released::{Release, spellings};
use super::tree;
use crate::data::error::DataError;
use crate::data::flaw::RowFlaw;
use crate::data::manifest::Kind;
use crate::data::words::Word;
use crate::lang::model::{Label, Split};
use crate::lang::span::Spanned;

/// What the folders of train's parts begin with; a number follows.
const PART: &str = "dfdc_train_part_";

/// Parts of the release.
const PARTS: usize = 50;

const METADATA: &str = "metadata.json";
const LABELS: &str = "labels.csv";

/// What `metadata.json` says of a video of train.
#[derive(Clone, Debug, Deserialize)]
struct About {
    label: String,
    original: Option<String>,
}

/// Lists the videos of train, validation and test.
pub(super) fn read(release: &mut Release) -> Result<(), DataError> {
    let parts = parts(release)?;
    let mut needed: Vec<_> = parts.iter().map(|part| vec![format!("{part}/{METADATA}")]).collect();
    if parts.is_empty() {
        needed.push(spellings(&[
            &format!("train/{PART}0/{METADATA}"),
            &format!("{PART}0/{METADATA}"),
        ]));
    }
    needed.push(spellings(&["validation"]));
    needed.push(spellings(&["test", "test_videos", "dfdc_test"]));
    let found = release.need(&needed)?;
    let [.., validation, test] = &found[..] else { return Ok(()) };
    release.need(&[
        spellings(&[&format!("{validation}/{LABELS}")]),
        spellings(&[&format!("{test}/{LABELS}"), &format!("{test}/{METADATA}")]),
    ])?;
    for part in &parts {
        train(release, part)?;
    }
    if parts.len() != PARTS {
        release.listing.remarks.push(format!("{} of the {PARTS} parts of train", parts.len()));
    }
    for (folder, split) in [(validation, Split::Val), (test, Split::Test)] {
        evaluation(release, folder, split)?;
    }
    release.settle_pairs();
    Ok(())
}

/// The parts of train, below `train` or the root.
fn parts(release: &mut Release) -> Result<Vec<String>, DataError> {
    for place in ["train", ""] {
        if !release.files.file(place).is_dir() {
            continue;
        }
        let entries = tree::entries(&mut release.listing, &release.files, place, &[])?;
        let is_part = |path: &str| path.rsplit('/').next().unwrap_or(path).starts_with(PART);
        let parts: Vec<String> = (entries.into_iter())
            .filter(|(path, kind)| *kind == tree::Kind::Folder && is_part(path))
            .map(|(path, _)| {
                tree::find(&release.files, std::slice::from_ref(&path)).unwrap_or(path)
            })
            .collect();
        if !parts.is_empty() {
            return Ok(parts);
        }
    }
    Ok(Vec::new())
}

fn train(release: &mut Release, part: &str) -> Result<(), DataError> {
    let file = release.files.file(&format!("{part}/{METADATA}"));
    let Entries(entries) = json::<Entries<About>>(&file)?;
    let on_disk = release.videos_below(part)?;
    let mut problems = Problems::of(&file);
    for (number, (name, about)) in (1..).zip(entries) {
        let label = match about.label.as_str() {
            "REAL" => Label::Real,
            "FAKE" => Label::Fake,
            other => {
                let (value, real) = (other.to_owned(), "`REAL`".to_owned());
                let fake = "`FAKE`".to_owned();
                problems.add("entry", number, RowFlaw::UnknownLabel { value, real, fake });
                continue;
            }
        };
        let key = format!("{part}/{name}");
        let pair = about.original.map(|original| format!("{part}/{original}"));
        if let Some(earlier) = release.listed(&key) {
            if (earlier.label, &earlier.pair) == (label, &pair) {
                release.listing.note(Finding::Duplicated, key);
            } else {
                let what = format!("`{name}` is there before with another label or original");
                problems.add("entry", number, RowFlaw::Disagree(what));
            }
            continue;
        }
        let mut video = release.video(&key, label, None, Kind::Video)?;
        video.split = Some(Split::Train);
        video.pair = pair;
        video.source_line = Some(number);
        let size = on_disk.get(&key).copied();
        release.add(video, size);
    }
    problems.check()?;
    release.note_unlisted(&on_disk, Finding::Unlabelled);
    Ok(())
}

/// A folder of videos, perhaps in a folder inside it, and their labels.
fn evaluation(release: &mut Release, folder: &str, split: Split) -> Result<(), DataError> {
    let mut on_disk: BTreeMap<String, (String, u64)> = BTreeMap::new();
    for (path, size) in release.videos_below(folder)? {
        let name = path.rsplit('/').next().unwrap_or(&path).to_owned();
        match on_disk.entry(name) {
            Entry::Occupied(_) => release.listing.note(Finding::Duplicated, path),
            Entry::Vacant(entry) => {
                entry.insert((path, size));
            }
        }
    }
    let labels = labels(release, folder)?;
    for (name, (label, line)) in &labels {
        let (key, size) = match on_disk.get(name) {
            Some((path, size)) => (path.clone(), Some(*size)),
            None => (format!("{folder}/{name}"), None),
        };
        let mut video = release.video(&key, *label, None, Kind::Video)?;
        video.split = Some(split);
        video.source_line = Some(*line);
        release.add(video, size);
    }
    for (name, (path, _)) in &on_disk {
        if !labels.contains_key(name) {
            release.listing.note(Finding::Unlabelled, path.as_str());
        }
    }
    Ok(())
}

/// The labels of a folder from `labels.csv`, `metadata.json` or both, which must agree.
fn labels(
    release: &mut Release,
    folder: &str,
) -> Result<BTreeMap<String, (Label, u32)>, DataError> {
    let mut labels: BTreeMap<String, (Label, u32)> = BTreeMap::new();
    let csv = release.files.file(&format!("{folder}/{LABELS}"));
    if csv.is_file() {
        let column = |name: &str| Spanned::default_of(name.to_owned());
        let (filename, label) = (column("filename"), column("label"));
        let cells = Cells::read(&csv, &[("video", &filename), ("label", &label)])?;
        let mut problems = Problems::of(&csv);
        for (row, &line) in cells.lines.iter().enumerate() {
            let (name, value) = (&cells.columns[0][row], &cells.columns[1][row]);
            take(release, &mut labels, &mut problems, ("line", line), name, value);
        }
        problems.check()?;
    }
    let file = release.files.file(&format!("{folder}/{METADATA}"));
    if file.is_file() {
        let from_csv = labels.len();
        let mut problems = Problems::of(&file);
        let mut told = HashSet::new();
        for (number, (name, about)) in (1..).zip(json::<Entries<Value>>(&file)?.0) {
            let value = about.get("is_fake").map_or_else(String::new, Value::to_string);
            if from_csv == 0 {
                take(release, &mut labels, &mut problems, ("entry", number), &name, &value);
            } else if let Some((label, line)) = labels.get(&name)
                && label_of(&value).is_some_and(|here| here != *label)
                && told.insert(name.clone())
            {
                let what = format!(
                    "`{name}` is {} in line {line} of {LABELS}, but not here",
                    label.word()
                );
                problems.add("entry", number, RowFlaw::Disagree(what));
            }
        }
        problems.check()?;
    }
    Ok(labels)
}

fn label_of(value: &str) -> Option<Label> {
    match value {
        "0" => Some(Label::Real),
        "1" => Some(Label::Fake),
        _ => None,
    }
}

/// Takes one labelled name; repeated ones are counted if they agree.
fn take(
    release: &mut Release,
    labels: &mut BTreeMap<String, (Label, u32)>,
    problems: &mut Problems,
    (unit, number): (&'static str, u32),
    name: &str,
    value: &str,
) {
    if value.is_empty() {
        release.listing.note(Finding::Unlabelled, name);
        return;
    }
    let Some(label) = label_of(value) else {
        let (real, fake) = ("`0`".to_owned(), "`1`".to_owned());
        problems.add(unit, number, RowFlaw::UnknownLabel { value: value.to_owned(), real, fake });
        return;
    };
    match labels.get(name) {
        None => {
            labels.insert(name.to_owned(), (label, number));
        }
        Some((earlier, _)) if *earlier == label => release.listing.note(Finding::Duplicated, name),
        Some((earlier, at)) => {
            let what = format!("`{name}` is {} in {unit} {at}, but not here", earlier.word());
            problems.add(unit, number, RowFlaw::Disagree(what));
        }
    }
}

#[cfg(test)]
#[path = "dfdc_tests.rs"]
mod tests;
