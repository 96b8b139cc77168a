//! Names of places in the page: what links lead to, the same from one report to the next.

use super::content::Content;
use crate::table::{ColumnKind, MetricBlock};
use proofmark_lang::model::Level;
use proofmark_text::names::Names;

/// Names of blocks, rows and columns. They have no dots, so that those of cells, which are made
/// of them, differ from all others.
#[derive(Debug)]
pub(super) struct Places {
    blocks: Vec<String>,
    rows: Vec<String>,
    columns: Vec<String>,
}

impl Places {
    /// The places of a page.
    pub fn of(content: &Content) -> Self {
        let mut names = Names::default();
        let blocks = content.table.metrics.iter().map(|block| names.of(&[&block_name(block)]));
        let blocks = blocks.collect();
        let mut names = Names::default();
        let first = content.table.metrics.first();
        let rows = first.iter().flat_map(|block| &block.rows);
        let rows = rows.map(|row| names.of(&[&row.experiment])).collect();
        let mut names = Names::default();
        let columns = content.table.columns().map(|(scenario, head)| {
            let column = match head.kind {
                ColumnKind::Average { .. } | ColumnKind::Gap { .. } => &head.label,
                ColumnKind::Dataset { .. }
                | ColumnKind::Manipulation { .. }
                | ColumnKind::Value { .. }
                | ColumnKind::Corrupted { .. } => &head.key,
            };
            names.of(&[&scenario.name, column])
        });
        Self { blocks, rows, columns: columns.collect() }
    }

    /// A metric's table.
    pub fn block(&self, block: usize) -> String {
        format!("table.{}", self.blocks[block])
    }

    /// A row of it.
    pub fn row(&self, block: usize, row: usize) -> String {
        format!("row.{}.{}", self.blocks[block], self.rows[row])
    }

    /// A column of it.
    pub fn column(&self, block: usize, column: usize) -> String {
        format!("column.{}.{}", self.blocks[block], self.columns[column])
    }

    /// A cell.
    pub fn cell(&self, block: usize, row: usize, column: usize) -> String {
        format!("{}.{}.{}", self.blocks[block], self.rows[row], self.columns[column])
    }

    /// Where a row's provenance is.
    pub fn provenance(&self, row: usize) -> String {
        format!("run.{}", self.rows[row])
    }
}

fn block_name(block: &MetricBlock) -> String {
    let level = if block.level == Level::Frame { "frame " } else { "" };
    let at = match block.threshold {
        Some(at) if at != 0.5 => format!(" at {at}"),
        _ if block.validated => " at val".to_owned(),
        _ => String::new(),
    };
    format!("{level}{}{at}", block.label.to_lowercase())
}
