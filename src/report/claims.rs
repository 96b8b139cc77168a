//! Verdicts on the claims of a table.

use super::table::{ClaimResult, TableData, Verdict};
use super::text::percent;
use crate::lang::model::Claim;

/// How far rounding may take a difference from a margin written in decimals.
const ROUNDING: f64 = 1e-12;

/// Decides a claim from the exact values: `row` is higher than `above`, by at least
/// `by` where that is not zero. Rows are found by experiment or label, in the first
/// block of the metric.
pub fn decide(table: &TableData, claim: &Claim) -> ClaimResult {
    let (row, above, by) = (&claim.row.value, &claim.above.value, claim.by.value);
    let undecided = |detail| ClaimResult {
        text: claim.text.value.clone(),
        verdict: Verdict::Undecided,
        detail,
        published: None,
    };
    let Some(column) = table.column(&claim.scenario.value, &claim.column.value) else {
        let (scenario, column) = (&claim.scenario.value, &claim.column.value);
        return undecided(format!("the table has no column \"{column}\" in \"{scenario}\""));
    };
    let Some(block) = table.metrics.iter().find(|block| block.metric == claim.metric.value) else {
        return undecided("the table does not have the claim's metric".into());
    };
    let cell = |name: &String| {
        let mut rows = block.rows.iter();
        let row = rows.find(|row| row.experiment == *name || row.label == *name)?;
        Some((row.label.as_str(), &row.cells[column]))
    };
    let ((label, ours), (other_label, theirs)) = match (cell(row), cell(above)) {
        (Some(ours), Some(theirs)) => (ours, theirs),
        (None, _) => return undecided(format!("the table has no row \"{row}\"")),
        (_, None) => return undecided(format!("the table has no row \"{above}\"")),
    };
    let published = ours.reference.zip(theirs.reference).map(|(a, b)| verdict(a, b, by));
    for (label, cell) in [(label, ours), (other_label, theirs)] {
        if cell.value.is_none() {
            let reason = cell.reason.as_deref().unwrap_or("there is no value");
            let detail = format!("{label} is n/a: {reason}");
            return ClaimResult { published, ..undecided(detail) };
        }
    }
    let (a, b) = (ours.value.unwrap_or_default(), theirs.value.unwrap_or_default());
    let margin = if by == 0.0 { String::new() } else { format!(", claimed {:+.2}", by * 100.0) };
    ClaimResult {
        text: claim.text.value.clone(),
        verdict: verdict(a, b, by),
        detail: format!(
            "{label} {} against {other_label} {}: {:+.2} points{margin}",
            percent(a),
            percent(b),
            (a - b) * 100.0
        ),
        published,
    }
}

fn verdict(row: f64, above: f64, by: f64) -> Verdict {
    let holds = if by == 0.0 { row > above } else { row - above >= by - ROUNDING };
    if holds { Verdict::Pass } else { Verdict::Fail }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lang::model::Metric;
    use crate::lang::span::Spanned;
    use crate::report::fixture;

    fn claim(row: &str, above: &str, column: &str, by: f64) -> Claim {
        let text = |text: &str| Spanned::default_of(text.to_owned());
        Claim {
            text: text("first is better"),
            row: text(row),
            above: text(above),
            column: text(column),
            scenario: text("In-distribution"),
            metric: Spanned::default_of(Metric::Auc),
            by: Spanned::default_of(by),
        }
    }

    #[test]
    fn exact_values_decide() {
        let mut table = fixture::table();
        let block = &mut table.metrics[0];
        (block.rows[0].cells[0].value, block.rows[1].cells[0].value) = (Some(0.9641), Some(0.9640));
        let result = decide(&table, &claim("fsfm", "fsfm-ba", "FF++", 0.0));
        assert_eq!(result.verdict, Verdict::Pass);
        assert_eq!(result.detail, "FSFM 96.4 against FSFM + BA 96.4: +0.01 points");
        let result = decide(&table, &claim("fsfm-ba", "fsfm", "FF++", 0.0));
        assert_eq!(result.verdict, Verdict::Fail);
        table.metrics[0].rows[1].cells[0].value = Some(0.9641);
        let result = decide(&table, &claim("fsfm", "fsfm-ba", "FF++", 0.0));
        assert_eq!(result.verdict, Verdict::Fail, "equal is not higher");
    }

    #[test]
    fn a_margin_may_be_met_exactly() {
        assert_eq!(verdict(0.95, 0.9, 0.05), Verdict::Pass);
        assert_eq!(verdict(0.9, 0.95, -0.05), Verdict::Pass);
        assert_eq!(verdict(0.95, 0.9, 0.0501), Verdict::Fail);
    }

    #[test]
    fn what_cannot_be_decided_says_why() {
        let table = fixture::table();
        for (claim, says) in [
            (
                claim("fsfm", "fsfm-ba", "Nowhere", 0.0),
                "the table has no column \"Nowhere\" in \"In-distribution\"",
            ),
            (claim("fsfm", "other", "FF++", 0.0), "the table has no row \"other\""),
            (claim("other", "fsfm", "FF++", 0.0), "the table has no row \"other\""),
            (
                claim("fsfm", "scratch", "Celeb_DF", 0.0),
                "Scratch & co. is n/a: there is no fake among 3 real",
            ),
        ] {
            let result = decide(&table, &claim);
            assert_eq!((result.verdict, result.detail.as_str()), (Verdict::Undecided, says));
        }
    }

    #[test]
    fn published_numbers_get_their_own_verdict() {
        let result = decide(&fixture::table(), &claim("fsfm", "fsfm-ba", "FF++", 0.0));
        assert_eq!(result.published, Some(Verdict::Fail));
    }
}
