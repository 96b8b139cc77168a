//! Published numbers put beside ours.

use super::audit::audit;
use super::gap;
use super::lookup::Lookup;
use super::reference::Published;
use super::table::{ReferenceSummary, TableData};

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
    table.caption_notes.extend(table.metrics.iter().filter_map(gap::sentence));
}
