//! What a table says of rows whose model is one of several variants.

use super::choice::settings;
use super::evidence::Evidence;
use super::table::ShownVariant;
use proofmark_lang::model::{Choice, Experiment, Project, Row, Table};

/// The experiments of a row whose model is one of several variants.
fn choosing<'a>(
    project: &'a Project,
    row: &'a Row,
) -> impl Iterator<Item = (&'a Experiment, &'a Choice)> {
    let experiments = row.experiments().filter_map(|name| project.experiments.get(name));
    experiments.filter_map(|experiment| Some((&**experiment, experiment.choice.as_ref()?)))
}

/// For each row that shows a chosen variant, which it is, or what is missing for the choice.
pub(super) fn notes(project: &Project, table: &Table, evidence: &Evidence) -> Vec<String> {
    let mut notes = Vec::new();
    // Published numbers alone are nothing that could be trained.
    if evidence.scores.is_empty() {
        return notes;
    }
    for row in &table.rows {
        let several = row.experiments().count() > 1;
        for (experiment, choice) in choosing(project, row) {
            let seed = experiment.recipe.seed;
            let of = match several {
                true => format!("{} with seed {seed}", row.label),
                false => row.label.clone(),
            };
            let chosen = evidence.choices.get(&experiment.name);
            notes.push(match chosen.filter(|chosen| chosen.variant_of(choice).is_some()) {
                Some(chosen) => format!("{of} is the variant {}.", chosen.words(choice)),
                None => format!("{of} is not chosen yet: {}.", missing(choice, evidence)),
            });
        }
    }
    notes
}

/// The variants that are not trained.
fn missing(choice: &Choice, evidence: &Evidence) -> String {
    let open = choice.variants.iter().filter(|name| !evidence.epochs.contains_key(*name));
    let open: Vec<String> = open.map(|name| settings(name)).collect();
    let of = choice.variants.len();
    match open.as_slice() {
        [] => format!("its {of} variants are trained, and none is taken"),
        open => format!(
            "{} of {of} variants {} not trained ({})",
            open.len(),
            if open.len() == 1 { "is" } else { "are" },
            open.join("; ")
        ),
    }
}

/// The experiments of a row that take a variant, with the variant.
pub(super) fn shown(project: &Project, table: &Table, evidence: &Evidence) -> Vec<ShownVariant> {
    let of = |row: &Row| {
        let shown = |(experiment, choice): (&Experiment, &Choice)| {
            let chosen = evidence.choices.get(&experiment.name)?;
            Some(ShownVariant {
                row: row.experiment.clone(),
                experiment: experiment.name.clone(),
                variant: chosen.variant_of(choice)?.to_owned(),
                by: choice.words(),
                value: chosen.best().value,
                values: chosen.candidates.iter().map(|candidate| candidate.value).collect(),
                variants: choice.variants.clone(),
            })
        };
        choosing(project, row).filter_map(shown).collect::<Vec<_>>()
    };
    table.rows.iter().flat_map(|row| of(row)).collect()
}
