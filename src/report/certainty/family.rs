//! Which tests are corrected together, and what is significant after it.

use std::collections::BTreeMap;

use crate::columns::{ColumnSource, Planned};
use crate::table::MetricBlock;
use proofmark_evaluate::statistics::holm;
use proofmark_lang::model::Correction;

/// Corrects the p-values of a block by Holm's method within each family of tests. A column that
/// repeats another's videos repeats its tests, too, and counts once.
pub(super) fn correct(
    block: &mut MetricBlock,
    planned: &Planned,
    correction: Correction,
    significance: f64,
) {
    let scenarios = planned.scenarios.iter().enumerate();
    let scenario_of: Vec<usize> =
        scenarios.flat_map(|(i, scenario)| scenario.columns.iter().map(move |_| i)).collect();
    let mut families: BTreeMap<usize, Vec<(usize, usize)>> = BTreeMap::new();
    for (row, data) in block.rows.iter().enumerate() {
        for column in (0..data.cells.len()).filter(|&column| data.cells[column].p.is_some()) {
            let family = match correction {
                Correction::Column => column,
                Correction::Scenario => scenario_of[column],
                Correction::Table => 0,
            };
            families.entry(family).or_default().push((row, column));
        }
    }
    let columns = firsts(planned);
    for family in families.into_values() {
        let mut tests: BTreeMap<(usize, usize), f64> = BTreeMap::new();
        for &(row, column) in &family {
            let p = block.rows[row].cells[column].p.unwrap_or(1.0);
            tests.insert((row, columns[column]), p);
        }
        let adjusted = holm::adjust(&tests.values().copied().collect::<Vec<_>>());
        for (p, adjusted) in tests.values_mut().zip(adjusted) {
            *p = adjusted;
        }
        for (row, column) in family {
            let cell = &mut block.rows[row].cells[column];
            cell.p_adjusted = tests.get(&(row, columns[column])).copied();
            cell.significant = cell.p_adjusted.is_some_and(|p| p < significance);
        }
    }
}

/// Of each column, the first one that is computed on the same videos.
fn firsts(planned: &Planned) -> Vec<usize> {
    let mut known = BTreeMap::new();
    let sources = planned.sources.iter().enumerate();
    sources
        .map(|(column, source)| {
            let units = source.units().iter().map(|&unit| planned.units[unit].videos());
            let kind = match source {
                ColumnSource::Unit(_) => 0,
                ColumnSource::Mean(_) => 1,
                ColumnSource::Gap(_) => 2,
            };
            *known.entry((kind, units.collect::<Vec<_>>())).or_insert(column)
        })
        .collect()
}
