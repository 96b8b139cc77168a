//! One prediction, and rows of them as columns.

use polars::prelude::*;

use proofmark_lang::model::{Family, Label};

/// How far rounding may take a score out of 0 to 1.
const SLACK: f64 = 1e-5;

/// The families and their names in the file.
pub(super) const FAMILIES: [(&str, Family); 5] = [
    ("face-swap", Family::FaceSwap),
    ("reenactment", Family::Reenactment),
    ("entire-face", Family::EntireFace),
    ("editing", Family::Editing),
    ("unknown", Family::Unknown),
];

/// What a model says of one face.
#[derive(Clone, Debug, PartialEq)]
pub struct Prediction {
    /// Name of the data set.
    pub dataset: String,
    /// The video, unique within its data set.
    pub video: String,
    /// Frame of the video, from 0.
    pub frame: u32,
    /// Face of the frame, from 0.
    pub face: u32,
    /// Real or fake.
    pub label: Label,
    /// Manipulation of a fake, where known.
    pub method: Option<String>,
    /// Its family, where known.
    pub family: Option<Family>,
    /// Area of its box in pixels of its frame, where a detector found it.
    pub area: Option<f32>,
    /// Probability of each class, real first.
    pub probabilities: Vec<f32>,
    /// P(fake) where it is known beyond the digits of the probabilities, as another tool's.
    pub exact: Option<f64>,
}

impl Prediction {
    /// P(fake): the probabilities of all fake classes added (paper section 3.4).
    pub fn score(&self) -> f64 {
        let sum = || self.probabilities.iter().skip(1).map(|&p| f64::from(p)).sum();
        self.exact.unwrap_or_else(sum)
    }
}

/// Rows as a Polars frame with the columns of the file.
pub(super) fn frame(classes: &[String], rows: &[Prediction]) -> PolarsResult<DataFrame> {
    fn text<'a>(
        name: &str,
        rows: &'a [Prediction],
        get: impl Fn(&'a Prediction) -> Option<&'a str>,
    ) -> Column {
        StringChunked::from_iter_options(name.into(), rows.iter().map(get)).into_column()
    }
    let numbers = |get: fn(&Prediction) -> u32| rows.iter().map(get).collect::<Vec<u32>>();
    let mut columns = vec![
        text("dataset", rows, |row| Some(&row.dataset)),
        text("video_key", rows, |row| Some(&row.video)),
        Column::new("frame".into(), numbers(|row| row.frame)),
        Column::new("face".into(), numbers(|row| row.face)),
        text("label", rows, |row| Some(label_name(row.label))),
        text("method", rows, |row| row.method.as_deref()),
        text("family", rows, |row| row.family.map(family_name)),
    ];
    let areas: Vec<Option<f32>> = rows.iter().map(|row| row.area).collect();
    columns.push(Column::new("area".into(), areas));
    for (i, class) in classes.iter().enumerate() {
        let probabilities: Vec<f32> = rows.iter().map(|row| row.probabilities[i]).collect();
        columns.push(Column::new(format!("p_{class}").into(), probabilities));
    }
    let scores: Vec<f64> = rows.iter().map(Prediction::score).collect();
    columns.push(Column::new("score".into(), scores));
    DataFrame::new(rows.len(), columns)
}

/// What the file calls a label.
pub fn label_name(label: Label) -> &'static str {
    match label {
        Label::Real => "real",
        Label::Fake => "fake",
    }
}

/// What the file calls a family.
pub fn family_name(family: Family) -> &'static str {
    let named = FAMILIES.iter().find(|(_, known)| *known == family);
    named.expect("every family has a name").0
}

/// Whether a probability or score is finite and in 0 to 1, but for rounding.
pub(super) fn in_unit(p: f64) -> bool {
    (-SLACK..=1.0 + SLACK).contains(&p)
}
