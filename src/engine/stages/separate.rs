//! Embeddings of a split to how far its classes lie apart: planned where a table asks for it.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::embed;
use super::model_pass::ModelPass;
use super::scores::videos;
use crate::engine::cost::{Cost, Costs};
use crate::engine::graph::{Making, Nature, Planning, Separated, Told, Until, Work};
use crate::engine::kind::{Need, StageKind};
use proofmark_base::store::{contents, write_whole};
use proofmark_base::work::Failure;
use proofmark_evaluate::separability::{Separability, Way};
use proofmark_lang::model::{self, Experiment, Placed, Project};
use proofmark_lang::span::Origin;
use proofmark_plan::facts::Facts;
use proofmark_plan::inputs::{Inputs, Observed};
use proofmark_plan::scope::{Target, targets_of};

/// The file of the stage's result.
const FILE: &str = "separability.json";
/// Raised whenever the same embeddings give other numbers or pictures than before.
const VERSION: u32 = 1;

/// Plans the embeddings of each table that asks for it, of every row on all that it scores, and how
/// they are measured.
pub fn plan(planning: &mut Planning<'_>) {
    let project = planning.project;
    for table in &project.tables {
        let Some(declared) = &table.separability else { continue };
        let names: BTreeSet<&str> = table.rows.iter().flat_map(|row| row.experiments()).collect();
        for experiment in planning.experiments.clone() {
            if !names.contains(experiment.name.as_str()) {
                continue;
            }
            let mut models = planning.plan.models.iter();
            let Some((_, model)) = models.find(|(of, _)| *of == experiment.name).cloned() else {
                continue;
            };
            let targets = targets_of(table, &experiment).into_iter();
            // What is corrupted is not what embeddings are shown of.
            let targets: BTreeSet<Target> =
                targets.map(|target| Target { corruption: None, ..target }).collect();
            for target in targets {
                let pass = ModelPass::of(planning, &experiment, &model, target.clone());
                let Some(pass) = pass else { continue };
                let embeddings = planning.add(embed::for_table(pass));
                let stage = Separate {
                    experiment: Arc::clone(&experiment),
                    target: target.clone(),
                    embeddings,
                    way: way(declared, &experiment),
                    declared: declared.clone(),
                };
                let key = planning.add(stage);
                let separated = Separated {
                    table: table.name.clone(),
                    of: experiment.name.clone(),
                    target,
                    key,
                };
                planning.plan.separated.push(separated);
            }
        }
    }
}

/// How the embeddings of an experiment are measured: what the table leaves open is as the first triplet
/// term of its objective has it.
fn way(declared: &model::Separability, experiment: &Experiment) -> Way {
    let triplet = experiment.loss.terms.iter().find_map(|term| term.term().triplet());
    Way {
        classes: declared.classes,
        sample: declared.sample as usize,
        points: declared.points as usize,
        seed: declared.seed,
        margin: declared.margin.or(triplet.map(|triplet| triplet.margin)),
        normalize: declared
            .normalize
            .unwrap_or_else(|| triplet.is_some_and(|triplet| triplet.normalize)),
    }
}

/// How far the classes of the embeddings of a model lie apart.
#[derive(Debug)]
struct Separate {
    experiment: Arc<Placed<Experiment>>,
    target: Target,
    /// Key of the embeddings.
    embeddings: String,
    way: Way,
    declared: Placed<model::Separability>,
}

impl Work for Separate {
    fn nature(&self) -> Nature {
        Nature {
            kind: StageKind::Separate,
            until: Until::Evaluate,
            goes_on: false,
            shares_cores: true,
            divides: false,
        }
    }

    fn name(&self) -> String {
        let Target { dataset, split, .. } = &self.target;
        format!("{} on {dataset} ({})", self.experiment.name, split.word())
    }

    fn inputs(&self, _project: &Project, _facts: &Facts) -> Inputs {
        Inputs::empty()
            .finding("version", Observed::Version, VERSION)
            .finding("embeddings", Observed::Embeddings, &self.embeddings)
            .with("separability", &self.declared)
            // As they are, wherever they are written.
            .with("margin", self.way.margin)
            .with("normalize", self.way.normalize)
    }

    fn needs(&self) -> Vec<Need> {
        vec![(StageKind::Embed, self.embeddings.clone())]
    }

    fn experiment(&self) -> Option<&str> {
        Some(&self.experiment.name)
    }

    fn declared(&self) -> (Origin, &'static str) {
        (self.declared.node, "asked for here")
    }

    fn cost(&self, costs: &mut Costs<'_>) -> Result<Cost, Failure> {
        videos(costs.world, &self.target)
    }

    fn make(&self, making: &Making<'_>) -> Result<Told, Failure> {
        let folder = making.results.folder(StageKind::Embed, &self.embeddings)?;
        let found = Separability::of(&folder.join(embed::FILE), self.way).map_err(Failure::data)?;
        let text = serde_json::to_vec(&found).map_err(|e| Failure::Internal(e.to_string()))?;
        write_whole(&making.folder.join(FILE), &text)?;
        Ok(Told::Nothing)
    }
}

/// What was found, from the folder of a result.
///
/// # Errors
/// A file that is not there or damaged.
pub fn found(folder: &std::path::Path) -> Result<Separability, Failure> {
    let path = folder.join(FILE);
    serde_json::from_slice(&contents(&path)?)
        .map_err(|e| Failure::data(format!("{}: {e}", path.display())))
}
