//! The pieces that all panels are drawn with.

use super::chart::Mark;
use super::scale::Axis;
use crate::markup::escape;

/// Space around a panel's area.
pub(super) const LEFT: f64 = 52.0;
pub(super) const TOP: f64 = 26.0;
pub(super) const RIGHT: f64 = 14.0;
pub(super) const BOTTOM: f64 = 42.0;

/// Width of a letter over the size of the font, on average.
const LETTER: f64 = 0.55;

/// The area inside the axes.
pub(super) struct Area {
    pub width: f64,
    pub height: f64,
}

impl Area {
    pub fn x(&self, share: f64) -> f64 {
        LEFT + share * self.width
    }

    /// Shares go up.
    pub fn y(&self, share: f64) -> f64 {
        TOP + (1.0 - share) * self.height
    }

    /// Ticks, and the title, of the axis below.
    pub fn x_axis(&self, axis: &Axis) -> String {
        let bottom = TOP + self.height;
        let mut out = String::new();
        // A label that would touch the one before is left out.
        let mut free = f64::NEG_INFINITY;
        for (value, label) in &axis.ticks {
            let at = self.x(axis.place(*value));
            let half = width(label, 11.0) / 2.0;
            out += &path("axis", &format!("M{} {}v4", pixel(at), pixel(bottom)));
            if at - half > free {
                out += &text((at, bottom + 16.0), "quiet small", "middle", label);
                free = at + half + 4.0;
            }
        }
        let middle = self.x(0.5);
        out + &text(
            (middle, bottom + 34.0),
            "quiet",
            "middle",
            &fit(&axis.title, 12.0, self.width + 40.0),
        )
    }

    /// Lines across at the ticks, their labels, and the title, of the axis at the left.
    pub fn y_axis(&self, axis: &Axis) -> String {
        let mut grid = String::new();
        let mut labels = String::new();
        for (value, label) in &axis.ticks {
            let at = self.y(axis.place(*value));
            grid += &format!("M{} {}h{}", pixel(LEFT), pixel(at), pixel(self.width));
            labels += &text((LEFT - 6.0, at + 4.0), "quiet small", "end", label);
        }
        let (x, y) = (13.0, TOP + self.height / 2.0);
        let title = fit(&axis.title, 12.0, self.height + 30.0);
        path("grid", &grid)
            + &labels
            + &format!(
                "<text class=\"quiet\" x=\"{x}\" y=\"{0}\" text-anchor=\"middle\" \
                 transform=\"rotate(-90 {x} {0})\">{1}</text>\n",
                pixel(y),
                escape(&title)
            )
    }
}

/// What a legend shows of a mark, 28 by 12 pixels.
pub(super) fn swatch(mark: Mark, dots: bool, (x, y): (f64, f64)) -> String {
    let class = mark.class();
    match mark {
        Mark::Real | Mark::Fake => format!(
            "<rect class=\"{class}\" x=\"{}\" y=\"{}\" width=\"12\" height=\"12\"/>\n",
            pixel(x + 8.0),
            pixel(y)
        ),
        Mark::Row(_) | Mark::Line(_) => {
            let (left, middle, y) = (pixel(x), pixel(x + 14.0), pixel(y + 6.0));
            let line = path(&format!("line {class}"), &format!("M{left} {y}h28"));
            match dots {
                true => {
                    line + &path(
                        &format!("dot {class}"),
                        &format!("M{middle} {y}{}", mark.marker()),
                    )
                }
                false => line,
            }
        }
    }
}

pub(super) fn path(class: &str, d: &str) -> String {
    format!("<path class=\"{class}\" d=\"{d}\"/>\n")
}

pub(super) fn text((x, y): (f64, f64), class: &str, anchor: &str, words: &str) -> String {
    format!(
        "<text class=\"{class}\" x=\"{}\" y=\"{}\" text-anchor=\"{anchor}\">{}</text>\n",
        pixel(x),
        pixel(y),
        escape(words)
    )
}

/// About how wide a text is.
pub(super) fn width(words: &str, size: f64) -> f64 {
    // Wide scripts lie above U+2E80.
    words.chars().map(|c| if c < '\u{2e80}' { LETTER } else { 1.0 }).sum::<f64>() * size
}

/// A text that fits into a width, its end cut off if it has to be.
pub(super) fn fit(words: &str, size: f64, room: f64) -> String {
    if width(words, size) <= room {
        return words.to_owned();
    }
    let mut out = String::new();
    let mut used = size;
    for c in words.chars() {
        used += width(c.encode_utf8(&mut [0; 4]), size);
        if used > room {
            break;
        }
        out.push(c);
    }
    out.trim_end().to_owned() + "…"
}

/// A place in the picture, to a tenth of a pixel.
pub(super) fn pixel(value: f64) -> String {
    let text = format!("{value:.1}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}
