//! Best and second best of a column.

use super::table::{Mark, RowData};
use crate::lang::model::Metric;

/// Marks the best and second best value of every column, by exact values; ties share
/// a mark. A column with fewer than two values has nothing to compare.
pub(super) fn mark(metric: Metric, rows: &mut [RowData]) {
    let columns = rows.first().map_or(0, |row| row.cells.len());
    for column in 0..columns {
        let mut values: Vec<f64> = rows.iter().filter_map(|row| row.cells[column].value).collect();
        if values.len() < 2 {
            continue;
        }
        values.sort_unstable_by(|a, b| b.total_cmp(a));
        if metric.lower_is_better() {
            values.reverse();
        }
        values.dedup();
        for row in &mut *rows {
            let cell = &mut row.cells[column];
            cell.mark = match cell.value {
                Some(value) if Some(&value) == values.first() => Some(Mark::Best),
                Some(value) if Some(&value) == values.get(1) => Some(Mark::Second),
                _ => None,
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::table::Cell;

    fn marks(metric: Metric, values: &[Option<f64>]) -> Vec<Option<Mark>> {
        let mut rows: Vec<RowData> = values
            .iter()
            .map(|&value| RowData {
                experiment: String::new(),
                label: String::new(),
                thresholds: Vec::new(),
                cells: vec![Cell { value, ..Cell::default() }],
            })
            .collect();
        mark(metric, &mut rows);
        rows.iter().map(|row| row.cells[0].mark).collect()
    }

    const BEST: Option<Mark> = Some(Mark::Best);
    const SECOND: Option<Mark> = Some(Mark::Second);

    #[test]
    fn the_exact_value_decides_not_the_printed_one() {
        let values = [Some(0.9641), Some(0.9642), Some(0.9640)];
        assert_eq!(marks(Metric::Auc, &values), [SECOND, BEST, None]);
    }

    #[test]
    fn ties_share_a_mark() {
        let values = [Some(1.0), Some(0.5), Some(1.0), Some(0.5), None, Some(0.25)];
        assert_eq!(marks(Metric::Auc, &values), [BEST, SECOND, BEST, SECOND, None, None]);
    }

    #[test]
    fn the_lowest_error_rate_is_best() {
        assert_eq!(marks(Metric::Eer, &[Some(0.1), Some(0.2), Some(0.3)]), [BEST, SECOND, None]);
    }

    #[test]
    fn a_single_value_is_not_marked() {
        assert_eq!(marks(Metric::Auc, &[Some(0.9), None]), [None, None]);
    }
}
