//! Preparation: every frame of a manifest to a face or a reason.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use rayon::prelude::*;

use super::crop::{decode, square};
use super::faces::{PreparedVideo, Status};
use super::store::{Face, FaceWriter};
use crate::data::files::Place;
use crate::work::{Events, Failure};

/// Frames that are read at a time; bounds the memory.
const CHUNK: usize = 512;

/// One frame to look at.
#[derive(Clone, Debug, PartialEq)]
pub struct Frame {
    /// Key of its video.
    pub video_key: String,
    /// Its number within the video.
    pub frame: u32,
    /// Where its pixels come from.
    pub pixels: Pixels,
}

/// Where a frame's pixels come from.
#[derive(Clone, Debug, PartialEq)]
pub enum Pixels {
    /// An image: a file, or a part of one.
    File(Place),
    /// The demo draws it: index of the video in the demo set.
    Demo(usize),
}

/// Draws a demo frame: (video, frame, side) to RGB.
pub type Draw<'a> = &'a (dyn Fn(usize, u32, u32) -> image::RgbImage + Sync);

/// A video of the manifest.
#[derive(Clone, Debug, PartialEq)]
pub struct Listed {
    /// Its key.
    pub key: String,
    /// Where it was looked for, if it is not on disk.
    pub missing: Option<PathBuf>,
}

/// Prepares frames, sorted by video, into `folder`. `videos` lists every video of the
/// manifest in the same order, also those without a frame.
pub fn prepare(
    videos: &[Listed],
    frames: &[Frame],
    side: u32,
    folder: &Path,
    draw: Draw<'_>,
    events: &dyn Events,
    stop: &AtomicBool,
) -> Result<Vec<PreparedVideo>, Failure> {
    let mut writer = FaceWriter::create(&folder.join("faces.arrow"), side)?;
    let mut prepared: Vec<PreparedVideo> = Vec::with_capacity(videos.len());
    let mut stored = 0;
    let mut next_video = 0;
    events.begin("frames", frames.len() as u64);
    for chunk in frames.chunks(CHUNK) {
        if stop.load(Ordering::Relaxed) {
            return Err(Failure::Interrupted);
        }
        let read: Vec<Result<Crop, Status>> =
            chunk.par_iter().map(|frame| look_at(frame, side, draw)).collect();
        for (frame, result) in chunk.iter().zip(read) {
            // Videos without any frame come before the video of this frame.
            while prepared.last().is_none_or(|v| v.video_key != frame.video_key) {
                let video = videos.get(next_video).ok_or_else(|| {
                    Failure::Internal(format!("frame of an unlisted video {}", frame.video_key))
                })?;
                prepared.push(untouched(video, stored));
                next_video += 1;
            }
            let Some(video) = prepared.last_mut() else { continue };
            video.frames += 1;
            match result {
                Ok(Crop { pixels, source }) => {
                    video.faces += 1;
                    video.status = Status::Ok;
                    stored += 1;
                    let video_key = frame.video_key.clone();
                    writer.push(Face {
                        video_key,
                        frame: frame.frame,
                        face: 0,
                        source,
                        crop: pixels,
                    })?;
                }
                Err(status) => {
                    video.unreadable_frames += 1;
                    if video.frames == 1 {
                        video.status = status;
                    }
                }
            }
        }
        events.advance(chunk.len() as u64);
    }
    prepared.extend(videos[next_video..].iter().map(|video| untouched(video, stored)));
    writer.finish()?;
    let list = folder.join("videos.json");
    let text = serde_json::to_vec(&prepared).map_err(|e| Failure::Internal(e.to_string()))?;
    std::fs::write(&list, text).map_err(|e| Failure::write(&list, &e))?;
    Ok(prepared)
}

fn untouched(video: &Listed, first_face: usize) -> PreparedVideo {
    let status = match &video.missing {
        Some(path) => Status::Missing { looked_for: path.display().to_string() },
        None => Status::NoFace,
    };
    PreparedVideo {
        video_key: video.key.clone(),
        status,
        frames: 0,
        unreadable_frames: 0,
        first_face,
        faces: 0,
    }
}

/// A face and the size of the frame it was cut from.
struct Crop {
    pixels: Vec<u8>,
    source: (u32, u32),
}

/// The crop, or why there is none.
fn look_at(frame: &Frame, side: u32, draw: Draw<'_>) -> Result<Crop, Status> {
    match &frame.pixels {
        Pixels::Demo(video) => {
            let image = draw(*video, frame.frame, side);
            Ok(Crop { pixels: image.into_raw(), source: (side, side) })
        }
        Pixels::File(place) if !place.file.is_file() => {
            Err(Status::Missing { looked_for: place.file.display().to_string() })
        }
        Pixels::File(place) => {
            let bytes = place.read().map_err(|e| e.to_string());
            match bytes.and_then(|bytes| decode(&bytes)) {
                Ok(image) => Ok(Crop { pixels: square(&image, side), source: image.dimensions() }),
                Err(why) => {
                    Err(Status::Unreadable { why: format!("{}: {why}", place.file.display()) })
                }
            }
        }
    }
}
