//! `frames` and `faces`: which frames of a video are used, and how a face is cut from one.

use serde::Serialize;

use super::common::COUNT;
use super::layout::released_as;
use crate::cursor::Cursor;
use crate::diagnostic::Sink;
use crate::limits;
use crate::model::{DataPath, Interpolation};
use crate::node::{Decode, Words, defaults, node, values, words};
use crate::schema::Preset::{Number, Text, Whole};
use crate::schema::{Type, at_most_once, up_to, whole};
use crate::span::Origin;

/// Which frames of a video are used.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(tag = "rule", rename_all = "kebab-case")]
pub enum FrameRule {
    /// Every frame there is.
    All,
    /// Frames at 0 s, 1/fps s, 2/fps s, ... by presentation time.
    Fps {
        /// Frames per second.
        fps: f64,
    },
    /// Every n-th frame, from the first.
    Every {
        /// The step.
        every: u32,
    },
    /// A number of frames, evenly spaced over the video.
    Count {
        /// The number.
        count: u32,
    },
}

values!(FrameRule);

node! {
    /// Which frames of a video are used; all if absent. One of the properties.
    pub(crate) struct Frames = "frames" {
        properties {
            /// Frames per second, by presentation time.
            fps: Option<f64> = Type::Number(up_to(limits::FPS)).optional().group("rule"),
            /// Every n-th frame, from the first.
            every: Option<u32> = COUNT.optional().group("rule"),
            /// A number of frames, evenly spaced over the video.
            count: Option<u32> = COUNT.optional().group("rule"),
        }
    }
}

/// Reads the `frames` of a data set.
pub(super) fn frames(dataset: Cursor<'_>, sink: &mut Sink) -> Option<(FrameRule, Origin)> {
    let Some(node) = dataset.among(&[at_most_once(Frames::SPEC)]).next() else {
        return Some((FrameRule::All, Origin::DEFAULT));
    };
    let frames = Frames::decode(node, sink)?;
    Some(match (frames.fps, frames.every, frames.count) {
        (Some(fps), ..) => (FrameRule::Fps { fps }, frames.at.fps),
        (None, Some(every), _) => (FrameRule::Every { every }, frames.at.every),
        (None, None, count) => (FrameRule::Count { count: count? }, frames.at.count),
    })
}

/// Margin of a detected face, as in the paper (section 4.1).
const MARGIN: f64 = 0.3;

node! {
    /// How a face is cut from a frame.
    pub struct FaceRule = "faces" {
        properties {
            /// The detector; `retinaface` if absent for the released videos, `none` for everything
            /// else.
            detector: Detector [by detector] = Detector::WORD.optional(),
            /// Weights of RetinaFace with a MobileNet-0.25 or a ResNet-50, as `.pth` or safetensors,
            /// also `hf://`; a MobileNet-0.25 that Proofmark carries if absent.
            weights: Option<DataPath> = Type::Path.optional(),
            /// Smallest score of a face; the paper does not say.
            score: f64 = Type::Fraction.or(Number(0.8)),
            /// Overlap (intersection over union) from which two boxes are one face.
            nms: f64 = Type::Fraction.or(Number(0.4)),
            /// Smallest face: the shorter side of its box in pixels of the frame.
            min_face: u32 = whole(&limits::MIN_FACE).or(Whole(20)),
            /// Longest side of a frame at detection in pixels; larger frames are shrunk to it, for
            /// the detection alone. 0 for any.
            long_side: u32 = whole(&limits::LONG_SIDE).or(Whole(1280)),
            /// Which of several faces in a frame.
            take: Take = Take::WORD.or(Text("all")),
            /// Fraction by which the box grows: `(%)30` or `0.3`; that if absent and there is a
            /// detector.
            margin: f64 [by margin] = Type::Share.optional(),
            /// The shape that is cut out; at the border of the frame it is shrunk, not distorted.
            framing: Framing = Framing::WORD.or(Text("square")),
            /// How the crop is resized, with antialiasing as Pillow does it.
            filter: Interpolation = Interpolation::WORD.or(Text("bicubic")),
            /// Side of the stored crop in pixels.
            size: u32 = whole(&limits::FACE).or(Whole(224)),
        }
    }
    unwritten = defaults;
}

words! {
    /// Which of several faces in a frame.
    pub enum Take {
        /// every face
        All = "all",
        /// the one with the largest box
        Largest = "largest",
    }
}

words! {
    /// The shape that is cut out.
    pub enum Framing {
        /// a square of the box's longer side, as FSFM does
        Square = "square",
        /// the box itself, stretched to a square
        Box = "box",
    }
}

words! {
    /// Face detectors.
    pub enum Detector {
        /// the image already is a face crop
        None = "none",
        /// RetinaFace
        Retinaface = "retinaface",
    }
}

/// The detector, or else the one that the layout needs.
fn detector(faces: Cursor<'_>, _: &mut Sink) -> Option<(Detector, Origin)> {
    let field = &FaceRule::FIELDS.detector;
    if faces.given(field) {
        return faces.read(field).map(|detector| (detector.value, detector.origin));
    }
    // Released sets of face crops need no detector either.
    let videos = released_as(faces).is_some_and(|media| media.is_videos());
    Some((if videos { Detector::Retinaface } else { Detector::None }, Origin::DEFAULT))
}

/// The margin, or else the usual one of a detected face.
fn margin(faces: Cursor<'_>, sink: &mut Sink) -> Option<(f64, Origin)> {
    let field = &FaceRule::FIELDS.margin;
    if faces.given(field) {
        return faces.read(field).map(|margin| (margin.value, margin.origin));
    }
    let (detector, _) = detector(faces, sink)?;
    Some((if detector == Detector::None { 0.0 } else { MARGIN }, Origin::DEFAULT))
}
