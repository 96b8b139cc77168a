//! From the heads' values to boxes: priors, decoding, non-maximum suppression.

use super::network::{ANCHORS, HEAD, OUTPUTS, STRIDES};

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

/// The values of one prior.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Values {
    /// Offsets of the centre and logarithms of the size, to be scaled.
    pub bbox: [f32; 4],
    /// Before the softmax: background, face.
    pub classes: [f32; 2],
    /// Offsets of five points.
    pub landmarks: [f32; 10],
}

impl Values {
    /// The probabilities of background and face.
    pub fn probabilities(&self) -> [f32; 2] {
        let [background, face] = self.classes;
        let face = 1.0 / (1.0 + (background - face).exp());
        [1.0 - face, face]
    }

    /// Those of an anchor among the values of a place.
    fn of(place: &[f32; OUTPUTS], anchor: usize) -> Self {
        let (boxes, rest) = place.split_at(HEAD[0]);
        let (classes, landmarks) = rest.split_at(HEAD[1]);
        Self {
            bbox: boxes.as_chunks().0[anchor],
            classes: classes.as_chunks().0[anchor],
            landmarks: landmarks.as_chunks().0[anchor],
        }
    }
}

/// Places of a level along a side of the input.
pub fn places(side: usize, level: usize) -> usize {
    side.div_ceil(STRIDES[level])
}

/// Every prior of an input of this width and height, in the order that the RetinaFace
/// repositories have them, with its values. `levels` hold places row by row.
pub fn priors(
    levels: [&[f32]; 3],
    (width, height): (usize, usize),
) -> impl Iterator<Item = (Prior, Values)> {
    levels.into_iter().enumerate().flat_map(move |(level, values)| {
        let (stride, columns) = (STRIDES[level] as f32, places(width, level));
        let (width, height) = (width as f32, height as f32);
        values.as_chunks().0.iter().enumerate().flat_map(move |(place, values)| {
            let (x, y) = ((place % columns) as f32 + 0.5, (place / columns) as f32 + 0.5);
            (0..ANCHORS).map(move |anchor| {
                let side = ANCHOR_SIDES[level][anchor];
                let prior = Prior {
                    x: x * stride / width,
                    y: y * stride / height,
                    width: side / width,
                    height: side / height,
                };
                (prior, Values::of(values, anchor))
            })
        })
    })
}

/// The face that a prior found, in a frame of this width and height.
pub fn decode(prior: &Prior, values: &Values, (width, height): (f32, f32)) -> Detection {
    let Prior { x, y, width: w, height: h } = *prior;
    let place = |dx: f32, dy: f32| (x + dx * VARIANCES[0] * w, y + dy * VARIANCES[0] * h);
    let [dx, dy, dw, dh] = values.bbox;
    let ((x, y), w, h) =
        (place(dx, dy), w * (dw * VARIANCES[1]).exp(), h * (dh * VARIANCES[1]).exp());
    let (x1, y1) = (x - w / 2.0, y - h / 2.0);
    let points = values.landmarks.as_chunks().0;
    Detection {
        bbox: [x1 * width, y1 * height, (x1 + w) * width, (y1 + h) * height],
        score: values.probabilities()[1],
        landmarks: std::array::from_fn(|i| {
            let [dx, dy] = points[i];
            let (x, y) = place(dx, dy);
            [x * width, y * height]
        }),
    }
}

/// The faces among priors that `options` keep, best first; of equals, the earlier prior.
/// `frame` is width and height.
pub fn faces(
    priors: impl Iterator<Item = (Prior, Values)>,
    frame: (f32, f32),
    options: &Options,
) -> Vec<Detection> {
    let mut found: Vec<Detection> = priors
        .filter(|(_, values)| values.probabilities()[1] >= options.score)
        .map(|(prior, values)| decode(&prior, &values, frame))
        .filter(|face| {
            let [x1, y1, x2, y2] = face.bbox;
            let finite =
                face.landmarks.as_flattened().iter().chain(&face.bbox).all(|v| v.is_finite());
            finite && (x2 - x1).min(y2 - y1) >= options.min_side
        })
        .collect();
    // The sort is stable.
    found.sort_by(|a, b| b.score.total_cmp(&a.score));
    suppress(found, options.nms)
}

/// Greedy non-maximum suppression of faces sorted by score.
pub fn suppress(sorted: Vec<Detection>, nms: f32) -> Vec<Detection> {
    let mut kept: Vec<Detection> = Vec::new();
    for face in sorted {
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
