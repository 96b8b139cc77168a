//! From a declared metric to the measure of a row: names, and thresholds chosen on
//! validation.

use super::evidence::{Evidence, ScoreKey};
use proofmark_evaluate::measure::Measure;
use proofmark_evaluate::metrics::Ranking;
use proofmark_lang::model::{Level, Metric, MetricSpec, Parameter, Project, Threshold};

/// The name of a metric for readers, with its number.
pub(super) fn label(spec: &MetricSpec) -> String {
    match spec.metric.value {
        Metric::Auc => "AUC".into(),
        Metric::BalancedAccuracy => "balanced accuracy".into(),
        Metric::Eer => "EER".into(),
        Metric::AveragePrecision => "average precision".into(),
        Metric::Accuracy => "accuracy".into(),
        Metric::Tpr => match fpr(spec.parameter) {
            Some(fpr) => format!("TPR at {} % FPR", (fpr * 1e8).round() / 1e6),
            None => "TPR".into(),
        },
        Metric::Brier => "Brier score".into(),
        Metric::Ece => match bins(spec.parameter) {
            Some(bins) => format!("calibration error in {bins} bins"),
            None => "calibration error".into(),
        },
    }
}

/// The false-positive rate, if the parameter is one.
fn fpr(parameter: Parameter) -> Option<f64> {
    match parameter {
        Parameter::Fpr(fpr) => Some(fpr.value),
        Parameter::None | Parameter::Threshold(_) | Parameter::Bins(_) => None,
    }
}

/// The number of bins, if the parameter is one.
fn bins(parameter: Parameter) -> Option<u32> {
    match parameter {
        Parameter::Bins(bins) => Some(bins.value),
        Parameter::None | Parameter::Threshold(_) | Parameter::Fpr(_) => None,
    }
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
    let lacking = |what: &str| format!("{} is declared without its {what}", label(spec));
    let threshold = || match spec.parameter.threshold() {
        Some(Threshold::Fixed(threshold)) => Ok(threshold),
        Some(Threshold::Val) => chosen(project, experiment, spec.level.value, evidence),
        None => Err(lacking("threshold")),
    };
    Ok(match spec.metric.value {
        Metric::Auc => (Measure::Auc, None),
        Metric::Eer => (Measure::Eer, None),
        Metric::AveragePrecision => (Measure::AveragePrecision, None),
        Metric::Brier => (Measure::Brier, None),
        Metric::Accuracy => {
            let threshold = threshold()?;
            (Measure::Accuracy { threshold }, Some(threshold))
        }
        Metric::BalancedAccuracy => {
            let threshold = threshold()?;
            (Measure::BalancedAccuracy { threshold }, Some(threshold))
        }
        Metric::Tpr => {
            let fpr = fpr(spec.parameter).ok_or_else(|| lacking("false-positive rate"))?;
            (Measure::Tpr { fpr }, None)
        }
        Metric::Ece => {
            let bins = bins(spec.parameter).ok_or_else(|| lacking("number of bins"))?;
            (Measure::Ece { bins }, None)
        }
    })
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
    use proofmark_lang::span::Spanned;

    #[test]
    fn a_metric_without_its_number_is_no_other_metric() {
        let of = |metric| {
            let metric = Spanned::default_of(metric);
            let level = Spanned::default_of(Level::Video);
            let spec = MetricSpec { metric, parameter: Parameter::None, level };
            measure(&spec, &Project::default(), "x", &Evidence::default())
        };
        for (metric, what) in [
            (Metric::Tpr, "TPR is declared without its false-positive rate"),
            (Metric::Ece, "calibration error is declared without its number of bins"),
            (Metric::Accuracy, "accuracy is declared without its threshold"),
            (Metric::BalancedAccuracy, "balanced accuracy is declared without its threshold"),
        ] {
            assert_eq!(of(metric), Err(what.to_owned()));
        }
        assert_eq!(of(Metric::Brier), Ok((Measure::Brier, None)));
    }
}
