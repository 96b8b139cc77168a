//! Everything that is plotted of a table.

use super::{learning, robustness, scores, separability};
use crate::page::content::{Content, UnitShapes};
use crate::plot::chart::Plot;
use crate::table::SeparabilityBlock;
use proofmark_text::names::Names;

/// The plots of a table.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Figures {
    /// Metrics against the strength of a corruption.
    pub robustness: Vec<Plot>,
    /// Those of each data set or manipulation.
    pub units: Vec<UnitFigures>,
    /// Embeddings, for each data set of the table's separability.
    pub separability: Vec<Vec<Plot>>,
    /// How the models learned.
    pub learning: Vec<Plot>,
}

/// The plots of a data set or manipulation.
#[derive(Clone, Debug, PartialEq)]
pub struct UnitFigures {
    /// Its place among [`Content::units`].
    pub unit: usize,
    /// ROC, calibration and histograms, as far as there are any.
    pub plots: Vec<Plot>,
}

impl Figures {
    /// The plots of a table, each with a name of its own.
    pub fn of(content: &Content) -> Self {
        let mut names = Names::default();
        let mut named = |plots: Vec<Plot>, parts: &[&str]| -> Vec<Plot> {
            let name = |plot: Plot| {
                let all: Vec<&str> =
                    std::iter::once(plot.name.as_str()).chain(parts.iter().copied()).collect();
                Plot { name: names.of(&all), ..plot }
            };
            plots.into_iter().map(name).collect()
        };
        let robustness = named(robustness::plots(content), &[]);
        let of_unit = |(unit, shapes): (usize, &UnitShapes)| UnitFigures {
            unit,
            plots: named(scores::plots(content, shapes), &[&shapes.scenario, &shapes.key]),
        };
        let units = content.units.iter().enumerate().map(of_unit).collect();
        let of_block = |block: &SeparabilityBlock| {
            named(separability::plots(content, block), &[&block.dataset, block.split.word()])
        };
        let separability = content.table.separability.iter().map(of_block).collect();
        Self { robustness, units, separability, learning: named(learning::plots(content), &[]) }
    }

    /// All of them.
    pub fn all(&self) -> impl Iterator<Item = &Plot> {
        let units = self.units.iter().flat_map(|unit| &unit.plots);
        let separability = self.separability.iter().flatten();
        self.robustness.iter().chain(units).chain(separability).chain(&self.learning)
    }
}
