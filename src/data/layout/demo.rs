//! `layout demo`: the videos that the synthetic demo draws.

use super::Listing;
use crate::demo;
use crate::error::DataError;
use crate::video::{Frame, MediaKind, Video};
use proofmark_lang::model::{Dataset, DemoLayout, Family, Label, Placed};
use proofmark_lang::vocabulary::DEMO_METHODS;

/// Lists the videos of a demo data set. With hidden methods, no fake tells its method or
/// family.
///
/// # Errors
/// A method that the demo cannot draw, or fakes without any method.
pub fn read(dataset: &Dataset, layout: &Placed<DemoLayout>) -> Result<Listing, DataError> {
    let hidden = !layout.hidden_methods.is_empty();
    let names: Vec<&str> = match hidden {
        true => layout.hidden_methods.iter().map(String::as_str).collect(),
        false => dataset.manipulations.iter().map(|m| m.name.as_str()).collect(),
    };
    if names.is_empty() && layout.fakes > 0 {
        return Err(DataError::DemoWithoutMethods {
            dataset: dataset.name.clone(),
            origin: layout.at.fakes,
        });
    }
    let mut listing = Listing::default();
    let drawn = demo::videos(layout, &names)
        .map_err(|source| DataError::Demo { dataset: dataset.name.clone(), source })?;
    for drawn in drawn {
        listing.frames.extend((0..drawn.frames).map(|frame| Frame {
            video_key: drawn.key.clone(),
            frame,
            path: format!("{}/{frame}", drawn.key),
        }));
        let method = drawn.method.filter(|_| !hidden);
        listing.videos.push(Video {
            dataset: dataset.name.clone(),
            label: drawn.label,
            method: method.map(str::to_owned),
            family: match drawn.label {
                Label::Real => None,
                Label::Fake if hidden => Some(Family::Unknown),
                Label::Fake => Some(family(dataset, method)),
            },
            split: None,
            groups: vec![drawn.group],
            pair: drawn.pair,
            kind: MediaKind::Demo,
            source_line: None,
            attributes: Default::default(),
            key: drawn.key,
        });
    }
    Ok(listing)
}

/// The declared family of a method, or else the one that the demo gives it.
fn family(dataset: &Dataset, method: Option<&str>) -> Family {
    let declared = dataset.manipulations.iter().find(|m| Some(m.name.as_str()) == method);
    let drawn = DEMO_METHODS.iter().find(|(name, _)| Some(*name) == method);
    declared.and_then(|m| m.family).or(drawn.map(|m| m.1)).unwrap_or(Family::Unknown)
}
