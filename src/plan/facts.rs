//! What a plan has to know of the world: digests.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What the plan has to know of the world: digests.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Facts {
    /// Of each data set.
    pub datasets: BTreeMap<String, DatasetDigests>,
    /// Of the weights file of each experiment that begins at one, by its name: an `override` may
    /// name another file than the `init` does for others.
    pub weights: BTreeMap<String, Digest>,
    /// How the weights of an experiment are read, by its name, where earlier versions read the
    /// same file in another way.
    pub read: BTreeMap<String, String>,
    /// Of each weights file of a face detector, by name of the data set.
    pub detectors: BTreeMap<String, Digest>,
    /// Of each file of another tool's scores.
    pub outside: BTreeMap<PathBuf, String>,
    /// Of each file with landmarks, by name of the data set.
    pub landmarks: BTreeMap<String, Digest>,
    /// Version of the demo's generator.
    pub demo_version: u32,
}

/// The digest of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Digest {
    /// Of a file that is here.
    Known(String),
    /// Of a file that is still to be downloaded. It is equal to no digest, and the key of a stage
    /// that has it is that of no result.
    ToCome {
        /// Where it is downloaded from.
        #[serde(rename = "to-be-downloaded")]
        from: String,
    },
}

impl Digest {
    /// The digest itself, if the file is here.
    pub fn known(&self) -> Option<&str> {
        match self {
            Self::Known(digest) => Some(digest),
            Self::ToCome { .. } => None,
        }
    }
}

impl Digest {
    /// Where the file comes from whose digest is not known, of a digest as inputs have it.
    pub fn to_come(value: &Value) -> Option<&str> {
        value.get("to-be-downloaded")?.as_str()
    }
}

impl From<String> for Digest {
    fn from(digest: String) -> Self {
        Self::Known(digest)
    }
}

/// Digests of a data set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DatasetDigests {
    /// Of its frames and the content of their files.
    pub pixels: String,
    /// Whether frames are JPEG files, so that their decoder has a say.
    pub jpeg: bool,
    /// Of its labels, manipulations, groups and splits.
    pub manifest: String,
}

impl Facts {
    /// The digest of a data set's manifest.
    pub fn manifest(&self, dataset: &str) -> Option<&str> {
        self.datasets.get(dataset).map(|d| d.manifest.as_str())
    }
}
