//! The transforms of [`super::winograd`]: tiles of a map to 6x6 places, and places to 4x4
//! pixels of a map. Their matrices are B and A of the paper, carried out with few additions.

use pulp::{Simd, WithSimd};

use super::map::{Map, TILE};

/// Side of a transformed tile, and its places.
pub const SIDE: usize = TILE + 2;
pub const PLACES: usize = SIDE * SIDE;

/// Rows of tiles of a map.
#[derive(Clone, Copy)]
pub struct Tiles {
    /// First row of tiles.
    pub first: usize,
    /// How many rows.
    pub rows: usize,
    /// Tiles of a row.
    pub across: usize,
}

/// Transforms inputs.
pub struct Inward<'a> {
    /// Has a border of one pixel or more.
    pub input: &'a Map,
    /// First channel, and how many.
    pub from: usize,
    pub channels: usize,
    pub tiles: Tiles,
    /// (places, tiles, channels).
    pub out: &'a mut [f32],
    /// Values from one place to the next.
    pub step: usize,
}

impl WithSimd for Inward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { input, from, channels, tiles, out, step } = self;
        let Tiles { first, rows, across } = tiles;
        let corner = input.border - 1;
        for tile in 0..rows * across {
            let (y, x) = ((first + tile / across) * TILE, tile % across * TILE);
            let lines: [&[f32]; SIDE] =
                std::array::from_fn(|i| &input.from(y + i + corner, x + corner)[from..]);
            for channel in (0..channels).step_by(S::F32_LANES) {
                let mut half = [[simd.splat_f32s(0.0); SIDE]; SIDE];
                for column in 0..SIDE {
                    let at = column * input.channels + channel;
                    let values = lines.map(|line| S::as_simd_f32s(&line[at..]).0[0]);
                    for (half, value) in half.iter_mut().zip(inward(simd, values)) {
                        half[column] = value;
                    }
                }
                for (i, half) in half.into_iter().enumerate() {
                    for (j, value) in inward(simd, half).into_iter().enumerate() {
                        let at = (i * SIDE + j) * step + tile * channels + channel;
                        S::as_mut_simd_f32s(&mut out[at..]).0[0] = value;
                    }
                }
            }
        }
    }
}

/// B^T d.
#[inline(always)]
fn inward<S: Simd>(simd: S, d: [S::f32s; SIDE]) -> [S::f32s; SIDE] {
    let add = |a, b| simd.add_f32s(a, b);
    let sub = |a, b| simd.sub_f32s(a, b);
    let plus = |a, factor: f32, b| simd.mul_add_e_f32s(simd.splat_f32s(factor), b, a);
    let (even, odd) = (plus(d[4], -4.0, d[2]), plus(d[3], -4.0, d[1]));
    let (near, far) = (sub(d[4], d[2]), sub(d[3], d[1]));
    [
        plus(plus(d[4], -5.0, d[2]), 4.0, d[0]),
        add(even, odd),
        sub(even, odd),
        plus(near, 2.0, far),
        plus(near, -2.0, far),
        plus(plus(d[5], -5.0, d[3]), 4.0, d[1]),
    ]
}

/// Transforms products back and applies bias and activation.
pub struct Outward<'a> {
    /// (places, tiles, outputs).
    pub values: &'a [f32],
    /// Values from one place to the next.
    pub step: usize,
    /// (outputs).
    pub bias: &'a [f32],
    /// (outputs).
    pub slopes: &'a [f32],
    pub tiles: Tiles,
    pub out: &'a mut Map,
}

impl WithSimd for Outward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { values, step, bias, slopes, tiles, out } = self;
        let Tiles { first, rows, across } = tiles;
        let (outputs, height, width) = (bias.len(), out.height, out.width);
        let register = |values: &[f32]| S::as_simd_f32s(values).0[0];
        for tile in 0..rows * across {
            let (top, left) = ((first + tile / across) * TILE, tile % across * TILE);
            for output in (0..outputs).step_by(S::F32_LANES) {
                let (bias, slopes) = (register(&bias[output..]), register(&slopes[output..]));
                let mut half = [[simd.splat_f32s(0.0); SIDE]; TILE];
                for column in 0..SIDE {
                    let products = std::array::from_fn(|row| {
                        let place = row * SIDE + column;
                        register(&values[place * step + tile * outputs + output..])
                    });
                    for (half, value) in half.iter_mut().zip(outward(simd, products)) {
                        half[column] = value;
                    }
                }
                // Tiles at the edge reach beyond the map.
                for (y, half) in (top..height).zip(half) {
                    let line = &mut out.pixels_mut(y)[left * outputs + output..];
                    for (x, value) in (0..width - left).zip(outward(simd, half)) {
                        let value = simd.add_f32s(value, bias);
                        S::as_mut_simd_f32s(&mut line[x * outputs..]).0[0] =
                            simd.max_f32s(value, simd.mul_f32s(value, slopes));
                    }
                }
            }
        }
    }
}

/// A^T m.
#[inline(always)]
fn outward<S: Simd>(simd: S, m: [S::f32s; SIDE]) -> [S::f32s; TILE] {
    let add = |a, b| simd.add_f32s(a, b);
    let sub = |a, b| simd.sub_f32s(a, b);
    let plus = |a, factor: f32, b| simd.mul_add_e_f32s(simd.splat_f32s(factor), b, a);
    let (one, two) = (add(m[1], m[2]), add(m[3], m[4]));
    let (odd, far) = (sub(m[1], m[2]), sub(m[3], m[4]));
    [
        add(add(m[0], one), two),
        plus(odd, 2.0, far),
        plus(one, 4.0, two),
        add(plus(odd, 8.0, far), m[5]),
    ]
}
