//! `table`: experiments by data sets.

use std::collections::BTreeMap;

use super::claim::{Claim, Sentence};
use super::common::{SEED, unique};
use super::metric::{VIDEO_SCORE, failed, video_score};
use super::row;
use crate::cursor::Cursor;
use crate::diagnostic::{Code, Diagnostic, Sink};
use crate::model::{
    Column, DataPath, MetricSpec, Parameter, Row, Scenario, Separability, Threshold, VideoScore,
};
use crate::node::{Decode, FromNode, Placed, Words, defaults, node, words};
use crate::schema::Preset::{Number, Text, Whole};
use crate::schema::{
    Field, NodeSpec, POSITIVE, Range, Type, any_number, at_least_once, at_most_once,
};
use crate::span::Origin;

node! {
    /// A results table: experiments by data sets.
    pub struct Table = "table" {
        arguments {
            /// Name; the report's file name.
            name: String = Type::Name.required(),
        }
        children {
            /// The name for readers.
            title: Option<String> =
                AtMostOnce (arguments "text", Type::Text.required(), "The name."),
            /// Rows in order.
            rows: Vec<Placed<Row>> = [at_least_once(Row::SPEC)],
            /// Groups of columns.
            scenarios: Vec<Placed<Scenario>> = [at_least_once(Scenario::SPEC)],
            /// Metrics, each a block of the table.
            metrics: Vec<Placed<MetricSpec>> = [at_least_once(MetricSpec::SPEC)],
            /// How the faces of a video make its score.
            video_score: VideoScore = [at_most_once(&VIDEO_SCORE)] via score_of_all,
            /// How intervals and paired tests are computed.
            intervals: Placed<Intervals> = [at_most_once(Intervals::SPEC)],
            /// How far the terms of a row's objective may lie apart before a note names it.
            terms: Option<Placed<Terms>> [since 2] = [at_most_once(Terms::SPEC)],
            /// The row that every other one is compared with.
            compare: Option<Placed<Comparison>> = [at_most_once(Comparison::SPEC)],
            /// How far the embeddings of classes lie apart.
            separability: Option<Placed<Separability>> = [at_most_once(Separability::SPEC)],
            /// Published numbers to put beside ours.
            references: Vec<Placed<Reference>> = [any_number(Reference::SPEC)],
            /// Statements about the numbers.
            claims: Vec<Placed<Claim>> = [any_number(Claim::SPEC)],
            /// Sentences of a paper, each with what it says of the numbers.
            sentences: Vec<Placed<Sentence>> = [any_number(Sentence::SPEC)],
            /// What readers must know beside what the table finds out itself.
            notes: Vec<String> = [any_number(&NOTE)] via notes,
            /// How far a number may lie from the committed table's before `table --check` fails.
            tolerance: f64 = AtMostOnce (
                arguments "fraction", Type::Points.required().or(Number(0.0)),
                "`(%)0.5` is half a point."
            ),
        }
        made {
            /// Score of a video without a usable face; none leaves them out.
            failed: Option<f64> [since 2] = failed_of_all,
        }
    }
    check = no_two_alike;
}

node! {
    /// An interval for every number: the bootstrap over videos, drawn within each class, with all
    /// their faces; the same draws for every row.
    pub struct Intervals = "intervals" {
        properties {
            /// Draws of videos.
            draws: u32 = Type::Whole(100, 1_000_000).or(Whole(2000)),
            /// Share of intervals that hold the true value.
            level: f64 = Type::Fraction.or(Number(0.95)),
            /// Seed of the draws.
            seed: u64 = SEED.or(Whole(0)),
        }
        made {
            /// Whether the table declares them.
            shown: bool = is_written,
        }
    }
    unwritten = defaults;
}

node! {
    /// A note names the rows whose objective has terms that contribute unequally: weighted and
    /// averaged over the training, the largest is more than so many times the smallest.
    pub struct Terms = "terms" {
        properties {
            /// The factor.
            within: f64 = Type::Number(FACTOR).required(),
        }
    }
}

/// Terms are alike at 1.
const FACTOR: Range = Range { low: 1.0, low_in: true, ..POSITIVE };

node! {
    /// Tests every row against one, and marks differences that are significant after Holm's
    /// correction at 1 less the level of `intervals`: DeLong's test for the AUC of videos, the
    /// paired bootstrap for everything else, and for rows of several seeds Welch's test over the
    /// seeds with the variance of the videos added. Rows are compared on the videos that both have.
    pub struct Comparison = "compare" {
        properties {
            /// Experiment of the row that the others are compared with.
            against: String = Type::Text.required(),
            /// The tests of a metric that are corrected together; a column that repeats another's
            /// videos counts once.
            correct: Correction = Correction::WORD.or(Text("table")),
        }
    }
}

words! {
    /// The tests that Holm's correction is over, always of one metric.
    pub enum Correction {
        /// the tests of one column
        Column = "column",
        /// the tests of all columns of one scenario
        Scenario = "scenario",
        /// all tests of the table
        Table = "table",
    }
}

node! {
    /// Published numbers to put beside ours: a CSV with the columns
    /// `metric,row,scenario,column,value`.
    pub struct Reference = "reference" {
        arguments {
            /// Name for readers.
            name: String = Type::Text.required(),
        }
        properties {
            /// The file.
            file as "from": DataPath = Type::Path.required(),
            /// Where they were published, for readers.
            cite: Option<String> = Type::Text.optional(),
            /// Unit of the values.
            unit: Unit = Unit::WORD.or(Text("fraction")),
        }
    }
}

words! {
    /// The unit of published numbers.
    pub enum Unit {
        /// 0 to 1
        Fraction = "fraction",
        /// 0 to 100
        Percent = "percent",
    }
}

impl Table {
    /// How the faces of a video make its score in a row.
    pub fn video_score_of(&self, row: &Row) -> VideoScore {
        row.video_score.unwrap_or(self.video_score)
    }

    /// Every claim, with the sentence that it is of: those of no sentence first.
    pub fn statements(&self) -> impl Iterator<Item = (Option<&Placed<Sentence>>, &Placed<Claim>)> {
        let said = self.sentences.iter();
        let said =
            said.flat_map(|sentence| sentence.claims.iter().map(move |c| (Some(sentence), c)));
        self.claims.iter().map(|claim| (None, claim)).chain(said)
    }

    /// The score of videos without a usable face in a row, if they have one.
    pub fn failed_of(&self, row: &Row) -> Option<f64> {
        if row.video_score.is_some() { row.failed } else { self.failed }
    }

    /// Whether it chooses thresholds on validation.
    pub fn validates(&self) -> bool {
        let mut thresholds = self.metrics.iter().filter_map(|metric| metric.parameter.threshold());
        thresholds.any(|threshold| match threshold {
            Threshold::Val => true,
            Threshold::Fixed(_) => false,
        })
    }

    /// Gives columns without a label the titles of their data sets.
    pub(crate) fn entitle(&mut self, title: impl Fn(&str) -> Option<String>) {
        let scenarios = self.scenarios.iter_mut();
        scenarios.flat_map(|s| &mut s.columns).for_each(|column| column.entitle(&title));
    }
}

/// Reports labels that are twice in a scenario, whatever else of the table is wrong: claims and
/// published numbers refer to them.
pub(crate) fn unique_labels(
    table: Cursor<'_>,
    title: impl Fn(&str) -> Option<String>,
    sink: &mut Sink,
) {
    for scenario in table.among(Table::FIELDS.scenarios) {
        let read = |node| Column::from_node(node, &mut Sink::default());
        let mut columns: Vec<Column> =
            scenario.among(Scenario::FIELDS.columns).filter_map(read).collect();
        columns.iter_mut().for_each(|column| column.entitle(&title));
        let labels = columns.iter().flat_map(Column::labels);
        unique(labels.map(|(label, at)| (label.clone(), at)), "column", sink);
    }
}

static NOTE: NodeSpec =
    NodeSpec::value("note", "A note below the table, such as how a paper was read.", &[SENTENCE]);
const SENTENCE: Field = Type::Text.required().named("text", "The note.");

fn notes(table: Cursor<'_>, _: &mut Sink) -> Option<(Vec<String>, Vec<Origin>)> {
    let read = table.among(Table::FIELDS.notes).map(|note| note.read::<String>(&SENTENCE));
    let read: Vec<_> = read.collect::<Option<_>>()?;
    Some(read.into_iter().map(|note| (note.value, note.origin)).unzip())
}

fn is_written(node: Cursor<'_>, _: &mut Sink) -> Option<(bool, Origin)> {
    Some((!node.origin().is_default(), node.origin()))
}

fn score_of_all(table: Cursor<'_>, _: &mut Sink) -> Option<(VideoScore, Origin)> {
    match table.among(Table::FIELDS.video_score).next() {
        Some(score) => video_score(score),
        None => Some((VideoScore::default(), Origin::DEFAULT)),
    }
}

fn failed_of_all(table: Cursor<'_>, _: &mut Sink) -> Option<(Option<f64>, Origin)> {
    table.among(Table::FIELDS.video_score).next().map_or(Some((None, Origin::DEFAULT)), failed)
}

/// Looks at rows, references and metrics, whatever else of the table is wrong.
fn no_two_alike(
    table: Cursor<'_>,
    read: Option<Placed<Table>>,
    sink: &mut Sink,
) -> Option<Placed<Table>> {
    let rows = table.among(Table::FIELDS.rows).filter_map(|row| row::label(row, sink));
    let rows: Vec<_> = rows.collect();
    unique(rows.into_iter(), "row", sink);
    let references = table.among(Table::FIELDS.references);
    let names = references.filter_map(|reference| reference.read(&Reference::FIELDS.name));
    unique(names.map(|name| (name.value, name.origin)), "reference", sink);
    let metrics: Vec<_> = table
        .among(Table::FIELDS.metrics)
        .filter_map(|metric| MetricSpec::decode(metric, sink))
        .collect();
    same_metric(&metrics, sink);
    read
}

fn same_metric(metrics: &[Placed<MetricSpec>], sink: &mut Sink) {
    let mut seen: BTreeMap<_, Origin> = BTreeMap::new();
    for metric in metrics {
        let parameter = match metric.parameter {
            Parameter::None => (0, 0),
            Parameter::Threshold(Threshold::Val) => (1, 0),
            Parameter::Threshold(Threshold::Fixed(x)) => (2, x.to_bits()),
            Parameter::Fpr(fpr) => (3, fpr.to_bits()),
            Parameter::Bins(bins) => (4, u64::from(bins)),
        };
        let key = (metric.metric, metric.level as u8, parameter);
        let first = *seen.entry(key).or_insert(metric.at.metric);
        if first != metric.at.metric {
            sink.report(
                Diagnostic::error(Code::DuplicateNode, "the same metric twice")
                    .at(metric.at.metric, "again here")
                    .and(first, "first here")
                    .help("remove one of them"),
            );
        }
    }
}
