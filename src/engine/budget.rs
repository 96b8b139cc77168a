//! What the variants of a matrix cost together, beside the budget that is declared.

use std::collections::{BTreeMap, BTreeSet};

use super::cost::Costs;
use super::graph::{Plan, Stage};
use super::kind::StageKind;
use super::reason::Reason;
use proofmark_base::work::Failure;
use proofmark_lang::model::{Budget, Placed, Project};
use proofmark_lang::span::Origin;

/// Seconds of an hour.
const HOUR: f64 = 3600.0;

/// The trainings of an experiment in variants.
#[derive(Clone, Debug)]
pub struct Matrix<'a> {
    /// The experiment that declares them.
    pub experiment: &'a str,
    /// Its trainings, each model once.
    pub trainings: usize,
    /// How many of them have no result yet.
    pub open: usize,
    /// Hours that all of them take on this processor, roughly, if that is known.
    pub hours: Option<f64>,
    /// What they may cost.
    pub budget: Option<&'a Placed<Budget>>,
}

/// How the cost of a matrix stands to its budget.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// It is within.
    Within,
    /// It is over, as a sentence says of the declaration there.
    Over(String, Origin),
    /// The hours are not known yet.
    Unknown(String, Origin),
}

/// The matrices of a plan, in the order of their experiments; `reasons` are those of its stages.
///
/// # Errors
/// Data from which a stage cannot be made.
pub fn matrices<'a>(
    project: &'a Project,
    plan: &Plan,
    reasons: &[Reason],
    costs: &mut Costs<'_>,
) -> Result<Vec<Matrix<'a>>, Failure> {
    let mut matrices: BTreeMap<&str, Matrix<'a>> = BTreeMap::new();
    let mut keys: BTreeSet<(&str, &str)> = BTreeSet::new();
    let stages = plan.stages.iter().zip(reasons);
    let trained: BTreeMap<&str, (&Stage, &Reason)> = stages
        .filter(|(stage, _)| stage.nature().kind == StageKind::Train)
        .map(|(stage, reason)| (stage.key.as_str(), (stage, reason)))
        .collect();
    for (name, key) in &plan.models {
        let Some(experiment) = project.experiments.get(name) else { continue };
        // One that takes a variant trains nothing itself.
        let variant = experiment.variant.as_ref().filter(|_| experiment.choice.is_none());
        let (Some(variant), Some((stage, reason))) = (variant, trained.get(key.as_str())) else {
            continue;
        };
        if !keys.insert((&variant.of, key)) {
            continue;
        }
        let of = matrices.entry(&variant.of).or_insert_with(|| Matrix {
            experiment: &variant.of,
            trainings: 0,
            open: 0,
            hours: Some(0.0),
            budget: variant.budget.as_ref(),
        });
        let cost = stage.work.cost(costs)?;
        let hours = costs.seconds(&cost).map(|seconds| seconds / HOUR);
        of.trainings += 1;
        of.open += usize::from(**reason != Reason::Reuse);
        of.hours = of.hours.zip(hours).map(|(all, this)| all + this);
    }
    Ok(matrices.into_values().collect())
}

impl Matrix<'_> {
    /// That it is not above its budget; what is trained already costs nothing any more.
    ///
    /// # Errors
    /// [`Failure::Budget`] where it is above, or where that is not known.
    pub fn within(&self) -> Result<(), Failure> {
        match self.verdict() {
            Verdict::Within => Ok(()),
            Verdict::Over(text, at) | Verdict::Unknown(text, at) => {
                Err(Failure::Budget(text.into()).at(at, "the budget"))
            }
        }
    }

    /// How it stands to its budget.
    pub fn verdict(&self) -> Verdict {
        let Some(budget) = self.budget.filter(|_| self.open > 0) else { return Verdict::Within };
        let name = self.experiment;
        if let Some(most) = budget.trainings
            && self.trainings as u64 > most
        {
            let text = format!(
                "the variants of `{name}` are {} trainings, over its budget of {most}",
                self.trainings
            );
            return Verdict::Over(text, budget.at.trainings);
        }
        match (budget.hours, self.hours) {
            (Some(most), Some(hours)) if hours > most => Verdict::Over(
                format!(
                    "the variants of `{name}` take about {hours:.1} hours on this processor, over \
                     its budget of {most}"
                ),
                budget.at.hours,
            ),
            (Some(_), None) => Verdict::Unknown(
                format!(
                    "how many hours the variants of `{name}` take is not known before their faces \
                     are cut, as `proofmark prepare` does"
                ),
                budget.at.hours,
            ),
            (Some(_), Some(_)) | (None, _) => Verdict::Within,
        }
    }
}
