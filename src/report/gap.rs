//! Our numbers beside published ones.

use super::table::{Cell, MetricBlock};
use super::text::percent;

/// How far a block's numbers are from the published ones, in a sentence; none without any.
pub(super) fn sentence(block: &MetricBlock) -> Option<String> {
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
            sentence(&block(vec![cell(Some(0.5), None, None), cell(None, Some(0.5), None)])),
            None
        );
        let cells = vec![
            cell(Some(0.90), Some(0.95), Some((0.86, 0.93))),
            cell(Some(0.80), Some(0.79), Some((0.76, 0.83))),
        ];
        assert_eq!(
            sentence(&block(cells)).unwrap(),
            "AUC beside published numbers: 2 of ours, on average -2.0 from theirs, 3.0 whatever \
             the direction; 1 of 2 published numbers lie in our interval."
        );
    }
}
