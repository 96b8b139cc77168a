//! The stage that turns a data set's frames into faces.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use proofmark_base::work::{Events, Failure};
use proofmark_data::{Kind, Scan, demo};
use proofmark_lang::model::{Dataset, DemoLayout, Detector as Declared};
use proofmark_prepare::cut::Cut;
use proofmark_prepare::detect::{Detector, Options};
use proofmark_prepare::faces::write_tables;
use proofmark_prepare::ffmpeg::Ffmpeg;
use proofmark_prepare::run::{Image, Listed, Media, Pixels, Preparation, Search};
use proofmark_prepare::store::{Part, PreparedVideo};

/// What a preparation has come to.
#[derive(Debug)]
pub enum Made {
    /// Every video is done, and the tables are written.
    Whole(Vec<PreparedVideo>),
    /// Videos that are left to others.
    Left(usize),
}

/// Prepares the faces of a share of a data set's videos into `folder`, and writes the tables if
/// with that all of them are done. `weights` is the file of a declared detector.
///
/// # Errors
/// Being stopped; no ffmpeg for videos; weights that are none; a disk that is full.
pub fn make(
    dataset: &Dataset,
    scan: &Scan,
    weights: Option<&Path>,
    part: Part,
    folder: &Path,
    events: &dyn Events,
    stop: &AtomicBool,
) -> Result<Made, Failure> {
    let layout = dataset.layout.demo();
    let drawn = match layout {
        Some(layout) => demo_videos(dataset, layout)?,
        None => Vec::new(),
    };
    let draw = |video: usize, frame: u32, side: u32| match layout {
        Some(layout) => demo::render(layout, &drawn[video], frame, side),
        // Nothing of another data set is drawn.
        None => image::RgbImage::new(side, side),
    };
    let ffmpeg = if scan.undecoded() { Some(Ffmpeg::find()?) } else { None };
    let search = search(dataset, weights)?;
    let videos = listed(scan, &drawn)?;
    let done = Preparation {
        videos: &videos,
        part,
        frames: &dataset.frames,
        search: search.as_ref(),
        cut: Cut::of(&dataset.faces),
        ffmpeg: ffmpeg.as_ref(),
        draw: &draw,
        folder,
        events,
        stop,
    }
    .carry_out()?
    .videos;
    let all: Vec<&PreparedVideo> = videos.iter().filter_map(|v| done.get(&v.key)).collect();
    if all.len() < videos.len() {
        return Ok(Made::Left(videos.len() - all.len()));
    }
    write_tables(folder, &scan.manifest, &all).map_err(Failure::run)?;
    Ok(Made::Whole(all.into_iter().cloned().collect()))
}

/// The detector that a data set declares, with its thresholds.
fn search(dataset: &Dataset, weights: Option<&Path>) -> Result<Option<Search>, Failure> {
    let rule = &dataset.faces;
    if rule.detector.value == Declared::None {
        return Ok(None);
    }
    let detector = match weights {
        Some(path) => Detector::open(path),
        None => Detector::embedded(),
    };
    let declared = rule.weights.as_ref().map_or(rule.detector.origin, |path| path.origin);
    Ok(Some(Search {
        detector: detector.map_err(|e| Failure::run(e).at(declared, "this detector"))?,
        options: Options {
            score: rule.score.value as f32,
            nms: rule.nms.value as f32,
            min_side: rule.min_face.value as f32,
            long_side: rule.long_side.value,
        },
        take: rule.take.value,
    }))
}

/// Every video of the manifest with the place of its frames.
fn listed(scan: &Scan, drawn: &[demo::DemoVideo]) -> Result<Vec<Listed>, Failure> {
    let demo: BTreeMap<&str, usize> =
        drawn.iter().enumerate().map(|(i, v)| (v.key.as_str(), i)).collect();
    let mut videos = Vec::new();
    for (video, frames) in scan.manifest.by_video() {
        let key = video.key;
        let media = match (video.kind, &scan.files) {
            (Kind::Demo, _) => {
                let index = demo.get(key.as_str());
                let index = *index
                    .ok_or_else(|| Failure::Internal(format!("there is no demo video {key}")))?;
                let image = |frame| Image { frame, pixels: Pixels::Demo(index) };
                Media::Images(frames.iter().map(|frame| image(frame.frame)).collect())
            }
            (_, None) => return Err(Failure::Internal("files without a root".to_owned())),
            (_, Some(files)) if scan.absent.contains(&key) => Media::Missing(files.file(&key)),
            (Kind::Video, Some(files)) => Media::Video(files.file(&key)),
            (_, Some(files)) => {
                let pixels = |path: &str| Pixels::File(files.place(path));
                let image = |frame: u32, path: &str| Image { frame, pixels: pixels(path) };
                Media::Images(frames.iter().map(|f| image(f.frame, &f.path)).collect())
            }
        };
        videos.push(Listed { key, media });
    }
    Ok(videos)
}

/// The demo's own list of videos, from the methods that the data set declares.
fn demo_videos(dataset: &Dataset, layout: &DemoLayout) -> Result<Vec<demo::DemoVideo>, Failure> {
    let hidden: Vec<&str> = layout.hidden_methods.iter().map(|m| m.value.as_str()).collect();
    let declared: Vec<&str> = dataset.manipulations.iter().map(|m| m.name.value.as_str()).collect();
    let methods = if hidden.is_empty() { declared } else { hidden };
    demo::videos(layout, &methods).map_err(Failure::data)
}
