//! Kinds of stage, and keys by which stages name what they need.

use std::collections::BTreeMap;

use serde::Serialize;

use proofmark_lang::model::Ensemble;

/// Kinds of stage, in the order in which they are planned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum StageKind {
    /// Frames of a data set to faces.
    Faces,
    /// Faces of a data set to their points.
    Landmarks,
    /// Faces of an ensemble to a training and a validation set.
    Sample,
    /// An experiment to a model, or the file of one to what scores.
    Train,
    /// A model, or the file of another tool, and a split of a data set to scores.
    Predict,
    /// Scores of validation splits to what makes them probabilities.
    Calibrate,
    /// A model and a split of a data set to embeddings.
    Embed,
    /// Embeddings to how far their classes lie apart.
    Separate,
}

impl StageKind {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Faces,
        Self::Landmarks,
        Self::Sample,
        Self::Train,
        Self::Predict,
        Self::Calibrate,
        Self::Embed,
        Self::Separate,
    ];

    /// The word that the store and the plan use.
    pub fn word(self) -> &'static str {
        match self {
            Self::Faces => "faces",
            Self::Landmarks => "landmarks",
            Self::Sample => "sample",
            Self::Train => "train",
            Self::Predict => "predict",
            Self::Calibrate => "calibrate",
            Self::Embed => "embed",
            Self::Separate => "separate",
        }
    }
}

/// A stage that names what it needs by kind and key.
pub type Need = (StageKind, String);

/// Keys of what is made of data sets, by their names. Data sets that differ in name alone have the
/// same.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SetKeys {
    /// Of prepared faces.
    pub faces: BTreeMap<String, String>,
    /// Of landmarks, of the data sets that need them.
    pub landmarks: BTreeMap<String, String>,
}

impl SetKeys {
    /// Those of the data sets of an ensemble, with landmarks where pseudo-fakes are made.
    #[must_use]
    pub fn of(&self, ensemble: &Ensemble) -> Self {
        let mut keys = Self::default();
        for source in &ensemble.sources {
            let name = &source.dataset;
            keys.faces.extend(self.faces.get(name).map(|key| (name.clone(), key.clone())));
            let marks = self.landmarks.get(name).filter(|_| source.pseudo_fake.is_some());
            keys.landmarks.extend(marks.map(|key| (name.clone(), key.clone())));
        }
        keys
    }

    /// The stages that make them.
    pub fn needs(&self) -> Vec<Need> {
        let faces = self.faces.values().map(|key| (StageKind::Faces, key.clone()));
        faces
            .chain(self.landmarks.values().map(|key| (StageKind::Landmarks, key.clone())))
            .collect()
    }
}
