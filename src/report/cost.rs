//! What a face costs the network of each row: counted, and so the same wherever it is counted.

use super::evidence::Evidence;
use super::table::RowCost;
use proofmark_lang::model::{Placed, Row, Table};

/// What the section is called.
pub(super) const HEADING: &str = "Cost of a face";

/// How it was counted.
pub(super) const NOTE: &str = "Parameters with those of the classifier. Multiply-adds are those of the products \
    and convolutions of one forward pass at the size of the input, half as many as floating-point operations; \
    finding the face is not in it.";

/// The headings of the columns.
pub(super) const HEADS: [&str; 3] = ["input", "parameters (M)", "multiply-adds (G)"];

/// The rows of a table whose networks are known. Those of several seeds have one network.
pub(super) fn rows(table: &Table, evidence: &Evidence) -> Vec<RowCost> {
    let of_row = |row: &Placed<Row>| {
        let cost = evidence.costs.iter().find(|cost| cost.experiment == row.experiment)?;
        Some(RowCost {
            experiment: row.experiment.clone(),
            label: row.label.clone(),
            image: cost.image,
            parameters: cost.parameters,
            multiply_adds: cost.multiply_adds,
        })
    };
    table.rows.iter().filter_map(of_row).collect()
}

/// A row as text.
pub(super) fn cells(cost: &RowCost) -> [String; 3] {
    [
        format!("{0} × {0}", cost.image),
        short(cost.parameters as f64 / 1e6),
        short(cost.multiply_adds as f64 / 1e9),
    ]
}

/// A number with three digits or more, as small networks have only thousandths of a million.
pub(super) fn short(value: f64) -> String {
    match value {
        value if value >= 100.0 => format!("{value:.0}"),
        value if value >= 10.0 => format!("{value:.1}"),
        value if value >= 1.0 => format!("{value:.2}"),
        value if value >= 0.01 => format!("{value:.4}"),
        value => format!("{value:.6}"),
    }
}
