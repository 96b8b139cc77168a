//! What reading a layout gives: videos, frames and what was noticed on the way.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::data::manifest::{Frame, Video};

/// The videos and frames of a data set, before splits and frame rules.
#[derive(Clone, Debug, Default)]
pub struct Listing {
    /// Folder below which the paths of the frames lie; none for the demo.
    pub root: Option<PathBuf>,
    /// The videos, in any order.
    pub videos: Vec<Video>,
    /// Their frames, in any order.
    pub frames: Vec<Frame>,
    /// What was noticed and did not stop the reading.
    pub findings: BTreeMap<Finding, Tally>,
}

/// Something noticed in a data set that is no error, but that nobody should have to guess.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Finding {
    /// A listed image that is not on disk, or a link to nothing.
    Missing,
    /// A row without a label, left out.
    Unlabelled,
    /// A row that repeats another one exactly, left out.
    Duplicated,
    /// A video folder without images, kept as a video without frames.
    EmptyVideo,
    /// A file that is no image, ignored.
    OtherFile,
    /// A hidden file or `__MACOSX`, ignored.
    Hidden,
    /// A folder below the level where images are looked for, ignored.
    DeeperFolder,
    /// An image outside any video folder, ignored.
    LooseImage,
    /// A name that is no Unicode text, ignored.
    UnreadableName,
}

impl Finding {
    /// What is counted, in the plural.
    pub fn words(self) -> &'static str {
        match self {
            Self::Missing => "images not on disk",
            Self::Unlabelled => "rows without a label, left out",
            Self::Duplicated => "rows that repeat another one, left out",
            Self::EmptyVideo => "video folders without images",
            Self::OtherFile => "files that are no images, ignored",
            Self::Hidden => "hidden files, ignored",
            Self::DeeperFolder => "folders too deep to be looked into, ignored",
            Self::LooseImage => "images outside video folders, ignored",
            Self::UnreadableName => "names that are no Unicode text, ignored",
        }
    }
}

/// How often something was noticed, with the first examples.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// How often.
    pub count: usize,
    /// The first few.
    pub examples: Vec<String>,
}

const EXAMPLES: usize = 3;

impl Listing {
    /// Counts a finding.
    pub(super) fn note(&mut self, finding: Finding, example: impl Into<String>) {
        let tally = self.findings.entry(finding).or_default();
        tally.count += 1;
        if tally.examples.len() < EXAMPLES {
            tally.examples.push(example.into());
        }
    }
}
