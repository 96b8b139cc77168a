//! Assigning videos to train, val and test.

use std::collections::HashMap;

use crate::lang::model::{Label, Split, SplitRule};
use crate::rng::{Rng, Stream};

use super::error::DataError;
use super::manifest::Video;

/// Assigns splits in place.
///
/// `Official` keeps what the layout says; the other rules replace it. Carving permutes the
/// groups by a seeded hash of their names, so that neither the order of the rows nor other
/// data sets matter, and deals them out in that order, first the groups with both labels,
/// then those with one, each to the split that is furthest behind its fraction. The number of
/// groups per split is the fraction's by largest remainder, but at least one.
///
/// # Errors
/// No split at all, fractions that do not make a whole, or fewer groups than splits.
pub fn assign(dataset: &str, rule: &SplitRule, videos: &mut [Video]) -> Result<(), DataError> {
    match rule {
        SplitRule::Official if videos.iter().any(|v| v.split.is_some()) => Ok(()),
        SplitRule::Official => {
            Err(DataError::NoSplits { dataset: dataset.to_owned(), videos: videos.len() })
        }
        SplitRule::Only { split } => {
            videos.iter_mut().for_each(|v| v.split = Some(split.value));
            Ok(())
        }
        SplitRule::Carve { train, val, test, seed } => {
            let fractions = [train.value, val.value, test.value];
            let sum: f64 = fractions.iter().sum();
            let whole = (sum - 1.0).abs() < 1e-6;
            if !whole || fractions.iter().any(|f| !(0.0..=1.0).contains(f)) {
                return Err(DataError::Fractions {
                    dataset: dataset.to_owned(),
                    train: train.value,
                    val: val.value,
                    test: test.value,
                    origin: train.origin,
                });
            }
            carve(dataset, fractions.map(|f| f / sum), seed.value, videos)
        }
    }
}

const SPLITS: [Split; 3] = [Split::Train, Split::Val, Split::Test];

/// What must stay together: a declared group, or else a video and what was made from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Group<'a> {
    Declared(&'a str),
    Video(&'a str),
}

impl<'a> Group<'a> {
    fn of(video: &'a Video) -> Self {
        match (&video.group, &video.pair) {
            (Some(group), _) => Self::Declared(group),
            (None, Some(original)) => Self::Video(original),
            (None, None) => Self::Video(&video.key),
        }
    }
}

fn carve(
    dataset: &str,
    fractions: [f64; 3],
    seed: u64,
    videos: &mut [Video],
) -> Result<(), DataError> {
    let mut places: HashMap<Group, usize> = HashMap::with_capacity(videos.len());
    let mut groups: Vec<(Group, [bool; 2])> = Vec::new();
    let mut group_of: Vec<usize> = Vec::with_capacity(videos.len());
    for video in videos.iter() {
        let group = Group::of(video);
        let place = *places.entry(group).or_insert_with(|| {
            groups.push((group, [false; 2]));
            groups.len() - 1
        });
        groups[place].1[usize::from(video.label == Label::Fake)] = true;
        group_of.push(place);
    }
    let splits = fractions.iter().filter(|f| **f > 0.0).count();
    if groups.len() < splits {
        return Err(DataError::TooFewGroups {
            dataset: dataset.to_owned(),
            groups: groups.len(),
            splits,
        });
    }
    let mut order: Vec<_> = (groups.iter().enumerate())
        .map(|(place, (group, [real, fake]))| {
            let name = match group {
                Group::Declared(name) => format!("group {name}"),
                Group::Video(key) => format!("video {key}"),
            };
            let lot = Rng::named(seed, Stream::Split, &name).next_u64();
            ((!(real & fake), !real), lot, *group, place)
        })
        .collect();
    order.sort_unstable();
    let quotas = quotas(fractions, order.len());
    let mut dealt = [0usize; 3];
    let mut assigned = vec![Split::Train; groups.len()];
    for (done, (.., place)) in order.into_iter().enumerate() {
        let behind = |s: usize| fractions[s] * (done + 1) as f64 - dealt[s] as f64;
        let next = (0..3)
            .filter(|&s| dealt[s] < quotas[s])
            .max_by(|&a, &b| behind(a).total_cmp(&behind(b)).then(b.cmp(&a)))
            .expect("the quotas add up to the groups");
        dealt[next] += 1;
        assigned[place] = SPLITS[next];
    }
    videos.iter_mut().zip(group_of).for_each(|(video, place)| video.split = Some(assigned[place]));
    Ok(())
}

/// `n` divided by fractions that add up to one: largest remainder, then one from the largest
/// part for each part that has none but a positive fraction.
fn quotas(fractions: [f64; 3], n: usize) -> [usize; 3] {
    let exact = fractions.map(|f| f * n as f64);
    // A fraction that is not quite representable must not lose a whole group.
    let mut parts = exact.map(|x| (x + 1e-9).floor() as usize);
    let mut by_remainder = [0, 1, 2];
    by_remainder.sort_by(|&a, &b| {
        let remainder = |s: usize| exact[s] - parts[s] as f64;
        remainder(b).total_cmp(&remainder(a)).then(a.cmp(&b))
    });
    let left = n.saturating_sub(parts.iter().sum());
    by_remainder.iter().take(left).for_each(|&s| parts[s] += 1);
    for s in 0..3 {
        if parts[s] == 0 && fractions[s] > 0.0 {
            let largest = (0..3).max_by_key(|&s| (parts[s], 3 - s)).expect("three parts");
            parts[largest] -= 1;
            parts[s] += 1;
        }
    }
    parts
}

#[cfg(test)]
#[path = "split_tests.rs"]
mod tests;
