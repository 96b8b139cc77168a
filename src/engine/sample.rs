//! The stage that samples an ensemble: which faces train, which select the checkpoint.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};

use polars::prelude::*;

use super::world::World;
use crate::data::attribution::{Classes, classes};
use crate::data::sample::{Candidate, Pick, SourceSample, sample};
use crate::data::statistics::Row;
use crate::data::survey::{Purpose, SetTable};
use crate::data::{DataError, Video};
use crate::lang::model::{Dataset, Ensemble, Experiment, Label, Project, Split};
use crate::prepare::faces::Faces;
use crate::train::batch::{Sample, face_id};
use crate::work::Failure;

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
            Some(Source { dataset, train: s.train.value, val: s.val.value })
        })
        .collect();
    sources.sort_by(|a, b| a.dataset.name.value.cmp(&b.dataset.name.value));
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
}

impl Source<'_> {
    fn name(&self) -> &str {
        &self.dataset.name.value
    }
}

fn data(error: DataError) -> Failure {
    Failure::Data(error.to_string())
}

/// Samples an ensemble into `folder`. Returns the counts in the form of Table 1.
pub fn make(
    project: &Project,
    ensemble: &Ensemble,
    world: &World,
    faces: &BTreeMap<String, Faces>,
    folder: &Path,
) -> Result<SetTable, Failure> {
    let sources = sources(project, ensemble);
    let mut candidates = Vec::new();
    let mut val = Vec::new();
    for source in &sources {
        for video in videos(world, source.name())? {
            let usable = usable(faces, source.name(), &video.key)?;
            if video.split == Some(source.train) {
                candidates.push(Candidate {
                    dataset: source.name().to_owned(),
                    video_key: video.key.clone(),
                    label: video.label,
                    faces: usable,
                });
            }
            if video.split == Some(source.val) {
                val.extend((0..usable).map(|face| Pick {
                    dataset: source.name().to_owned(),
                    video_key: video.key.clone(),
                    face,
                }));
            }
        }
    }
    let sampled = sample(&candidates, ensemble.sample.as_ref()).map_err(data)?;
    val.sort_unstable();
    write(&folder.join(FILE), &sampled.picks, &val)?;
    let row = |name: &str| {
        let (dataset, scan) = (project.datasets.get(name)?, world.scans.get(name)?);
        let mut row = Row::published(dataset);
        row.scanned(dataset, scan);
        Some(row)
    };
    let mut table = SetTable {
        purpose: Purpose::Training(ensemble.name.value.clone()),
        rows: ensemble.sources.iter().filter_map(|s| row(&s.dataset.value)).collect(),
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
    for pick in read_picks(&folder.join(FILE))?.0 {
        *taken.entry((pick.dataset, pick.video_key)).or_default() += 1;
    }
    let mut samples: BTreeMap<String, SourceSample> = BTreeMap::new();
    for source in sources(project, ensemble) {
        let of = samples.entry(source.name().to_owned()).or_default();
        for video in videos(world, source.name())? {
            if video.split != Some(source.train) {
                continue;
            }
            let available = faces(source.name(), &video.key);
            let class = match video.label {
                Label::Real => &mut of.real,
                Label::Fake => &mut of.fake,
            };
            class.videos += 1;
            class.faceless += u64::from(available == 0);
            class.available += u64::from(available);
            let place = (source.name().to_owned(), video.key);
            class.taken += taken.get(&place).copied().unwrap_or(0);
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
    for source in sources(project, ensemble) {
        let Some(scan) = world.scans.get(source.name()) else { continue };
        if scan.undecoded() {
            return Ok(None);
        }
        for (video, frames) in scan.manifest.by_video() {
            if video.split == Some(source.train) {
                candidates.push(Candidate {
                    dataset: source.name().to_owned(),
                    video_key: video.key,
                    label: video.label,
                    faces: frames.len() as u32,
                });
            }
        }
    }
    let sampled = sample(&candidates, ensemble.sample.as_ref()).map_err(data)?;
    Ok(Some(sampled.picks.len()))
}

fn videos(world: &World, dataset: &str) -> Result<Vec<Video>, Failure> {
    let scan = world.scans.get(dataset);
    let scan = scan.ok_or_else(|| Failure::Internal(format!("`{dataset}` was not looked at")))?;
    Ok(scan.manifest.video_rows())
}

/// Number of usable faces of a video.
fn usable(faces: &BTreeMap<String, Faces>, dataset: &str, video: &str) -> Result<u32, Failure> {
    let prepared = faces.get(dataset).and_then(|f| f.videos.get(video));
    let prepared = prepared
        .ok_or_else(|| Failure::Internal(format!("`{video}` of `{dataset}` was not prepared")))?;
    Ok(prepared.faces as u32)
}

/// The sampled faces of an experiment with their classes.
#[derive(Debug)]
pub struct TrainingSets {
    /// Names of the classes, real first.
    pub classes: Vec<String>,
    /// Face stores that the samples refer to.
    pub sets: Vec<Faces>,
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
            let used = |v: &Video| v.split == Some(s.train) || v.split == Some(s.val);
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
    classes(experiment.attribution.map(|a| a.value), &pairs).map_err(data)
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
    mut faces: BTreeMap<String, Faces>,
) -> Result<TrainingSets, Failure> {
    let sources = sources(project, &experiment.data);
    let videos = used_videos(&sources, world)?;
    let Classes { names, of } = classes_of(experiment, &sources, &videos)?;
    let class_of: Vec<BTreeMap<&str, u32>> = videos
        .iter()
        .zip(&of)
        .map(|(videos, classes)| {
            videos.iter().map(|v| v.key.as_str()).zip(classes.iter().copied()).collect()
        })
        .collect();
    let set_of: BTreeMap<&str, usize> =
        sources.iter().enumerate().map(|(i, s)| (s.name(), i)).collect();
    let sets: Vec<Faces> = sources
        .iter()
        .map(|s| {
            faces
                .remove(s.name())
                .ok_or_else(|| Failure::Internal(format!("no faces of `{}`", s.name())))
        })
        .collect::<Result<_, _>>()?;
    let resolve = |pick: &Pick| -> Result<Sample, Failure> {
        let lost = || Failure::Internal(format!("no face {} of {}", pick.face, pick.video_key));
        let set = *set_of.get(pick.dataset.as_str()).ok_or_else(lost)?;
        let class = *class_of[set].get(pick.video_key.as_str()).ok_or_else(lost)?;
        let video = sets[set].videos.get(&pick.video_key).ok_or_else(lost)?;
        let face = video.first_face + pick.face as usize;
        let (frame, in_frame) = sets[set].file.place(face);
        let id = face_id(&pick.dataset, &pick.video_key, frame, in_frame);
        Ok(Sample { set, face, class, id })
    };
    let (train, val) = read_picks(&folder.join(FILE))?;
    let train = train.iter().map(resolve).collect::<Result<_, _>>()?;
    let val = val.iter().map(resolve).collect::<Result<_, _>>()?;
    Ok(TrainingSets { classes: names, sets, train, val })
}

fn write(path: &Path, train: &[Pick], val: &[Pick]) -> Result<(), Failure> {
    let all = || train.iter().chain(val);
    let parts =
        std::iter::repeat_n("train", train.len()).chain(std::iter::repeat_n("val", val.len()));
    let text = |name: &str, values: Vec<&str>| Column::new(name.into(), values);
    let columns = vec![
        text("part", parts.collect()),
        text("dataset", all().map(|p| p.dataset.as_str()).collect()),
        text("video_key", all().map(|p| p.video_key.as_str()).collect()),
        Column::new("face".into(), all().map(|p| p.face).collect::<Vec<u32>>()),
    ];
    let failed = |e: PolarsError| Failure::write(path, &std::io::Error::other(e.to_string()));
    let mut table = DataFrame::new(train.len() + val.len(), columns).map_err(failed)?;
    let file = File::create(path).map_err(|e| Failure::write(path, &e))?;
    ParquetWriter::new(file).finish(&mut table).map_err(failed)?;
    Ok(())
}

fn read_picks(path: &Path) -> Result<(Vec<Pick>, Vec<Pick>), Failure> {
    let failed = |e: PolarsError| Failure::read(path, &std::io::Error::other(e.to_string()));
    let file = File::open(path).map_err(|e| Failure::read(path, &e))?;
    let table = ParquetReader::new(file).finish().map_err(failed)?;
    let text = |name: &str| table.column(name).and_then(|c| c.str().cloned()).map_err(failed);
    let (parts, datasets, videos) = (text("part")?, text("dataset")?, text("video_key")?);
    let faces = table.column("face").and_then(|c| c.u32().cloned()).map_err(failed)?;
    let (mut train, mut val) = (Vec::new(), Vec::new());
    let rows = parts.iter().zip(datasets.iter()).zip(videos.iter()).zip(faces.iter());
    for (((part, dataset), video), face) in rows {
        let (Some(part), Some(dataset), Some(video), Some(face)) = (part, dataset, video, face)
        else {
            return Err(Failure::read(path, &std::io::Error::other("it has empty cells")));
        };
        let pick = Pick { dataset: dataset.to_owned(), video_key: video.to_owned(), face };
        if part == "train" { train.push(pick) } else { val.push(pick) }
    }
    Ok((train, val))
}

/// Where a data set's prepared faces lie.
pub type FaceFolders = BTreeMap<String, PathBuf>;

/// Opens the face stores of an ensemble.
pub fn open_faces(
    project: &Project,
    ensemble: &Ensemble,
    folders: &FaceFolders,
) -> Result<BTreeMap<String, Faces>, Failure> {
    sources(project, ensemble)
        .iter()
        .map(|s| {
            let folder = folders
                .get(s.name())
                .ok_or_else(|| Failure::Internal(format!("no faces of `{}`", s.name())))?;
            Ok((s.name().to_owned(), Faces::open(folder).map_err(Failure::Data)?))
        })
        .collect()
}
