//! Who a drawn face belongs to: its colours and proportions.

use super::canvas::{Rgb, mix, scaled};
use proofmark_base::rng::Rng;

/// Skin from light to dark.
const SKINS: [Rgb; 6] = [
    [0.96, 0.82, 0.74],
    [0.92, 0.74, 0.62],
    [0.83, 0.64, 0.50],
    [0.70, 0.50, 0.37],
    [0.53, 0.36, 0.26],
    [0.38, 0.25, 0.19],
];

/// Hair: black, dark brown, brown, chestnut, red, blond, grey, white.
const HAIRS: [Rgb; 8] = [
    [0.07, 0.06, 0.06],
    [0.17, 0.11, 0.08],
    [0.30, 0.19, 0.12],
    [0.42, 0.24, 0.14],
    [0.58, 0.29, 0.14],
    [0.80, 0.64, 0.38],
    [0.52, 0.51, 0.50],
    [0.84, 0.82, 0.80],
];

/// Irises: brown, dark brown, hazel, green, blue, grey.
const IRISES: [Rgb; 6] = [
    [0.33, 0.19, 0.10],
    [0.18, 0.11, 0.08],
    [0.45, 0.34, 0.16],
    [0.27, 0.42, 0.26],
    [0.25, 0.44, 0.64],
    [0.48, 0.53, 0.57],
];

/// What hair does around a face.
#[derive(Clone, Debug, PartialEq)]
pub struct Hair {
    /// Its colour, brows and beard included.
    pub colour: Rgb,
    /// How far it stands off the skull; 0 is bald.
    pub volume: f32,
    /// Height of the hairline in the face's units (up is negative).
    pub line: f32,
    /// How far down it hangs beside the face.
    pub length: f32,
    /// Where the parting lies, -1 (left) to 1 (right).
    pub parting: f32,
    /// Amplitude of the curls along its outline.
    pub curl: f32,
}

/// Spectacles.
#[derive(Clone, Debug, PartialEq)]
pub struct Glasses {
    /// Colour of the frame.
    pub colour: Rgb,
    /// Half the width and height of a lens.
    pub half: [f32; 2],
    /// Exponent of the lens outline: 2 is round, larger is more rectangular.
    pub squareness: i32,
    /// Thickness of the frame.
    pub thickness: f32,
}

/// The parts of a person that a face swap leaves alone.
#[derive(Clone, Debug, PartialEq)]
pub struct Outer {
    /// Half the width and height of the face.
    pub half: [f32; 2],
    /// How much narrower the jaw is than the cheeks, 0 to 1.
    pub taper: f32,
    /// Colour of ears and neck.
    pub skin: Rgb,
    /// Hair.
    pub hair: Hair,
    /// Spectacles, if any.
    pub glasses: Option<Glasses>,
}

/// The parts of a person that a face swap brings along.
#[derive(Clone, Debug, PartialEq)]
pub struct Inner {
    /// Skin colour.
    pub skin: Rgb,
    /// Which texture the skin has.
    pub texture: u32,
    /// Strength of freckles, wrinkles and flush, 0 to 1 each.
    pub freckles: f32,
    /// See `freckles`.
    pub wrinkles: f32,
    /// See `freckles`.
    pub flush: f32,
    /// Colour of brows and beard.
    pub hair: Rgb,
    /// Half the distance between the eyes, and their height.
    pub eyes: [f32; 2],
    /// Half the width of an eye, and its height as a fraction of that.
    pub eye_shape: [f32; 2],
    /// Rise of the outer corner of an eye.
    pub eye_tilt: f32,
    /// Colour of the irises.
    pub iris: Rgb,
    /// Height of the brows over the eyes, thickness, arch, and tilt.
    pub brows: [f32; 4],
    /// Half the width of the nose, and the height of its tip.
    pub nose: [f32; 2],
    /// Height of the mouth, and half its width.
    pub mouth: [f32; 2],
    /// Thickness of the upper and the lower lip.
    pub lips: [f32; 2],
    /// Colour of the lips.
    pub lip_colour: Rgb,
    /// Density of moustache, and of chin and cheek beard, 0 to 1.
    pub beard: [f32; 2],
}

/// A person.
#[derive(Clone, Debug, PartialEq)]
pub struct Identity {
    /// What a swap leaves.
    pub outer: Outer,
    /// What a swap brings.
    pub inner: Inner,
}

impl Identity {
    /// A person drawn from `rng`.
    pub fn new(rng: &mut Rng) -> Self {
        let tone = rng.uniform() as f32;
        let skin = jittered(palette(&SKINS, tone), 0.035, rng);
        let dark_hair = rng.chance(0.25 + 0.65 * f64::from(tone));
        let shade = if dark_hair { rng.below(3) } else { 2 + rng.below(6) };
        let colour = jittered(HAIRS[shade as usize], 0.03, rng);
        let feminine = rng.chance(0.5);
        let age = rng.uniform() as f32;
        let hair = Self::hair(colour, feminine, rng);
        let glasses = rng.chance(0.22).then(|| Glasses {
            colour: if rng.chance(0.7) {
                [0.08; 3]
            } else {
                jittered([0.45, 0.30, 0.20], 0.15, rng)
            },
            half: [between(0.17, 0.205, rng), between(0.12, 0.165, rng)],
            squareness: if rng.chance(0.5) { 2 } else { 6 },
            thickness: between(0.016, 0.03, rng),
        });
        let outer = Outer {
            half: [between(0.55, 0.66, rng), between(0.78, 0.88, rng)],
            taper: between(0.05, 0.28, rng) + if feminine { 0.06 } else { 0.0 },
            skin,
            hair,
            glasses,
        };
        let beard = !feminine && rng.chance(0.5);
        let lip_tint = if feminine { [0.74, 0.24, 0.28] } else { [0.66, 0.36, 0.34] };
        let irises = if tone > 0.55 { 3 } else { 6 };
        let inner = Inner {
            skin,
            texture: rng.next_u32(),
            freckles: if rng.chance(0.3) { between(0.3, 1.0, rng) } else { 0.0 },
            wrinkles: (age * 1.4 - 0.5).max(0.0),
            flush: rng.uniform() as f32,
            hair: scaled(colour, 0.8),
            eyes: [between(0.215, 0.265, rng), between(-0.17, -0.09, rng)],
            eye_shape: [between(0.11, 0.145, rng), between(0.4, 0.62, rng)],
            eye_tilt: between(-0.12, 0.22, rng),
            iris: jittered(IRISES[rng.below(irises) as usize], 0.05, rng),
            brows: [
                between(0.115, 0.165, rng),
                between(0.018, if feminine { 0.03 } else { 0.046 }, rng),
                between(0.01, 0.06, rng),
                between(-0.12, 0.16, rng),
            ],
            nose: [between(0.075, 0.135, rng), between(0.13, 0.23, rng)],
            mouth: [between(0.38, 0.46, rng), between(0.17, 0.255, rng)],
            lips: [between(0.022, 0.05, rng), between(0.03, 0.066, rng)],
            lip_colour: mix(scaled(skin, 0.8), lip_tint, between(0.3, 0.85, rng)),
            beard: if beard {
                [between(0.0, 1.0, rng), between(0.0, 1.0, rng) * between(0.3, 1.0, rng)]
            } else {
                [0.0; 2]
            },
        };
        Self { outer, inner }
    }

    fn hair(colour: Rgb, feminine: bool, rng: &mut Rng) -> Hair {
        let bald = !feminine && rng.chance(0.18);
        Hair {
            colour,
            volume: if bald { 0.0 } else { between(0.06, 0.2, rng) },
            line: if bald { -2.0 } else { between(-0.62, -0.38, rng) },
            length: if feminine { between(0.2, 1.4, rng) } else { between(-0.25, 0.1, rng) },
            parting: between(-0.8, 0.8, rng),
            curl: if rng.chance(0.35) { between(0.02, 0.05, rng) } else { 0.004 },
        }
    }
}

/// Uniform between two values.
pub fn between(low: f32, high: f32, rng: &mut Rng) -> f32 {
    rng.range(f64::from(low), f64::from(high)) as f32
}

/// `colour` with each channel moved by up to `by`.
pub fn jittered(colour: Rgb, by: f32, rng: &mut Rng) -> Rgb {
    colour.map(|c| (c + between(-by, by, rng)).clamp(0.02, 0.98))
}

/// The colour at `t` (0 to 1) along a list.
fn palette(colours: &[Rgb], t: f32) -> Rgb {
    let place = t * (colours.len() - 1) as f32;
    let below = (place as usize).min(colours.len() - 2);
    mix(colours[below], colours[below + 1], place - below as f32)
}
