//! What reading a layout gives: videos, frames and what was noticed on the way.

use std::collections::{BTreeMap, HashSet};
use std::path::PathBuf;

use crate::data::files::Files;
use crate::data::manifest::{Frame, Video};

/// The videos and frames of a data set, before splits and frame rules.
#[derive(Clone, Debug, Default)]
pub struct Listing {
    /// Where the files lie; none for the demo.
    pub files: Option<Files>,
    /// The videos, in any order.
    pub videos: Vec<Video>,
    /// Their frames, in any order.
    pub frames: Vec<Frame>,
    /// Keys of videos that are listed, but not on disk.
    pub absent: HashSet<String>,
    /// What was noticed and did not stop the reading.
    pub findings: BTreeMap<Finding, Tally>,
    /// Which decisions were taken, and numbers to compare.
    pub remarks: Vec<String>,
}

/// Something noticed in a data set that is no error, but that nobody should have to guess.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Finding {
    /// A listed image or video that is not on disk, or a link to nothing.
    Missing,
    /// Something of which two sources disagree; the example says what was taken.
    Conflicting,
    /// A row without a label, left out.
    Unlabelled,
    /// A file that no list of the release names, left out.
    Unlisted,
    /// A row that repeats another one, left out.
    Duplicated,
    /// Something that the declaration leaves out.
    Excluded,
    /// A file of zero bytes, kept.
    Empty,
    /// A video folder without images, kept as a video without frames.
    EmptyVideo,
    /// A file of another kind, ignored.
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
    /// The word for programs.
    pub fn word(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Conflicting => "conflicting",
            Self::Unlabelled => "unlabelled",
            Self::Unlisted => "unlisted",
            Self::Duplicated => "duplicated",
            Self::Excluded => "excluded",
            Self::Empty => "empty-file",
            Self::EmptyVideo => "empty-video",
            Self::OtherFile => "other-file",
            Self::Hidden => "hidden",
            Self::DeeperFolder => "deeper-folder",
            Self::LooseImage => "loose-image",
            Self::UnreadableName => "unreadable-name",
        }
    }

    /// What is counted, in the plural.
    pub fn words(self) -> &'static str {
        match self {
            Self::Missing => "listed files not on disk",
            Self::Conflicting => "entries whose sources disagree",
            Self::Unlabelled => "entries without a label, left out",
            Self::Unlisted => "files that no list names, left out",
            Self::Duplicated => "entries that repeat another one, left out",
            Self::Excluded => "entries that the declaration leaves out",
            Self::Empty => "files of zero bytes",
            Self::EmptyVideo => "video folders without images",
            Self::OtherFile => "files of other kinds, ignored",
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
    /// An empty listing of files below a root.
    pub(super) fn at(root: PathBuf) -> Self {
        Self { files: Some(Files::at(root)), ..Self::default() }
    }

    /// Counts a finding.
    pub(super) fn note(&mut self, finding: Finding, example: impl Into<String>) {
        let tally = self.findings.entry(finding).or_default();
        tally.count += 1;
        if tally.examples.len() < EXAMPLES {
            tally.examples.push(example.into());
        }
    }
}
