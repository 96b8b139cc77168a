//! The points of one face, and when they are of use.

use proofmark_base::math::{cos_f32 as cos, sin_f32 as sin};

/// Points of the iBUG scheme, as dlib numbers them: jaw 0 to 16, brows to 26, nose to 35,
/// eyes to 47, mouth to 67; then, if there are 81, thirteen of the forehead. x and y in
/// units of the side of a stored crop, from its top left corner.
#[derive(Clone, Debug, PartialEq)]
pub struct Points(Vec<[f32; 2]>);

/// Left, top, right and bottom edge in units of the side of a stored crop.
pub type UnitBox = [f32; 4];

/// Points without the forehead's, and with them.
const COUNTS: [usize; 2] = [68, 81];
/// Share of the crop that the points have to surround. Less is no face.
const LEAST: f64 = 0.01;
/// Share of its own box that the outline of a face surrounds at least: of frontal faces it is about
/// three quarters, of points in another order next to nothing.
const ROUND: f64 = 0.2;

impl Points {
    /// Points that are 68 or 81, finite, and surround a part of the crop.
    pub fn new(points: Vec<[f32; 2]>) -> Option<Self> {
        let finite = points.as_flattened().iter().all(|v| v.is_finite());
        let points = Self(points);
        let usable = COUNTS.contains(&points.0.len()) && finite && points.covered() >= LEAST;
        usable.then_some(points)
    }

    /// All of them.
    pub fn all(&self) -> &[[f32; 2]] {
        &self.0
    }

    /// The first 68.
    pub fn face(&self) -> &[[f32; 2]] {
        &self.0[..COUNTS[0]]
    }

    /// The box around the first 68.
    pub fn bounds(&self) -> UnitBox {
        let start = [f32::INFINITY, f32::INFINITY, f32::NEG_INFINITY, f32::NEG_INFINITY];
        self.face().iter().fold(start, |[left, top, right, bottom], [x, y]| {
            [left.min(*x), top.min(*y), right.max(*x), bottom.max(*y)]
        })
    }

    /// Whether jaw and brows go round a face in dlib's order, however it is turned: those of a face
    /// with x and y exchanged, counted from its other side, or in another order do not.
    pub fn go_round(&self) -> bool {
        let outline = self.outline(f64::from);
        let box_area = {
            let side = |axis: usize| {
                let values = outline.iter().map(|p| p[axis]);
                values.clone().fold(f64::MIN, f64::max) - values.fold(f64::MAX, f64::min)
            };
            side(0) * side(1)
        };
        -signed_area(&outline) > ROUND * box_area
    }

    /// Share of the crop within the outline of jaw and brows.
    fn covered(&self) -> f64 {
        if self.0.len() < COUNTS[0] {
            return 0.0;
        }
        signed_area(&self.outline(|v| f64::from(v.clamp(0.0, 1.0)))).abs()
    }

    /// The jaw, then the brows back.
    fn outline(&self, value: impl Fn(f32) -> f64) -> Vec<[f64; 2]> {
        let brows = self.0[17..27].iter().rev();
        self.0[..17].iter().chain(brows).map(|[x, y]| [value(*x), value(*y)]).collect()
    }
}

/// The area within a line that ends where it begins, negative where it goes round against the
/// clock, as it is seen in an image.
fn signed_area(outline: &[[f64; 2]]) -> f64 {
    let next = outline.iter().cycle().skip(1);
    let twice: f64 = outline.iter().zip(next).map(|(a, b)| a[0] * b[1] - b[0] * a[1]).sum();
    twice / 2.0
}

/// A schematic face: 68 or 81 points around the middle of a crop, for tests and pictures.
pub fn example(count: usize) -> Vec<[f32; 2]> {
    let ring = |n: usize, from: f32, to: f32, radius: [f32; 2]| {
        (0..n).map(move |i| {
            let angle = from + (to - from) * i as f32 / (n - 1) as f32;
            [0.5 + radius[0] * cos(angle), 0.5 + radius[1] * sin(angle)]
        })
    };
    let pi = std::f32::consts::PI;
    let line = |n: usize, a: [f32; 2], b: [f32; 2]| {
        (0..n).map(move |i| {
            let t = i as f32 / (n - 1) as f32;
            [a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1])]
        })
    };
    let around = |n: usize, x: f32, y: f32, r: f32| {
        (0..n).map(move |i| {
            let angle = pi + 2.0 * pi * i as f32 / n as f32;
            [x + r * cos(angle), y + 0.5 * r * sin(angle)]
        })
    };
    let mut points: Vec<[f32; 2]> = ring(17, pi, 0.0, [0.3, 0.38]).collect();
    points.extend(line(5, [0.25, 0.33], [0.45, 0.33]));
    points.extend(line(5, [0.55, 0.33], [0.75, 0.33]));
    points.extend(line(4, [0.5, 0.4], [0.5, 0.55]));
    points.extend(line(5, [0.43, 0.6], [0.57, 0.6]));
    points.extend(around(6, 0.36, 0.42, 0.06));
    points.extend(around(6, 0.64, 0.42, 0.06));
    points.extend(around(12, 0.5, 0.72, 0.12));
    points.extend(around(8, 0.5, 0.72, 0.09));
    points.extend(ring(13, pi, 2.0 * pi, [0.28, 0.35]));
    points.truncate(count);
    points
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_that_are_no_face_are_refused() {
        assert!(Points::new(example(68)).is_some() && Points::new(example(81)).is_some());
        assert_eq!(Points::new(example(67)), None);
        assert_eq!(Points::new(Vec::new()), None);
        let moved = |by: f32| example(68).into_iter().map(|[x, y]| [x + by, y]).collect();
        assert_eq!(Points::new(moved(2.0)), None);
        assert!(Points::new(moved(0.3)).is_some());
        let shrunk = example(68).into_iter().map(|[x, y]| [0.05 * x, 0.05 * y]).collect();
        assert_eq!(Points::new(shrunk), None);
        let mut broken = example(68);
        broken[3][1] = f32::NAN;
        assert_eq!(Points::new(broken), None);
    }

    #[test]
    fn points_in_another_order_do_not_go_round() {
        let of = |points: Vec<[f32; 2]>| Points::new(points).unwrap();
        let face = example(68);
        assert!(of(face.clone()).go_round() && of(example(81)).go_round());
        // Turned by a right angle it is still one.
        assert!(of(face.iter().map(|[x, y]| [1.0 - y, *x]).collect()).go_round());
        let exchanged: Vec<[f32; 2]> = face.iter().map(|[x, y]| [*y, *x]).collect();
        assert!(!of(exchanged).go_round());
        let mirrored: Vec<[f32; 2]> = face.iter().map(|[x, y]| [1.0 - x, *y]).collect();
        assert!(!of(mirrored).go_round());
        // A table with all x before all y.
        let flat = face.as_flattened();
        let other: Vec<[f32; 2]> = (0..68).map(|i| [flat[i], flat[68 + i]]).collect();
        assert!(Points::new(other).is_none_or(|points| !points.go_round()));
    }

    #[test]
    fn bounds_leave_the_forehead_out() {
        let points = Points::new(example(81)).unwrap();
        assert_eq!(points.bounds(), Points::new(example(68)).unwrap().bounds());
        assert!(points.all().iter().any(|[_, y]| *y < points.bounds()[1]));
    }
}
