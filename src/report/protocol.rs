//! How the training of a table's rows differs, so that no comparison is silently unfair.

use crate::lang::model::{Experiment, Project, Table};

/// A sentence for each row whose training data or input differ from the first row's.
pub(super) fn notes(project: &Project, table: &Table) -> Vec<String> {
    let mut rows = table.rows.iter().filter_map(|row| {
        Some((row.label.value.as_str(), project.experiments.get(&row.experiment.value)?))
    });
    let Some((first_label, first)) = rows.next() else { return Vec::new() };
    rows.filter_map(|(label, experiment)| {
        let differences: Vec<String> = protocol(experiment)
            .into_iter()
            .zip(protocol(first))
            .filter(|(ours, theirs)| ours != theirs)
            .map(|(ours, theirs)| format!("{ours} rather than {theirs}"))
            .collect();
        (!differences.is_empty()).then(|| {
            format!("{label} differs from {first_label} in its data: {}.", differences.join("; "))
        })
    })
    .collect()
}

/// What has to be the same for a fair comparison, in words.
fn protocol(experiment: &Experiment) -> [String; 3] {
    let mut sources: Vec<String> = experiment
        .data
        .sources
        .iter()
        .map(|source| {
            let (train, val) = (source.train.value.word(), source.val.value.word());
            match (train, val) {
                ("train", "val") => source.dataset.value.clone(),
                _ => format!("{} (train={train} val={val})", source.dataset.value),
            }
        })
        .collect();
    // The order of sources means nothing.
    sources.sort_unstable();
    let sample = match &experiment.data.sample {
        None => "all".to_owned(),
        Some(rule) => {
            let (real, fake) = rule.real_to_fake.value;
            let (least, seed) = (rule.at_least.value, rule.seed.value);
            format!("{real}:{fake} of at least {least} per video, seed {seed}")
        }
    };
    [
        format!("trained on {}", sources.join(", ")),
        format!("faces sampled: {sample}"),
        format!("images of {} pixels", experiment.backbone.image.value),
    ]
}

#[cfg(test)]
#[path = "protocol_tests.rs"]
mod tests;
