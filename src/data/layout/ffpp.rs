//! `layout faceforensics`: FaceForensics++ with the official lists of pairs.
//!
//! A pair `[a, b]` of a list stands for the reals `a` and `b` and, of each method, the fakes
//! `a_b` (the face of `b` in the video of `a`) and `b_a`. Where the data set is divided
//! otherwise and no list is there, the names of the files say the same. `DeepFakeDetection` and
//! its actors have no official lists: declared, they are listed without a split. Videos lie as
//! released, or flat in a folder per method, as Kaggle has them.

use std::collections::btree_map::{BTreeMap, Entry};
use std::collections::{BTreeSet, HashMap};

use serde_json::Value;

use super::Finding;
use super::lists::{Problems, json};
use super::paths::stem;
use super::release::{Release, ReleasePart};
use super::tree;
use crate::error::DataError;
use crate::flaw::RowFlaw;
use crate::video::MediaKind;
use proofmark_lang::model::{Label, Split};

const SPLITS: [(Split, &str); 3] =
    [(Split::Train, "train"), (Split::Val, "val"), (Split::Test, "test")];

/// The manipulation of the actors' videos.
const DFD: &str = "DeepFakeDetection";

/// Folders of copies, the first two of which are one.
const COPIES: [&str; 4] = ["raw", "c0", "c23", "c40"];

/// Folders beside `videos` that tools extract frames to.
const FRAMES: [&str; 3] = ["images", "frames", "faces"];

/// What to do without the lists.
const NO_LISTS: &str = "copy `train.json`, `val.json` and `test.json` from dataset/splits of \
                        github.com/ondyari/FaceForensics, which are not part of the download, or \
                        divide the data set by `split carve ..`";

/// Lists the videos of the declared manipulations and their originals.
pub(super) fn read(release: &mut Release) -> Result<(), DataError> {
    let methods: Vec<&str> = release.declared().collect();
    let (actors, methods): (Vec<&str>, Vec<&str>) = methods.into_iter().partition(|m| *m == DFD);
    let spelled = |release: &Release, kind: &str, name: &str, flat: &str| {
        places(release, &format!("{kind}/{name}"), flat)
    };
    // Who declares the actors alone need not have the rest.
    let youtube = spelled(release, "original_sequences", "youtube", "original");
    let paired = actors.is_empty() || !methods.is_empty() || release.find(&youtube).is_some();
    let mut parts = Vec::new();
    if !actors.is_empty() {
        for (kind, name) in [("original_sequences", "actors"), ("manipulated_sequences", DFD)] {
            parts.push(ReleasePart::of_method(spelled(release, kind, name, name), DFD));
        }
    }
    let lists = lists(release);
    if paired {
        parts.push(ReleasePart::spelled(youtube));
        for method in &methods {
            let places = spelled(release, "manipulated_sequences", method, method);
            parts.push(ReleasePart::of_method(places, method));
        }
        if release.dataset.split.is_official() && lists.iter().all(|(.., list)| list.is_none()) {
            let list = |name| ReleasePart::spelled(list_places(name)).or(NO_LISTS);
            parts.extend(SPLITS.map(|(_, name)| list(name)));
        }
    }
    no_frames(release, &parts)?;
    let found = release.need(&parts)?;
    note_flat(release, &found);
    let mut folders = found.iter();
    if !actors.is_empty()
        && let (Some(reals), Some(fakes)) = (folders.next(), folders.next())
    {
        list_actors(release, reals, fakes)?;
    }
    if let Some(folder) = folders.next() {
        let listed = lists.iter().any(|(.., list)| list.is_some());
        for (split, name, _) in lists.iter().filter(|(.., list)| listed && list.is_none()) {
            release.lacks(*split, &list_places(name));
        }
        let pairs = pairs(release, &lists)?;
        let pairs = listed.then_some(&pairs);
        let originals = list_originals(release, folder, pairs)?;
        for (method, folder) in methods.iter().zip(folders) {
            list_fakes(release, method, folder, pairs, &originals)?;
        }
    }
    release.settle_pairs();
    Ok(())
}

/// Refuses a release of which frames were extracted and the videos are not there.
fn no_frames(release: &mut Release, parts: &[ReleasePart]) -> Result<(), DataError> {
    for part in parts {
        if release.find(&part.spellings).is_some() {
            continue;
        }
        let beside = part.spellings.iter().filter_map(|place| place.strip_suffix("/videos"));
        let mut frames = beside.flat_map(|copy| FRAMES.map(|frames| format!("{copy}/{frames}")));
        if let Some(found) = frames.find(|folder| release.files.file(folder).is_dir()) {
            let looked_for = vec![tree::spelled(&release.files, &part.spellings)];
            let cure = format!(
                "`{found}` has frames, and this layout reads videos: copy the videos beside them, \
                 or declare the frames by `layout deepfakebench` where its JSON lists are there, \
                 else by `layout folder videos=#true` or `layout table`"
            );
            return Err(release.incomplete(looked_for, vec![cure]));
        }
    }
    Ok(())
}

/// Where the videos of a folder of the release may lie: below it, or flat.
fn places(release: &Release, folder: &str, flat: &str) -> Vec<String> {
    let copy = release.switch("compression");
    let copies = if copy == "raw" { &COPIES[..2] } else { &[copy][..] };
    let mut places: Vec<String> =
        copies.iter().map(|copy| format!("{folder}/{copy}/videos")).collect();
    // A flat folder names no copy; the folder around it may.
    let around = release.files.root().file_name().unwrap_or_default().to_string_lossy();
    let named = |c: &&str| around.to_lowercase().contains(c);
    let other = ["c23", "c40"].iter().any(|c| !copies.contains(c) && named(c));
    let flat = [
        (!other).then(|| flat.to_owned()),
        Some(format!("FaceForensics++_{}/{flat}", copy.to_uppercase())),
        Some(format!("FaceForensics++_{copy}/{flat}")),
    ];
    let holds_copies =
        |flat: &String| COPIES.iter().any(|c| release.files.file(&format!("{flat}/{c}")).is_dir());
    places.extend(flat.into_iter().flatten().filter(|flat| !holds_copies(flat)));
    places
}

/// Says that nothing on disk tells which copy flat folders hold.
fn note_flat(release: &mut Release, found: &[String]) {
    let copy = release.switch("compression");
    let named = |place: &&String| place.to_lowercase().contains(copy) || place.ends_with("/videos");
    let around = release.files.root().file_name().unwrap_or_default().to_string_lossy();
    if around.to_lowercase().contains(copy) {
        return;
    }
    let videos = found.iter().filter(|place| !place.ends_with(".json"));
    if let Some(flat) = videos.clone().find(|place| !named(place)) {
        let text = format!("`{flat}` names no compression; it is taken as {copy}");
        release.listing.remarks.push(text);
    }
}

/// Where the list of a split may lie.
fn list_places(name: &str) -> Vec<String> {
    ["", "splits/", "dataset/splits/"].map(|folder| format!("{folder}{name}.json")).to_vec()
}

/// The list of a split, if it is there.
type List = (Split, &'static str, Option<String>);

fn lists(release: &Release) -> [List; 3] {
    SPLITS.map(|(split, name)| {
        let list = list_places(name).into_iter().find(|list| release.files.file(list).is_file());
        (split, name, list)
    })
}

/// Two ids and the split that they are in.
type Pair = (Split, [String; 2]);

/// The pairs of the lists, each with its split.
fn pairs(release: &Release, lists: &[List]) -> Result<Vec<Pair>, DataError> {
    let mut pairs = Vec::new();
    let mut seen: HashMap<String, &str> = HashMap::new();
    for (split, name, list) in lists {
        let Some(list) = list else { continue };
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
            pairs.push((*split, [a, b]));
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
    let mut names = BTreeMap::new();
    for (path, size) in release.videos_below(folder)? {
        match names.entry(stem(&path).to_owned()) {
            Entry::Occupied(_) => release.listing.note(Finding::Duplicated, path),
            Entry::Vacant(entry) => {
                entry.insert((path, size));
            }
        }
    }
    Ok(names)
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

/// Lists the originals of the pairs, or without lists those on disk, and gives the key of each
/// by its id.
fn list_originals(
    release: &mut Release,
    folder: &str,
    pairs: Option<&Vec<Pair>>,
) -> Result<HashMap<String, String>, DataError> {
    let on_disk = by_name(release, folder)?;
    let ids: Vec<(Option<Split>, String)> = match pairs {
        Some(pairs) => {
            let ids = |(split, ids): &Pair| ids.clone().map(|id| (Some(*split), id));
            pairs.iter().flat_map(ids).collect()
        }
        None => on_disk.keys().filter(|n| is_id(n)).map(|name| (None, name.clone())).collect(),
    };
    let mut keys = HashMap::new();
    for (split, id) in ids {
        let (key, size) = place(&on_disk, folder, &id);
        let mut video = release.video(&key, Label::Real, None, MediaKind::Video)?;
        video.split = split;
        video.groups = vec![identity(&id)];
        release.add(video, size);
        keys.insert(id, key);
    }
    note_rest(release, &on_disk, &keys.keys().cloned().collect());
    Ok(keys)
}

/// Lists the fakes of the pairs, or without lists those on disk.
fn list_fakes(
    release: &mut Release,
    method: &str,
    folder: &str,
    pairs: Option<&Vec<Pair>>,
    originals: &HashMap<String, String>,
) -> Result<(), DataError> {
    let on_disk = by_name(release, folder)?;
    let wanted: Vec<(Option<Split>, String)> = match pairs {
        Some(pairs) => {
            let both = |(split, [a, b]): &Pair| {
                [format!("{a}_{b}"), format!("{b}_{a}")].map(|name| (Some(*split), name))
            };
            pairs.iter().flat_map(both).collect()
        }
        None => on_disk.keys().map(|name| (None, name.clone())).collect(),
    };
    let mut names = BTreeSet::new();
    for (split, name) in wanted {
        let Some((target, source)) = name.split_once('_').filter(|(t, s)| is_id(t) && is_id(s))
        else {
            continue;
        };
        let (key, size) = place(&on_disk, folder, &name);
        let mut video = release.video(&key, Label::Fake, Some(method), MediaKind::Video)?;
        video.split = split;
        video.groups = vec![identity(target), identity(source)];
        video.pair = originals.get(target).cloned();
        release.add(video, size);
        names.insert(name);
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
        let mut video = release.video(&key, Label::Real, None, MediaKind::Video)?;
        video.groups = name.split("__").take(1).map(actor).collect();
        release.add(video, Some(size));
        originals.insert(name, key);
    }
    for (name, (key, size)) in by_name(release, fakes)? {
        let mut video = release.video(&key, Label::Fake, Some(DFD), MediaKind::Video)?;
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
