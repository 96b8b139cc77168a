//! What all formats print alike: numbers, headings, notes.

use std::collections::BTreeMap;

use super::table::{Cell, ClaimResult, Mark, MetricBlock, Quote, TableData};
use proofmark_evaluate::statistics::interval::Interval;
use proofmark_lang::model::Level;

/// Unmatched published numbers that a note lists.
const LISTED: usize = 3;

/// A fraction in percent with one decimal, as the paper prints it: 96.4, and 100 bare.
pub(super) fn percent(value: f64) -> String {
    let text = format!("{:.1}", value * 100.0);
    if text == "100.0" { "100".into() } else { text }
}

/// What follows a number: a dagger where it differs significantly, its spread over seeds
/// and its interval.
pub(super) fn certainty(cell: &Cell) -> String {
    let dagger = if cell.significant { "†" } else { "" };
    let deviation = cell.deviation();
    let spread = deviation.map(|deviation| format!(" ±{}", percent(deviation))).unwrap_or_default();
    match cell.interval {
        Some(Interval { low, high }) => {
            format!("{dagger}{spread} [{}, {}]", percent(low), percent(high))
        }
        None => {
            let unknown = if cell.no_interval() { " [n/a]" } else { "" };
            format!("{dagger}{spread}{unknown}")
        }
    }
}

/// The heading of a block, e.g. `Video-level balanced accuracy at 0.5 (%)`.
pub(super) fn heading(block: &MetricBlock) -> String {
    let level = match block.level {
        Level::Video => "Video",
        Level::Frame => "Frame",
    };
    let at = match block.threshold {
        Some(threshold) => format!(" at {threshold}"),
        None if block.validated => " at the validation threshold".to_owned(),
        None => String::new(),
    };
    format!("{level}-level {}{at} (%)", block.label)
}

/// Reasons of undefined cells, numbered from 1 over the whole table.
pub(super) struct Footnotes<'a> {
    /// The reasons, each once.
    pub reasons: Vec<&'a str>,
    /// The number of each.
    numbers: BTreeMap<&'a str, usize>,
}

impl<'a> Footnotes<'a> {
    /// The footnotes of a table.
    pub(super) fn of(table: &'a TableData) -> Self {
        let (mut reasons, mut numbers) = (Vec::new(), BTreeMap::new());
        let rows = table.metrics.iter().flat_map(|block| &block.rows);
        let undefined = |cell: &&Cell| cell.value.is_none() && !cell.seen;
        for cell in rows.flat_map(|row| &row.cells).filter(undefined) {
            let reason = reason(cell);
            numbers.entry(reason).or_insert_with(|| {
                reasons.push(reason);
                reasons.len()
            });
        }
        Self { reasons, numbers }
    }

    /// The number of an undefined cell's footnote.
    pub(super) fn number(&self, cell: &Cell) -> usize {
        self.numbers.get(reason(cell)).copied().unwrap_or_default()
    }
}

fn reason(cell: &Cell) -> &str {
    cell.reason.as_deref().unwrap_or("there is no value")
}

/// The notes below a table, whole sentences. `best` and `second` say how they look.
pub(super) fn notes(table: &TableData, best: &str, second: &str) -> Vec<String> {
    let cells = || {
        let rows = table.metrics.iter().flat_map(|block| &block.rows);
        rows.flat_map(|row| &row.cells)
    };
    let mut notes = Vec::new();
    if cells().any(|cell| cell.mark == Some(Mark::Best)) {
        notes.push(format!("Of each column, the best is {best} and the second best {second}."));
    }
    if cells().any(|cell| cell.reference.is_some()) {
        let names: Vec<&str> = table
            .references
            .iter()
            .filter(|reference| reference.matched > 0)
            .map(|reference| reference.name.as_str())
            .collect();
        notes.push(format!("In parentheses: the published number ({}).", names.join(", ")));
    }
    notes.extend(table.caption_notes.iter().cloned());
    for reference in table.references.iter().filter(|reference| !reference.unmatched.is_empty()) {
        let n = reference.unmatched.len();
        let listed = reference.unmatched[..n.min(LISTED)].join("; ");
        let more = if n > LISTED { format!("; and {} more", n - LISTED) } else { String::new() };
        notes.push(format!(
            "Published by {} but not in this table: {listed}{more}.",
            reference.name
        ));
    }
    notes
}

/// The claims of a table, those of one sentence together.
pub(super) fn by_sentence(
    table: &TableData,
) -> impl Iterator<Item = (Option<&Quote>, &[ClaimResult])> {
    let chunks = table.claims.chunk_by(|a, b| a.sentence == b.sentence);
    chunks.map(|claims| (claims[0].sentence.as_ref(), claims))
}

/// A sentence with the section that it stands in.
pub(super) fn quoted(quote: &Quote) -> String {
    format!("{} \"{}\"", quote.section, quote.text)
}

/// A claim's verdict in one line.
pub(super) fn claim(claim: &ClaimResult) -> String {
    let published = claim.published.as_ref().map(|published| {
        let detail = published.detail.as_ref().map(|detail| format!(", {detail}"));
        let verdict = published.verdict.words();
        format!("; by the published numbers: {verdict}{}", detail.unwrap_or_default())
    });
    let published = published.unwrap_or_default();
    format!("{}: {} ({}{published})", claim.verdict.words(), claim.text, claim.detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentages_have_one_decimal_and_a_hundred_none() {
        for (value, printed) in [
            (0.964, "96.4"),
            (1.0, "100"),
            (0.9996, "100"),
            (0.9994, "99.9"),
            (0.0, "0.0"),
            (0.5, "50.0"),
        ] {
            assert_eq!(percent(value), printed);
        }
    }
}
