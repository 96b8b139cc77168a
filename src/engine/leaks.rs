//! The check that no identity and no original is on both sides of a division, on the videos
//! that are there.

use std::collections::{BTreeMap, BTreeSet};

use super::sample::sources;
use super::world::World;
use crate::data::Video;
use crate::data::overlap::{Part, Role, check};
use crate::lang::model::{Ensemble, Project, Split};
use crate::plan::graph::{experiments, scored};
use crate::work::Failure;

/// Looks at every ensemble together with what its experiments are tested on. What data sets
/// accept is told in the result.
///
/// # Errors
/// The identities and originals in several splits, with the videos they are in.
pub fn look(project: &Project, world: &World) -> Result<Vec<String>, Failure> {
    let mut notes = Vec::new();
    let mut ensembles: BTreeMap<&str, &Ensemble> = BTreeMap::new();
    for experiment in experiments(project) {
        ensembles.insert(&experiment.data.name.value, &experiment.data);
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
                parts.push(Part { dataset: declared.1, videos, split, role, own });
            }
        };
        let trained = sources(project, ensemble);
        for source in &trained {
            add(&source.dataset.name.value, source.train, Role::Train, true);
            add(&source.dataset.name.value, source.val, Role::Val, true);
        }
        for (dataset, split) in tested(project, name) {
            let own = trained.iter().any(|s| s.dataset.name.value == dataset);
            add(&dataset, split, Role::Test, own);
        }
        notes.extend(check(name, &parts).map_err(|e| Failure::Data(e.to_string()))?);
    }
    Ok(notes)
}

/// What the experiments on an ensemble are tested on.
fn tested(project: &Project, ensemble: &str) -> BTreeSet<(String, Split)> {
    let uses = |experiment: &str| {
        let experiment = project.experiments.get(experiment);
        experiment.is_some_and(|e| e.data.name.value == ensemble)
    };
    let tables = project.tables.iter();
    tables.filter(|t| t.rows.iter().any(|r| r.experiments().any(uses))).flat_map(scored).collect()
}
