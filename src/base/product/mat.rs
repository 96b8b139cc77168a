//! Matrices within slices.

/// A matrix within a slice; strides in elements.
#[derive(Clone, Copy, Debug)]
pub struct Mat<'a> {
    pub(super) values: &'a [f32],
    pub(super) rows: usize,
    pub(super) cols: usize,
    pub(super) row_stride: usize,
    pub(super) col_stride: usize,
}

impl<'a> Mat<'a> {
    /// Row-major without gaps: (rows, values / rows).
    pub fn new(values: &'a [f32], rows: usize) -> Self {
        let cols = values.len().checked_div(rows).unwrap_or(0);
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

    /// A matrix of any strides, (rows, cols) from the beginning of the slice.
    pub fn strided(
        values: &'a [f32],
        (rows, cols): (usize, usize),
        strides: (usize, usize),
    ) -> Self {
        Self { values, rows, cols, row_stride: strides.0, col_stride: strides.1 }
    }

    /// The transpose of this view.
    #[must_use]
    pub fn t(self) -> Self {
        Self {
            rows: self.cols,
            cols: self.rows,
            row_stride: self.col_stride,
            col_stride: self.row_stride,
            ..self
        }
    }

    /// The last element's place in the slice, if there is an element.
    pub(super) fn last(&self) -> Option<usize> {
        let (row, col) = (self.rows.checked_sub(1)?, self.cols.checked_sub(1)?);
        Some(row * self.row_stride + col * self.col_stride)
    }
}

/// Where a product goes: columns of a row-major matrix.
#[derive(Debug)]
pub struct Out<'a> {
    pub(super) values: &'a mut [f32],
    pub(super) stride: usize,
    pub(super) cols: usize,
}

impl<'a> Out<'a> {
    /// A whole row-major matrix with `cols` columns.
    pub fn new(values: &'a mut [f32], cols: usize) -> Self {
        Self { values, stride: cols, cols }
    }

    /// Columns `from..from + cols` of a row-major matrix with `stride` columns.
    ///
    /// # Panics
    /// If a row is shorter than that: rows would overlap.
    pub fn columns(values: &'a mut [f32], stride: usize, from: usize, cols: usize) -> Self {
        assert!(from + cols <= stride, "columns lie within a row");
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
