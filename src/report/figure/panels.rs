//! The figure as data: what is measured of real and of fake videos.

/// The statistics of a data set by label.
#[derive(Clone, Debug, PartialEq)]
pub struct Figure {
    /// Name of the data set for readers.
    pub title: String,
    /// Whether Proofmark drew the data.
    pub synthetic: bool,
    /// What there is of each label: real, then fake.
    pub amounts: [Amount; 2],
    /// One small plot each.
    pub panels: Vec<Panel>,
}

/// How much there is of a label.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Amount {
    /// Videos.
    pub videos: u64,
    /// Frames that were read.
    pub frames: u64,
    /// Faces.
    pub faces: u64,
}

/// What is measured, of every video or of every face.
#[derive(Clone, Debug, PartialEq)]
pub struct Panel {
    /// What it is.
    pub title: &'static str,
    /// What exactly, for the axis.
    pub axis: &'static str,
    /// The unit after a number, or none.
    pub unit: &'static str,
    /// What has a value each, in the plural.
    pub of: &'static str,
    /// Whether values are whole numbers.
    pub whole: bool,
    /// The values of real, then of fake.
    pub values: [Vec<f64>; 2],
}

/// The labels in the order of [`Panel::values`].
pub const LABELS: [&str; 2] = ["real", "fake"];
