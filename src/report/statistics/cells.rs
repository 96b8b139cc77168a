//! The cells of a table of statistics: a number found beside the published one.

use super::columns::Column;
use crate::numbers::thousands;
use proofmark_data::statistics::{Count, CountKind, SurveyRow};

/// How a format writes cells down.
pub(super) struct Style {
    /// What stands for a number that is not known.
    pub unknown: &'static str,
    /// What follows a number that is as published.
    pub same: &'static str,
    /// A number found and another one that is published.
    pub differs: fn(&str, &str) -> String,
}

/// The cell of a row.
pub(super) fn cell(row: &SurveyRow, column: &Column, style: &Style) -> String {
    let count = row.count(column.measure);
    let Some(beside) = column.beside else { return number(column.measure, count, style) };
    let frames = row.count(beside);
    let text = number(column.measure, count, style);
    if frames.found.is_none() && frames.published.is_none() {
        return text;
    }
    let frames = number(beside, frames, style);
    // One mark is enough for both.
    match (text.strip_suffix(style.same), frames.strip_suffix(style.same)) {
        (Some(text), Some(frames)) => format!("{text} ({frames}){}", style.same),
        _ => format!("{text} ({frames})"),
    }
}

/// Whether the cell of a row shows a number in thousands.
pub(super) fn is_short(row: &SurveyRow, column: &Column) -> bool {
    let measures = std::iter::once(column.measure).chain(column.beside);
    measures.into_iter().any(|measure| in_thousands(measure, row.count(measure)))
}

fn number(measure: CountKind, count: Count, style: &Style) -> String {
    let print = |n| print(n, in_thousands(measure, count));
    match (count.found, count.published) {
        (None, None) => style.unknown.to_owned(),
        (Some(found), None) => print(found),
        (None, Some(published)) => format!("{} of {}", style.unknown, print(published)),
        (Some(_), Some(published)) if count.is_same() => print(published) + style.same,
        (Some(found), Some(published)) => (style.differs)(&print(found), &print(published)),
    }
}

/// A published number is in thousands if it is rounded; one found alone, if it is large.
fn in_thousands(measure: CountKind, count: Count) -> bool {
    match count {
        Count { published: Some(_), slack, .. } => slack > 0,
        Count { found: Some(n), .. } => n >= 10_000 && measure.is_rounded(),
        _ => false,
    }
}

/// 12K for 12,034; a few are not rounded to none.
fn print(n: u64, in_thousands: bool) -> String {
    let rounded = n.saturating_add(500) / 1000;
    match in_thousands && (n == 0 || rounded > 0) {
        true => format!("{}K", thousands(rounded)),
        false => thousands(n),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Style = Style {
        unknown: "–",
        same: " =",
        differs: |found, published| format!("{found} of {published}"),
    };

    fn of(measure: CountKind, found: Option<u64>, published: Option<u64>) -> String {
        let rounded = measure.is_rounded() && published.is_some_and(|n| n.is_multiple_of(1000));
        let slack = if rounded { 500 } else { 0 };
        number(measure, Count { found, published, slack }, &PLAIN)
    }

    #[test]
    fn a_number_stands_beside_the_published_one() {
        let train = |found, published| of(CountKind::Train, found, published);
        assert_eq!(train(None, None), "–");
        assert_eq!(train(Some(1234), None), "1,234");
        assert_eq!(train(None, Some(4320)), "– of 4,320");
        assert_eq!(train(Some(4320), Some(4320)), "4,320 =");
        assert_eq!(train(Some(4318), Some(4320)), "4,318 of 4,320");
        assert_eq!(train(Some(4001), Some(4000)), "4,001 of 4,000");
        assert_eq!(train(Some(0), Some(840)), "0 of 840");
    }

    #[test]
    fn samples_are_rounded_as_they_are_published() {
        let samples = |found, published| of(CountKind::RealSamples, found, published);
        assert_eq!(samples(Some(12_034), Some(12_000)), "12K =");
        assert_eq!(samples(Some(12_500), Some(12_000)), "13K of 12K");
        assert_eq!(samples(Some(11_499), Some(12_000)), "11K of 12K");
        assert_eq!(samples(Some(12_034), Some(12_035)), "12,034 of 12,035");
        assert_eq!(samples(Some(12_499), Some(12_000)), "12K =");
        assert_eq!(samples(Some(11_500), Some(12_000)), "12K =");
        assert_eq!(samples(Some(400), Some(12_000)), "400 of 12K");
        assert_eq!(samples(Some(0), Some(12_000)), "0K of 12K");
        assert_eq!(samples(Some(9_999), None), "9,999");
        assert_eq!(samples(Some(10_499), None), "10K");
        assert_eq!(of(CountKind::RealFrames, None, Some(1_046_000)), "– of 1,046K");
    }
}
