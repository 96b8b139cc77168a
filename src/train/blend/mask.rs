//! The mask that says which part of the source is seen, before its edge is made soft.

use proofmark_picture::resize::Window;

/// For each pixel how much of it is covered, from 0 to 255.
#[derive(Clone, Debug, PartialEq)]
pub struct Mask {
    /// In pixels.
    pub width: usize,
    /// In pixels.
    pub height: usize,
    /// Row by row.
    pub values: Vec<u8>,
}

impl Mask {
    /// Nothing anywhere.
    pub fn zeros(width: usize, height: usize) -> Self {
        Self { width, height, values: vec![0; width * height] }
    }

    /// A row of it.
    pub fn row(&self, y: usize) -> &[u8] {
        &self.values[y * self.width..][..self.width]
    }

    /// The part outside of which it is 0, unless it is 0 everywhere.
    pub fn seen(&self) -> Option<Window> {
        let any = |y: &usize| self.row(*y).iter().fold(0, |all, value| all | value) > 0;
        let y = (0..self.height).find(any)?;
        let bottom = (y..self.height).rev().find(any)?;
        let mut columns = vec![0; self.width];
        for y in y..=bottom {
            for (column, value) in columns.iter_mut().zip(self.row(y)) {
                *column |= *value;
            }
        }
        let x = columns.iter().position(|value| *value > 0)?;
        let right = columns.iter().rposition(|value| *value > 0)?;
        let [x, y, width, height] = [x, y, right + 1 - x, bottom + 1 - y].map(|v| v as u32);
        Some(Window { x, y, width, height })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_seen_is_all_that_is_not_zero() {
        let mut mask = Mask::zeros(40, 9);
        assert_eq!(mask.seen(), None);
        mask.values[3 * 40 + 7] = 1;
        assert_eq!(mask.seen(), Some(Window { x: 7, y: 3, width: 1, height: 1 }));
        mask.values[8 * 40 + 39] = 255;
        mask.values[5 * 40 + 2] = 9;
        assert_eq!(mask.seen(), Some(Window { x: 2, y: 3, width: 38, height: 6 }));
    }
}
