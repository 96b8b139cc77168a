//! Training, selection and reporting on the same media.

use crate::diagnostic::{Code, Diagnostic, Sink};
use crate::model::{
    Column, Experiment, Project, Promise, Row, Scenario, Source, Split, SplitRule, Table,
};
use crate::span::Spanned;

/// Reports splits that are used twice, or that do not exist.
pub(super) fn leaks(project: &Project, sink: &mut Sink) {
    for experiment in project.experiments.values() {
        for source in &experiment.data.sources {
            trains_on_test(source, sink);
            let parts = [&source.train, &source.val];
            for split in parts {
                has_split(project, &source.dataset, split, sink);
            }
        }
    }
    for table in &project.tables {
        for scenario in &table.scenarios {
            for (dataset, split) in scenario.columns.iter().filter_map(reported) {
                has_split(project, dataset, split, sink);
                if scenario.holds_out() {
                    shown_by_none(project, table, scenario, dataset, sink);
                    continue;
                }
                for (experiment, source) in sources_of(project, table, &dataset.value) {
                    reports_what_it_saw(experiment, source, dataset, split, sink);
                    seen_in_training(experiment, source, dataset, scenario, sink);
                }
            }
        }
    }
}

/// Reports a column of a held-out scenario in which every cell would be `–`.
fn shown_by_none(
    project: &Project,
    table: &Table,
    scenario: &Scenario,
    dataset: &Spanned<String>,
    sink: &mut Sink,
) {
    let trains = |name: &str| {
        let experiment = project.experiments.get(name);
        experiment.is_none_or(|experiment| experiment.data.trains_on(&dataset.value))
    };
    let hidden = |row: &Row| row.predictions.is_none() && row.experiments().any(trains);
    if !table.rows.is_empty() && table.rows.iter().all(hidden) {
        let name = &dataset.value;
        sink.report(
            Diagnostic::error(Code::SeenInTraining, format!("no row holds out `{name}`"))
                .text("a held-out scenario shows a row on data sets that it does not train on")
                .at(
                    dataset.origin,
                    format!("every row of \"{}\" trains on it", scenario.name.value),
                )
                .help(format!("add a row whose experiment has `data .. without={name}`")),
        );
    }
}

/// Whether a scenario corrupts a data set: how a model bears that is asked of what it knows, too.
fn corrupted(columns: &[Column], dataset: &Spanned<String>) -> bool {
    let of =
        |column: &Column| matches!(column, Column::Corrupted { dataset: of, .. } if of == dataset);
    columns.iter().any(of)
}

/// The data set and split of a column.
fn reported(column: &Column) -> Option<(&Spanned<String>, &Spanned<Split>)> {
    match column {
        Column::Dataset { dataset, split, .. }
        | Column::PerManipulation { dataset, split, .. }
        | Column::PerValue { dataset, split, .. }
        | Column::Corrupted { dataset, split, .. } => Some((dataset, split)),
        Column::Average { .. } => None,
    }
}

/// The rows of a table that train on a data set.
fn sources_of<'a>(
    project: &'a Project,
    table: &'a Table,
    dataset: &'a str,
) -> impl Iterator<Item = (&'a Experiment, &'a Source)> {
    let names = table.rows.iter().flat_map(Row::experiments);
    let experiments = names.filter_map(|name| project.experiments.get(name));
    experiments.flat_map(move |experiment| {
        let sources = experiment.data.sources.iter();
        sources.filter(move |s| s.dataset.value == dataset).map(move |s| (experiment, s))
    })
}

fn word(split: Split) -> &'static str {
    match split {
        Split::Train => "train",
        Split::Val => "val",
        Split::Test => "test",
    }
}

fn trains_on_test(source: &Source, sink: &mut Sink) {
    if source.train.value == Split::Test {
        sink.report(
            Diagnostic::warning(Code::TrainsOnTest, "training on a test split")
                .text("no number on this test split means anything afterwards")
                .at(source.train.origin, "the test split")
                .help("train on `train`"),
        );
    }
}

fn reports_what_it_saw(
    experiment: &Experiment,
    source: &Source,
    dataset: &Spanned<String>,
    split: &Spanned<Split>,
    sink: &mut Sink,
) {
    let name = &experiment.name.value;
    if split.value == source.train.value {
        let at = if split.origin.is_default() { dataset.origin } else { split.origin };
        let seen = if source.train.origin.is_default() {
            &source.dataset.origin
        } else {
            &source.train.origin
        };
        sink.report(
            Diagnostic::error(Code::TrainsOnTest, "a column reports what was trained on")
                .text(format!(
                    "`{name}` trains on the {} split of `{}`",
                    word(split.value),
                    dataset.value
                ))
                .at(at, format!("reports `{}`", word(split.value)))
                .and(*seen, "trained on here")
                .help("report another split than the one trained on"),
        );
    } else if split.value == source.val.value && split.value != Split::Test {
        let at = if split.origin.is_default() { dataset.origin } else { split.origin };
        sink.report(
            Diagnostic::warning(
                Code::SelectsOnTest,
                "a column reports what selected the checkpoint",
            )
            .text(format!("`{name}` keeps the checkpoint that does best on this split"))
            .at(at, format!("reports `{}`", word(split.value)))
            .and(source.dataset.origin, "selected on here")
            .help("report `test`"),
        );
    }
}

/// What the name of a scenario suggests, where it declares nothing.
fn suggested(scenario: &str) -> Option<Promise> {
    let plain: String = scenario.to_lowercase().chars().filter(|c| c.is_alphanumeric()).collect();
    let says = |words: &[&str]| words.iter().any(|word| plain.contains(word));
    let unseen = [
        "outofdistribution",
        "ood",
        "inthewild",
        "unseen",
        "crossdataset",
        "crossdomain",
        "zeroshot",
        "generalisation",
        "generalization",
    ];
    if says(&unseen) {
        Some(Promise::Unseen)
    } else if says(&["indistribution", "withindataset", "intradataset", "seen"]) {
        Some(Promise::Seen)
    } else {
        None
    }
}

fn seen_in_training(
    experiment: &Experiment,
    source: &Source,
    dataset: &Spanned<String>,
    scenario: &Scenario,
    sink: &mut Sink,
) {
    let (name, trained) = (&dataset.value, &experiment.name.value);
    let declared = scenario.promise.map(|promise| promise.value);
    let suggested = suggested(&scenario.name.value).filter(|_| declared.is_none());
    let diagnostic = match (declared, suggested) {
        (Some(Promise::Seen | Promise::HeldOut), _) | (None, Some(Promise::Seen)) => return,
        (Some(Promise::Unseen), _) => {
            Diagnostic::error(Code::SeenInTraining, format!("`{name}` is not unseen"))
                .text(format!("`{trained}` trains on it, so it tests no generalisation"))
        }
        // How a model bears a corruption is asked of what it knows, too.
        (None, _) if corrupted(&scenario.columns, dataset) => return,
        (None, Some(_)) => {
            Diagnostic::warning(Code::SeenInTraining, format!("`{name}` is trained on")).text(
                format!("`{trained}` trains on it; the name of the scenario speaks of other data"),
            )
        }
        (None, None) => {
            Diagnostic::warning(Code::SeenInTraining, format!("`{name}` is trained on"))
                .text(format!("`{trained}` trains on it, and the scenario does not say so"))
        }
    };
    let diagnostic = diagnostic
        .at(dataset.origin, format!("in \"{}\"", scenario.name.value))
        .and(source.dataset.origin, "trained on here");
    sink.report(match &scenario.promise {
        Some(promise) => diagnostic.and(promise.origin, "promised here").help(format!(
            "move the column to another scenario, or train without it: `data .. without={name}`"
        )),
        None => diagnostic.help(
            "write `unseen=#false` in the scenario if that is meant, or move the column to one \
             named \"In-distribution\"; `unseen=#true` makes it an error",
        ),
    });
}

/// Reports a use of a split that a data set says it does not have.
fn has_split(
    project: &Project,
    dataset: &Spanned<String>,
    split: &Spanned<Split>,
    sink: &mut Sink,
) {
    let Some(declared) = project.datasets.get(&dataset.value) else { return };
    let rule = match &declared.split {
        SplitRule::Only { split: only } if only.value != split.value => only.origin,
        SplitRule::Carve { train, val, test, .. } => {
            let part = match split.value {
                Split::Train => train,
                Split::Val => val,
                Split::Test => test,
            };
            if part.value > 0.0 {
                return;
            }
            part.origin
        }
        SplitRule::Official { .. } | SplitRule::Only { .. } => return,
    };
    let at = if split.origin.is_default() { dataset.origin } else { split.origin };
    let word = word(split.value);
    sink.report(
        Diagnostic::error(Code::Contradiction, format!("`{}` has no {word} split", dataset.value))
            .at(at, format!("uses its `{word}`"))
            .and(rule, "divided here")
            .help("use another split, or divide the data set otherwise"),
    );
}
