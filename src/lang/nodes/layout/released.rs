//! The layouts of public releases, each read as it is downloaded: its word and what belongs to it.

use std::collections::BTreeMap;

use crate::cursor::Cursor;
use crate::diagnostic::Sink;
use crate::model::DataPath;
use crate::node::{Decode, Words, node, words};
use crate::schema::Preset::{Bool, Number, Text, Whole};
use crate::schema::{Field, Type, Variant};
use crate::span::Origin;

node! {
    /// A publicly released layout.
    pub struct ReleasedLayout = "layout" {
        properties {
            /// The folder as downloaded.
            root: DataPath = Type::Path.required(),
        }
        made {
            /// Which one.
            name: Released = name,
            /// Its properties besides, which settle what is open about it.
            switches: BTreeMap<String, String> = switches,
        }
    }
}

impl ReleasedLayout {
    /// The word of a switch, or its default where a program left it out.
    pub fn switch(&self, name: &str) -> Option<&str> {
        let preset = || {
            let field = self.name.properties().iter().find(|field| field.name == name)?;
            match field.default? {
                Text(word) => Some(word),
                Whole(_) | Number(_) | Bool(_) => None,
            }
        };
        self.switches.get(name).map(String::as_str).or_else(preset)
    }
}

const ROOT: Field = ReleasedLayout::FIELDS.root;
const COMPRESSION: Field = super::deepfakebench::COMPRESSION
    .or(Text("c23"))
    .named("compression", "Which copy; the paper does not say.");

/// What a release has of each video.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Media {
    /// The video itself, whose faces are still to be found.
    Videos,
    /// Images of its faces.
    Faces,
}

impl Media {
    /// Whether faces are still to be found.
    pub fn is_videos(self) -> bool {
        match self {
            Self::Videos => true,
            Self::Faces => false,
        }
    }
}

/// Declares the releases, each once: its comment is the documentation of the layout, then come its
/// word, its name for readers, what it has of each video, and the properties of the layout.
macro_rules! releases {
    ($(
        $(#[doc = $doc:literal])+
        $Release:ident = $word:literal, $name:literal, $media:ident, [$($property:expr),+];
    )+) => {
        words! {
            /// The released layouts that can be declared.
            pub enum Released {
                $(#[doc = $name] $Release = $word,)+
            }
        }

        impl Released {
            /// All of them, in the order of the reference page.
            pub const ALL: &[Self] = &[$(Self::$Release),+];

            const fn properties(self) -> &'static [Field] {
                match self {
                    $(Self::$Release => &[$($property),+],)+
                }
            }

            /// The names of what it says of each video besides what training needs.
            pub fn attributes(self) -> &'static [&'static str] {
                match self {
                    Self::Fakeavceleb => &["audio", "gender", "race"],
                    Self::DeepfakeEval2024 => &["audio"],
                    Self::Faceforensics
                    | Self::Celebdf
                    | Self::CelebdfPlusPlus
                    | Self::Dfdc
                    | Self::Forgerynet
                    | Self::Df40
                    | Self::Wilddeepfake => &[],
                }
            }

            /// What it has of each video.
            pub fn media(self) -> Media {
                match self {
                    $(Self::$Release => Media::$media,)+
                }
            }
        }

        pub(super) const RELEASES: &[Variant] = &[$(Variant {
            word: $word,
            doc: crate::node::declare::doc(concat!($($doc),+)),
            properties: Released::$Release.properties(),
            children: &[],
        }),+];
    };
}

releases! {
    /// FaceForensics++, as released or with a flat folder per method, as Kaggle has it. The lists of
    /// pairs are no part of either download: `split official` needs those of the splits in use,
    /// other rules need none.
    Faceforensics = "faceforensics", "FaceForensics++", Videos, [ROOT, COMPRESSION];

    /// Celeb-DF v2. The list of test videos may be absent where `split` is not `official`.
    Celebdf = "celebdf", "Celeb-DF v2", Videos, [ROOT];

    /// Celeb-DF++: Celeb-DF v2 with 21 methods more. Without a `manipulation`, all methods that are
    /// there are read. The list of test videos may be absent where `split` is not `official`.
    CelebdfPlusPlus = "celebdf-plus-plus", "Celeb-DF++", Videos, [ROOT];

    /// DFDC: the parts of train, also in folders of their archives' names, or `train_sample_videos`;
    /// validation; test. Any of the three may be absent, which is told.
    Dfdc = "dfdc", "DFDC", Videos, [ROOT];

    /// FakeAVCeleb v1.2.
    Fakeavceleb = "fakeavceleb", "FakeAVCeleb v1.2", Videos, [ROOT, CLONED, MIXED, IDENTITIES];

    /// ForgeryNet. A part may be absent, which is told. Classes 2 and 8 are in no list as released:
    /// their folders say what they are.
    Forgerynet = "forgerynet", "ForgeryNet", Videos, [ROOT, VALIDATION, FRAME_LABELS];

    /// DF40.
    Df40 = "df40", "DF40", Faces, [ROOT, DOMAIN, REALS];

    /// WildDeepfake: its archives, read in place, or the folders that they unpack to. A split may be
    /// absent, which is told.
    Wilddeepfake = "wilddeepfake", "WildDeepfake", Faces, [ROOT];

    /// Deepfake-Eval-2024.
    DeepfakeEval2024 = "deepfake-eval-2024", "Deepfake-Eval-2024", Videos, [ROOT, UNKNOWN];
}

const CLONED: Field = Cloned::WORD.or(Text("exclude")).named(
    "real-video-fake-audio",
    "Real videos with a cloned voice; the paper excludes them (section 4.2).",
);

words! {
    /// Real videos with a cloned voice.
    pub enum Cloned {
        /// left out
        Exclude = "exclude",
        /// counted as real
        Real = "real",
    }
}

const MIXED: Field = Mixed::WORD
    .or(Text("face-swap"))
    .named("mixed", "What a swap followed by wav2lip counts as; the paper does not say.");

words! {
    /// What a swap followed by wav2lip counts as.
    pub enum Mixed {
        /// the swap, `faceswap` or `fsgan`
        FaceSwap = "face-swap",
        /// `wav2lip`
        Reenactment = "reenactment",
    }
}

const IDENTITIES: Field = Identities::WORD
    .or(Text("source"))
    .named("identities", "Whose identities must not straddle splits.");

words! {
    /// Whose identities must not straddle splits.
    pub enum Identities {
        /// the person who is filmed
        Source = "source",
        /// that of the face or voice put onto them, too
        All = "all",
    }
}

const VALIDATION: Field = Validation::WORD.or(Text("test")).named(
    "validation",
    "What the released Validation part is; the labels of the released test part were not published.",
);

words! {
    /// What ForgeryNet's part Validation is.
    pub enum Validation {
        /// the test split; val is to be carved from train
        Test = "test",
        /// the val split
        Val = "val",
    }
}

const FRAME_LABELS: Field = Type::Word(&[("video", "the video's label")])
    .or(Text("video"))
    .named("frame-labels", "What labels a frame; the paper uses the video's.");

const DOMAIN: Field =
    Domain::WORD.or(Text("cdf")).named("domain", "Source of the fakes; the paper uses Celeb-DF's.");

words! {
    /// Where DF40's fakes come from.
    pub enum Domain {
        /// Celeb-DF
        Cdf = "cdf",
        /// FaceForensics++
        Ff = "ff",
    }
}

const REALS: Field = Type::Path
    .optional()
    .named("reals", "The Celeb-DF folder with the reals; inside the root if absent.");

const UNKNOWN: Field = Type::Word(&[("exclude", "left out")])
    .or(Text("exclude"))
    .named("unknown", "Videos whose label is unknown; the paper excludes them (section 4.2).");

/// The first argument of a layout that is a release.
const NAME: Field = Released::WORD.required().named("kind", "The layout.");

fn name(layout: Cursor<'_>, _: &mut Sink) -> Option<(Released, Origin)> {
    layout.read::<Released>(&NAME).map(|name| (name.value, name.origin))
}

type Switches = BTreeMap<String, String>;

fn switches(layout: Cursor<'_>, _: &mut Sink) -> Option<(Switches, BTreeMap<String, Origin>)> {
    let (mut switches, mut places) = (BTreeMap::new(), BTreeMap::new());
    let properties = layout.read::<Released>(&NAME)?.value.properties();
    let fields = properties.iter().filter(|field| field.name != ROOT.name);
    for field in fields.filter(|field| layout.given(field) || field.default.is_some()) {
        let switch = layout.read_or_default::<String>(field)?;
        switches.insert(field.name.to_owned(), switch.value);
        places.insert(field.name.to_owned(), switch.origin);
    }
    Some((switches, places))
}
