//! Where each number comes from, in words: what a cell's panel shows.

use serde_json::{Value, json};

use super::content::Content;
use super::places::Places;
use crate::findings::Run;
use crate::numbers::thousands;
use crate::table::{
    Cell, ColumnHead, ColumnKind, Common, Coverage, Difference, Doubt, Mark, RowData, Test,
};
use crate::text::{heading, percent};
use proofmark_evaluate::statistics::interval::Interval;
use proofmark_plan::scope::Target;
use proofmark_text::show::{json_line, shown};

/// What is said of something: its name, and what it is.
pub(super) type Facts = Vec<(String, String)>;

/// Everything that panels show, as JSON that is safe between script tags.
pub(super) fn json(content: &Content, places: &Places) -> String {
    let table = content.table;
    let blocks = table.metrics.iter().enumerate().map(|(b, block)| {
        let rows = block.rows.iter().enumerate().map(|(r, row)| {
            let cells = row.cells.iter().zip(table.columns()).enumerate();
            let cells = cells.map(|(c, (cell, (_, head)))| {
                json!({
                    "id": places.cell(b, r, c),
                    "facts": cell_facts(content, r, row, cell, head),
                })
            });
            cells.collect::<Vec<Value>>()
        });
        json!({ "title": heading(block), "cells": rows.collect::<Vec<_>>() })
    });
    let rows = content.rows().map(|(r, label, experiments)| {
        let mut facts = Vec::new();
        for experiment in experiments {
            facts.extend(experiment_facts(content, experiment));
        }
        json!({ "label": label, "facts": facts, "provenance": places.provenance(r) })
    });
    let columns = table.columns().map(|(scenario, head)| {
        json!({
            "label": head.label,
            "scenario": scenario.name,
            "facts": column_facts(content, head),
        })
    });
    let all = json!({
        "blocks": blocks.collect::<Vec<_>>(),
        "rows": rows.collect::<Vec<_>>(),
        "columns": columns.collect::<Vec<_>>(),
    });
    // No tag can begin in it.
    json_line(&seen(all)).trim_end().replace('<', "\\u003c")
}

/// The same with texts in which every character is seen.
fn seen(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(shown(&text).into_owned()),
        Value::Array(values) => values.into_iter().map(seen).collect(),
        Value::Object(fields) => {
            fields.into_iter().map(|(key, value)| (key, seen(value))).collect()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => value,
    }
}

fn fact(name: &str, value: impl Into<String>) -> (String, String) {
    (name.to_owned(), value.into())
}

fn exact(value: f64) -> String {
    format!("{:.2} %", value * 100.0)
}

/// What is known of a number.
fn cell_facts(
    content: &Content,
    row: usize,
    data: &RowData,
    cell: &Cell,
    head: &ColumnHead,
) -> Facts {
    let mut facts = Vec::new();
    match cell.value {
        Some(value) => facts.push(fact("value", exact(value))),
        None => facts.push(fact("not available", cell.reason.as_deref().unwrap_or("no value"))),
    }
    if let Some(seeds) = &cell.seeds {
        let spread =
            seeds.deviation.map(|d| format!(", standard deviation {:.2} points", d * 100.0));
        let spread = spread.unwrap_or_default();
        let each: Vec<String> = seeds.values.iter().map(|value| exact(*value)).collect();
        facts.push(fact("seeds", format!("mean of {}{spread}: {}", seeds.n, each.join(", "))));
    }
    if let Some(interval) = cell.interval {
        let ends = format!("{} to {}", percent(interval.low), percent(interval.high));
        facts.push(fact("interval", ends));
    }
    if let Some(published) = cell.reference {
        facts.push(fact("published", exact(published)));
        if let Some(value) = cell.value {
            facts.push(fact(
                "ours minus published",
                format!("{:+.2} points", (value - published) * 100.0),
            ));
        }
        if let Some(interval) = cell.interval {
            let inside = if interval.contains(published) { "yes" } else { "no" };
            facts.push(fact("published within our interval", inside));
        }
    }
    match cell.mark {
        Some(Mark::Best) => facts.push(fact("rank", "best of its column")),
        Some(Mark::Second) => facts.push(fact("rank", "second best of its column")),
        None => {}
    }
    facts.extend(compared(cell));
    match cell.doubt {
        Some(Doubt::FewVideos) => facts.push(fact("caution", "fewer than two videos of a class")),
        Some(Doubt::NoVariance) => {
            facts.push(fact("caution", "the same whichever of its videos are drawn"));
        }
        None => {}
    }
    if !data.thresholds.is_empty() {
        let thresholds: Vec<String> = data.thresholds.iter().map(|t| format!("{t:.3}")).collect();
        facts.push(fact("threshold", thresholds.join(", ")));
    }
    if let (Some(reals), Some(fakes)) = (cell.n_real, cell.n_fake) {
        let of = format!("{} real, {} fake", thousands(reals), thousands(fakes));
        facts.push(fact("computed on", of));
    }
    if let Some(target) = target(head) {
        let experiments = content.experiments.get(row).map(Vec::as_slice).unwrap_or_default();
        let scores = experiments.iter().flat_map(|experiment| content.scores(experiment));
        for scores in scores.filter(|scores| scores.target == target) {
            facts.push(fact("scores (key)", scores.key.clone()));
            if let Some(outside) = &scores.outside {
                let of = format!("{} of {} videos", outside.scored, outside.total);
                facts.push(fact("scored by the other tool", of));
            }
        }
    }
    facts
}

/// What came of comparing a number with the base row's.
fn compared(cell: &Cell) -> Facts {
    let mut facts = Vec::new();
    if let Some(Difference { value, interval, videos, .. }) = cell.difference {
        let points = |value: f64| format!("{:+.2}", value * 100.0);
        let mut text = format!("{} points", points(value));
        if let Some(Interval { low, high }) = interval {
            text += &format!(" [{}, {}]", points(low), points(high));
        }
        if let Some(Common { both, either }) = videos {
            text += &format!(", on the {both} of {either} videos that both have");
        }
        facts.push(fact("difference from the base row", text));
    }
    if let (Some(p), Some(adjusted)) = (cell.p, cell.p_adjusted) {
        let test = match cell.difference.and_then(|difference| difference.test) {
            Some(Test::Delong) => " by DeLong's test",
            Some(Test::Bootstrap) => " by the paired bootstrap",
            Some(Test::Seeds) => " by Welch's test over seeds and videos",
            None => "",
        };
        let text = format!("p = {p:.4}{test}, corrected {adjusted:.4}");
        let verdict = if cell.significant { ": differs" } else { ": no difference shown" };
        facts.push(fact("compared with the base row", text + verdict));
    }
    facts.extend(cell.untested.map(|why| fact("not tested", why.words())));
    facts
}

fn target(head: &ColumnHead) -> Option<Target> {
    let (dataset, split, corruption) = match &head.kind {
        ColumnKind::Dataset { dataset, split }
        | ColumnKind::Manipulation { dataset, split, .. }
        | ColumnKind::Value { dataset, split, .. } => (dataset, *split, None),
        ColumnKind::Corrupted { dataset, split, corruption } => {
            (dataset, *split, Some(*corruption))
        }
        ColumnKind::Average { .. } | ColumnKind::Gap { .. } => return None,
    };
    Some(Target { dataset: dataset.clone(), split, corruption })
}

/// What a column is computed on.
pub(super) fn column_facts(content: &Content, head: &ColumnHead) -> Facts {
    if let ColumnKind::Average { over } = &head.kind {
        return vec![fact("mean over", over.join(", "))];
    }
    if let ColumnKind::Gap { over } = &head.kind {
        return vec![fact("largest less smallest of", over.join("; "))];
    }
    let Some(target) = target(head) else { return Vec::new() };
    let mut facts =
        vec![fact("data set", target.dataset.clone()), fact("split", target.split.word())];
    if let ColumnKind::Manipulation { manipulation, .. } = &head.kind {
        facts.push(fact("manipulation", format!("{manipulation}, against all real videos")));
    }
    if let ColumnKind::Value { attribute, value, .. } = &head.kind {
        facts.push(fact("only videos whose", format!("{attribute} is \"{value}\"")));
    }
    if let Some(corruption) = target.corruption {
        facts.push(fact("faces", corruption.to_string()));
    }
    if let Some(coverage) = head.coverage {
        let Coverage { usable, total } = coverage;
        let share = percent(coverage.fraction());
        facts.push(fact("coverage", format!("{usable} of {total} videos ({share} %)")));
    }
    if let Some(set) = content.findings.datasets.iter().find(|set| set.dataset == target.dataset) {
        facts.push(fact("pixels (digest)", set.pixels.clone()));
        facts.push(fact("labels and splits (digest)", set.manifest.clone()));
        facts.push(fact("faces (key)", set.faces.clone()));
        facts.extend(made_on(content, &set.faces));
    }
    facts
}

/// What an experiment's numbers come from.
pub(super) fn experiment_facts(content: &Content, experiment: &str) -> Facts {
    let mut facts = vec![fact("experiment", experiment)];
    match content.run(experiment) {
        Some(run) => {
            facts.extend(run_facts(run));
            facts.extend(made_on(content, &run.key));
        }
        None => facts.push(fact("model", "none of this project's: its scores are another tool's")),
    }
    if let Some(text) = content.texts.get(experiment) {
        facts.push(fact("declared in", text.place.clone()));
    }
    facts
}

/// With what a result was made, as far as its record says.
fn made_on(content: &Content, key: &str) -> Option<(String, String)> {
    content.findings.maker(key).map(|with| fact("made on", with.to_string()))
}

fn run_facts(run: &Run) -> Facts {
    let mut facts = vec![fact("run (key)", run.key.clone())];
    if let Some(variants) = run.inputs["variants"].as_object() {
        let words = format!("nobody yet: it will be one of {} variants", variants.len());
        return [facts, vec![fact("trained by", words)]].concat();
    }
    // A model that is ready in its file has no sample.
    if run.inputs["sample"].is_null() {
        facts.push(fact("trained by", "others: its weights are taken as they are"));
    } else {
        facts.push(fact("seed", run.seed.to_string()));
        match &run.proofmark {
            Some(version) => facts.push(fact("trained by", format!("Proofmark {version}"))),
            None => facts.push(fact("trained by", "nobody yet")),
        }
    }
    if let Some(load) = &run.load {
        facts.push(fact("first weights", load.file.clone()));
    }
    let weights = &run.inputs["init"]["weights"];
    match weights["digest"].as_str() {
        Some(digest) => facts.push(fact("first weights (digest)", digest)),
        None => facts.push(fact("first weights", drawn(weights))),
    }
    if let Some(sample) = run.inputs["sample"].as_str() {
        facts.push(fact("training sample (key)", sample));
    }
    facts
}

/// Random first weights in words.
fn drawn(weights: &Value) -> String {
    let parts = weights.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null());
    let parts = parts.map(|(name, value)| match (name.as_str(), value.as_str()) {
        ("kind", Some(kind)) => kind.to_owned(),
        _ => format!("{name} {value}"),
    });
    parts.collect::<Vec<_>>().join(", ")
}
