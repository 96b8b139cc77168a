//! Faces of an ensemble to a training and a validation set.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use super::{faces, landmarks};
use crate::engine::cost::{Cost, Costs};
use crate::engine::ensemble::{sources, videos};
use crate::engine::graph::{Making, Nature, Planning, Told, Until, Work};
use crate::engine::kind::{Need, SetKeys, StageKind};
use crate::engine::sample_file::Picks;
use crate::engine::world::World;
use proofmark_base::work::Failure;
use proofmark_data::sample::{Candidate, Pick, SourceSample, sample};
use proofmark_data::statistics::SurveyRow;
use proofmark_data::survey::{Purpose, SetTable};
use proofmark_lang::model::{Ensemble, Experiment, Label, Placed, Project};
use proofmark_lang::span::{Origin, Spanned};
use proofmark_plan::facts::Facts;
use proofmark_plan::inputs::{Inputs, Observed};

/// The file of the stage's result.
pub const FILE: &str = "sample.parquet";
/// Raised whenever the same faces are sampled otherwise than before.
const VERSION: u32 = 1;

/// Plans the sample of every experiment that is trained.
pub fn plan(planning: &mut Planning<'_>) {
    for experiment in planning.experiments.clone() {
        if experiment.ready().is_none() {
            let ensemble = experiment.data.name.clone();
            let sets = planning.plan.sets.of(&experiment.data);
            let key = planning.add(SampleFaces { experiment, sets });
            planning.plan.samples.insert(ensemble, key);
        }
    }
}

/// Key of an ensemble's sample.
pub fn key(project: &Project, ensemble: &Ensemble, facts: &Facts) -> String {
    let mut sets = SetKeys::default();
    for dataset in ensemble.sources.iter().filter_map(|s| project.datasets.get(&s.dataset)) {
        let (name, faces) = (dataset.name.clone(), faces::key(dataset, facts));
        sets.landmarks.insert(name.clone(), landmarks::key(&name, &faces, facts));
        sets.faces.insert(name, faces);
    }
    inputs(project, ensemble, &sets, facts).key(StageKind::Sample.word())
}

/// Faces, splits and the rule that samples.
fn inputs(project: &Project, ensemble: &Ensemble, sets: &SetKeys, facts: &Facts) -> Inputs {
    let mut sources: Vec<_> = ensemble.sources.iter().collect();
    // The order in which sources are declared means nothing.
    sources.sort_by(|a, b| a.dataset.cmp(&b.dataset));
    let mut inputs = Inputs::empty()
        .finding("version", Observed::Version, VERSION)
        .with("sample", &ensemble.sample);
    for source in sources {
        let name = &source.dataset;
        let mut entry = Inputs::empty()
            .finding("faces", Observed::Faces, sets.faces.get(name))
            .finding("manifest", Observed::Manifest, facts.manifest(name))
            .with("split-rule", project.datasets.get(name).map(|d| &d.split))
            .with("train", Spanned::new(source.train, source.at.train))
            .with("val", Spanned::new(source.val, source.at.val));
        let kind = match &source.pseudo_fake {
            Some(_) => {
                let key = sets.landmarks.get(name);
                entry = entry.finding("landmarks", Observed::Landmarks, key);
                "pseudo-fake"
            }
            None => "source",
        };
        inputs = inputs.nested(&format!("{kind} {name}"), entry);
    }
    inputs
}

/// The sample of an ensemble.
#[derive(Debug)]
struct SampleFaces {
    /// The first experiment that uses it.
    experiment: Arc<Placed<Experiment>>,
    /// Keys of what is made of its data sets.
    sets: SetKeys,
}

impl Work for SampleFaces {
    fn nature(&self) -> Nature {
        let (kind, until) = (StageKind::Sample, Until::Sample);
        Nature { kind, until, goes_on: false, shares_cores: false, divides: false }
    }

    fn name(&self) -> String {
        self.experiment.data.name.clone()
    }

    fn inputs(&self, project: &Project, facts: &Facts) -> Inputs {
        inputs(project, &self.experiment.data, &self.sets, facts)
    }

    fn needs(&self) -> Vec<Need> {
        self.sets.needs()
    }

    fn declared(&self) -> (Origin, &'static str) {
        (self.experiment.data.at.name, "this ensemble")
    }

    fn cost(&self, costs: &mut Costs<'_>) -> Result<Cost, Failure> {
        let sources = self.experiment.data.sources.len();
        Ok(match costs.faces(&self.experiment)? {
            Some(faces) => Cost::new(
                format!("{sources} sources, about {faces} faces"),
                [("sources", sources), ("faces", faces)],
            ),
            None => Cost::new(
                format!("{sources} sources, whose videos are not decoded yet"),
                [("sources", sources)],
            ),
        })
    }

    /// Which faces train and which select; tells the counts in the form of Table 1.
    fn make(&self, making: &Making<'_>) -> Result<Told, Failure> {
        let ensemble = &self.experiment.data;
        let Making { project, world, results, folder, .. } = making;
        let faces = results.marked(project, ensemble, &self.sets)?;
        let mut candidates = Vec::new();
        let mut picks = Picks::default();
        let mut made: BTreeMap<String, SourceSample> = BTreeMap::new();
        for source in &sources(project, ensemble) {
            let lost = || Failure::Internal(format!("no faces of `{}`", source.name()));
            let marked = faces.get(source.name()).ok_or_else(lost)?;
            for video in videos(world, source.name())?.into_iter().filter(|v| source.takes(v)) {
                let usable = marked.usable(source, &video.key)?;
                let (train, val) =
                    (video.split == Some(source.train), video.split == Some(source.val));
                let pick = |face: &u32| Pick {
                    dataset: source.name().to_owned(),
                    video_key: video.key.clone(),
                    face: *face,
                };
                if source.pseudo_fake.is_some() {
                    let part = if train { &mut picks.train_pairs } else { &mut picks.val_pairs };
                    if train || val {
                        part.extend(usable.iter().map(pick));
                    }
                    if train {
                        let real = &mut made.entry(source.name().to_owned()).or_default().real;
                        real.add_video(usable.len() as u64, usable.len() as u64);
                    }
                    continue;
                }
                if val {
                    picks.val.extend(usable.iter().map(pick));
                }
                if train {
                    candidates.push(Candidate {
                        dataset: source.name().to_owned(),
                        video_key: video.key,
                        label: video.label,
                        faces: usable.len() as u32,
                    });
                }
            }
        }
        let mut sampled = sample(&candidates, ensemble.sample.as_ref())?;
        picks.train = sampled.picks;
        picks.sort();
        picks.write(&folder.join(FILE))?;
        // A data set that is sampled, too, counts by that.
        for (name, of) in made {
            sampled.sources.entry(name).or_insert(of);
        }
        let row = |name: &str| {
            let (dataset, scan) = (project.datasets.get(name)?, world.scans.get(name)?);
            let mut row = SurveyRow::published(dataset);
            row.scanned(dataset, scan);
            Some(row)
        };
        let mut names: Vec<&str> = ensemble.sources.iter().map(|s| s.dataset.as_str()).collect();
        let mut seen = BTreeSet::new();
        names.retain(|name| seen.insert(*name));
        let mut table = SetTable {
            purpose: Purpose::Training(ensemble.name.clone()),
            rows: names.into_iter().filter_map(row).collect(),
            notes: Vec::new(),
        };
        table.sampled(&sampled.sources);
        Ok(Told::Sampled(Box::new(table)))
    }
}

/// Counts what a sampling result took of each data set, by its name. `faces` is the number of
/// faces of a video, by data set and key.
pub fn counts(
    project: &Project,
    ensemble: &Ensemble,
    world: &World,
    faces: &dyn Fn(&str, &str) -> u32,
    folder: &Path,
) -> Result<BTreeMap<String, SourceSample>, Failure> {
    let mut taken: BTreeMap<(String, String), u64> = BTreeMap::new();
    let picks = Picks::read(&folder.join(FILE))?;
    for pick in picks.train.into_iter().chain(picks.train_pairs) {
        *taken.entry((pick.dataset, pick.video_key)).or_default() += 1;
    }
    let mut samples: BTreeMap<String, SourceSample> = BTreeMap::new();
    for source in sources(project, ensemble) {
        if samples.contains_key(source.name()) {
            continue;
        }
        let of = samples.entry(source.name().to_owned()).or_default();
        for video in videos(world, source.name())?.into_iter().filter(|v| source.takes(v)) {
            if video.split != Some(source.train) {
                continue;
            }
            let available = faces(source.name(), &video.key);
            let class = match video.label {
                Label::Real => &mut of.real,
                Label::Fake => &mut of.fake,
            };
            let place = (source.name().to_owned(), video.key);
            class.add_video(available.into(), taken.get(&place).copied().unwrap_or(0));
        }
    }
    Ok(samples)
}
