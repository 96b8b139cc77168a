use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

fn rule(real: f64, fake: f64, at_least: u32, seed: u64) -> Placed<SampleRule> {
    SampleRule { real_to_fake: (real, fake), at_least, quota: Quota::Exact, seed }.into()
}

fn candidate(dataset: &str, key: &str, label: Label, faces: u32) -> Candidate {
    Candidate { dataset: dataset.into(), video_key: key.into(), label, faces }
}

/// Reals and fakes with the given numbers of faces, in two data sets.
fn candidates(real: &[u32], fake: &[u32]) -> Vec<Candidate> {
    let class = |label, faces: &[u32]| -> Vec<Candidate> {
        let one = |(i, n): (usize, &u32)| {
            candidate(&format!("set{}", i % 2), &format!("{label:?}/{i}"), label, *n)
        };
        faces.iter().enumerate().map(one).collect()
    };
    [class(Label::Real, real), class(Label::Fake, fake)].concat()
}

fn faces() -> impl Strategy<Value = Vec<u32>> {
    prop::collection::vec(0u32..12, 0..30)
}

/// Faces taken per video.
fn quotas_of(sample: &Sample) -> BTreeMap<(&str, &str), u32> {
    let mut quotas = BTreeMap::new();
    for pick in &sample.picks {
        *quotas.entry((pick.dataset.as_str(), pick.video_key.as_str())).or_default() += 1;
    }
    quotas
}

proptest! {
    #[test]
    fn the_laws_of_sampling(
        real in faces(), fake in faces(), at_least in 0u32..4, seed: u64,
        a in 1u32..4, b in 1u32..4,
    ) {
        let candidates = candidates(&real, &fake);
        let rule = rule(f64::from(a), f64::from(b), at_least, seed);
        let sample = sample(&candidates, Some(&rule)).unwrap();
        let quotas = quotas_of(&sample);
        let quota = |c: &Candidate| {
            quotas.get(&(c.dataset.as_str(), c.video_key.as_str())).copied().unwrap_or(0)
        };
        for c in &candidates {
            prop_assert!(quota(c) >= c.faces.min(at_least), "at least {at_least} of {c:?}");
            prop_assert!(quota(c) <= c.faces, "no more than there are of {c:?}");
        }
        for (dataset, source) in &sample.sources {
            for (label, class) in [(Label::Real, source.real), (Label::Fake, source.fake)] {
                let mine = candidates.iter().filter(|c| c.dataset == *dataset && c.label == label);
                let mine: Vec<_> = mine.collect();
                prop_assert_eq!(class.videos as usize, mine.len());
                prop_assert_eq!(class.available, total(&mine));
                prop_assert_eq!(class.taken, mine.iter().map(|c| u64::from(quota(c))).sum::<u64>());
                let highest = mine.iter().map(|c| quota(c)).max().unwrap_or(0);
                let unfilled = mine.iter().filter(|c| quota(c) < c.faces);
                for c in unfilled {
                    prop_assert!(quota(c) + 1 >= highest, "equal within one: {c:?}");
                }
            }
            // One class gives everything; the other meets the ratio, or the floor above it.
            let (r, f) = (source.real, source.fake);
            prop_assert!(r.taken == r.available || f.taken == f.available);
            if r.available > 0 && f.available > 0 {
                let floor = |label| -> u64 {
                    let mine = candidates.iter().filter(|c| c.dataset == *dataset && c.label == label);
                    mine.map(|c| u64::from(c.faces.min(at_least))).sum()
                };
                let wanted_fakes = (r.available as f64 * f64::from(b) / f64::from(a)).round() as u64;
                let wanted_reals = (f.available as f64 * f64::from(a) / f64::from(b)).round() as u64;
                if wanted_fakes <= f.available {
                    prop_assert_eq!(f.taken, wanted_fakes.max(floor(Label::Fake)));
                } else {
                    prop_assert_eq!(r.taken, wanted_reals.min(r.available).max(floor(Label::Real)));
                }
            } else {
                prop_assert_eq!(source.one_class(), r.available + f.available > 0);
                prop_assert_eq!((r.taken, f.taken), (r.available, f.available));
            }
        }
        let mut unique = sample.picks.clone();
        unique.dedup();
        prop_assert_eq!(&unique, &sample.picks, "no face twice");
        for pick in &sample.picks {
            let of = candidates.iter().find(|c| c.video_key == pick.video_key);
            prop_assert!(pick.face < of.unwrap().faces);
        }
    }

    #[test]
    fn order_does_not_matter(
        (rows, shuffled) in (faces(), faces()).prop_flat_map(|(r, f)| {
            let rows = candidates(&r, &f);
            (Just(rows.clone()), Just(rows).prop_shuffle())
        }), seed: u64,
    ) {
        let rule = rule(1.0, 1.0, 1, seed);
        prop_assert_eq!(sample(&rows, Some(&rule)).unwrap(), sample(&shuffled, Some(&rule)).unwrap());
    }

    #[test]
    fn a_larger_quota_replaces_no_face(faces in 1u32..20, quota in 0u32..20, seed: u64) {
        let video = candidate("d", "v", Label::Real, faces);
        let quota = quota.min(faces - 1);
        let few: BTreeSet<_> = picks_of(&video, quota, seed).collect();
        let more: BTreeSet<_> = picks_of(&video, quota + 1, seed).collect();
        prop_assert!(few.is_subset(&more));
        prop_assert_eq!(more.len() as u32, quota + 1);
    }
}

#[test]
fn another_seed_gives_other_faces_and_other_extras() {
    let candidates = candidates(&[6; 10], &[9; 20]);
    let at = |seed| sample(&candidates, Some(&rule(1.0, 1.0, 1, seed))).unwrap();
    assert_eq!(at(1), at(1));
    assert_ne!(at(1).picks, at(2).picks);
    assert_eq!(at(1).sources, at(2).sources);
    // 30 real faces per data set, 10 fake videos: 3 from each; with 31, one gives 4.
    let mut more = candidates.clone();
    more[0].faces += 1;
    let extra = |seed| {
        let sample = sample(&more, Some(&rule(1.0, 1.0, 1, seed))).unwrap();
        let quotas = quotas_of(&sample);
        let found: Vec<_> = quotas
            .iter()
            .filter(|((set, key), n)| *set == "set0" && key.starts_with("Fake") && **n == 4)
            .map(|(key, _)| key.1.to_owned())
            .collect();
        assert_eq!(found.len(), 1);
        found
    };
    assert!((2..20).any(|seed| extra(seed) != extra(1)));
}

#[test]
fn smallest_quotas_are_filled_first() {
    let real = [candidate("d", "r", Label::Real, 11)];
    let fakes = [1, 2, 3, 100, 100].iter().enumerate();
    let fakes = fakes.map(|(i, n)| candidate("d", &format!("f{i}"), Label::Fake, *n));
    let all: Vec<_> = real.into_iter().chain(fakes).collect();
    let taken = |at_least| {
        let sample = sample(&all, Some(&rule(1.0, 1.0, at_least, 0))).unwrap();
        quotas_of(&sample).into_values().take(5).collect::<Vec<_>>()
    };
    let mut quotas = taken(1);
    quotas.sort_unstable();
    assert_eq!(quotas, [1, 2, 2, 3, 3]);
    assert_eq!(taken(5), [1, 2, 3, 5, 5]);
    assert_eq!(taken(u32::MAX), [1, 2, 3, 100, 100]);
}

#[test]
fn without_a_rule_everything_is_taken_and_bad_rules_are_errors() {
    let rows = candidates(&[3, 1], &[9, 0]);
    assert_eq!(sample(&rows, None).unwrap().picks.len(), 13);
    for (a, b) in [(0.0, 1.0), (1.0, -1.0), (f64::NAN, 1.0), (1.0, f64::INFINITY)] {
        let error = sample(&rows, Some(&rule(a, b, 1, 0))).unwrap_err();
        assert!(matches!(error, DataError::Rule { .. }), "{error}");
    }
    let twice = [rows.clone(), rows].concat();
    assert!(matches!(sample(&twice, None), Err(DataError::RepeatedVideo { .. })));
}

#[test]
fn an_ensemble_of_the_papers_size_is_sampled_one_to_one() {
    let class = |label, videos: u32, faces: u32| {
        (0..videos)
            .map(move |i| candidate("set", &format!("{label:?}/{i}.mp4"), label, faces + i % 20))
    };
    let rows: Vec<_> =
        class(Label::Real, 70_000, 1).chain(class(Label::Fake, 160_000, 4)).collect();
    let sample = sample(&rows, Some(&rule(1.0, 1.0, 1, 0))).unwrap();
    assert_eq!(sample.sources["set"].real.taken, sample.sources["set"].fake.taken);
}

/// The training split of a data set of Table 1: real faces, spread evenly over so many videos, and fake
/// videos with the number of faces of each.
fn of_table_1(reals: (u32, u32), fakes: impl Iterator<Item = u32>) -> Vec<Candidate> {
    let (faces, videos) = reals;
    let real = (0..videos).map(|i| (Label::Real, faces / videos + u32::from(i < faces % videos)));
    let all = real.chain(fakes.map(|faces| (Label::Fake, faces)));
    all.enumerate().map(|(i, (label, n))| candidate("d", &i.to_string(), label, n)).collect()
}

/// Table 1 says in thousands how many faces were sampled. With the numbers of videos and of real faces given,
/// those of fakes follow from one whole number for each video: an exact ratio gives 12, 9 and 198 thousand.
#[test]
fn the_fakes_of_table_1_are_whole_numbers_of_faces_of_every_video() {
    let even = |videos: usize, faces: u32| std::iter::repeat_n(faces, videos);
    let taken = |rows: &[Candidate], quota| {
        let rule = SampleRule { real_to_fake: (1.0, 1.0), at_least: 1, quota, seed: 0 };
        let sample = sample(rows, Some(&rule.into())).unwrap();
        (sample.sources["d"].real.taken, sample.sources["d"].fake.taken)
    };
    // FF++, Celeb-DF, DFDC and FakeAVCeleb: training videos of each class, at a face a second.
    let ffpp = of_table_1((12_000, 720), even(3_600, 18));
    let celebdf = of_table_1((9_000, 712), even(5_299, 13));
    let dfdc = of_table_1((198_000, 19_154), even(100_000, 10));
    let fakeavceleb = of_table_1((3_000, 350), even(14_400, 7));
    for (rows, whole, exact) in [
        (&ffpp, (12_000, 14_400), (12_000, 12_000)),
        (&celebdf, (9_000, 10_598), (9_000, 9_000)),
        (&dfdc, (198_000, 200_000), (198_000, 198_000)),
        (&fakeavceleb, (3_000, 14_400), (3_000, 14_400)),
    ] {
        assert_eq!(taken(rows, Quota::Whole), whole);
        assert_eq!(taken(rows, Quota::Exact), exact);
    }
    // ForgeryNet's fakes are short: all of them are not as many as the reals, which stay all the same.
    let forgerynet = of_table_1((82_000, 35_300), (0..28_900).map(|i| 1 + i % 3 % 2 + i % 2));
    let (real, fake) = taken(&forgerynet, Quota::Whole);
    assert!(real == 82_000 && (48_000..58_000).contains(&fake), "{real}, {fake}");
    assert_eq!(taken(&forgerynet, Quota::Exact), (fake, fake));
}

proptest! {
    #[test]
    fn whole_quotas_are_the_least_that_reach_the_ratio(
        real in faces(), fake in faces(), at_least in 0u32..4,
    ) {
        let candidates = candidates(&real, &fake);
        let rule = SampleRule { real_to_fake: (1.0, 1.0), at_least, quota: Quota::Whole, seed: 3 };
        let sample = sample(&candidates, Some(&rule.into())).unwrap();
        let quotas = quotas_of(&sample);
        for (dataset, source) in &sample.sources {
            prop_assert_eq!(source.real.taken, source.real.available);
            let fakes = candidates.iter().filter(|c| c.dataset == *dataset && c.label == Label::Fake);
            let fakes: Vec<&Candidate> = fakes.collect();
            let quota = |c: &&Candidate| {
                quotas.get(&(dataset.as_str(), c.video_key.as_str())).copied().unwrap_or(0)
            };
            let level = fakes.iter().map(quota).max().unwrap_or(0);
            for fake in &fakes {
                prop_assert_eq!(quota(fake), fake.faces.min(level));
            }
            if source.real.available == 0 {
                prop_assert_eq!(source.fake.taken, source.fake.available);
                continue;
            }
            let reaches = source.fake.taken >= source.real.available;
            prop_assert!(reaches || source.fake.taken == source.fake.available);
            if level > at_least.max(1) {
                prop_assert!(filled(&fakes, level - 1) < source.real.available);
            }
        }
    }
}
