//! Who is drawn and when, where a point of the picture lies on the head, and how it is lit.

use super::identity::{Inner, Outer};
use super::scene::{Moment, Scene};
use proofmark_base::math::sin_cos_f32 as sin_cos;

/// A person, or one person's face in another's head, at one moment of a scene.
#[derive(Clone, Debug)]
pub struct Portrait<'a> {
    /// Hair, ears, neck, outline.
    pub outer: &'a Outer,
    /// Skin and features.
    pub inner: &'a Inner,
    /// Background and light.
    pub scene: &'a Scene,
    /// Pose and expression.
    pub moment: Moment,
}

/// A point of the picture as seen from the head.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// Position in the upright head: chin at about 0.85, cheeks at 0.6.
    pub head: [f32; 2],
    /// Position on the face, which slides over the head as it turns.
    pub face: [f32; 2],
    /// 0 at the centre of the face, 1 on its outline.
    pub radius: f32,
}

impl Portrait<'_> {
    /// Where a point of the picture (drawing units) lies on the head.
    pub fn place(&self, x: f32, y: f32) -> Place {
        let Moment { centre, scale, roll, turn, .. } = self.moment;
        let (sin, cos) = sin_cos(roll);
        let (dx, dy) = ((x - centre[0]) / scale, (y - centre[1]) / scale);
        let head = [dx * cos + dy * sin, dy * cos - dx * sin];
        let [width, height] = self.outer.half;
        let down = (head[1] / height).max(0.0);
        let width = width * (1.0 - self.outer.taper * (down * down).min(1.5));
        let squared = (head[0] / width).powi(2) + (head[1] / height).powi(2);
        let slide = 1.0 - squared.min(1.0);
        let face = [head[0] - 0.2 * turn[0] * slide, head[1] - 0.14 * turn[1] * slide];
        Place { head, face, radius: squared.sqrt() }
    }

    /// Lambert shading of the head as an ellipsoid, with `slope` added to its normal.
    pub fn shade(&self, place: Place, slope: f32) -> f32 {
        let light = &self.scene.light;
        let [width, height] = self.outer.half;
        let z = (1.0 - place.radius * place.radius).max(0.0).sqrt();
        let normal = [place.head[0] / width + slope, place.head[1] / height, 0.35 + 0.65 * z];
        let length = normal.iter().map(|c| c * c).sum::<f32>().sqrt();
        let facing: f32 = (0..3).map(|c| normal[c] * light.from[c]).sum::<f32>() / length;
        (light.ambient + light.strength * facing.max(0.0)) * (0.88 + 0.12 * z)
    }
}
