//! How the files of a data set lie on disk.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Serialize;

use super::{Label, Split};
use crate::span::Spanned;

/// How the files of a data set lie on disk.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Layout {
    /// The synthetic demo, drawn by Proofmark itself.
    Demo(DemoLayout),
    /// Images in class folders, optionally one level of video folders inside.
    Folder(FolderLayout),
    /// One row per image (or frame) in a CSV or Parquet file.
    Table(Box<TableLayout>),
    /// One of the publicly released layouts, read as downloaded.
    Released(ReleasedLayout),
    /// A data set prepared by DeepfakeBench: its JSON and its folders of frames.
    Deepfakebench(BenchLayout),
}

impl Layout {
    /// The demo, if it is one: drawn faces, no data of anybody.
    pub fn demo(&self) -> Option<&DemoLayout> {
        match self {
            Self::Demo(demo) => Some(demo),
            Self::Folder(_) | Self::Table(_) | Self::Deepfakebench(_) | Self::Released(_) => None,
        }
    }

    /// Where its files lie, or the file that lists them; a demo has none.
    pub fn files(&self) -> Option<&Spanned<DataPath>> {
        match self {
            Self::Demo(_) => None,
            Self::Folder(folder) => Some(&folder.root),
            Self::Table(table) => Some(&table.file),
            Self::Released(released) => Some(&released.root),
            Self::Deepfakebench(bench) => Some(&bench.file),
        }
    }
}

/// A path as written: `env:NAME`, or a path relative to the file that states it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DataPath {
    /// The text in the file.
    pub written: String,
    /// Folder of the KDL file, against which a relative path is resolved.
    pub base: PathBuf,
}

crate::node::values!(DataPath);

/// `layout demo`: drawn faces, generated from a seed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DemoLayout {
    /// Seed of this data set; different sets have different identities.
    pub seed: Spanned<u64>,
    /// Capture conditions: `studio`, `webcam`, `phone`, `broadcast`, `archive`,
    /// `cinema` or `social`.
    pub capture: Spanned<DemoCapture>,
    /// Number of identities.
    pub identities: Spanned<u32>,
    /// Real videos per identity.
    pub videos: Spanned<u32>,
    /// Fake videos per identity, spread over the methods.
    pub fakes: Spanned<u32>,
    /// Frames (faces) per video.
    pub frames: Spanned<u32>,
    /// Methods used, each the name of a demo method. The data set's own
    /// `manipulation` nodes when none are listed here; listing them here hides them
    /// from the manifest, as in material of unknown origin.
    pub hidden_methods: Vec<Spanned<String>>,
}

/// Capture conditions of a demo data set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum DemoCapture {
    /// Even light, plain background, light compression.
    Studio,
    /// Low resolution, noise, warm light.
    Webcam,
    /// Hard light, motion blur.
    Phone,
    /// Cool light, medium compression.
    Broadcast,
    /// Faded colours, blur.
    Archive,
    /// Dark, high contrast.
    Cinema,
    /// Recompressed, rescaled and filtered: social media.
    Social,
}

/// `layout folder`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FolderLayout {
    /// The folder that holds the class folders.
    pub root: Spanned<DataPath>,
    /// Whether a class folder holds one folder per video rather than images.
    pub videos: Spanned<bool>,
    /// The class folders.
    pub classes: Vec<FolderClass>,
}

/// One class folder of a `folder` layout.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FolderClass {
    /// Path relative to the root.
    pub folder: Spanned<String>,
    /// Real or fake.
    pub label: Spanned<Label>,
    /// For fakes, the manipulation, if known.
    pub manipulation: Option<Spanned<String>>,
    /// The split all of it belongs to, if the folder decides that.
    pub split: Option<Spanned<Split>>,
}

/// `layout table`: a CSV or Parquet file with one row per image.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TableLayout {
    /// The file; `.parquet` is Parquet, anything else CSV with a header.
    pub file: Spanned<DataPath>,
    /// Folder against which the image paths are resolved; the file's own when absent.
    pub root: Option<Spanned<DataPath>>,
    /// Column of the image path.
    pub path: Spanned<String>,
    /// Column of the label.
    pub label: Spanned<String>,
    /// Values of the label column that mean real; every other value must be in `fake`.
    pub real: Vec<Spanned<String>>,
    /// Values of the label column that mean fake.
    pub fake: Vec<Spanned<String>>,
    /// Column naming the video an image belongs to; each image is its own when absent.
    pub video: Option<Spanned<String>>,
    /// Column of the manipulation.
    pub manipulation: Option<Spanned<String>>,
    /// Column of the split (`train`, `val`, `test`).
    pub split: Option<Spanned<String>>,
    /// Column of the group (identity, source) that must not straddle splits.
    pub group: Option<Spanned<String>>,
    /// Columns that say more of a video, by which tables may tell its numbers apart.
    pub attributes: Vec<Spanned<String>>,
}

/// A publicly released layout.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ReleasedLayout {
    /// Which one.
    pub name: Spanned<Released>,
    /// The folder as downloaded.
    pub root: Spanned<DataPath>,
    /// Open decisions of that data set as `key=value` switches, e.g. `compression=c23`.
    pub switches: BTreeMap<String, Spanned<String>>,
}

/// `layout deepfakebench`: a JSON of labels, splits and frames.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BenchLayout {
    /// The folder of the frames.
    pub root: Spanned<DataPath>,
    /// The JSON.
    pub file: Spanned<DataPath>,
    /// Which copy, where the JSON has several.
    pub compression: Option<Spanned<String>>,
    /// Labels that mean real.
    pub real: Vec<Spanned<String>>,
    /// Labels that mean fake; each is a manipulation.
    pub fake: Vec<Spanned<String>>,
}

/// The released layouts that can be declared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Released {
    /// FaceForensics++.
    Faceforensics,
    /// Celeb-DF v2.
    Celebdf,
    /// DFDC.
    Dfdc,
    /// FakeAVCeleb v1.2.
    Fakeavceleb,
    /// ForgeryNet.
    Forgerynet,
    /// DF40.
    Df40,
    /// WildDeepfake.
    Wilddeepfake,
    /// Deepfake-Eval-2024.
    DeepfakeEval2024,
}

impl Released {
    /// Whether it is released as videos, whose faces are still to be found, and not as faces.
    pub fn is_videos(self) -> bool {
        match self {
            Self::Faceforensics
            | Self::Celebdf
            | Self::Dfdc
            | Self::Fakeavceleb
            | Self::Forgerynet
            | Self::DeepfakeEval2024 => true,
            Self::Df40 | Self::Wilddeepfake => false,
        }
    }
}
