//! What became of each video, in a line of its own as soon as its faces are stored.
//!
//! A line is the last that is written of a video. A video without one is not there yet, whatever
//! of its faces lies in a shard. Each line has a checksum ([`seal`]).

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::error::FaceStoreError;
use super::part::{JOURNAL, files};
use proofmark_base::seal::{self, Seal};

/// What became of a video.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "kebab-case")]
pub enum Status {
    /// It has faces.
    Ok,
    /// It was read, and there is no face in it.
    NoFace,
    /// It cannot be read.
    Unreadable {
        /// Why; of several files, the first.
        why: String,
    },
    /// It is not there.
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

    /// The status of a word, with the reason where it has one.
    pub fn from_word(word: &str, why: Option<&str>) -> Option<Self> {
        let why = why.unwrap_or_default().to_owned();
        match word {
            "ok" => Some(Self::Ok),
            "no-face" => Some(Self::NoFace),
            "unreadable" => Some(Self::Unreadable { why }),
            "missing" => Some(Self::Missing { looked_for: why }),
            _ => None,
        }
    }

    /// The reason, where it has one.
    pub fn why(&self) -> Option<&str> {
        match self {
            Self::Ok | Self::NoFace => None,
            Self::Unreadable { why } => Some(why),
            Self::Missing { looked_for } => Some(looked_for),
        }
    }
}

/// One frame that was looked at.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Look {
    /// Its number within the video.
    pub frame: u32,
    /// Seconds after the first frame, where frames have times.
    pub seconds: Option<f64>,
    /// How many faces it gave; none if it could not be read.
    pub faces: Option<u32>,
}

/// One video after preparation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PreparedVideo {
    /// Key in the data set.
    pub video_key: String,
    /// What became of it.
    #[serde(flatten)]
    pub status: Status,
    /// What was wrong with a part of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
    /// Frames that were looked at, in order.
    pub looks: Vec<Look>,
    /// Number of its faces.
    pub faces: usize,
    /// Name of the shard with its faces, if it has any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard: Option<String>,
}

impl PreparedVideo {
    /// Frames among those looked at that could be read.
    pub fn readable_frames(&self) -> u64 {
        self.looks.iter().filter(|look| look.faces.is_some()).count() as u64
    }

    /// Frames among those looked at that could not be read.
    pub fn unreadable_frames(&self) -> u32 {
        self.looks.iter().filter(|look| look.faces.is_none()).count() as u32
    }

    /// Frames among those looked at that could be read and have no face.
    pub fn frames_without_face(&self) -> u32 {
        self.looks.iter().filter(|look| look.faces == Some(0)).count() as u32
    }
}

/// The journal of one writer.
#[derive(Debug)]
pub(super) struct Journal {
    path: PathBuf,
    file: File,
}

impl Journal {
    /// Opens the journal of a writer to add to it.
    pub(super) fn open(folder: &Path, stem: &str) -> Result<Self, FaceStoreError> {
        let path = folder.join(format!("{stem}{JOURNAL}"));
        let whole = |path: &Path| -> std::io::Result<File> {
            let mut file = File::options().create(true).read(true).append(true).open(path)?;
            // A line that was cut off must not swallow the next.
            if file.metadata()?.len() > 0 {
                let mut last = [0];
                file.seek(SeekFrom::End(-1))?;
                file.read_exact(&mut last)?;
                if last != *b"\n" {
                    file.write_all(b"\n")?;
                }
            }
            Ok(file)
        };
        let file = whole(&path).map_err(|e| FaceStoreError::write(&path, e))?;
        Ok(Self { path, file })
    }

    /// Adds a video, in one piece.
    pub(super) fn add(&mut self, video: &PreparedVideo) -> Result<(), FaceStoreError> {
        let mut line =
            serde_json::to_vec(video).map_err(|e| FaceStoreError::write(&self.path, e))?;
        seal::seal(&mut line);
        line.push(b'\n');
        self.file.write_all(&line).map_err(|e| FaceStoreError::write(&self.path, e))
    }

    /// Waits until all lines are on the disk.
    pub(super) fn sync(&self) -> Result<(), FaceStoreError> {
        self.file.sync_data().map_err(|e| FaceStoreError::write(&self.path, e))
    }
}

/// What the journals of a folder say.
#[derive(Debug, Default)]
pub(super) struct Lines {
    /// The videos, by key. The last line of a video counts.
    pub(super) videos: BTreeMap<String, PreparedVideo>,
    /// The lines that say nothing, because they were cut off or are damaged: file and number.
    pub(super) lost: Vec<(PathBuf, usize)>,
}

/// Reads every journal in a folder.
pub(super) fn read(folder: &Path) -> Result<Lines, FaceStoreError> {
    let mut lines = Lines::default();
    for (_, path) in files(folder, JOURNAL).map_err(|e| FaceStoreError::read(folder, e))? {
        let text = std::fs::read(&path).map_err(|e| FaceStoreError::read(&path, e))?;
        for (line, number) in text.split(|byte| *byte == b'\n').zip(1..) {
            let video = match seal::check(line) {
                Seal::Whole | Seal::None => serde_json::from_slice::<PreparedVideo>(line).ok(),
                Seal::Broken => None,
            };
            match video {
                Some(video) => drop(lines.videos.insert(video.video_key.clone(), video)),
                None if line.is_empty() => {}
                None => lines.lost.push((path.clone(), number)),
            }
        }
    }
    Ok(lines)
}

/// Removes the journals of a folder, whose videos a manifest lists by now.
pub fn remove_journals(folder: &Path) -> Result<(), FaceStoreError> {
    for (_, path) in files(folder, JOURNAL).map_err(|e| FaceStoreError::read(folder, e))? {
        std::fs::remove_file(&path).map_err(|e| FaceStoreError::write(&path, e))?;
    }
    Ok(())
}
