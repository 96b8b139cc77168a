//! A drawn head: skin, hair, ears, neck and clothes.

use super::canvas::{Rgb, mix, scaled, smoothstep};
use super::features;
use super::identity::Hair;
use super::portrait::{Place, Portrait};
use super::shapes::{bump, cover, noise};
use proofmark_base::math::{cos_f32 as cos, sin_f32 as sin};

impl Portrait<'_> {
    /// The colour at a position in drawing units; `pixel` is the width of a pixel.
    pub fn colour(&self, x: f32, y: f32, pixel: f32) -> Rgb {
        let place = self.place(x, y);
        let [width, _] = self.outer.half;
        // Positive inside the outline, in head units.
        let inside = (1.0 - place.radius) * width;
        let skin = cover(inside, pixel);
        let mut colour = [0.0; 3];
        if skin < 1.0 {
            colour = self.behind(place, x, y, pixel);
        }
        if skin > 0.0 {
            let mut face = self.skin(place);
            features::draw(self, place.face, pixel, &mut face);
            let lock = self.fringe(place, pixel);
            if lock > 0.0 {
                face = mix(face, self.strands(place), lock);
            }
            colour = mix(colour, face, skin);
        }
        if let Some(glasses) = &self.outer.glasses {
            features::glasses(glasses, place.face, pixel, &mut colour);
        }
        colour
    }

    /// Bare skin: shading of skull and nose, flush, wrinkles, texture.
    fn skin(&self, place: Place) -> Rgb {
        let inner = self.inner;
        let [u, v] = place.face;
        let shade = self.shade(place, features::nose_slope(inner, place.face));
        let rough = noise(u * 17.0, v * 17.0, inner.texture) - 0.5;
        let fine = noise(u * 41.0, v * 41.0, inner.texture ^ 0x5bd1) - 0.5;
        let mut colour = scaled(inner.skin, shade * (1.0 + 0.07 * rough + 0.05 * fine));
        let cheek = bump((u.abs() - 0.33) / 0.2, (v - 0.14) / 0.18);
        colour[0] *= 1.0 + 0.08 * inner.flush * cheek;
        colour[1] *= 1.0 - 0.12 * inner.flush * cheek;
        colour[2] *= 1.0 - 0.10 * inner.flush * cheek;
        if inner.freckles > 0.0 {
            let spot = smoothstep(0.66, 0.8, noise(u * 30.0, v * 30.0, inner.texture ^ 0x9e37));
            let zone = bump(u / 0.5, (v - 0.08) / 0.25);
            colour = mix(colour, scaled(colour, 0.72), inner.freckles * spot * zone);
        }
        if inner.wrinkles > 0.0 && v < -0.3 {
            let line = sin((v + 0.02 * sin(u * 9.0)) * 60.0).max(0.0);
            colour = scaled(
                colour,
                1.0 - 0.1 * inner.wrinkles * line * bump(u / 0.4, (v + 0.45) / 0.15),
            );
        }
        colour
    }

    /// What is seen outside the face: background, clothes, neck, hair behind, ears.
    fn behind(&self, place: Place, x: f32, y: f32, pixel: f32) -> Rgb {
        let [u, v] = place.head;
        let [width, height] = self.outer.half;
        let mut colour = self.scene.background(x, y);
        let hair = &self.outer.hair;
        if hair.volume > 0.0 {
            let back = cover(hair_depth(hair, self.outer.half, u, v), pixel);
            colour = mix(colour, scaled(self.strands(place), 0.8), back);
        }
        if v > 0.3 {
            let shadow = 0.62 + 0.25 * smoothstep(height, height + 0.3, v);
            let neck = cover(0.36 + 0.1 * v * v - u.abs(), pixel);
            let lit = shadow * (self.scene.light.ambient + 0.6 * self.scene.light.strength);
            colour = mix(colour, scaled(self.outer.skin, lit), neck);
            let collar = cover(v - 1.02 + 0.12 * (1.0 - u.abs()) - 0.1 * u * u, pixel);
            colour = mix(colour, self.scene.clothes, collar);
        }
        let ear = (u.abs() - width - 0.005) / 0.085;
        let ear = (1.0 - (ear * ear + ((v + 0.02) / 0.17).powi(2)).sqrt()) * 0.085;
        if ear > -pixel && hair.length < 0.4 {
            let rim = 0.75 + 0.25 * smoothstep(0.0, 0.04, (ear - 0.03).abs());
            colour = mix(
                colour,
                scaled(self.outer.skin, self.shade(place, 0.0) * rim),
                cover(ear, pixel),
            );
        }
        colour
    }

    /// How much hair covers a point of the face.
    fn fringe(&self, place: Place, pixel: f32) -> f32 {
        let hair = &self.outer.hair;
        let [width, height] = self.outer.half;
        let across = place.head[0] / width;
        let wave = hair.curl * sin(place.face[0] * 45.0);
        let temple = 0.5 * across * across * across * across * (0.5 + hair.length.max(0.0));
        let part = 0.16 * (0.5 - (across - hair.parting).abs().min(0.5));
        let edge = (hair.line - part) * height / 0.82 + temple + wave;
        cover(edge - place.face[1], 2.0 * pixel)
    }

    /// The colour of hair, with strands along it.
    fn strands(&self, place: Place) -> Rgb {
        let [u, v] = place.head;
        let hair = &self.outer.hair;
        let along = (u - 0.3 * hair.parting).abs() * 26.0 + v * 5.0;
        let strand = noise(along, v * 3.0, self.outer.half[0].to_bits());
        let sheen = bump(u / 0.7, (v + 0.75) / 0.3) * self.scene.light.strength;
        scaled(hair.colour, (0.62 + 0.55 * strand) * (1.0 + 0.5 * sheen))
    }
}

/// Depth inside the mass of hair around the skull, negative outside.
fn hair_depth(hair: &Hair, [width, height]: [f32; 2], u: f32, v: f32) -> f32 {
    let wave = hair.curl * (sin(u * 23.0) + cos(v * 23.0));
    let (w, h) = (width + 0.8 * hair.volume + wave, height + hair.volume + wave);
    let cap = (1.0 - ((u / w).powi(2) + (v / h).powi(2)).sqrt()) * w;
    // Below the widest point long hair hangs straight down instead of following the skull.
    let side = if v > 0.0 { w - u.abs() } else { cap };
    side.max(cap).min(hair.length + 0.05 - v)
}
