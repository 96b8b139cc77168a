//! The table as CSV (RFC 4180) in long form: one record per cell.
//!
//! Values are fractions printed so that reading them gives the same number. The file
//! can itself be read as published numbers.

use super::table::{Cell, Coverage, Doubt, TableData, Test};
use proofmark_lang::model::Level;
use proofmark_text::csv::write;

/// Renders a table as CSV.
pub fn render(table: &TableData) -> String {
    let mut out = String::new();
    // Tables without variants are written as ever.
    let variant = (!table.variants.is_empty()).then_some("variant");
    write(
        &mut out,
        [
            "metric",
            "row",
            "scenario",
            "column",
            "value",
            "reason",
            "n_real",
            "n_fake",
            "coverage",
            "reference",
            "experiment",
            "level",
            "threshold",
            "data",
            "low",
            "high",
            "p",
            "p_adjusted",
            "label",
            "seeds",
            "deviation",
            "chosen",
            "seed_values",
            "difference",
            "difference_low",
            "difference_high",
            "test",
            "doubt",
        ]
        .into_iter()
        .chain(variant),
    );
    let number = |value: Option<f64>| value.map(|value| value.to_string()).unwrap_or_default();
    let count = |value: Option<u64>| value.map(|value| value.to_string()).unwrap_or_default();
    for block in &table.metrics {
        for row in &block.rows {
            let thresholds: Vec<String> = row.thresholds.iter().map(ToString::to_string).collect();
            let thresholds = thresholds.join(" ");
            let variants = table.variants.iter().filter(|of| of.row == row.experiment);
            let variants: Vec<&str> = variants.map(|of| of.variant.as_str()).collect();
            let variants = variants.join(" ");
            for ((scenario, column), cell) in table.columns().zip(&row.cells) {
                let between = cell.difference.and_then(|difference| difference.interval);
                write(
                    &mut out,
                    [
                        block.metric.word,
                        &row.label,
                        &scenario.name,
                        &column.label,
                        &number(cell.value),
                        cell.reason.as_deref().unwrap_or_default(),
                        &count(cell.n_real),
                        &count(cell.n_fake),
                        &number(column.coverage.map(Coverage::fraction)),
                        &number(cell.reference),
                        &row.experiment,
                        match block.level {
                            Level::Video => "video",
                            Level::Frame => "frame",
                        },
                        match block.validated {
                            true => "val",
                            false => &thresholds,
                        },
                        if table.demo { "synthetic demo" } else { "" },
                        &number(cell.interval.map(|interval| interval.low)),
                        &number(cell.interval.map(|interval| interval.high)),
                        &number(cell.p),
                        &number(cell.p_adjusted),
                        &block.label,
                        &count(cell.seeds.as_ref().map(|seeds| seeds.n as u64)),
                        &number(cell.deviation()),
                        if block.validated { &thresholds } else { "" },
                        &seeds(cell),
                        &number(cell.difference.map(|difference| difference.value)),
                        &number(between.map(|interval| interval.low)),
                        &number(between.map(|interval| interval.high)),
                        cell.difference.and_then(|d| d.test).map_or("", Test::word),
                        cell.doubt.map_or("", Doubt::word),
                    ]
                    .into_iter()
                    .chain(variant.map(|_| variants.as_str())),
                );
            }
        }
    }
    out
}

/// What each seed gave, with spaces between.
fn seeds(cell: &Cell) -> String {
    let values = cell.seeds.iter().flat_map(|seeds| &seeds.values);
    values.map(ToString::to_string).collect::<Vec<_>>().join(" ")
}
