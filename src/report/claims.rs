//! Verdicts on the claims of a table.

use super::lookup::{Lookup, Pair};
use super::table::{ClaimResult, Difference, TableData, Verdict};
use super::text::{heading, percent};
use proofmark_lang::model::Claim;

/// How far rounding may take a difference from a margin written in decimals.
const ROUNDING: f64 = 1e-12;

/// Where a claim's numbers stand: the rows in a block, and the column; none where the table lacks
/// one of them. Rows are found by experiment or label, in the first block of the metric.
pub(super) fn place(claim: &Claim, lookup: &Lookup<'_>) -> Option<(Pair, usize)> {
    let metric = claim.metric;
    let column = lookup.column(&claim.scenario, &claim.column)?;
    let block = lookup.block(metric)?;
    let row = lookup.row(metric, &claim.row)?;
    let other = lookup.row(metric, &claim.above)?;
    Some((Pair { block, row, other }, column))
}

/// Decides a claim from the exact values: `row` is better than `above`, by at least `by` where
/// that is not zero. Of metrics whose lower values are better, better is lower.
/// `difference` is that of the two rows on the videos that both have.
pub(super) fn decide(
    (table, lookup): (&TableData, &Lookup<'_>),
    claim: &Claim,
    difference: Option<Difference>,
) -> ClaimResult {
    let by = claim.by;
    let undecided = |detail: String| ClaimResult {
        text: claim.text.clone(),
        verdict: Verdict::Undecided,
        detail,
        difference: None,
        published: None,
    };
    let Some((Pair { block, row, other }, column)) = place(claim, lookup) else {
        return undecided(lacking(lookup, claim));
    };
    let block = &table.metrics[block];
    let lower = block.metric.lower_is_better;
    let [(label, ours), (other_label, theirs)] = [row, other].map(|row| {
        let row = &block.rows[row];
        (row.label.as_str(), &row.cells[column])
    });
    let published = ours.reference.zip(theirs.reference).map(|(a, b)| verdict(a, b, by, lower));
    for (label, cell) in [(label, ours), (other_label, theirs)] {
        if cell.value.is_none() {
            let reason = cell.reason.as_deref().unwrap_or("there is no value");
            let detail = format!("{label} is n/a: {reason}");
            return ClaimResult { published, ..undecided(detail) };
        }
    }
    let (a, b) = (ours.value.unwrap_or_default(), theirs.value.unwrap_or_default());
    let same_metric = table.metrics.iter().filter(|other| other.metric == block.metric).count();
    let of = if same_metric > 1 { format!("{}: ", heading(block)) } else { String::new() };
    ClaimResult {
        text: claim.text.clone(),
        verdict: verdict(a, b, by, lower),
        detail: format!(
            "{of}{label} {} against {other_label} {}: {:+.2} points{}{}",
            percent(a),
            percent(b),
            (a - b) * 100.0,
            difference.map(around).unwrap_or_default(),
            claimed(by, lower),
        ),
        difference,
        published,
    }
}

/// The interval of a difference, and that it is of other videos than the numbers themselves.
fn around(difference: Difference) -> String {
    let interval = difference
        .interval
        .map(|interval| format!(" [{:+.2}, {:+.2}]", interval.low * 100.0, interval.high * 100.0));
    let videos = difference.videos.map(|videos| {
        let value = difference.value * 100.0;
        format!("; on the {} of {} videos that both have {value:+.2}", videos.both, videos.either)
    });
    match (interval, videos) {
        (Some(interval), Some(videos)) => format!("{videos}{interval}"),
        (interval, videos) => interval.or(videos).unwrap_or_default(),
    }
}

/// What is claimed, where it is more than the order, and which way is better.
fn claimed(by: f64, lower: bool) -> String {
    let margin = match (by == 0.0, lower) {
        (true, _) => String::new(),
        (false, false) => format!(", claimed {:+.2}", by * 100.0),
        (false, true) => format!(", claimed {:+.2}", -by * 100.0),
    };
    margin + if lower { ", lower is better" } else { "" }
}

/// Why a claim has no numbers.
fn lacking(lookup: &Lookup<'_>, claim: &Claim) -> String {
    let (scenario, name) = (&claim.scenario, &claim.column);
    if lookup.column(scenario, name).is_none() {
        return format!("the table has no column \"{name}\" in \"{scenario}\"");
    }
    let metric = claim.metric;
    if lookup.block(metric).is_none() {
        return "the table does not have the claim's metric".into();
    }
    let unknown = [&claim.row, &claim.above];
    let unknown = unknown.into_iter().find(|name| lookup.row(metric, name).is_none());
    format!("the table has no row \"{}\"", unknown.map_or("", String::as_str))
}

fn verdict(row: f64, above: f64, by: f64, lower_is_better: bool) -> Verdict {
    let better = if lower_is_better { above - row } else { row - above };
    let holds = if by == 0.0 { better > ROUNDING } else { better >= by - ROUNDING };
    if holds { Verdict::Pass } else { Verdict::Fail }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;
    use crate::table::Common;
    use proofmark_evaluate::statistics::interval::Interval;
    use proofmark_metrics::{AUC, EER};

    fn decided(table: &TableData, claim: &Claim, difference: Option<Difference>) -> ClaimResult {
        let lookup = Lookup::of(&table.metrics, &table.scenarios);
        decide((table, &lookup), claim, difference)
    }

    fn claim(row: &str, above: &str, column: &str, by: f64) -> Claim {
        let text = |text: &str| text.to_owned();
        Claim {
            text: text("first is better"),
            row: text(row),
            above: text(above),
            column: text(column),
            scenario: text("In-distribution"),
            metric: AUC,
            by,
        }
    }

    #[test]
    fn exact_values_decide() {
        let mut table = fixture::table();
        let block = &mut table.metrics[0];
        (block.rows[0].cells[0].value, block.rows[1].cells[0].value) = (Some(0.9641), Some(0.9640));
        let result = decided(&table, &claim("fsfm", "fsfm-ba", "FF++", 0.0), None);
        assert_eq!(result.verdict, Verdict::Pass);
        assert_eq!(result.detail, "FSFM 96.4 against FSFM + BA 96.4: +0.01 points");
        let result = decided(&table, &claim("fsfm-ba", "fsfm", "FF++", 0.0), None);
        assert_eq!(result.verdict, Verdict::Fail);
        table.metrics[0].rows[1].cells[0].value = Some(0.9641);
        let result = decided(&table, &claim("fsfm", "fsfm-ba", "FF++", 0.0), None);
        assert_eq!(result.verdict, Verdict::Fail, "equal is not higher");
    }

    #[test]
    fn a_margin_may_be_met_exactly() {
        assert_eq!(verdict(0.95, 0.9, 0.05, false), Verdict::Pass);
        assert_eq!(verdict(0.9, 0.95, -0.05, false), Verdict::Pass);
        assert_eq!(verdict(0.95, 0.9, 0.0501, false), Verdict::Fail);
    }

    #[test]
    fn a_lower_error_is_better() {
        for (row, above, by, expected) in [
            (0.1, 0.2, 0.0, Verdict::Pass),
            (0.2, 0.1, 0.0, Verdict::Fail),
            (0.1, 0.1, 0.0, Verdict::Fail),
            (0.1, 0.2, 0.1, Verdict::Pass),
            (0.15, 0.2, 0.1, Verdict::Fail),
        ] {
            assert_eq!(verdict(row, above, by, true), expected, "{row} {above} {by}");
        }
        let mut table = fixture::table();
        table.metrics[0].metric = EER;
        let claim = Claim { metric: EER, ..claim("fsfm-ba", "fsfm", "FF++", 0.01) };
        let result = decided(&table, &claim, None);
        assert_eq!(result.verdict, Verdict::Pass);
        assert_eq!(
            result.detail,
            "FSFM + BA 30.0 against FSFM 95.3: -65.30 points, claimed -1.00, lower is better"
        );
    }

    #[test]
    fn a_difference_is_told_with_its_interval_and_videos() {
        let interval = Some(Interval { low: -0.01, high: 0.02 });
        let difference = Difference { value: 0.0123, interval, test: None, videos: None };
        let claim = claim("fsfm", "fsfm-ba", "FF++", 0.0);
        let detail = |difference| decided(&fixture::table(), &claim, Some(difference)).detail;
        assert_eq!(
            detail(difference),
            "FSFM 95.3 against FSFM + BA 30.0: +65.30 points [-1.00, +2.00]"
        );
        let videos = Some(Common { both: 7, either: 9 });
        assert_eq!(
            detail(Difference { videos, ..difference }),
            "FSFM 95.3 against FSFM + BA 30.0: +65.30 points; on the 7 of 9 videos that both have \
             +1.23 [-1.00, +2.00]"
        );
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
            let result = decided(&table, &claim, None);
            assert_eq!((result.verdict, result.detail.as_str()), (Verdict::Undecided, says));
        }
    }

    #[test]
    fn published_numbers_get_their_own_verdict() {
        let result = decided(&fixture::table(), &claim("fsfm", "fsfm-ba", "FF++", 0.0), None);
        assert_eq!(result.published, Some(Verdict::Fail));
    }
}
