//! The schema of tables.

use super::Preset::{Bool, Number, Text, Whole};
use super::Times::{AnyNumber, AtLeastOnce, AtMostOnce};
use super::data::{FAMILIES, SPLITS, TITLE};
use super::{Child, Field, Kind, NodeSpec, POSITIVE, Range, Type, UP_TO_ONE, Variant};
use proofmark_metrics::{self as metric, ALL};

/// Widths of a blur: narrower is none, wider leaves nothing of a face.
const BLUR: Range = Range { low: 0.1, high: 100.0, low_in: true, high_in: true };
/// Deviations of noise.
const GREY: Range = Range { high: 255.0, high_in: true, ..POSITIVE };

/// Words and documentation of all metrics.
const METRICS: &[(&str, &str)] = &{
    let mut words = [("", ""); ALL.len()];
    let mut place = 0;
    while place < ALL.len() {
        words[place] = ALL[place].words();
        place += 1;
    }
    words
};

/// How many metrics need a number.
const NUMBERED: usize = {
    let (mut count, mut place) = (0, 0);
    while place < ALL.len() {
        count += ALL[place].needed().is_some() as usize;
        place += 1;
    }
    count
};

/// What such a metric has beside its word.
const NUMBERS: &[Variant] = &{
    let mut variants = [Variant { word: "", doc: "", properties: &[], children: &[] }; NUMBERED];
    let (mut next, mut place) = (0, 0);
    while place < ALL.len() {
        if let Some(needed) = ALL[place].needed() {
            let properties = match needed.number {
                metric::Number::Threshold => THRESHOLD,
                metric::Number::Fpr => FPR,
                metric::Number::Bins => BINS,
            };
            let word = ALL[place].words().0;
            variants[next] = Variant { word, doc: needed.doc, properties, children: &[] };
            next += 1;
        }
        place += 1;
    }
    variants
};

const FPR: &[Field] =
    &[Field::new("fpr", Type::Points, "False-positive rate allowed.").or(Number(0.01))];

const BINS: &[Field] = &[Field::new("bins", Type::Whole(1, 1000), "Number of bins.").or(Whole(15))];

const THRESHOLD: &[Field] = &[Field::new(
    "threshold",
    Type::Threshold,
    "Score from which a sample is called fake. `val` is the one of the highest balanced accuracy on the validation split of each row's ensemble.",
)
.or(Number(0.5))];

const REPORTED: Field = Field::new("split", Type::Word(SPLITS), "Split scored.").or(Text("test"));

pub(crate) static TABLE: NodeSpec = NodeSpec::value(
    "table",
    "A results table: experiments by data sets.",
    &[Field::new("name", Type::Name, "Name; the report's file name.").required()],
)
.children(&[
    Child::new(&TITLE, AtMostOnce),
    Child::new(&ROW, AtLeastOnce),
    Child::new(&SCENARIO, AtLeastOnce),
    Child::new(&METRIC, AtLeastOnce),
    Child::new(&VIDEO_SCORE, AtMostOnce),
    Child::new(&INTERVALS, AtMostOnce),
    Child::new(&COMPARE, AtMostOnce),
    Child::new(&REFERENCE, AnyNumber),
    Child::new(&CLAIM, AnyNumber),
    Child::new(&TOLERANCE, AtMostOnce),
]);

static ROW: NodeSpec = NodeSpec::value(
    "row",
    "A row.",
    &[
        Field::new("experiment", Type::Ref(Kind::Experiment), "The experiment; with `predictions`, a name of its own.")
            .required()
            .unless("predictions"),
        Field::new("label", Type::Text, "Name for readers; the experiment's if absent."),
    ],
)
.properties(&[
    Field::new("predictions", Type::Path, "The scores of another tool, of which the row is made instead of an experiment's: CSV with a header, or Parquet. Each must be 0 to 1."),
    Field::new("high", Type::Word(&[("fake", "as in Proofmark"), ("real", "1 less the score is taken")]), "The class that a high score means; only with `predictions`.").or(Text("fake")),
    Field::new("min-coverage", Type::Fraction, "Smallest fraction of a split's videos that must have a score; only with `predictions`.").or(Number(1.0)),
])
.children(&[
    Child::new(&REPEAT, AnyNumber),
    Child::new(&COLUMNS, AtMostOnce),
    Child::new(&VIDEO_SCORE, AtMostOnce),
])
.keyed();

static COLUMNS: NodeSpec = NodeSpec::new(
    "columns",
    "What the columns of the row's `predictions` are called.",
)
.properties(&[
    Field::new("video", Type::Text, "The video: its full path below the root of its data set, as `video_key` in predictions and face stores.").or(Text("video")),
    Field::new("score", Type::Text, "The score.").or(Text("score")),
    Field::new("dataset", Type::Text, "The name of the data set; without it, the file is of the table's one data set."),
    Field::new("frame", Type::Text, "The number of the frame: a video has a row for each, and `video-score` makes its score; without it, a row is a video."),
]);

static REPEAT: NodeSpec = NodeSpec::value(
    "repeat",
    "The same experiment with another seed. A row with repeats shows mean and standard deviation over all its experiments.",
    &[Field::new("experiment", Type::Ref(Kind::Experiment), "The experiment.").required()],
);

static SCENARIO: NodeSpec = NodeSpec::value(
    "scenario",
    "A group of columns.",
    &[Field::new("name", Type::Text, "Name for readers.").required()],
)
.properties(&[
    Field::new("unseen", Type::Bool, "Whether it promises data sets that no row trains on. A column that breaks the promise is an error; `#false` says that rows may train on them."),
    Field::new("held-out", Type::Bool, "Whether each row is shown on those data sets alone that it does not train on: leave-one-data-set-out. The other cells are `–`.").or(Bool(false)),
])
.children(&[
    Child::new(&COLUMN, AnyNumber),
    Child::new(&PER_MANIPULATION, AnyNumber),
    Child::new(&COLUMN_AVERAGE, AnyNumber),
    Child::new(&PER_VALUE, AnyNumber),
    Child::new(&CORRUPTED, AnyNumber),
])
.keyed();

static CORRUPTED: NodeSpec = NodeSpec::value(
    "corrupted",
    "One data set with its stored faces corrupted before they are scored, a column for each strength.",
    &[Field::new(
        "by",
        Type::Word(&[
            ("jpeg", "compressed as JPEG, 4:2:0"),
            ("resize", "made smaller and as large as before again, bicubic"),
            ("blur", "Gaussian blur"),
            ("noise", "Gaussian noise on each channel, the same for every row"),
        ]),
        "What is done.",
    )
    .required()],
)
.properties(&[
    Field::new("dataset", Type::Ref(Kind::Dataset), "The data set.").required(),
    REPORTED,
])
.children(&[Child::new(&STRENGTHS_AVERAGE, AtMostOnce)])
.variants(&[
    Variant { word: "jpeg", doc: "At these qualities.", properties: &[], children: &[Child::new(&QUALITY, AtLeastOnce)] },
    Variant { word: "resize", doc: "To these sizes.", properties: &[], children: &[Child::new(&SIDE, AtLeastOnce)] },
    Variant { word: "blur", doc: "Of these widths.", properties: &[], children: &[Child::new(&SIGMA, AtLeastOnce)] },
    Variant { word: "noise", doc: "Of these deviations.", properties: &[], children: &[Child::new(&DEVIATION, AtLeastOnce)] },
]);

static PER_VALUE: NodeSpec = NodeSpec::value(
    "per-value",
    "One data set by an attribute of its videos: a column for each value, of its reals and its fakes.",
    &[Field::new("dataset", Type::Ref(Kind::Dataset), "The data set.").required()],
)
.properties(&[
    Field::new("by", Type::Text, "The attribute, which the layout of the data set declares.").required(),
    REPORTED,
])
.children(&[Child::new(&VALUES_AVERAGE, AtMostOnce)]);

static VALUES_AVERAGE: NodeSpec = NodeSpec::value(
    "average",
    "Mean over the values.",
    &[Field::new("label", Type::Text, "Name for readers.").required()],
);

static STRENGTHS_AVERAGE: NodeSpec = NodeSpec::value(
    "average",
    "Mean over the strengths.",
    &[Field::new("label", Type::Text, "Name for readers.").required()],
);

static QUALITY: NodeSpec = NodeSpec::value(
    "quality",
    "A strength.",
    &[Field::new("quality", Type::Whole(1, 100), "JPEG quality.").required()],
);

static SIDE: NodeSpec = NodeSpec::value(
    "side",
    "A strength.",
    &[Field::new("side", Type::Number(UP_TO_ONE), "Fraction of the face's side.").required()],
);

static SIGMA: NodeSpec = NodeSpec::value(
    "sigma",
    "A strength.",
    &[Field::new("sigma", Type::Number(BLUR), "Standard deviation in pixels of the stored face.")
        .required()],
);

static DEVIATION: NodeSpec = NodeSpec::value(
    "deviation",
    "A strength.",
    &[Field::new(
        "deviation",
        Type::Number(GREY),
        "Standard deviation in grey levels, of 0 to 255.",
    )
    .required()],
);

static COLUMN: NodeSpec = NodeSpec::value(
    "column",
    "One data set.",
    &[
        Field::new("dataset", Type::Ref(Kind::Dataset), "The data set.").required(),
        Field::new("label", Type::Text, "Name for readers; the data set's if absent."),
    ],
)
.properties(&[REPORTED]);

static PER_MANIPULATION: NodeSpec = NodeSpec::value(
    "per-manipulation",
    "Each manipulation of one data set, against all its reals.",
    &[Field::new("dataset", Type::Ref(Kind::Dataset), "The data set.").required()],
)
.properties(&[
    REPORTED,
    Field::new("show", Type::Bool, "Whether each manipulation has a column, or only the averages.")
        .or(Bool(false)),
])
.children(&[Child::new(&METHOD_AVERAGE, AnyNumber)]);

static METHOD_AVERAGE: NodeSpec = NodeSpec::value(
    "average",
    "Mean over manipulations, never over family means.",
    &[Field::new("label", Type::Text, "Name for readers.").required()],
)
.properties(&[Field::new("family", Type::Word(FAMILIES), "Only those of one family.")]);

static COLUMN_AVERAGE: NodeSpec = NodeSpec::value(
    "average",
    "Mean of the scenario's `column`s.",
    &[Field::new("label", Type::Text, "Name for readers.").required()],
);

static METRIC: NodeSpec = NodeSpec::value(
    "metric",
    "A metric, each a block of the table.",
    &[Field::new("metric", Type::Word(METRICS), "Which one.").required()],
)
.properties(&[Field::new(
    "level",
    Type::Word(&[("video", "videos, by `video-score`"), ("frame", "every face")]),
    "What is scored.",
)
.or(Text("video"))])
.variants(NUMBERS);

static VIDEO_SCORE: NodeSpec = NodeSpec::value(
    "video-score",
    "How the faces of a video make its score: of the whole table, `mean` if absent, or of one row.",
    &[Field::new(
        "rule",
        Type::Word(&[
            ("mean", "mean of all faces (paper section 4.3)"),
            ("max", "highest of all faces"),
            ("top", "mean of the `k` highest"),
            ("frame-max", "mean over the frames, each the highest of its large faces (SBI's rule)"),
        ]),
        "Which.",
    )
    .or(Text("mean"))],
)
.variants(&[Variant {
    word: "top",
    doc: "Fakes are often visible in some frames only.",
    properties: &[Field::new(
        "k",
        Type::Whole(1, 1_000_000),
        "How many faces; all where a video has fewer.",
    )
    .required()],
    children: &[],
},
Variant {
    word: "frame-max",
    doc: "A frame with several people counts by the one who looks most like a fake; faces in the background do not count.",
    properties: &[
        Field::new("area", Type::Fraction, "Smallest area of a face's box, as a share of the largest of its frame. A face that no detector found always counts.").or(Number(0.5)),
        Field::new("failed", Type::Fraction, "Score of a video without a usable face; without it, such videos are left out, as by the other rules."),
    ],
    children: &[],
}]);

static INTERVALS: NodeSpec = NodeSpec::new(
    "intervals",
    "An interval for every number: the bootstrap over videos, drawn within each class, with all their faces; the same draws for every row.",
)
.properties(&[
    Field::new("draws", Type::Whole(100, 1_000_000), "Draws of videos.").or(Whole(2000)),
    Field::new("level", Type::Fraction, "Share of intervals that hold the true value.").or(Number(0.95)),
    Field::new("seed", Type::Whole(0, u64::MAX), "Seed of the draws.").or(Whole(0)),
]);

static COMPARE: NodeSpec = NodeSpec::new(
    "compare",
    "Tests every row against one, and marks differences that are significant after Holm's correction at 1 less the level of `intervals`: DeLong's test for the AUC of videos, the paired bootstrap for everything else, and for rows of several seeds Welch's test over the seeds with the variance of the videos added. Rows are compared on the videos that both have.",
)
.properties(&[
    Field::new("against", Type::Text, "Experiment of the row that the others are compared with.").required(),
    Field::new(
        "correct",
        Type::Word(&[
            ("column", "the tests of one column"),
            ("scenario", "the tests of all columns of one scenario"),
            ("table", "all tests of the table"),
        ]),
        "The tests of a metric that are corrected together; a column that repeats another's videos counts once.",
    )
    .or(Text("table")),
]);

static REFERENCE: NodeSpec = NodeSpec::value(
    "reference",
    "Published numbers to put beside ours: a CSV with the columns `metric,row,scenario,column,value`.",
    &[Field::new("name", Type::Text, "Name for readers.").required()],
)
.properties(&[
    Field::new("from", Type::Path, "The file.").required(),
    Field::new("cite", Type::Text, "Where they were published, for readers."),
    Field::new("unit", Type::Word(&[("fraction", "0 to 1"), ("percent", "0 to 100")]), "Unit of the values.").or(Text("fraction")),
]);

static TOLERANCE: NodeSpec = NodeSpec::value(
    "tolerance",
    "How far a number may lie from the committed table's before `table --check` fails.",
    &[Field::new("fraction", Type::Points, "`(%)0.5` is half a point.").required().or(Number(0.0))],
);

static CLAIM: NodeSpec = NodeSpec::value(
    "claim",
    "A statement about the numbers: one row is better than another, which for the EER, the Brier score and the calibration error means lower.",
    &[Field::new("text", Type::Text, "The statement.").required()],
)
.properties(&[
    Field::new("row", Type::Text, "Experiment of the row that should be better.").required(),
    Field::new("above", Type::Text, "Experiment of the row that should be worse.").required(),
    Field::new("scenario", Type::Text, "Name of the scenario.").required(),
    Field::new("column", Type::Text, "Label of the column.").required(),
    Field::new("metric", Type::Word(METRICS), "The metric.").required(),
    Field::new("by", Type::Points, "By how much better, at least: `(%)1` is one point.").or(Number(0.0)),
]);
