//! The windows of a convolution or of pooling along one axis, and the padding around their input.

/// One axis of a square window: its side, the pixels from one place to the next, and the padding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Side of the window.
    pub kernel: usize,
    /// Input pixels from one output pixel to the next.
    pub stride: usize,
    /// What is around the input.
    pub padding: Padding,
}

/// What is around the input of a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Padding {
    /// TensorFlow's "same": as many outputs as inputs over the stride, rounded up.
    Same,
    /// So many pixels on each side.
    Each(usize),
}

impl Window {
    /// A window with TensorFlow's "same" padding.
    pub const fn same(kernel: usize, stride: usize) -> Self {
        Self { kernel, stride, padding: Padding::Same }
    }

    /// A window with so many pixels around its input.
    pub const fn padded(kernel: usize, stride: usize, each: usize) -> Self {
        Self { kernel, stride, padding: Padding::Each(each) }
    }

    /// Outputs of `n` inputs.
    pub fn outputs(self, n: usize) -> usize {
        match self.padding {
            Padding::Same => n.div_ceil(self.stride),
            Padding::Each(each) => match (n + 2 * each).checked_sub(self.kernel) {
                Some(room) => room / self.stride + 1,
                None => 0,
            },
        }
    }

    /// Pixels before the first of `n` inputs. What is odd goes behind the last.
    pub fn before(self, n: usize) -> usize {
        match self.padding {
            Padding::Same => {
                let needed = (self.outputs(n) - 1) * self.stride + self.kernel;
                needed.saturating_sub(n) / 2
            }
            Padding::Each(each) => each,
        }
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
        let stem = Window::same(3, 2);
        assert_eq!((stem.outputs(380), stem.before(380)), (190, 0));
        assert_eq!((stem.outputs(95), stem.before(95)), (48, 1));
        let wide = Window::same(5, 1);
        assert_eq!((wide.outputs(7), wide.before(7)), (7, 2));
        // A window larger than the stride of a small map.
        assert_eq!(Window::same(5, 2).before(4), 1);
    }

    #[test]
    fn padding_on_each_side_is_that_of_pytorch() {
        for (window, n, outputs) in [
            (Window::padded(3, 2, 0), 299, 149),
            (Window::padded(3, 1, 0), 149, 147),
            (Window::padded(3, 2, 1), 147, 74),
            (Window::padded(3, 2, 1), 4, 2),
            (Window::padded(1, 2, 0), 147, 74),
            (Window::padded(3, 1, 0), 2, 0),
        ] {
            assert_eq!(window.outputs(n), outputs, "{window:?} of {n}");
        }
    }

    #[test]
    fn inputs_and_outputs_meet_each_other() {
        for (window, n) in [
            (Window::same(3, 1), 5),
            (Window::same(3, 2), 6),
            (Window::same(3, 2), 7),
            (Window::same(5, 2), 4),
            (Window::same(5, 1), 2),
            (Window::padded(3, 2, 1), 6),
            (Window::padded(3, 1, 0), 7),
            (Window::padded(1, 2, 0), 4),
        ] {
            let outputs = window.outputs(n);
            for (o, k) in (0..outputs).flat_map(|o| (0..window.kernel).map(move |k| (o, k))) {
                if let Some(i) = window.input(o, k, n) {
                    assert_eq!(window.output(i, k, n), Some(o));
                }
            }
        }
    }
}
