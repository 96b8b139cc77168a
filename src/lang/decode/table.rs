//! `table` and everything in it.

use std::collections::BTreeMap;

use crate::lang::cursor::{Cursor, read_words};
use crate::lang::diagnostic::{Code, Diagnostic, Sink};
use crate::lang::model::{
    Average, Claim, Column, Level, Metric, MetricSpec, Reference, Row, Scenario, Table,
};
use crate::lang::span::Spanned;

read_words!(Metric {
    "auc" => Auc,
    "balanced-accuracy" => BalancedAccuracy,
    "eer" => Eer,
    "average-precision" => AveragePrecision,
    "accuracy" => Accuracy,
});
read_words!(Level { "video" => Video, "frame" => Frame, });

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
    let rows: Vec<Option<Row>> = node.children("row").map(row).collect();
    let scenarios: Vec<Option<Scenario>> =
        node.children("scenario").map(|node| scenario(node, &title, sink)).collect();
    let metrics: Vec<Option<MetricSpec>> = node.children("metric").map(metric).collect();
    let references: Vec<Option<Reference>> = node.children("reference").map(reference).collect();
    let claims: Vec<Option<Claim>> = node.children("claim").map(claim).collect();
    unique(rows.iter().flatten().map(|row| &row.label), "row", sink);
    unique(references.iter().flatten().map(|reference| &reference.name), "reference", sink);
    same_metric(metrics.iter().flatten(), sink);
    Some(Table {
        name: node.get("name")?,
        title: caption,
        rows: rows.into_iter().collect::<Option<_>>()?,
        scenarios: scenarios.into_iter().collect::<Option<_>>()?,
        metrics: metrics.into_iter().collect::<Option<_>>()?,
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
            sink.report(crate::lang::check::messages::duplicate_name(
                title,
                label.origin,
                first.origin,
            ));
        }
        seen.entry(&label.value).or_insert(label);
    }
}

fn same_metric<'a>(metrics: impl Iterator<Item = &'a MetricSpec>, sink: &mut Sink) {
    let mut seen: BTreeMap<_, &MetricSpec> = BTreeMap::new();
    for metric in metrics {
        let key = (metric.metric.value, metric.level.value as u8, metric.threshold.value.to_bits());
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

fn row(node: Cursor<'_>) -> Option<Row> {
    let experiment: Spanned<String> = node.get("experiment")?;
    let label = node.maybe("label")?.unwrap_or_else(|| experiment.clone());
    Some(Row { experiment, label })
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
    if whole && columns.iter().all(|column| matches!(column, Column::Average { .. })) {
        sink.report(
            Diagnostic::error(Code::MissingNode, "a scenario without columns")
                .at(node.origin(), "needs a `column` or a `per-manipulation`"),
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
    });
    unique(labels, "column", sink);
    if !whole {
        return None;
    }
    Some(Scenario { name: node.get("name")?, columns })
}

fn column(
    node: Cursor<'_>,
    title: &impl Fn(&str) -> Option<String>,
    sink: &mut Sink,
) -> Option<Column> {
    match node.spec.name {
        "column" => {
            let dataset: Spanned<String> = node.get("dataset")?;
            let label = node
                .maybe("label")?
                .unwrap_or_else(|| dataset.clone().map(|name| title(&name).unwrap_or(name)));
            Some(Column::Dataset { dataset, label, split: node.get("split")? })
        }
        "average" => Some(Column::Average { label: node.get("label")? }),
        _ => {
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

fn metric(node: Cursor<'_>) -> Option<MetricSpec> {
    Some(MetricSpec {
        metric: node.get("metric")?,
        threshold: node.get("threshold")?,
        level: node.get("level")?,
    })
}

fn reference(node: Cursor<'_>) -> Option<Reference> {
    Some(Reference {
        name: node.get("name")?,
        file: node.path("from")?,
        percent: node.get::<String>("unit")?.map(|unit| unit == "percent"),
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
