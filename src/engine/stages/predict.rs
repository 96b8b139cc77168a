//! A model and a split of a data set to scores.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::calibrate::{Calibrated, calibration};
use super::model_pass::{ModelPass, Passed};
use super::outside;
use super::scores::{FILE, NATURE, VERSION};
use crate::engine::cost::{Cost, Costs};
use crate::engine::graph::{Making, Nature, Planning, Scores, Told, Work};
use crate::engine::kind::Need;
use proofmark_base::provenance::Provenance;
use proofmark_base::work::Failure;
use proofmark_evaluate::predictions::{Prediction, PredictionsError, PredictionsWriter};
use proofmark_lang::model::{Experiment, Placed, Project, Table};
use proofmark_lang::span::Origin;
use proofmark_plan::facts::Facts;
use proofmark_plan::inputs::{Inputs, Observed};
use proofmark_plan::scope::{Target, targets_of};

/// Plans the scores of every row of every table.
pub fn plan(planning: &mut Planning<'_>) {
    let experiments: BTreeMap<String, Arc<Placed<Experiment>>> =
        planning.experiments.iter().map(|e| (e.name.clone(), Arc::clone(e))).collect();
    let models: BTreeMap<String, String> = planning.plan.models.iter().cloned().collect();
    let project = planning.project;
    for table in &project.tables {
        for row in &table.rows {
            if let Some(file) = &row.predictions {
                outside::plan(planning, table, &row.experiment, file);
                continue;
            }
            for name in row.experiments() {
                if let (Some(experiment), Some(model)) = (experiments.get(name), models.get(name)) {
                    of_model(planning, table, experiment, model);
                }
            }
        }
    }
}

/// Plans what an experiment is scored on for a table.
fn of_model(
    planning: &mut Planning<'_>,
    table: &Table,
    experiment: &Arc<Placed<Experiment>>,
    model: &str,
) {
    let reported = targets_of(table, experiment);
    let mut all: BTreeSet<Target> = reported.clone();
    if table.validates() {
        let validation = experiment.data.validation();
        let target = |(dataset, split)| Target { dataset, split, corruption: None };
        all.extend(validation.map(target));
    }
    let raw = |planning: &mut Planning<'_>, target: &Target| {
        let pass = ModelPass::of(planning, experiment, model, target.clone())?;
        let is_reported = reported.contains(target);
        Some(planning.add(ScoreSplit { pass, is_reported }))
    };
    let calibration = experiment.calibrate.and_then(|method| {
        let target = |(dataset, split)| Target { dataset, split, corruption: None };
        let targets: BTreeSet<Target> = experiment.data.validation().map(target).collect();
        let scores = targets.into_iter().map(|target| Some((raw(planning, &target)?, target)));
        let scores: Option<Vec<_>> = scores.collect();
        Some(calibration(planning, experiment, method, scores?))
    });
    for target in all {
        let Some(mut key) = raw(planning, &target) else { continue };
        if let Some(calibration) = &calibration {
            key = planning.add(Calibrated {
                experiment: Arc::clone(experiment),
                target: target.clone(),
                scores: key,
                calibration: calibration.clone(),
            });
        }
        let of = experiment.name.clone();
        planning.scores(Scores { of, outside: false, target, key });
    }
}

/// The scores of a model.
#[derive(Debug)]
struct ScoreSplit {
    pass: ModelPass,
    /// Whether a column shows it; else it chooses a threshold.
    is_reported: bool,
}

impl Work for ScoreSplit {
    fn nature(&self) -> Nature {
        NATURE
    }

    fn name(&self) -> String {
        let Target { dataset, split, corruption } = &self.pass.target;
        let mut name = format!("{} on {dataset}", self.pass.experiment.name);
        if let Some(corruption) = corruption {
            name += &format!(", {corruption}");
        }
        if !self.is_reported {
            name += &format!(" ({})", split.word());
        }
        name
    }

    fn inputs(&self, _project: &Project, facts: &Facts) -> Inputs {
        let inputs = self.pass.inputs(VERSION, facts);
        match self.pass.target.corruption {
            Some(corruption) => inputs.with("corruption", corruption).finding(
                "corruption-version",
                Observed::Version,
                corruption.kind.version,
            ),
            None => inputs,
        }
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

    /// A score for every face of the target.
    fn make(&self, making: &Making<'_>) -> Result<Told, Failure> {
        let failed = |e: PredictionsError| Failure::run(e);
        let file = making.folder.join(FILE);
        let writer = self.pass.run(
            making,
            |card, metadata| {
                PredictionsWriter::create(&file, &card.classes, metadata).map_err(failed)
            },
            |network, images| network.probabilities(images),
            |writer: &mut PredictionsWriter, Passed { face: of, area, values }| {
                let row = Prediction { of, area, probabilities: values, exact: None };
                writer.push(row).map_err(failed)
            },
        )?;
        writer.finish().map_err(failed)?;
        Ok(Told::Nothing)
    }
}
