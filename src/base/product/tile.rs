//! A tile of a product: the elements whose sums lie in registers at the same time.

use std::slice::from_raw_parts_mut;

use super::register::Register;

/// Most k of a block, whose sum begins at 0. Part of the definition of a product: another number
/// gives other bits.
pub const DEPTH: usize = 384;

/// Registers of a full tile's row.
pub const ACROSS: usize = 2;

/// k so few that fetching the tile's place ahead costs more than it saves.
const SHORT: usize = 64;

/// One block of k for a few rows and registers of columns.
#[derive(Clone, Copy, Debug)]
pub struct Tile<'a> {
    /// Left factor: element (row, k) at `row * a_row + k * a_col`, where one of the two is 1.
    pub a: &'a [f32],
    pub a_row: usize,
    pub a_col: usize,
    /// Right factor: element (k, column) at `k * b_row + column`, in whole registers.
    pub b: &'a [f32],
    pub b_row: usize,
    /// Number of k.
    pub depth: usize,
    /// Element (row, column) of the product at `row * out_row + column`.
    pub out: *mut f32,
    pub out_row: usize,
    /// Columns to write.
    pub width: usize,
    pub scale: f32,
    /// Whether to add to what is there.
    pub add: bool,
}

/// The slice from `step` on, or nothing: what follows the last row.
#[inline(always)]
fn after(values: &[f32], step: usize) -> &[f32] {
    values.get(step..).unwrap_or_default()
}

impl Tile<'_> {
    /// H rows and N registers. With `LINES`, k of a row lie side by side (`a_col` is 1), else the
    /// rows of a k do (`a_row` is 1).
    ///
    /// # Safety
    /// `width` columns of H rows can be written at `out`, and nobody else uses them. The machine has
    /// the registers.
    #[inline(always)]
    pub unsafe fn compute<R: Register, const H: usize, const N: usize, const LINES: bool>(self) {
        if self.depth > SHORT {
            for place in (0..H * N).map(|i| (i / N) * self.out_row + (i % N) * R::LANES) {
                R::prefetch(self.out.wrapping_add(place));
            }
        }
        let sums: [[R; N]; H] = if LINES { self.of_lines() } else { self.of_columns() };
        let scale = R::splat(self.scale);
        for (h, sums) in sums.into_iter().enumerate() {
            let to = self.out.wrapping_add(h.wrapping_mul(self.out_row));
            // SAFETY: the caller's promise; the rows of a product lie apart.
            let to = unsafe { from_raw_parts_mut(to, self.width) };
            if to.len() == N * R::LANES {
                for (n, sum) in sums.into_iter().enumerate() {
                    let to = &mut to[n * R::LANES..];
                    self.of(sum, scale, || R::load(to)).store(to);
                }
            } else {
                // The last register has fewer columns.
                for (sum, to) in sums.into_iter().zip(to.chunks_mut(R::LANES)) {
                    self.of(sum, scale, || R::load_some(to)).store_some(to);
                }
            }
        }
    }

    /// What a sum makes of what is there.
    #[inline(always)]
    fn of<R: Register>(&self, sum: R, scale: R, before: impl FnOnce() -> R) -> R {
        if self.add { sum.mul_add(scale, before()) } else { sum.mul(scale) }
    }

    #[inline(always)]
    fn of_columns<R: Register, const H: usize, const N: usize>(&self) -> [[R; N]; H] {
        let mut sums = [[R::splat(0.0); N]; H];
        let (mut a, mut b) = (self.a, self.b);
        for _ in 0..self.depth {
            let values: &[f32; H] = a.first_chunk().expect("a k of the left factor");
            add(&mut sums, |h| values[h], b);
            (a, b) = (after(a, self.a_col), after(b, self.b_row));
        }
        sums
    }

    #[inline(always)]
    fn of_lines<R: Register, const H: usize, const N: usize>(&self) -> [[R; N]; H] {
        let mut sums = [[R::splat(0.0); N]; H];
        let (mut a, mut b) = (self.a, self.b);
        let lines: [&[f32]; H] = std::array::from_fn(|_| {
            let line = &a[..self.depth];
            a = after(a, self.a_row);
            line
        });
        #[expect(clippy::needless_range_loop, reason = "every line has that many")]
        for k in 0..self.depth {
            add(&mut sums, |h| lines[h][k], b);
            b = after(b, self.b_row);
        }
        sums
    }

    /// [`Tile::compute`] of as many rows and registers as told.
    ///
    /// # Safety
    /// That of [`Tile::compute`].
    #[inline]
    pub unsafe fn run<R: Register>(self, height: usize) {
        // SAFETY: as the caller says.
        unsafe {
            match (self.width > R::LANES, self.a_row == 1) {
                (true, true) => self.of_height::<R, 2, false>(height),
                (true, false) => self.of_height::<R, 2, true>(height),
                (false, true) => self.of_height::<R, 1, false>(height),
                (false, false) => self.of_height::<R, 1, true>(height),
            }
        }
    }

    /// # Safety
    /// That of [`Tile::compute`].
    #[inline]
    unsafe fn of_height<R: Register, const N: usize, const LINES: bool>(self, height: usize) {
        macro_rules! heights {
            ($($height:literal)*) => {
                match height {
                    // SAFETY: as the caller says.
                    $($height => unsafe { R::tile::<$height, N, LINES>(self) },)*
                    _ => unreachable!("a tile of {height} rows"),
                }
            };
        }
        heights!(1 2 3 4 5 6 7 8 9 10 11 12 13 14);
    }
}

/// Adds the products of one k: a value of each row, and a row of registers.
#[inline(always)]
fn add<R: Register, const H: usize, const N: usize>(
    sums: &mut [[R; N]; H],
    value: impl Fn(usize) -> f32,
    b: &[f32],
) {
    let b = &b[..N * R::LANES];
    let line: [R; N] = std::array::from_fn(|n| R::load(&b[n * R::LANES..]));
    for (h, sums) in sums.iter_mut().enumerate() {
        let value = R::splat(value(h));
        for (sum, line) in sums.iter_mut().zip(line) {
            *sum = value.mul_add(line, *sum);
        }
    }
}
