//! The nodes of the language, each declared once: what it is called and means, its fields with
//! their types and defaults, and what several of them together must fulfil.

mod arcface;
mod augment;
mod backbone;
mod batch;
mod claim;
pub(crate) mod clusters;
mod common;
mod corruption;
mod dataset;
mod device;
mod efficientnet;
mod ensemble;
mod experiment;
mod faces;
mod init;
mod label;
mod layout;
mod losses;
mod matrix;
mod metric;
mod network;
mod optimizers;
mod recipe;
mod row;
mod scenario;
mod schedule;
mod separability;
mod split;
mod table;
mod terms;
mod vit;
mod xception;

pub use crate::device::DeviceChoice;
pub use arcface::ArcFace;
pub use augment::{Augment, AugmentKind, Interpolation, Mix};
pub use backbone::{Backbone, BackboneKind, Pool};
pub use batch::Batch;
pub use claim::{Claim, Over, Quantifier, Relation, Sentence};
pub(crate) use common::NAME;
pub use corruption::{Corrupted, Corruption, CorruptionKind};
pub use dataset::{Dataset, Expect, Manipulation};
pub use efficientnet::EfficientNet;
pub use ensemble::{Ensemble, Hull, PseudoFake, PseudoFakeKind, Quota, SampleRule, Source};
pub(crate) use experiment::{
    ATTRIBUTION, BY, EXPERIMENT, EXTENDS, OVERRIDE, attribution, calibration, ready,
};
pub use experiment::{Attribution, Calibration, Experiment, ExperimentAt};
pub use faces::{Detector, FaceRule, FrameRule, Framing, Take};
pub use init::{Head, Init, Normalize, REAL, RandomWeights, Statistics, Weights, WeightsFile};
pub use label::{Family, Label};
pub use layout::{
    BenchLayout, Cloned, DemoCapture, DemoLayout, Domain, FolderClass, FolderLayout, Identities,
    Layout, Mixed, Released, ReleasedLayout, TableLayout, Validation,
};
pub use losses::{Loss, LossTerm};
pub(crate) use matrix::{AXIS, CHOOSE, MATRIX, choose, variant_name};
pub use matrix::{Budget, Choice, VariantOf};
pub use metric::{
    FrameMax, Level, MetricSpec, Parameter, Pooling, ScoreRule, Threshold, VideoScore,
};
pub use optimizers::{AdamW, Optimizer, Sgd};
pub use recipe::{Keep, Precision, Recipe, Resize};
pub use row::{Columns, Predictions, Row};
pub use scenario::{
    Average, Column, ColumnAverage, DatasetColumn, Gap, PerManipulation, PerValue, Promise,
    Reported, Scenario,
};
pub use schedule::{Schedule, ScheduleKind};
pub use separability::{Separability, SeparabilityClasses};
pub use split::{Carve, Official, Only, Overlap, Split, SplitRule};
pub(crate) use table::unique_labels;
pub use table::{Comparison, Correction, Intervals, Reference, Table, Terms, Unit};
pub use terms::{CrossEntropy, Mining, Term, Triplet, Weighted};
pub use vit::Vit;
pub use xception::Xception;

/// The networks that a `backbone` may be, in the order of the reference. Each is a
/// [`Network`](network::Network).
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
