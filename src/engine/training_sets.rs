//! The sampled faces that an experiment trains on, opened.

use std::collections::BTreeMap;
use std::path::Path;

use super::ensemble::{classes_of, sources, used_videos};
use super::marked::MarkedFaces;
use super::sample_file::Picks;
use super::stages::sample::FILE;
use super::world::World;
use proofmark_base::work::Failure;
use proofmark_data::attribution::Classes;
use proofmark_data::sample::Pick;
use proofmark_lang::model::{Experiment, Placed, Project};
use proofmark_prepare::faces::Faces;
use proofmark_train::batch::{Role, Sample, face_id};
use proofmark_train::blend::PseudoSet;

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

/// Reads a sampling result for an experiment. `faces` holds the sources' face stores.
pub fn read(
    project: &Project,
    experiment: &Placed<Experiment>,
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
    let seed = experiment.recipe.seed;
    let pseudo = pseudo.into_iter().map(|of_set| {
        let (marks, settings) = of_set?;
        Some(PseudoSet { marks, settings: settings?, seed })
    });
    let resolve = |pick: &Pick, role: Role| -> Result<Sample, Failure> {
        let lost = || {
            Failure::data(format!(
                "{} names a face of {}, of `{}`, that the file does not train on; remove its \
                 folder, and it is made again",
                folder.join(FILE).display(),
                pick.video_key,
                pick.dataset
            ))
        };
        let set = *set_of.get(pick.dataset.as_str()).ok_or_else(lost)?;
        let place = (pick.dataset.as_str(), pick.video_key.as_str());
        let class = match role {
            Role::Stored => *class_of.get(&place).ok_or_else(lost)?,
            Role::Target => 0,
            Role::Blend => 1,
        };
        let video = sets[set].video(&pick.video_key).map_err(Failure::data)?;
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
