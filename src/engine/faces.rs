//! The stage that turns a data set's frames into faces.

use std::path::Path;
use std::sync::atomic::AtomicBool;

use crate::data::demo;
use crate::data::{Kind, Scan};
use crate::lang::model::{Dataset, Layout};
use crate::prepare::faces::PreparedVideo;
use crate::prepare::run::{Frame, Listed, Pixels, prepare};
use crate::work::{Events, Failure};

/// Prepares the faces of a data set into `folder`.
pub fn make(
    dataset: &Dataset,
    scan: &Scan,
    folder: &Path,
    events: &dyn Events,
    stop: &AtomicBool,
) -> Result<Vec<PreparedVideo>, Failure> {
    let videos = scan.manifest.video_rows();
    let missing = |key: &String| {
        let files = scan.files.as_ref().filter(|_| scan.absent.contains(key));
        files.map(|files| files.file(key))
    };
    let every: Vec<Listed> =
        (videos.iter()).map(|v| Listed { key: v.key.clone(), missing: missing(&v.key) }).collect();
    let drawn = match &dataset.layout {
        Layout::Demo(layout) => demo_videos(dataset, layout)?,
        _ => Vec::new(),
    };
    let by_key: std::collections::BTreeMap<&str, usize> =
        drawn.iter().enumerate().map(|(i, v)| (v.key.as_str(), i)).collect();
    let mut frames = Vec::new();
    for (video, listed) in scan.manifest.by_video() {
        if video.kind == Kind::Video {
            return Err(Failure::Internal(format!("{} is a video, not decoded yet", video.key)));
        }
        for frame in listed {
            let pixels = match (video.kind, &scan.files) {
                (Kind::Demo, _) => match by_key.get(video.key.as_str()) {
                    Some(index) => Pixels::Demo(*index),
                    None => return Err(Failure::Internal(format!("no demo video {}", video.key))),
                },
                (_, Some(files)) => Pixels::File(files.place(&frame.path)),
                (_, None) => return Err(Failure::Internal("files without a root".to_owned())),
            };
            frames.push(Frame { video_key: video.key.clone(), frame: frame.frame, pixels });
        }
    }
    let draw = |video: usize, frame: u32, side: u32| match &dataset.layout {
        Layout::Demo(layout) => demo::render(layout, &drawn[video], frame, side),
        _ => image::RgbImage::new(side, side),
    };
    let side = dataset.faces.size.value;
    let prepared = prepare(&every, &frames, side, folder, &draw, events, stop)?;
    scan.manifest.write(folder).map_err(|e| Failure::Data(e.to_string()))?;
    Ok(prepared)
}

/// The demo's own list of videos, from the methods that the data set declares.
fn demo_videos(
    dataset: &Dataset,
    layout: &crate::lang::model::DemoLayout,
) -> Result<Vec<demo::DemoVideo>, Failure> {
    let hidden: Vec<&str> = layout.hidden_methods.iter().map(|m| m.value.as_str()).collect();
    let declared: Vec<&str> = dataset.manipulations.iter().map(|m| m.name.value.as_str()).collect();
    let methods = if hidden.is_empty() { declared } else { hidden };
    demo::videos(layout, &methods).map_err(|e| Failure::Data(e.to_string()))
}
