//! The nodes of the language, each declared once: what it is called and means, its fields with
//! their types and defaults, and what several of them together must fulfil.

mod arcface;
mod augment;
mod backbone;
mod corruption;
mod dataset;
mod device;
mod efficientnet;
mod ensemble;
mod experiment;
mod faces;
mod init;
mod layout;
mod losses;
mod metric;
mod optimizers;
mod recipe;
mod row;
mod scenario;
mod schedule;
mod split;
mod table;
mod vit;
mod xception;

use super::limits;
use super::schema::{Type, whole};

pub use arcface::ArcFace;
pub use augment::{Augment, AugmentKind, Interpolation, Mix};
pub use backbone::{Backbone, BackboneKind, Pool};
pub use corruption::{Corrupted, Corruption, CorruptionKind};
pub use dataset::{Dataset, Expect, Family, Label, Manipulation};
pub use device::DeviceChoice;
pub use efficientnet::EfficientNet;
pub use ensemble::{Ensemble, Hull, PseudoFake, PseudoFakeKind, Quota, SampleRule, Source};
pub use experiment::{Attribution, Experiment, ExperimentAt};
pub(super) use experiment::{EXPERIMENT, EXTENDS, NAME, OVERRIDE, attribution, ready};
pub use faces::{Detector, FaceRule, FrameRule, Framing, Take};
pub use init::{Head, Init, Normalize, REAL, RandomWeights, Statistics, Weights, WeightsFile};
pub use layout::{
    BenchLayout, Cloned, DemoCapture, DemoLayout, Domain, FolderClass, FolderLayout, Identities,
    Layout, Mixed, Released, ReleasedLayout, TableLayout, Validation,
};
pub use losses::{CrossEntropy, Loss, LossTerm, Mining, Term, Triplet};
pub use metric::{
    FrameMax, Level, MetricSpec, Parameter, Pooling, ScoreRule, Threshold, VideoScore,
};
pub use optimizers::{AdamW, Optimizer, Sgd};
pub use recipe::{Batch, Keep, Precision, Recipe, Resize};
pub use row::{Columns, Predictions, Row};
pub use scenario::{
    Average, Column, ColumnAverage, DatasetColumn, PerManipulation, PerValue, Promise, Reported,
    Scenario,
};
pub use schedule::{Schedule, ScheduleKind};
pub use split::{Carve, Official, Only, Overlap, Split, SplitRule};
pub(super) use table::unique_labels;
pub use table::{Claim, Comparison, Correction, Intervals, Reference, Table, Unit};
pub use vit::Vit;
pub use xception::Xception;

/// The networks that a `backbone` may be, in the order of the reference. Each is a
/// [`Network`](backbone::Network).
macro_rules! networks {
    ($for_all:ident) => {
        $for_all! {
            /// A Vision Transformer.
            Vit,
            /// An EfficientNet.
            EfficientNet,
            /// An Xception.
            Xception,
        }
    };
}
use networks;

/// A seed.
const SEED: Type = Type::Whole(0, u64::MAX);
/// Side of the input of a network.
const SIDE: Type = whole(&limits::IMAGE);
/// How many of something.
const COUNT: Type = whole(&limits::COUNT);
