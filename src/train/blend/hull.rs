//! The part of a face that is blended in: hulls of its landmarks.

use super::mask::Mask;

/// A point in pixels; the middle of the first pixel is (0.5, 0.5).
pub type Point = [f64; 2];

/// Which hulls. Numbers of points are inclusive, as dlib has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outline {
    /// Jaw and mouth, nose, brows.
    Full,
    /// [`Outline::Components`] with the brows pushed up.
    Extended,
    /// Cheeks, forehead, chin and nose.
    Components,
    /// All points, with a soft edge.
    Face,
    /// All points.
    Convex,
}

/// Runs of points, of which one hull is made.
type Part = &'static [(usize, usize)];

const FULL: [Part; 3] = [
    &[(0, 16), (48, 67)],
    &[(27, 30), (33, 33)],
    &[(17, 26), (0, 0), (27, 27), (16, 16), (33, 33)],
];
const COMPONENTS: [Part; 8] = [
    &[(0, 8), (17, 17)],
    &[(8, 16), (26, 26)],
    &[(17, 19), (8, 8)],
    &[(24, 26), (8, 8)],
    &[(19, 24), (8, 8)],
    &[(17, 21), (27, 27), (31, 35), (8, 8)],
    &[(22, 26), (27, 27), (31, 35), (8, 8)],
    &[(27, 30), (31, 35)],
];

/// The mask of an outline: 255 within. Every outline is the same for a face and its mirror
/// image with left and right exchanged, so that nobody needs to exchange them.
pub fn hull(outline: Outline, points: &[Point], (width, height): (usize, usize)) -> Mask {
    let mut mask = Mask::zeros(width, height);
    let mut parts = |parts: &[Part], points: &[Point]| {
        for part in parts {
            let chosen = part.iter().flat_map(|(from, to)| &points[*from..=*to]).copied();
            fill(&mut mask, &convex(chosen.collect()));
        }
    };
    match outline {
        Outline::Full => parts(&FULL, points),
        Outline::Components => parts(&COMPONENTS, points),
        Outline::Extended => parts(&COMPONENTS, &raised(points)),
        Outline::Convex => {
            fill(&mut mask, &convex(points.to_vec()));
            if mask.seen().is_none() {
                touch(&mut mask, points);
            }
        }
        Outline::Face => fill_softly(&mut mask, &convex(points.to_vec())),
    }
    mask
}

/// Sets the pixel nearest to a face that hardly reaches into the picture, so that it has no pixel's middle.
fn touch(mask: &mut Mask, points: &[Point]) {
    let within =
        |p: &Point| [p[0].clamp(0.0, mask.width as f64), p[1].clamp(0.0, mask.height as f64)];
    let away = |p: &Point| (p[0] - within(p)[0]).powi(2) + (p[1] - within(p)[1]).powi(2);
    let Some(nearest) = points.iter().min_by(|a, b| away(a).total_cmp(&away(b))) else { return };
    let [x, y] = within(nearest);
    let (x, y) = ((x as usize).min(mask.width - 1), (y as usize).min(mask.height - 1));
    mask.values[y * mask.width + x] = 255;
}

/// The points with each brow pushed away from its eye by half its distance.
fn raised(points: &[Point]) -> Vec<Point> {
    let between = |a: Point, b: Point| [(a[0] + b[0]) / 2.0, (a[1] + b[1]) / 2.0];
    let outer_left = between(points[36], between(points[36], points[0]));
    let outer_right = between(points[45], between(points[16], points[45]));
    let below = [
        [outer_left, points[36], points[37], points[38], points[39]],
        [points[42], points[43], points[44], points[45], outer_right],
    ];
    let mut raised = points.to_vec();
    for (brow, eye) in raised[17..27].iter_mut().zip(below.as_flattened()) {
        *brow = [0, 1].map(|axis| brow[axis] + (brow[axis] - eye[axis]) / 2.0);
    }
    raised
}

/// The convex hull of points, in order (Andrew's monotone chain).
fn convex(mut points: Vec<Point>) -> Vec<Point> {
    points.sort_by(|a, b| a[0].total_cmp(&b[0]).then(a[1].total_cmp(&b[1])));
    points.dedup();
    let turns_left = |a: Point, b: Point, c: Point| {
        (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]) > 0.0
    };
    let half = |points: &mut dyn Iterator<Item = &Point>| {
        let mut chain: Vec<Point> = Vec::new();
        for point in points {
            while let [.., a, b] = chain[..]
                && !turns_left(a, b, *point)
            {
                chain.pop();
            }
            chain.push(*point);
        }
        chain
    };
    let mut lower = half(&mut points.iter());
    let mut upper = half(&mut points.iter().rev());
    lower.pop();
    upper.pop();
    lower.append(&mut upper);
    if lower.is_empty() { points } else { lower }
}

/// From where to where a convex polygon reaches along each of `n` lines, of which `per_row`
/// are spread over a row; from right to left where it does not reach.
fn spans(polygon: &[Point], n: usize, per_row: usize) -> Vec<(f64, f64)> {
    let per_row = per_row as f64;
    let mut spans = vec![(f64::INFINITY, f64::NEG_INFINITY); n];
    for (a, b) in polygon.iter().zip(polygon.iter().cycle().skip(1)) {
        let (low, high) = if a[1] <= b[1] { (a, b) } else { (b, a) };
        let slope = if high[1] > low[1] { (high[0] - low[0]) / (high[1] - low[1]) } else { 0.0 };
        // The first line at or below the upper end, and the first beyond the lower.
        let first = (low[1] * per_row - 0.5).ceil().clamp(0.0, n as f64) as usize;
        let beyond = (high[1] * per_row + 0.5).floor().clamp(0.0, n as f64) as usize;
        for (line, (left, right)) in spans.iter_mut().enumerate().take(beyond).skip(first) {
            let y = (line as f64 + 0.5) / per_row;
            let x = low[0] + slope * (y - low[1]);
            (*left, *right) = (left.min(x), right.max(x));
        }
    }
    spans
}

/// Sets every pixel that a convex polygon touches along the middle of its row, rounded to
/// whole pixels, as OpenCV does.
fn fill(mask: &mut Mask, polygon: &[Point]) {
    let width = mask.width;
    let spans = spans(polygon, mask.height, 1);
    for ((left, right), row) in spans.into_iter().zip(mask.values.chunks_exact_mut(width)) {
        // A pixel's middle is half a pixel in.
        let (from, to) = ((left - 0.5).round().max(0.0), (right - 0.5).round());
        if to >= from {
            row[(from as usize).min(width)..(to as usize + 1).min(width)].fill(255);
        }
    }
}

/// Sets every pixel to the share of it that a convex polygon covers: exact across, in
/// quarters down.
fn fill_softly(mask: &mut Mask, polygon: &[Point]) {
    const LINES: usize = 4;
    let width = mask.width;
    let spans = spans(polygon, mask.height * LINES, LINES);
    let mut covered = vec![0f32; width];
    let rows = mask.values.chunks_exact_mut(width);
    for (row, lines) in rows.zip(spans.chunks_exact(LINES)) {
        if lines.iter().all(|(left, right)| left >= right) {
            continue;
        }
        for (left, right) in lines {
            let (left, right) = (left.clamp(0.0, width as f64), right.clamp(0.0, width as f64));
            if left >= right {
                continue;
            }
            let (first, last) = (left as usize, (right as usize).min(width - 1));
            for (x, covered) in covered[first..=last].iter_mut().enumerate() {
                let x = (first + x) as f64;
                *covered += (right.min(x + 1.0) - left.max(x)) as f32;
            }
        }
        for (value, covered) in row.iter_mut().zip(&mut covered) {
            *value = (std::mem::take(covered) * 255.0 / LINES as f32).round() as u8;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn area(mask: &Mask) -> f32 {
        mask.values.iter().map(|value| f32::from(*value) / 255.0).sum()
    }

    #[test]
    fn a_hull_leaves_out_what_is_inside() {
        let square = [[0.0, 0.0], [4.0, 0.0], [4.0, 4.0], [0.0, 4.0]];
        let mut points = square.to_vec();
        points.extend([[2.0, 2.0], [1.0, 3.0], [4.0, 2.0]]);
        let mut found = convex(points);
        found.sort_by(|a, b| a.partial_cmp(b).unwrap());
        let mut expected = square;
        expected.sort_by(|a, b| a.partial_cmp(b).unwrap());
        assert_eq!(found, expected);
        assert_eq!(convex(vec![[1.0, 1.0]; 3]), [[1.0, 1.0]]);
    }

    #[test]
    fn a_soft_edge_covers_the_exact_area() {
        let mut mask = Mask::zeros(20, 20);
        fill_softly(&mut mask, &[[3.3, 2.0], [9.8, 2.0], [9.8, 7.5], [3.3, 7.5]]);
        // Each pixel of the edge is rounded to a byte.
        let off = (area(&mask) - 6.5 * 5.5).abs();
        assert!(off < 24.0 * 0.5 / 255.0, "{off}");
        // What leaves the picture is left out.
        let mut mask = Mask::zeros(20, 20);
        fill_softly(&mut mask, &[[-5.0, -5.0], [10.0, -5.0], [10.0, 10.0], [-5.0, 10.0]]);
        assert!((area(&mask) - 100.0).abs() < 0.01);
        let mut mask = Mask::zeros(20, 20);
        fill(&mut mask, &[[-5.0, -5.0], [-2.0, -5.0], [-2.0, 30.0]]);
        assert_eq!(area(&mask), 0.0);
    }

    #[test]
    fn raised_brows_only_add() {
        let points: Vec<Point> = proofmark_prepare::landmarks::example(68)
            .iter()
            .map(|p| p.map(|v| f64::from(v) * 100.0))
            .collect();
        let [low, high] =
            [Outline::Components, Outline::Extended].map(|o| hull(o, &points, (100, 100)));
        assert!(area(&high) > area(&low) + 100.0);
        assert!(low.values.iter().zip(&high.values).all(|(low, high)| low <= high));
    }
}
