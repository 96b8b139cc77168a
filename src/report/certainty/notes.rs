//! How a table's numbers were resampled and tested, in words.

use std::collections::{BTreeMap, BTreeSet};

use crate::table::{Cell, ColumnHead, Doubt, MetricBlock, ScenarioHead, Test, Untested};
use proofmark_lang::model::{Correction, Level, Table};
use proofmark_metrics::AUC;

/// Numbers, rows or columns that a note lists.
const LISTED: usize = 4;

/// What readers must know of intervals and tests, as far as there are any.
pub(crate) fn notes(
    table: &Table,
    scenarios: &[ScenarioHead],
    blocks: &[MetricBlock],
) -> Vec<String> {
    let mut notes = Vec::new();
    notes.extend(intervals(table, blocks));
    notes.extend(doubts(table, scenarios, blocks));
    notes.extend(daggers(table, scenarios, blocks));
    notes.extend(common(scenarios, blocks));
    notes.extend(untested(table, blocks));
    notes
}

/// A number of a table with where it stands.
struct Place<'a> {
    block: &'a MetricBlock,
    row: &'a str,
    column: usize,
    cell: &'a Cell,
}

fn places(blocks: &[MetricBlock]) -> impl Iterator<Item = Place<'_>> {
    blocks.iter().flat_map(|block| {
        block.rows.iter().flat_map(move |row| {
            let cells = row.cells.iter().enumerate();
            cells.map(move |(column, cell)| Place { block, row: &row.label, column, cell })
        })
    })
}

fn decimal(x: f64) -> f64 {
    (x * 1e8).round() / 1e8
}

fn intervals(table: &Table, blocks: &[MetricBlock]) -> Option<String> {
    if !table.intervals.shown || !places(blocks).any(|place| place.cell.interval.is_some()) {
        return None;
    }
    let seeds = places(blocks).any(|place| place.cell.seeds.is_some());
    Some(format!(
        "In brackets: {} % intervals by the bootstrap, {} draws of videos within each class with \
         all their faces, the same for every row (seed {}){}.",
        decimal(table.intervals.level * 100.0),
        table.intervals.draws,
        table.intervals.seed,
        if seeds {
            "; of a mean over seeds, what the videos and the seeds leave open together, by \
             Student's t"
        } else {
            ""
        }
    ))
}

/// Which numbers say little, and why.
fn doubts(table: &Table, scenarios: &[ScenarioHead], blocks: &[MetricBlock]) -> Vec<String> {
    let mut found: BTreeMap<(Doubt, bool), Vec<String>> = BTreeMap::new();
    let mut known = BTreeSet::new();
    let columns = columns(scenarios);
    for place in places(blocks) {
        if let Some(doubt) = place.cell.doubt.filter(|_| place.cell.value.is_some()) {
            let name = format!("{} on {}", place.row, columns[place.column]);
            let perfect = place.cell.is_perfect(place.block.metric);
            if known.insert(((doubt, perfect), name.clone())) {
                found.entry((doubt, perfect)).or_default().push(name);
            }
        }
    }
    let shown = table.intervals.shown;
    // A perfect number is marked and tested like any other; only its interval is missing.
    found.retain(|key, _| shown || *key != (Doubt::NoVariance, true));
    let sentence = |((doubt, perfect), names): ((Doubt, bool), Vec<String>)| {
        let what = match doubt {
            Doubt::NoVariance if perfect => {
                let why = "A perfect number has no interval (n/a), since no draw of its videos \
                           changes it";
                return format!("{why}: {}.", listed(&names));
            }
            Doubt::FewVideos => "A number from a single video of a class says nothing about others",
            Doubt::NoVariance => {
                "A number that is the same whichever of its videos are drawn has no variance to \
                 judge it by"
            }
        };
        let shown = if shown { ", no interval (n/a)" } else { "" };
        format!("{what}: no mark{shown} and no test for {}.", listed(&names))
    };
    found.into_iter().map(sentence).collect()
}

/// What a dagger means, and which test it comes from.
fn daggers(table: &Table, scenarios: &[ScenarioHead], blocks: &[MetricBlock]) -> Option<String> {
    let compare = table.compare.as_ref()?;
    let mut tests: BTreeMap<Test, Vec<Place<'_>>> = BTreeMap::new();
    for place in places(blocks).filter(|place| place.cell.p.is_some()) {
        if let Some(test) = place.cell.difference.and_then(|difference| difference.test) {
            tests.entry(test).or_default().push(place);
        }
    }
    if tests.is_empty() {
        return None;
    }
    let label = table
        .rows
        .iter()
        .find(|row| row.experiment == compare.against)
        .map_or(&compare.against, |row| &row.label);
    let family = match compare.correct {
        Correction::Column => "the comparisons of a column",
        Correction::Scenario => "the comparisons of a scenario",
        Correction::Table => "all comparisons of the metric",
    };
    let areas = tests.contains_key(&Test::Delong);
    let averages = averages(scenarios);
    let all_areas = places(blocks).all(|place| {
        let area = place.block.metric == AUC && place.block.level == Level::Video;
        let bootstrap = place.cell.difference.and_then(|d| d.test) == Some(Test::Bootstrap);
        !(area && bootstrap) || averages[place.column]
    });
    let draws = table.intervals.draws;
    let names = tests.iter().map(|(test, places)| match test {
        Test::Delong => "DeLong's test for the AUC of videos".to_owned(),
        Test::Bootstrap if !areas => format!("the paired bootstrap of {draws} draws"),
        Test::Bootstrap if all_areas => {
            format!("the paired bootstrap of {draws} draws for averages and other metrics")
        }
        Test::Bootstrap => {
            format!("the paired bootstrap of {draws} draws for all others")
        }
        Test::Seeds => {
            let rows: BTreeSet<&str> = places.iter().map(|place| place.row).collect();
            let rows: Vec<String> = rows.into_iter().map(ToOwned::to_owned).collect();
            format!(
                "Welch's test over the seeds, with the variance of the videos added, for {}",
                listed(&rows)
            )
        }
    });
    Some(format!(
        "† differs from {label} (p below {}, two-sided, with Holm's correction over {family}): {}.",
        decimal(1.0 - table.intervals.level),
        names.collect::<Vec<_>>().join(", ")
    ))
}

/// Where rows were compared on fewer videos than they have.
fn common(scenarios: &[ScenarioHead], blocks: &[MetricBlock]) -> Option<String> {
    let (columns, averages) = (columns(scenarios), averages(scenarios));
    let (mut found, mut known) = (Vec::new(), BTreeSet::new());
    for place in places(blocks) {
        let videos = place.cell.difference.and_then(|difference| difference.videos);
        if let Some(videos) = videos.filter(|_| !averages[place.column]) {
            let column = &columns[place.column];
            let name = format!("{} on {column} ({} of {})", place.row, videos.both, videos.either);
            if known.insert(name.clone()) {
                found.push(name);
            }
        }
    }
    (!found.is_empty())
        .then(|| format!("Compared on the videos alone that both rows have: {}.", listed(&found)))
}

/// Rows that could not be tested because one seed stands against several.
fn untested(table: &Table, blocks: &[MetricBlock]) -> Option<String> {
    let compare = table.compare.as_ref()?;
    let alone = places(blocks).filter(|place| place.cell.untested == Some(Untested::OneSeed));
    let rows: BTreeSet<&str> = alone.map(|place| place.row).collect();
    let rows: Vec<String> = rows.into_iter().map(ToOwned::to_owned).collect();
    (!rows.is_empty()).then(|| {
        format!(
            "Not tested against {}: {}, since of one of the two there is a single seed, whose \
             spread is not known.",
            compare.against,
            listed(&rows)
        )
    })
}

/// Of each column, whether it is a mean of others.
fn averages(scenarios: &[ScenarioHead]) -> Vec<bool> {
    scenarios.iter().flat_map(|scenario| &scenario.columns).map(ColumnHead::is_average).collect()
}

/// The columns' names, with their scenario where a name stands in several.
fn columns(scenarios: &[ScenarioHead]) -> Vec<String> {
    let all = || scenarios.iter().flat_map(|s| s.columns.iter().map(move |column| (s, column)));
    let mut times: BTreeMap<&str, usize> = BTreeMap::new();
    for (_, column) in all() {
        *times.entry(&column.label).or_default() += 1;
    }
    all()
        .map(|(scenario, column)| match times[column.label.as_str()] {
            1 => column.label.clone(),
            _ => format!("{} ({})", column.label, scenario.name),
        })
        .collect()
}

/// Some names, and how many more there are.
fn listed(names: &[String]) -> String {
    let shown = names[..names.len().min(LISTED)].join(", ");
    match names.len().saturating_sub(LISTED) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}
