//! The table as JSON: [`TableData`] with its caption; values are fractions.

use serde::Serialize;

use super::table::TableData;

#[derive(Serialize)]
struct Report<'a> {
    caption: String,
    #[serde(flatten)]
    table: &'a TableData,
}

/// Renders a table as JSON, ending in a newline.
pub fn render(table: &TableData) -> String {
    let report = Report { caption: table.caption(), table };
    proofmark_text::show::json(&report)
}
