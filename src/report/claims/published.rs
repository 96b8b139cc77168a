//! What published numbers say of a claim. They are a number each, without scores, so that nothing
//! is tested.

use super::asked::Asked;
use super::support::least;
use super::words::Names;
use crate::lookup::Pair;
use crate::table::{ColumnKind, Published, TableData, Verdict};
use crate::text::percent;
use proofmark_lang::model::{Quantifier, Relation};

/// How far rounding may take a difference from a margin written in decimals.
const ROUNDING: f64 = 1e-12;

/// What the published numbers say; none where one of them is not published.
pub(super) fn published(table: &TableData, asked: &Asked<'_>) -> Option<Published> {
    let asked = &asked.published(table)?;
    let block = &table.metrics[asked.block];
    let lower = block.metric.lower_is_better;
    let names = Names::of(table, asked);
    let (mut columns, mut contrary, mut stated) = (0, Vec::new(), Vec::new());
    for (column, pairs) in &asked.columns {
        let mut so_in_column = true;
        for pair in pairs {
            let [a, b] = [pair.row, pair.other].map(|row| block.rows[row].cells[*column].reference);
            let (a, b) = (a?, b?);
            let so = is_so(asked.relation, if lower { b - a } else { a - b });
            so_in_column &= so;
            if so == asked.negated {
                let place = names.column(*column).map(|name| format!("{name}: "));
                let [row, other] = names.rows(*pair);
                let (a, b) = (percent(a), percent(b));
                contrary.push(format!("{}{row} {a}, {other} {b}", place.unwrap_or_default()));
            }
            stated.extend(by_cells(table, asked, *pair, *column, a - b));
        }
        columns += usize::from(so_in_column);
    }
    let holds = (columns >= least(asked.quantifier, asked.columns.len())) != asked.negated;
    let verdict = if holds { Verdict::Holds } else { Verdict::Contradicted };
    let mut told = Vec::new();
    match (verdict, asked.quantifier, asked.negated) {
        _ if contrary.is_empty() => {}
        (Verdict::Holds, Quantifier::Most, false) => {
            told.push(format!("not in {}", contrary.join("; ")));
        }
        // What holds of any, or not of all, has no exceptions.
        (Verdict::Holds, ..) => {}
        (Verdict::Contradicted | Verdict::CannotTell, ..) => told.push(contrary.join("; ")),
    }
    told.extend(stated);
    Some(Published { verdict, detail: (!told.is_empty()).then(|| told.join("; ")) })
}

/// Whether two numbers stand to each other as claimed, the first better by this much.
fn is_so(relation: &Relation, better: f64) -> bool {
    let within = |low: f64, high: f64| better >= low - ROUNDING && better <= high + ROUNDING;
    match relation {
        Relation::Above { by, up_to, .. } if *by > 0.0 || up_to.is_some() => {
            within(*by, up_to.unwrap_or(f64::INFINITY))
        }
        Relation::Near { within: margin, .. } => within(-margin, *margin),
        // Equal is not better.
        Relation::Above { .. } | Relation::Best(_) => better > ROUNDING,
        Relation::Lowest(_) => better < -ROUNDING,
    }
}

/// A difference that the claim states, of an average: as it is printed, and as the printed cells
/// give it. None where it is no such difference, or a cell is not printed.
fn by_cells(
    table: &TableData,
    asked: &Asked<'_>,
    pair: Pair,
    column: usize,
    printed: f64,
) -> Option<String> {
    let stated = match asked.relation {
        Relation::Above { by, .. } => *by > 0.0,
        Relation::Near { .. } | Relation::Best(_) | Relation::Lowest(_) => false,
    };
    let (scenario, head) = table.columns().nth(column).filter(|_| stated)?;
    let ColumnKind::Average { over } = &head.kind else { return None };
    let parts: Vec<usize> = table
        .columns()
        .enumerate()
        .filter(|(_, (of, head))| of.name == scenario.name && over.contains(&head.key))
        .map(|(place, _)| place)
        .collect();
    if parts.len() != over.len() {
        return None;
    }
    let mean = |row: usize| {
        let cells = &table.metrics[pair.block].rows[row].cells;
        let sum: Option<f64> = parts.iter().map(|&part| cells[part].reference).sum();
        sum.map(|sum| sum / parts.len() as f64)
    };
    let cells = mean(pair.row)? - mean(pair.other)?;
    Some(format!("{:+.1} as printed, {:+.2} by the cells", printed * 100.0, cells * 100.0))
}
