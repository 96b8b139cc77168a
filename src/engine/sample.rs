//! The stage that samples an ensemble: which faces train, which select the checkpoint.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::picks::Picks;
use super::world::World;
use proofmark_base::work::Failure;
use proofmark_data::Video;
use proofmark_data::attribution::{Classes, classes};
use proofmark_data::sample::{Candidate, Pick, SourceSample, sample};
use proofmark_data::statistics::Row;
use proofmark_data::survey::{Purpose, SetTable};
use proofmark_lang::model::{Dataset, Ensemble, Experiment, Label, Project, PseudoFake, Split};
use proofmark_prepare::faces::Faces;
use proofmark_prepare::landmarks::Marks;
use proofmark_train::batch::{Role, Sample, face_id};
use proofmark_train::blend::PseudoSet;

/// The file of a sampling result.
const FILE: &str = "sample.parquet";

/// The sources of an ensemble in the order of their names: declaration order means
/// nothing.
pub fn sources<'a>(project: &'a Project, ensemble: &'a Ensemble) -> Vec<Source<'a>> {
    let mut sources: Vec<Source<'a>> = ensemble
        .sources
        .iter()
        .filter_map(|s| {
            let dataset = project.datasets.get(&s.dataset.value)?;
            let pseudo_fake = s.pseudo_fake.as_ref();
            Some(Source { dataset, train: s.train.value, val: s.val.value, pseudo_fake })
        })
        .collect();
    sources.sort_by_key(|s| (&s.dataset.name.value, s.pseudo_fake.is_some()));
    sources
}

/// One data set of an ensemble and its splits.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// The data set.
    pub dataset: &'a Dataset,
    /// Split trained on.
    pub train: Split,
    /// Split that selects.
    pub val: Split,
    /// Only its reals are used, each with a fake that is made of it.
    pub pseudo_fake: Option<&'a PseudoFake>,
}

impl Source<'_> {
    fn name(&self) -> &str {
        &self.dataset.name.value
    }

    /// Whether a video is used, if it is in the right split.
    fn takes(&self, video: &Video) -> bool {
        self.pseudo_fake.is_none() || video.label == Label::Real
    }
}

/// The faces of a data set, and their landmarks if pseudo-fakes are made of them.
#[derive(Debug)]
pub struct MarkedFaces {
    /// The faces.
    pub faces: Faces,
    /// Of every face.
    pub marks: Option<Marks>,
}

impl MarkedFaces {
    /// The faces of a video, by number within it, that a source can use.
    fn usable(&self, source: &Source<'_>, video: &str) -> Result<Vec<u32>, Failure> {
        let name = source.name();
        let lost = || Failure::Internal(format!("`{video}` of `{name}` was not prepared"));
        let prepared = self.faces.videos.get(video).ok_or_else(lost)?;
        let all = 0..prepared.faces as u32;
        if source.pseudo_fake.is_none() {
            return Ok(all.collect());
        }
        let marks = self.marks.as_ref();
        let marks = marks.ok_or_else(|| Failure::Internal(format!("no landmarks of `{name}`")))?;
        let marked = |face: &u32| marks.0[prepared.first_face + *face as usize].points.is_some();
        Ok(all.filter(marked).collect())
    }
}

/// Samples an ensemble into `folder`. Returns the counts in the form of Table 1.
pub fn make(
    project: &Project,
    ensemble: &Ensemble,
    world: &World,
    faces: &BTreeMap<String, MarkedFaces>,
    folder: &Path,
) -> Result<SetTable, Failure> {
    let mut candidates = Vec::new();
    let mut picks = Picks::default();
    let mut made: BTreeMap<String, SourceSample> = BTreeMap::new();
    for source in &sources(project, ensemble) {
        let lost = || Failure::Internal(format!("no faces of `{}`", source.name()));
        let marked = faces.get(source.name()).ok_or_else(lost)?;
        for video in videos(world, source.name())?.into_iter().filter(|v| source.takes(v)) {
            let usable = marked.usable(source, &video.key)?;
            let (train, val) = (video.split == Some(source.train), video.split == Some(source.val));
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
        let mut row = Row::published(dataset);
        row.scanned(dataset, scan);
        Some(row)
    };
    let mut names: Vec<&str> = ensemble.sources.iter().map(|s| s.dataset.value.as_str()).collect();
    let mut seen = BTreeSet::new();
    names.retain(|name| seen.insert(*name));
    let mut table = SetTable {
        purpose: Purpose::Training(ensemble.name.value.clone()),
        rows: names.into_iter().filter_map(row).collect(),
        notes: Vec::new(),
    };
    table.sampled(&sampled.sources);
    Ok(table)
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

/// How many faces would be sampled if every frame gave one; none if it takes decoding videos
/// to know their frames.
pub fn expected(
    project: &Project,
    ensemble: &Ensemble,
    world: &World,
) -> Result<Option<usize>, Failure> {
    let mut candidates = Vec::new();
    let mut pairs = 0;
    for source in sources(project, ensemble) {
        let Some(scan) = world.scans.get(source.name()) else { continue };
        if scan.undecoded() {
            return Ok(None);
        }
        for (video, frames) in scan.manifest.by_video() {
            if video.split != Some(source.train) || !source.takes(&video) {
                continue;
            }
            if source.pseudo_fake.is_some() {
                pairs += frames.len();
            } else {
                candidates.push(Candidate {
                    dataset: source.name().to_owned(),
                    video_key: video.key,
                    label: video.label,
                    faces: frames.len() as u32,
                });
            }
        }
    }
    let sampled = sample(&candidates, ensemble.sample.as_ref())?;
    Ok(Some(sampled.picks.len() + 2 * pairs))
}

fn videos(world: &World, dataset: &str) -> Result<Vec<Video>, Failure> {
    let scan = world.scans.get(dataset);
    let scan = scan.ok_or_else(|| Failure::Internal(format!("`{dataset}` was not looked at")))?;
    Ok(scan.manifest.video_rows())
}

/// The sampled faces of an experiment with their classes.
#[derive(Debug)]
pub struct TrainingSets {
    /// Names of the classes, real first.
    pub classes: Vec<String>,
    /// Face stores that the samples refer to.
    pub sets: Vec<Faces>,
    /// What pseudo-fakes of each are made with, if any are.
    pub pseudo: Vec<Option<PseudoSet>>,
    /// Faces to train on.
    pub train: Vec<Sample>,
    /// Faces that select.
    pub val: Vec<Sample>,
}

/// Videos of each source that train or select: only they have to have a class.
fn used_videos(sources: &[Source<'_>], world: &World) -> Result<Vec<Vec<Video>>, Failure> {
    sources
        .iter()
        .map(|s| {
            let used =
                |v: &Video| (v.split == Some(s.train) || v.split == Some(s.val)) && s.takes(v);
            Ok(videos(world, s.name())?.into_iter().filter(used).collect())
        })
        .collect()
}

fn classes_of(
    experiment: &Experiment,
    sources: &[Source<'_>],
    videos: &[Vec<Video>],
) -> Result<Classes, Failure> {
    let pairs: Vec<(&Dataset, &[Video])> =
        sources.iter().zip(videos).map(|(s, v)| (s.dataset, v.as_slice())).collect();
    let by = experiment.attribution;
    classes(by.map(|by| by.value), &pairs).map_err(|error| {
        let failure = Failure::from(error);
        match by {
            Some(by) => failure.or_at(by.origin, "needs a class of each fake"),
            None => failure,
        }
    })
}

/// Names of the classes that an experiment would tell apart, real first.
pub fn class_names(
    project: &Project,
    experiment: &Experiment,
    world: &World,
) -> Result<Vec<String>, Failure> {
    let sources = sources(project, &experiment.data);
    Ok(classes_of(experiment, &sources, &used_videos(&sources, world)?)?.names)
}

/// Reads a sampling result for an experiment. `faces` holds the sources' face stores.
pub fn read(
    project: &Project,
    experiment: &Experiment,
    world: &World,
    folder: &Path,
    mut faces: BTreeMap<String, MarkedFaces>,
) -> Result<TrainingSets, Failure> {
    let sources = sources(project, &experiment.data);
    let videos = used_videos(&sources, world)?;
    let Classes { names, of } = classes_of(experiment, &sources, &videos)?;
    // A data set may be two sources: its videos have one class in both.
    let mut class_of: BTreeMap<(&str, &str), u32> = BTreeMap::new();
    for ((source, videos), classes) in sources.iter().zip(&videos).zip(&of) {
        let keys = videos.iter().map(|v| (source.name(), v.key.as_str()));
        class_of.extend(keys.zip(classes.iter().copied()));
    }
    let mut set_of: BTreeMap<&str, usize> = BTreeMap::new();
    let (mut sets, mut pseudo) = (Vec::new(), Vec::new());
    for source in &sources {
        let set = match set_of.get(source.name()) {
            Some(set) => *set,
            None => {
                let lost = || Failure::Internal(format!("no faces of `{}`", source.name()));
                let MarkedFaces { faces, marks } = faces.remove(source.name()).ok_or_else(lost)?;
                sets.push(faces);
                pseudo.push(marks.map(|marks| (marks, None)));
                set_of.insert(source.name(), sets.len() - 1);
                sets.len() - 1
            }
        };
        if let (Some(settings), Some((_, of_set))) = (source.pseudo_fake, &mut pseudo[set]) {
            *of_set = Some(settings.clone());
        }
    }
    let seed = experiment.recipe.seed.value;
    let pseudo = pseudo.into_iter().map(|of_set| {
        let (marks, settings) = of_set?;
        Some(PseudoSet { marks, settings: settings?, seed })
    });
    let resolve = |pick: &Pick, role: Role| -> Result<Sample, Failure> {
        let lost = || Failure::Internal(format!("no face {} of {}", pick.face, pick.video_key));
        let set = *set_of.get(pick.dataset.as_str()).ok_or_else(lost)?;
        let place = (pick.dataset.as_str(), pick.video_key.as_str());
        let class = match role {
            Role::Stored => *class_of.get(&place).ok_or_else(lost)?,
            Role::Target => 0,
            Role::Blend => 1,
        };
        let video = sets[set].videos.get(&pick.video_key).ok_or_else(lost)?;
        let face = video.first_face + pick.face as usize;
        let (frame, in_frame) = sets[set].file.place(face);
        let id = face_id(&pick.dataset, &pick.video_key, frame, in_frame);
        Ok(Sample { set, face, class, id, role })
    };
    // Pairs first, so that each begins at an even place.
    let all = |pairs: &[Pick], single: &[Pick]| -> Result<Vec<Sample>, Failure> {
        let pairs = pairs.iter().flat_map(|p| [resolve(p, Role::Target), resolve(p, Role::Blend)]);
        pairs.chain(single.iter().map(|p| resolve(p, Role::Stored))).collect()
    };
    let picks = Picks::read(&folder.join(FILE))?;
    let train = all(&picks.train_pairs, &picks.train)?;
    let val = all(&picks.val_pairs, &picks.val)?;
    Ok(TrainingSets { classes: names, pseudo: pseudo.collect(), sets, train, val })
}

/// Where a data set's prepared faces, or their landmarks, lie.
pub type Folders = BTreeMap<String, PathBuf>;

/// Opens the face stores of an ensemble, and the landmarks that its pseudo-fakes need.
pub fn open_faces(
    project: &Project,
    ensemble: &Ensemble,
    folders: &Folders,
    marks: &Folders,
) -> Result<BTreeMap<String, MarkedFaces>, Failure> {
    let mut opened: BTreeMap<String, MarkedFaces> = BTreeMap::new();
    for source in sources(project, ensemble) {
        let lost = |what: &str| Failure::Internal(format!("no {what} of `{}`", source.name()));
        if !opened.contains_key(source.name()) {
            let folder = folders.get(source.name()).ok_or_else(|| lost("faces"))?;
            let faces = Faces::open(folder).map_err(Failure::data)?;
            opened.insert(source.name().to_owned(), MarkedFaces { faces, marks: None });
        }
        if let (Some(_), Some(faces)) = (source.pseudo_fake, opened.get_mut(source.name())) {
            let folder = marks.get(source.name()).ok_or_else(|| lost("landmarks"))?;
            faces.marks = Some(Marks::read(folder, &faces.faces.file).map_err(Failure::data)?);
        }
    }
    Ok(opened)
}
