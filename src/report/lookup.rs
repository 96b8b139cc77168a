//! The blocks, rows and columns of a table, found by their names.

use std::collections::BTreeMap;

use super::table::{MetricBlock, ScenarioHead};
use proofmark_metrics::Metric;

/// Places by name. Of several of a name the first counts.
pub(super) struct Lookup<'a> {
    metrics: &'a [MetricBlock],
    scenarios: &'a [ScenarioHead],
    /// The block of each metric, and its rows by experiment and by label.
    blocks: BTreeMap<Metric, (usize, BTreeMap<&'a str, usize>)>,
    /// Columns by scenario and label.
    labels: BTreeMap<(&'a str, &'a str), usize>,
    /// Columns by scenario and key.
    keys: BTreeMap<(&'a str, &'a str), usize>,
}

impl<'a> Lookup<'a> {
    /// The places of a table.
    pub fn of(blocks: &'a [MetricBlock], scenarios: &'a [ScenarioHead]) -> Self {
        let mut lookup = Self {
            metrics: blocks,
            scenarios,
            blocks: BTreeMap::new(),
            labels: BTreeMap::new(),
            keys: BTreeMap::new(),
        };
        for (place, block) in blocks.iter().enumerate() {
            lookup.blocks.entry(block.metric).or_insert_with(|| {
                let mut rows = BTreeMap::new();
                for (row, data) in block.rows.iter().enumerate() {
                    for name in [&data.experiment, &data.label] {
                        rows.entry(name.as_str()).or_insert(row);
                    }
                }
                (place, rows)
            });
        }
        let columns = scenarios.iter().flat_map(|s| s.columns.iter().map(move |head| (s, head)));
        // Claims and published numbers are of a metric, of which more or less is better; a gap is none.
        for (place, (scenario, head)) in columns.enumerate().filter(|(_, (_, head))| !head.is_gap())
        {
            lookup.labels.entry((&scenario.name, &head.label)).or_insert(place);
            lookup.keys.entry((&scenario.name, &head.key)).or_insert(place);
        }
        lookup
    }

    /// The first block of a metric.
    pub fn block(&self, metric: Metric) -> Option<usize> {
        self.blocks.get(&metric).map(|(place, _)| *place)
    }

    /// A row of the first block of a metric, by its experiment or label.
    pub fn row(&self, metric: Metric, name: &str) -> Option<usize> {
        self.blocks.get(&metric)?.1.get(name).copied()
    }

    /// The number of rows of a block.
    pub fn rows(&self, block: usize) -> usize {
        self.metrics[block].rows.len()
    }

    /// The names of the scenarios.
    pub fn scenarios(&self) -> impl Iterator<Item = &'a str> {
        self.scenarios.iter().map(|scenario| scenario.name.as_str())
    }

    /// The columns of a scenario that are neither averages nor gaps, among those of all scenarios.
    pub fn shown(&self, scenario: &str) -> impl Iterator<Item = usize> {
        let columns =
            self.scenarios.iter().flat_map(|s| s.columns.iter().map(move |head| (s, head)));
        let shown = columns
            .enumerate()
            .filter(move |(_, (of, head))| of.name == scenario && !head.is_average())
            .filter(|(_, (_, head))| !head.is_gap());
        shown.map(|(place, _)| place).collect::<Vec<_>>().into_iter()
    }

    /// A column among those of all scenarios, by its label, else by its key.
    pub fn column(&self, scenario: &str, name: &str) -> Option<usize> {
        self.labels.get(&(scenario, name)).or_else(|| self.keys.get(&(scenario, name))).copied()
    }
}

/// Two rows of a block that are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Pair {
    /// The block.
    pub block: usize,
    /// The row.
    pub row: usize,
    /// The one that it is compared with.
    pub other: usize,
}
