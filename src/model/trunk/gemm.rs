//! Matrix products on slices: a checked wrapper around the `gemm` crate, whose kernels
//! candle uses too.

use gemm::{Parallelism, gemm};

/// A matrix within a slice; strides in elements.
#[derive(Clone, Copy, Debug)]
pub struct Mat<'a> {
    values: &'a [f32],
    rows: usize,
    cols: usize,
    row_stride: usize,
    col_stride: usize,
}

impl<'a> Mat<'a> {
    /// Row-major without gaps: (rows, values / rows).
    pub fn new(values: &'a [f32], rows: usize) -> Self {
        let cols = values.len() / rows;
        Self::columns(values, rows, cols, 0, cols)
    }

    /// Columns `from..from + cols` of a row-major matrix with `stride` columns.
    pub fn columns(
        values: &'a [f32],
        rows: usize,
        stride: usize,
        from: usize,
        cols: usize,
    ) -> Self {
        Self { values: &values[from..], rows, cols, row_stride: stride, col_stride: 1 }
    }

    /// The transpose of this view.
    pub fn t(self) -> Self {
        Self {
            rows: self.cols,
            cols: self.rows,
            row_stride: self.col_stride,
            col_stride: self.row_stride,
            ..self
        }
    }
}

/// Where a product goes: columns of a row-major matrix.
#[derive(Debug)]
pub struct Out<'a> {
    values: &'a mut [f32],
    stride: usize,
    cols: usize,
}

impl<'a> Out<'a> {
    /// A whole row-major matrix with `cols` columns.
    pub fn new(values: &'a mut [f32], cols: usize) -> Self {
        Self { values, stride: cols, cols }
    }

    /// Columns `from..from + cols` of a row-major matrix with `stride` columns.
    pub fn columns(values: &'a mut [f32], stride: usize, from: usize, cols: usize) -> Self {
        Self { values: &mut values[from..], stride, cols }
    }
}

/// Who computes a product.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Threads {
    /// The calling thread.
    One,
    /// All of the current pool.
    All,
}

/// `out = a b` of row-major matrices, by all threads; `a` has so many rows.
pub fn product_of(out: &mut [f32], a: &[f32], b: &[f32], rows: usize) {
    let inner = a.len() / rows;
    let out = Out::new(out, b.len() / inner);
    product(out, Mat::new(a, rows), Mat::new(b, inner), 1.0, false, Threads::All);
}

/// `out = scale * a b`, added to what `out` holds if `add`.
pub fn product(out: Out<'_>, a: Mat<'_>, b: Mat<'_>, scale: f32, add: bool, threads: Threads) {
    let (m, n, k) = (a.rows, b.cols, a.cols);
    assert_eq!(k, b.rows, "the inner dimensions of a product agree");
    assert_eq!(n, out.cols, "a product fills its columns");
    for (values, last) in [
        (a.values.len(), (m - 1) * a.row_stride + (k - 1) * a.col_stride),
        (b.values.len(), (k - 1) * b.row_stride + (n - 1) * b.col_stride),
        (out.values.len(), (m - 1) * out.stride + n - 1),
    ] {
        assert!(last < values, "a matrix lies within its slice");
    }
    let parallelism = match threads {
        Threads::One => Parallelism::None,
        Threads::All => Parallelism::Rayon(0),
    };
    // SAFETY: the largest offset of each matrix was checked against its slice, and
    // `out` is borrowed exclusively, so it overlaps neither input.
    unsafe {
        gemm(
            m,
            n,
            k,
            out.values.as_mut_ptr(),
            1,
            out.stride as isize,
            add,
            a.values.as_ptr(),
            a.col_stride as isize,
            a.row_stride as isize,
            b.values.as_ptr(),
            b.col_stride as isize,
            b.row_stride as isize,
            1.0,
            scale,
            false,
            false,
            false,
            parallelism,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_are_those_of_the_definition() {
        let a: Vec<f32> = (0..6).map(|v| v as f32).collect(); // (2, 3)
        let b: Vec<f32> = (0..12).map(|v| v as f32 - 5.0).collect(); // (3, 4)
        let mut out = vec![100f32; 2 * 6];
        // Columns 1 and 2 of b into columns 3 and 4 of out, twice.
        for add in [false, true] {
            let b = Mat::columns(&b, 3, 4, 1, 2);
            let out = Out::columns(&mut out, 6, 3, 2);
            product(out, Mat::new(&a, 2), b, 0.5, add, Threads::One);
        }
        let entry = |i: usize, j: usize| (0..3).map(|k| a[i * 3 + k] * b[k * 4 + 1 + j]).sum();
        let expected: [f32; 4] = [entry(0, 0), entry(0, 1), entry(1, 0), entry(1, 1)];
        assert_eq!([out[3], out[4], out[9], out[10]], expected);
        assert_eq!((out[2], out[5], out[8], out[11]), (100.0, 100.0, 100.0, 100.0));
        // a^T a is symmetric.
        let mut gram = vec![0f32; 9];
        let a = Mat::new(&a, 2);
        product(Out::new(&mut gram, 3), a.t(), a, 1.0, false, Threads::All);
        assert_eq!(gram[1], gram[3]);
        assert_eq!(gram[0], 9.0);
    }

    #[test]
    #[should_panic(expected = "lies within its slice")]
    fn a_matrix_that_ends_outside_its_slice_is_refused() {
        let a = [0f32; 6];
        let mut out = [0f32; 4];
        product(
            Out::new(&mut out, 2),
            Mat::columns(&a, 2, 4, 0, 3),
            Mat::columns(&a, 3, 2, 0, 2),
            1.0,
            false,
            Threads::One,
        );
    }
}
