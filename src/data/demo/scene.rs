//! What is in front of the camera: background, light, and how the head moves.

use super::canvas::{Rgb, mix, scaled, smoothstep};
use super::identity::{between, jittered};
use proofmark_base::math::sin_f32 as sin;
use proofmark_base::rng::Rng;
use proofmark_lang::model::DemoCapture;

/// Pose and expression in one frame.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moment {
    /// Centre of the head.
    pub centre: [f32; 2],
    /// Size of the head; 1 fills the crop as a detector's box with a margin does.
    pub scale: f32,
    /// In-plane rotation, radians.
    pub roll: f32,
    /// Turn to the side and nod, about -1 to 1.
    pub turn: [f32; 2],
    /// How far the mouth is open, 0 to 1.
    pub open: f32,
    /// Smile (positive) or frown, -1 to 1.
    pub smile: f32,
    /// Rise of the brows, -1 to 1.
    pub brow: f32,
    /// How far the eyelids are open, 0 to about 1.1.
    pub lids: f32,
    /// Where each eye looks (left, right), x and y, -1 to 1.
    pub gaze: [[f32; 2]; 2],
}

/// The light on a face.
#[derive(Clone, Debug, PartialEq)]
pub struct Light {
    /// Direction it comes from: x, y (up is negative), z towards the camera.
    pub from: [f32; 3],
    /// Brightness in full shadow.
    pub ambient: f32,
    /// Added brightness in full light.
    pub strength: f32,
}

/// Kinds of background.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Backdrop {
    Plain,
    Lights,
    Shelves,
    Window,
}

/// Everything that stays the same through one video but the person.
#[derive(Clone, Debug, PartialEq)]
pub struct Scene {
    /// Light.
    pub light: Light,
    /// Colour of the clothes.
    pub clothes: Rgb,
    backdrop: Backdrop,
    colours: [Rgb; 3],
    /// Position, radius of the backdrop's spots or edges.
    spots: [[f32; 3]; 5],
    rest: Moment,
    /// Rate and phase of each slow movement.
    sway: [[f32; 2]; 6],
    talk: f32,
}

impl Scene {
    /// A scene as the capture condition allows, drawn from `rng`.
    pub fn new(capture: DemoCapture, rng: &mut Rng) -> Self {
        use DemoCapture::*;
        let (ambient, side, backdrops): (_, _, &[Backdrop]) = match capture {
            Studio => (0.68, 0.5, &[Backdrop::Plain]),
            Webcam => (0.58, 0.8, &[Backdrop::Shelves, Backdrop::Window, Backdrop::Plain]),
            Phone => (0.45, 1.3, &[Backdrop::Window, Backdrop::Lights, Backdrop::Shelves]),
            Broadcast => (0.62, 0.6, &[Backdrop::Plain, Backdrop::Lights, Backdrop::Shelves]),
            Archive => (0.52, 0.9, &[Backdrop::Plain, Backdrop::Shelves]),
            Cinema => (0.38, 1.4, &[Backdrop::Lights, Backdrop::Plain]),
            Social => (0.52, 1.0, &[Backdrop::Lights, Backdrop::Window, Backdrop::Shelves]),
        };
        let ambient = ambient + between(-0.06, 0.06, rng);
        let from = [between(-side, side, rng), between(-0.9, -0.1, rng), 1.0];
        let length = from.iter().map(|c| c * c).sum::<f32>().sqrt();
        let smile = between(-0.35, 0.9, rng);
        let look = [between(-0.35, 0.35, rng), between(-0.25, 0.25, rng)];
        let base = wall(rng);
        Self {
            light: Light { from: from.map(|c| c / length), ambient, strength: 1.08 - ambient },
            clothes: jittered([0.4; 3], 0.35, rng),
            backdrop: backdrops[rng.below(backdrops.len() as u64) as usize],
            colours: [base, mix(base, wall(rng), 0.5), wall(rng)],
            spots: std::array::from_fn(|_| {
                [between(-1.1, 1.1, rng), between(-1.1, 0.8, rng), between(0.1, 0.4, rng)]
            }),
            rest: Moment {
                centre: [between(-0.05, 0.05, rng), between(0.02, 0.1, rng)],
                scale: between(1.02, 1.16, rng),
                roll: between(-0.12, 0.12, rng),
                turn: [between(-0.6, 0.6, rng), between(-0.35, 0.35, rng)],
                open: 0.0,
                smile,
                brow: between(-0.3, 0.4, rng),
                lids: between(0.8, 1.05, rng),
                gaze: [look; 2],
            },
            sway: std::array::from_fn(|_| [between(0.3, 1.1, rng), between(0.0, 6.3, rng)]),
            talk: if rng.chance(0.65) { between(0.3, 1.0, rng) } else { 0.0 },
        }
    }

    /// Pose and expression of frame `frame`.
    pub fn moment(&self, frame: u32, rng: &mut Rng) -> Moment {
        let t = (frame % 100_000) as f32;
        let sway = self.sway.map(|[rate, phase]| sin(rate * t + phase));
        let rest = &self.rest;
        let blink = rng.chance(0.06);
        let look = rest.gaze[0];
        Moment {
            centre: [rest.centre[0] + 0.02 * sway[0], rest.centre[1] + 0.015 * sway[1]],
            scale: rest.scale,
            roll: rest.roll + 0.03 * sway[1],
            turn: [rest.turn[0] + 0.15 * sway[0], rest.turn[1] + 0.1 * sway[2]],
            open: (self.talk * (0.5 + 0.7 * sway[3])).clamp(0.0, 1.0),
            smile: (rest.smile + 0.15 * sway[4]).clamp(-1.0, 1.0),
            brow: rest.brow + 0.2 * sway[5],
            lids: if blink { 0.12 } else { rest.lids },
            gaze: [[look[0] + 0.15 * sway[2], look[1] + 0.08 * sway[4]]; 2],
        }
    }

    /// The background at a position in drawing units.
    pub fn background(&self, x: f32, y: f32) -> Rgb {
        let [first, second, third] = self.colours;
        let wall = mix(first, second, (0.5 + 0.35 * x + 0.3 * y).clamp(0.0, 1.0));
        match self.backdrop {
            Backdrop::Plain => wall,
            Backdrop::Lights => self.spots.iter().fold(scaled(wall, 0.75), |colour, [a, b, r]| {
                let d = ((x - a).powi(2) + (y - b).powi(2)).sqrt();
                mix(
                    colour,
                    mix(third, [1.0, 0.95, 0.85], 0.4),
                    0.7 * (1.0 - smoothstep(0.8 * r, *r, d)),
                )
            }),
            Backdrop::Shelves => {
                let row = ((y + 1.2) * 2.2).floor();
                let book = ((x + 1.3 + 0.37 * row) * 7.0).floor();
                let pick = ((book * 0.618 + row * 0.377).fract() * 3.0) as usize;
                let gap = ((y + 1.2) * 2.2).fract();
                scaled(self.colours[pick.min(2)], if gap < 0.12 { 0.4 } else { 0.8 })
            }
            Backdrop::Window => {
                let [a, _, r] = self.spots[0];
                let inside = smoothstep(r + 0.23, r + 0.2, (x - a).abs())
                    * smoothstep(0.75, 0.72, (y + 0.35).abs());
                mix(wall, [0.9, 0.93, 0.96], 0.85 * inside)
            }
        }
    }
}

/// A colour as walls have it: any brightness, little saturation.
fn wall(rng: &mut Rng) -> Rgb {
    let grey = between(0.18, 0.78, rng);
    jittered([grey; 3], 0.13, rng)
}
