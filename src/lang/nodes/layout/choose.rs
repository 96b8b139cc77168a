//! Which layout it is: the first argument decides what else belongs to the node.

use serde::Serialize;

use super::deepfakebench::BenchLayout;
use super::demo::DemoLayout;
use super::folder::FolderLayout;
use super::released::{Media, RELEASES, Released, ReleasedLayout};
use super::table::TableLayout;
use crate::cursor::Cursor;
use crate::diagnostic::Sink;
use crate::model::DataPath;
use crate::node::{Decode, FromNode, Part, Placed, Words, words};
use crate::schema::{Field, NodeSpec, Type, Variant, count, flat, once};
use crate::span::Origin;

/// How the files of a data set lie on disk.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Layout {
    /// The synthetic demo, drawn by Proofmark itself.
    Demo(Placed<DemoLayout>),
    /// Images in class folders, optionally one level of video folders inside.
    Folder(Placed<FolderLayout>),
    /// One row per image (or frame) in a CSV or Parquet file.
    Table(Box<Placed<TableLayout>>),
    /// One of the publicly released layouts, read as downloaded.
    Released(Placed<ReleasedLayout>),
    /// A data set prepared by DeepfakeBench: its JSON and its folders of frames.
    Deepfakebench(Placed<BenchLayout>),
}

words! {
    /// The layouts that are no releases.
    pub(crate) enum Own {
        /// synthetic
        Demo = "demo",
        /// class folders
        Folder = "folder",
        /// CSV or Parquet
        Table = "table",
        /// prepared by DeepfakeBench
        Deepfakebench = "deepfakebench",
    }
}

pub(crate) static LAYOUT: NodeSpec = NodeSpec::value(
    "layout",
    "How the files lie on disk; the first argument decides what else belongs here.",
    &[KIND],
)
.variants(&VARIANTS);

const KIND: Field = Type::Word(&WORDS).required().named("kind", "The layout.");

/// The words of the reference page, those of releases among the others.
static WORDS: [(&str, &str); count(WORD_LISTS)] = flat(WORD_LISTS, ("", ""));
const WORD_LISTS: &[&[(&str, &str)]] =
    &[Own::WORDS.split_at(3).0, Released::WORDS, Own::WORDS.split_at(3).1];

static VARIANTS: [Variant; count(VARIANT_LISTS)] =
    flat(VARIANT_LISTS, Variant::of("", DemoLayout::SPEC));
const VARIANT_LISTS: &[&[Variant]] = &[
    &[
        Variant::of(Own::Demo.word(), DemoLayout::SPEC),
        Variant::of(Own::Folder.word(), FolderLayout::SPEC),
        Variant::of(Own::Table.word(), TableLayout::SPEC),
    ],
    RELEASES,
    &[Variant::of(Own::Deepfakebench.word(), BenchLayout::SPEC)],
];

impl Layout {
    /// The demo, if it is one: drawn faces, no data of anybody.
    pub fn demo(&self) -> Option<&Placed<DemoLayout>> {
        match self {
            Self::Demo(demo) => Some(demo),
            Self::Folder(_) | Self::Table(_) | Self::Deepfakebench(_) | Self::Released(_) => None,
        }
    }

    /// Where the place of its files is written, if it has any; a demo has none.
    pub fn files_at(&self) -> Option<Origin> {
        match self {
            Self::Demo(_) => None,
            Self::Folder(folder) => Some(folder.at.root),
            Self::Table(table) => Some(table.at.file),
            Self::Released(released) => Some(released.at.root),
            Self::Deepfakebench(bench) => Some(bench.at.file),
        }
    }

    /// Every path that it states, and where.
    pub(crate) fn paths(&self) -> Vec<(&DataPath, Origin)> {
        match self {
            Self::Demo(_) => Vec::new(),
            Self::Folder(folder) => vec![(&folder.root, folder.at.root)],
            Self::Table(table) => {
                let root = table.root.iter().map(|root| (root, table.at.root));
                std::iter::once((&table.file, table.at.file)).chain(root).collect()
            }
            Self::Released(released) => vec![(&released.root, released.at.root)],
            Self::Deepfakebench(bench) => {
                vec![(&bench.root, bench.at.root), (&bench.file, bench.at.file)]
            }
        }
    }

    /// Which copy of several it reads, if that is declared.
    pub fn compression(&self) -> Option<&str> {
        match self {
            Self::Released(released) => released.switch("compression"),
            Self::Deepfakebench(bench) => bench.compression.as_deref(),
            Self::Demo(_) | Self::Folder(_) | Self::Table(_) => None,
        }
    }

    /// The names of what its table, or the release, says of a video besides what training needs.
    pub fn attributes(&self) -> Vec<&str> {
        match self {
            Self::Table(table) => table.attributes.iter().map(String::as_str).collect(),
            Self::Released(released) => released.name.attributes().to_vec(),
            Self::Demo(_) | Self::Folder(_) | Self::Deepfakebench(_) => Vec::new(),
        }
    }

    /// Whether its files are images for certain, which have no times. Folders and tables may hold
    /// video files, which only a look at them can tell.
    pub(crate) fn is_images(&self) -> bool {
        match self {
            Self::Deepfakebench(_) => true,
            Self::Released(released) => !released.name.media().is_videos(),
            Self::Folder(_) | Self::Table(_) | Self::Demo(_) => false,
        }
    }

    /// Whether a name of a person means the same one in every other data set of which this is true.
    pub fn names_people_alike(&self) -> bool {
        match self {
            Self::Released(_) | Self::Deepfakebench(_) => true,
            Self::Demo(_) | Self::Folder(_) | Self::Table(_) => false,
        }
    }
}

impl Part for Layout {
    type At = ();

    fn placed(&self, (): ()) -> impl Serialize {
        self
    }
}

impl FromNode for Layout {
    fn from_node(node: Cursor<'_>, sink: &mut Sink) -> Option<Self> {
        let Some(own) = node.read::<Own>(&KIND) else {
            return ReleasedLayout::decode(node, sink).map(Self::Released);
        };
        match own.value {
            Own::Demo => DemoLayout::decode(node, sink).map(Self::Demo),
            Own::Folder => FolderLayout::decode(node, sink).map(Self::Folder),
            Own::Table => TableLayout::decode(node, sink).map(|table| Self::Table(Box::new(table))),
            Own::Deepfakebench => BenchLayout::decode(node, sink).map(Self::Deepfakebench),
        }
    }

    fn unwritten(_: Cursor<'_>, _: &mut Sink) -> Option<Self> {
        None
    }
}

/// What the layout that a data set declares has of each video, if it is a release; asked by a node
/// beside it.
pub(crate) fn released_as(beside: Cursor<'_>) -> Option<Media> {
    let layout = beside.beside(&[once(&LAYOUT)])?;
    layout.read::<Released>(&KIND).map(|release| release.value.media())
}
