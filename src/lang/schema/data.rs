//! The schema of data sets.

use super::Preset::{Bool, Number, Text, Whole};
use super::Times::{AnyNumber, AtLeastOnce, AtMostOnce, Once};
use super::{Child, Field, NodeSpec, Type, Variant, up_to, whole};
use crate::limits;
use crate::model::{Family, Label, Split};
use crate::node::Words;

const FAMILIES: &[(&str, &str)] = Family::WORDS;

const SPLITS: &[(&str, &str)] = Split::WORDS;

const SEED: Type = Type::Whole(0, u64::MAX);
const COUNT: Type = whole(&limits::COUNT);
/// More than anybody publishes, and less than sums of it overflow.
const PUBLISHED: Type = Type::Whole(0, 1_000_000_000_000);
const ROOT: Field = Field::new("root", Type::Path, "The folder as downloaded.").required();

pub(crate) static DATASET: NodeSpec = NodeSpec::value(
    "dataset",
    "A data set: where its media lie and what they mean. It is declared once.",
    &[Field::new("name", Type::Name, "Name by which everything else refers to it.").required()],
)
.children(&[
    Child::new(&TITLE, AtMostOnce),
    Child::new(&LAYOUT, Once),
    Child::new(&MANIPULATION, AnyNumber),
    Child::new(&SPLIT, AtMostOnce),
    Child::new(&FRAMES, AtMostOnce),
    Child::new(&FACES, AtMostOnce),
    Child::new(&LANDMARKS, AtMostOnce),
    Child::new(&MIN_COVERAGE, AtMostOnce),
    Child::new(&EXPECT, AtMostOnce),
]);

static TITLE: NodeSpec = NodeSpec::value(
    "title",
    "The name for readers.",
    &[Field::new("text", Type::Text, "The name.").required()],
);

static LAYOUT: NodeSpec = NodeSpec::value(
    "layout",
    "How the files lie on disk; the first argument decides what else belongs here.",
    &[Field::new("kind", Type::Word(LAYOUTS), "The layout.").required()],
)
.variants(&[
    Variant {
        word: "demo",
        doc: "The synthetic demo, drawn by Proofmark itself from a seed.",
        properties: &[
            Field::new("capture", Type::Word(CAPTURES), "Capture conditions.").required(),
            Field::new("seed", SEED, "Seed; another one has other identities.").or(Whole(0)),
            Field::new("identities", COUNT, "Number of identities.").or(Whole(24)),
            Field::new("videos", COUNT, "Real videos per identity.").or(Whole(2)),
            Field::new("fakes", COUNT, "Fake videos per identity, spread over the methods.").or(Whole(4)),
            Field::new("frames", COUNT, "Frames (faces) per video.").or(Whole(3)),
        ],
        children: &[Child::new(&METHOD, AnyNumber)],
    },
    Variant {
        word: "folder",
        doc: "Images or video files in class folders, optionally one level of video folders inside.",
        properties: &[
            Field::new("root", Type::Path, "The folder that holds the class folders.").required(),
            Field::new("videos", Type::Bool, "Whether a class folder holds one folder per video.").or(Bool(false)),
        ],
        children: &[Child::new(&CLASS, AtLeastOnce)],
    },
    Variant {
        word: "table",
        doc: "One row per image or video file in a Parquet (`.parquet`) or CSV file.",
        properties: &[
            Field::new("file", Type::Path, "The file.").required(),
            Field::new("root", Type::Path, "Folder of the image paths; the file's own if absent."),
            Field::new("path", Type::Text, "Column of the image path.").or(Text("path")),
            Field::new("label", Type::Text, "Column of the label.").or(Text("label")),
            Field::new("video", Type::Text, "Column of the video; each image is its own if absent."),
            Field::new("manipulation", Type::Text, "Column of the manipulation."),
            Field::new("split", Type::Text, "Column of the split (`train`, `val`, `test`)."),
            Field::new("group", Type::Text, "Column of the group (identity, source) that must not straddle splits."),
        ],
        children: &[Child::new(&REAL, Once), Child::new(&FAKE, Once), Child::new(&ATTRIBUTE, AtMostOnce)],
    },
    Variant {
        word: "faceforensics",
        doc: "FaceForensics++, as released or with a flat folder per method, as Kaggle has it. The lists of pairs are no part of either download: `split official` needs those of the splits in use, other rules need none.",
        properties: &[
            ROOT,
            Field::new("compression", Type::Word(COMPRESSIONS), "Which copy; the paper does not say.").or(Text("c23")),
        ],
        children: &[],
    },
    Variant {
        word: "celebdf",
        doc: "Celeb-DF v2. The list of test videos may be absent where `split` is not `official`.",
        properties: &[ROOT],
        children: &[],
    },
    Variant {
        word: "dfdc",
        doc: "DFDC: the parts of train, also in folders of their archives' names, or `train_sample_videos`; validation; test. Any of the three may be absent, which is told.",
        properties: &[ROOT],
        children: &[],
    },
    Variant {
        word: "fakeavceleb",
        doc: "FakeAVCeleb v1.2.",
        properties: &[
            ROOT,
            Field::new("real-video-fake-audio", Type::Word(CLONED), "Real videos with a cloned voice; the paper excludes them (section 4.2).").or(Text("exclude")),
            Field::new("mixed", Type::Word(MIXED), "What a swap followed by wav2lip counts as; the paper does not say.").or(Text("face-swap")),
            Field::new("identities", Type::Word(IDENTITIES), "Whose identities must not straddle splits.").or(Text("source")),
        ],
        children: &[],
    },
    Variant {
        word: "forgerynet",
        doc: "ForgeryNet. A part may be absent, which is told. Classes 2 and 8 are in no list as released: their folders say what they are.",
        properties: &[
            ROOT,
            Field::new("validation", Type::Word(VALIDATIONS), "What the released Validation part is; the labels of the released test part were not published.").or(Text("test")),
            Field::new("frame-labels", Type::Word(FRAME_LABELS), "What labels a frame; the paper uses the video's.").or(Text("video")),
        ],
        children: &[],
    },
    Variant {
        word: "df40",
        doc: "DF40.",
        properties: &[
            ROOT,
            Field::new("domain", Type::Word(DOMAINS), "Source of the fakes; the paper uses Celeb-DF's.").or(Text("cdf")),
            Field::new("reals", Type::Path, "The Celeb-DF folder with the reals; inside the root if absent."),
        ],
        children: &[],
    },
    Variant {
        word: "wilddeepfake",
        doc: "WildDeepfake: its archives, read in place, or the folders that they unpack to. A split may be absent, which is told.",
        properties: &[ROOT],
        children: &[],
    },
    Variant {
        word: "deepfake-eval-2024",
        doc: "Deepfake-Eval-2024.",
        properties: &[
            ROOT,
            Field::new("unknown", Type::Word(UNKNOWN), "Videos whose label is unknown; the paper excludes them (section 4.2).").or(Text("exclude")),
        ],
        children: &[],
    },
    Variant {
        word: "deepfakebench",
        doc: "A data set prepared by DeepfakeBench: its JSON of labels, splits and frames, and the frames. A video that is listed in several splits is tested on, or else selects: it is counted, told and not trained on.",
        properties: &[
            Field::new("root", Type::Path, "The folder below which the frames lie.").required(),
            Field::new("file", Type::Path, "The JSON.").required(),
            Field::new("compression", Type::Word(COMPRESSIONS), "Which copy, where the JSON has several."),
        ],
        children: &[Child::new(&REAL, Once), Child::new(&FAKE, Once)],
    },
]);

const LAYOUTS: &[(&str, &str)] = &[
    ("demo", "synthetic"),
    ("folder", "class folders"),
    ("table", "CSV or Parquet"),
    ("faceforensics", "FaceForensics++"),
    ("celebdf", "Celeb-DF v2"),
    ("dfdc", "DFDC"),
    ("fakeavceleb", "FakeAVCeleb v1.2"),
    ("forgerynet", "ForgeryNet"),
    ("df40", "DF40"),
    ("wilddeepfake", "WildDeepfake"),
    ("deepfake-eval-2024", "Deepfake-Eval-2024"),
    ("deepfakebench", "prepared by DeepfakeBench"),
];
const CAPTURES: &[(&str, &str)] = &[
    ("studio", "even light, plain background, light compression"),
    ("webcam", "low resolution, noise, warm light"),
    ("phone", "hard light, motion blur"),
    ("broadcast", "cool light, medium compression"),
    ("archive", "faded colours, blur"),
    ("cinema", "dark, high contrast"),
    ("social", "recompressed, rescaled and filtered"),
];
const COMPRESSIONS: &[(&str, &str)] = &[("raw", "none"), ("c23", "light"), ("c40", "strong")];
const CLONED: &[(&str, &str)] = &[("exclude", "left out"), ("real", "counted as real")];
const MIXED: &[(&str, &str)] =
    &[("face-swap", "the swap, `faceswap` or `fsgan`"), ("reenactment", "`wav2lip`")];
const IDENTITIES: &[(&str, &str)] = &[
    ("source", "the person who is filmed"),
    ("all", "that of the face or voice put onto them, too"),
];
const VALIDATIONS: &[(&str, &str)] =
    &[("test", "the test split; val is to be carved from train"), ("val", "the val split")];
const FRAME_LABELS: &[(&str, &str)] = &[("video", "the video's label")];
const DOMAINS: &[(&str, &str)] = &[("cdf", "Celeb-DF"), ("ff", "FaceForensics++")];
const UNKNOWN: &[(&str, &str)] = &[("exclude", "left out")];

static METHOD: NodeSpec = NodeSpec::value(
    "method",
    "A demo method that is used but hidden, as in material of unknown origin.",
    &[Field::new("name", Type::Text, "Name of the demo method.").required()],
)
.keyed();

static CLASS: NodeSpec = NodeSpec::value(
    "class",
    "A class folder.",
    &[Field::new("folder", Type::Text, "Path relative to the root.").required()],
)
.properties(&[
    Field::new("label", Label::WORD, "Real or fake.").required(),
    Field::new("manipulation", Type::Text, "For fakes, the manipulation, if known."),
    Field::new(
        "split",
        Type::Word(SPLITS),
        "The split all of it belongs to, if the folder decides that.",
    ),
])
.keyed();

static REAL: NodeSpec = NodeSpec::value(
    "real",
    "Values of the label that mean real.",
    &[Field::new("value", Type::Text, "A value, as text.").required()],
)
.repeating();

static ATTRIBUTE: NodeSpec = NodeSpec::value(
    "attribute",
    "Columns that say more of a video, such as `gender`; `per-value` in a table tells its numbers apart by one.",
    &[Field::new("column", Type::Text, "A column.").required()],
)
.repeating();

static FAKE: NodeSpec = NodeSpec::value(
    "fake",
    "Values of the label that mean fake.",
    &[Field::new("value", Type::Text, "A value, as text.").required()],
)
.repeating();

static MANIPULATION: NodeSpec = NodeSpec::value(
    "manipulation",
    "A manipulation method of the data set.",
    &[Field::new("name", Type::Text, "Name as the data set spells it.").required()],
)
.properties(&[
    Field::new(
        "family",
        Type::Word(FAMILIES),
        "Family, for attribution by category and family averages; a demo method has its own.",
    ),
    Field::new("title", Type::Text, "Name for readers."),
])
.keyed();

static SPLIT: NodeSpec = NodeSpec::value(
    "split",
    "How videos are divided into train, val and test; `official` if absent.",
    &[Field::new(
        "rule",
        Type::Word(&[
            ("official", "as the release, the table's split column or the class folders say"),
            ("carve", "by group with a seed"),
        ]),
        "The rule.",
    )
    .group("rule")],
)
.properties(&[Field::new(
    "only",
    Type::Word(SPLITS),
    "Everything that is there in one split, as for test-only sets; what the release has elsewhere is told.",
)
.group("rule")])
.variants(&[
    Variant {
        word: "official",
        doc: "As the release, the table's split column or the class folders say.",
        properties: &[
            Field::new("val", Type::Fraction, "Fraction of the groups of train that become val, where the release has no validation split."),
            Field::new("seed", SEED, "Seed of that.").or(Whole(0)),
            Field::new("overlap", Type::Word(OVERLAPS), "What to do about identities and originals that the release has in several splits.").or(Text("refuse")),
        ],
        children: &[],
    },
    Variant {
        word: "carve",
        doc: "Carves by group with a seed; groups never straddle splits. What shares an identity or an original, directly or by way of others, is one group.",
        properties: &[
            Field::new("train", Type::Fraction, "Fraction of groups in train.").required(),
            Field::new("val", Type::Fraction, "Fraction of groups in val.").required(),
            Field::new("test", Type::Fraction, "Fraction of groups in test.").required(),
            Field::new("seed", SEED, "Seed.").or(Whole(0)),
        ],
        children: &[],
    },
]);

const OVERLAPS: &[(&str, &str)] =
    &[("refuse", "an error, with the list"), ("accept", "counted and told")];

static FRAMES: NodeSpec = NodeSpec::new(
    "frames",
    "Which frames of a video are used; all if absent. One of the properties.",
)
.properties(&[
    Field::new("fps", Type::Number(up_to(limits::FPS)), "Frames per second, by presentation time.")
        .group("rule"),
    Field::new("every", COUNT, "Every n-th frame, from the first.").group("rule"),
    Field::new("count", COUNT, "A number of frames, evenly spaced over the video.").group("rule"),
]);

static FACES: NodeSpec = NodeSpec::new("faces", "How a face is cut from a frame.").properties(&[
    Field::new("detector", Type::Word(&[
        ("none", "the image already is a face crop"),
        ("retinaface", "RetinaFace"),
    ]), "The detector; `retinaface` if absent for the released videos, `none` for everything else."),
    Field::new("weights", Type::Path, "Weights of RetinaFace with a MobileNet-0.25 or a ResNet-50, as `.pth` or safetensors, also `hf://`; a MobileNet-0.25 that Proofmark carries if absent."),
    Field::new("score", Type::Fraction, "Smallest score of a face; the paper does not say.").or(Number(0.8)),
    Field::new("nms", Type::Fraction, "Overlap (intersection over union) from which two boxes are one face.").or(Number(0.4)),
    Field::new("min-face", whole(&limits::MIN_FACE), "Smallest face: the shorter side of its box in pixels of the frame.").or(Whole(20)),
    Field::new("long-side", whole(&limits::LONG_SIDE), "Longest side of a frame at detection in pixels; larger frames are shrunk to it, for the detection alone. 0 for any.").or(Whole(1280)),
    Field::new("take", Type::Word(&[
        ("all", "every face"),
        ("largest", "the one with the largest box"),
    ]), "Which of several faces in a frame.").or(Text("all")),
    Field::new("margin", Type::Share, "Fraction by which the box grows: `(%)30` or `0.3`; that if absent and there is a detector."),
    Field::new("framing", Type::Word(&[
        ("square", "a square of the box's longer side, as FSFM does"),
        ("box", "the box itself, stretched to a square"),
    ]), "The shape that is cut out; at the border of the frame it is shrunk, not distorted.").or(Text("square")),
    Field::new("filter", Type::Word(&[
        ("bicubic", "cubic"),
        ("bilinear", "linear"),
    ]), "How the crop is resized, with antialiasing as Pillow does it.").or(Text("bicubic")),
    Field::new("size", whole(&limits::FACE), "Side of the stored crop in pixels.").or(Whole(224)),
]);

static LANDMARKS: NodeSpec = NodeSpec::value(
    "landmarks",
    "Points of the faces, for pseudo-fakes: CSV or Parquet with the columns `video`, `frame`, `x0`, `y0` to `x67`, `y67` (or `x80`, `y80`, with the forehead) in pixels of the frame, a row for each face. `video` is the video's key; `frame` is the frame of a video file, or of a folder of images the position from 0, the number in the file's name or that name. A network that Proofmark carries finds 68 points if absent.",
    &[Field::new("path", Type::Path, "The file.").required()],
);

static MIN_COVERAGE: NodeSpec = NodeSpec::value(
    "min-coverage",
    "Smallest fraction of videos with a usable face; below it a column is an error.",
    &[Field::new("fraction", Type::Fraction, "The fraction.").required().or(Number(0.9))],
);

static EXPECT: NodeSpec =
    NodeSpec::new("expect", "Published numbers, for comparison only; `proofmark data` prints them beside what is found. Samples and frames that are a multiple of 1,000 count as rounded to thousands.")
        .properties(&[
            Field::new("train", PUBLISHED, "Videos in train."),
            Field::new("val", PUBLISHED, "Videos in val."),
            Field::new("test", PUBLISHED, "Videos in test."),
            Field::new("real", PUBLISHED, "Real videos, of all splits."),
            Field::new("fake", PUBLISHED, "Fake videos, of all splits."),
            Field::new("face-swap", PUBLISHED, "Manipulations that are face swaps."),
            Field::new("reenactment", PUBLISHED, "Manipulations that are reenactments."),
            Field::new("real-samples", PUBLISHED, "Real faces sampled for training."),
            Field::new("fake-samples", PUBLISHED, "Fake faces sampled for training."),
            Field::new("real-frames", PUBLISHED, "Frames of the real videos, after `frames`."),
            Field::new("fake-frames", PUBLISHED, "Frames of the fake videos, after `frames`."),
        ]);
