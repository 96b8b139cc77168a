//! The windows that a sample is cut with.

use proofmark_picture::resize::Window;

/// A box (left, top, right, bottom) grown on each side by a share of its own sides (left,
/// top, right, bottom), as far as the picture goes; at least a pixel of it.
fn grown(bbox: [f64; 4], shares: [f64; 4], (width, height): (usize, usize)) -> Window {
    let [left, top, right, bottom] = bbox;
    let (w, h) = (right - left, bottom - top);
    let span = |from: f64, to: f64, limit: usize| {
        let last = (limit - 1) as f64;
        let from = from.floor().clamp(0.0, last);
        (from as u32, (to.ceil().clamp(from + 1.0, limit as f64) - from) as u32)
    };
    let (x, width) = span(left - w * shares[0], right + w * shares[2], width);
    let (y, height) = span(top - h * shares[1], bottom + h * shares[3], height);
    Window { x, y, width, height }
}

/// The part of a picture around the points of a face, given the box around the first 68 in
/// pixels: half its width on both sides, its height above, two fifths below.
pub fn around_points(bbox: [f64; 4], picture: (usize, usize)) -> Window {
    grown(bbox, [0.5, 1.0, 0.5, 0.4], picture)
}

/// The part of a picture around a detected face: of each side a quarter, times a factor
/// of its own (left, top, right, bottom).
pub fn around_box(bbox: [f64; 4], factors: [f64; 4], picture: (usize, usize)) -> Window {
    grown(bbox, factors.map(|factor| factor / 4.0), picture)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_have_the_described_margins() {
        let bbox = [100.0, 200.0, 180.0, 260.0];
        let coarse = around_points(bbox, (1000, 1000));
        assert_eq!(coarse, Window { x: 60, y: 140, width: 160, height: 144 });
        let last = around_box(bbox, [0.5; 4], (1000, 1000));
        assert_eq!(last, Window { x: 90, y: 192, width: 100, height: 76 });
        let uneven = around_box(bbox, [0.2, 0.8, 0.4, 0.6], (1000, 1000));
        assert_eq!(uneven, Window { x: 96, y: 188, width: 92, height: 81 });
    }

    #[test]
    fn windows_stay_in_the_picture_and_are_never_empty() {
        let whole = around_box([0.0, 0.0, 64.0, 64.0], [0.5; 4], (64, 64));
        assert_eq!(whole, Window { x: 0, y: 0, width: 64, height: 64 });
        for bbox in [[-50.0, -9.0, -20.0, -3.0], [900.0, 9.0, 950.0, 30.0], [5.0, 5.0, 5.0, 5.0]] {
            let window = around_points(bbox, (64, 48));
            assert!(window.width >= 1 && window.x + window.width <= 64, "{window:?}");
            assert!(window.height >= 1 && window.y + window.height <= 48, "{window:?}");
        }
    }
}
