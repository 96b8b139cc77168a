//! What rounding the cosines of blocks of 8 x 8 to steps leaves of a channel, in libjpeg's
//! whole numbers (its "islow" transforms, after Loeffler, Ligtenberg and Moschytz 1989): to
//! the byte what a file of these steps gives back.

use std::num::Wrapping;

use super::channels::interleave;
use proofmark_base::wide::wide;

/// Side of a block.
pub const BLOCK: usize = 8;
/// Blocks that are computed together.
pub const LANES: usize = 16;

/// Whole numbers of steps of the cosines of [`LANES`] blocks: in order of columns within rows,
/// each of all blocks.
pub type Group = [[i16; LANES]; BLOCK * BLOCK];

/// The same number of each block. Nothing is large enough to wrap; checks would keep the
/// blocks from being computed together.
type Lanes = [Wrapping<i32>; LANES];
/// Eight numbers along a row or a column of each block.
type Line = [Lanes; BLOCK];

/// One step, and its reciprocal: x / step is x * `part` >> `shift` for x below 2^14, which is
/// more than any coefficient.
#[derive(Clone, Copy)]
struct Step {
    step: i32,
    part: i32,
    shift: usize,
}

impl Step {
    fn new(step: u16) -> Self {
        // Coefficients are computed at eight times their size.
        let divisor = 8 * i64::from(step);
        let shift = 14 + divisor.ilog2() + 1;
        let part = (1i64 << shift) / divisor + 1;
        Self { step: i32::from(step), part: part as i32, shift: shift as usize }
    }

    /// To the nearest step, a half away from 0.
    #[inline(always)]
    fn round(self, value: Wrapping<i32>) -> Wrapping<i32> {
        let size = Wrapping(value.0.wrapping_abs()) + Wrapping(4 * self.step);
        let steps = (size * Wrapping(self.part)) >> self.shift;
        let rounded = steps * Wrapping(self.step);
        if value.0 < 0 { -rounded } else { rounded }
    }
}

/// Rounds the cosines of each block of a channel of `width` numbers a row; both its sides
/// are multiples of [`BLOCK`].
pub fn quantize(values: &mut [u8], width: usize, steps: &[u16; 64]) {
    let steps = steps.map(Step::new);
    let height = values.len() / width;
    let corner = |y: usize| (0..width).step_by(BLOCK).map(move |x| y * width + x);
    let corners: Vec<usize> = (0..height).step_by(BLOCK).flat_map(corner).collect();
    let mut bytes = [[[0; BLOCK]; LANES]; BLOCK];
    for corners in corners.chunks(LANES) {
        for (block, corner) in corners.iter().enumerate() {
            for y in 0..BLOCK {
                bytes[y][block].copy_from_slice(&values[corner + y * width..][..BLOCK]);
            }
        }
        wide(
            #[inline(always)]
            || quantize_blocks(&mut bytes, &steps),
        );
        for (block, corner) in corners.iter().enumerate() {
            for y in 0..BLOCK {
                values[corner + y * width..][..BLOCK].copy_from_slice(&bytes[y][block]);
            }
        }
    }
}

#[inline(always)]
fn quantize_blocks(bytes: &mut [[[u8; BLOCK]; LANES]; BLOCK], steps: &[Step; 64]) {
    let mut blocks = [[[Wrapping(0); LANES]; BLOCK]; BLOCK];
    for (bytes, line) in bytes.iter().zip(&mut blocks) {
        let columns = transposed(bytes);
        for x in 0..BLOCK {
            for i in 0..LANES {
                line[x][i] = Wrapping(i32::from(columns[x][i])) - Wrapping(128);
            }
        }
        forward::<11>(line);
    }
    for x in 0..BLOCK {
        let mut column: Line = std::array::from_fn(|y| blocks[y][x]);
        forward::<15>(&mut column);
        for y in 0..BLOCK {
            let step = steps[BLOCK * y + x];
            for value in &mut column[y] {
                *value = step.round(*value);
            }
        }
        inverse::<11>(&mut column);
        for y in 0..BLOCK {
            blocks[y][x] = column[y];
        }
    }
    finish(&mut blocks, bytes);
}

/// Values from cosines along rows.
#[inline(always)]
fn finish(blocks: &mut [Line; BLOCK], bytes: &mut [[[u8; BLOCK]; LANES]; BLOCK]) {
    for (bytes, line) in bytes.iter_mut().zip(blocks) {
        inverse::<18>(line);
        let mut columns = [[0; LANES]; BLOCK];
        for x in 0..BLOCK {
            for i in 0..LANES {
                columns[x][i] = (line[x][i] + Wrapping(128)).0.clamp(0, 255) as u8;
            }
        }
        *bytes = transposed(&columns);
    }
}

/// The rows of values of a file's blocks, whose cosines are counted in these steps. Call it
/// within [`wide`].
#[inline(always)]
pub fn values(group: &Group, steps: &[i16; 64], bytes: &mut [[[u8; BLOCK]; LANES]; BLOCK]) {
    let mut blocks = [[[Wrapping(0); LANES]; BLOCK]; BLOCK];
    for x in 0..BLOCK {
        let mut column: Line = [[Wrapping(0); LANES]; BLOCK];
        for y in 0..BLOCK {
            let (counts, step) = (&group[BLOCK * y + x], steps[BLOCK * y + x]);
            for i in 0..LANES {
                // A product of more than 16 bits is of a file that is damaged.
                column[y][i] = Wrapping(i32::from(counts[i].wrapping_mul(step)));
            }
        }
        inverse::<11>(&mut column);
        for y in 0..BLOCK {
            blocks[y][x] = column[y];
        }
    }
    finish(&mut blocks, bytes);
}

/// Rows and columns exchanged; there is a power of two of each. A place is the bits of its row
/// and those of its column: each interleaving moves the first bit to the end.
#[inline(always)]
fn transposed<const COLUMNS: usize, const ROWS: usize>(
    rows: &[[u8; COLUMNS]; ROWS],
) -> [[u8; ROWS]; COLUMNS] {
    let mut places: [u8; LANES * BLOCK] = [0; _];
    places.copy_from_slice(rows.as_flattened());
    for _ in 0..ROWS.ilog2() {
        places = interleave(&places);
    }
    let mut columns = [[0; ROWS]; COLUMNS];
    columns.as_flattened_mut().copy_from_slice(&places);
    columns
}

/// Fractional bits of the constants below.
const BITS: usize = 13;

/// A constant with [`BITS`] fractional bits.
const fn fix(value: f64) -> Wrapping<i32> {
    Wrapping((value * (1 << BITS) as f64 + 0.5) as i32)
}

/// Without the last `SHIFT` bits, rounded.
#[inline(always)]
fn descale<const SHIFT: usize>(value: Wrapping<i32>) -> Wrapping<i32> {
    (value + Wrapping(1 << (SHIFT - 1))) >> SHIFT
}

/// Two numbers turned by 3/8 of a half turn and grown by the root of 2, in three products.
#[inline(always)]
fn turned(a: Wrapping<i32>, b: Wrapping<i32>) -> (Wrapping<i32>, Wrapping<i32>) {
    let both = (a + b) * fix(0.541_196_100);
    (both - b * fix(1.847_759_065), both + a * fix(0.765_366_865))
}

/// The odd half of both transforms, which is its own inverse but for the order of the
/// numbers.
#[inline(always)]
fn odd([a, b, c, d]: [Wrapping<i32>; 4]) -> [Wrapping<i32>; 4] {
    let all = (a + c + b + d) * fix(1.175_875_602);
    let (ad, bc) = ((a + d) * fix(0.899_976_223), (b + c) * fix(2.562_915_447));
    let ac = all - (a + c) * fix(1.961_570_560);
    let bd = all - (b + d) * fix(0.390_180_644);
    [
        a * fix(0.298_631_336) - ad + ac,
        b * fix(2.053_119_869) - bc + bd,
        c * fix(3.072_711_026) - bc + ac,
        d * fix(1.501_321_110) - ad + bd,
    ]
}

/// The cosines of eight numbers, without the last `SHIFT` of [`BITS`] and more bits.
#[inline(always)]
#[expect(clippy::needless_range_loop, reason = "a place of several rows at once")]
fn forward<const SHIFT: usize>(line: &mut Line) {
    for i in 0..LANES {
        let sum = |k: usize| line[k][i] + line[7 - k][i];
        let (a, b, c, d) = (sum(0) + sum(3), sum(1) + sum(2), sum(1) - sum(2), sum(0) - sum(3));
        let difference = |k: usize| line[k][i] - line[7 - k][i];
        let odd = odd([difference(3), difference(2), difference(1), difference(0)]);
        let (six, two) = turned(d, c);
        line[0][i] = descale::<SHIFT>((a + b) << BITS);
        line[4][i] = descale::<SHIFT>((a - b) << BITS);
        line[2][i] = descale::<SHIFT>(two);
        line[6][i] = descale::<SHIFT>(six);
        for k in 0..4 {
            line[7 - 2 * k][i] = descale::<SHIFT>(odd[k]);
        }
    }
}

/// Eight numbers of their cosines.
#[inline(always)]
#[expect(clippy::needless_range_loop, reason = "a place of several rows at once")]
fn inverse<const SHIFT: usize>(line: &mut Line) {
    for i in 0..LANES {
        let (c, d) = turned(line[2][i], line[6][i]);
        let (a, b) = ((line[0][i] + line[4][i]) << BITS, (line[0][i] - line[4][i]) << BITS);
        let even = [a + d, b + c, b - c, a - d];
        let odd = odd([line[7][i], line[5][i], line[3][i], line[1][i]]);
        for k in 0..4 {
            line[k][i] = descale::<SHIFT>(even[k] + odd[3 - k]);
            line[7 - k][i] = descale::<SHIFT>(even[k] - odd[3 - k]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_round_as_a_division_does() {
        for step in 1..=255 {
            let rounding = Step::new(step);
            let divisor = 8 * i32::from(step);
            // Eight times the largest sum of 64 numbers of up to 128, over 8.
            for value in -(1 << 13) - 64..=(1 << 13) + 64 {
                let steps = (i32::abs(value) + divisor / 2) / divisor;
                let expected = value.signum() * steps * i32::from(step);
                assert_eq!(rounding.round(Wrapping(value)).0, expected, "{value} in {step}");
            }
        }
    }

    #[test]
    fn columns_and_blocks_change_places_and_back() {
        let bytes: [[u8; BLOCK]; LANES] =
            std::array::from_fn(|block| std::array::from_fn(|x| (BLOCK * block + x) as u8));
        let columns = transposed(&bytes);
        assert_eq!(columns[3][5], bytes[5][3]);
        assert_eq!(transposed(&columns), bytes);
    }
}
