//! Two histograms: real above the axis and fake below it, so that neither covers the other.

use super::chart::{Halves, Mark};
use super::pieces::{Area, LEFT, TOP, path, pixel, text};
use super::scale::{Axis, number};

/// Draws both histograms, and their medians.
pub(super) fn draw(halves: &Halves, area: &Area) -> String {
    let highest = halves.highest.max(1e-9);
    let label = |share: f64| format!("{}%", number(share * 100.0));
    let y = Axis {
        title: format!("share of its {}", halves.of),
        low: -highest,
        high: highest,
        ticks: [-1.0, -0.5, 0.0, 0.5, 1.0]
            .map(|at| (at * highest, label(f64::abs(at) * highest)))
            .into(),
    };
    let mut out = area.y_axis(&y);
    for (half, (mark, shares)) in
        [Mark::Real, Mark::Fake].into_iter().zip(&halves.shares).enumerate()
    {
        let (name, above) = if half == 0 { ("real", 1.0) } else { ("fake", -1.0) };
        if shares.is_empty() {
            let at = (area.x(0.5), area.y(0.5 + above * 0.2));
            out += &text(at, "quiet", "middle", &format!("no {name} {}", halves.of));
            continue;
        }
        let wide = area.width / shares.len() as f64;
        let mut bars = String::new();
        for (i, share) in shares.iter().enumerate().filter(|(_, share)| **share > 0.0) {
            let (left, tall) = (LEFT + i as f64 * wide + 0.5, share / highest * area.height / 2.0);
            let wide = pixel((wide - 1.0).max(0.5));
            let up = pixel(-above * tall.max(0.5));
            let down = pixel(above * tall.max(0.5));
            bars += &format!("M{} {}v{up}h{wide}v{down}z", pixel(left), pixel(area.y(0.5)));
        }
        out += &path(&mark.class(), &bars);
    }
    for (half, median) in halves.medians.iter().enumerate() {
        if let Some(median) = median {
            let top = if half == 0 { TOP } else { area.y(0.5) };
            let at = pixel(area.x(halves.x.place(*median)));
            out += &path("median", &format!("M{at} {}v{}", pixel(top), pixel(area.height / 2.0)));
        }
    }
    let axis = format!("M{} {}h{}", pixel(LEFT), pixel(area.y(0.5)), pixel(area.width));
    out + &path("axis", &axis) + &area.x_axis(&halves.x)
}
