//! The prepared faces of one data set together with what became of each video.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::store::FaceFile;

/// What became of a video.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "kebab-case")]
pub enum Status {
    /// It has faces.
    Ok,
    /// It was read, and there is no face in it.
    NoFace,
    /// Its files cannot be read.
    Unreadable {
        /// Why, of the first such file.
        why: String,
    },
    /// Its files are not there.
    Missing {
        /// What was looked for first.
        looked_for: String,
    },
}

impl Status {
    /// The word that tables and manifests use.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::NoFace => "no-face",
            Self::Unreadable { .. } => "unreadable",
            Self::Missing { .. } => "missing",
        }
    }
}

/// One video after preparation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PreparedVideo {
    /// Key in the data set.
    pub video_key: String,
    /// What became of it.
    #[serde(flatten)]
    pub status: Status,
    /// Frames that were looked at.
    pub frames: u32,
    /// Frames among them that could not be read.
    pub unreadable_frames: u32,
    /// First of its faces in the face store.
    pub first_face: usize,
    /// Number of its faces.
    pub faces: usize,
}

/// The prepared faces of one data set.
#[derive(Debug)]
pub struct Faces {
    /// The crops.
    pub file: FaceFile,
    /// Every video of the manifest, by key.
    pub videos: BTreeMap<String, PreparedVideo>,
}

impl Faces {
    /// Opens the result of a preparation.
    pub fn open(folder: &Path) -> Result<Self, String> {
        let file = FaceFile::open(&folder.join("faces.arrow")).map_err(|e| e.to_string())?;
        let list = folder.join("videos.json");
        let text = std::fs::read_to_string(&list)
            .map_err(|e| format!("cannot read {}: {e}", list.display()))?;
        let videos: Vec<PreparedVideo> = serde_json::from_str(&text)
            .map_err(|e| format!("cannot read {}: {e}", list.display()))?;
        if videos.iter().any(|v| v.first_face + v.faces > file.len()) {
            return Err(format!("{} and its face store do not fit together", list.display()));
        }
        let videos = videos.into_iter().map(|v| (v.video_key.clone(), v)).collect();
        Ok(Self { file, videos })
    }

    /// Key of the video that a face of the store is from.
    pub fn video_of(&self, face: usize) -> Option<&str> {
        let of = |v: &&PreparedVideo| (v.first_face..v.first_face + v.faces).contains(&face);
        self.videos.values().find(of).map(|v| v.video_key.as_str())
    }
}
