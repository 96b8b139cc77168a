//! One panel, whatever is drawn in it.

use super::chart::{Drawing, Panel};
use super::pieces::{Area, BOTTOM, LEFT, RIGHT, TOP, fit, text};
use super::{dots, halves, lines};

/// Width and height of a panel with its axes and titles.
pub(super) fn outer(panel: &Panel) -> (f64, f64) {
    (LEFT + panel.size.0 + RIGHT, TOP + panel.size.1 + BOTTOM)
}

/// A panel with its upper left corner at the origin.
pub(super) fn panel(panel: &Panel, titled: bool) -> String {
    let room = outer(panel).0 - 8.0;
    let title = match titled {
        true => text((4.0, 14.0), "name", "start", &fit(&panel.title, 12.5, room)),
        false => String::new(),
    };
    let area = Area { width: panel.size.0, height: panel.size.1 };
    title
        + &match &panel.drawing {
            Drawing::Lines(drawing) => lines::draw(drawing, &area),
            Drawing::Halves(drawing) => halves::draw(drawing, &area),
            Drawing::Dots(drawing) => dots::draw(drawing, &area),
        }
}
