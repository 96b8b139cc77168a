//! A video of a data set and its frames.

use std::collections::BTreeMap;

use proofmark_lang::model::{Family, Label, Split};

/// A video, or an image that stands alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Video {
    /// Name of the data set.
    pub dataset: String,
    /// Relative path of the video, or its demo key; unique within the data set and never
    /// only a file name.
    pub key: String,
    /// Real or fake.
    pub label: Label,
    /// The manipulation of a fake, if known.
    pub method: Option<String>,
    /// Family of a fake; `None` for a real.
    pub family: Option<Family>,
    /// The split it belongs to, if any.
    pub split: Option<Split>,
    /// Identities and sources, none of which must straddle splits.
    pub groups: Vec<String>,
    /// Key of the original that a fake was made from.
    pub pair: Option<String>,
    /// How its frames are stored.
    pub kind: MediaKind,
    /// Line (CSV) or row (Parquet) of the table that first names it, from 1.
    pub source_line: Option<u32>,
    /// More that is said of it, by name: the same names for every video of a data set.
    pub attributes: BTreeMap<String, String>,
}

/// One image of a video.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Key of its video.
    pub video_key: String,
    /// Position in the video, from 0, before any frames are left out.
    pub frame: u32,
    /// Path relative to the root; `KEY/FRAME` in the demo, where it names no file.
    pub path: String,
}

/// How the frames of a video are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MediaKind {
    /// An image that stands alone.
    Image,
    /// A sequence of images.
    Frames,
    /// A sequence of images inside a tar archive.
    Tar,
    /// A video file, whose path is its key; its frames are known once it is decoded.
    Video,
    /// Drawn by Proofmark.
    Demo,
}

impl MediaKind {
    /// Whether its frames have presentation times.
    pub fn has_times(self) -> bool {
        match self {
            Self::Video | Self::Demo => true,
            Self::Image | Self::Frames | Self::Tar => false,
        }
    }
}
