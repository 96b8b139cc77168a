//! Assigning videos to train, val and test.

use std::collections::HashMap;

use proofmark_base::rng::{Rng, Stream};
use proofmark_lang::model::{Label, Split, SplitRule};

use super::error::DataError;
use super::video::Video;

/// Assigns splits in place.
///
/// `Official` keeps what the layout says, or takes a validation split from its train split
/// where the release has none; the other rules replace it. Carving permutes the
/// groups by a seeded hash of their names, so that neither the order of the rows nor other
/// data sets matter, and deals them out in that order, first the groups with both labels,
/// then those with one, each to the split that is furthest behind its fraction. The number of
/// groups per split is the fraction's by largest remainder, but at least one.
///
/// # Errors
/// No split at all, a validation split that is there already, fractions that do not make a
/// whole, or fewer groups than splits.
pub fn assign(dataset: &str, rule: &SplitRule, videos: &mut [Video]) -> Result<(), DataError> {
    match rule {
        SplitRule::Official(_) if videos.iter().all(|v| v.split.is_none()) => {
            Err(DataError::NoSplits { dataset: dataset.to_owned(), videos: videos.len() })
        }
        SplitRule::Official(official) => {
            let Some(val) = official.val else { return Ok(()) };
            if let Some(video) = videos.iter().find(|v| v.split == Some(Split::Val)) {
                return Err(DataError::HasValidation {
                    dataset: dataset.to_owned(),
                    example: video.key.clone(),
                    origin: official.at.val,
                });
            }
            let of_train = |v: &&mut Video| v.split == Some(Split::Train);
            let mut train: Vec<&mut Video> = videos.iter_mut().filter(of_train).collect();
            carve(dataset, [1.0 - val, val, 0.0], official.seed, &mut train)
        }
        SplitRule::Only(only) => {
            videos.iter_mut().for_each(|v| v.split = Some(only.split));
            Ok(())
        }
        SplitRule::Carve(rule) => {
            let fractions = [rule.train, rule.val, rule.test];
            let sum: f64 = fractions.iter().sum();
            let whole = (sum - 1.0).abs() < 1e-6;
            if !whole || fractions.iter().any(|f| !(0.0..=1.0).contains(f)) {
                let [train, val, test] = fractions;
                let (dataset, origin) = (dataset.to_owned(), rule.at.train);
                return Err(DataError::Fractions { dataset, train, val, test, origin });
            }
            let mut all: Vec<&mut Video> = videos.iter_mut().collect();
            carve(dataset, fractions.map(|f| f / sum), rule.seed, &mut all)
        }
    }
}

const SPLITS: [Split; 3] = [Split::Train, Split::Val, Split::Test];

fn carve(
    dataset: &str,
    fractions: [f64; 3],
    seed: u64,
    videos: &mut [&mut Video],
) -> Result<(), DataError> {
    let (groups, group_of) = together(videos);
    let splits = fractions.iter().filter(|f| **f > 0.0).count();
    if groups.len() < splits {
        return Err(DataError::TooFewGroups {
            dataset: dataset.to_owned(),
            groups: groups.len(),
            splits,
        });
    }
    let mut order: Vec<_> = (groups.iter().enumerate())
        .map(|(place, Group { name, real, fake })| {
            let lot = Rng::named(seed, Stream::Split, name).next_u64();
            ((!(real & fake), !real), lot, name, place)
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

/// Videos that must stay together.
struct Group {
    /// Of its declared groups the first by name, or else of its originals.
    name: String,
    /// Whether it has reals.
    real: bool,
    /// Whether it has fakes.
    fake: bool,
}

/// Puts videos together that share an identity or an original, directly or by way of others.
/// Gives the groups and the place of each video's.
fn together(videos: &[&mut Video]) -> (Vec<Group>, Vec<usize>) {
    let mut parent: Vec<usize> = (0..videos.len()).collect();
    let mut first: HashMap<(&str, &str), usize> = HashMap::with_capacity(videos.len());
    for (i, video) in videos.iter().enumerate() {
        let groups = video.groups.iter().map(|group| ("group", group.as_str()));
        let media = [Some(&video.key), video.pair.as_ref()].into_iter().flatten();
        for shared in groups.chain(media.map(|key| ("video", key.as_str()))) {
            let other = *first.entry(shared).or_insert(i);
            let (a, b) = (root(&mut parent, i), root(&mut parent, other));
            parent[a.max(b)] = a.min(b);
        }
    }
    let mut places: HashMap<usize, usize> = HashMap::new();
    let mut groups: Vec<Group> = Vec::new();
    let mut group_of = Vec::with_capacity(videos.len());
    for (i, video) in videos.iter().enumerate() {
        let original = || format!("video {}", video.pair.as_ref().unwrap_or(&video.key));
        let name = video.groups.iter().min().map_or_else(original, |name| format!("group {name}"));
        let place = *places.entry(root(&mut parent, i)).or_insert_with(|| {
            groups.push(Group { name: name.clone(), real: false, fake: false });
            groups.len() - 1
        });
        let group = &mut groups[place];
        // Words sort `group` before `video`.
        group.name = name.min(std::mem::take(&mut group.name));
        *(if video.label == Label::Real { &mut group.real } else { &mut group.fake }) = true;
        group_of.push(place);
    }
    (groups, group_of)
}

/// The representative of a set of videos; shortens the way to it.
fn root(parent: &mut [usize], mut i: usize) -> usize {
    while parent[i] != i {
        parent[i] = parent[parent[i]];
        i = parent[i];
    }
    i
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
