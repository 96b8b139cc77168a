//! The stage that scores a split of a data set with a trained model.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use candle_core::Device;

use proofmark_base::work::{Events, Failure};
use proofmark_data::Scan;
use proofmark_evaluate::predictions::{Prediction, PredictionsWriter};
use proofmark_lang::model::{Label, Precision};
use proofmark_model::network::Network;
use proofmark_plan::graph::Target;
use proofmark_prepare::faces::Faces;
use proofmark_train::batch::{Inputs, Role, Sample, face_id};
use proofmark_train::checkpoint::load_model;
use proofmark_train::fit::{fake_score, together};

/// The file of the stage's result.
pub const FILE: &str = "predictions.parquet";

/// That a model gives no number for a face, although its own are.
pub(super) fn no_number(model: &Path, face: &str) -> Failure {
    Failure::data(format!(
        "the model {} gives no number for {face}: its weights are numbers, but too large together, \
         or the mean and standard deviation of its inputs are not those that it was trained with",
        model.display()
    ))
}

/// Scores every face of the target into `folder`.
#[expect(clippy::too_many_arguments, reason = "the stage's inputs, named at the one call")]
pub fn make(
    model: &Path,
    scan: &Scan,
    faces: Faces,
    target: &Target,
    folder: &Path,
    device: &Device,
    events: &dyn Events,
    stop: &AtomicBool,
) -> Result<(), Failure> {
    let path = model.join("model.safetensors");
    let (params, card) = load_model(&path, device)?;
    let network = Network::new(card.network.clone(), &params, Precision::F32);
    let sets = [faces];
    let normalize = card.normalize();
    let inputs =
        Inputs { sets: &sets, pseudo: &[], image: card.network.image(), normalize: &normalize };
    let videos: Vec<_> =
        scan.manifest.video_rows().into_iter().filter(|v| v.split == Some(target.split)).collect();
    let mut todo = Vec::new();
    for (i, video) in videos.iter().enumerate() {
        let Some(prepared) = sets[0].videos.get(&video.key) else {
            return Err(Failure::Internal(format!("video {} was not prepared", video.key)));
        };
        let faces = prepared.first_face..prepared.first_face + prepared.faces;
        todo.extend(faces.map(|face| {
            let id = match target.corruption {
                Some(_) => {
                    let (frame, number) = sets[0].file.place(face);
                    face_id(&video.dataset, &video.key, frame, number)
                }
                None => 0,
            };
            (i, Sample { set: 0, face, class: 0, id, role: Role::Stored })
        }));
    }
    let metadata = BTreeMap::from([
        ("proofmark.model".to_owned(), card.key.clone()),
        ("proofmark.experiment".to_owned(), card.experiment.clone()),
    ]);
    let failed = |e: proofmark_evaluate::predictions::PredictionsError| Failure::run(e);
    let mut writer =
        PredictionsWriter::create(&folder.join(FILE), &card.classes, &metadata).map_err(failed)?;
    events.begin("faces", todo.len() as u64);
    for chunk in todo.chunks(together(card.network.image())) {
        if stop.load(Ordering::Relaxed) {
            return Err(Failure::Interrupted);
        }
        let samples: Vec<Sample> = chunk.iter().map(|(_, sample)| *sample).collect();
        let scores = network.probabilities(&inputs.evaluation(
            &samples,
            card.resize,
            target.corruption,
        )?)?;
        for ((video, sample), probabilities) in chunk.iter().zip(scores) {
            let video = &videos[*video];
            let (frame, face) = sets[0].file.place(sample.face);
            let fake = video.label == Label::Fake;
            if !fake_score(&probabilities).is_finite() {
                let face = format!("face {face} in frame {frame} of {}", video.key);
                return Err(no_number(&path, &face));
            }
            writer
                .push(Prediction {
                    dataset: video.dataset.clone(),
                    video: video.key.clone(),
                    frame,
                    face,
                    label: video.label,
                    method: video.method.clone().filter(|_| fake),
                    family: video.family.filter(|_| fake),
                    area: sets[0].file.area(sample.face),
                    probabilities,
                    exact: None,
                })
                .map_err(failed)?;
        }
        events.advance(chunk.len() as u64);
    }
    writer.finish().map_err(failed)
}
