//! From a declared metric to the measure of a row: names, and thresholds chosen on
//! validation.

use super::evidence::{Evidence, ScoreKey};
use proofmark_lang::model::{Level, MetricSpec, Parameter, Project, Threshold};
use proofmark_metrics::{Measure, Number, Ranking};

/// The name of a metric for readers, with its number.
pub(super) fn label(spec: &MetricSpec) -> String {
    (spec.metric.label)(match spec.parameter {
        Parameter::Fpr(fpr) => Some(fpr),
        Parameter::Bins(bins) => Some(f64::from(bins)),
        Parameter::None | Parameter::Threshold(_) => None,
    })
}

/// What is computed for a row, and its threshold where it needs one.
///
/// # Errors
/// Why no threshold can be chosen, or that the metric lacks its number: it is never taken for
/// another one.
pub(super) fn measure(
    spec: &MetricSpec,
    project: &Project,
    experiment: &str,
    evidence: &Evidence,
) -> Result<(Measure, Option<f64>), String> {
    let metric = spec.metric;
    let Some(needed) = metric.needs else { return Ok((metric.into(), None)) };
    match (needed.number, spec.parameter) {
        (Number::Threshold, Parameter::Threshold(threshold)) => {
            let threshold = match threshold {
                Threshold::Fixed(threshold) => threshold,
                Threshold::Val => chosen(project, experiment, spec.level, evidence)?,
            };
            Ok((metric.at(threshold), Some(threshold)))
        }
        (Number::Fpr, Parameter::Fpr(fpr)) => Ok((metric.at(fpr), None)),
        (Number::Bins, Parameter::Bins(bins)) => Ok((metric.at(f64::from(bins)), None)),
        (Number::Threshold | Number::Fpr | Number::Bins, _) => {
            Err(format!("{} is declared without its {}", label(spec), needed.number.name()))
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use proofmark_metrics::{ACCURACY, BALANCED_ACCURACY, BRIER, ECE, TPR};

    #[test]
    fn a_metric_without_its_number_is_no_other_metric() {
        let of = |metric| {
            let level = Level::Video;
            let spec = MetricSpec { metric, parameter: Parameter::None, level };
            measure(&spec, &Project::default(), "x", &Evidence::default())
        };
        for (metric, what) in [
            (TPR, "TPR is declared without its false-positive rate"),
            (ECE, "calibration error is declared without its number of bins"),
            (ACCURACY, "accuracy is declared without its threshold"),
            (BALANCED_ACCURACY, "balanced accuracy is declared without its threshold"),
        ] {
            assert_eq!(of(metric), Err(what.to_owned()));
        }
        assert_eq!(of(BRIER), Ok((BRIER.into(), None)));
    }
}
