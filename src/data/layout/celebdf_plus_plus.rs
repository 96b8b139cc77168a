//! `layout celebdf-plus-plus`: Celeb-DF++ (Li, Zhu, Cui and Lyu 2025), the reals and the swaps of
//! Celeb-DF v2 with those of 21 methods more. Its folders and its list have the form of Celeb-DF's,
//! its people the same names.

use super::celebdf::{self, Folder, Form, Named, REALS, Tested};
use super::release::{Release, ReleasePart};
use crate::error::DataError;
use crate::flaw::quoted;
use proofmark_text::near::near;

/// The folder of the fakes.
const FAKES: &str = "Celeb-synthesis";

/// The methods by folder of their kind, each with the number of its test videos in the release.
const METHODS: [(&str, &[(&str, usize)]); 3] = [
    (
        "FaceSwap",
        &[
            (V2, 340),
            ("BlendFace", 200),
            ("GHOST", 200),
            ("HifiFace", 200),
            ("InSwapper", 200),
            ("MobileFaceSwap", 200),
            ("SimSwap", 200),
            ("UniFace", 200),
        ],
    ),
    (
        "FaceReenact",
        &[
            ("DaGAN", 200),
            ("FSRT", 200),
            ("HyperReenact", 200),
            ("LIA", 200),
            ("LivePortrait", 200),
            ("MCNET", 200),
            ("TPSMM", 200),
        ],
    ),
    (
        "TalkingFace",
        &[
            ("AniTalker", 300),
            ("EchoMimic", 300),
            ("EDTalk", 300),
            ("FLOAT", 300),
            ("IP_LAP", 300),
            ("Real3DPortrait", 300),
            ("SadTalker", 300),
        ],
    ),
];

/// The swaps of Celeb-DF v2, whose folder has two names.
const V2: &str = "Celeb-DF";

/// Reals in the test split.
const REALS_TESTED: usize = 178;

/// Lists the reals, and the fakes of the declared methods, or of all that are there if none is.
pub(super) fn read(release: &mut Release) -> Result<(), DataError> {
    only_methods_of_the_release(release)?;
    let declared: Vec<&str> = release.declared().collect();
    let form = form();
    let mut parts: Vec<(usize, ReleasePart)> = Vec::new();
    let mut absent = Vec::new();
    for (place, folder) in form.folders.iter().enumerate() {
        let part = match folder.method {
            Some(method) if declared.contains(&method) => {
                ReleasePart::of_method(folder.names.clone(), method)
            }
            Some(_) if !declared.is_empty() => continue,
            Some(method) if release.find(&folder.names).is_none() => {
                absent.push(method);
                continue;
            }
            Some(_) | None => folder.part(),
        };
        parts.push((place, part));
    }
    let methods = form.folders.len() - REALS.len();
    if absent.len() == methods {
        parts.push((REALS.len(), form.folders[REALS.len()].part()));
    } else if !absent.is_empty() {
        let there = methods - absent.len();
        let text =
            format!("{there} of the {methods} methods are on disk; not {}", absent.join(", "));
        release.listing.remarks.push(text);
    }
    let read: Vec<usize> = parts.iter().map(|(place, _)| *place).collect();
    if let Some(tested) = celebdf::list_videos(release, &form, parts)? {
        release.listing.remarks.extend(beside_released(&read, &tested));
    }
    Ok(())
}

/// A declared method that the release does not have is a slip of the pen.
fn only_methods_of_the_release(release: &Release) -> Result<(), DataError> {
    let known: Vec<&str> = methods().map(|(_, method, _)| method).collect();
    let declared = &release.dataset.manipulations;
    let Some(unknown) = declared.iter().find(|m| !known.contains(&m.name.as_str())) else {
        return Ok(());
    };
    Err(DataError::UnknownValue {
        file: "Celeb-DF++".into(),
        what: "method",
        value: unknown.name.clone(),
        known: quoted(&known),
        nearest: near(&unknown.name, known).map(str::to_owned),
        origin: unknown.at.name,
    })
}

/// The methods with the folders of their kinds and the numbers of their test videos.
fn methods() -> impl Iterator<Item = (&'static str, &'static str, usize)> {
    METHODS.iter().flat_map(|(kind, methods)| methods.iter().map(|(name, n)| (*kind, *name, *n)))
}

fn form() -> Form {
    let fakes = methods().map(|(kind, method, _)| {
        let folder = |method: &str| format!("{FAKES}/{kind}/{method}");
        let names = match method {
            V2 => vec![folder(V2), folder("Celeb-DF-v2")],
            _ => vec![folder(method)],
        };
        Folder { names, method: Some(method) }
    });
    Form::of(
        fakes.collect(),
        "a video of Celeb-real, of YouTube-real or of a method, as those in \
         Celeb-synthesis/FaceSwap/BlendFace",
        named,
    )
}

/// What a name says: of a talking face `idT_NNNN_test_REF`, which speaks what REF says, the
/// recording `idT_NNNN` that it was made of, and nobody else; of all others what it says in
/// Celeb-DF.
fn named(name: &str) -> Named {
    match name.split('_').collect::<Vec<_>>()[..] {
        [target, number, "test", ..] => {
            let original = format!("{target}_{number}");
            Named { people: celebdf::identities(&original), original: Some(original) }
        }
        _ => celebdf::named(name),
    }
}

/// How many videos the list tests, where that is another number than in the release.
fn beside_released(read: &[usize], tested: &[Tested]) -> Option<String> {
    let found = |place: usize| tested.iter().filter(|tested| tested.folder == place).count();
    let fakes = methods().enumerate().map(|(i, (_, name, n))| (vec![REALS.len() + i], name, n));
    let reals = ((0..REALS.len()).collect(), "real", REALS_TESTED);
    let differing: Vec<String> = std::iter::once(reals)
        .chain(fakes)
        .filter(|(places, ..)| places.iter().all(|place| read.contains(place)))
        .filter_map(|(places, name, released): (Vec<usize>, &str, usize)| {
            let found: usize = places.into_iter().map(found).sum();
            (found != released).then(|| format!("{name} {found} of {released}"))
        })
        .collect();
    (!differing.is_empty()).then(|| {
        format!("the list tests other numbers than that of the release: {}", differing.join(", "))
    })
}

#[cfg(test)]
#[path = "celebdf_plus_plus_tests.rs"]
mod tests;
