//! `layout dfdc`: the Deepfake Detection Challenge. Train comes in parts, each with a
//! `metadata.json`, perhaps in folders of their archives' names; validation and test are
//! folders of videos with their labels beside them, 1 for fake. Any of the three may be absent.
//! No video tells its method.

use std::collections::HashSet;
use std::collections::btree_map::{BTreeMap, Entry};

use serde::Deserialize;
use serde_json::Value;

use super::cells::{Cells, Wanted};
use super::lists::{Entries, Problems, json};
use super::release::{Release, ReleasePart, spellings};
use super::{Finding, Listing, tree};
use crate::error::DataError;
use crate::flaw::RowFlaw;
use crate::video::MediaKind;
use proofmark_lang::model::{Label, Split};

/// What the folders of train's parts begin with; a number follows.
const PART: &str = "dfdc_train_part_";

/// The folder of the part that Kaggle shows as a sample.
const SAMPLE: &str = "train_sample_videos";

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

/// Lists the videos of train, validation and test, as far as they are there.
pub(super) fn read(release: &mut Release) -> Result<(), DataError> {
    let parts = parts(release)?;
    let mut needed: Vec<ReleasePart> =
        parts.iter().map(|part| ReleasePart::of(&[&format!("{part}/{METADATA}")])).collect();
    let mut divisions = Vec::new();
    for (split, folders) in [
        (Split::Val, spellings(&["validation"])),
        (Split::Test, spellings(&["test", "test_videos", "dfdc_test"])),
    ] {
        let Some(folder) = release.find(&folders) else {
            divisions.push((split, folders, None));
            continue;
        };
        let lists = [LABELS, METADATA].map(|list| format!("{folder}/{list}")).to_vec();
        let labelled = release.find(&lists).map(|_| folder);
        divisions.push((split, lists, labelled));
    }
    if parts.is_empty() {
        let train = spellings(&[
            &format!("train/{PART}0/{METADATA}"),
            &format!("{PART}0/{METADATA}"),
            &format!("{SAMPLE}/{METADATA}"),
        ]);
        if divisions.iter().all(|(.., folder)| folder.is_none()) {
            needed.push(ReleasePart::spelled(train));
            needed
                .extend(divisions.iter().map(|(_, lists, _)| ReleasePart::spelled(lists.clone())));
        } else {
            release.lacks(Split::Train, &train);
        }
    }
    release.need(&needed)?;
    for part in &parts {
        train(release, part)?;
    }
    if !parts.is_empty() && parts.len() != PARTS {
        let sample = parts.iter().any(|part| part.ends_with(SAMPLE));
        release.listing.remarks.push(match sample {
            true => format!("train is the sample {SAMPLE}"),
            false => format!("{} of the {PARTS} parts of train", parts.len()),
        });
    }
    for (split, lists, folder) in divisions {
        match folder {
            Some(folder) => evaluation(release, &folder, split)?,
            None => release.lacks(split, &lists),
        }
    }
    release.settle_pairs();
    Ok(())
}

/// The parts of train, below `train` or the root; or else Kaggle's sample of it.
fn parts(release: &mut Release) -> Result<Vec<String>, DataError> {
    for is_part in [is_part, is_sample] {
        for place in ["train", ""] {
            let mut parts = Vec::new();
            for folder in folders(release, place)? {
                if is_part(&folder) {
                    parts.extend(inside(release, folder)?);
                }
            }
            if !parts.is_empty() {
                return Ok(parts);
            }
        }
    }
    Ok(Vec::new())
}

fn is_part(folder: &str) -> bool {
    name(folder).starts_with(PART)
}

/// Whether a folder is that of the sample, or all of train without parts.
fn is_sample(folder: &str) -> bool {
    [SAMPLE, "train"].contains(&name(folder))
}

fn name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// Where the metadata of a part lie: in its folder, or in one inside it, as an archive that was
/// unpacked into a folder of its name leaves it.
fn inside(release: &mut Release, folder: String) -> Result<Vec<String>, DataError> {
    let has_list =
        |release: &Release, part: &str| release.files.file(&format!("{part}/{METADATA}")).is_file();
    if has_list(release, &folder) {
        return Ok(vec![folder]);
    }
    let deeper = folders(release, &folder)?.into_iter().filter(|part| has_list(release, part));
    let deeper: Vec<String> = deeper.collect();
    // A part without its list is asked for by name; `train` without one is just the place.
    Ok(if deeper.is_empty() && is_part(&folder) { vec![folder] } else { deeper })
}

/// The folders of a folder, if it is there; what else it holds is of no interest.
fn folders(release: &Release, place: &str) -> Result<Vec<String>, DataError> {
    if !release.files.file(place).is_dir() {
        return Ok(Vec::new());
    }
    let mut unread = Listing::default();
    let entries = tree::entries(&mut unread, &release.files, place, &[])?;
    let folders = entries.into_iter().filter(|(_, kind)| *kind == tree::EntryKind::Folder);
    Ok(folders.map(|(path, _)| path).collect())
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
        let mut video = release.video(&key, label, None, MediaKind::Video)?;
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
        let mut video = release.video(&key, *label, None, MediaKind::Video)?;
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
        let wanted = [Wanted::fixed("video", "filename"), Wanted::fixed("label", "label")];
        let cells = Cells::read(&csv, &wanted)?;
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
