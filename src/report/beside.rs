//! Published numbers put beside ours.

use super::audit::audit;
use super::lookup::Lookup;
use super::reference::Published;
use super::table::{Cell, MetricBlock, ReferenceSummary, TableData};
use super::text::percent;

/// Puts published numbers beside ours and says which found no place. Where several
/// sources have a number for a cell, the first one stays.
///
/// A number belongs to the first block of its metric: a file says neither level nor
/// threshold, and the first is the one the table is about.
pub(super) fn place(table: &mut TableData, published: &[Published]) {
    for source in published {
        let mut summary =
            ReferenceSummary { name: source.name.clone(), matched: 0, unmatched: Vec::new() };
        let lookup = Lookup::of(&table.metrics, &table.scenarios);
        let mut matched = Vec::new();
        for number in &source.values {
            let column = lookup.column(&number.scenario, &number.column);
            let (block, row) =
                (lookup.block(number.metric), lookup.row(number.metric, &number.row));
            match block.zip(row).zip(column) {
                Some(place) => matched.push((place, number.value)),
                None => summary.unmatched.push(format!(
                    "{} of {} in {}, {}",
                    number.metric.word, number.row, number.scenario, number.column
                )),
            }
        }
        summary.matched = matched.len();
        for (((block, row), column), value) in matched {
            table.metrics[block].rows[row].cells[column].reference.get_or_insert(value);
        }
        table.caption_notes.extend(audit(&table.scenarios, source).sentence(&source.name));
        table.references.push(summary);
    }
    table.caption_notes.extend(table.metrics.iter().filter_map(gap));
}

/// How far a block's numbers are from the published ones, in a sentence; none without any.
pub(super) fn gap(block: &MetricBlock) -> Option<String> {
    let cells = || block.rows.iter().flat_map(|row| &row.cells);
    let pairs: Vec<(&Cell, f64, f64)> =
        cells().filter_map(|cell| Some((cell, cell.value?, cell.reference?))).collect();
    if pairs.is_empty() {
        return None;
    }
    let gaps = || pairs.iter().map(|(_, ours, theirs)| ours - theirs);
    let mean = gaps().sum::<f64>() / pairs.len() as f64;
    let absolute = gaps().map(f64::abs).sum::<f64>() / pairs.len() as f64;
    let signed = format!("{}{}", if mean < 0.0 { "-" } else { "+" }, percent(mean.abs()));
    let mut text = format!(
        "{} beside published numbers: {} of ours, on average {signed} from theirs, {} whatever the \
         direction",
        block.label,
        pairs.len(),
        percent(absolute)
    );
    let with: Vec<bool> = pairs
        .iter()
        .filter_map(|(cell, _, theirs)| Some(cell.interval?.contains(*theirs)))
        .collect();
    if !with.is_empty() {
        let inside = with.iter().filter(|inside| **inside).count();
        text += &format!("; {inside} of {} published numbers lie in our interval", with.len());
    }
    Some(text + ".")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::RowData;
    use proofmark_evaluate::statistics::interval::Interval;
    use proofmark_lang::model::Level;
    use proofmark_metrics::AUC;

    #[test]
    fn gaps_are_told_with_their_direction_and_intervals() {
        let cell = |value, reference, interval: Option<(f64, f64)>| Cell {
            value,
            reference,
            interval: interval.map(|(low, high)| Interval { low, high }),
            ..Cell::default()
        };
        let block = |cells: Vec<Cell>| MetricBlock {
            metric: AUC,
            label: "AUC".into(),
            threshold: None,
            validated: false,
            level: Level::Video,
            rows: vec![RowData {
                experiment: "x".into(),
                label: "X".into(),
                thresholds: Vec::new(),
                cells,
            }],
        };
        assert_eq!(
            gap(&block(vec![cell(Some(0.5), None, None), cell(None, Some(0.5), None)])),
            None
        );
        let cells = vec![
            cell(Some(0.90), Some(0.95), Some((0.86, 0.93))),
            cell(Some(0.80), Some(0.79), Some((0.76, 0.83))),
        ];
        assert_eq!(
            gap(&block(cells)).unwrap(),
            "AUC beside published numbers: 2 of ours, on average -2.0 from theirs, 3.0 whatever \
             the direction; 1 of 2 published numbers lie in our interval."
        );
    }
}
