//! The balanced sampling of training faces (paper section 4.1).
//!
//! Within each data set the class that is short of the ratio gives all its faces; of the
//! other class as many are taken as the ratio asks for, equally from its videos, and at least
//! a given number from every video that has them. Or the reals give all, and every fake video the
//! same whole number, the least that reaches the ratio.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use proofmark_base::rng::{Rng, Stream};
use proofmark_lang::model::{Label, Placed, Quota, SampleRule};

use super::error::DataError;

/// A training video and the number of its usable faces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Name of the data set.
    pub dataset: String,
    /// Key of the video.
    pub video_key: String,
    /// Real or fake.
    pub label: Label,
    /// Number of usable faces.
    pub faces: u32,
}

/// A sampled face.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pick {
    /// Name of the data set.
    pub dataset: String,
    /// Key of the video.
    pub video_key: String,
    /// Which of the video's usable faces, from 0.
    pub face: u32,
}

/// A sample of training faces.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sample {
    /// The sampled faces in order of data set, video and face.
    pub picks: Vec<Pick>,
    /// What was taken from each data set, by its name.
    pub sources: BTreeMap<String, SourceSample>,
}

/// What was taken from one data set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SourceSample {
    /// The real faces.
    pub real: ClassSample,
    /// The fake faces.
    pub fake: ClassSample,
}

/// What was taken from one class of a data set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClassSample {
    /// Videos.
    pub videos: u64,
    /// Of those, videos without a usable face, of which nothing is taken.
    pub faceless: u64,
    /// Usable faces.
    pub available: u64,
    /// Faces taken.
    pub taken: u64,
}

impl ClassSample {
    /// Counts a video with so many usable faces, of which some are taken.
    pub fn add_video(&mut self, available: u64, taken: u64) {
        self.videos += 1;
        self.faceless += u64::from(available == 0);
        self.available += available;
        self.taken += taken;
    }
}

impl std::ops::Add for ClassSample {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            videos: self.videos + other.videos,
            faceless: self.faceless + other.faceless,
            available: self.available + other.available,
            taken: self.taken + other.taken,
        }
    }
}

impl SourceSample {
    /// Whether one class has no faces, so that there is nothing to balance and all faces of
    /// the other are taken.
    pub fn one_class(&self) -> bool {
        (self.real.available == 0) != (self.fake.available == 0)
    }
}

/// Samples the faces of an ensemble; all of them without a rule.
///
/// The result depends on the rule and the set of candidates, not on their order. Which faces
/// of a video are taken is decided by a seeded hash of its name, so that a larger quota adds
/// faces and replaces none.
///
/// # Errors
/// A ratio that is not of two positive numbers, or a video offered twice.
pub fn sample(
    candidates: &[Candidate],
    rule: Option<&Placed<SampleRule>>,
) -> Result<Sample, DataError> {
    if let Some(rule) = rule {
        let (real, fake) = rule.real_to_fake;
        if ![real, fake].iter().all(|part| *part > 0.0 && part.is_finite()) {
            return Err(DataError::Rule {
                what: "the ratio of real to fake",
                must: "two positive numbers",
                value: format!("{real}:{fake}"),
                origin: rule.at.real_to_fake,
            });
        }
    }
    let mut datasets: BTreeMap<&str, [Vec<&Candidate>; 2]> = BTreeMap::new();
    let mut seen = BTreeSet::new();
    for candidate in candidates {
        if !seen.insert((&candidate.dataset, &candidate.video_key)) {
            return Err(DataError::RepeatedVideo {
                dataset: candidate.dataset.clone(),
                video: candidate.video_key.clone(),
            });
        }
        let classes = datasets.entry(&candidate.dataset).or_default();
        classes[usize::from(candidate.label == Label::Fake)].push(candidate);
    }
    let mut sample = Sample::default();
    for (dataset, classes) in datasets {
        let available = classes.each_ref().map(|videos| total(videos));
        let targets = rule.map_or(available, |rule| targets(available, rule));
        let mut taken = [ClassSample::default(); 2];
        for ((videos, target), taken) in classes.into_iter().zip(targets).zip(&mut taken) {
            let seed = rule.map_or(0, |rule| rule.seed);
            let at_least = rule.map_or(0, |rule| rule.at_least);
            let quotas = match rule.map_or(Quota::Exact, |rule| rule.quota) {
                Quota::Exact => quotas(&videos, target, at_least, seed),
                Quota::Whole => whole_quotas(&videos, target, at_least),
            };
            taken.videos = videos.len() as u64;
            taken.faceless = videos.iter().filter(|v| v.faces == 0).count() as u64;
            taken.available = total(&videos);
            taken.taken = quotas.iter().map(|q| u64::from(*q)).sum();
            let picks = videos.par_iter().zip(quotas);
            sample
                .picks
                .par_extend(picks.flat_map_iter(|(video, quota)| picks_of(video, quota, seed)));
        }
        let [real, fake] = taken;
        sample.sources.insert(dataset.to_owned(), SourceSample { real, fake });
    }
    sample.picks.par_sort_unstable();
    Ok(sample)
}

fn total(videos: &[&Candidate]) -> u64 {
    videos.iter().map(|v| u64::from(v.faces)).sum()
}

/// How many faces of (real, fake) the ratio asks for; a class alone gives all it has.
fn targets(available: [u64; 2], rule: &SampleRule) -> [u64; 2] {
    let ([reals, fakes], (real, fake)) = (available, rule.real_to_fake);
    if reals == 0 || fakes == 0 {
        return available;
    }
    let fakes_wanted = (reals as f64 * fake / real).round() as u64;
    if fakes_wanted <= fakes || rule.quota == Quota::Whole {
        [reals, fakes_wanted.min(fakes)]
    } else {
        [((fakes as f64 * real / fake).round() as u64).min(reals), fakes]
    }
}

/// How many faces each video gives: the smallest quotas are filled first, so that the quotas
/// of videos that have more faces to give differ by at most one; a seeded hash decides which
/// give one more.
fn quotas(videos: &[&Candidate], target: u64, at_least: u32, seed: u64) -> Vec<u32> {
    let level = level(videos, target);
    let (level, left) =
        if level < at_least { (at_least, 0) } else { (level, target - filled(videos, level)) };
    let mut quotas: Vec<u32> = videos.iter().map(|v| v.faces.min(level)).collect();
    let mut unfilled: Vec<(u64, &str, usize)> = (videos.par_iter().enumerate())
        .filter(|(_, v)| v.faces > level && left > 0)
        .map(|(i, v)| (lot("extra", v, seed).next_u64(), v.video_key.as_str(), i))
        .collect();
    unfilled.par_sort_unstable();
    let extra = usize::try_from(left).unwrap_or(usize::MAX);
    unfilled.into_iter().take(extra).for_each(|(_, _, i)| quotas[i] += 1);
    quotas
}

/// How many faces each video gives where all give the same: the least number that reaches the target.
fn whole_quotas(videos: &[&Candidate], target: u64, at_least: u32) -> Vec<u32> {
    let below = level(videos, target);
    let level = if filled(videos, below) < target { below + 1 } else { below };
    videos.iter().map(|v| v.faces.min(level.max(at_least))).collect()
}

/// Faces of videos of which each gives so many, if it has them.
fn filled(videos: &[&Candidate], level: u32) -> u64 {
    videos.iter().map(|v| u64::from(v.faces.min(level))).sum()
}

/// The most faces that every video may give without exceeding the target together.
fn level(videos: &[&Candidate], target: u64) -> u32 {
    let highest = videos.iter().map(|v| v.faces).max().unwrap_or(0);
    let (mut level, mut above) = (0, highest.saturating_add(1));
    while above - level > 1 {
        let middle = level + (above - level) / 2;
        if filled(videos, middle) <= target { level = middle } else { above = middle }
    }
    level
}

/// The faces that a video gives: the first `quota` of a seeded permutation.
fn picks_of(video: &Candidate, quota: u32, seed: u64) -> impl Iterator<Item = Pick> {
    let mut faces: Vec<u32> = (0..video.faces).collect();
    if quota < video.faces {
        let mut rng = lot("faces", video, seed);
        for i in 0..quota as usize {
            let rest = (faces.len() - i) as u64;
            faces.swap(i, i + rng.below(rest) as usize);
        }
        faces.truncate(quota as usize);
    }
    faces.into_iter().map(|face| Pick {
        dataset: video.dataset.clone(),
        video_key: video.video_key.clone(),
        face,
    })
}

/// The random numbers of a video for one purpose.
fn lot(purpose: &str, video: &Candidate, seed: u64) -> Rng {
    let name = format!("{purpose}\0{}\0{}", video.dataset, video.video_key);
    Rng::named(seed, Stream::Sample, &name)
}

#[cfg(test)]
#[path = "sample_tests.rs"]
mod tests;
