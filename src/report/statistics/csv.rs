//! Statistics as CSV (RFC 4180) in long form: one record per number, then one per note.

use super::columns::rows;
use proofmark_data::statistics::SurveyRow;
use proofmark_data::survey::{Purpose, Survey};
use proofmark_text::csv;

/// Renders all numbers, exactly, and all notes.
pub fn render(survey: &Survey) -> String {
    let mut out = String::new();
    let head = ["table", "ensemble", "dataset", "title", "measure", "value", "published"];
    csv::write(&mut out, head.into_iter().chain(["note", "data"]));
    for table in &survey.tables {
        let (rows, total) = rows(table);
        rows.into_iter().chain(&total).for_each(|row| write(&mut out, &table.purpose, row));
    }
    for note in &survey.notes {
        let count = text(note.count);
        let fields = ["note", "", &note.dataset, &note.title, note.about, &count, "", &note.text];
        csv::write(&mut out, fields.into_iter().chain([""]));
    }
    out
}

fn write(out: &mut String, purpose: &Purpose, row: &SurveyRow) {
    let ensemble = purpose.ensemble().unwrap_or_default();
    let dataset = row.dataset.as_deref().unwrap_or_default();
    let data = if row.synthetic { "synthetic demo" } else { "" };
    for (measure, count) in row.counts() {
        let (found, published) = (text(count.found), text(count.published));
        let fields = [purpose.word(), ensemble, dataset, &row.title, measure.word()];
        csv::write(out, fields.into_iter().chain([&*found, &*published, "", data]));
    }
}

fn text(number: Option<u64>) -> String {
    number.map(|n| n.to_string()).unwrap_or_default()
}
