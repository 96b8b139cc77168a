//! All that is found of a file of embeddings.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::measure::Numbers;
use super::picture::Picture;
use super::sample::{Sampled, SampledError, SampledFaces, read};
use proofmark_lang::model::SeparabilityClasses;

/// How embeddings are measured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Way {
    /// What the classes are.
    pub classes: SeparabilityClasses,
    /// Most faces that are measured.
    pub sample: usize,
    /// Most of them that pictures show.
    pub points: usize,
    /// Seed of the draw.
    pub seed: u64,
    /// The margin of triplets, if there is one.
    pub margin: Option<f64>,
    /// Whether embeddings are first scaled to unit length.
    pub normalize: bool,
}

/// How far the classes of a file of embeddings lie apart.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Separability {
    /// Which faces were measured.
    pub sampled: Sampled,
    /// The margin of triplets, if there was one.
    pub margin: Option<f64>,
    /// Whether embeddings were scaled to unit length.
    pub normalized: bool,
    /// The numbers.
    pub numbers: Numbers,
    /// The class of each face of the pictures, as a place in the classes of `sampled`.
    pub shown: Vec<u32>,
    /// The pictures.
    pub pictures: Vec<Picture>,
}

impl Separability {
    /// Measures a file of embeddings.
    ///
    /// # Errors
    /// A file that is damaged, or holds no embeddings.
    pub fn of(path: &Path, way: Way) -> Result<Self, SampledError> {
        let SampledFaces { points, sampled } = read(path, way.classes, way.sample, way.seed)?;
        let shown = points.first(way.points);
        Ok(Self {
            sampled,
            margin: way.margin,
            normalized: way.normalize,
            numbers: Numbers::of(&points, way.margin, way.normalize),
            pictures: Picture::of(&shown, way.normalize),
            shown: shown.classes,
        })
    }
}
