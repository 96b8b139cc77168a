//! Points of a plane whose axes have no scale.

use super::chart::{Dots, Mark};
use super::pieces::{Area, LEFT, TOP, path, pixel, text};

/// Shapes, small since there are many: of reals a circle, of all else a diamond.
const SHAPES: [&str; 2] =
    ["m-1.6 0a1.6 1.6 0 1 0 3.2 0a1.6 1.6 0 1 0-3.2 0z", "m0-2l2 2l-2 2l-2-2z"];

/// Draws points.
pub(super) fn draw(dots: &Dots, area: &Area) -> String {
    let (right, bottom) = (pixel(area.width), pixel(area.height));
    let frame = format!("M{} {}v{bottom}h{right}v-{bottom}z", pixel(LEFT), pixel(TOP));
    let mut out = path("axis", &frame);
    for (mark, points) in &dots.series {
        let shape = SHAPES[usize::from(*mark != Mark::Real)];
        let at =
            |(x, y): &(f64, f64)| format!("M{} {}{shape}", pixel(area.x(*x)), pixel(area.y(*y)));
        let shapes: String = points.iter().map(at).collect();
        // Seen through, since points lie upon each other.
        let class = mark.class();
        out += &format!("<path class=\"dot {class}\" fill-opacity=\"0.7\" d=\"{shapes}\"/>\n");
    }
    let below = TOP + area.height + 16.0;
    out + &text((area.x(0.5), below), "quiet small", "middle", &dots.words)
}
