//! Claims and what became of them, in words.

use super::asked::{Asked, Found};
use crate::lookup::Pair;
use crate::table::{ColumnHead, Difference, MetricBlock, TableData};
use crate::text::{heading, percent};
use proofmark_lang::model::Relation;

/// Comparisons that are listed.
const LISTED: usize = 6;

/// The numbers of a claim's comparisons, or why there are none.
pub(super) fn numbers(table: &TableData, asked: &Asked<'_>, found: &Found) -> String {
    let block = &table.metrics[asked.block];
    let several = table.metrics.iter().filter(|other| other.metric == block.metric).count() > 1;
    let of = if several { format!("{}: ", heading(block)) } else { String::new() };
    let names = Names::of(table, asked);
    let told = |(pair, column): (Pair, usize)| {
        let values = [pair.row, pair.other].map(|row| block.rows[row].cells[column].value);
        let place = names.column(column).map(|name| format!("{name}: ")).unwrap_or_default();
        let [row, other] = names.rows(pair);
        let [Some(a), Some(b)] = values else { return place + &lacking(block, pair, column) };
        let (ours, theirs) = (percent(a), percent(b));
        let points = (a - b) * 100.0;
        let around = found.get(&(pair, column)).map(|(found, untested)| {
            let why = untested.map(|why| format!(", not tested: {}", why.words()));
            around(found) + &why.unwrap_or_default()
        });
        let around = around.unwrap_or_default();
        format!("{place}{row} {ours} against {other} {theirs}: {points:+.2} points{around}")
    };
    let all: Vec<String> = asked.comparisons().map(told).collect();
    let more = all.len().saturating_sub(LISTED);
    let more = if more == 0 { String::new() } else { format!("; and {more} more") };
    let shown = all[..all.len().min(LISTED)].join("; ");
    format!("{of}{shown}{more}{}", claimed(asked, block.metric.lower_is_better))
}

/// How the comparisons of a claim are named.
pub(super) struct Names<'a> {
    block: &'a MetricBlock,
    /// Scenario and head of every column.
    columns: Vec<(&'a str, &'a ColumnHead)>,
    /// Whether the claim is about more than one column.
    several: bool,
    /// Whether those are of more than one scenario.
    scenarios: bool,
}

impl<'a> Names<'a> {
    pub fn of(table: &'a TableData, asked: &Asked<'_>) -> Self {
        let columns: Vec<_> = table.columns().map(|(s, head)| (s.name.as_str(), head)).collect();
        let of = |column: &(usize, Vec<Pair>)| columns[column.0].0;
        let first = asked.columns.first().map(of);
        Self {
            block: &table.metrics[asked.block],
            several: asked.columns.len() > 1,
            scenarios: asked.columns.iter().any(|column| Some(of(column)) != first),
            columns,
        }
    }

    /// The column, where a claim is about several.
    pub fn column(&self, column: usize) -> Option<String> {
        let (scenario, head) = self.columns[column];
        match (self.several, self.scenarios) {
            (false, _) => None,
            (true, false) => Some(head.label.clone()),
            (true, true) => Some(format!("{scenario}, {}", head.label)),
        }
    }

    /// The labels of two rows.
    pub fn rows(&self, pair: Pair) -> [&'a str; 2] {
        [pair.row, pair.other].map(|row| self.block.rows[row].label.as_str())
    }
}

/// Which of two rows has no number, and why.
fn lacking(block: &MetricBlock, pair: Pair, column: usize) -> String {
    let row = [pair.row, pair.other].map(|row| &block.rows[row]);
    let without = row.iter().find(|row| row.cells[column].value.is_none());
    let reason = without.and_then(|row| row.cells[column].reason.as_deref());
    let label = without.unwrap_or(&row[0]).label.as_str();
    format!("{label} is n/a: {}", reason.unwrap_or("there is no value"))
}

/// The interval of a difference, and that it is of other videos than the numbers themselves.
fn around(difference: &Difference) -> String {
    let interval = difference
        .interval
        .map(|interval| format!(" [{:+.2}, {:+.2}]", interval.low * 100.0, interval.high * 100.0));
    let videos = difference.videos.map(|videos| {
        let value = difference.value * 100.0;
        format!(", on the {} of {} videos that both have {value:+.2}", videos.both, videos.either)
    });
    videos.unwrap_or_default() + &interval.unwrap_or_default()
}

/// What is claimed, where it is more than the order, and which way is better.
fn claimed(asked: &Asked<'_>, lower: bool) -> String {
    let points = |by: f64| format!("{:+.2}", if lower { -by } else { by } * 100.0);
    let margin = match asked.relation {
        Relation::Above { by, up_to: Some(up_to), .. } => {
            format!("; claimed {} to {}", points(*by), points(*up_to))
        }
        Relation::Above { by, up_to: None, .. } if *by != 0.0 => {
            format!("; claimed {}", points(*by))
        }
        Relation::Near { within, .. } => format!("; claimed within {:.2}", within * 100.0),
        Relation::Above { .. } | Relation::Best(_) | Relation::Lowest(_) => String::new(),
    };
    margin + if lower { "; lower is better" } else { "" }
}

/// A p-value.
pub(super) fn p_value(p: f64) -> String {
    if p < 1e-4 {
        return "p below 0.0001".into();
    }
    let digits = if p < 0.01 { 4 } else { 2 };
    format!("p {p:.digits$}")
}
