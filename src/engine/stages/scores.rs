//! What stages share that give scores.

use std::path::Path;

use crate::engine::cost::Cost;
use crate::engine::graph::{Nature, Until};
use crate::engine::kind::StageKind;
use crate::engine::world::World;
use proofmark_base::work::Failure;
use proofmark_data::{Manifest, Video};
use proofmark_evaluate::face::Face;
use proofmark_lang::model::Label;
use proofmark_plan::scope::Target;
use proofmark_prepare::faces::Faces;
use proofmark_train::batch::{Role, Sample, face_id};

/// The file of the stage's result.
pub const FILE: &str = "predictions.parquet";
/// Raised whenever the same model gives other scores than before: since 3 the arithmetic is the same
/// on every machine.
pub(super) const VERSION: u32 = 3;
/// What all stages have in common that give scores.
pub(super) const NATURE: Nature = Nature {
    kind: StageKind::Predict,
    until: Until::Evaluate,
    goes_on: false,
    shares_cores: true,
    divides: false,
};

/// The videos of a target and their faces.
pub(super) struct TargetFaces {
    pub videos: Vec<Video>,
    /// Each face with the place of its video.
    pub faces: Vec<(usize, Sample)>,
}

/// The videos of a target and their faces, in the order of the manifest.
pub(super) fn faces_of(
    manifest: &Manifest,
    faces: &Faces,
    target: &Target,
) -> Result<TargetFaces, Failure> {
    let videos = manifest.video_rows().into_iter();
    let videos: Vec<Video> = videos.filter(|v| v.split == Some(target.split)).collect();
    let mut todo = Vec::new();
    for (place, video) in videos.iter().enumerate() {
        let prepared = faces.video(&video.key).map_err(Failure::data)?;
        let all = prepared.first_face..prepared.first_face + prepared.faces;
        todo.extend(all.map(|face| {
            let id = match target.corruption {
                Some(_) => {
                    let (frame, number) = faces.file.place(face);
                    face_id(&video.dataset, &video.key, frame, number)
                }
                None => 0,
            };
            (place, Sample { set: 0, face, class: 0, id, role: Role::Stored })
        }));
    }
    Ok(TargetFaces { videos, faces: todo })
}

/// A face of a video, as files say it. Only fakes have a method.
pub(super) fn face(video: &Video, frame: u32, face: u32) -> Face {
    let fake = video.label == Label::Fake;
    Face {
        dataset: video.dataset.clone(),
        video: video.key.clone(),
        frame,
        face,
        label: video.label,
        method: video.method.clone().filter(|_| fake),
        family: video.family.filter(|_| fake),
    }
}

/// The videos of a target, as work.
pub(super) fn videos(world: &World, target: &Target) -> Result<Cost, Failure> {
    let videos = world.scan(&target.dataset)?.manifest.in_split(target.split);
    Ok(Cost::new(format!("{videos} videos"), [("videos", videos)]))
}

/// That a model gives no number for a face, although its own are.
pub(in crate::engine) fn no_number(model: &Path, face: &str) -> Failure {
    Failure::data(format!(
        "the model {} gives no number for {face}: its weights are numbers, but too large together, \
         or the mean and standard deviation of its inputs are not those that it was trained with",
        model.display()
    ))
}
