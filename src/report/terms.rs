//! How much each term of an objective contributed to a training.

use super::evidence::Evidence;
use proofmark_lang::model::{Experiment, Project, Table};
use proofmark_train::journal::record::{EpochRecord, LossPart, contributions};

/// Names the rows whose terms differ by more than the factor that the table declares.
pub(super) fn note(project: &Project, table: &Table, evidence: &Evidence) -> Option<String> {
    let within = table.terms.as_ref()?.within;
    let mut rows = Vec::new();
    for row in &table.rows {
        let several = row.experiments().count() > 1;
        for name in row.experiments() {
            let (Some(experiment), Some(epochs)) =
                (evidence.model(project, name), evidence.epochs.get(name))
            else {
                continue;
            };
            let Some(words) = uneven(experiment, epochs, within) else { continue };
            let seed = match several {
                true => format!(" with seed {}", experiment.recipe.seed),
                false => String::new(),
            };
            rows.push(format!("{}{seed} ({words})", row.label));
        }
    }
    (!rows.is_empty()).then(|| {
        format!(
            "Terms of an objective that differ by more than a factor of {within}, weighted and \
             averaged over the training: {}.",
            rows.join(", ")
        )
    })
}

/// The terms in words, if the largest and the smallest differ by more than a factor.
fn uneven(experiment: &Experiment, epochs: &[EpochRecord], within: f64) -> Option<String> {
    let mut means = means(experiment, epochs)?;
    means.sort_by(|a, b| b.value.abs().total_cmp(&a.value.abs()));
    let sizes = || means.iter().map(|term| term.value.abs());
    let (least, most) = (sizes().fold(f64::INFINITY, f64::min), sizes().fold(0.0, f64::max));
    if means.len() < 2 || most <= least * within {
        return None;
    }
    let each = means.iter().map(|term| format!("{} {}", term.term, figures(term.value)));
    Some(each.collect::<Vec<_>>().join(", "))
}

/// The mean of each weighted term over all steps of a training.
fn means(experiment: &Experiment, epochs: &[EpochRecord]) -> Option<Vec<LossPart>> {
    let steps: f64 = epochs.iter().map(|epoch| epoch.steps as f64).sum();
    let mut means: Vec<LossPart> = Vec::new();
    for epoch in epochs {
        for part in contributions(epoch, &experiment.loss)? {
            let value = part.value * epoch.steps as f64 / steps;
            match means.iter_mut().find(|mean| mean.term == part.term) {
                Some(mean) => mean.value += value,
                None => means.push(LossPart { term: part.term, value }),
            }
        }
    }
    (steps > 0.0).then_some(means)
}

/// Three significant figures.
fn figures(value: f64) -> String {
    if value == 0.0 || value.abs() >= 0.001 {
        let digits = if value.abs() >= 1.0 { 2 } else { 4 };
        format!("{value:.digits$}")
    } else {
        format!("{value:.1e}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proofmark_lang::{MemoryFiles, load};

    const TEXT: &str = "dataset a { layout demo capture=studio; manipulation swap-seam }
        ensemble one { source a }
        backbone tiny { vit patch=8 width=16 depth=2 heads=2 image=32 }
        init scratch { random }
        recipe short { epochs 2; batch 8; adamw lr=1e-3 }
        experiment x { data one; backbone tiny; init scratch; recipe short
            loss { cross-entropy; triplet batch-all margin=0.3 weight=0.1 } }
        table t { row x \"X\"; scenario S { column a }; metric auc; terms within=10 }";

    fn said(steps: [u64; 2], parts: [[f64; 2]; 2], recorded: bool) -> Option<String> {
        let loaded =
            load(std::path::Path::new("x.kdl"), &MemoryFiles::default().with("x.kdl", TEXT));
        assert!(!loaded.has_errors(), "{:?}", loaded.diagnostics);
        let part = |term: &str, value| LossPart { term: term.to_owned(), value };
        let epoch = |(steps, [ce, ba]): (u64, [f64; 2])| EpochRecord {
            steps,
            parts: vec![part("cross-entropy", ce), part("batch-all", ba)],
            weighted: match recorded {
                true => vec![part("cross-entropy", ce), part("batch-all", ba * 0.1)],
                false => Vec::new(),
            },
            ..EpochRecord::default()
        };
        let epochs: Vec<EpochRecord> = steps.into_iter().zip(parts).map(epoch).collect();
        let mut evidence = Evidence::default();
        evidence.epochs.insert("x".to_owned(), epochs);
        note(&loaded.project, &loaded.project.tables[0], &evidence)
    }

    #[test]
    fn rows_whose_terms_are_far_apart_are_named() {
        // Of 4 steps three have the first epoch's mean: 0.6 and 0.1 * 0.5.
        let found = said([3, 1], [[0.7, 0.6], [0.3, 0.2]], true).unwrap();
        assert!(found.ends_with(": X (cross-entropy 0.6000, batch-all 0.0500)."), "{found}");
        // What was trained before contributions were recorded is told by its weights.
        assert_eq!(said([3, 1], [[0.7, 0.6], [0.3, 0.2]], false), Some(found));
        assert_eq!(said([1, 1], [[0.7, 0.9], [0.3, 0.9]], true), None, "a factor of 5.6");
        let nothing = said([1, 1], [[0.7, 0.0], [0.3, 0.0]], true).unwrap();
        assert!(nothing.contains("batch-all 0.0000"), "{nothing}");
    }
}
