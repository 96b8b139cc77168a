//! The faces of the videos that the rows of a table have most wrong.

use std::collections::{BTreeMap, BTreeSet};

use image::codecs::jpeg::JpegEncoder;
use image::imageops::{FilterType, resize};
use image::{ExtendedColorType, RgbImage};

use super::graph::Plan;
use super::kind::StageKind;
use proofmark_base::store::Store;
use proofmark_base::work::Failure;
use proofmark_prepare::faces::Faces;
use proofmark_report::page::content::Content;

/// Side of a picture, in pixels.
const SIDE: u32 = 96;
/// JPEG quality of a picture.
const QUALITY: u8 = 80;

/// Adds to a page the middle one of the prepared faces of each video that a row has most wrong.
/// A video whose faces are not in the store, or which has none, has no picture.
///
/// # Errors
/// A damaged face store.
pub fn add(content: &mut Content, plan: &Plan, store: &Store) -> Result<(), Failure> {
    let mut wanted: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for unit in &content.units {
        let shapes = unit.rows.iter().flatten();
        let videos = shapes.flat_map(|shape| shape.wrong.iter().flatten());
        wanted.entry(&unit.dataset).or_default().extend(videos.map(|(video, _)| video.as_str()));
    }
    let mut pictures = BTreeMap::new();
    for (dataset, videos) in wanted {
        let Some(folder) =
            plan.sets.faces.get(dataset).and_then(|key| store.find(StageKind::Faces.word(), key))
        else {
            continue;
        };
        let faces = Faces::open(&folder).map_err(Failure::data)?;
        for video in videos {
            let Some(prepared) = faces.videos.get(video).filter(|video| video.faces > 0) else {
                continue;
            };
            let middle = prepared.first_face + prepared.faces / 2;
            let jpeg = picture(&faces, middle)?;
            pictures.insert((dataset.to_owned(), video.to_owned()), jpeg);
        }
    }
    content.faces = pictures;
    Ok(())
}

/// A face as a small JPEG.
fn picture(faces: &Faces, face: usize) -> Result<Vec<u8>, Failure> {
    let mut rgb = Vec::new();
    faces.file.crop(face, &mut rgb)?;
    let side = faces.file.side();
    let image = RgbImage::from_raw(side, side, rgb)
        .ok_or_else(|| Failure::Internal("a face of another size".to_owned()))?;
    let small = if side > SIDE { resize(&image, SIDE, SIDE, FilterType::Triangle) } else { image };
    let mut jpeg = Vec::new();
    JpegEncoder::new_with_quality(&mut jpeg, QUALITY)
        .encode(&small, small.width(), small.height(), ExtendedColorType::Rgb8)
        .map_err(|e| Failure::Internal(e.to_string()))?;
    Ok(jpeg)
}
