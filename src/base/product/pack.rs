//! Copies of factors in the order in which tiles read them.

use std::cell::Cell;
use std::ops::Range;

use super::mat::Mat;
use crate::wide::wide;
use crate::width::Width;

/// Memory for copies, kept by its thread from one product to the next.
#[derive(Default)]
pub struct Buffer {
    values: Vec<f32>,
}

thread_local! {
    static LEFT: Cell<Buffer> = Cell::default();
    static RIGHT: Cell<Buffer> = Cell::default();
}

/// Which factor a copy is of; both may be there at a time.
#[derive(Clone, Copy)]
pub enum Factor {
    Left,
    Right,
}

/// Lends `len` values, whose contents are unspecified, beginning at a multiple of 64 bytes.
pub fn lend<R>(of: Factor, len: usize, work: impl FnOnce(&mut [f32]) -> R) -> R {
    let kept = match of {
        Factor::Left => &LEFT,
        Factor::Right => &RIGHT,
    };
    // Taken out, so that a task which this thread runs meanwhile gets memory of its own.
    let mut buffer = kept.take();
    let room = len + 16;
    if buffer.values.len() < room {
        // Anew, since what it holds is not worth a copy.
        buffer.values = vec![0.0; room];
    }
    let from = buffer.values.as_ptr().align_offset(64).min(15);
    let result = work(&mut buffer.values[from..from + len]);
    kept.set(buffer);
    result
}

/// `count` things cut into parts of at most `most`, of sizes that differ by one at most: where
/// each begins and ends.
pub fn parts(count: usize, most: usize) -> impl Iterator<Item = Range<usize>> + Clone {
    let parts = count.div_ceil(most);
    (0..parts).map(move |part| count * part / parts..count * (part + 1) / parts)
}

/// Copies panels, one after the other: of `ks`, and of the columns of each part, in rows of whole
/// registers of `lanes`. What follows the columns in a row is unspecified.
///
/// The panel of a part begins where all panels of the columns before would end, so that parts but
/// the last are whole registers.
pub fn copy_panels(
    matrix: Mat<'_>,
    parts: impl Iterator<Item = Range<usize>> + Clone,
    ks: Range<usize>,
    lanes: usize,
    to: &mut [f32],
) {
    let origin = parts.clone().next().map_or(0, |part| part.start);
    let depth = ks.len();
    let place = |part: &Range<usize>| {
        let row = part.len().next_multiple_of(lanes);
        let begin = (part.start - origin) * depth;
        (row, begin..begin + row * depth)
    };
    if matrix.col_stride == 1 {
        wide(
            #[inline(always)]
            || {
                // A few k of all panels, so that what lies side by side is read together.
                for slab in (0..depth).step_by(SLAB) {
                    let slab_ks = ks.start + slab..ks.start + depth.min(slab + SLAB);
                    for part in parts.clone() {
                        let (row, place) = place(&part);
                        let to = &mut to[place][slab * row..];
                        match row {
                            0..=8 => rows::<8>(matrix, part, slab_ks.clone(), row, to),
                            9..=16 => rows::<16>(matrix, part, slab_ks.clone(), row, to),
                            _ => rows::<32>(matrix, part, slab_ks.clone(), row, to),
                        }
                    }
                }
            },
        );
        return;
    }
    for part in parts {
        let (row, place) = place(&part);
        if matrix.row_stride == 1 {
            turned(matrix, part, ks.clone(), row, &mut to[place]);
        } else {
            for (to, k) in to[place].chunks_exact_mut(row).zip(ks.clone()) {
                for (to, column) in to.iter_mut().zip(part.clone()) {
                    *to = matrix.values[k * matrix.row_stride + column * matrix.col_stride];
                }
            }
        }
    }
}

/// k that are copied of one panel before the next.
const SLAB: usize = 16;

/// Copies columns that lie side by side, C at a time: those too many are written over by the next k.
#[inline(always)]
fn rows<const C: usize>(
    matrix: Mat<'_>,
    columns: Range<usize>,
    ks: Range<usize>,
    row: usize,
    to: &mut [f32],
) {
    let (mut from, mut to) = (&matrix.values[ks.start * matrix.row_stride + columns.start..], to);
    for _ in ks {
        match (from.first_chunk::<C>(), to.first_chunk_mut::<C>()) {
            (Some(from), Some(to)) => *to = *from,
            // At the ends of the slices.
            (_, _) => to[..columns.len()].copy_from_slice(&from[..columns.len()]),
        }
        from = from.get(matrix.row_stride..).unwrap_or_default();
        to = to.get_mut(row..).unwrap_or_default();
    }
}

/// Columns, and k, that are turned at a time.
const SIDE: usize = 8;

/// A block of so many lines and columns.
type Block = [[f32; SIDE]; SIDE];

/// Copies a panel of a matrix whose rows lie side by side: each column is a line of k.
fn turned(matrix: Mat<'_>, columns: Range<usize>, ks: Range<usize>, row: usize, to: &mut [f32]) {
    #[cfg(target_arch = "x86_64")]
    if Width::now() >= Width::Avx2 {
        // SAFETY: wider registers are in use only where the machine has AVX2.
        return unsafe { x86::turned(matrix, columns, ks, row, to) };
    }
    turned_by(matrix, columns, ks, row, to, |block| {
        std::array::from_fn(|k| std::array::from_fn(|column| block[column][k]))
    });
}

/// [`turned`], given the transpose of a block.
#[inline(always)]
fn turned_by(
    matrix: Mat<'_>,
    columns: Range<usize>,
    ks: Range<usize>,
    row: usize,
    to: &mut [f32],
    turn: impl Fn(Block) -> Block,
) {
    let count = columns.len();
    let whole = ks.len() / SIDE * SIDE;
    let line = |column: usize| {
        &matrix.values[(columns.start + column) * matrix.col_stride + ks.start..][..ks.len()]
    };
    // Eight columns at a time; the last eight may begin among those before. Where there are fewer,
    // the last stands in for what is missing, and the next k writes over it.
    for first in (0..count).step_by(SIDE) {
        let first = first.min(count.saturating_sub(SIDE));
        let lines: [&[f32]; SIDE] = std::array::from_fn(|i| line((first + i).min(count - 1)));
        let mut to = &mut to[first..];
        for k in (0..whole).step_by(SIDE) {
            let mut block = Block::default();
            for (values, line) in block.iter_mut().zip(lines) {
                values.copy_from_slice(&line[k..k + SIDE]);
            }
            for values in turn(block) {
                match to.first_chunk_mut::<SIDE>() {
                    Some(to) => *to = values,
                    None => {
                        let room = to.len().min(SIDE);
                        to[..room].copy_from_slice(&values[..room]);
                    }
                }
                to = to.get_mut(row..).unwrap_or_default();
            }
        }
    }
    for k in whole..ks.len() {
        for (column, to) in to[k * row..][..count].iter_mut().enumerate() {
            *to = line(column)[k];
        }
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::{
        __m256, _mm256_permute2f128_ps, _mm256_shuffle_ps, _mm256_unpackhi_ps, _mm256_unpacklo_ps,
    };
    use std::mem::transmute;

    use std::ops::Range;

    use super::{Block, Mat, SIDE, turned_by};

    /// [`super::turned`] in registers.
    #[target_feature(enable = "avx2")]
    pub fn turned(
        matrix: Mat<'_>,
        columns: Range<usize>,
        ks: Range<usize>,
        row: usize,
        to: &mut [f32],
    ) {
        turned_by(matrix, columns, ks, row, to, |block| turn(block));
    }

    /// Pairs, then fours, then eights.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn turn(block: Block) -> Block {
        // SAFETY: a register is eight numbers, of any bits.
        let r: [__m256; SIDE] = unsafe { transmute(block) };
        let lo = |i: usize| _mm256_unpacklo_ps(r[i], r[i + 1]);
        let hi = |i: usize| _mm256_unpackhi_ps(r[i], r[i + 1]);
        let fours = |i: usize| {
            let (a, b, c, d) = (lo(i), hi(i), lo(i + 2), hi(i + 2));
            [
                _mm256_shuffle_ps::<0x44>(a, c),
                _mm256_shuffle_ps::<0xEE>(a, c),
                _mm256_shuffle_ps::<0x44>(b, d),
                _mm256_shuffle_ps::<0xEE>(b, d),
            ]
        };
        let (front, back) = (fours(0), fours(4));
        let out: [__m256; SIDE] = std::array::from_fn(|k| {
            let (front, back) = (front[k % 4], back[k % 4]);
            if k < 4 {
                _mm256_permute2f128_ps::<0x20>(front, back)
            } else {
                _mm256_permute2f128_ps::<0x31>(front, back)
            }
        });
        // SAFETY: as above.
        unsafe { transmute(out) }
    }
}
