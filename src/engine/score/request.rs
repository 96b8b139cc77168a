//! What is wanted of a scoring.

use std::path::Path;

use proofmark_lang::model::Pooling;

/// What is wanted of a scoring.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// Where faces come from.
    pub faces: Faces,
    /// Of several ways in which the model's faces were cut, that of this data set.
    pub like: Option<&'a str>,
    /// Weights of the detector, if the model's faces were found with others than the built-in.
    pub detector: Option<&'a Path>,
    /// How the faces of a video, or of a photograph, make its score.
    pub rule: Pooling,
    /// Score from which something is called fake.
    pub threshold: f64,
}

/// Where faces come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Faces {
    /// As those that the model was trained on.
    AsTrained,
    /// Every image, or frame, is a face that was cut already.
    Given,
    /// They are looked for, also if the model does not say how.
    Detect,
}
