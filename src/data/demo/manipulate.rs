//! One edit of a frame: a replacement is made, matched and blended in.

use super::canvas::{Canvas, Rgb, mix};
use super::capture::Capture;
use super::identity::{Inner, between};
use super::method::{BLEED_SIDE, Bend, Content, GRID_PERIOD, Method, Region, TINT, VARIATION};
use super::portrait::Portrait;
use super::scene::Moment;
use proofmark_base::math::{cos_f32 as cos, sin_f32 as sin};
use proofmark_base::rng::Rng;

/// How one fake video carries out its method: the table's numbers, varied.
#[derive(Clone, Debug, PartialEq)]
pub struct Edit {
    method: Method,
    offset: [f32; 2],
    tint: Rgb,
    /// Direction or phases of the bend.
    phase: [f32; 4],
    /// Change of mouth opening and smile.
    talk: [f32; 2],
    /// Change of each eye's gaze.
    look: [[f32; 2]; 2],
}

/// A frame about to be edited.
pub struct Frame<'a> {
    /// What is drawn in it.
    pub portrait: &'a Portrait<'a>,
    /// The picture before the camera.
    pub drawn: &'a Canvas,
    /// The picture the camera took.
    pub taken: &'a Canvas,
    /// The noise in it.
    pub grain: &'a [Rgb],
    /// The camera.
    pub capture: &'a Capture,
}

impl Edit {
    /// The edit of one fake video, drawn from `rng`.
    pub fn new(method: &Method, rng: &mut Rng) -> Self {
        let mut vary = |by: f32| by * between(VARIATION.0, VARIATION.1, rng);
        let mut method = *method;
        for knob in [&mut method.tone, &mut method.bend_by, &mut method.grid, &mut method.smooth] {
            *knob = vary(*knob);
        }
        let (offset, tint) = (vary(method.offset), vary(method.tint));
        let tint = TINT.map(|c| c * tint);
        method.texels *= between(0.8, 1.25, rng);
        let angle = between(0.0, std::f32::consts::TAU, rng);
        Self {
            method,
            offset: [offset * cos(angle), offset * sin(angle)],
            tint,
            phase: std::array::from_fn(|_| between(0.0, std::f32::consts::TAU, rng)),
            talk: [between(0.5, 0.9, rng), between(-0.7, 0.7, rng)],
            look: std::array::from_fn(|_| [between(-1.0, 1.0, rng), between(-0.5, 0.5, rng)]),
        }
    }

    /// The edited frame. Nothing outside the inner face changes.
    pub fn apply(&self, frame: &Frame, donor: &Inner) -> Canvas {
        let side = frame.taken.side();
        let method = &self.method;
        let mut patch = self.content(frame, donor);
        if method.texels > 0.0 {
            patch = patch.resized(method.texels as usize).resized(side);
        }
        patch = patch.blurred(method.smooth);
        if method.bleed > 0.0 {
            let (ours, theirs) = (patch.resized(BLEED_SIDE), frame.taken.resized(BLEED_SIDE));
            let (ours, theirs) = (ours.resized(side), theirs.resized(side));
            let coarse = ours.pixels().iter().zip(theirs.pixels());
            for (pixel, (ours, theirs)) in patch.pixels_mut().iter_mut().zip(coarse) {
                *pixel = std::array::from_fn(|c| pixel[c] + method.bleed * (theirs[c] - ours[c]));
            }
        }
        let mask = self.mask(frame.portrait, side);
        let match_by = self.colour_match(&patch, frame, &mask);
        let mut edited = frame.taken.clone();
        for (i, pixel) in edited.pixels_mut().iter_mut().enumerate() {
            let (alpha, lattice) = mask[i];
            if alpha > 0.0 {
                let put: Rgb = std::array::from_fn(|c| {
                    patch.pixels()[i][c] + match_by[c] + lattice + method.grain * frame.grain[i][c]
                });
                *pixel = mix(*pixel, put, alpha);
            }
        }
        edited
    }

    /// What is put into the frame, before it is matched: no noise, full resolution.
    fn content(&self, frame: &Frame, donor: &Inner) -> Canvas {
        let portrait = frame.portrait;
        let side = frame.taken.side();
        let moment = portrait.moment;
        let moment = match self.method.content {
            Content::Donor | Content::Own => moment,
            Content::Talk => Moment {
                open: (moment.open + self.talk[0]).rem_euclid(1.1).min(1.0),
                smile: (moment.smile + self.talk[1]).clamp(-1.0, 1.0),
                ..moment
            },
            Content::Look => Moment { gaze: self.look, ..moment },
        };
        let inner = if self.method.content == Content::Donor { donor } else { portrait.inner };
        let actor = Portrait { inner, moment, ..portrait.clone() };
        let pixel = 2.0 / side as f32;
        let drawn = Canvas::draw(side, |x, y| {
            let at = portrait.place(x, y).face;
            // Beyond this nothing reaches the mask, not even through the blurs.
            if radius(self.method.region, at) > 1.6 {
                return frame.drawn.sample(x, y);
            }
            let [du, dv] = self.bent(at);
            let scale = portrait.moment.scale;
            actor.colour(x - scale * du, y - scale * dv, pixel)
        });
        frame.capture.develop(&drawn)
    }

    /// By how much the replacement is displaced at a position on the face.
    fn bent(&self, [u, v]: [f32; 2]) -> [f32; 2] {
        let by = self.method.bend_by;
        let [a, b, c, d] = self.phase;
        let inside = 1.0 - radius(self.method.region, [u, v]).min(1.0);
        let [du, dv] = match self.method.bend {
            Bend::None => [0.0; 2],
            Bend::Shift => [by * inside * cos(a), by * inside * sin(a)],
            Bend::Stretch => {
                let centre = if v > 0.15 { 0.42 } else { -0.2 };
                let way = if sin(a) > 0.0 { by } else { -by };
                [way * inside * u, -way * inside * (v - centre)]
            }
            Bend::Wobble => {
                [by * sin(7.0 * v + a) * cos(4.0 * u + b), by * sin(6.0 * u + c) * cos(5.0 * v + d)]
            }
        };
        [du + self.offset[0], dv + self.offset[1]]
    }

    /// Per pixel: how much of it is replaced, and the upsampling pattern there.
    fn mask(&self, portrait: &Portrait, side: usize) -> Vec<(f32, f32)> {
        let unit = |i: usize| (i as f32 + 0.5) * 2.0 / side as f32 - 1.0;
        let step = std::f32::consts::TAU / GRID_PERIOD;
        let mut mask = Vec::with_capacity(side * side);
        for row in 0..side {
            for column in 0..side {
                let (x, y) = (unit(column), unit(row));
                let place = portrait.place(x, y);
                let depth = 1.0 - radius(self.method.region, place.face);
                let alpha = if place.radius < 0.97 {
                    (depth / self.method.edge).clamp(0.0, 1.0)
                } else {
                    0.0
                };
                mask.push((alpha, self.method.grid * sin(x * step) * sin(y * step)));
            }
        }
        mask
    }

    /// The colour to add to the replacement: most of its mean difference to the
    /// frame, and the method's own error, as faded as the frame is.
    fn colour_match(&self, patch: &Canvas, frame: &Frame, mask: &[(f32, f32)]) -> Rgb {
        let Frame { taken, capture, .. } = frame;
        let (mut difference, mut weight) = ([0.0; 3], f32::EPSILON);
        for ((alpha, _), (ours, theirs)) in
            mask.iter().zip(patch.pixels().iter().zip(taken.pixels()))
        {
            difference = std::array::from_fn(|c| difference[c] + alpha * (theirs[c] - ours[c]));
            weight += alpha;
        }
        std::array::from_fn(|c| {
            let matched = match self.method.content {
                Content::Donor => (1.0 - self.method.tone) * difference[c] / weight,
                Content::Talk | Content::Look | Content::Own => 0.0,
            };
            matched + self.tint[c] * capture.saturation()
        })
    }
}

/// 0 in the middle of a region, 1 on its edge; `at` is a position on the face. All
/// regions lie within the inner face.
pub fn radius(region: Region, [u, v]: [f32; 2]) -> f32 {
    let ellipse = |u: f32, v: f32, a: f32, b: f32| ((u / a).powi(2) + (v / b).powi(2)).sqrt();
    let inner = ellipse(u, v - 0.12, 0.47, 0.58);
    let part = match region {
        Region::Inner => inner,
        Region::Lower => ellipse(u, v - 0.4, 0.36, 0.28),
        Region::Mouth => ellipse(u, v - 0.42, 0.31, 0.19),
        Region::Eyes => ellipse(u.abs() - 0.24, v + 0.12, 0.17, 0.13),
        Region::Expression => {
            ellipse(u.abs() - 0.22, v + 0.2, 0.2, 0.16).min(ellipse(u, v - 0.42, 0.31, 0.19))
        }
    };
    part.max(inner)
}
