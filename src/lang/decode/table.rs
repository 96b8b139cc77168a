//! `table` and everything in it.

use std::collections::BTreeMap;

use crate::cursor::{Cursor, Read, read_words};
use crate::diagnostic::{Code, Diagnostic, Sink};
use crate::model::{
    Average, Claim, Column, Comparison, Correction, CorruptionKind, FrameMax, Intervals, Level,
    MetricSpec, Parameter, Pooling, Predictions, Promise, Reference, Row, Scenario, Table,
    Threshold, VideoScore,
};
use crate::span::Spanned;
use crate::tree::Node;
use crate::value::Datum;
use proofmark_metrics::{Metric, Number};

read_words!(Correction { "column" => Column, "scenario" => Scenario, "table" => Table, });
read_words!(Level { "video" => Video, "frame" => Frame, });
read_words!(CorruptionKind {
    "jpeg" => Jpeg,
    "resize" => Resize,
    "blur" => Blur,
    "noise" => Noise,
});

impl Read for Metric {
    fn read(datum: Datum) -> Option<Self> {
        match datum {
            Datum::Text(text) => Self::of(&text),
            _ => None,
        }
    }
}

impl Read for Threshold {
    fn read(datum: Datum) -> Option<Self> {
        match datum {
            Datum::Number(x) => Some(Self::Fixed(x)),
            Datum::Text(text) if text == "val" => Some(Self::Val),
            _ => None,
        }
    }
}

/// Decodes a `table`; `title` gives the name for readers of a data set.
pub(crate) fn table(
    node: Cursor<'_>,
    title: impl Fn(&str) -> Option<String>,
    sink: &mut Sink,
) -> Option<Table> {
    let caption = match node.child("title") {
        Some(caption) => Some(caption.get("text")?),
        None => None,
    };
    let rows: Vec<Option<Row>> = node.children("row").map(|node| row(node, sink)).collect();
    let scenarios: Vec<Option<Scenario>> =
        node.children("scenario").map(|node| scenario(node, &title, sink)).collect();
    let metrics: Vec<Option<MetricSpec>> = node.children("metric").map(metric).collect();
    let references: Vec<Option<Reference>> = node.children("reference").map(reference).collect();
    let claims: Vec<Option<Claim>> = node.children("claim").map(claim).collect();
    let video_score = match node.child("video-score") {
        Some(score) => video_score(score),
        None => Some(Spanned::default_of(VideoScore::default())),
    };
    let intervals = intervals(node);
    let compare = match node.child("compare") {
        Some(compare) => compare
            .get("against")
            .zip(compare.get("correct"))
            .map(|(against, correct)| Some(Comparison { against, correct })),
        None => Some(None),
    };
    unique(rows.iter().flatten().map(|row| &row.label), "row", sink);
    unique(references.iter().flatten().map(|reference| &reference.name), "reference", sink);
    same_metric(metrics.iter().flatten(), sink);
    Some(Table {
        name: node.get("name")?,
        title: caption,
        rows: rows.into_iter().collect::<Option<_>>()?,
        scenarios: scenarios.into_iter().collect::<Option<_>>()?,
        metrics: metrics.into_iter().collect::<Option<_>>()?,
        video_score: video_score?,
        intervals: intervals?,
        compare: compare?,
        references: references.into_iter().collect::<Option<_>>()?,
        claims: claims.into_iter().collect::<Option<_>>()?,
        tolerance: node.child_value("tolerance")?,
    })
}

/// Labels are what claims and published numbers refer to.
fn unique<'a>(labels: impl Iterator<Item = &'a Spanned<String>>, what: &str, sink: &mut Sink) {
    let mut seen: BTreeMap<&str, &Spanned<String>> = BTreeMap::new();
    for label in labels {
        if let Some(first) = seen.get(label.value.as_str()) {
            let title = format!("the {what} `{}` twice", label.value);
            sink.report(crate::check::messages::duplicate_name(title, label.origin, first.origin));
        }
        seen.entry(&label.value).or_insert(label);
    }
}

fn same_metric<'a>(metrics: impl Iterator<Item = &'a MetricSpec>, sink: &mut Sink) {
    let mut seen: BTreeMap<_, &MetricSpec> = BTreeMap::new();
    for metric in metrics {
        let parameter = match metric.parameter {
            Parameter::None => (0, 0),
            Parameter::Threshold(Spanned { value: Threshold::Val, .. }) => (1, 0),
            Parameter::Threshold(Spanned { value: Threshold::Fixed(x), .. }) => (2, x.to_bits()),
            Parameter::Fpr(fpr) => (3, fpr.value.to_bits()),
            Parameter::Bins(bins) => (4, u64::from(bins.value)),
        };
        let key = (metric.metric.value, metric.level.value as u8, parameter);
        if let Some(first) = seen.get(&key) {
            sink.report(
                Diagnostic::error(Code::DuplicateNode, "the same metric twice")
                    .at(metric.metric.origin, "again here")
                    .and(first.metric.origin, "first here")
                    .help("remove one of them"),
            );
        }
        seen.entry(key).or_insert(metric);
    }
}

fn row(node: Cursor<'_>, sink: &mut Sink) -> Option<Row> {
    let experiment: Spanned<String> = node.get("experiment")?;
    let label = node.maybe("label")?.unwrap_or_else(|| experiment.clone());
    let repeats = node.children("repeat").map(|repeat| repeat.get("experiment"));
    let repeats: Vec<Spanned<String>> = repeats.collect::<Option<_>>()?;
    unique(repeats.iter().chain([&experiment]), "experiment of a row", sink);
    let predictions = match node.has("predictions") {
        true => Some(predictions(node)?),
        false => {
            alone(node, sink);
            None
        }
    };
    let video_score = match node.child("video-score") {
        Some(score) => Some(video_score(score)?),
        None => None,
    };
    Some(Row { experiment, label, repeats, predictions, video_score })
}

fn predictions(row: Cursor<'_>) -> Option<Predictions> {
    let empty = Node::empty("columns");
    let columns = row.child("columns").unwrap_or_else(|| row.unwritten(&empty));
    Some(Predictions {
        file: row.path("predictions")?,
        video: columns.get("video")?,
        score: columns.get("score")?,
        dataset: columns.maybe("dataset")?,
        frame: columns.maybe("frame")?,
        high: row.get("high")?,
        min_coverage: row.get("min-coverage")?,
    })
}

/// Reports what says nothing about a row without `predictions`.
fn alone(row: Cursor<'_>, sink: &mut Sink) {
    let keys = ["high", "min-coverage"].into_iter();
    let keys = keys.filter_map(|key| row.node.properties.iter().find(|(k, _)| k.value == key));
    let columns = row.child("columns").map(|columns| columns.node.name.origin);
    for at in keys.map(|(key, _)| key.origin).chain(columns) {
        sink.report(
            Diagnostic::error(Code::Conflict, "scores of another tool that are not named")
                .text("this is about the file of `predictions`, which the row does not have")
                .at(at, "has no effect")
                .help("add `predictions=\"..\"`, or remove it"),
        );
    }
}

fn scenario(
    node: Cursor<'_>,
    title: &impl Fn(&str) -> Option<String>,
    sink: &mut Sink,
) -> Option<Scenario> {
    let columns: Vec<Option<Column>> =
        node.all_children().map(|node| column(node, title, sink)).collect();
    let whole = columns.iter().all(Option::is_some);
    let columns: Vec<Column> = columns.into_iter().flatten().collect();
    // Of a node that is none, something was said already.
    let known = node.all_children().count() == node.node.children.len();
    if whole && known && columns.iter().all(|column| matches!(column, Column::Average { .. })) {
        sink.report(
            Diagnostic::error(Code::MissingNode, "a scenario without columns")
                .at(node.origin(), "needs a `column`, a `per-manipulation` or a `corrupted`"),
        );
    }
    let datasets = columns.iter().any(|column| matches!(column, Column::Dataset { .. }));
    if let Some(Column::Average { label }) =
        columns.iter().find(|column| matches!(column, Column::Average { .. }) && !datasets && whole)
    {
        sink.report(
            Diagnostic::error(Code::MissingNode, "an average over no columns")
                .text("an `average` of a scenario is over its `column`s")
                .at(label.origin, "nothing to average")
                .help("put it into the block of `per-manipulation` to average over manipulations"),
        );
    }
    let labels = columns.iter().flat_map(|column| match column {
        Column::Dataset { label, .. } | Column::Average { label } => vec![label],
        Column::PerManipulation { averages, .. } => averages.iter().map(|a| &a.label).collect(),
        Column::Corrupted { average, .. } | Column::PerValue { average, .. } => {
            average.iter().collect()
        }
    });
    unique(labels, "column", sink);
    if !whole {
        return None;
    }
    Some(Scenario { name: node.get("name")?, promise: promise(node, sink)?, columns })
}

#[expect(clippy::option_option, reason = "wrong, absent and present are three cases")]
fn promise(node: Cursor<'_>, sink: &mut Sink) -> Option<Option<Spanned<Promise>>> {
    let held_out = node.get::<bool>("held-out")?;
    let unseen = node.maybe::<bool>("unseen")?;
    if let (true, Some(unseen)) = (held_out.value, &unseen) {
        sink.report(
            Diagnostic::error(Code::Conflict, "`unseen` of a held-out scenario")
                .text("it shows each row on unseen data sets alone, whatever else is there")
                .at(unseen.origin, "says nothing more")
                .and(held_out.origin, "held out")
                .help("remove `unseen`"),
        );
    }
    let seen = |unseen| if unseen { Promise::Unseen } else { Promise::Seen };
    Some(match held_out.value {
        true => Some(held_out.map(|_| Promise::HeldOut)),
        false => unseen.map(|unseen| unseen.map(seen)),
    })
}

/// The nodes that are columns.
enum ColumnNode {
    Column,
    Average,
    Corrupted,
    PerValue,
    PerManipulation,
}
read_words!(ColumnNode {
    "column" => Column,
    "average" => Average,
    "corrupted" => Corrupted,
    "per-value" => PerValue,
    "per-manipulation" => PerManipulation,
});

fn column(
    node: Cursor<'_>,
    title: &impl Fn(&str) -> Option<String>,
    sink: &mut Sink,
) -> Option<Column> {
    match node.kind()? {
        ColumnNode::Column => {
            let dataset: Spanned<String> = node.get("dataset")?;
            let label = node
                .maybe("label")?
                .unwrap_or_else(|| dataset.clone().map(|name| title(&name).unwrap_or(name)));
            Some(Column::Dataset { dataset, label, split: node.get("split")? })
        }
        ColumnNode::Average => Some(Column::Average { label: node.get("label")? }),
        ColumnNode::Corrupted => corrupted(node, sink),
        ColumnNode::PerValue => Some(Column::PerValue {
            dataset: node.get("dataset")?,
            split: node.get("split")?,
            by: node.get("by")?,
            average: average(node)?,
        }),
        ColumnNode::PerManipulation => {
            let averages: Option<Vec<Average>> = node
                .children("average")
                .map(|node| {
                    Some(Average { label: node.get("label")?, family: node.maybe("family")? })
                })
                .collect();
            let averages = averages?;
            let show: Spanned<bool> = node.get("show")?;
            if averages.is_empty() && !show.value {
                sink.report(
                    Diagnostic::error(Code::MissingNode, "`per-manipulation` with nothing to show")
                        .at(node.origin(), "needs an `average` in its block, or `show=#true`"),
                );
            }
            Some(Column::PerManipulation {
                dataset: node.get("dataset")?,
                split: node.get("split")?,
                show,
                averages,
            })
        }
    }
}

fn corrupted(node: Cursor<'_>, sink: &mut Sink) -> Option<Column> {
    let kind: CorruptionKind = node.get("by")?.value;
    let strength = match kind {
        CorruptionKind::Jpeg => "quality",
        CorruptionKind::Resize => "side",
        CorruptionKind::Blur => "sigma",
        CorruptionKind::Noise => "deviation",
    };
    let strengths: Option<Vec<Spanned<f64>>> = node
        .children(strength)
        .map(|node| match kind {
            CorruptionKind::Jpeg => Some(node.get::<u32>(strength)?.map(f64::from)),
            CorruptionKind::Resize | CorruptionKind::Blur | CorruptionKind::Noise => {
                node.get(strength)
            }
        })
        .collect();
    let strengths = strengths?;
    let mut seen: BTreeMap<u64, &Spanned<f64>> = BTreeMap::new();
    for at in &strengths {
        let first = seen.entry(at.value.to_bits()).or_insert(at);
        if first.origin != at.origin {
            sink.report(
                Diagnostic::error(Code::DuplicateNode, "the same strength twice")
                    .at(at.origin, "again here")
                    .and(first.origin, "first here")
                    .help("remove one of them"),
            );
        }
    }
    let (dataset, split) = (node.get("dataset")?, node.get("split")?);
    Some(Column::Corrupted { dataset, split, kind, strengths, average: average(node)? })
}

/// The name of the mean over a node's columns, if it is shown.
#[expect(clippy::option_option, reason = "wrong, absent and present are three cases")]
fn average(node: Cursor<'_>) -> Option<Option<Spanned<String>>> {
    match node.child("average") {
        Some(average) => average.get("label").map(Some),
        None => Some(None),
    }
}

fn metric(node: Cursor<'_>) -> Option<MetricSpec> {
    let metric: Spanned<Metric> = node.get("metric")?;
    let parameter = match metric.value.needs.map(|needed| needed.number) {
        Some(Number::Threshold) => Parameter::Threshold(node.get("threshold")?),
        Some(Number::Fpr) => Parameter::Fpr(node.get("fpr")?),
        Some(Number::Bins) => Parameter::Bins(node.get("bins")?),
        None => Parameter::None,
    };
    Some(MetricSpec { metric, parameter, level: node.get("level")? })
}

/// The words of `video-score`.
#[derive(Clone, Copy)]
enum ScoreRule {
    Mean,
    Max,
    Top,
    FrameMax,
}
read_words!(ScoreRule {
    "mean" => Mean,
    "max" => Max,
    "top" => Top,
    "frame-max" => FrameMax,
});

fn video_score(node: Cursor<'_>) -> Option<Spanned<VideoScore>> {
    let rule: Spanned<ScoreRule> = node.get("rule")?;
    let score = match rule.value {
        ScoreRule::Mean => VideoScore::Faces(Pooling::Mean),
        ScoreRule::Max => VideoScore::Faces(Pooling::Max),
        ScoreRule::Top => VideoScore::Faces(Pooling::Top(node.get::<u32>("k")?.value)),
        ScoreRule::FrameMax => VideoScore::FrameMax(FrameMax {
            area: node.get::<f64>("area")?.value,
            failed: node.maybe::<f64>("failed")?.map(|failed| failed.value),
        }),
    };
    Some(rule.map(|_| score))
}

fn intervals(table: Cursor<'_>) -> Option<Intervals> {
    let written = table.child("intervals");
    let empty = Node::empty("intervals");
    let node = written.unwrap_or_else(|| table.unwritten(&empty));
    Some(Intervals {
        draws: node.get("draws")?,
        level: node.get("level")?,
        seed: node.get("seed")?,
        shown: written.is_some(),
    })
}

/// How published numbers are printed.
enum Unit {
    Percent,
    Fraction,
}
read_words!(Unit { "percent" => Percent, "fraction" => Fraction, });

fn reference(node: Cursor<'_>) -> Option<Reference> {
    Some(Reference {
        name: node.get("name")?,
        file: node.path("from")?,
        percent: node.get::<Unit>("unit")?.map(|unit| match unit {
            Unit::Percent => true,
            Unit::Fraction => false,
        }),
        cite: node.maybe("cite")?,
    })
}

fn claim(node: Cursor<'_>) -> Option<Claim> {
    Some(Claim {
        text: node.get("text")?,
        row: node.get("row")?,
        above: node.get("above")?,
        column: node.get("column")?,
        scenario: node.get("scenario")?,
        metric: node.get("metric")?,
        by: node.get("by")?,
    })
}
