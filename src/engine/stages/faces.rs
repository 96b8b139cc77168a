//! Frames of a data set to faces.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use crate::engine::commit::COMMIT;
use crate::engine::cost::{Cost, Costs};
use crate::engine::graph::{Making, Nature, Planning, Told, Until, Work};
use crate::engine::kind::{Need, StageKind};
use proofmark_base::provenance::Provenance;
use proofmark_base::store::Draft;
use proofmark_base::work::Failure;
use proofmark_data::{MediaKind, Scan, demo};
use proofmark_lang::model::{Dataset, DemoLayout, Detector as Declared, Placed, Project};
use proofmark_lang::span::Origin;
use proofmark_lang::span::Spanned;
use proofmark_plan::facts::Facts;
use proofmark_plan::inputs::{Inputs, Observed};
use proofmark_plan::scope::seen;
use proofmark_prepare::cut::Cut;
use proofmark_prepare::detect::{Detector, Options};
use proofmark_prepare::faces::write_tables;
use proofmark_prepare::ffmpeg::Ffmpeg;
use proofmark_prepare::outcomes::Outcomes;
use proofmark_prepare::run::{Image, Listed, Media, Pixels, Preparation, Search};
use proofmark_prepare::store::{PreparedVideo, remove_journals};

/// Raised whenever the same declaration gives other bytes than before.
const VERSION: u32 = 2;
/// Of data sets in JPEG files alone: raised whenever these give other pixels than before.
const JPEG_VERSION: u32 = 2;

/// Plans the faces of every data set that a model sees.
pub fn plan(planning: &mut Planning<'_>) {
    let seen = seen(planning.project);
    for (name, dataset) in planning.datasets.clone() {
        if seen.contains(&name) {
            let key = planning.add(PrepareFaces { dataset });
            planning.plan.sets.faces.insert(name, key);
        }
    }
}

/// Key of a data set's faces.
pub fn key(dataset: &Placed<Dataset>, facts: &Facts) -> String {
    inputs(dataset, facts).key(StageKind::Faces.word())
}

/// For files, their content; for the demo, what draws it.
fn inputs(dataset: &Placed<Dataset>, facts: &Facts) -> Inputs {
    let name = &dataset.name;
    let mut faces = Inputs::of(&dataset.faces);
    if dataset.faces.weights.is_some() {
        let digest = facts.detectors.get(name);
        let weights = Inputs::empty().finding("digest", Observed::Detector, digest);
        faces = faces.nested("weights", weights);
    }
    let inputs = Inputs::empty()
        .finding("version", Observed::Version, VERSION)
        .finding("pixels", Observed::Pixels, facts.datasets.get(name).map(|d| &d.pixels))
        .with("frames", Spanned::new(dataset.frames, dataset.at.frames))
        .nested("faces", faces);
    let jpeg = facts.datasets.get(name).is_some_and(|d| d.jpeg);
    let inputs = match jpeg {
        true => inputs.finding("jpeg-version", Observed::Version, JPEG_VERSION),
        false => inputs,
    };
    match dataset.layout.demo() {
        Some(layout) => inputs
            .finding("demo-version", Observed::Version, facts.demo_version)
            .with("layout", layout),
        None => inputs,
    }
}

/// The faces of a data set.
#[derive(Debug)]
struct PrepareFaces {
    dataset: Arc<Placed<Dataset>>,
}

impl Work for PrepareFaces {
    fn nature(&self) -> Nature {
        let (kind, until) = (StageKind::Faces, Until::Prepare);
        Nature { kind, until, goes_on: true, shares_cores: false, divides: true }
    }

    fn name(&self) -> String {
        self.dataset.name.clone()
    }

    fn inputs(&self, _project: &Project, facts: &Facts) -> Inputs {
        inputs(&self.dataset, facts)
    }

    fn needs(&self) -> Vec<Need> {
        Vec::new()
    }

    fn provenance(&self, making: &Making<'_>) -> Result<Provenance, Failure> {
        let mut made_with = Provenance::of_this_process(COMMIT);
        if making.world.scan(&self.dataset.name)?.undecoded() {
            made_with.tools.insert("ffmpeg".to_owned(), Ffmpeg::find()?.number().to_owned());
        }
        Ok(made_with)
    }

    fn declared(&self) -> (Origin, &'static str) {
        (self.dataset.at.name, "this data set")
    }

    fn cost(&self, costs: &mut Costs<'_>) -> Result<Cost, Failure> {
        let scan = costs.world.scan(&self.dataset.name)?;
        let (videos, frames) = (scan.manifest.videos().height(), scan.manifest.frames().height());
        Ok(match scan.undecoded() {
            true => Cost::new(
                format!("{videos} videos, whose frames are counted when they are decoded"),
                [("videos", videos)],
            ),
            false => Cost::new(
                format!("{videos} videos, {frames} frames"),
                [("videos", videos), ("frames", frames)],
            ),
        })
    }

    /// The faces of a share of the videos, and the tables if with that all of them are done.
    fn make(&self, making: &Making<'_>) -> Result<Told, Failure> {
        let dataset = &*self.dataset;
        let scan = making.world.scan(&dataset.name)?;
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
        let weights = making.world.detectors.get(&dataset.name);
        let search = search(dataset, weights.map(|path| path.as_path()))?;
        let videos = listed(scan, &drawn)?;
        let done = Preparation {
            videos: &videos,
            part: making.part,
            frames: &dataset.frames,
            search: search.as_ref(),
            cut: Cut::of(&dataset.faces),
            ffmpeg: ffmpeg.as_ref(),
            draw: &draw,
            folder: making.folder,
            events: making.events,
            owned: &|| Ok(making.draft.map_or(Ok(()), Draft::check)?),
            stop: making.stop,
        }
        .carry_out()?
        .videos;
        let all: Vec<PreparedVideo> =
            videos.iter().filter_map(|v| done.get(&v.key)).cloned().collect();
        if all.len() < videos.len() {
            return Ok(Told::Left(videos.len() - all.len()));
        }
        let rows: Vec<&PreparedVideo> = all.iter().collect();
        write_tables(making.folder, &scan.manifest, &rows).map_err(Failure::run)?;
        Ok(Told::Line(Outcomes::of(&all).to_string()))
    }

    /// The tables say what journals said.
    fn published(&self, folder: &Path) -> Result<(), Failure> {
        Ok(remove_journals(folder)?)
    }
}

/// The detector that a data set declares, with its thresholds.
fn search(dataset: &Placed<Dataset>, weights: Option<&Path>) -> Result<Option<Search>, Failure> {
    let rule = &dataset.faces;
    let declared = rule.weights.as_ref().map_or(rule.at.detector, |_| rule.at.weights);
    if rule.detector == Declared::None {
        return Ok(None);
    }
    let detector = match weights {
        Some(path) => Detector::open(path),
        None => Detector::embedded(),
    };
    Ok(Some(Search {
        detector: detector.map_err(|e| Failure::run(e).at(declared, "this detector"))?,
        options: Options {
            score: rule.score as f32,
            nms: rule.nms as f32,
            min_side: rule.min_face as f32,
            long_side: rule.long_side,
        },
        take: rule.take,
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
            (MediaKind::Demo, _) => {
                let index = demo.get(key.as_str());
                let index = *index
                    .ok_or_else(|| Failure::Internal(format!("there is no demo video {key}")))?;
                let image = |frame| Image { frame, pixels: Pixels::Demo(index) };
                Media::Images(frames.iter().map(|frame| image(frame.frame)).collect())
            }
            (_, None) => return Err(Failure::Internal("files without a root".to_owned())),
            (_, Some(files)) if scan.absent.contains(&key) => Media::Missing(files.file(&key)),
            (MediaKind::Video, Some(files)) => Media::Video(files.file(&key)),
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
fn demo_videos(
    dataset: &Placed<Dataset>,
    layout: &DemoLayout,
) -> Result<Vec<demo::DemoVideo>, Failure> {
    let hidden: Vec<&str> = layout.hidden_methods.iter().map(String::as_str).collect();
    let declared: Vec<&str> = dataset.manipulations.iter().map(|m| m.name.as_str()).collect();
    let methods = if hidden.is_empty() { declared } else { hidden };
    demo::videos(layout, &methods).map_err(Failure::data)
}
