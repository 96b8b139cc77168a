//! Memory that begins at a cache line, so that no wide register is loaded from two.

use std::ops::{Deref, DerefMut};

/// Bytes of a cache line.
const LINE: usize = 64;

/// A slice of f32 that begins at a cache line.
#[derive(Debug, Default)]
pub struct Buffer {
    values: Vec<f32>,
    start: usize,
    length: usize,
}

impl Buffer {
    /// A copy of `values`.
    pub fn of(values: &[f32]) -> Self {
        Self::padded(values, values.len())
    }

    /// A copy of `values`, then zeros up to a length.
    pub fn padded(values: &[f32], length: usize) -> Self {
        let mut buffer = Self::default();
        buffer.fit(length);
        buffer.fill(0.0);
        buffer[..values.len()].copy_from_slice(values);
        buffer
    }

    /// Gives it a length; what it holds is unspecified.
    pub fn fit(&mut self, length: usize) {
        let with_room = length + LINE / size_of::<f32>();
        if self.values.len() < with_room {
            self.values = vec![0.0; with_room];
            self.start = self.values.as_ptr().align_offset(LINE);
        }
        self.length = length;
    }
}

impl Deref for Buffer {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        &self.values[self.start..self.start + self.length]
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [f32] {
        &mut self.values[self.start..self.start + self.length]
    }
}
