//! Hue, saturation and value of bytes as OpenCV has them (hue 0 to 179), moved by a table.

use crate::train::augment::pixels::Pixels;
use crate::wide::wide;

/// Moves hue, saturation and value. A shift from -1 to 1 comes to one step down where it is
/// below 0 and to nothing else, since albumentations' tables cut off what is behind the
/// point; the way to this space and back rounds in any case.
pub fn shift_hsv(image: &mut Pixels, by: [f64; 3]) {
    let hue: [u8; 256] = std::array::from_fn(|v| (v as f64 + by[0]).rem_euclid(180.0) as u8);
    let [saturation, value] = [by[1], by[2]].map(|by| -> [u8; 256] {
        std::array::from_fn(|v| (v as f64 + by).clamp(0.0, 255.0) as u8)
    });
    let tables = Tables::new();
    let pixels = image.rgb.as_chunks_mut::<3>().0;
    wide(
        #[inline(always)]
        || {
            for pixel in pixels {
                let [h, s, v] = tables.hsv(*pixel).map(usize::from);
                *pixel = rgb([hue[h], saturation[s], value[v]]);
            }
        },
    );
}

/// Fixed-point reciprocals, as OpenCV divides.
struct Tables {
    saturation: [i32; 256],
    hue: [i32; 256],
}

/// Fractional bits.
const SHIFT: i32 = 12;

impl Tables {
    fn new() -> Self {
        let over = |top: f64| {
            std::array::from_fn(|i| match i {
                0 => 0,
                i => (top * f64::from(1 << SHIFT) / i as f64).round_ties_even() as i32,
            })
        };
        Self { saturation: over(255.0), hue: over(30.0) }
    }

    #[inline(always)]
    fn hsv(&self, [r, g, b]: [u8; 3]) -> [u8; 3] {
        let value = r.max(g).max(b);
        let range = i32::from(value - r.min(g).min(b));
        let [r, g, b] = [r, g, b].map(i32::from);
        let top = i32::from(value);
        let half = 1 << (SHIFT - 1);
        let saturation = (range * self.saturation[usize::from(value)] + half) >> SHIFT;
        let turn = if top == r {
            g - b
        } else if top == g {
            b - r + 2 * range
        } else {
            r - g + 4 * range
        };
        let hue = (turn * self.hue[range as usize] + half) >> SHIFT;
        let hue = if hue < 0 { hue + 180 } else { hue };
        [hue as u8, saturation as u8, value]
    }
}

#[inline(always)]
fn rgb([hue, saturation, value]: [u8; 3]) -> [u8; 3] {
    let turn = f32::from(hue) / 30.0;
    let (sector, part) = (turn.floor(), turn.fract());
    let (s, v) = (f32::from(saturation) / 255.0, f32::from(value) / 255.0);
    let [p, q, t] = [v * (1.0 - s), v * (1.0 - s * part), v * (1.0 - s * (1.0 - part))];
    let colour = match sector as u32 {
        0 => [v, t, p],
        1 => [q, v, p],
        2 => [p, v, t],
        3 => [p, q, v],
        4 => [t, p, v],
        _ => [v, p, q],
    };
    colour.map(|c| (c * 255.0).round_ties_even() as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_below_zero_moves_and_by_one() {
        let shifted = |by| {
            let mut image = Pixels { width: 1, height: 1, rgb: vec![200, 100, 50] };
            shift_hsv(&mut image, by);
            image.rgb
        };
        assert_eq!(shifted([0.0; 3]), shifted([0.3, 0.29, 0.01]));
        assert_eq!(shifted([0.0, 0.0, -0.01]), shifted([0.0, 0.0, -0.3]));
        assert_ne!(shifted([0.0; 3]), shifted([0.0, 0.0, -0.01]));
    }

    #[test]
    fn hue_goes_round() {
        // Red of hue 0, one step down: 179, where blue is above green.
        let mut image = Pixels { width: 1, height: 1, rgb: vec![255, 0, 0] };
        shift_hsv(&mut image, [-0.1, 0.0, 0.0]);
        assert!(image.rgb[2] > image.rgb[1], "{:?}", image.rgb);
    }
}
