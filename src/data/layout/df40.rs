//! `layout df40`: the face crops of DF40, one folder per method, and the reals of the data
//! set that the fakes were made from, which is another download. The JSON files of the release
//! are not read: their paths, splits and labels do not fit the folders.

use std::collections::BTreeMap;

use super::celebdf;
use super::ffpp;
use super::lists::json;
use super::release::{Images, Release, ReleasePart};
use super::tree;
use crate::error::DataError;
use crate::root::{Want, locate};
use crate::video::MediaKind;
use proofmark_lang::model::{DataPath, Domain, Label, Split};

/// Fakes per method in the released lists of the Celeb-DF domain. The paper has 11,366 in all.
const RELEASED: [(&str, usize); 21] = [
    ("blendface", 640),
    ("e4s", 292),
    ("facedancer", 648),
    ("faceswap", 637),
    ("fsgan", 616),
    ("inswap", 424),
    ("mobileswap", 637),
    ("simswap", 641),
    ("uniface", 626),
    ("danet", 647),
    ("facevid2vid", 637),
    ("fomm", 647),
    ("hyperreenact", 641),
    ("lia", 646),
    ("mcnet", 647),
    ("MRAA", 649),
    ("one_shot_free", 647),
    ("pirender", 636),
    ("sadtalker", 660),
    ("tpsm", 647),
    ("wav2lip", 666),
];

/// Where the fakes of a domain come from.
struct Origins {
    /// The folder's spellings.
    names: &'static [&'static str],
    /// The name of the folder of reals.
    reals: &'static str,
    /// The folders of reals below it, each in its spellings.
    folders: &'static [&'static [&'static str]],
    /// Its list of test videos.
    list: &'static str,
    /// Reals in the test split.
    tests: usize,
}

const CDF: Origins = Origins {
    names: &["cdf", "cdfv2"],
    reals: "Celeb-DF-v2",
    folders: &celebdf::REALS,
    list: celebdf::LIST,
    tests: 178,
};

const FF: Origins = Origins {
    names: &["ff", "ffpp"],
    reals: "FaceForensics++",
    folders: &[&[
        "original_sequences/youtube/c23",
        "original_sequences/youtube/raw",
        "original_sequences/youtube/c40",
    ]],
    list: "test.json",
    tests: 140,
};

/// Lists the fakes of the declared methods and the test reals.
pub(super) fn read(release: &mut Release) -> Result<(), DataError> {
    let domain = match release.choose("domain", Domain::of)? {
        Domain::Cdf => &CDF,
        Domain::Ff => &FF,
    };
    let methods: Vec<&str> = release.declared().collect();
    let mut parts: Vec<ReleasePart> =
        methods.iter().map(|m| ReleasePart::of_method(fakes(m, domain), m)).collect();
    mount_reals(release, domain)?;
    let reals = |names: &&[&str]| {
        let places = names.iter().map(|name| format!("{}/{name}/frames", domain.reals)).collect();
        ReleasePart::spelled(places)
            .or("say where the reals are, which are another download, by `reals=..` of the layout")
    };
    parts.extend(domain.folders.iter().map(reals));
    let found = release.need(&parts)?;
    let (fakes, reals) = found.split_at(methods.len());
    let originals = list_reals(release, domain, reals)?;
    let mut counts = Vec::new();
    for (method, folder) in methods.iter().zip(fakes) {
        counts.push((*method, list_fakes(release, domain, method, folder, &originals)?));
    }
    if domain.reals == CDF.reals {
        release.listing.remarks.push(beside_released(&counts));
    }
    Ok(())
}

/// The spellings of a method's folder of videos: some archives hold it doubled, and some
/// without `frames`.
fn fakes(method: &str, domain: &Origins) -> Vec<String> {
    let mut spellings = Vec::new();
    for end in ["/frames", ""] {
        for name in domain.names {
            for root in ["", "DF40/"] {
                for parent in [method.to_owned(), format!("{method}/{method}")] {
                    spellings.push(format!("{root}{parent}/{name}{end}"));
                }
            }
        }
    }
    spellings
}

/// Makes the folder of the reals known, which may lie inside the root, beside it, or where
/// the declaration says.
fn mount_reals(release: &mut Release, domain: &Origins) -> Result<(), DataError> {
    let folder = match release.layout.switches.get("reals") {
        Some(reals) => {
            let base = release.layout.root.base.clone();
            let path = DataPath { written: reals.clone(), base };
            let at = release.layout.at.switches.get("reals").copied().unwrap_or_default();
            locate(&release.dataset.name, (&path, at), Want::Folder, release.env)?
        }
        None => {
            let root = release.files.root();
            let inside = root.join(domain.reals);
            let beside = root.parent().map(|parent| parent.join(domain.reals));
            beside.filter(|beside| !inside.is_dir() && beside.is_dir()).unwrap_or(inside)
        }
    };
    release.files.mount(domain.reals, folder);
    Ok(())
}

/// Lists the reals of the test split and gives their keys by name.
fn list_reals(
    release: &mut Release,
    domain: &Origins,
    folders: &[String],
) -> Result<BTreeMap<String, String>, DataError> {
    let mut found: BTreeMap<(usize, String), (String, Images)> = BTreeMap::new();
    for (place, folder) in folders.iter().enumerate() {
        for (key, images) in release.image_folders(folder)? {
            found.insert((place, last(&key).to_owned()), (key, images));
        }
    }
    let tested = tested(release, domain)?;
    if tested.is_none() && found.len() > domain.tests {
        let list = [format!("{}/{}", domain.reals, domain.list), domain.list.to_owned()];
        let cure = format!(
            "put there the list that says which {} of these {} reals are for testing",
            domain.tests,
            found.len()
        );
        return Err(release.incomplete(vec![tree::spelled(&release.files, &list)], vec![cure]));
    }
    let wanted: Vec<(usize, String)> = tested.unwrap_or_else(|| found.keys().cloned().collect());
    let mut keys = BTreeMap::new();
    for (place, name) in wanted {
        let (key, images) = match found.remove(&(place, name.clone())) {
            Some((key, images)) => (key, Some(images)),
            None => (format!("{}/{name}", folders[place]), None),
        };
        let mut video = release.video(&key, Label::Real, None, MediaKind::Frames)?;
        video.split = Some(Split::Test);
        video.groups = identities(domain, &name);
        release.add_images(video, images);
        keys.insert(name, key);
    }
    Ok(keys)
}

/// The reals of the test split by folder and name, if the list is there.
fn tested(
    release: &mut Release,
    domain: &Origins,
) -> Result<Option<Vec<(usize, String)>>, DataError> {
    let places = [format!("{}/{}", domain.reals, domain.list), domain.list.to_owned()];
    let Some(path) = places.into_iter().find(|path| release.files.file(path).is_file()) else {
        return Ok(None);
    };
    if domain.reals == FF.reals {
        let pairs: Vec<[String; 2]> = json(&release.files.file(&path))?;
        return Ok(Some(pairs.into_iter().flatten().map(|id| (0, id)).collect()));
    }
    Ok(Some(celebdf::tested_reals(release, &path)?))
}

/// Lists the fakes of a method and counts them.
fn list_fakes(
    release: &mut Release,
    domain: &Origins,
    method: &str,
    folder: &str,
    originals: &BTreeMap<String, String>,
) -> Result<usize, DataError> {
    let folders = release.image_folders(folder)?;
    let count = folders.len();
    for (key, images) in folders {
        let mut video = release.video(&key, Label::Fake, Some(method), MediaKind::Frames)?;
        let name = last(&key);
        video.split = Some(Split::Test);
        video.groups = identities(domain, name);
        video.pair = originals.get(&original(name)).cloned();
        release.add_images(video, Some(images));
    }
    Ok(count)
}

/// The name of the real video that a fake was made from: `id0_0000` for `id0_id1_0000`, `001`
/// for `001_870`, and for a reenactment its own name.
fn original(name: &str) -> String {
    match name.split('_').collect::<Vec<_>>()[..] {
        [target, source, number] if source.starts_with("id") => format!("{target}_{number}"),
        [target, _] if !target.starts_with("id") => target.to_owned(),
        _ => name.to_owned(),
    }
}

fn identities(domain: &Origins, name: &str) -> Vec<String> {
    if domain.reals == FF.reals { ffpp::identities(name) } else { celebdf::identities(name) }
}

fn last(key: &str) -> &str {
    key.rsplit('/').next().unwrap_or(key)
}

/// The numbers of fakes beside those of the release and of the paper.
fn beside_released(counts: &[(&str, usize)]) -> String {
    let released = |method: &str| RELEASED.iter().find(|(m, _)| *m == method).map(|(_, n)| *n);
    let differing: Vec<String> = (counts.iter())
        .filter_map(|(method, found)| {
            let released = released(method).filter(|released| released != found)?;
            Some(format!("{method} {found} of {released}"))
        })
        .collect();
    let found: usize = counts.iter().map(|(_, n)| n).sum();
    let all: usize = counts.iter().filter_map(|(method, _)| released(method)).sum();
    let mut text = format!("{found} fakes; the released lists have {all} of these methods");
    if counts.len() == RELEASED.len() {
        text += ", the paper 11366";
    }
    if !differing.is_empty() {
        text += &format!("; other numbers: {}", differing.join(", "));
    }
    text
}

#[cfg(test)]
#[path = "df40_tests.rs"]
mod tests;
