//! The sources of an ensemble: their videos, their classes, and how many faces they may give.

use super::world::World;
use proofmark_base::work::Failure;
use proofmark_data::Video;
use proofmark_data::attribution::{Classes, classes};
use proofmark_data::sample::{Candidate, sample};
use proofmark_lang::model::{
    Dataset, Ensemble, Experiment, Label, Placed, Project, PseudoFake, Split,
};

/// The sources of an ensemble in the order of their names: declaration order means
/// nothing.
pub fn sources<'a>(project: &'a Project, ensemble: &'a Ensemble) -> Vec<Source<'a>> {
    let mut sources: Vec<Source<'a>> = ensemble
        .sources
        .iter()
        .filter_map(|s| {
            let dataset = project.datasets.get(&s.dataset)?;
            let pseudo_fake = s.pseudo_fake.as_deref();
            Some(Source { dataset, train: s.train, val: s.val, pseudo_fake })
        })
        .collect();
    sources.sort_by_key(|s| (&s.dataset.name, s.pseudo_fake.is_some()));
    sources
}

/// One data set of an ensemble and its splits.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// The data set.
    pub dataset: &'a Placed<Dataset>,
    /// Split trained on.
    pub train: Split,
    /// Split that selects.
    pub val: Split,
    /// Only its reals are used, each with a fake that is made of it.
    pub pseudo_fake: Option<&'a PseudoFake>,
}

impl Source<'_> {
    /// Name of the data set.
    pub fn name(&self) -> &str {
        &self.dataset.name
    }

    /// Whether a video is used, if it is in the right split.
    pub fn takes(&self, video: &Video) -> bool {
        self.pseudo_fake.is_none() || video.label == Label::Real
    }
}

/// The videos of a data set.
///
/// # Errors
/// A data set that is not there.
pub fn videos(world: &World, dataset: &str) -> Result<Vec<Video>, Failure> {
    Ok(world.scan(dataset)?.manifest.video_rows())
}

/// Videos of each source that train or select: only they have to have a class.
pub(super) fn used_videos(
    sources: &[Source<'_>],
    world: &World,
) -> Result<Vec<Vec<Video>>, Failure> {
    sources
        .iter()
        .map(|s| {
            let used =
                |v: &Video| (v.split == Some(s.train) || v.split == Some(s.val)) && s.takes(v);
            Ok(videos(world, s.name())?.into_iter().filter(used).collect())
        })
        .collect()
}

/// The classes of the videos of each source.
pub(super) fn classes_of(
    experiment: &Placed<Experiment>,
    sources: &[Source<'_>],
    videos: &[Vec<Video>],
) -> Result<Classes, Failure> {
    let pairs: Vec<(&Dataset, &[Video])> =
        sources.iter().zip(videos).map(|(s, v)| (&**s.dataset, v.as_slice())).collect();
    let by = experiment.attribution;
    classes(by, &pairs).map_err(|error| match by {
        Some(_) => {
            Failure::from(error).or_at(experiment.at.attribution, "needs a class of each fake")
        }
        None => error.into(),
    })
}

/// Names of the classes that an experiment would tell apart, real first.
pub fn class_names(
    project: &Project,
    experiment: &Placed<Experiment>,
    world: &World,
) -> Result<Vec<String>, Failure> {
    let sources = sources(project, &experiment.data);
    Ok(classes_of(experiment, &sources, &used_videos(&sources, world)?)?.names)
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
