//! Statistics as JSON: exact numbers by data set and measure, and all notes.

use serde_json::{Map, Value, json};

use super::columns::rows;
use proofmark_data::statistics::SurveyRow;
use proofmark_data::survey::{SetTable, Survey};

/// Renders all tables and notes, ending in a newline.
pub fn render(survey: &Survey) -> String {
    let tables: Vec<Value> = survey.tables.iter().map(table).collect();
    let all = json!({ "tables": tables, "notes": survey.notes });
    proofmark_text::show::json(&all)
}

fn table(table: &SetTable) -> Value {
    let (rows, total) = rows(table);
    json!({
        "table": table.purpose.word(),
        "ensemble": table.purpose.ensemble(),
        "caption": table.caption(),
        "rows": rows.into_iter().map(row).collect::<Vec<_>>(),
        "total": total.as_ref().map(row),
        "notes": table.notes,
    })
}

fn row(row: &SurveyRow) -> Value {
    let counts: Map<String, Value> =
        row.counts().map(|(measure, count)| (measure.word().to_owned(), json!(count))).collect();
    json!({
        "dataset": row.dataset,
        "title": row.title,
        "synthetic": row.synthetic,
        "counts": counts,
    })
}
