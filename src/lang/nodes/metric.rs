//! `metric` and `video-score`: what a table scores.

use proofmark_metrics::{ALL, Metric, Number as Needed};
use serde::Serialize;

use crate::cursor::Cursor;
use crate::diagnostic::Sink;
use crate::node::{Decode, Read, Words, listed, node, values, words};
use crate::schema::Preset::{Number, Text, Whole};
use crate::schema::{Field, NodeSpec, Type, Variant};
use crate::span::Origin;
use crate::value::Datum;

node! {
    /// A metric, each a block of the table.
    pub struct MetricSpec = "metric" {
        arguments {
            /// Which one.
            metric: Metric = METRIC.required(),
        }
        properties {
            /// What is scored.
            level: Level = Level::WORD.or(Text("video")),
        }
        made {
            /// The number that it needs.
            parameter: Parameter = parameter,
        }
        variants = NUMBERS
    }
}

listed!(
    /// The word of a metric.
    pub(super) const METRIC: Metric in ALL
);

/// How many metrics need a number.
const NUMBERED: usize = {
    let (mut count, mut place) = (0, 0);
    while place < ALL.len() {
        count += ALL[place].definition().needs.is_some() as usize;
        place += 1;
    }
    count
};

/// What such a metric has beside its word.
const NUMBERS: &[Variant] = &{
    let mut variants = [Variant { word: "", doc: "", properties: &[], children: &[] }; NUMBERED];
    let (mut next, mut place) = (0, 0);
    while place < ALL.len() {
        if let Some(needed) = ALL[place].definition().needs {
            let properties: &[Field] = match needed.number {
                Needed::Threshold => &[THRESHOLD],
                Needed::Fpr => &[FPR],
                Needed::Bins => &[BINS],
            };
            let word = ALL[place].words().0;
            variants[next] = Variant { word, doc: needed.doc, properties, children: &[] };
            next += 1;
        }
        place += 1;
    }
    variants
};

const FPR: Field = Type::Points.or(Number(0.01)).named("fpr", "False-positive rate allowed.");
const BINS: Field = Type::Whole(1, 1000).or(Whole(15)).named("bins", "Number of bins.");
const THRESHOLD: Field = Type::Threshold.or(Number(0.5)).named(
    "threshold",
    "Score from which a sample is called fake. `val` is the one of the highest balanced accuracy on the validation split of each row's ensemble.",
);

values!(Parameter, Threshold, VideoScore);

words! {
    /// What is scored.
    pub enum Level {
        /// videos, by `video-score`
        Video = "video",
        /// every face
        Frame = "frame",
    }
}

/// The number that a metric needs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Parameter {
    /// It needs none.
    None,
    /// Score from which a sample is called fake.
    Threshold(Threshold),
    /// The false-positive rate allowed.
    Fpr(f64),
    /// Bins of equal width.
    Bins(u32),
}

impl Parameter {
    /// The threshold, if it is one.
    pub fn threshold(self) -> Option<Threshold> {
        match self {
            Self::Threshold(threshold) => Some(threshold),
            Self::None | Self::Fpr(_) | Self::Bins(_) => None,
        }
    }
}

/// Where a threshold comes from.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Threshold {
    /// It is given.
    Fixed(f64),
    /// The one of the highest balanced accuracy on the validation split of each row's
    /// ensemble.
    Val,
}

/// How the faces of a video make its score.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum VideoScore {
    /// Frame by frame.
    FrameMax(FrameMax),
    /// All of them together.
    #[serde(untagged)]
    Faces(Pooling),
}

impl Default for VideoScore {
    fn default() -> Self {
        Self::Faces(Pooling::default())
    }
}

/// The mean over frames, each the highest of its large faces (Shiohara and Yamasaki 2022).
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct FrameMax {
    /// Smallest area of a face's box, as a share of the largest of its frame.
    pub area: f64,
}

/// How scores make one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Pooling {
    /// Their mean (paper section 4.3).
    #[default]
    Mean,
    /// The highest.
    Max,
    /// The mean of the so many highest.
    Top(u32),
}

impl Read for Threshold {
    fn read(datum: Datum, _: Option<&std::path::Path>) -> Option<Self> {
        match datum {
            Datum::Number(x) => Some(Self::Fixed(x)),
            Datum::Text(text) => (text == "val").then_some(Self::Val),
            Datum::Whole(_) | Datum::Bool(_) | Datum::Ratio(..) | Datum::Any => None,
        }
    }
}

fn parameter(node: Cursor<'_>, _: &mut Sink) -> Option<(Parameter, Origin)> {
    let metric = node.read::<Metric>(&MetricSpec::FIELDS.metric)?.value;
    let read = match metric.needs.map(|needed| needed.number) {
        None => return Some((Parameter::None, Origin::DEFAULT)),
        Some(Needed::Threshold) => {
            node.read_or_default(&THRESHOLD).map(|read| read.map(Parameter::Threshold))
        }
        Some(Needed::Fpr) => node.read_or_default(&FPR).map(|read| read.map(Parameter::Fpr)),
        Some(Needed::Bins) => node.read_or_default(&BINS).map(|read| read.map(Parameter::Bins)),
    };
    read.map(|read| (read.value, read.origin))
}

pub(super) static VIDEO_SCORE: NodeSpec = NodeSpec::value(
    "video-score",
    "How the faces of a video make its score: of the whole table, `mean` if absent, or of one row.",
    &[RULE],
)
.properties(&[FAILED])
.variants(&[
    Variant {
        word: "top",
        doc: "Fakes are often visible in some frames only.",
        properties: &[K],
        children: &[],
    },
    Variant {
        word: "frame-max",
        doc: "A frame with several people counts by the one who looks most like a fake; faces in the background do not count.",
        properties: &[AREA],
        children: &[],
    },
]);

const RULE: Field = ScoreRule::WORD.or(Text("mean")).named("rule", "Which.");
const K: Field =
    Type::Whole(1, 1_000_000).required().named("k", "How many faces; all where a video has fewer.");
const AREA: Field = Type::Fraction.or(Number(0.5)).named("area", "Smallest area of a face's box, as a share of the largest of its frame. A face that no detector found always counts.");
const FAILED: Field = Type::Fraction.optional().named("failed", "Score of a video without a usable face: 0 counts it as real, 1 as fake; without it, such videos are left out. What another tool did not score stays out.");

words! {
    /// The words of `video-score`.
    pub enum ScoreRule {
        /// mean of all faces (paper section 4.3)
        Mean = "mean",
        /// highest of all faces
        Max = "max",
        /// mean of the `k` highest
        Top = "top",
        /// mean over the frames, each the highest of its large faces (SBI's rule)
        FrameMax = "frame-max",
    }
}

/// Reads a `video-score`.
pub(super) fn video_score(node: Cursor<'_>) -> Option<(VideoScore, Origin)> {
    let rule = node.read_or_default::<ScoreRule>(&RULE)?;
    let score = match rule.value {
        ScoreRule::Mean => VideoScore::Faces(Pooling::Mean),
        ScoreRule::Max => VideoScore::Faces(Pooling::Max),
        ScoreRule::Top => VideoScore::Faces(Pooling::Top(node.read::<u32>(&K)?.value)),
        ScoreRule::FrameMax => {
            VideoScore::FrameMax(FrameMax { area: node.read_or_default::<f64>(&AREA)?.value })
        }
    };
    Some((score, rule.origin))
}

/// The score that a `video-score` gives videos without a usable face.
pub(super) fn failed(node: Cursor<'_>) -> Option<(Option<f64>, Origin)> {
    match node.given(&FAILED) {
        true => node.read::<f64>(&FAILED).map(|score| (Some(score.value), score.origin)),
        false => Some((None, Origin::DEFAULT)),
    }
}
