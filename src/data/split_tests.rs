use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::testing::{only, video};
use proofmark_lang::model::{Carve, Official, Overlap};

fn carve_rule(train: f64, val: f64, test: f64, seed: u64) -> SplitRule {
    SplitRule::Carve(Carve { train, val, test, seed }.into())
}

/// `groups` groups of up to `size` videos, the first `mixed` with both labels.
fn videos(groups: usize, size: usize, mixed: usize) -> Vec<Video> {
    let in_group = |g: usize| {
        (0..1 + g % size).flat_map(move |i| {
            let label = |fake| if fake { Label::Fake } else { Label::Real };
            let one = Video {
                groups: vec![format!("g{g}")],
                ..video(&format!("g{g}/v{i}"), label(g % 2 == 1))
            };
            let two = Video { key: format!("g{g}/w{i}"), ..video("", label(g.is_multiple_of(2))) };
            let two = Video { groups: one.groups.clone(), ..two };
            if g < mixed { vec![one, two] } else { vec![one] }
        })
    };
    (0..groups).flat_map(in_group).collect()
}

fn by_key(videos: &[Video]) -> BTreeMap<String, Option<Split>> {
    videos.iter().map(|v| (v.key.clone(), v.split)).collect()
}

/// Groups per split.
fn groups(videos: &[Video]) -> BTreeMap<Split, std::collections::BTreeSet<String>> {
    let mut out: BTreeMap<_, std::collections::BTreeSet<_>> = BTreeMap::new();
    for v in videos {
        out.entry(v.split.unwrap()).or_default().insert(v.groups.first().unwrap_or(&v.key).clone());
    }
    out
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whoever is in a fake, no identity and no original is in two splits, and the order of
    /// the rows does not matter.
    #[test]
    fn no_identity_and_no_original_straddles_carved_splits(
        people in prop::collection::vec((0u32..60, 0u32..60, any::<bool>()), 30..120), seed: u64,
    ) {
        let make = |(i, (target, source, paired)): (usize, &(u32, u32, bool))| Video {
            groups: vec![format!("id{target}"), format!("id{source}")],
            pair: paired.then(|| format!("v{}", i / 2)),
            ..video(&format!("v{i}"), if i % 2 == 0 { Label::Real } else { Label::Fake })
        };
        let mut rows: Vec<Video> = people.iter().enumerate().map(make).collect();
        let rule = carve_rule(0.5, 0.25, 0.25, seed);
        let too_few = together(&rows.iter_mut().collect::<Vec<_>>()).0.len() < 3;
        prop_assert_eq!(assign("set", &rule, &mut rows).is_err(), too_few);
        prop_assume!(!too_few);
        let mut place: BTreeMap<String, Option<Split>> = BTreeMap::new();
        for v in &rows {
            let groups = v.groups.iter().map(|g| format!("group {g}"));
            let media = [Some(&v.key), v.pair.as_ref()].into_iter().flatten();
            for shared in groups.chain(media.map(|m| format!("video {m}"))) {
                prop_assert_eq!(*place.entry(shared.clone()).or_insert(v.split), v.split, "{}", shared);
            }
        }
        let mut reversed: Vec<Video> = rows.iter().rev().cloned().collect();
        assign("set", &rule, &mut reversed).unwrap();
        prop_assert_eq!(by_key(&reversed), by_key(&rows));
    }

    #[test]
    fn carving_is_disjoint_close_and_whole(
        n in 3usize..120, size in 1usize..5, mixed in 0usize..120, seed: u64,
        a in 1u32..20, b in 0u32..10, c in 0u32..10,
    ) {
        let sum = f64::from(a + b + c);
        let fractions = [a, b, c].map(|x| f64::from(x) / sum);
        let mut videos = videos(n, size, mixed);
        let [train, val, test] = fractions;
        assign("set", &carve_rule(train, val, test, seed), &mut videos).unwrap();
        let groups = groups(&videos);
        let total: usize = groups.values().map(|g| g.len()).sum();
        prop_assert_eq!(total, n, "no group straddles splits");
        let wanted = fractions.iter().filter(|f| **f > 0.0).count();
        prop_assert_eq!(groups.len(), wanted, "no wanted split is empty");
        let enough = fractions.iter().all(|f| *f == 0.0 || f * n as f64 >= 1.0);
        for (split, fraction) in SPLITS.iter().zip(fractions) {
            let found = groups.get(split).map_or(0, |g| g.len()) as f64;
            let off = (found - fraction * n as f64).abs();
            prop_assert!(!enough || off < 1.0, "{split:?}: {found} of {n} for {fraction}");
        }
    }

    #[test]
    fn strata_are_divided_alike(n in 10usize..100, mixed in 0usize..100, seed: u64) {
        let mut videos = videos(n, 1, mixed.min(n));
        assign("set", &carve_rule(0.5, 0.2, 0.3, seed), &mut videos).unwrap();
        for stratum in 0..3 {
            let of = |v: &&Video| {
                let g: usize = v.groups[0][1..].parse().unwrap();
                (if g < mixed { 0 } else { 1 + g % 2 }) == stratum
            };
            let here: Vec<Video> = videos.iter().filter(of).cloned().collect();
            let groups = groups(&here);
            let size: usize = groups.values().map(|g| g.len()).sum();
            for (split, fraction) in SPLITS.iter().zip([0.5, 0.2, 0.3]) {
                let found = groups.get(split).map_or(0, |g| g.len()) as f64;
                prop_assert!((found - fraction * size as f64).abs() <= 2.0);
            }
        }
    }

    #[test]
    fn carving_depends_on_rows_and_seed_only(
        rows in Just(videos(40, 3, 20)).prop_shuffle(), seed in 0u64..1000,
    ) {
        let rule = carve_rule(0.6, 0.2, 0.2, seed);
        let mut reference = videos(40, 3, 20);
        assign("set", &rule, &mut reference).unwrap();
        let mut shuffled = rows.clone();
        assign("set", &rule, &mut shuffled).unwrap();
        prop_assert_eq!(by_key(&shuffled), by_key(&reference));
        let mut other = rows;
        assign("set", &carve_rule(0.6, 0.2, 0.2, seed + 1), &mut other).unwrap();
        prop_assert_ne!(by_key(&other), by_key(&reference));
    }
}

#[test]
fn a_fake_stays_with_its_original_and_a_group_is_no_video() {
    let mut videos = Vec::new();
    for i in 0..20 {
        let key = format!("real/{i}");
        videos.push(Video { pair: Some(key.clone()), ..video(&format!("fake/{i}"), Label::Fake) });
        videos.push(video(&key, Label::Real));
    }
    // A group with the name of a video is another thing.
    videos.push(Video { groups: vec!["real/0".into()], ..video("x", Label::Real) });
    assign("set", &carve_rule(0.5, 0.25, 0.25, 3), &mut videos).unwrap();
    for pair in videos[..40].chunks(2) {
        assert_eq!(pair[0].split, pair[1].split);
    }
    let train = videos.iter().filter(|v| v.split == Some(Split::Train)).count();
    assert!((19..=22).contains(&train), "{train}");
    let (groups, of) = together(&videos.iter_mut().collect::<Vec<_>>());
    assert_eq!((groups.len(), groups[of[40]].name.as_str()), (21, "group real/0"));
    assert_ne!(of[40], of[1]);
}

#[test]
fn identities_hold_videos_together_across_others() {
    // 0 and 1 share b, 1 and 2 share c; 3 shares nothing; 4 was made from 3.
    let groups = [&["a", "b"][..], &["b", "c"], &["c"], &["d"], &[]];
    let mut videos: Vec<Video> = (groups.iter().enumerate())
        .map(|(i, groups)| Video {
            groups: groups.iter().map(ToString::to_string).collect(),
            pair: (i == 4).then(|| "v3".to_owned()),
            ..video(&format!("v{i}"), if i % 2 == 0 { Label::Fake } else { Label::Real })
        })
        .collect();
    let (groups, of) = together(&videos.iter_mut().collect::<Vec<_>>());
    assert_eq!(of, [0, 0, 0, 1, 1]);
    let names: Vec<_> = groups.iter().map(|g| (g.name.as_str(), g.real, g.fake)).collect();
    assert_eq!(names, [("group a", true, true), ("group d", true, true)]);
}

#[test]
fn a_validation_split_is_taken_from_train_where_there_is_none() {
    let official = Official { val: Some(0.25), seed: 3, overlap: Overlap::Refuse };
    let rule = SplitRule::Official(official.into());
    let mut some = videos(40, 3, 20);
    let tests = 10;
    for (i, video) in some.iter_mut().enumerate() {
        video.split = Some(if i < tests { Split::Test } else { Split::Train });
        // Groups must not straddle the official splits here.
        video.groups[0] += if i < tests { " test" } else { "" };
    }
    assign("set", &rule, &mut some).unwrap();
    assert!(some.iter().take(tests).all(|v| v.split == Some(Split::Test)));
    let groups = groups(&some);
    assert!(groups[&Split::Train].is_disjoint(&groups[&Split::Val]));
    let (train, val) = (groups[&Split::Train].len() as f64, groups[&Split::Val].len() as f64);
    assert!((val - 0.25 * (train + val)).abs() < 1.0, "{train} {val}");
    let error = assign("set", &rule, &mut some).unwrap_err().to_string();
    assert!(error.contains("has a validation split of its own"), "{error}");
}

#[test]
fn small_sets_fill_every_split() {
    let counts = |n: usize| quotas([0.8, 0.1, 0.1], n);
    assert_eq!(counts(3), [1, 1, 1]);
    assert_eq!(counts(5), [3, 1, 1]);
    assert_eq!(counts(10), [8, 1, 1]);
    assert_eq!(counts(12), [10, 1, 1]);
    assert_eq!(quotas([0.7, 0.15, 0.15], 21_041), [14_729, 3_156, 3_156]);
    assert_eq!(quotas([1.0, 0.0, 0.0], 7), [7, 0, 0]);
}

#[test]
fn official_and_only() {
    let mut some = videos(4, 1, 0);
    let error = assign("set", &SplitRule::official(), &mut some).unwrap_err();
    assert!(matches!(error, DataError::NoSplits { videos: 4, .. }), "{error}");
    some[1].split = Some(Split::Val);
    let before = some.clone();
    assign("set", &SplitRule::official(), &mut some).unwrap();
    assert_eq!(some, before);
    assign("set", &only(Split::Test), &mut some).unwrap();
    assert!(some.iter().all(|v| v.split == Some(Split::Test)));
}

#[test]
fn impossible_fractions_are_errors() {
    for (a, b, c) in [(0.5, 0.2, 0.2), (1.2, -0.2, 0.0), (f64::NAN, 0.5, 0.5), (2.0, 0.0, 0.0)] {
        let error = assign("set", &carve_rule(a, b, c, 0), &mut videos(9, 1, 0)).unwrap_err();
        assert!(matches!(error, DataError::Fractions { .. }), "{a} {b} {c}: {error}");
    }
    let error = assign("set", &carve_rule(0.5, 0.3, 0.2, 0), &mut videos(2, 3, 2)).unwrap_err();
    assert!(matches!(error, DataError::TooFewGroups { groups: 2, splits: 3, .. }), "{error}");
}

#[test]
fn a_set_of_the_papers_size_is_carved_exactly() {
    let mut videos: Vec<Video> =
        (0..230_000).map(|i| video(&format!("part{}/v{i}", i % 50), Label::Fake)).collect();
    assign("set", &carve_rule(0.8, 0.1, 0.1, 1), &mut videos).unwrap();
    let val = videos.iter().filter(|v| v.split == Some(Split::Val)).count();
    assert_eq!(val, 23_000);
}
