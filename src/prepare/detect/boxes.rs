//! From the heads' values to boxes: priors, decoding, non-maximum suppression.

use super::network::{ANCHORS, HEAD, OUTPUTS, STRIDES};
use proofmark_base::math::exp_f32 as exp;

/// Sides of the anchors of each level, in pixels of the network's input.
const ANCHOR_SIDES: [[f32; ANCHORS]; 3] = [[16.0, 32.0], [64.0, 128.0], [256.0, 512.0]];
/// What offsets of centres and logarithms of sizes are multiplied by.
const VARIANCES: [f32; 2] = [0.1, 0.2];

/// A face in a frame.
#[derive(Clone, Debug, PartialEq)]
pub struct Detection {
    /// x1, y1, x2, y2 in pixels of the frame, as the network gave them: a face at the edge
    /// may reach beyond the frame.
    pub bbox: [f32; 4],
    /// Probability that it is a face.
    pub score: f32,
    /// x, y in pixels of the frame: the eyes, the tip of the nose, the corners of the mouth,
    /// what is left in the picture first.
    pub landmarks: [[f32; 2]; 5],
}

/// Which faces are kept.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Options {
    /// Least probability.
    pub score: f32,
    /// Of two boxes whose intersection over union is larger, the better one is kept.
    pub nms: f32,
    /// Least length of a box's shorter side, in pixels of the frame.
    pub min_side: f32,
    /// Frames with a longer side are shrunk to it before detection; 0 never shrinks.
    pub long_side: u32,
}

/// An anchor, as shares of the input's sides.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Prior {
    /// Centre.
    pub x: f32,
    /// Centre.
    pub y: f32,
    /// Full width.
    pub width: f32,
    /// Full height.
    pub height: f32,
}

/// What the network says about a prior.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Values {
    /// Offsets of the centre and logarithms of the size, to be scaled.
    pub bbox: [f32; 4],
    /// Before the softmax: background, face.
    pub classes: [f32; 2],
    /// Offsets of five points.
    pub landmarks: [f32; 10],
}

/// One anchor at one place of a level, and the values there.
#[derive(Clone, Copy, Debug)]
pub struct Candidate<'a> {
    level: usize,
    column: usize,
    row: usize,
    anchor: usize,
    values: &'a [f32; OUTPUTS],
}

impl Candidate<'_> {
    /// Its anchor in an input of this width and height.
    pub fn prior(&self, (width, height): (usize, usize)) -> Prior {
        let (width, height) = (width as f32, height as f32);
        let stride = STRIDES[self.level] as f32;
        let side = ANCHOR_SIDES[self.level][self.anchor];
        Prior {
            x: (self.column as f32 + 0.5) * stride / width,
            y: (self.row as f32 + 0.5) * stride / height,
            width: side / width,
            height: side / height,
        }
    }

    /// Its values.
    pub fn values(&self) -> Values {
        let (boxes, rest) = self.values.split_at(HEAD[0]);
        let (classes, landmarks) = rest.split_at(HEAD[1]);
        Values {
            bbox: boxes.as_chunks().0[self.anchor],
            classes: classes.as_chunks().0[self.anchor],
            landmarks: landmarks.as_chunks().0[self.anchor],
        }
    }
}

/// Probabilities of background and face.
pub fn probabilities([background, face]: [f32; 2]) -> [f32; 2] {
    let face = 1.0 / (1.0 + exp(background - face));
    [1.0 - face, face]
}

/// Every anchor of an input of this width, in the order that RetinaFace's implementations
/// have: levels, then rows, then columns. `levels` hold the heads' values in the same order.
pub fn candidates(levels: [&[f32]; 3], width: usize) -> impl Iterator<Item = Candidate<'_>> {
    levels.into_iter().enumerate().flat_map(move |(level, values)| {
        let columns = width.div_ceil(STRIDES[level]);
        let rows = values.as_chunks().0.chunks(columns).enumerate();
        let places = rows.flat_map(|(row, values)| {
            values.iter().enumerate().map(move |(column, values)| (row, column, values))
        });
        places.flat_map(move |(row, column, values)| {
            (0..ANCHORS).map(move |anchor| Candidate { level, column, row, anchor, values })
        })
    })
}

/// The face that a prior found, in a frame of this width and height.
pub fn decode(prior: &Prior, values: &Values, (width, height): (f32, f32)) -> Detection {
    let Prior { x, y, width: w, height: h } = *prior;
    let place = |dx: f32, dy: f32| (x + dx * VARIANCES[0] * w, y + dy * VARIANCES[0] * h);
    let [dx, dy, dw, dh] = values.bbox;
    let ((x, y), w, h) = (place(dx, dy), w * exp(dw * VARIANCES[1]), h * exp(dh * VARIANCES[1]));
    let (x1, y1) = (x - w / 2.0, y - h / 2.0);
    let points = values.landmarks.as_chunks().0;
    Detection {
        bbox: [x1 * width, y1 * height, (x1 + w) * width, (y1 + h) * height],
        score: probabilities(values.classes)[1],
        landmarks: std::array::from_fn(|i| {
            let [dx, dy] = points[i];
            let (x, y) = place(dx, dy);
            [x * width, y * height]
        }),
    }
}

/// The faces that `options` keep, best first; of equals, the earlier anchor. The sizes are
/// width and height: of the network's input, to which `levels` belong, and of the frame.
pub fn faces(
    levels: [&[f32]; 3],
    input: (usize, usize),
    frame: (f32, f32),
    options: &Options,
) -> Vec<Detection> {
    let likely =
        |candidate: &Candidate<'_>| probabilities(candidate.values().classes)[1] >= options.score;
    let finite = |face: &Detection| {
        face.landmarks.as_flattened().iter().chain(&face.bbox).all(|v| v.is_finite())
    };
    let found = candidates(levels, input.0)
        .filter(likely)
        .map(|candidate| decode(&candidate.prior(input), &candidate.values(), frame))
        .filter(finite);
    let mut kept = suppress(found.collect(), options.nms);
    // Only now: a face that is too small must not leave its place to a worse, larger box.
    kept.retain(|face| {
        let [x1, y1, x2, y2] = face.bbox;
        (x2 - x1).min(y2 - y1) >= options.min_side
    });
    kept
}

/// Greedy non-maximum suppression: the best first; of equals, the earlier one.
pub fn suppress(mut found: Vec<Detection>, nms: f32) -> Vec<Detection> {
    // The sort is stable.
    found.sort_by(|a, b| b.score.total_cmp(&a.score));
    let mut kept: Vec<Detection> = Vec::new();
    for face in found {
        if kept.iter().all(|better| overlap(&better.bbox, &face.bbox) <= nms) {
            kept.push(face);
        }
    }
    kept
}

/// Intersection over union, where a box from 3 to 5 is three pixels wide.
pub fn overlap(a: &[f32; 4], b: &[f32; 4]) -> f32 {
    let area = |b: &[f32; 4]| (b[2] - b[0] + 1.0) * (b[3] - b[1] + 1.0);
    let width = (a[2].min(b[2]) - a[0].max(b[0]) + 1.0).max(0.0);
    let height = (a[3].min(b[3]) - a[1].max(b[1]) + 1.0).max(0.0);
    let both = width * height;
    both / (area(a) + area(b) - both)
}

#[cfg(test)]
#[path = "boxes_tests.rs"]
mod tests;
