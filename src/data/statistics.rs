//! The statistics of data sets: numbers found beside published ones, in the form of the paper's
//! Tables 1 and 2.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use proofmark_lang::model::{Dataset, Family, Label};

use super::sample::SourceSample;
use super::scan::{Scan, SplitCounts};
use super::video::Video;

/// What is counted of a data set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum CountKind {
    /// Manipulations that are face swaps.
    FaceSwaps,
    /// Manipulations that are reenactments.
    Reenactments,
    /// Manipulations of other or unknown families.
    OtherManipulations,
    /// Videos in train.
    Train,
    /// Videos in val.
    Val,
    /// Videos in test.
    Test,
    /// Videos in no split.
    NoSplit,
    /// Real videos.
    Real,
    /// Fake videos.
    Fake,
    /// Real and fake videos.
    Videos,
    /// Frames of real videos that can be read, after the frame rule.
    RealFrames,
    /// Frames of fake videos.
    FakeFrames,
    /// Frames of real and fake videos.
    Frames,
    /// Real faces sampled for training.
    RealSamples,
    /// Fake faces sampled for training.
    FakeSamples,
    /// Videos with a face.
    WithFace,
    /// Videos that can be read and have none.
    NoFace,
    /// Videos that cannot be read.
    Unreadable,
    /// Videos that are not there.
    Missing,
    /// Faces of all videos.
    Faces,
}

impl CountKind {
    /// Every one.
    pub const ALL: [Self; 20] = [
        Self::FaceSwaps,
        Self::Reenactments,
        Self::OtherManipulations,
        Self::Train,
        Self::Val,
        Self::Test,
        Self::NoSplit,
        Self::Real,
        Self::Fake,
        Self::Videos,
        Self::RealFrames,
        Self::FakeFrames,
        Self::Frames,
        Self::RealSamples,
        Self::FakeSamples,
        Self::WithFace,
        Self::NoFace,
        Self::Unreadable,
        Self::Missing,
        Self::Faces,
    ];

    /// The word for programs; where `expect` has one, the same.
    pub fn word(self) -> &'static str {
        match self {
            Self::FaceSwaps => "face-swap",
            Self::Reenactments => "reenactment",
            Self::OtherManipulations => "other-manipulations",
            Self::Train => "train",
            Self::Val => "val",
            Self::Test => "test",
            Self::NoSplit => "no-split",
            Self::Real => "real",
            Self::Fake => "fake",
            Self::Videos => "videos",
            Self::RealFrames => "real-frames",
            Self::FakeFrames => "fake-frames",
            Self::Frames => "frames",
            Self::RealSamples => "real-samples",
            Self::FakeSamples => "fake-samples",
            Self::WithFace => "with-face",
            Self::NoFace => "no-face",
            Self::Unreadable => "unreadable",
            Self::Missing => "missing",
            Self::Faces => "faces",
        }
    }

    /// Whether papers print it in thousands.
    pub fn is_rounded(self) -> bool {
        matches!(
            self,
            Self::RealFrames
                | Self::FakeFrames
                | Self::Frames
                | Self::RealSamples
                | Self::FakeSamples
        )
    }
}

/// A number found and the published one, each if it is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Count {
    /// What there is.
    pub found: Option<u64>,
    /// What is published.
    pub published: Option<u64>,
    /// How far the published number may be off because it, or its parts, are rounded.
    #[serde(skip)]
    pub slack: u64,
}

impl Count {
    /// The sum of two parts, known if both are.
    fn and(self, other: Self) -> Self {
        let sum = |a: Option<u64>, b: Option<u64>| Some(a?.saturating_add(b?));
        Self {
            found: sum(self.found, other.found),
            published: sum(self.published, other.published),
            slack: self.slack + other.slack,
        }
    }

    /// Whether what is found is what is published, to the precision of that.
    pub fn is_same(self) -> bool {
        let (Some(found), Some(published)) = (self.found, self.published) else { return false };
        let below = published.saturating_sub(self.slack);
        found == published || (below..published.saturating_add(self.slack)).contains(&found)
    }
}

/// The statistics of one data set, or of several together.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SurveyRow {
    /// Name of the data set; of a total, none.
    pub dataset: Option<String>,
    /// Name for readers.
    pub title: String,
    /// Whether Proofmark drew it.
    pub synthetic: bool,
    counts: BTreeMap<CountKind, Count>,
}

impl SurveyRow {
    /// What is published of a data set, and nothing found yet.
    pub fn published(dataset: &Dataset) -> Self {
        let name = &dataset.name;
        let mut row = Self {
            dataset: Some(name.clone()),
            title: dataset.title.as_ref().unwrap_or(name).clone(),
            synthetic: dataset.layout.demo().is_some(),
            counts: BTreeMap::new(),
        };
        let Some(expect) = &dataset.expect else { return row };
        for (measure, number) in [
            (CountKind::FaceSwaps, &expect.face_swaps),
            (CountKind::Reenactments, &expect.reenactments),
            (CountKind::Train, &expect.train),
            (CountKind::Val, &expect.val),
            (CountKind::Test, &expect.test),
            (CountKind::Real, &expect.real),
            (CountKind::Fake, &expect.fake),
            (CountKind::RealFrames, &expect.real_frames),
            (CountKind::FakeFrames, &expect.fake_frames),
            (CountKind::RealSamples, &expect.real_samples),
            (CountKind::FakeSamples, &expect.fake_samples),
        ] {
            let published = *number;
            let in_thousands = published.is_some_and(|n| n > 0 && n.is_multiple_of(1000));
            let slack = if measure.is_rounded() && in_thousands { 500 } else { 0 };
            row.counts.insert(measure, Count { found: None, published, slack });
        }
        row
    }

    /// A number found beside the published one.
    pub fn count(&self, measure: CountKind) -> Count {
        let of = |measure| self.counts.get(&measure).copied().unwrap_or_default();
        match measure {
            CountKind::Videos => of(CountKind::Real).and(of(CountKind::Fake)),
            CountKind::Frames => of(CountKind::RealFrames).and(of(CountKind::FakeFrames)),
            _ => of(measure),
        }
    }

    /// Every measure with what is known of it.
    pub fn counts(&self) -> impl Iterator<Item = (CountKind, Count)> {
        CountKind::ALL.into_iter().map(|measure| (measure, self.count(measure)))
    }

    /// Sets a number found.
    pub fn find(&mut self, measure: CountKind, number: u64) {
        self.counts.entry(measure).or_default().found = Some(number);
    }

    /// Sets what a scan found. The frames of video files are not known from one.
    pub fn scanned(&mut self, dataset: &Dataset, scan: &Scan) {
        let videos = scan.manifest.video_rows();
        let there: Vec<&Video> = videos.iter().filter(|v| !scan.absent.contains(&v.key)).collect();
        if let Some(methods) = Manipulations::of(dataset, &there) {
            self.find(CountKind::FaceSwaps, methods.face_swaps);
            self.find(CountKind::Reenactments, methods.reenactments);
            self.find(CountKind::OtherManipulations, methods.others);
        }
        let splits = SplitCounts::of(there.iter().copied());
        let class = |label| there.iter().filter(|v| v.label == label).count() as u64;
        for (measure, number) in [
            (CountKind::Train, splits.train),
            (CountKind::Val, splits.val),
            (CountKind::Test, splits.test),
            (CountKind::NoSplit, splits.none),
            (CountKind::Real, class(Label::Real)),
            (CountKind::Fake, class(Label::Fake)),
        ] {
            self.find(measure, number);
        }
        if !scan.undecoded() {
            let labels: BTreeMap<&str, Label> =
                videos.iter().map(|v| (v.key.as_str(), v.label)).collect();
            let frames = scan.manifest.frame_rows();
            let frames = frames.iter().filter_map(|f| labels.get(f.video_key.as_str()));
            let (all, real) = frames.fold((0, 0), |(all, real), label| {
                (all + 1, real + u64::from(*label == Label::Real))
            });
            self.find(CountKind::RealFrames, real);
            self.find(CountKind::FakeFrames, all - real);
        }
    }

    /// Sets what was sampled for training.
    pub fn sampled(&mut self, sample: &SourceSample) {
        self.find(CountKind::RealSamples, sample.real.taken);
        self.find(CountKind::FakeSamples, sample.fake.taken);
    }

    /// The sum of rows. What is found of some of them is summed up as far as it goes. A published
    /// number is the sum of the rows only where every row has one or nothing.
    pub fn total(rows: &[Self]) -> Self {
        let mut total = Self { title: "Total".to_owned(), ..Self::default() };
        total.synthetic = !rows.is_empty() && rows.iter().all(|row| row.synthetic);
        for measure in CountKind::ALL {
            // Sums of others.
            if matches!(measure, CountKind::Videos | CountKind::Frames) {
                continue;
            }
            let counts = || rows.iter().map(|row| row.count(measure));
            let known = counts().filter_map(|count| count.found).reduce(u64::saturating_add);
            let none = |count: Count| count.found.is_none_or(|n| n == 0).then_some(0);
            let published = counts().map(|count| count.published.or(none(count)));
            let published = published.reduce(|a, b| Some(a?.saturating_add(b?))).flatten();
            let any = counts().any(|count| count.published.is_some());
            let slack = counts().map(|count| count.slack).sum();
            let published = published.filter(|_| any);
            let count = Count { found: known, published, slack };
            total.counts.insert(measure, count);
        }
        total
    }
}

/// Numbers of manipulations by family.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Manipulations {
    /// Face swaps.
    pub face_swaps: u64,
    /// Reenactments.
    pub reenactments: u64,
    /// Of other or unknown families.
    pub others: u64,
    /// Whether they are those that the data set declares, because no video tells its own.
    pub declared: bool,
}

impl Manipulations {
    /// Those that videos tell; those that the data set declares where there are fakes and none
    /// tells its own, as in DFDC. None if nothing is known of the fakes that there are.
    pub fn of(dataset: &Dataset, videos: &[&Video]) -> Option<Self> {
        let told: BTreeSet<(&str, Option<Family>)> =
            videos.iter().filter_map(|v| Some((v.method.as_deref()?, v.family))).collect();
        let declared = told.is_empty() && videos.iter().any(|v| v.label == Label::Fake);
        let families: Vec<Option<Family>> = if declared {
            dataset.manipulations.iter().map(|m| m.family).collect()
        } else {
            told.into_iter().map(|(_, family)| family).collect()
        };
        if declared && families.is_empty() {
            return None;
        }
        let count = |family| families.iter().filter(|f| **f == Some(family)).count() as u64;
        let (face_swaps, reenactments) = (count(Family::FaceSwap), count(Family::Reenactment));
        let others = families.len() as u64 - face_swaps - reenactments;
        Some(Self { face_swaps, reenactments, others, declared })
    }
}

#[cfg(test)]
#[path = "statistics_tests.rs"]
mod tests;
