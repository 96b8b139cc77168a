//! From a declared metric to the measure of a row: names, and thresholds chosen on
//! validation.

use super::build::{Evidence, ScoreKey};
use crate::evaluate::measure::Measure;
use crate::evaluate::metrics::Ranking;
use crate::lang::model::{Level, Metric, MetricSpec, Parameter, Project, Threshold};

/// The name of a metric for readers, with its number.
pub(super) fn label(spec: &MetricSpec) -> String {
    match (spec.metric.value, spec.parameter) {
        (Metric::Auc, _) => "AUC".into(),
        (Metric::BalancedAccuracy, _) => "balanced accuracy".into(),
        (Metric::Eer, _) => "EER".into(),
        (Metric::AveragePrecision, _) => "average precision".into(),
        (Metric::Accuracy, _) => "accuracy".into(),
        (Metric::Tpr, Parameter::Fpr(fpr)) => {
            format!("TPR at {} % FPR", (fpr.value * 1e8).round() / 1e6)
        }
        (Metric::Tpr, _) => "TPR".into(),
        (Metric::Brier, _) => "Brier score".into(),
        (Metric::Ece, Parameter::Bins(bins)) => {
            format!("calibration error in {} bins", bins.value)
        }
        (Metric::Ece, _) => "calibration error".into(),
    }
}

/// The threshold that a metric declares, where it needs one.
pub(super) fn threshold(spec: &MetricSpec) -> Option<Threshold> {
    match spec.parameter {
        Parameter::Threshold(threshold) => Some(threshold.value),
        _ => None,
    }
}

/// What is computed for a row, and its threshold where it needs one.
///
/// # Errors
/// Why no threshold can be chosen.
pub(super) fn measure(
    spec: &MetricSpec,
    project: &Project,
    experiment: &str,
    evidence: &Evidence,
) -> Result<(Measure, Option<f64>), String> {
    let threshold = match threshold(spec) {
        Some(Threshold::Fixed(threshold)) => threshold,
        Some(Threshold::Val) => chosen(project, experiment, spec.level.value, evidence)?,
        None => return Ok((without(spec), None)),
    };
    let measure = match spec.metric.value {
        Metric::Accuracy => Measure::Accuracy { threshold },
        _ => Measure::BalancedAccuracy { threshold },
    };
    Ok((measure, Some(threshold)))
}

/// The measure of a metric that has no threshold.
fn without(spec: &MetricSpec) -> Measure {
    match (spec.metric.value, spec.parameter) {
        (Metric::Eer, _) => Measure::Eer,
        (Metric::AveragePrecision, _) => Measure::AveragePrecision,
        (Metric::Brier, _) => Measure::Brier,
        (Metric::Tpr, Parameter::Fpr(fpr)) => Measure::Tpr { fpr: fpr.value },
        (Metric::Ece, Parameter::Bins(bins)) => Measure::Ece { bins: bins.value },
        _ => Measure::Auc,
    }
}

/// The threshold of the highest balanced accuracy on all validation splits together.
fn chosen(
    project: &Project,
    experiment: &str,
    level: Level,
    evidence: &Evidence,
) -> Result<f64, String> {
    let mut pairs = Vec::new();
    let sources = project.experiments.get(experiment).into_iter();
    for (dataset, split) in sources.flat_map(|experiment| experiment.data.validation()) {
        let key = ScoreKey { experiment: experiment.to_owned(), dataset, split, corruption: None };
        let scored = match evidence.scores.get(&key) {
            Some(Ok(scored)) => scored,
            Some(Err(reason)) => return Err(format!("its threshold: {reason}")),
            None => {
                let ScoreKey { dataset, .. } = key;
                return Err(format!(
                    "its threshold: {experiment} was not scored on the validation split of {dataset}"
                ));
            }
        };
        pairs.extend(scored.at(level).rows.iter().map(|row| (row.fake, row.score)));
    }
    let ranking = Ranking::new(pairs).map_err(|e| format!("its threshold: {e}"))?;
    ranking.best_threshold().map_err(|e| format!("its threshold: on validation {e}"))
}
