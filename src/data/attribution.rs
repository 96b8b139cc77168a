//! The classes that a model tells apart, and the class of each video (paper section 3.4).

use std::collections::BTreeMap;

use proofmark_lang::model::{Attribution, Dataset, Family, Label};

use super::error::DataError;
use super::video::Video;
use super::words::Word;

/// The classes of a model and the class of each video.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Classes {
    /// Names; class 0 is `real`.
    pub names: Vec<String>,
    /// Per data set, the class of each of its videos, both in the order given.
    pub of: Vec<Vec<u32>>,
}

/// Families in the order of their classes.
const FAMILIES: [Family; 4] =
    [Family::FaceSwap, Family::Reenactment, Family::EntireFace, Family::Editing];

/// The classes of the videos that a model is trained and selected on, which are real and
/// - `fake`, without attribution;
/// - the families that occur, in the order of [`Family`];
/// - the data sets that have fakes, in their order;
/// - the manipulations that occur, in the order of the data sets and of their declarations,
///   then by name. One name in two data sets is one class.
///
/// # Errors
/// [`DataError::Unattributed`] if a fake's family or manipulation is not known.
pub fn classes(
    by: Option<Attribution>,
    sources: &[(&Dataset, &[Video])],
) -> Result<Classes, DataError> {
    let fakes = || {
        sources.iter().flat_map(|(dataset, videos)| {
            let fakes = videos.iter().filter(|v| v.label == Label::Fake);
            fakes.map(move |video| (*dataset, video))
        })
    };
    check(by, fakes())?;
    let mut names = vec!["real".to_owned()];
    match by {
        None => names.push("fake".to_owned()),
        Some(Attribution::Category) => {
            let occurs = |family: &Family| fakes().any(|(_, v)| v.family == Some(*family));
            let found = FAMILIES.into_iter().filter(occurs);
            names.extend(found.map(|family| Some(family).word().to_owned()));
        }
        Some(Attribution::Dataset) => {
            let has_fakes = |videos: &[Video]| videos.iter().any(|v| v.label == Label::Fake);
            let found = sources.iter().filter(|(_, videos)| has_fakes(videos));
            names.extend(found.map(|(dataset, _)| dataset.name.clone()));
        }
        Some(Attribution::Manipulation) => names.extend(manipulations(sources)),
    }
    let index: BTreeMap<&str, u32> = names.iter().map(String::as_str).zip(0..).collect();
    let class = |dataset: &Dataset, video: &Video| match (video.label, by) {
        (Label::Real, _) => 0,
        (Label::Fake, None) => 1,
        (Label::Fake, Some(Attribution::Category)) => index[video.family.word()],
        (Label::Fake, Some(Attribution::Dataset)) => index[dataset.name.as_str()],
        (Label::Fake, Some(Attribution::Manipulation)) => {
            index[video.method.as_deref().unwrap_or_default()]
        }
    };
    let of = sources.iter().map(|(d, videos)| videos.iter().map(|v| class(d, v)).collect());
    let of = of.collect();
    Ok(Classes { names, of })
}

/// Every fake must tell what its class is made of.
fn check<'a>(
    by: Option<Attribution>,
    fakes: impl Iterator<Item = (&'a Dataset, &'a Video)>,
) -> Result<(), DataError> {
    let word = match by {
        Some(Attribution::Category) => "category",
        Some(Attribution::Manipulation) => "manipulation",
        None | Some(Attribution::Dataset) => return Ok(()),
    };
    let lacks = |video: &Video| match by {
        Some(Attribution::Category) => matches!(video.family, None | Some(Family::Unknown)),
        Some(Attribution::Manipulation) => video.method.is_none(),
        None | Some(Attribution::Dataset) => false,
    };
    let mut lacking = fakes.filter(|(_, video)| lacks(video)).peekable();
    let Some((dataset, video)) = lacking.peek().copied() else { return Ok(()) };
    let alike = |(d, v): &(&Dataset, &Video)| d.name == dataset.name && v.method == video.method;
    Err(DataError::Unattributed {
        by: word,
        dataset: dataset.name.clone(),
        manipulation: video.method.clone(),
        videos: lacking.filter(alike).count(),
        example: video.key.clone(),
    })
}

/// The manipulations that occur, each once.
fn manipulations(sources: &[(&Dataset, &[Video])]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for (dataset, videos) in sources {
        let declared = |name: &str| {
            dataset.manipulations.iter().position(|m| m.name == name).unwrap_or(usize::MAX)
        };
        let mut found: Vec<&str> = videos.iter().filter_map(|v| v.method.as_deref()).collect();
        found.sort_unstable_by_key(|name| (declared(name), *name));
        found.dedup();
        for name in found {
            if !names.iter().any(|known| known == name) {
                names.push(name.to_owned());
            }
        }
    }
    names
}

#[cfg(test)]
#[path = "attribution_tests.rs"]
mod tests;
