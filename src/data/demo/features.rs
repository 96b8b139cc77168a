//! The features of a drawn face: eyes, brows, nose, mouth, beard, spectacles.

use super::canvas::{Rgb, mix, scaled, smoothstep};
use super::identity::{Glasses, Inner};
use super::portrait::Portrait;
use super::shapes::{bump, cover, noise};
use proofmark_base::math::cbrt_f32 as cbrt;

/// Draws all features over bare skin; `at` is a position on the face.
pub fn draw(portrait: &Portrait, at: [f32; 2], pixel: f32, colour: &mut Rgb) {
    let [u, v] = at;
    let inner = portrait.inner;
    if v < 0.12 {
        // The picture's left eye is the first.
        let eye = usize::from(u > 0.0);
        let outward = (u.abs() - inner.eyes[0], v - inner.eyes[1]);
        brow(portrait, outward, pixel, colour);
        let mirrored = if eye == 0 { -1.0 } else { 1.0 };
        let gaze = portrait.moment.gaze[eye];
        eye_ball(portrait, outward, [gaze[0] * mirrored, gaze[1]], pixel, colour);
    }
    if u.abs() < 0.25 && (v - inner.nose[1]).abs() < 0.15 {
        nostrils(inner, at, pixel, colour);
    }
    if v > inner.nose[1] - 0.25 {
        beard(portrait, at, colour);
        mouth(portrait, at, pixel, colour);
    }
}

/// Sideways slope that the nose adds to the face, for shading.
pub fn nose_slope(inner: &Inner, [u, v]: [f32; 2]) -> f32 {
    let [half, tip] = inner.nose;
    let along = (v - inner.eyes[1]) / (tip - inner.eyes[1]);
    if !(0.0..1.2).contains(&along) {
        return 0.0;
    }
    let s = u / (half * (0.55 + 0.65 * along));
    2.2 * s * (1.0 - s * s).max(0.0) * smoothstep(0.0, 0.3, along) * smoothstep(1.2, 1.0, along)
}

fn eye_ball(
    portrait: &Portrait,
    (du, dv): (f32, f32),
    gaze: [f32; 2],
    pixel: f32,
    colour: &mut Rgb,
) {
    let inner = portrait.inner;
    let [half, aspect] = inner.eye_shape;
    let dv = dv + inner.eye_tilt * du;
    if du.abs() > 2.0 * half || dv.abs() > 2.0 * half {
        return;
    }
    *colour = scaled(*colour, 1.0 - 0.22 * bump(du / (1.9 * half), (dv + 0.01) / (1.5 * half)));
    let s = du / half;
    let arc = (1.0 - s * s).max(0.0);
    let lids = portrait.moment.lids;
    let upper = -half * aspect * lids * arc;
    let lower = half * aspect * 0.6 * lids.min(1.0) * arc;
    let open = cover((dv - upper).min(lower - dv), pixel) * cover((1.0 - s.abs()) * half, pixel);
    if open > 0.0 {
        let lit = portrait.scene.light.ambient + 0.5 * portrait.scene.light.strength;
        let mut ball = scaled([0.95, 0.93, 0.91], lit * (1.0 - 0.25 * s * s));
        let (iu, iv) = (du - 0.36 * half * gaze[0], dv - 0.2 * half * gaze[1] + 0.05 * half);
        let from_iris = (iu * iu + iv * iv).sqrt();
        let radius = 0.5 * half;
        let ring = smoothstep(radius, 0.7 * radius, from_iris);
        let iris = scaled(inner.iris, lit * (0.55 + 0.6 * ring));
        ball = mix(ball, iris, cover(radius - from_iris, pixel));
        ball = mix(ball, [0.03; 3], cover(0.42 * radius - from_iris, pixel));
        let glint = ((iu - 0.3 * radius * portrait.scene.light.from[0]).powi(2)
            + (iv + 0.4 * radius).powi(2))
        .sqrt();
        ball = mix(ball, [1.0; 3], 0.9 * cover(0.24 * radius - glint, pixel));
        ball = scaled(ball, 0.6 + 0.4 * smoothstep(0.0, 0.035, dv - upper));
        *colour = mix(*colour, ball, open);
    }
    if s.abs() < 1.1 {
        let lash = cover(0.011 - (dv - upper).abs(), pixel);
        *colour = mix(*colour, scaled(inner.hair, 0.5), 0.85 * lash);
        let crease = cover(0.006 - (dv - 1.25 * upper + 0.025).abs(), pixel);
        let bag = cover(0.006 - (dv - lower - 0.03).abs(), 2.0 * pixel);
        let depth = 0.25 * crease + (0.1 + 0.2 * inner.wrinkles) * bag;
        *colour = scaled(*colour, 1.0 - depth * arc);
    }
}

fn brow(portrait: &Portrait, (du, dv): (f32, f32), pixel: f32, colour: &mut Rgb) {
    let inner = portrait.inner;
    let [height, thickness, arch, tilt] = inner.brows;
    let half = 1.45 * inner.eye_shape[0];
    let s = (du - 0.01) / half;
    if s.abs() > 1.0 || dv > 0.0 {
        return;
    }
    let raise = 0.04 * portrait.moment.brow;
    let line = -height - raise - arch * (1.0 - (s - 0.2) * (s - 0.2)) - tilt * du;
    let thick = thickness * (1.0 - 0.35 * (s + 0.3).max(0.0)) * (1.0 - s.powi(8)).max(0.0);
    let hairs = 0.7 + 0.3 * noise(du * 70.0 + dv * 40.0, dv * 20.0, inner.texture);
    let density = cover(thick - (dv - line).abs(), 1.6 * pixel) * hairs;
    *colour = mix(*colour, inner.hair, 0.88 * density);
}

fn nostrils(inner: &Inner, [u, v]: [f32; 2], pixel: f32, colour: &mut Rgb) {
    let [half, tip] = inner.nose;
    let shadow = bump(u / (1.3 * half), (v - tip - 0.05) / 0.07);
    *colour = scaled(*colour, 1.0 - 0.28 * shadow);
    let light = bump(u / (0.5 * half), (v - tip + 0.05) / 0.06);
    *colour = scaled(*colour, 1.0 + 0.14 * light);
    let (du, dv) = ((u.abs() - 0.45 * half) / (0.3 * half), (v - tip - 0.012) / 0.017);
    let hole = cover((1.0 - (du * du + dv * dv).sqrt()) * 0.017, pixel);
    *colour = mix(*colour, scaled(inner.skin, 0.22), 0.85 * hole);
    let wing = ((u.abs() - 0.78 * half).powi(2) / (0.36 * half).powi(2)
        + (v - tip + 0.012).powi(2) / 0.0018)
        .sqrt();
    if u.abs() > 0.8 * half {
        *colour = scaled(*colour, 1.0 - 0.28 * cover(0.2 - (wing - 1.0).abs(), 8.0 * pixel));
    }
}

fn mouth(portrait: &Portrait, [u, v]: [f32; 2], pixel: f32, colour: &mut Rgb) {
    let inner = portrait.inner;
    let moment = &portrait.moment;
    let [height, half] = inner.mouth;
    let half = half * (1.0 + 0.16 * moment.smile - 0.14 * moment.open);
    let s = u / half;
    let fold = (u.abs() - 0.75 * inner.nose[0] - 0.45 * (v - inner.nose[1]).max(0.0)).abs();
    let along = bump(0.0, (v - 0.5 * (height + inner.nose[1])) / 0.16);
    let crease = cover(0.008 - fold, 2.5 * pixel) * along;
    *colour = scaled(
        *colour,
        1.0 - crease * (0.08 + 0.16 * moment.smile.max(0.0) + 0.12 * inner.wrinkles),
    );
    if s.abs() > 1.15 || (v - height).abs() > 0.3 {
        return;
    }
    let arc = (1.0 - s * s).max(0.0);
    let centre = height - 0.075 * moment.smile * (s * s - 0.35);
    let gap = 0.095 * moment.open * arc;
    let cupid = arc * (1.0 - 0.22 * bump(s / 0.28, 0.0));
    let top = centre - inner.lips[0] * cupid - 0.3 * gap;
    let bottom = centre + inner.lips[1] * arc + gap;
    let lips = cover((v - top).min(bottom - v), 1.5 * pixel);
    let shade = portrait.scene.light.ambient + 0.65 * portrait.scene.light.strength;
    if lips > 0.0 {
        let low = smoothstep(0.0, 0.02, v - centre);
        let sheen = bump(s / 0.5, (v - bottom + 0.6 * inner.lips[1]) / 0.03);
        let flesh = scaled(inner.lip_colour, shade * (0.82 + 0.16 * low + 0.15 * sheen));
        *colour = mix(*colour, flesh, lips);
        let inside = cover((v - centre + 0.3 * gap).min(centre + gap - v), pixel);
        if gap > 0.004 {
            let teeth =
                cover(centre - 0.3 * gap + 0.05 - v, pixel) * cover(0.8 - s.abs(), 4.0 * pixel);
            let depth = mix([0.2, 0.06, 0.06], [0.9, 0.88, 0.83], 0.9 * teeth);
            *colour = mix(*colour, scaled(depth, shade), inside);
        }
    }
    let parting = cover(0.008 - (v - centre).abs(), pixel) * cover((1.08 - s.abs()) * half, pixel);
    if gap < 0.02 {
        *colour = mix(*colour, scaled(inner.lip_colour, 0.32), 0.75 * parting);
    }
    let below = bump(s / 0.7, (v - bottom - 0.035) / 0.04);
    *colour = scaled(*colour, 1.0 - 0.14 * below);
}

fn beard(portrait: &Portrait, [u, v]: [f32; 2], colour: &mut Rgb) {
    let inner = portrait.inner;
    let [moustache, chin] = inner.beard;
    if moustache + chin == 0.0 {
        return;
    }
    let height = inner.mouth[0];
    let upper = (inner.nose[1] + 0.4 * (height - inner.nose[1]) + 0.2, height - 0.06);
    let lip = bump(u / 0.3, (v - upper.1) / (upper.0 - upper.1 + 0.08).abs().max(0.08)).sqrt();
    let jaw = smoothstep(0.30, 0.48, v.max(0.9 * u.abs() + 0.25 * v)) * smoothstep(0.1, 0.3, v);
    let clear = 1.0 - bump(u / (inner.mouth[1] + 0.06), (v - height) / 0.16);
    let density = (moustache * lip).max(chin * jaw * clear);
    let hairs = 0.55 + 0.45 * noise(u * 60.0, v * 38.0, inner.texture ^ 0x77);
    *colour = mix(*colour, scaled(inner.hair, 1.05), (0.85 * density * hairs).clamp(0.0, 0.9));
}

/// Draws spectacles over a face; `at` is a position on the face.
pub fn glasses(glasses: &Glasses, [u, v]: [f32; 2], pixel: f32, colour: &mut Rgb) {
    let [a, b] = glasses.half;
    let (du, dv) = ((u.abs() - 0.235) / a, (v + 0.12) / b);
    if dv.abs() > 1.4 {
        return;
    }
    let norm = |power: i32| du.abs().powi(power) + dv.abs().powi(power);
    let radius = match glasses.squareness {
        2 => norm(2).sqrt(),
        power => cbrt(norm(power).sqrt()),
    };
    let rim = cover(glasses.thickness - (radius - 1.0).abs() * b, pixel);
    let bridge = cover(0.235 - a - u.abs(), pixel)
        * cover(0.6 * glasses.thickness - (v + 0.15).abs(), pixel);
    let reflection = bump(du + 0.3, (dv + 0.3) * 1.5) * 0.18;
    if radius < 1.0 {
        *colour = mix(*colour, [0.92, 0.95, 1.0], reflection);
    }
    // Temples run from the lenses to the ears.
    let temple = cover(0.5 * glasses.thickness - (v + 0.16).abs(), pixel)
        * cover(u.abs() - 0.235 - a, pixel)
        * cover(0.62 - u.abs(), pixel);
    *colour = mix(*colour, glasses.colour, rim.max(bridge).max(temple));
}
