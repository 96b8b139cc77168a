//! What reading a layout gives: videos, frames and what was noticed on the way.

use std::collections::{BTreeMap, HashSet};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::files::Files;
use crate::video::{Frame, Video};
use proofmark_lang::model::Split;

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
    /// Parts of the release that are not on disk.
    pub lacking: Vec<Lacking>,
}

/// A split of a release that is not on disk, or without its labels.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lacking {
    /// The split.
    #[serde(with = "word_of_split")]
    pub split: Split,
    /// What was looked for.
    pub looked_for: String,
}

/// A split as its word.
mod word_of_split {
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    use proofmark_lang::model::Split;

    pub fn serialize<S: Serializer>(split: &Split, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(split.word())
    }

    pub fn deserialize<'a, D: Deserializer<'a>>(from: D) -> Result<Split, D::Error> {
        let word = String::deserialize(from)?;
        Split::of(&word).ok_or_else(|| D::Error::custom(format!("`{word}` is no split")))
    }
}

impl Lacking {
    /// A sentence for people.
    pub fn words(&self) -> String {
        format!("{} is not on disk (looked for {})", self.split.word(), self.looked_for)
    }
}

/// Something noticed in a data set that is no error, but that nobody should have to guess.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Finding {
    /// A file that is in the data set as real and as fake.
    BothLabels,
    /// A file that is in the data set in several splits.
    SeveralSplits,
    /// A video that is listed in several splits; it is kept from training.
    ListedTwice,
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
            Self::BothLabels => "both-labels",
            Self::SeveralSplits => "several-splits",
            Self::ListedTwice => "listed-twice",
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
            Self::BothLabels => "files whose bytes are there as real and as fake",
            Self::SeveralSplits => "files whose bytes are there in several splits",
            Self::ListedTwice => "videos that are listed in several splits, kept from training",
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
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// How often.
    pub count: usize,
    /// The first few.
    pub examples: Vec<String>,
}

const EXAMPLES: usize = 3;

impl Tally {
    /// Counts one more.
    pub fn add(&mut self, example: impl Into<String>) {
        self.count += 1;
        if self.examples.len() < EXAMPLES {
            self.examples.push(example.into());
        }
    }
}

impl Listing {
    /// An empty listing of files below a root.
    pub(super) fn at(root: PathBuf) -> Self {
        Self { files: Some(Files::at(root)), ..Self::default() }
    }

    /// Counts a finding.
    pub(super) fn note(&mut self, finding: Finding, example: impl Into<String>) {
        self.findings.entry(finding).or_default().add(example);
    }
}
