//! The list of a demo set's videos.

use thiserror::Error;

use super::method::{METHODS, Method};
use proofmark_lang::model::{DemoLayout, Family, Label};

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
    let (identities, takes) = (layout.identities, layout.videos);
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
            frames: layout.frames,
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
        for fake in 0..layout.fakes {
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

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use proptest::prelude::*;

    use super::*;
    use crate::demo::test_layout;
    use proofmark_lang::vocabulary::DEMO_METHODS;

    fn some_methods(number: usize) -> Vec<&'static str> {
        DEMO_METHODS.iter().map(|(name, _)| *name).take(number).collect()
    }

    proptest! {
        #[test]
        fn keys_are_unique_and_numbers_as_declared(
            identities in 0u32..40, takes in 0u32..4, fakes in 0u32..6, methods in 0usize..13,
        ) {
            let layout = test_layout(identities, takes, fakes);
            let list = videos(&layout, &some_methods(methods)).unwrap();
            let keys: BTreeSet<_> = list.iter().map(|video| &video.key).collect();
            prop_assert_eq!(keys.len(), list.len());
            let reals = list.iter().filter(|video| video.label == Label::Real).count();
            prop_assert_eq!(reals as u32, identities * takes);
            let expected = if takes == 0 || methods == 0 { 0 } else { identities * fakes };
            prop_assert_eq!((list.len() - reals) as u32, expected);
        }

        #[test]
        fn no_identity_is_in_two_groups(identities in 1u32..40, fakes in 1u32..6) {
            let layout = test_layout(identities, 2, fakes);
            let mut group_of = BTreeMap::new();
            for video in videos(&layout, &some_methods(13)).unwrap() {
                for person in [video.target, video.donor] {
                    let group = group_of.entry(person).or_insert_with(|| video.group.clone());
                    prop_assert_eq!(&*group, &video.group, "id{}", person);
                }
            }
        }

        #[test]
        fn a_fake_is_made_from_a_real_video_of_its_group(identities in 1u32..20, fakes in 1u32..6) {
            let layout = test_layout(identities, 2, fakes);
            let list = videos(&layout, &some_methods(13)).unwrap();
            for fake in list.iter().filter(|video| video.label == Label::Fake) {
                let real = list.iter().find(|video| Some(&video.key) == fake.pair.as_ref()).unwrap();
                prop_assert_eq!(real.label, Label::Real);
                prop_assert_eq!((&real.group, real.target, real.take), (&fake.group, fake.target, fake.take));
                let swap = fake.family == Some(Family::FaceSwap);
                prop_assert_eq!(swap, fake.donor != fake.target);
            }
        }

        #[test]
        fn methods_are_spread_evenly(identities in 2u32..40, fakes in 1u32..8, methods in 1usize..13) {
            let names = some_methods(methods);
            let list = videos(&test_layout(identities, 2, fakes), &names).unwrap();
            let mut whole: BTreeMap<_, u32> = names.iter().map(|name| (*name, 0)).collect();
            let mut cells: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
            for fake in &list {
                if let Some(method) = fake.method {
                    *whole.get_mut(method).unwrap() += 1;
                    cells.entry(&fake.group).or_default().insert(method);
                }
            }
            let (least, most) = (whole.values().min().unwrap(), whole.values().max().unwrap());
            prop_assert!(most - least <= 1, "{:?}", whole);
            // A cell that has enough fakes for it holds every method, hence each split does.
            for (cell, held) in cells {
                prop_assert_eq!(held.len(), methods.min(held.len().max(2 * fakes as usize)), "{}", cell);
            }
        }
    }

    #[test]
    fn an_unknown_method_is_named_with_the_known_ones() {
        let error = videos(&test_layout(2, 1, 1), &["swap-seam", "swap-sewn"]).unwrap_err();
        insta::assert_snapshot!(error, @"the demo has no method `swap-sewn`; it has swap-feather, swap-seam, swap-lowres, swap-poisson, swap-smooth, swap-warp, swap-grid, mouth-paste, mouth-warp, gaze-shift, pose-warp, lipsync-blur, expression-warp");
    }
}
