//! From a detected box to a crop of fixed size (paper section 4.1).

use proofmark_lang::model::{FaceRule, Framing, Interpolation};
use proofmark_picture::resize::resize;
use proofmark_picture::resize::{Filter, Window};

/// How a face is cut from a frame.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cut {
    /// By how much the box grows, as a fraction of itself.
    pub margin: f64,
    /// Whether the box becomes a square.
    pub framing: Framing,
    /// How pixels are interpolated.
    pub filter: Filter,
    /// Side of the crop in pixels.
    pub side: u32,
}

impl Cut {
    /// As a data set declares it.
    pub fn of(rule: &FaceRule) -> Self {
        let (margin, framing) = (rule.margin, rule.framing);
        Self { margin, framing, filter: filter_of(rule.filter), side: rule.size }
    }

    /// The part of a frame that a box (left, top, right, bottom) stands for: grown by the
    /// margin around its middle, moved into the frame at the left and top, and shrunk to the
    /// frame at the right and bottom with its shape kept, as FSFM does with squares. None if
    /// the box has no pixel in the frame.
    pub fn window(&self, bbox: [f32; 4], width: u32, height: u32) -> Option<Window> {
        let [left, top, right, bottom] = bbox.map(f64::from);
        let (across, down) = (right - left, bottom - top);
        let inside = right > 0.0 && bottom > 0.0;
        let inside = inside && left < f64::from(width) && top < f64::from(height);
        if !(inside && across > 0.0 && down > 0.0 && (across + down).is_finite()) {
            return None;
        }
        let (across, down) = match self.framing {
            Framing::Square => (across.max(down), across.max(down)),
            Framing::Box => (across, down),
        };
        // Sides and middles are whole numbers, rounded down.
        let grown = |side: f64| ((side * (1.0 + self.margin)) as u32).max(1);
        let (mut across, mut down) = (grown(across), grown(down));
        let start = |from: f64, to: f64, side: u32, limit: u32| {
            let first = (f64::midpoint(from, to).floor() - f64::from(side / 2)).max(0.0);
            (first as u32).min(limit - 1)
        };
        let (x, y) = (start(left, right, across, width), start(top, bottom, down, height));
        if across > width - x {
            (across, down) = (width - x, scaled(down, width - x, across));
        }
        if down > height - y {
            (across, down) = (scaled(across, height - y, down), height - y);
        }
        Some(Window { x, y, width: across, height: down })
    }

    /// Cuts a box from an RGB frame, to side × side × 3 bytes.
    pub fn cut(&self, rgb: &[u8], (width, height): (u32, u32), bbox: [f32; 4]) -> Option<Vec<u8>> {
        let window = self.window(bbox, width, height)?;
        Some(resize(rgb, width, window, self.side, self.filter))
    }
}

/// The filter that is declared.
pub fn filter_of(declared: Interpolation) -> Filter {
    match declared {
        Interpolation::Bilinear => Filter::Bilinear,
        Interpolation::Bicubic => Filter::Bicubic,
    }
}

/// `length` times `to` over `from`, and at least 1.
fn scaled(length: u32, to: u32, from: u32) -> u32 {
    ((u64::from(length) * u64::from(to) / u64::from(from)) as u32).max(1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cut(margin: f64, framing: Framing) -> Cut {
        Cut { margin, framing, filter: Filter::Bicubic, side: 8 }
    }

    fn window(x: u32, y: u32, width: u32, height: u32) -> Option<Window> {
        Some(Window { x, y, width, height })
    }

    #[test]
    fn a_box_grows_around_its_middle() {
        let bbox = [40.0, 30.0, 60.0, 70.0];
        assert_eq!(cut(0.3, Framing::Square).window(bbox, 100, 100), window(24, 24, 52, 52));
        assert_eq!(cut(0.3, Framing::Box).window(bbox, 100, 100), window(37, 24, 26, 52));
        assert_eq!(cut(0.0, Framing::Box).window(bbox, 100, 100), window(40, 30, 20, 40));
    }

    #[test]
    fn at_the_border_the_shape_is_kept() {
        // Moved in at the left and the top, shrunk at the right and the bottom.
        let square = cut(0.3, Framing::Square);
        assert_eq!(square.window([0.0, 0.0, 40.0, 40.0], 100, 100), window(0, 0, 52, 52));
        assert_eq!(square.window([70.0, 70.0, 110.0, 110.0], 100, 100), window(64, 64, 36, 36));
        assert_eq!(square.window([70.0, 20.0, 110.0, 60.0], 100, 100), window(64, 14, 36, 36));
        let tall = cut(0.0, Framing::Box).window([80.0, 10.0, 120.0, 90.0], 100, 100);
        assert_eq!(tall, window(80, 10, 20, 40));
    }

    #[test]
    fn what_is_no_box_in_the_frame_has_no_window() {
        for bbox in [
            [f32::NAN, 0.0, 10.0, 10.0],
            [0.0, 0.0, f32::INFINITY, 10.0],
            [10.0, 10.0, 10.0, 20.0],
            [20.0, 10.0, 10.0, 20.0],
            [-20.0, 0.0, -1.0, 10.0],
            [100.0, 0.0, 120.0, 10.0],
        ] {
            assert_eq!(cut(0.3, Framing::Square).window(bbox, 100, 100), None, "{bbox:?}");
        }
    }

    proptest! {
        #[test]
        fn a_window_lies_in_the_frame(
            (x, y) in (-50f32..250.0, -50f32..250.0), (w, h) in (0.1f32..300.0, 0.1f32..300.0),
            (width, height) in (1u32..200, 1u32..200), margin in 0.0..2.0, square: bool,
        ) {
            let framing = if square { Framing::Square } else { Framing::Box };
            if let Some(window) = cut(margin, framing).window([x, y, x + w, y + h], width, height) {
                prop_assert!(window.width >= 1 && window.x + window.width <= width);
                prop_assert!(window.height >= 1 && window.y + window.height <= height);
                prop_assert!(!square || window.width == window.height);
            }
        }
    }
}
