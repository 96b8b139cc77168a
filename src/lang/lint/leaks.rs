//! Training, selection and reporting on the same media.

use crate::diagnostic::{Code, Diagnostic, Sink};
use crate::model::{
    Column, Experiment, Placed, Project, Promise, Reported, Row, Scenario, Source, Split,
    SplitRule, Table,
};

/// Reports splits that are used twice, or that do not exist.
pub(super) fn leaks(project: &Project, sink: &mut Sink) {
    for experiment in project.experiments.values() {
        for source in &experiment.data.sources {
            trains_on_test(source, sink);
            let (dataset, dataset_at) = (source.dataset.as_str(), source.at.dataset);
            for (split, split_at) in [(source.train, source.at.train), (source.val, source.at.val)]
            {
                has_split(project, Reported { dataset, dataset_at, split, split_at }, sink);
            }
        }
    }
    for table in &project.tables {
        for scenario in &table.scenarios {
            for used in scenario.columns.iter().filter_map(Column::reported) {
                has_split(project, used, sink);
                if scenario.holds_out() {
                    shown_by_none(project, table, scenario, used, sink);
                    continue;
                }
                for (experiment, source) in sources_of(project, table, used.dataset) {
                    reports_what_it_saw(experiment, source, used, sink);
                    seen_in_training(experiment, source, used, scenario, sink);
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
    used: Reported<'_>,
    sink: &mut Sink,
) {
    let trains = |name: &str| {
        let experiment = project.experiments.get(name);
        experiment.is_none_or(|experiment| experiment.data.trains_on(used.dataset))
    };
    let hidden = |row: &Placed<Row>| row.predictions.is_none() && row.experiments().any(trains);
    if !table.rows.is_empty() && table.rows.iter().all(hidden) {
        let name = used.dataset;
        sink.report(
            Diagnostic::error(Code::SeenInTraining, format!("no row holds out `{name}`"))
                .text("a held-out scenario shows a row on data sets that it does not train on")
                .at(used.dataset_at, format!("every row of \"{}\" trains on it", scenario.name))
                .help(format!("add a row whose experiment has `data .. without={name}`")),
        );
    }
}

/// Whether a scenario corrupts a data set: how a model bears that is asked of what it knows, too.
fn corrupted(columns: &[Column], dataset: &str) -> bool {
    let of = |column: &Column| matches!(column, Column::Corrupted(of) if of.dataset == dataset);
    columns.iter().any(of)
}

/// The rows of a table that train on a data set.
fn sources_of<'a>(
    project: &'a Project,
    table: &'a Table,
    dataset: &'a str,
) -> impl Iterator<Item = (&'a Placed<Experiment>, &'a Placed<Source>)> {
    let names = table.rows.iter().flat_map(|row| row.experiments());
    let experiments = names.filter_map(|name| project.experiments.get(name));
    experiments.flat_map(move |experiment| {
        let sources = experiment.data.sources.iter();
        sources.filter(move |s| s.dataset == dataset).map(move |s| (experiment, s))
    })
}

fn trains_on_test(source: &Placed<Source>, sink: &mut Sink) {
    if source.train == Split::Test {
        sink.report(
            Diagnostic::warning(Code::TrainsOnTest, "training on a test split")
                .text("no number on this test split means anything afterwards")
                .at(source.at.train, "the test split")
                .help("train on `train`"),
        );
    }
}

fn reports_what_it_saw(
    experiment: &Experiment,
    source: &Placed<Source>,
    used: Reported<'_>,
    sink: &mut Sink,
) {
    let name = &experiment.name;
    let word = used.split.word();
    if used.split == source.train {
        let seen =
            Reported { dataset_at: source.at.dataset, split_at: source.at.train, ..used }.at();
        sink.report(
            Diagnostic::error(Code::TrainsOnTest, "a column reports what was trained on")
                .text(format!("`{name}` trains on the {word} split of `{}`", used.dataset))
                .at(used.at(), format!("reports `{word}`"))
                .and(seen, "trained on here")
                .help("report another split than the one trained on"),
        );
    } else if used.split == source.val && used.split != Split::Test {
        sink.report(
            Diagnostic::warning(
                Code::SelectsOnTest,
                "a column reports what selected the checkpoint",
            )
            .text(format!("`{name}` keeps the checkpoint that does best on this split"))
            .at(used.at(), format!("reports `{word}`"))
            .and(source.at.dataset, "selected on here")
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
    source: &Placed<Source>,
    used: Reported<'_>,
    scenario: &Placed<Scenario>,
    sink: &mut Sink,
) {
    let (name, trained) = (used.dataset, &experiment.name);
    let declared = scenario.promise;
    let suggested = suggested(&scenario.name).filter(|_| declared.is_none());
    let diagnostic = match (declared, suggested) {
        (Some(Promise::Seen | Promise::HeldOut), _) | (None, Some(Promise::Seen)) => return,
        (Some(Promise::Unseen), _) => {
            Diagnostic::error(Code::SeenInTraining, format!("`{name}` is not unseen"))
                .text(format!("`{trained}` trains on it, so it tests no generalisation"))
        }
        // How a model bears a corruption is asked of what it knows, too.
        (None, _) if corrupted(&scenario.columns, name) => return,
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
        .at(used.dataset_at, format!("in \"{}\"", scenario.name))
        .and(source.at.dataset, "trained on here");
    sink.report(match &scenario.promise {
        Some(_) => diagnostic.and(scenario.at.promise, "promised here").help(format!(
            "move the column to another scenario, or train without it: `data .. without={name}`"
        )),
        None => diagnostic.help(
            "write `unseen=#false` in the scenario if that is meant, or move the column to one \
             named \"In-distribution\"; `unseen=#true` makes it an error",
        ),
    });
}

/// Reports a use of a split that a data set says it does not have.
fn has_split(project: &Project, used: Reported<'_>, sink: &mut Sink) {
    let Some(declared) = project.datasets.get(used.dataset) else { return };
    let rule = match &declared.split {
        SplitRule::Only(only) if only.split != used.split => only.at.split,
        SplitRule::Carve(carve) => {
            let (part, at) = match used.split {
                Split::Train => (carve.train, carve.at.train),
                Split::Val => (carve.val, carve.at.val),
                Split::Test => (carve.test, carve.at.test),
            };
            if part > 0.0 {
                return;
            }
            at
        }
        SplitRule::Official(_) | SplitRule::Only(_) => return,
    };
    let word = used.split.word();
    sink.report(
        Diagnostic::error(Code::Contradiction, format!("`{}` has no {word} split", used.dataset))
            .at(used.at(), format!("uses its `{word}`"))
            .and(rule, "divided here")
            .help("use another split, or divide the data set otherwise"),
    );
}
