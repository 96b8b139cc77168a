//! The padding of a convolution that TensorFlow calls "same".

/// One axis of a square window: its side, and the pixels from one place to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Same {
    /// Side of the window.
    pub kernel: usize,
    /// Input pixels from one output pixel to the next.
    pub stride: usize,
}

impl Same {
    /// Outputs of `n` inputs: n / stride, rounded up.
    pub fn outputs(self, n: usize) -> usize {
        n.div_ceil(self.stride)
    }

    /// Zeros before the first of `n` inputs. What is odd goes behind the last.
    pub fn before(self, n: usize) -> usize {
        let needed = (self.outputs(n) - 1) * self.stride + self.kernel;
        needed.saturating_sub(n) / 2
    }

    /// The input that place `k` of the window meets at output `o`, if it is one of `n`.
    pub fn input(self, o: usize, k: usize, n: usize) -> Option<usize> {
        (o * self.stride + k).checked_sub(self.before(n)).filter(|i| *i < n)
    }

    /// The output at which place `k` of the window meets input `i`, if there is one.
    pub fn output(self, i: usize, k: usize, n: usize) -> Option<usize> {
        let from = (i + self.before(n)).checked_sub(k)?;
        let place = from / self.stride;
        (from.is_multiple_of(self.stride) && place < self.outputs(n)).then_some(place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_odd_goes_behind() {
        let stem = Same { kernel: 3, stride: 2 };
        assert_eq!((stem.outputs(380), stem.before(380)), (190, 0));
        assert_eq!((stem.outputs(95), stem.before(95)), (48, 1));
        let wide = Same { kernel: 5, stride: 1 };
        assert_eq!((wide.outputs(7), wide.before(7)), (7, 2));
        // A window larger than the stride of a small map.
        assert_eq!(Same { kernel: 5, stride: 2 }.before(4), 1);
    }

    #[test]
    fn inputs_and_outputs_meet_each_other() {
        for (kernel, stride, n) in [(3, 1, 5), (3, 2, 6), (3, 2, 7), (5, 2, 4), (5, 1, 2)] {
            let same = Same { kernel, stride };
            for (o, k) in (0..same.outputs(n)).flat_map(|o| (0..kernel).map(move |k| (o, k))) {
                if let Some(i) = same.input(o, k, n) {
                    assert_eq!(same.output(i, k, n), Some(o));
                }
            }
        }
    }
}
