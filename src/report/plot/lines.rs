//! Lines over an axis.

use super::chart::Lines;
use super::pieces::{Area, LEFT, TOP, path, pixel};

/// Share of the height that the highest bar takes.
const BARS: f64 = 0.25;

/// Draws lines.
pub(super) fn draw(lines: &Lines, area: &Area) -> String {
    let x = |value: f64| area.x(lines.x.place(value));
    let y = |value: f64| area.y(lines.y.place(value));
    let mut out = area.y_axis(&lines.y);
    let mut bars = String::new();
    for (left, right, height) in &lines.bars {
        let wide = x(*right) - x(*left) - 1.0;
        let tall = height * BARS * area.height;
        let (left, bottom) = (pixel(x(*left) + 0.5), pixel(TOP + area.height));
        bars += &format!("M{left} {bottom}v-{1}h{0}v{1}z", pixel(wide), pixel(tall));
    }
    if !bars.is_empty() {
        out += &path("bar", &bars);
    }
    if lines.diagonal {
        let d = format!(
            "M{} {}L{} {}",
            pixel(x(lines.x.low)),
            pixel(y(lines.y.low)),
            pixel(x(lines.x.high)),
            pixel(y(lines.y.high))
        );
        out += &path("chance", &d);
    }
    if let Some(at) = lines.at {
        out += &path("at", &format!("M{} {}v{}", pixel(x(at)), pixel(TOP), pixel(area.height)));
    }
    out += &path(
        "axis",
        &format!("M{} {}v{}h{}", pixel(LEFT), pixel(TOP), pixel(area.height), pixel(area.width)),
    );
    // The first row is drawn last, above the others.
    for series in lines.series.iter().rev() {
        let points: Vec<_> =
            series.points.iter().filter(|(x, y)| x.is_finite() && y.is_finite()).collect();
        let at = |(px, py): &(f64, f64)| format!("{} {}", pixel(x(*px)), pixel(y(*py)));
        let line: Vec<String> = points.iter().map(|point| at(point)).collect();
        let mut shapes = String::new();
        if line.len() > 1 {
            shapes +=
                &path(&format!("line {}", series.mark.class()), &format!("M{}", line.join("L")));
        }
        if series.dots || line.len() == 1 {
            let dots = line.iter().map(|at| format!("M{at}{}", series.mark.marker()));
            shapes += &path(&format!("dot {}", series.mark.class()), &dots.collect::<String>());
        }
        out += &match series.mark.row() {
            Some(row) => format!("<g data-row=\"{row}\">{shapes}</g>\n"),
            None => shapes,
        };
    }
    out + &area.x_axis(&lines.x)
}
