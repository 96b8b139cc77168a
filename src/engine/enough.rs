//! The check that there is something to train on, to select by and to score, on the videos that
//! are there, before any work is done.

use std::collections::BTreeSet;
use std::collections::btree_map::{BTreeMap, Entry};

use super::ensemble::{expected, sources};
use super::world::World;
use proofmark_base::work::Failure;
use proofmark_data::layout::Finding;
use proofmark_lang::model::{
    Detector, Experiment, Keep, Label, Placed, Project, Split, Table, Take,
};
use proofmark_lang::span::Origin;
use proofmark_plan::scope::{experiments, scored};

/// Real and fake videos.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Classes {
    real: usize,
    fake: usize,
}

impl Classes {
    fn is_empty(self) -> bool {
        self.real + self.fake == 0
    }

    /// The only class that there is, if there is one.
    fn only(self) -> Option<&'static str> {
        match (self.real, self.fake) {
            (1.., 0) => Some("real"),
            (0, 1..) => Some("fake"),
            _ => None,
        }
    }
}

/// What is missing, and the declaration that asks for it.
#[derive(Debug)]
struct Lack {
    what: String,
    at: Origin,
    /// What is there, in a few words.
    text: &'static str,
}

/// The videos on disk by data set and split.
type Found = BTreeMap<(String, Option<Split>), Classes>;

/// Looks at the splits that the file trains on, selects by and scores.
///
/// # Errors
/// All that is missing: a split without videos or with one class, a batch that is larger than
/// the data.
pub fn look(project: &Project, world: &World) -> Result<(), Failure> {
    let found = found(world);
    let mut lacking = Vec::new();
    let mut seen = BTreeSet::new();
    for experiment in experiments(project) {
        if seen.insert(&experiment.data.name) {
            lacking.extend(trained(project, experiment, world, &found));
        }
    }
    // Experiments on one ensemble have the same faces.
    let mut faces: BTreeMap<&str, Option<usize>> = BTreeMap::new();
    for experiment in experiments(project) {
        lacking.extend(selected(project, experiment, world, &found));
        let faces = match faces.entry(&experiment.data.name) {
            Entry::Occupied(known) => *known.get(),
            Entry::Vacant(place) => *place.insert(most(project, experiment, world)?),
        };
        lacking.extend(batches(experiment, faces));
    }
    for table in &project.tables {
        lacking.extend(tested(project, table, world, &found));
    }
    let mut told = BTreeSet::new();
    lacking.retain(|lack| told.insert(lack.what.clone()));
    let failure = match &lacking[..] {
        [] => return Ok(()),
        [one] => Failure::data(one.what.clone()),
        many => {
            let lines: String = many.iter().map(|lack| format!("\n  {}", lack.what)).collect();
            Failure::data(format!("the data are not enough for what the file asks{lines}"))
        }
    };
    Err(lacking.into_iter().fold(failure, |failure, lack| failure.at(lack.at, lack.text)))
}

fn found(world: &World) -> Found {
    let mut found = Found::new();
    for (name, scan) in &world.scans {
        for video in scan.manifest.video_rows() {
            if scan.absent.contains(&video.key) {
                continue;
            }
            let classes = found.entry((name.clone(), video.split)).or_default();
            *match video.label {
                Label::Real => &mut classes.real,
                Label::Fake => &mut classes.fake,
            } += 1;
        }
    }
    found
}

fn of(found: &Found, dataset: &str, split: Split) -> Classes {
    found.get(&(dataset.to_owned(), Some(split))).copied().unwrap_or_default()
}

/// Why a split is empty, where the data set knows.
fn why(world: &World, dataset: &str, split: Split) -> String {
    let Some(report) = world.scans.get(dataset).map(|scan| &scan.report) else {
        return String::new();
    };
    if let Some(lacking) = report.lacking.iter().find(|lacking| lacking.split == split) {
        return format!(": {}", lacking.words());
    }
    match report.findings.get(&Finding::ListedTwice) {
        Some(tally) => format!(": {} {}", tally.count, Finding::ListedTwice.words()),
        None => String::new(),
    }
}

/// What an ensemble lacks to be trained on.
fn trained(project: &Project, experiment: &Experiment, world: &World, found: &Found) -> Vec<Lack> {
    let ensemble = &experiment.data.name;
    let mut lacking = Vec::new();
    let mut all = Classes::default();
    for source in sources(project, &experiment.data) {
        let (dataset, split) = (&source.dataset.name, source.train);
        let mut classes = of(found, dataset, split);
        if source.pseudo_fake.is_some() {
            // Each real is trained on with a fake that is made of it.
            classes.fake = classes.real;
        }
        if classes.is_empty() {
            let reals = if source.pseudo_fake.is_some() { "real " } else { "" };
            let what = format!(
                "data set `{dataset}` has no {reals}video in {}, which ensemble `{ensemble}` trains \
                 on{}",
                split.word(),
                why(world, dataset, split)
            );
            let at = source.dataset.at.name;
            lacking.push(Lack { what, at, text: "nothing to train on" });
        }
        all = Classes { real: all.real + classes.real, fake: all.fake + classes.fake };
    }
    if let Some(class) = all.only() {
        let what = format!(
            "ensemble `{ensemble}` has {class} videos only to train on; add a source that has the \
             other class"
        );
        lacking.push(Lack { what, at: experiment.data.at.name, text: "one class only" });
    }
    lacking
}

/// What an experiment lacks to be selected by, if it is.
fn selected(
    project: &Project,
    experiment: &Placed<Experiment>,
    world: &World,
    found: &Found,
) -> Option<Lack> {
    let (name, ensemble) = (&experiment.name, &experiment.data.name);
    let shown =
        |table: &&Placed<Table>| table.rows.iter().any(|row| row.experiments().any(|e| e == name));
    let chosen = project.tables.iter().filter(shown).any(|table| table.validates());
    let choosing = project.experiments.values().find_map(|other| {
        let choice = other.choice.as_ref().filter(|choice| choice.variants.contains(name))?;
        Some((choice.by, other.at.choice))
    });
    let keep = Some(("keep", experiment.recipe.keep, experiment.recipe.at.keep));
    let choose = choosing.map(|(by, at)| ("choose", by, at));
    let asks = |by: Keep| [choose, keep].into_iter().flatten().find(|(_, asks, _)| *asks == by);
    let (by, at, both) = match (asks(Keep::HighestValAuc), asks(Keep::LowestValLoss)) {
        _ if chosen => {
            ("a threshold that is chosen on validation".to_owned(), Origin::DEFAULT, true)
        }
        (Some((word, _, at)), _) => (format!("`{word} highest=val.auc`"), at, true),
        (None, Some((word, _, at))) => (format!("`{word} lowest=val.loss`"), at, false),
        (None, None) => return None,
    };
    let at = if at.is_default() { experiment.at.name } else { at };
    let mut all = Classes::default();
    let mut reasons = String::new();
    for source in sources(project, &experiment.data) {
        let mut classes = of(found, &source.dataset.name, source.val);
        if source.pseudo_fake.is_some() {
            classes.fake = classes.real;
        }
        if classes.is_empty() {
            reasons += &why(world, &source.dataset.name, source.val);
        }
        all = Classes { real: all.real + classes.real, fake: all.fake + classes.fake };
    }
    if all.is_empty() {
        let what = format!(
            "experiment `{name}` has no video to select by, which {by} needs; give a source of \
             ensemble `{ensemble}` a val split, as `split official val=(%)10`, or declare `keep \
             last`{reasons}"
        );
        return Some(Lack { what, at, text: "nothing to select by" });
    }
    let class = all.only().filter(|_| both)?;
    let what = format!("experiment `{name}` has {class} videos only to select by; {by} needs both");
    Some(Lack { what, at, text: "one class only to select by" })
}

/// The most faces that can be sampled for an experiment, where that is known before they are cut:
/// a detector may find several in a frame.
fn most(
    project: &Project,
    experiment: &Experiment,
    world: &World,
) -> Result<Option<usize>, Failure> {
    let one_each = sources(project, &experiment.data).iter().all(|source| {
        let faces = &source.dataset.faces;
        faces.detector == Detector::None || faces.take == Take::Largest
    });
    if one_each { expected(project, &experiment.data, world) } else { Ok(None) }
}

/// A batch that is larger than all that is sampled.
fn batches(experiment: &Experiment, faces: Option<usize>) -> Option<Lack> {
    let batch = &experiment.recipe.batch;
    let faces = faces.filter(|faces| (1..batch.size).contains(faces))?;
    let what = format!(
        "experiment `{}` has {faces} training faces at most, fewer than one batch of {}; \
         declare a smaller batch or more data",
        experiment.name, batch.size
    );
    Some(Lack { what, at: batch.at.size, text: "larger than the data" })
}

/// What a table's columns lack to be scored.
fn tested(project: &Project, table: &Placed<Table>, world: &World, found: &Found) -> Vec<Lack> {
    let name = &table.name;
    let both = table.metrics.iter().all(|metric| metric.metric.needs_both_classes);
    let mut lacking = Vec::new();
    for (dataset, split) in scored(table) {
        if !world.scans.contains_key(&dataset) {
            continue;
        }
        let at = project.datasets.get(&dataset).map_or(table.at.name, |set| set.at.name);
        let classes = of(found, &dataset, split);
        let split_word = split.word();
        if classes.is_empty() {
            let what = format!(
                "data set `{dataset}` has no video in {split_word}, which table `{name}` scores{}",
                why(world, &dataset, split)
            );
            lacking.push(Lack { what, at, text: "nothing to score" });
        } else if let Some(class) = classes.only().filter(|_| both) {
            let what = format!(
                "data set `{dataset}` has {class} videos only in {split_word}, which table `{name}` \
                 scores by metrics of two classes: all of its cells would be n/a"
            );
            lacking.push(Lack { what, at, text: "one class only" });
        }
    }
    lacking
}
