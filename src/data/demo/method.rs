//! The manipulation methods, each a row of one table of artefacts.
//!
//! A swap puts another person's inner face into the frame, a reenactment changes
//! mouth, eyes or pose of the same person. All of them are one edit (`manipulate`)
//! with other numbers: what is put where, and what betrays it. The numbers are what
//! makes the demo easy or hard. They were set by training small vision transformers
//! (patch 8, width 64, depth 2, 2,700 faces at 48 pixels, eight epochs) until seen methods
//! gave a video AUC above 0.9, unseen ones below 0.8, and delivery in the wild less: all
//! methods share a colour error and an upsampling pattern, which unseen ones show less.

use super::canvas::Rgb;
use proofmark_lang::model::Family;
use proofmark_lang::vocabulary::DEMO_METHODS;

/// The part of the face that is replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Region {
    /// Brows to chin.
    Inner,
    /// Nose tip to chin.
    Lower,
    /// Around the lips.
    Mouth,
    /// Around each eye.
    Eyes,
    /// Brows and the corners of the mouth.
    Expression,
}

/// What replaces it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// Another person's face in the same pose, expression and light.
    Donor,
    /// The same face saying something else.
    Talk,
    /// The same face looking elsewhere.
    Look,
    /// The same face, as it is.
    Own,
}

/// How the replacement is bent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bend {
    /// Not at all.
    None,
    /// Moved, most in the middle of the region, as by a turn of the head.
    Shift,
    /// Widened or narrowed about the middle of the region.
    Stretch,
    /// Waves over the whole face.
    Wobble,
}

/// A manipulation method. Lengths are in the face's units (half its width is 0.6).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Method {
    /// Name, one of `DEMO_METHODS`.
    pub name: &'static str,
    /// What is replaced.
    pub region: Region,
    /// By what.
    pub content: Content,
    /// Width of the blending edge, as a fraction of the region's radius.
    pub edge: f32,
    /// Misalignment.
    pub offset: f32,
    /// Fraction of the colour mismatch that is left.
    pub tone: f32,
    /// Colour error added on top.
    pub tint: f32,
    /// Resolution of the replacement: its pixels over the whole picture (0: all).
    pub texels: f32,
    /// Sigma of a blur of the replacement.
    pub smooth: f32,
    /// Fraction by which coarse colours are taken from the frame, across the edge.
    pub bleed: f32,
    /// How it is bent.
    pub bend: Bend,
    /// By how much.
    pub bend_by: f32,
    /// Amplitude of an upsampling pattern.
    pub grid: f32,
    /// Fraction of the camera's noise that the replacement has.
    pub grain: f32,
}

impl Method {
    /// The method of that name.
    pub fn named(name: &str) -> Option<&'static Self> {
        METHODS.iter().find(|method| method.name == name)
    }

    /// Its family, as the vocabulary says.
    pub fn family(&self) -> Family {
        let known = DEMO_METHODS.iter().find(|(name, _)| *name == self.name);
        known.map_or(Family::Unknown, |(_, family)| *family)
    }
}

/// What fake videos of one method multiply its strengths by, from the least to the
/// most visible.
pub const VARIATION: (f32, f32) = (0.5, 2.7);

/// Where the colours of a generated face lean: less red, more green.
pub const TINT: Rgb = [-1.0, 0.7, -0.3];

/// Period of the upsampling pattern, in drawing units. A face in the wild arrives with
/// so few pixels that little of it is left.
pub const GRID_PERIOD: f32 = 1.0 / 6.0;

/// Side of the coarse picture from which colours bleed, in pixels.
pub const BLEED_SIDE: usize = 7;

/// What the methods differ from.
const SWAP: Method = Method {
    name: "",
    region: Region::Inner,
    content: Content::Donor,
    edge: 0.3,
    offset: 0.0,
    tone: 0.3,
    tint: 0.028,
    texels: 0.0,
    smooth: 0.008,
    bleed: 0.0,
    bend: Bend::None,
    bend_by: 0.0,
    grid: 0.017,
    grain: 0.3,
};

/// See [`SWAP`].
const REENACTMENT: Method =
    Method { content: Content::Own, edge: 0.35, tone: 0.0, tint: 0.042, grid: 0.032, ..SWAP };

/// Every method, in the vocabulary's order.
pub const METHODS: [Method; 13] = [
    Method { name: "swap-feather", edge: 0.45, tone: 0.45, offset: 0.015, ..SWAP },
    Method { name: "swap-seam", edge: 0.04, tone: 0.35, offset: 0.045, grain: 0.6, ..SWAP },
    Method { name: "swap-lowres", edge: 0.25, texels: 30.0, ..SWAP },
    Method { name: "swap-poisson", edge: 0.12, tone: 0.0, bleed: 0.9, ..SWAP },
    Method {
        name: "swap-smooth",
        smooth: 0.035,
        tone: 0.2,
        grain: 0.0,
        tint: 0.01,
        grid: 0.011,
        ..SWAP
    },
    Method {
        name: "swap-warp",
        bend: Bend::Wobble,
        bend_by: 0.05,
        grain: 0.5,
        tint: 0.01,
        grid: 0.011,
        ..SWAP
    },
    Method { name: "swap-grid", grid: 0.035, tone: 0.2, tint: 0.01, ..SWAP },
    Method {
        name: "mouth-paste",
        region: Region::Mouth,
        content: Content::Talk,
        edge: 0.12,
        offset: 0.02,
        ..REENACTMENT
    },
    Method {
        name: "mouth-warp",
        region: Region::Lower,
        bend: Bend::Stretch,
        bend_by: 0.3,
        smooth: 0.02,
        ..REENACTMENT
    },
    Method {
        name: "gaze-shift",
        region: Region::Eyes,
        content: Content::Look,
        smooth: 0.02,
        tint: 0.05,
        grid: 0.045,
        ..REENACTMENT
    },
    Method {
        name: "pose-warp",
        bend: Bend::Shift,
        bend_by: 0.09,
        smooth: 0.012,
        tint: 0.014,
        grid: 0.016,
        ..REENACTMENT
    },
    Method {
        name: "lipsync-blur",
        region: Region::Lower,
        content: Content::Talk,
        texels: 24.0,
        tint: 0.016,
        grid: 0.02,
        ..REENACTMENT
    },
    Method {
        name: "expression-warp",
        region: Region::Expression,
        bend: Bend::Stretch,
        bend_by: 0.3,
        smooth: 0.02,
        tint: 0.025,
        grid: 0.03,
        ..REENACTMENT
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_the_vocabularys_methods_in_its_order() {
        let ours: Vec<_> = METHODS.iter().map(|method| method.name).collect();
        let theirs: Vec<_> = DEMO_METHODS.iter().map(|(name, _)| *name).collect();
        assert_eq!(ours, theirs);
    }

    #[test]
    fn only_swaps_have_a_donor() {
        for method in &METHODS {
            let swap = method.family() == Family::FaceSwap;
            assert_eq!(method.content == Content::Donor, swap, "{}", method.name);
        }
    }
}
