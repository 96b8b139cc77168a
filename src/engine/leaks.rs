//! The check that no identity and no original is on both sides of a division, on the videos
//! that are there.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::ensemble::sources;
use super::world::World;
use proofmark_base::work::Failure;
use proofmark_data::Video;
use proofmark_data::layout::Tally;
use proofmark_data::overlap::{Role, SplitPart, check};
use proofmark_lang::model::{Ensemble, Placed, Project, Split};
use proofmark_plan::scope::{experiments, scored};

/// Looks at every ensemble together with what its experiments are tested on. What data sets
/// accept is told in the result.
///
/// # Errors
/// The identities and originals in several splits, with the videos they are in.
pub fn look(project: &Project, world: &World) -> Result<Vec<String>, Failure> {
    let mut notes = Vec::new();
    let mut ensembles: BTreeMap<&str, &Placed<Ensemble>> = BTreeMap::new();
    for experiment in experiments(project) {
        ensembles.insert(&experiment.data.name, &experiment.data);
    }
    let videos: BTreeMap<&str, Vec<Video>> = (world.scans.iter())
        .map(|(name, scan)| (name.as_str(), scan.manifest.video_rows()))
        .collect();
    for (name, ensemble) in ensembles {
        let mut parts = Vec::new();
        let mut used: BTreeSet<(&str, Split)> = BTreeSet::new();
        let mut add = |dataset: &'_ str, split, role, own| {
            let (Some(declared), Some(videos)) =
                (project.datasets.get_key_value(dataset), videos.get(dataset))
            else {
                return;
            };
            // A split has one use: reporting what selects is another matter.
            if used.insert((declared.0, split)) {
                parts.push(SplitPart { dataset: declared.1, videos, split, role, own });
            }
        };
        let trained = sources(project, ensemble);
        for source in &trained {
            add(&source.dataset.name, source.train, Role::Train, true);
            add(&source.dataset.name, source.val, Role::Val, true);
        }
        for (dataset, split) in tested(project, name) {
            let own = trained.iter().any(|s| s.dataset.name == dataset);
            add(&dataset, split, Role::Test, own);
        }
        notes.extend(
            check(name, &parts)
                .map_err(|error| Failure::from(error).at(ensemble.at.name, "this ensemble"))?,
        );
        notes.extend(copies(name, world, &parts));
    }
    Ok(notes)
}

/// Videos that are trained on or select in one data set and are tested on in another, byte for
/// byte. Within a data set the scan tells them.
fn copies(ensemble: &str, world: &World, parts: &[SplitPart<'_>]) -> Vec<String> {
    let mut seen: HashMap<&str, (&str, &str)> = HashMap::new();
    let mut found: BTreeMap<(&str, &str), Tally> = BTreeMap::new();
    let (tested, trained): (Vec<&SplitPart>, Vec<&SplitPart>) =
        parts.iter().partition(|part| part.role == Role::Test);
    for (part, tested) in
        trained.iter().map(|part| (part, false)).chain(tested.iter().map(|part| (part, true)))
    {
        let dataset = part.dataset.name.as_str();
        let known = world.contents.get(dataset).into_iter().flatten();
        for known in known.filter(|known| known.split == Some(part.split)) {
            match (tested, seen.get(known.digest.as_str())) {
                (false, _) => {
                    seen.entry(&known.digest).or_insert((dataset, &known.key));
                }
                (true, Some((other, key))) if *other != dataset => {
                    let example = format!("{key} and {}", known.key);
                    found.entry((*other, dataset)).or_default().add(example);
                }
                (true, _) => {}
            }
        }
    }
    let note = |((trained, tested), tally): ((&str, &str), Tally)| {
        format!(
            "ensemble {ensemble}: {} of what it trains on or selects by in {trained} are tested on \
             in {tested}, byte for byte ({})",
            tally.count,
            tally.examples.join(", ")
        )
    };
    found.into_iter().map(note).collect()
}

/// What the experiments on an ensemble are tested on.
fn tested(project: &Project, ensemble: &str) -> BTreeSet<(String, Split)> {
    let uses = |experiment: &str| {
        let experiment = project.experiments.get(experiment);
        experiment.is_some_and(|e| e.data.name == ensemble)
    };
    let tables = project.tables.iter();
    tables
        .filter(|t| t.rows.iter().any(|r| r.experiments().any(uses)))
        .flat_map(|table| scored(table))
        .collect()
}
