//! A product cut into tiles, for caches and threads.

use std::ops::Range;

use rayon::prelude::*;

use super::mat::{Mat, Out, Threads};
use super::pack::{Factor, copy_panels, lend, parts};
use super::register::{Portable, Register};
use super::tile::{ACROSS, DEPTH, Tile};
use crate::width::Width;

/// Multiplications below which other threads are not worth waking.
const FEW: usize = 1 << 18;
/// Values of the right factor that are copied at a time: 16 MiB.
const COPIED: usize = 1 << 22;
/// Rows and panels of a task at most: what they give fits into a core's own cache.
const ROWS: usize = 224;
const PANELS: usize = 8;
/// Tasks for each thread, so that one which is held up holds up nobody else.
const TASKS: usize = 4;
/// A left factor is copied if more panels of the right one than this read it.
const REREAD: usize = 4;
/// Values that a core's own cache holds beside others.
const NEAR: usize = 1 << 16;
/// Half of the values that memory brings at a time.
const LINE: usize = 8;
/// Panels of the right factor that one task copies.
const GROUP: usize = 4;

/// `out = scale * a b`, added to what `out` holds if `add`.
///
/// # Panics
/// If sizes do not agree, or a matrix does not lie within its slice.
pub fn product(out: Out<'_>, a: Mat<'_>, b: Mat<'_>, scale: f32, add: bool, threads: Threads) {
    let (m, n, k) = (a.rows, b.cols, a.cols);
    assert_eq!(k, b.rows, "the inner dimensions of a product agree");
    assert_eq!(n, out.cols, "a product fills its columns");
    assert!(m < 2 || n <= out.stride, "rows of a product lie apart");
    for (values, last) in [(a.values.len(), a.last()), (b.values.len(), b.last())] {
        assert!(last.is_none_or(|last| last < values), "a matrix lies within its slice");
    }
    if m == 0 || n == 0 {
        return;
    }
    assert!((m - 1) * out.stride + n <= out.values.len(), "a matrix lies within its slice");
    if k == 0 {
        if !add {
            out.values.chunks_mut(out.stride.max(1)).take(m).for_each(|row| row[..n].fill(0.0));
        }
        return;
    }
    if a.row_stride != 1 && a.col_stride != 1 {
        // Tiles read rows or columns that lie side by side.
        let at = |i: usize| a.values[i / k * a.row_stride + i % k * a.col_stride];
        let copy: Vec<f32> = (0..m * k).map(at).collect();
        return product(out, Mat::new(&copy, m), b, scale, add, threads);
    }
    let threads = match threads {
        Threads::All if m * n * k >= FEW => rayon::current_num_threads(),
        Threads::All | Threads::One => 1,
    };
    let to = Place { values: out.values.as_mut_ptr(), stride: out.stride };
    let job = Job { to, a, b, scale, add, threads };
    match Width::now() {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: this width is in use only where the machine has it.
        Width::Avx512 => unsafe { job.run::<std::arch::x86_64::__m512>() },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: this width is in use only where the machine has it.
        Width::Avx2 => unsafe { job.run::<std::arch::x86_64::__m256>() },
        // SAFETY: every machine has arrays.
        Width::Portable => unsafe { job.run::<Portable>() },
        #[cfg(not(target_arch = "x86_64"))]
        Width::Avx2 | Width::Avx512 => unreachable!("registers of another architecture"),
    }
}

/// `out = a b` of row-major matrices, by all threads; `a` has so many rows.
pub fn product_of(out: &mut [f32], a: &[f32], b: &[f32], rows: usize) {
    let inner = a.len() / rows;
    let out = Out::new(out, b.len() / inner);
    product(out, Mat::new(a, rows), Mat::new(b, inner), 1.0, false, Threads::All);
}

/// Where the product goes. Tasks write different rows or different columns.
#[derive(Clone, Copy)]
struct Place {
    values: *mut f32,
    stride: usize,
}

// SAFETY: it points into a slice that is borrowed exclusively while the product is computed, of
// which no two tasks touch the same element.
unsafe impl Send for Place {}
// SAFETY: as above.
unsafe impl Sync for Place {}

/// A product whose sizes were checked; none is 0.
#[derive(Clone, Copy)]
struct Job<'a> {
    to: Place,
    a: Mat<'a>,
    b: Mat<'a>,
    scale: f32,
    add: bool,
    threads: usize,
}

/// The right factor of one part of the work.
#[derive(Clone)]
struct Right<'a> {
    b: Mat<'a>,
    /// Columns of the part, and its k, which are the blocks.
    from: usize,
    columns: usize,
    ks: Range<usize>,
    blocks: &'a [Range<usize>],
    /// Columns that are read where they are.
    skipped: usize,
    /// Panels of the others one after the other, each (k, columns).
    copy: &'a [f32],
}

impl Job<'_> {
    /// # Safety
    /// The machine has the registers.
    unsafe fn run<R: Register>(&self) {
        let across = ACROSS * R::LANES;
        let (m, n, k) = (self.a.rows, self.b.cols, self.b.rows);
        // Rows too few to make up for a copy, or all of it near.
        let direct = self.b.col_stride == 1 && (m <= 4 * R::HEIGHT || k * n <= NEAR);
        // Read often, and of what memory brings at a time, a tile takes less than half.
        let copied = self.a.col_stride != 1 && R::HEIGHT < LINE && n > REREAD * across;
        let columns = n.min(COPIED / DEPTH / across * across);
        let largest = columns.next_multiple_of(across).max(if copied { m } else { 0 });
        let together = (COPIED / largest / DEPTH).max(1);
        let blocks: Vec<Range<usize>> = parts(k, DEPTH).collect();
        for from in (0..n).step_by(columns) {
            let columns = columns.min(n - from);
            let skipped = if direct { columns / across * across } else { 0 };
            for blocks in blocks.chunks(together) {
                let ks = blocks[0].start..blocks[blocks.len() - 1].end;
                let right = Right { b: self.b, from, columns, ks, blocks, skipped, copy: &[] };
                let room = (columns - skipped).next_multiple_of(across) * right.ks.len();
                lend(Factor::Right, room, |copy| {
                    right.fill::<R>(copy, self.threads);
                    let right = Right { copy, ..right };
                    // SAFETY: as the caller says.
                    unsafe { self.tasks::<R>(&right, copied) };
                });
            }
        }
    }

    /// Cuts rows and columns into tasks.
    ///
    /// # Safety
    /// The machine has the registers.
    unsafe fn tasks<R: Register>(&self, right: &Right<'_>, copied: bool) {
        let (m, wanted) = (self.a.rows, self.threads * TASKS);
        let across: Vec<Range<usize>> =
            parts(right.columns.div_ceil(ACROSS * R::LANES), PANELS).collect();
        let down = if self.threads == 1 { 1 } else { wanted.div_ceil(across.len()) };
        let most = m.div_ceil(down).next_multiple_of(R::HEIGHT).min(ROWS);
        let down: Vec<Range<usize>> = parts(m, most).collect();
        let depth = right.ks.len();
        lend(Factor::Left, if copied { m * depth } else { 0 }, |copy| {
            if copied {
                self.copy_left::<R>(&down, &right.ks, copy);
            }
            let left = Left { a: self.a, copy: copied.then_some(&*copy) };
            let task = |number: usize| {
                let (rows, panels) = (&down[number / across.len()], &across[number % across.len()]);
                // SAFETY: as the caller says; no two tasks have the same rows and columns.
                unsafe { self.task::<R>(&left, right, rows, panels) };
            };
            let tasks = down.len() * across.len();
            if self.threads == 1 {
                (0..tasks).for_each(task);
            } else {
                (0..tasks).into_par_iter().for_each(task);
            }
        });
    }

    /// Copies the rows of each task, of some k, as its tiles read them.
    fn copy_left<R: Register>(&self, down: &[Range<usize>], ks: &Range<usize>, copy: &mut [f32]) {
        let (mut rest, mut places) = (copy, Vec::with_capacity(down.len()));
        for rows in down {
            let (place, after) = rest.split_at_mut(rows.len() * ks.len());
            places.push((rows, place));
            rest = after;
        }
        let one = |(rows, place): (&Range<usize>, &mut [f32])| {
            let tiles = parts(rows.len(), R::HEIGHT)
                .map(|part| rows.start + part.start..rows.start + part.end);
            copy_panels(self.a.t(), tiles, ks.clone(), 1, place);
        };
        if self.threads == 1 {
            places.into_iter().for_each(one);
        } else {
            places.into_par_iter().for_each(one);
        }
    }

    /// Some rows times some panels.
    ///
    /// # Safety
    /// The machine has the registers.
    unsafe fn task<R: Register>(
        &self,
        left: &Left<'_>,
        right: &Right<'_>,
        rows: &Range<usize>,
        panels: &Range<usize>,
    ) {
        for ks in right.blocks {
            for number in panels.clone() {
                let (b, b_row, width) = right.panel::<R>(number, ks.start);
                let column = right.from + number * ACROSS * R::LANES;
                for part in parts(rows.len(), R::HEIGHT) {
                    let part = rows.start + part.start..rows.start + part.end;
                    let (a, a_row, a_col) = left.tile(&part, ks.start, &right.ks);
                    let out = part.start * self.to.stride + column;
                    let tile = Tile {
                        a,
                        a_row,
                        a_col,
                        b,
                        b_row,
                        depth: ks.len(),
                        out: self.to.values.wrapping_add(out),
                        out_row: self.to.stride,
                        width,
                        scale: self.scale,
                        add: self.add || ks.start > 0,
                    };
                    // SAFETY: `product` checked that the rows and columns of the tile lie in the
                    // product, and no other task has them.
                    unsafe { tile.run::<R>(part.len()) };
                }
            }
        }
    }
}

/// The left factor of one part of the work.
#[derive(Clone, Copy)]
struct Left<'a> {
    a: Mat<'a>,
    /// The rows of each tile side by side, k by k, if that is worth it.
    copy: Option<&'a [f32]>,
}

impl Left<'_> {
    /// The rows of a tile from a k on, the elements from one row to the next and from one k.
    fn tile(&self, rows: &Range<usize>, k: usize, ks: &Range<usize>) -> (&[f32], usize, usize) {
        match self.copy {
            Some(copy) => {
                let at = rows.start * ks.len() + (k - ks.start) * rows.len();
                (&copy[at..], 1, rows.len())
            }
            None => {
                let Mat { values, row_stride, col_stride, .. } = self.a;
                (&values[rows.start * row_stride + k * col_stride..], row_stride, col_stride)
            }
        }
    }
}

impl Right<'_> {
    /// Copies all columns but those skipped.
    fn fill<R: Register>(&self, copy: &mut [f32], threads: usize) {
        let across = ACROSS * R::LANES;
        let of_group = |(group, to): (usize, &mut [f32])| {
            let begin = self.skipped + group * GROUP * across;
            let end = self.columns.min(begin + GROUP * across);
            let parts = (begin..end)
                .step_by(across)
                .map(|at| self.from + at..self.from + end.min(at + across));
            copy_panels(self.b, parts, self.ks.clone(), R::LANES, to);
        };
        let size = GROUP * across * self.ks.len();
        if threads == 1 {
            copy.chunks_mut(size).enumerate().for_each(of_group);
        } else {
            copy.par_chunks_mut(size).enumerate().for_each(of_group);
        }
    }

    /// A panel from a k on, the elements from one k to the next, and its columns.
    fn panel<R: Register>(&self, number: usize, k: usize) -> (&[f32], usize, usize) {
        let first = number * ACROSS * R::LANES;
        let width = (self.columns - first).min(ACROSS * R::LANES);
        match first.checked_sub(self.skipped) {
            None => {
                let at = k * self.b.row_stride + self.from + first;
                (&self.b.values[at..], self.b.row_stride, width)
            }
            Some(before) => {
                let row = width.next_multiple_of(R::LANES);
                let at = before * self.ks.len() + (k - self.ks.start) * row;
                (&self.copy[at..], row, width)
            }
        }
    }
}
