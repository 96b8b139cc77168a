//! Best and second best of a column.

use super::table::{Doubt, Mark, RowData};
use proofmark_evaluate::statistics::interval::same;
use proofmark_metrics::Metric;

/// Marks the best and second best value of every column, by values that differ by more than
/// rounding; ties share a mark. A column with fewer than two different values has nothing to
/// compare, and a number that says nothing of other videos is not marked, unless it is perfect. `gaps`
/// says of each column whether it is a gap, of which the smallest is the best.
pub(super) fn mark(metric: Metric, gaps: &[bool], rows: &mut [RowData]) {
    let columns = rows.first().map_or(0, |row| row.cells.len());
    for column in 0..columns {
        let mut values: Vec<f64> = rows.iter().filter_map(|row| row.cells[column].value).collect();
        if values.len() < 2 {
            continue;
        }
        values.sort_unstable_by(|a, b| b.total_cmp(a));
        let is_gap = gaps.get(column) == Some(&true);
        if metric.lower_is_better || is_gap {
            values.reverse();
        }
        values.dedup_by(|a, b| same(*a, *b));
        if values.len() < 2 {
            continue;
        }
        for row in &mut *rows {
            let cell = &mut row.cells[column];
            let is = |place: usize| {
                cell.value.zip(values.get(place)).is_some_and(|(value, known)| same(value, *known))
            };
            let telling = match cell.doubt {
                None => true,
                Some(Doubt::NoVariance) if is_gap => cell.value == Some(0.0),
                Some(Doubt::NoVariance) => cell.is_perfect(metric),
                Some(Doubt::FewVideos) => false,
            };
            cell.mark = match (telling, is(0), is(1)) {
                (false, ..) | (true, false, false) => None,
                (true, true, _) => Some(Mark::Best),
                (true, false, true) => Some(Mark::Second),
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use proofmark_metrics::{AUC, BALANCED_ACCURACY, EER};

    use super::*;
    use crate::table::Cell;

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
        mark(metric, &[], &mut rows);
        rows.iter().map(|row| row.cells[0].mark).collect()
    }

    const BEST: Option<Mark> = Some(Mark::Best);
    const SECOND: Option<Mark> = Some(Mark::Second);

    #[test]
    fn the_exact_value_decides_not_the_printed_one() {
        let values = [Some(0.9641), Some(0.9642), Some(0.9640)];
        assert_eq!(marks(AUC, &values), [SECOND, BEST, None]);
    }

    #[test]
    fn ties_share_a_mark() {
        let values = [Some(1.0), Some(0.5), Some(1.0), Some(0.5), None, Some(0.25)];
        assert_eq!(marks(AUC, &values), [BEST, SECOND, BEST, SECOND, None, None]);
    }

    #[test]
    fn what_says_nothing_is_not_marked() {
        let doubted = |metric, doubt, values: [f64; 3]| {
            let cells = values.map(|value| Cell { value: Some(value), ..Cell::default() });
            let mut rows = cells.map(|cell| RowData {
                experiment: String::new(),
                label: String::new(),
                thresholds: Vec::new(),
                cells: vec![cell],
            });
            rows[0].cells[0].doubt = Some(doubt);
            mark(metric, &[], &mut rows);
            rows.map(|row| row.cells[0].mark)
        };
        let (few, constant) = (Doubt::FewVideos, Doubt::NoVariance);
        assert_eq!(doubted(AUC, few, [1.0, 0.5, 0.4]), [None, SECOND, None]);
        assert_eq!(doubted(BALANCED_ACCURACY, constant, [0.5, 0.4, 0.3]), [None, SECOND, None]);
        assert_eq!(doubted(AUC, constant, [1.0, 0.5, 0.4]), [BEST, SECOND, None]);
        assert_eq!(doubted(EER, constant, [0.0, 0.5, 0.4]), [BEST, None, SECOND]);
    }

    #[test]
    fn equal_rows_have_no_best() {
        assert_eq!(marks(AUC, &[Some(0.5), Some(0.5 + 1e-15)]), [None, None]);
    }

    #[test]
    fn the_lowest_error_rate_is_best() {
        assert_eq!(marks(EER, &[Some(0.1), Some(0.2), Some(0.3)]), [BEST, SECOND, None]);
    }

    #[test]
    fn a_single_value_is_not_marked() {
        assert_eq!(marks(AUC, &[Some(0.9), None]), [None, None]);
    }
}
