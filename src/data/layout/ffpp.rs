//! `layout faceforensics`: FaceForensics++ with the official lists of pairs.
//!
//! A pair `[a, b]` of a list stands for the reals `a` and `b` and, of each method, the fakes
//! `a_b` (the face of `b` in the video of `a`) and `b_a`. `DeepFakeDetection` and its actors
//! have no official lists: declared, they are listed without a split.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::Value;

use super::Finding;
use super::lists::{Problems, json};
use super::paths::stem;
use super::released::{Release, spellings};
use crate::data::error::DataError;
use crate::data::flaw::RowFlaw;
use crate::data::manifest::Kind;
use crate::lang::model::{Label, Split};

const SPLITS: [(Split, &str); 3] =
    [(Split::Train, "train"), (Split::Val, "val"), (Split::Test, "test")];

/// The manipulation of the actors' videos.
const DFD: &str = "DeepFakeDetection";

/// Lists the videos of the declared manipulations and their originals.
pub(super) fn read(release: &mut Release) -> Result<(), DataError> {
    let methods: Vec<&str> = release.declared().collect();
    let (actors, methods): (Vec<&str>, Vec<&str>) = methods.into_iter().partition(|m| *m == DFD);
    let copies = match release.switch("compression") {
        "raw" => vec!["raw", "c0"],
        other => vec![other],
    };
    let videos = |folder: &str| -> Vec<String> {
        copies.iter().map(|copy| format!("{folder}/{copy}/videos")).collect()
    };
    let mut parts = vec![videos("original_sequences/youtube")];
    parts.extend(methods.iter().map(|m| videos(&format!("manipulated_sequences/{m}"))));
    for (_, name) in SPLITS {
        parts.push(spellings(&[&format!("{name}.json"), &format!("splits/{name}.json")]));
    }
    if !actors.is_empty() {
        parts.push(videos("original_sequences/actors"));
        parts.push(videos(&format!("manipulated_sequences/{DFD}")));
    }
    let found = release.need(&parts)?;
    let (folders, rest) = found.split_at(1 + methods.len());
    let (lists, rest) = rest.split_at(SPLITS.len());
    let pairs = pairs(release, lists)?;

    let originals = list_originals(release, &folders[0], &pairs)?;
    for (method, folder) in methods.iter().zip(&folders[1..]) {
        list_fakes(release, method, folder, &pairs, &originals)?;
    }
    if let [reals, fakes] = rest {
        list_actors(release, reals, fakes)?;
    }
    release.settle_pairs();
    Ok(())
}

/// The pairs of the lists, each with its split.
fn pairs(release: &Release, lists: &[String]) -> Result<Vec<(Split, [String; 2])>, DataError> {
    let mut pairs = Vec::new();
    let mut seen: HashMap<String, &str> = HashMap::new();
    for ((split, name), list) in SPLITS.into_iter().zip(lists) {
        let file = release.files.file(list);
        let mut problems = Problems::of(&file);
        for (number, entry) in (1..).zip(json::<Vec<Value>>(&file)?) {
            let ids: Option<Vec<String>> = entry.as_array().and_then(|ids| {
                ids.iter().map(|id| id.as_str().filter(|id| is_id(id)).map(str::to_owned)).collect()
            });
            let Some([a, b]) = ids.and_then(|ids| <[String; 2]>::try_from(ids).ok()) else {
                let wanted = "[\"071\", \"054\"], two ids as text";
                problems.add("entry", number, RowFlaw::Form { found: entry.to_string(), wanted });
                continue;
            };
            for id in [&a, &b] {
                if let Some(earlier) = seen.insert(id.clone(), name) {
                    let what = format!("the id `{id}` is already in {earlier}.json");
                    problems.add("entry", number, RowFlaw::Disagree(what));
                }
            }
            pairs.push((split, [a, b]));
        }
        problems.check()?;
    }
    Ok(pairs)
}

fn is_id(id: &str) -> bool {
    !id.is_empty() && id.bytes().all(|b| b.is_ascii_digit())
}

/// What identity an id stands for, whatever data set it is met in.
pub(super) fn identity(id: &str) -> String {
    format!("ffpp:{id}")
}

/// The ids in the name of a video, `TTT` or `TTT_SSS`.
pub(super) fn identities(name: &str) -> Vec<String> {
    let ids: Vec<&str> = name.split('_').collect();
    if ids.iter().all(|id| is_id(id)) {
        ids.into_iter().map(identity).collect()
    } else {
        Vec::new()
    }
}

/// The files of a folder by their names without extension.
fn by_name(
    release: &mut Release,
    folder: &str,
) -> Result<BTreeMap<String, (String, u64)>, DataError> {
    let found = release.videos_below(folder)?;
    Ok(found.into_iter().map(|(path, size)| (stem(&path).to_owned(), (path, size))).collect())
}

/// Where a video lies, or should.
fn place(
    on_disk: &BTreeMap<String, (String, u64)>,
    folder: &str,
    name: &str,
) -> (String, Option<u64>) {
    match on_disk.get(name) {
        Some((path, size)) => (path.clone(), Some(*size)),
        None => (format!("{folder}/{name}.mp4"), None),
    }
}

/// Notes the files that no pair names.
fn note_rest(
    release: &mut Release,
    on_disk: &BTreeMap<String, (String, u64)>,
    listed: &BTreeSet<String>,
) {
    for (name, (path, _)) in on_disk {
        if !listed.contains(name) {
            release.listing.note(Finding::Unlisted, path.as_str());
        }
    }
}

/// Lists the originals and gives the key of each by its id.
fn list_originals(
    release: &mut Release,
    folder: &str,
    pairs: &[(Split, [String; 2])],
) -> Result<HashMap<String, String>, DataError> {
    let on_disk = by_name(release, folder)?;
    let mut keys = HashMap::new();
    for (split, ids) in pairs {
        for id in ids {
            let (key, size) = place(&on_disk, folder, id);
            let mut video = release.video(&key, Label::Real, None, Kind::Video)?;
            video.split = Some(*split);
            video.groups = vec![identity(id)];
            release.add(video, size);
            keys.insert(id.clone(), key);
        }
    }
    note_rest(release, &on_disk, &keys.keys().cloned().collect());
    Ok(keys)
}

fn list_fakes(
    release: &mut Release,
    method: &str,
    folder: &str,
    pairs: &[(Split, [String; 2])],
    originals: &HashMap<String, String>,
) -> Result<(), DataError> {
    let on_disk = by_name(release, folder)?;
    let mut names = BTreeSet::new();
    for (split, [a, b]) in pairs {
        for (target, source) in [(a, b), (b, a)] {
            let name = format!("{target}_{source}");
            let (key, size) = place(&on_disk, folder, &name);
            let mut video = release.video(&key, Label::Fake, Some(method), Kind::Video)?;
            video.split = Some(*split);
            video.groups = vec![identity(target), identity(source)];
            video.pair = originals.get(target).cloned();
            release.add(video, size);
            names.insert(name);
        }
    }
    note_rest(release, &on_disk, &names);
    Ok(())
}

/// Lists the actors' videos, which are in no split. A fake is named
/// `TARGET_SOURCE__SCENE__CODE` and its original `TARGET__SCENE`.
fn list_actors(release: &mut Release, reals: &str, fakes: &str) -> Result<(), DataError> {
    let actor = |id: &str| format!("ffpp:actor {id}");
    let mut originals = HashMap::new();
    for (name, (key, size)) in by_name(release, reals)? {
        let mut video = release.video(&key, Label::Real, None, Kind::Video)?;
        video.groups = name.split("__").take(1).map(actor).collect();
        release.add(video, Some(size));
        originals.insert(name, key);
    }
    for (name, (key, size)) in by_name(release, fakes)? {
        let mut video = release.video(&key, Label::Fake, Some(DFD), Kind::Video)?;
        let mut parts = name.split("__");
        let (ids, scene) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        video.groups = ids.split('_').map(actor).collect();
        let target = ids.split('_').next().unwrap_or_default();
        video.pair = originals.get(&format!("{target}__{scene}")).cloned();
        release.add(video, Some(size));
    }
    Ok(())
}

#[cfg(test)]
#[path = "ffpp_tests.rs"]
mod tests;
