//! A claim as comparisons of a table's numbers.

use std::collections::BTreeMap;

use crate::lookup::{Lookup, Pair};
use crate::table::{Difference, TableData, Untested};
use proofmark_lang::model::{Claim, Quantifier, Relation};

/// The differences of rows in columns, and why one was not tested.
pub(crate) type Found = BTreeMap<(Pair, usize), (Difference, Option<Untested>)>;

/// What a claim compares, and in how many columns it is to hold. Two claims that ask the same are
/// equal, whatever their words.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Asked<'a> {
    /// How the row is to compare with each of the others.
    pub relation: &'a Relation,
    /// In how many of the columns.
    pub quantifier: Quantifier,
    /// Whether the contrary is claimed.
    pub negated: bool,
    /// The block of the metric.
    pub block: usize,
    /// Columns, among those of all scenarios, and the rows that are compared in each.
    pub columns: Vec<(usize, Vec<Pair>)>,
}

impl<'a> Asked<'a> {
    /// What a claim asks of a table. Rows are found by experiment or label, in the first block of
    /// the metric.
    ///
    /// # Errors
    /// What the table lacks.
    pub fn of(claim: &'a Claim, lookup: &Lookup<'_>) -> Result<Self, String> {
        let metric = claim.metric;
        let block = lookup.block(metric).ok_or("the table does not have the claim's metric")?;
        let row_of = |name: &String| {
            lookup.row(metric, name).ok_or_else(|| format!("the table has no row \"{name}\""))
        };
        let row = row_of(&claim.row)?;
        let others: Vec<usize> =
            claim.relation.others().iter().map(row_of).collect::<Result<_, _>>()?;
        let others = match (&claim.relation, others.is_empty()) {
            (Relation::Best(_) | Relation::Lowest(_), true) => {
                (0..lookup.rows(block)).filter(|&other| other != row).collect()
            }
            (
                Relation::Above { .. }
                | Relation::Near { .. }
                | Relation::Best(_)
                | Relation::Lowest(_),
                _,
            ) => others,
        };
        let pairs: Vec<Pair> = others.iter().map(|&other| Pair { block, row, other }).collect();
        let columns = columns(claim, lookup)?;
        if columns.is_empty() || pairs.is_empty() {
            return Err("there is nothing to compare".into());
        }
        Ok(Self {
            relation: &claim.relation,
            quantifier: claim.over.quantifier,
            negated: claim.negated,
            block,
            columns: columns.into_iter().map(|column| (column, pairs.clone())).collect(),
        })
    }

    /// The same among published numbers: of a claim about every other row, those that have one.
    /// None where another number is not published.
    pub fn published(&self, table: &TableData) -> Option<Self> {
        let has = |row: usize, column: usize| {
            table.metrics[self.block].rows[row].cells[column].reference.is_some()
        };
        let every = match self.relation {
            Relation::Best(named) | Relation::Lowest(named) => named.is_empty(),
            Relation::Above { .. } | Relation::Near { .. } => false,
        };
        let mut columns = self.columns.clone();
        for (column, pairs) in &mut columns {
            if every {
                pairs.retain(|pair| has(pair.other, *column));
            }
            let all = pairs.iter().all(|pair| has(pair.row, *column) && has(pair.other, *column));
            if pairs.is_empty() || !all {
                return None;
            }
        }
        Some(Self { columns, ..self.clone() })
    }

    /// The rows that are compared and the column, each.
    pub fn comparisons(&self) -> impl Iterator<Item = (Pair, usize)> + '_ {
        self.columns
            .iter()
            .flat_map(|(column, pairs)| pairs.iter().map(move |pair| (*pair, *column)))
    }
}

/// The columns that a claim is about.
fn columns(claim: &Claim, lookup: &Lookup<'_>) -> Result<Vec<usize>, String> {
    let scenarios =
        lookup.scenarios().filter(|name| claim.scenario.as_deref().is_none_or(|own| own == *name));
    if claim.over.columns.is_empty() {
        return Ok(scenarios.flat_map(|scenario| lookup.shown(scenario)).collect());
    }
    let scenarios: Vec<&str> = scenarios.collect();
    let mut found = Vec::new();
    for label in &claim.over.columns {
        let of_label: Vec<usize> =
            scenarios.iter().filter_map(|scenario| lookup.column(scenario, label)).collect();
        if of_label.is_empty() {
            let place = claim.scenario.as_ref().map(|name| format!(" in \"{name}\""));
            return Err(format!(
                "the table has no column \"{label}\"{}",
                place.unwrap_or_default()
            ));
        }
        found.extend(of_label);
    }
    Ok(found)
}
