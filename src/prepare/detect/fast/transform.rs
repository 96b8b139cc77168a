//! The transforms of [`super::winograd`]: tiles of a map to 6x6 places, and places to 4x4
//! pixels of a map. Their matrices are B and A of the paper, carried out with few additions.

use std::f32::consts::{FRAC_1_SQRT_2, SQRT_2};

use pulp::{Simd, WithSimd};

use super::map::{Map, Shape, TILE};

/// Side of a transformed tile, and its places.
pub const SIDE: usize = TILE + 2;
pub const PLACES: usize = SIDE * SIDE;

/// The transform's points are 0, infinity and these on both sides of 0. Errors are half as
/// large as with the paper's 1 and 2.
const NEAR: f32 = FRAC_1_SQRT_2;
const FAR: f32 = SQRT_2;

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
        let Shape { border, channels: all, .. } = input.shape();
        let (corner, pixel) = (border - 1, all / S::F32_LANES);
        let (from, channels) = (from / S::F32_LANES, channels / S::F32_LANES);
        let mut places = S::as_mut_simd_f32s(out).0.chunks_exact_mut(step / S::F32_LANES);
        let places: [_; PLACES] = std::array::from_fn(|_| places.next().unwrap_or_default());
        let mut to = 0;
        for row in first..first + rows {
            let mut lines: [&[S::f32s]; SIDE] = [&[]; SIDE];
            for (i, line) in lines.iter_mut().enumerate() {
                *line = S::as_simd_f32s(input.from(row * TILE + i + corner, corner)).0;
            }
            for tile in 0..across {
                for channel in 0..channels {
                    let begin = tile * TILE * pixel + from + channel;
                    let at = |column: usize| begin + column * pixel;
                    let [a, b, c, d, e, f] = [
                        inward(simd, gathered(&lines, at(0))),
                        inward(simd, gathered(&lines, at(1))),
                        inward(simd, gathered(&lines, at(2))),
                        inward(simd, gathered(&lines, at(3))),
                        inward(simd, gathered(&lines, at(4))),
                        inward(simd, gathered(&lines, at(5))),
                    ];
                    for i in 0..SIDE {
                        let values = inward(simd, [a[i], b[i], c[i], d[i], e[i], f[i]]);
                        for j in 0..SIDE {
                            places[i * SIDE + j][to] = values[j];
                        }
                    }
                    to += 1;
                }
            }
        }
    }
}

/// Element `at` of each line.
#[inline(always)]
fn gathered<T: Copy>(lines: &[&[T]; SIDE], at: usize) -> [T; SIDE] {
    let [a, b, c, d, e, f] = lines;
    [a[at], b[at], c[at], d[at], e[at], f[at]]
}

/// B^T d.
#[inline(always)]
fn inward<S: Simd>(simd: S, d: [S::f32s; SIDE]) -> [S::f32s; SIDE] {
    let (near, near_odd) = (plus(simd, d[4], -2.0, d[2]), plus(simd, d[3], -2.0, d[1]));
    let (far, far_odd) = (plus(simd, d[4], -0.5, d[2]), plus(simd, d[3], -0.5, d[1]));
    [
        simd.add_f32s(plus(simd, d[4], -2.5, d[2]), d[0]),
        plus(simd, near, NEAR, near_odd),
        plus(simd, near, -NEAR, near_odd),
        plus(simd, far, FAR, far_odd),
        plus(simd, far, -FAR, far_odd),
        simd.add_f32s(plus(simd, d[5], -2.5, d[3]), d[1]),
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
        let mut columns: [[&[S::f32s]; SIDE]; SIDE] = [[&[]; SIDE]; SIDE];
        for (place, values) in values.chunks_exact(step).enumerate() {
            columns[place % SIDE][place / SIDE] = S::as_simd_f32s(values).0;
        }
        let (bias, slopes) = (S::as_simd_f32s(bias).0, S::as_simd_f32s(slopes).0);
        let pixel = bias.len();
        let Shape { height, width, .. } = out.shape();
        for row in 0..rows {
            let top = (first + row) * TILE;
            for tile in 0..across {
                let left = tile * TILE;
                for output in 0..pixel {
                    let at = (row * across + tile) * pixel + output;
                    let [a, b, c, d, e, f] = [
                        outward(simd, gathered(&columns[0], at)),
                        outward(simd, gathered(&columns[1], at)),
                        outward(simd, gathered(&columns[2], at)),
                        outward(simd, gathered(&columns[3], at)),
                        outward(simd, gathered(&columns[4], at)),
                        outward(simd, gathered(&columns[5], at)),
                    ];
                    // Tiles at the edge reach beyond the map.
                    for y in 0..TILE.min(height - top) {
                        let values = outward(simd, [a[y], b[y], c[y], d[y], e[y], f[y]]);
                        let line = S::as_mut_simd_f32s(out.pixels_mut(top + y)).0;
                        let line = &mut line[left * pixel + output..];
                        for x in 0..TILE.min(width - left) {
                            let value = simd.add_f32s(values[x], bias[output]);
                            line[x * pixel] =
                                simd.max_f32s(value, simd.mul_f32s(value, slopes[output]));
                        }
                    }
                }
            }
        }
    }
}

/// A^T m.
#[inline(always)]
fn outward<S: Simd>(simd: S, m: [S::f32s; SIDE]) -> [S::f32s; TILE] {
    let (near, near_odd) = (simd.add_f32s(m[1], m[2]), simd.sub_f32s(m[1], m[2]));
    let (far, far_odd) = (simd.add_f32s(m[3], m[4]), simd.sub_f32s(m[3], m[4]));
    let scaled = |factor, value| simd.mul_f32s(simd.splat_f32s(factor), value);
    [
        simd.add_f32s(simd.add_f32s(m[0], near), far),
        plus(simd, scaled(NEAR, near_odd), FAR, far_odd),
        plus(simd, scaled(0.5, near), 2.0, far),
        plus(simd, plus(simd, m[5], NEAR / 2.0, near_odd), FAR * 2.0, far_odd),
    ]
}

/// a + factor b.
#[inline(always)]
fn plus<S: Simd>(simd: S, a: S::f32s, factor: f32, b: S::f32s) -> S::f32s {
    simd.mul_add_f32s(simd.splat_f32s(factor), b, a)
}
