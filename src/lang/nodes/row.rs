//! `row`: an experiment of a table, or the scores of another tool.

use super::common::{SEED, unique};
use super::matrix::variant_name;
use super::metric::{VIDEO_SCORE, failed, video_score};
use crate::cursor::Cursor;
use crate::diagnostic::{Code, Diagnostic, Sink};
use crate::model::{DataPath, Label, VideoScore};
use crate::node::{Decode, Placed, defaults, node};
use crate::schema::Preset::{Number, Text};
use crate::schema::{Field, Kind, NodeSpec, Type, any_number, at_most_once};
use crate::span::{Origin, Spanned};

node! {
    /// A row.
    pub struct Row = "row", keyed {
        arguments {
            /// The experiment; with `predictions`, a name of its own.
            experiment: String = Type::Ref(Kind::Experiment).required().unless("predictions"),
        }
        also_arguments [LABEL]
        also_properties [
            Predictions::FIELDS.file,
            Predictions::FIELDS.high,
            Predictions::FIELDS.min_coverage,
        ]
        children {
            /// The same experiment with other seeds.
            repeats: Vec<String> = [any_number(&REPEAT)] via repeats,
            /// The experiment with each of these seeds instead of its recipe's. The row shows mean
            /// and standard deviation over them.
            seeds as "seed": Vec<u64> [since 2] =
                AtMostOnce (arguments "number", SEED.required(), "A seed.", repeating),
            /// The scores of another tool, of which the row is made instead of an experiment's.
            predictions: Option<Placed<Predictions>> = [at_most_once(Columns::SPEC)] via predictions,
            /// How the faces of a video make its score, if not as the table says.
            video_score: Option<VideoScore> = [at_most_once(&VIDEO_SCORE)] via own_score,
        }
        made {
            /// Name for readers; the experiment's if absent.
            label: String = label,
            /// The experiment with each of the row's seeds, by name.
            seeded: Vec<String> [since 2] = seeded,
            /// Score of a video without a usable face, where the row has a `video-score` that gives one.
            failed: Option<f64> [since 2] = own_failed,
        }
    }
    check = stands_alone;
}

const LABEL: Field =
    Type::Text.optional().named("label", "Name for readers; the experiment's if absent.");

static REPEAT: NodeSpec = NodeSpec::value(
    "repeat",
    "The same experiment with another seed. A row with repeats shows mean and standard deviation over all its experiments.",
    &[AGAIN],
);
const AGAIN: Field = Type::Ref(Kind::Experiment).required().named("experiment", "The experiment.");

node! {
    /// A file with the scores of another tool, as a row states it.
    pub struct Predictions = "row" {
        properties {
            /// The scores of another tool, of which the row is made instead of an experiment's:
            /// CSV with a header, or Parquet. Each must be 0 to 1.
            file as "predictions": DataPath = Type::Path.optional(),
            /// The class that a high score means; only with `predictions`.
            high: Label = Type::Word(HIGH).or(Text("fake")),
            /// Smallest fraction of a split's videos that must have a score; only with
            /// `predictions`.
            min_coverage: f64 = Type::Fraction.or(Number(1.0)),
        }
        children {
            /// What its columns are called.
            columns: Placed<Columns> [flat] = [at_most_once(Columns::SPEC)],
        }
    }
}

const HIGH: &[(&str, &str)] =
    &[(Label::Fake.word(), "as in Proofmark"), (Label::Real.word(), "1 less the score is taken")];

node! {
    /// What the columns of the row's `predictions` are called.
    pub struct Columns = "columns" {
        properties {
            /// The video: its full path below the root of its data set, as `video_key` in
            /// predictions and face stores.
            video: String = Type::Text.or(Text("video")),
            /// The score.
            score: String = Type::Text.or(Text("score")),
            /// The name of the data set; without it, the file is of the table's one data set.
            dataset: Option<String> = Type::Text.optional(),
            /// The number of the frame: a video has a row for each, and `video-score` makes its
            /// score; without it, a row is a video.
            frame: Option<String> = Type::Text.optional(),
        }
    }
    unwritten = defaults;
}

impl Row {
    /// The experiments that it is made of: its own and the repeats, or its own with each seed.
    pub fn experiments(&self) -> impl Iterator<Item = &str> {
        let own = Some(&self.experiment).filter(|_| self.seeded.is_empty());
        own.into_iter().chain(&self.repeats).chain(&self.seeded).map(String::as_str)
    }
}

/// The label of a row, and where it is written.
pub(super) fn label(row: Cursor<'_>, _: &mut Sink) -> Option<(String, Origin)> {
    let stated = if row.given(&LABEL) { &LABEL } else { &Row::FIELDS.experiment };
    row.read::<String>(stated).map(|label| (label.value, label.origin))
}

/// The names of the experiment with each seed, as resolution makes them.
fn seeded(row: Cursor<'_>, sink: &mut Sink) -> Option<(Vec<String>, Vec<Origin>)> {
    let Some(seeds) = row.among(Row::FIELDS.seeds).next() else {
        return Some((Vec::new(), Vec::new()));
    };
    let field = &Row::FIELDS.seeds[0].spec.arguments[0];
    let (experiment, seeds) =
        (row.read::<String>(&Row::FIELDS.experiment)?.value, seeds.read_all::<u64>(field)?);
    let name = |seed: &Spanned<u64>| {
        let setting = ("seed".to_owned(), seed.value.to_string());
        (variant_name(&experiment, &[setting]), seed.origin)
    };
    unique(seeds.iter().map(name), "experiment of a row", sink);
    Some(seeds.iter().map(name).unzip())
}

fn repeats(row: Cursor<'_>, sink: &mut Sink) -> Option<(Vec<String>, Vec<Origin>)> {
    let read = row.among(Row::FIELDS.repeats).map(|repeat| repeat.read::<String>(&AGAIN));
    let read: Vec<_> = read.collect::<Option<_>>()?;
    let itself = row.read::<String>(&Row::FIELDS.experiment);
    let all = read.iter().chain(&itself).map(|of| (of.value.clone(), of.origin));
    unique(all, "experiment of a row", sink);
    Some(read.into_iter().map(|repeat| (repeat.value, repeat.origin)).unzip())
}

fn predictions(row: Cursor<'_>, sink: &mut Sink) -> Option<(Option<Placed<Predictions>>, ())> {
    match row.given(&Predictions::FIELDS.file) {
        true => Some((Some(Predictions::decode(row, sink)?), ())),
        false => Some((None, ())),
    }
}

fn own_score(row: Cursor<'_>, _: &mut Sink) -> Option<(Option<VideoScore>, Origin)> {
    match row.among(Row::FIELDS.video_score).next() {
        Some(score) => video_score(score).map(|(score, at)| (Some(score), at)),
        None => Some((None, Origin::DEFAULT)),
    }
}

fn own_failed(row: Cursor<'_>, _: &mut Sink) -> Option<(Option<f64>, Origin)> {
    row.among(Row::FIELDS.video_score).next().map_or(Some((None, Origin::DEFAULT)), failed)
}

/// Reports what says nothing about a row without `predictions`.
fn stands_alone(
    row: Cursor<'_>,
    read: Option<Placed<Row>>,
    sink: &mut Sink,
) -> Option<Placed<Row>> {
    if let Some(seeds) = row.among(Row::FIELDS.seeds).next() {
        let repeat = row.among(Row::FIELDS.repeats).next().map(Cursor::origin);
        let file = row.given(&Predictions::FIELDS.file).then(|| row.origin());
        for (other, text) in [(repeat, "a row with both"), (file, "scores of another tool")] {
            let Some(other) = other else { continue };
            sink.report(
                Diagnostic::error(Code::Conflict, format!("`seed` of {text}"))
                    .text("a row is made of an experiment with several seeds, of experiments that are listed, or of `predictions`")
                    .at(seeds.origin(), "says nothing more")
                    .and(other, text)
                    .help("remove one of the two"),
            );
        }
        if let [only] = seeds.node.arguments.as_slice() {
            sink.report(
                Diagnostic::warning(Code::NoEffect, "a row of one seed")
                    .text("there is no deviation over one training")
                    .at(only.origin, "the only one")
                    .help("add seeds, or set it by an `override`"),
            );
        }
    }
    if row.given(&Predictions::FIELDS.file) {
        return read;
    }
    let keys = [Predictions::FIELDS.high.name, Predictions::FIELDS.min_coverage.name].into_iter();
    let keys = keys.filter_map(|key| row.node.properties.iter().find(|(k, _)| k.value == key));
    let columns = row.among(Row::FIELDS.predictions).next().map(Cursor::origin);
    for at in keys.map(|(key, _)| key.origin).chain(columns) {
        sink.report(
            Diagnostic::error(Code::Conflict, "scores of another tool that are not named")
                .text("this is about the file of `predictions`, which the row does not have")
                .at(at, "has no effect")
                .help("add `predictions=\"..\"`, or remove it"),
        );
    }
    read
}
