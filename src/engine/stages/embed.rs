//! A model and a split of a data set to embeddings: made where somebody or a table asks for them.

use std::collections::BTreeSet;

use super::model_pass::{ModelPass, Passed};
use crate::engine::cost::{Cost, Costs};
use crate::engine::graph::{Making, Nature, Planning, Told, Until, Work};
use crate::engine::kind::{Need, StageKind};
use proofmark_base::provenance::Provenance;
use proofmark_base::work::Failure;
use proofmark_evaluate::embeddings::{Embedding, EmbeddingsError, EmbeddingsWriter};
use proofmark_lang::model::Project;
use proofmark_lang::span::Origin;
use proofmark_plan::facts::Facts;
use proofmark_plan::inputs::Inputs;
use proofmark_plan::scope::Target;

/// The file of the stage's result.
pub const FILE: &str = "embeddings.parquet";
/// Raised whenever the same model gives other embeddings than before.
const VERSION: u32 = 1;

/// Plans the embeddings that are wanted.
pub fn plan(planning: &mut Planning<'_>) {
    let Some(wanted) = planning.plan.wanted.clone() else { return };
    let named = |wanted: &Option<String>, name: &str| wanted.as_deref().is_none_or(|w| w == name);
    for experiment in planning.experiments.clone() {
        let name = &experiment.name;
        let mut models = planning.plan.models.iter();
        let Some((_, model)) = models.find(|(of, _)| of == name).cloned() else { continue };
        let scored = || planning.plan.scores.iter().filter(|scores| scores.of == *name);
        // One that is only chosen from is not looked at, unless it is named.
        let is_shown = experiment.variant.is_none() || scored().next().is_some();
        if !is_shown && !planning.project.tables.is_empty() && wanted.experiment.is_none() {
            continue;
        }
        let mut targets: BTreeSet<Target> =
            scored().map(|scores| Target { corruption: None, ..scores.target.clone() }).collect();
        if let Some(split) = wanted.split {
            let trained = experiment.data.sources.iter().map(|source| source.dataset.clone());
            let scored = targets.into_iter().map(|target| target.dataset);
            let all: BTreeSet<String> = scored.chain(trained).collect();
            targets = all
                .into_iter()
                .map(|dataset| Target { dataset, split, corruption: None })
                .collect();
        }
        for target in targets {
            let is_empty = wanted.empty.contains(&(target.dataset.clone(), target.split));
            if !is_empty
                && named(&wanted.experiment, name)
                && named(&wanted.dataset, &target.dataset)
            {
                let pass = ModelPass::of(planning, &experiment, &model, target.clone());
                let Some(pass) = pass else { continue };
                let key = planning.add(EmbedSplit { pass, for_table: false });
                planning.plan.embeddings.push((target, name.clone(), key));
            }
        }
    }
}

/// The embeddings that a table's separability is measured of.
pub(super) fn for_table(pass: ModelPass) -> impl Work + 'static {
    EmbedSplit { pass, for_table: true }
}

/// The embeddings of a model, of faces that are never corrupted.
#[derive(Debug)]
struct EmbedSplit {
    pass: ModelPass,
    /// Whether a table needs them; else they are asked for by name.
    for_table: bool,
}

impl Work for EmbedSplit {
    fn nature(&self) -> Nature {
        Nature {
            kind: StageKind::Embed,
            until: if self.for_table { Until::Evaluate } else { Until::Embed },
            goes_on: false,
            shares_cores: true,
            divides: false,
        }
    }

    fn name(&self) -> String {
        let Target { dataset, split, .. } = &self.pass.target;
        format!("{} on {dataset} ({})", self.pass.experiment.name, split.word())
    }

    fn inputs(&self, _project: &Project, facts: &Facts) -> Inputs {
        self.pass.inputs(VERSION, facts)
    }

    fn needs(&self) -> Vec<Need> {
        self.pass.needs()
    }

    fn experiment(&self) -> Option<&str> {
        Some(&self.pass.experiment.name)
    }

    fn provenance(&self, making: &Making<'_>) -> Result<Provenance, Failure> {
        making.devices.provenance(&self.pass.experiment)
    }

    fn declared(&self) -> (Origin, &'static str) {
        (self.pass.experiment.at.name, "this experiment")
    }

    fn cost(&self, costs: &mut Costs<'_>) -> Result<Cost, Failure> {
        self.pass.cost(costs)
    }

    /// The embedding of every face of the target.
    fn make(&self, making: &Making<'_>) -> Result<Told, Failure> {
        let failed = |e: EmbeddingsError| Failure::run(e);
        let file = making.folder.join(FILE);
        let writer = self.pass.run(
            making,
            |_, metadata| EmbeddingsWriter::create(&file, metadata).map_err(failed),
            |network, images| network.embed(images, None)?.to_vec2::<f32>(),
            |writer: &mut EmbeddingsWriter, Passed { face: of, values, .. }| {
                writer.push(Embedding { of, values }).map_err(failed)
            },
        )?;
        writer.finish().map_err(failed)?;
        Ok(Told::Nothing)
    }
}
