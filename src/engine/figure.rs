//! What is measured of a prepared data set for its figure.

use std::collections::BTreeMap;

use super::survey::Prepared;
use super::world::World;
use proofmark_base::store::Store;
use proofmark_base::work::{Events, Failure};
use proofmark_lang::model::{Dataset, Detector, Label, Placed};
use proofmark_prepare::faces::Faces;
use proofmark_prepare::store::{PreparedVideo, Status};
use proofmark_report::figure::panels::{Amount, Figure, Panel};

/// Measures a data set that was looked at, if it is prepared.
///
/// # Errors
/// A data set that is not there; a face store that cannot be read.
pub fn figure(
    dataset: &Placed<Dataset>,
    store: &Store,
    world: &mut World,
    events: &dyn Events,
) -> Result<Option<Figure>, Failure> {
    let name = &dataset.name;
    if let Some(why) = world.take_lacking(name) {
        return Err(why);
    }
    let (folder, videos) = match Prepared::of(dataset, world, store, events) {
        Prepared::Wholly(folder, videos) => (folder, videos),
        Prepared::Unknown(why) => return Err(why),
        Prepared::Not | Prepared::Partly => return Ok(None),
    };
    let listed = world.scans.get(name).map(|scan| scan.manifest.video_rows()).unwrap_or_default();
    let labels: BTreeMap<&str, Label> = listed.iter().map(|v| (v.key.as_str(), v.label)).collect();
    let of = |label| -> Vec<&PreparedVideo> {
        let has = |v: &&PreparedVideo| labels.get(v.video_key.as_str()) == Some(&label);
        videos.iter().filter(has).collect()
    };
    let classes = [of(Label::Real), of(Label::Fake)];
    let amount = |videos: &Vec<&PreparedVideo>| Amount {
        videos: videos.len() as u64,
        frames: videos.iter().map(|v| v.readable_frames()).sum(),
        faces: videos.iter().map(|v| v.faces as u64).sum(),
    };
    let faces = Faces::open(&folder).map_err(Failure::data)?;
    Ok(Some(Figure {
        title: dataset.title.as_ref().unwrap_or(name).clone(),
        synthetic: dataset.layout.demo().is_some(),
        amounts: classes.each_ref().map(amount),
        panels: vec![
            lengths(&classes),
            Panel {
                title: "Faces in a video",
                axis: "faces in all sampled frames",
                unit: "",
                of: "videos",
                whole: true,
                values: values(&classes, |v| was_read(v).then_some(v.faces as f64)),
            },
            sizes(dataset, &classes, &faces),
        ],
    }))
}

/// How long videos are, by their times, or by their frames if no frame has a time.
fn lengths(classes: &[Vec<&PreparedVideo>; 2]) -> Panel {
    let seconds =
        values(classes, |v| v.looks.iter().filter_map(|look| look.seconds).reduce(f64::max));
    if seconds.iter().any(|of| !of.is_empty()) {
        return Panel {
            title: "Length of a video",
            axis: "seconds to its last sampled frame",
            unit: "s",
            of: "videos",
            whole: false,
            values: seconds,
        };
    }
    Panel {
        title: "Frames of a video",
        axis: "sampled frames",
        unit: "",
        of: "videos",
        whole: true,
        values: values(classes, |v| was_read(v).then(|| v.readable_frames() as f64)),
    }
}

/// How large faces are before they are cut.
fn sizes(dataset: &Dataset, classes: &[Vec<&PreparedVideo>; 2], faces: &Faces) -> Panel {
    let found = dataset.faces.detector != Detector::None;
    let (title, axis) = match found {
        true => ("Size of a face", "shorter side of its box, in pixels"),
        false => ("Size of an image", "shorter side, in pixels"),
    };
    let of = |videos: &Vec<&PreparedVideo>| {
        let stored = videos.iter().filter_map(|v| faces.videos.get(&v.video_key));
        let indices = stored.flat_map(|v| v.first_face..v.first_face + v.faces);
        indices.map(|index| f64::from(faces.file.shorter_side(index))).collect()
    };
    Panel {
        title,
        axis,
        unit: "px",
        of: "faces",
        whole: !found,
        values: classes.each_ref().map(of),
    }
}

fn values(
    classes: &[Vec<&PreparedVideo>; 2],
    value: impl Fn(&PreparedVideo) -> Option<f64>,
) -> [Vec<f64>; 2] {
    classes.each_ref().map(|videos| videos.iter().filter_map(|v| value(v)).collect())
}

fn was_read(video: &PreparedVideo) -> bool {
    match video.status {
        Status::Ok | Status::NoFace => true,
        Status::Unreadable { .. } | Status::Missing { .. } => false,
    }
}
