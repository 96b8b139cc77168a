//! Faces of a data set to their points.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use rayon::prelude::*;

use crate::engine::cost::{Cost, Costs};
use crate::engine::graph::{Making, Nature, Planning, Told, Until, Work};
use crate::engine::kind::{Need, StageKind};
use proofmark_base::work::Failure;
use proofmark_lang::model::{Dataset, Detector as Declared, Placed, Project};
use proofmark_lang::span::Origin;
use proofmark_picture::resize::Window;
use proofmark_plan::facts::Facts;
use proofmark_plan::inputs::{Inputs, Observed};
use proofmark_plan::scope::marked;
use proofmark_prepare::cut::Cut;
use proofmark_prepare::detect::{Detector, Options, Scratch};
use proofmark_prepare::faces::Faces;
use proofmark_prepare::landmarks::{FaceMark, Given, LandmarkNet, Marks, Square, UnitBox, in_crop};

/// Raised whenever the same faces get other points than before: since 2 the arithmetic is the same on
/// every machine.
const VERSION: u32 = 2;
/// Of files with landmarks: since 2 a frame's number may be that in its file's name, since 3 of several
/// rows of a frame the one on the face is taken where no detector found it, too.
const GIVEN_VERSION: u32 = 3;
/// Faces between two looks at whether to stop.
const TOGETHER: usize = 256;
/// How a crop is searched for its face where it was read as a crop, so that no detector saw it before.
const IN_CROP: Options = Options { score: 0.5, nms: 0.4, min_side: 0.0, long_side: 0 };
/// All of a crop.
const WHOLE: UnitBox = [0.0, 0.0, 1.0, 1.0];

/// What finds points.
enum Finder {
    /// The network that is built in.
    Network(LandmarkNet),
    /// A file.
    Given(Given),
}

/// Plans the points of the faces of which pseudo-fakes are made.
pub fn plan(planning: &mut Planning<'_>) {
    for declared in marked(planning.project) {
        let name = &declared.name;
        let (Some(dataset), Some(faces)) =
            (planning.datasets.get(name).cloned(), planning.plan.sets.faces.get(name).cloned())
        else {
            continue;
        };
        let key = planning.add(FindLandmarks { dataset, faces });
        planning.plan.sets.landmarks.insert(name.clone(), key);
    }
}

/// Key of the landmarks of a data set whose faces have that key.
pub fn key(dataset: &str, faces: &str, facts: &Facts) -> String {
    inputs(dataset, faces, facts).key(StageKind::Landmarks.word())
}

/// The network, or the content of a declared file.
fn inputs(dataset: &str, faces: &str, facts: &Facts) -> Inputs {
    let inputs = Inputs::empty().finding("version", Observed::Version, VERSION).finding(
        "faces",
        Observed::Faces,
        faces,
    );
    match facts.landmarks.get(dataset) {
        Some(digest) => inputs.finding("file", Observed::GivenLandmarks, digest).finding(
            "file-version",
            Observed::Version,
            GIVEN_VERSION,
        ),
        None => inputs,
    }
}

/// The points of a data set's faces.
#[derive(Debug)]
struct FindLandmarks {
    dataset: Arc<Placed<Dataset>>,
    /// Key of its faces.
    faces: String,
}

impl Work for FindLandmarks {
    fn nature(&self) -> Nature {
        let (kind, until) = (StageKind::Landmarks, Until::Prepare);
        Nature { kind, until, goes_on: false, shares_cores: false, divides: false }
    }

    fn name(&self) -> String {
        self.dataset.name.clone()
    }

    fn inputs(&self, _project: &Project, facts: &Facts) -> Inputs {
        inputs(&self.dataset.name, &self.faces, facts)
    }

    fn needs(&self) -> Vec<Need> {
        vec![(StageKind::Faces, self.faces.clone())]
    }

    fn declared(&self) -> (Origin, &'static str) {
        (self.dataset.at.name, "this data set")
    }

    fn cost(&self, _costs: &mut Costs<'_>) -> Result<Cost, Failure> {
        Ok(Cost::default())
    }

    /// The points of every face, by the network or in a declared file.
    fn make(&self, making: &Making<'_>) -> Result<Told, Failure> {
        let (dataset, faces) = (&*self.dataset, &making.results.faces(&self.faces)?);
        let Making { world, folder, events, stop, .. } = making;
        let frames = world.scan(&dataset.name)?.manifest.frame_rows();
        let given = world.landmarks.get(&dataset.name);
        let given = given.map(|file| (file.as_path(), frames.as_slice()));
        let internal = |e: &dyn std::fmt::Display| Failure::Internal(e.to_string());
        let declared = dataset.at.landmarks;
        let finder = match given {
            Some((path, frames)) => {
                let read = Given::read(path, frames);
                Finder::Given(read.map_err(|why| Failure::data(why).at(declared, "this file"))?)
            }
            None => Finder::Network(LandmarkNet::embedded()?),
        };
        let detector = match dataset.faces.detector {
            Declared::None => Some(Detector::embedded().map_err(|e| internal(&e))?),
            Declared::Retinaface => None,
        };
        let search = Search { faces, cut: Cut::of(&dataset.faces), finder, detector };
        let count = faces.file.len();
        events.begin("faces", count as u64);
        let mut marks = Vec::with_capacity(count);
        for first in (0..count).step_by(TOGETHER) {
            if stop.load(Ordering::Relaxed) {
                return Err(Failure::Interrupted);
            }
            let chunk = first..(first + TOGETHER).min(count);
            let found = chunk.into_par_iter().map_init(Buffers::default, |b, i| search.face(i, b));
            marks.extend(found.collect::<Result<Vec<_>, _>>()?);
            events.advance((marks.len() - first) as u64);
        }
        let with = marks.iter().filter(|mark| mark.points.is_some()).count();
        if let (Some((path, _)), true) = (given, with == 0 && count > 0) {
            let (frame, _) = faces.file.place(0);
            return Err(Failure::data(format!(
                "{} has points of none of the {count} faces of `{}`; a row of its first face has `{}` \
             in `video`, {frame} in `frame`, and points in pixels of the frame that lie on the face",
                path.display(),
                dataset.name,
                faces.file.video_key(0)
            ))
            .at(declared, "this file"));
        }
        let mut line = format!("{with} of {count} faces have landmarks");
        if let (Some((path, _)), Finder::Given(given)) = (given, &search.finder) {
            check_order(path, &marks, with, faces).map_err(|why| why.at(declared, "this file"))?;
            line += &given.lost().map_or_else(String::new, |lost| format!("; {lost}"));
        }
        Marks(marks).write(folder, &faces.file).map_err(Failure::run)?;
        Ok(Told::Line(line))
    }
}

/// Checks that the points of a file are those of faces, in their order. Of a face in profile they may
/// not be, of half of all faces they are.
fn check_order(path: &Path, marks: &[FaceMark], with: usize, faces: &Faces) -> Result<(), Failure> {
    let odd = |mark: &FaceMark| mark.points.as_ref().is_some_and(|points| !points.go_round());
    let count = marks.iter().filter(|mark| odd(mark)).count();
    let Some(first) = marks.iter().position(odd).filter(|_| 2 * count > with) else {
        return Ok(());
    };
    let (frame, _) = faces.file.place(first);
    Err(Failure::data(format!(
        "{}: jaw and brows of {count} in {with} faces do not go round a face, such as those of frame \
         {frame} of `{}`; are x and y exchanged, the points counted from the other side, or in another \
         order than dlib's?",
        path.display(),
        faces.file.video_key(first)
    )))
}

/// Finds the points of single faces.
struct Search<'a> {
    faces: &'a Faces,
    cut: Cut,
    finder: Finder,
    /// For crops without a box.
    detector: Option<Detector>,
}

/// What one thread keeps from face to face.
#[derive(Default)]
struct Buffers {
    rgb: Vec<u8>,
    scratch: Scratch,
}

impl Search<'_> {
    fn face(&self, index: usize, buffers: &mut Buffers) -> Result<FaceMark, Failure> {
        let file = &self.faces.file;
        file.crop(index, &mut buffers.rgb)?;
        let (width, height) = file.source(index);
        let detected = file.bbox(index);
        let window = match detected {
            Some(bbox) => self.cut.window(bbox, width, height),
            None => Some(Window::centre_square(width, height)),
        };
        let Some(window) = window else {
            return Err(Failure::data(format!("face {index} has a box outside its frame")));
        };
        let place = |p: [f64; 2]| in_window(window, p);
        let bbox = match detected {
            Some([left, top, right, bottom]) => {
                let corner = |x: f32, y: f32| place([f64::from(x), f64::from(y)]);
                let ([left, top], [right, bottom]) = (corner(left, top), corner(right, bottom));
                [left, top, right, bottom].map(|v| v as f32)
            }
            None => self.look(buffers)?,
        };
        let points = match &self.finder {
            Finder::Network(network) => {
                let side = file.side() as usize;
                let square = Square::around(bbox.map(|v| f64::from(v) * side as f64));
                let points = network.points(&buffers.rgb, side, square)?;
                in_crop(&points, |p| p.map(|v| v / side as f64))
            }
            Finder::Given(given) => {
                let (frame, _) = file.place(index);
                let near = match detected {
                    Some(bbox) => bbox.map(f64::from),
                    None => of_window(window, bbox),
                };
                let found = given.of(file.video_key(index), frame, near, detected.is_some());
                found.and_then(|points| in_crop(points, place))
            }
        };
        Ok(FaceMark { bbox, points })
    }

    /// The largest face in a crop without a box; the whole crop if none is found.
    fn look(&self, buffers: &mut Buffers) -> Result<UnitBox, Failure> {
        let (Some(detector), side) = (&self.detector, self.faces.file.side()) else {
            return Ok(WHOLE);
        };
        let Buffers { rgb, scratch } = buffers;
        let found = detector.detect(rgb, side, side, &IN_CROP, scratch);
        let found = found.map_err(Failure::run)?;
        let area = |b: &[f32; 4]| (b[2] - b[0]) * (b[3] - b[1]);
        let boxes = found.into_iter().map(|detection| detection.bbox);
        let largest = boxes.max_by(|a, b| area(a).total_cmp(&area(b)));
        Ok(largest.map_or(WHOLE, |bbox| bbox.map(|v| v / side as f32)))
    }
}

/// A point of a frame in units of a window's sides.
fn in_window(window: Window, [x, y]: [f64; 2]) -> [f64; 2] {
    [
        (x - f64::from(window.x)) / f64::from(window.width),
        (y - f64::from(window.y)) / f64::from(window.height),
    ]
}

/// A box in units of a window's sides as one in pixels of its frame.
fn of_window(window: Window, [left, top, right, bottom]: UnitBox) -> [f64; 4] {
    let x = |v: f32| f64::from(window.x) + f64::from(v) * f64::from(window.width);
    let y = |v: f32| f64::from(window.y) + f64::from(v) * f64::from(window.height);
    [x(left), y(top), x(right), y(bottom)]
}
