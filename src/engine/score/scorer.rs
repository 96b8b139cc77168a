//! Media go to the model, and what it says of their faces becomes their score.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use serde::{Serialize, Serializer};

use super::inputs::Inputs;
use super::look::{Crop, Eyes, Seen, Way};
use super::media::{Medium, Sort};
use super::request::Request;
use crate::engine::device::suited;
use crate::engine::stages::scores::no_number;
use proofmark_base::work::{Events, Failure};
use proofmark_evaluate::aggregate::pooled;
use proofmark_gpu::device::Device;
use proofmark_lang::model::{DeviceChoice, Precision};
use proofmark_model::architecture::Architecture;
use proofmark_model::network::Network;
use proofmark_prepare::ffmpeg::Ffmpeg;
use proofmark_train::checkpoint::{ModelCard, load_model};
use proofmark_train::fit::{fake_score, together};

/// One face.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ScoredFace {
    /// Frame of the video, from 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frame: Option<u32>,
    /// Seconds after the first frame.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seconds: Option<f64>,
    /// Left, top, right, bottom in pixels of the frame, if it was looked for.
    #[serde(rename = "box", skip_serializing_if = "Option::is_none")]
    pub bbox: Option<[f32; 4]>,
    /// The detector's score.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detector: Option<f32>,
    /// P(fake).
    pub fake: f64,
    /// Probability of each class of the model.
    pub classes: BTreeMap<String, f32>,
}

/// What was found out about a photograph, a video or a face crop.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Scored {
    /// The file.
    #[serde(serialize_with = "as_text")]
    pub path: PathBuf,
    /// What it is.
    pub kind: Sort,
    /// P(fake) by the rule, if there is a face.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fake: Option<f64>,
    /// Whether that is called fake.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub called: Option<&'static str>,
    /// Probability of each class, of a face crop.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub classes: BTreeMap<String, f32>,
    /// The faces that were found, or the frames that were taken for faces.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub faces: Vec<ScoredFace>,
    /// Frames of a video that were looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frames: Option<u32>,
    /// Whether it could be read, and holds no face.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub faceless: bool,
    /// What is wrong with it; beside a score, with a part of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// A path as text, with U+FFFD for what is not UTF-8.
fn as_text<S: Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&path.to_string_lossy())
}

/// All that was scored.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The model.
    pub card: ModelCard,
    /// How faces were had, for people.
    pub notes: Vec<String>,
    /// In the order of the files.
    pub scored: Vec<Scored>,
}

/// Scores files with a checkpoint.
///
/// # Errors
/// A checkpoint that is none, faces that cannot be cut as the model's were, no ffmpeg for videos.
pub fn score(
    checkpoint: &Path,
    media: &[Medium],
    request: &Request<'_>,
    (device, choice): (Device, DeviceChoice),
    events: &dyn Events,
) -> Result<Outcome, Failure> {
    let place = |network: &Architecture| suited(device, choice, network, "this model");
    let (params, card) = load_model(checkpoint, place)?;
    let videos = media.iter().any(|medium| medium.sort == Sort::Video);
    let (way, notes) = Way::choose(&card, request, videos)?;
    let ffmpeg = if videos { Some(Ffmpeg::find()?) } else { None };
    let eyes = Eyes::open(way, request.detector)?;
    let network = Network::new(card.network.clone(), &params, Precision::F32);
    let mut scorer = Scorer {
        model: checkpoint,
        inputs: Inputs::new(&card, eyes.side()),
        network,
        together: together(card.network.image()),
        scored: Vec::new(),
    };
    events.begin("files", media.len() as u64);
    for group in media.chunk_by(|a, b| a.sort == b.sort) {
        // Images are few faces each: many are looked at and scored at a time.
        let together = if group[0].sort == Sort::Image { scorer.together } else { 1 };
        for some in group.chunks(together) {
            scorer.some(some, &eyes, ffmpeg.as_ref(), request)?;
            events.advance(some.len() as u64);
        }
    }
    let Scorer { scored, .. } = scorer;
    Ok(Outcome { scored, card, notes })
}

struct Scorer<'a> {
    /// The file of the model.
    model: &'a Path,
    inputs: Inputs<'a>,
    network: Network<'a>,
    /// Faces that are scored at a time.
    together: usize,
    scored: Vec<Scored>,
}

impl Scorer<'_> {
    /// Scores images, or one video.
    fn some(
        &mut self,
        media: &[Medium],
        eyes: &Eyes,
        ffmpeg: Option<&Ffmpeg>,
        request: &Request<'_>,
    ) -> Result<(), Failure> {
        if let [video] = media
            && video.sort == Sort::Video
        {
            let mut faces = Vec::new();
            let mut waiting = Vec::new();
            let seen = eyes.look(video, ffmpeg, |crop| {
                waiting.push(crop);
                if waiting.len() >= self.together {
                    faces.extend(self.faces(&std::mem::take(&mut waiting))?);
                }
                Ok(())
            })?;
            faces.extend(self.faces(&waiting)?);
            return self.add(video, seen, faces, request);
        }
        let look = |image: &Medium| {
            let mut crops = Vec::new();
            let seen = eyes.look(image, None, |crop| {
                crops.push(crop);
                Ok(())
            })?;
            Ok((seen, crops))
        };
        let looked: Vec<(Seen, Vec<Crop>)> =
            media.par_iter().map(look).collect::<Result<_, Failure>>()?;
        let (seen, crops): (Vec<Seen>, Vec<Vec<Crop>>) = looked.into_iter().unzip();
        let counts: Vec<usize> = crops.iter().map(Vec::len).collect();
        let crops: Vec<Crop> = crops.into_iter().flatten().collect();
        let mut faces = Vec::with_capacity(crops.len());
        for crops in crops.chunks(self.together) {
            faces.extend(self.faces(crops)?);
        }
        let mut faces = faces.into_iter();
        for ((image, seen), count) in media.iter().zip(seen).zip(counts) {
            self.add(image, seen, faces.by_ref().take(count).collect(), request)?;
        }
        Ok(())
    }

    /// What a medium's faces come to.
    ///
    /// # Errors
    /// A face for which the model gives no number.
    fn add(
        &mut self,
        medium: &Medium,
        seen: Seen,
        faces: Vec<ScoredFace>,
        request: &Request<'_>,
    ) -> Result<(), Failure> {
        if let Some(face) = faces.iter().find(|face| !face.fake.is_finite()) {
            let path = medium.path.display();
            let face = match (face.frame, face.bbox) {
                (Some(frame), _) => format!("a face in frame {frame} of {path}"),
                (None, Some([left, top, ..])) => {
                    format!("the face at {left:.0} {top:.0} of {path}")
                }
                (None, None) => path.to_string(),
            };
            return Err(no_number(self.model, &face));
        }
        let mut scores: Vec<f64> = faces.iter().map(|face| face.fake).collect();
        scores.sort_unstable_by(f64::total_cmp);
        let fake = (!scores.is_empty()).then(|| pooled(&scores, request.rule));
        let mut scored = Scored {
            path: medium.path.clone(),
            kind: medium.sort,
            fake,
            called: fake.map(|fake| if fake >= request.threshold { "fake" } else { "real" }),
            classes: BTreeMap::new(),
            faces,
            frames: (medium.sort == Sort::Video).then_some(seen.frames),
            faceless: fake.is_none() && seen.frames > 0,
            error: seen.error,
        };
        // A crop is its own only face: there is nothing more to say of it.
        if let (Sort::Image, [face]) = (medium.sort, scored.faces.as_slice())
            && face.bbox.is_none()
        {
            scored.classes = face.classes.clone();
            scored.faces.clear();
        }
        self.scored.push(scored);
        Ok(())
    }

    fn faces(&self, crops: &[Crop]) -> Result<Vec<ScoredFace>, Failure> {
        if crops.is_empty() {
            return Ok(Vec::new());
        }
        let scores = self.network.probabilities(&self.inputs.of(crops))?;
        let face = |(crop, probabilities): (&Crop, Vec<f32>)| ScoredFace {
            frame: crop.frame,
            seconds: crop.seconds,
            bbox: crop.found.map(|(bbox, _)| bbox),
            detector: crop.found.map(|(_, score)| score),
            fake: fake_score(&probabilities),
            classes: self.inputs.named(probabilities),
        };
        Ok(crops.iter().zip(scores).map(face).collect())
    }
}
