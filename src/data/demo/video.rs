//! The list of a demo set's videos.

use thiserror::Error;

use super::method::{METHODS, Method};
use crate::lang::model::{DemoLayout, Family, Label};

/// Why a demo set cannot be drawn.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum DemoError {
    /// A method of this name is not in the vocabulary.
    #[error("the demo has no method `{name}`; it has {}", known())]
    UnknownMethod {
        /// The name.
        name: String,
    },
}

fn known() -> String {
    METHODS.map(|method| method.name).join(", ")
}

/// One video of a demo set.
#[derive(Clone, Debug, PartialEq)]
pub struct DemoVideo {
    /// Name, unique in the set: `real/id03/v1`, or `swap-seam/id03_id02/v1`: method,
    /// whose video it was, whose face it shows, which video.
    pub key: String,
    /// Real or fake.
    pub label: Label,
    /// The method, for a fake.
    pub method: Option<&'static str>,
    /// The method's family.
    pub family: Option<Family>,
    /// Identities that may not be divided between splits: swaps happen only within
    /// such a cell.
    pub group: String,
    /// For a fake, the key of the real video it was made from.
    pub pair: Option<String>,
    /// Number of frames.
    pub frames: u32,
    /// Whose video it is, and whose face a swap puts in.
    pub(super) target: u32,
    pub(super) donor: u32,
    /// Which of the target's real videos.
    pub(super) take: u32,
}

/// The videos of a demo set, in a fixed order: by identity, reals before fakes.
///
/// Identities 2n and 2n + 1 form a cell (the last cell has three when their number is
/// odd). Fakes go through `methods` in turn over the whole set, so that their numbers
/// differ by at most one and as few cells as possible lack a method.
///
/// # Errors
/// `UnknownMethod` if the vocabulary has no method of one of the names.
pub fn videos(layout: &DemoLayout, methods: &[&str]) -> Result<Vec<DemoVideo>, DemoError> {
    let methods = methods.iter().map(|name| {
        Method::named(name).ok_or_else(|| DemoError::UnknownMethod { name: (*name).to_owned() })
    });
    let methods: Vec<_> = methods.collect::<Result<_, _>>()?;
    let (identities, takes) = (layout.identities.value, layout.videos.value);
    let mut next = 0;
    let mut list = Vec::new();
    for target in 0..identities {
        let cell = cell(target, identities);
        let blank = DemoVideo {
            key: String::new(),
            label: Label::Real,
            method: None,
            family: None,
            group: format!("cell{:02}", cell.number),
            pair: None,
            frames: layout.frames.value,
            target,
            donor: target,
            take: 0,
        };
        list.extend((0..takes).map(|take| DemoVideo {
            key: real_key(target, take),
            take,
            ..blank.clone()
        }));
        if methods.is_empty() || takes == 0 {
            continue;
        }
        for fake in 0..layout.fakes.value {
            let method = methods[next % methods.len()];
            next += 1;
            let take = fake % takes;
            let donor = if method.family() == Family::FaceSwap { cell.partner } else { target };
            let faces = if donor == target {
                format!("id{target:02}")
            } else {
                format!("id{target:02}_id{donor:02}")
            };
            list.push(DemoVideo {
                // A target with more fakes than videos is used again: `fake` tells them apart.
                key: format!("{}/{faces}/v{take}-{fake}", method.name),
                label: Label::Fake,
                method: Some(method.name),
                family: Some(method.family()),
                pair: Some(real_key(target, take)),
                donor,
                take,
                ..blank.clone()
            });
        }
    }
    Ok(list)
}

fn real_key(target: u32, take: u32) -> String {
    format!("real/id{target:02}/v{take}")
}

/// The cell of an identity, and the other identity it swaps faces with.
struct Cell {
    number: u32,
    partner: u32,
}

fn cell(identity: u32, identities: u32) -> Cell {
    let cells = (identities / 2).max(1);
    let number = (identity / 2).min(cells - 1);
    let first = 2 * number;
    let members = if number + 1 == cells { identities - first } else { 2 };
    // Somebody who is not in the set stands in where there is nobody else.
    let partner = if members == 1 { identities } else { first + (identity - first + 1) % members };
    Cell { number, partner }
}
