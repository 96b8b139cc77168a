//! Scores images and folders with a trained model.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use candle_core::Device;
use rayon::prelude::*;
use serde::Serialize;

use crate::lang::model::Precision;
use crate::model::network::Network;
use crate::prepare::crop::{read_image, square};
use crate::train::augment::face::{Face, evaluation};
use crate::train::checkpoint::{ModelCard, load_model};
use crate::train::fit::{EVAL_BATCH, fake_score};
use crate::work::{Events, Failure};

/// Names of image files.
const EXTENSIONS: [&str; 5] = ["jpg", "jpeg", "png", "webp", "bmp"];
/// Folders deeper than this are not entered.
const MAX_DEPTH: usize = 64;

/// What was found out about one image.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Scored {
    /// The image.
    pub path: PathBuf,
    /// P(fake), if the image could be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fake: Option<f64>,
    /// Probability of each class of the model.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub classes: BTreeMap<String, f32>,
    /// Why there is no score.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// Images below the paths, in order. A path that is not there is an error; a folder is
/// searched to the bottom, without following links.
pub fn images(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let mut images = Vec::new();
    for path in paths {
        let meta = std::fs::metadata(path)
            .map_err(|e| Failure::Data(format!("cannot score {}: {e}", path.display())))?;
        if meta.is_dir() {
            let before = images.len();
            walk(path, 0, &mut images)?;
            if images.len() == before {
                return Err(Failure::Data(format!(
                    "{} holds no image; looked for {}",
                    path.display(),
                    EXTENSIONS.map(|e| format!("*.{e}")).join(", ")
                )));
            }
        } else {
            images.push(path.clone());
        }
    }
    Ok(images)
}

fn walk(folder: &Path, depth: usize, images: &mut Vec<PathBuf>) -> Result<(), Failure> {
    let entries = std::fs::read_dir(folder).map_err(|e| Failure::read(folder, &e))?;
    let mut paths = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|e| Failure::read(folder, &e))?;
        let kind = entry.file_type().map_err(|e| Failure::read(&entry.path(), &e))?;
        paths.push((entry.path(), kind));
    }
    paths.sort_by(|a, b| a.0.cmp(&b.0));
    for (path, kind) in paths {
        let extension = path.extension().map(|e| e.to_string_lossy().to_lowercase());
        if kind.is_dir() && depth < MAX_DEPTH {
            walk(&path, depth + 1, images)?;
        } else if kind.is_file() && extension.is_some_and(|e| EXTENSIONS.contains(&e.as_str())) {
            images.push(path);
        }
    }
    Ok(())
}

/// Scores images as faces: the largest centred square, resized as at evaluation.
pub fn score(
    checkpoint: &Path,
    images: &[PathBuf],
    device: &Device,
    events: &dyn Events,
) -> Result<(ModelCard, Vec<Scored>), Failure> {
    let (params, card) = load_model(checkpoint, device)?;
    let network = Network::new(card.network.clone(), &params, Precision::F32);
    let side = card.network.image();
    let by = card.normalize();
    let stored = card.face_side;
    events.begin("images", images.len() as u64);
    let mut scored = Vec::with_capacity(images.len());
    for chunk in images.chunks(EVAL_BATCH) {
        let read: Vec<Result<Vec<f32>, String>> = chunk
            .par_iter()
            .map(|path| {
                let crop = square(&read_image(path)?, stored);
                let mut planes = vec![0f32; 3 * side * side];
                let face = Face { rgb: &crop, side: stored };
                evaluation(face, card.resize, &by, &mut planes);
                Ok(planes)
            })
            .collect();
        let planes: Vec<f32> = read.iter().flatten().flatten().copied().collect();
        let mut probabilities =
            if planes.is_empty() { Vec::new() } else { network.probabilities(&planes)? }
                .into_iter();
        for (path, read) in chunk.iter().zip(read) {
            let mut result =
                Scored { path: path.clone(), fake: None, classes: BTreeMap::new(), error: None };
            match read {
                Err(why) => result.error = Some(why),
                Ok(_) => {
                    let p = probabilities.next().unwrap_or_default();
                    result.fake = Some(fake_score(&p));
                    result.classes = card.classes.iter().cloned().zip(p).collect();
                }
            }
            scored.push(result);
        }
        events.advance(chunk.len() as u64);
    }
    Ok((card, scored))
}
