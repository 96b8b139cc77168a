//! Plots as SVG: each panel for a page, and a whole plot as a file.

use super::chart::{Key, Panel, Plot};
use super::palette::{file_style, light_style};
use super::panel::{self, outer};
use super::pieces::{fit, swatch, text, width};
use crate::markup::escape;

/// Space around a whole plot, and between its panels.
const EDGE: f64 = 16.0;
const GAP: f64 = 12.0;
/// Height of a line of the legend.
const LINE: f64 = 20.0;
/// Narrowest file: shorter titles would be cut.
const NARROWEST: f64 = 560.0;

/// Who looks at a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Theme {
    /// A reader whose surroundings are light or dark.
    Both,
    /// A converter, which knows only one.
    Light,
}

/// A panel for a page that has the style of [`page_style`](super::palette::page_style), with its
/// title above it or only in words. `id` is a name that nothing else in the page has.
pub fn inline(panel: &Panel, titled: bool, id: &str) -> String {
    let (width, height) = outer(panel);
    format!(
        "<svg class=\"plot\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" \
         role=\"img\" aria-labelledby=\"{id}-t\" aria-describedby=\"{id}-d\">\n\
         <title id=\"{id}-t\">{}</title><desc id=\"{id}-d\">{}</desc>\n{}</svg>\n",
        escape(&panel.title),
        escape(&panel.description),
        panel::panel(panel, titled)
    )
}

/// What a page's legend shows of a mark.
pub fn key(key: &Key, dots: bool) -> String {
    format!(
        "<svg class=\"plot key\" viewBox=\"0 0 28 12\" width=\"28\" height=\"12\" \
         aria-hidden=\"true\">{}</svg>",
        swatch(key.mark, dots, (0.0, 0.0)).trim_end()
    )
}

/// A whole plot as a file that needs nothing else.
pub fn file(plot: &Plot, theme: Theme) -> String {
    let columns = plot.columns.clamp(1, plot.panels.len().max(1));
    let widest = plot.panels.iter().map(|panel| outer(panel).0).fold(0.0, f64::max);
    let panels = columns as f64 * widest + (columns - 1) as f64 * GAP;
    let inner = panels.max(NARROWEST);
    let mut body = String::new();
    let mut y = EDGE + 14.0;
    for line in wrapped(&plot.title, 17.0, inner) {
        body += &text((EDGE, y), "head", "start", &line);
        y += 22.0;
    }
    for line in plot.notes.iter().flat_map(|note| wrapped(note, 12.0, inner)) {
        body += &text((EDGE, y), "quiet", "start", &line);
        y += 17.0;
    }
    let (legend, after) = legend(&plot.legend, plot.has_dots(), inner, y - 4.0);
    body += &legend;
    y = after + 8.0;
    for row in plot.panels.chunks(columns) {
        for (i, panel) in row.iter().enumerate() {
            let x = EDGE + i as f64 * (widest + GAP);
            body += &format!(
                "<g transform=\"translate({x} {y})\">\n{}</g>\n",
                panel::panel(panel, plot.has_titles())
            );
        }
        y += row.iter().map(|panel| outer(panel).1).fold(0.0, f64::max) + GAP;
    }
    let (width, height) = (inner + 2.0 * EDGE, y + EDGE - GAP);
    let style = if theme == Theme::Both { file_style() } else { light_style() };
    let described: Vec<String> =
        plot.panels.iter().map(|panel| format!("{}: {}", panel.title, panel.description)).collect();
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"plot\" viewBox=\"0 0 {width} {height}\" \
         width=\"{width}\" height=\"{height}\" role=\"img\" aria-labelledby=\"title desc\">\n\
         <title id=\"title\">{}</title>\n<desc id=\"desc\">{}</desc>\n<style>\n{style}</style>\n\
         <rect class=\"page\" width=\"{width}\" height=\"{height}\"/>\n{body}</svg>\n",
        escape(&plot.title),
        escape(&described.join("\n"))
    )
}

/// The legend in columns from `top` down, and where it ends.
fn legend(keys: &[Key], dots: bool, room: f64, top: f64) -> (String, f64) {
    let widest = keys.iter().map(|key| width(&key.label, 12.0)).fold(0.0, f64::max) + 58.0;
    let columns = ((room / widest).floor() as usize).clamp(1, keys.len().max(1));
    let each = room / columns as f64;
    let mut out = String::new();
    for (i, key) in keys.iter().enumerate() {
        let (x, y) =
            (EDGE + (i % columns) as f64 * each.min(widest), top + (i / columns) as f64 * LINE);
        out += &swatch(key.mark, dots, (x, y));
        out += &text((x + 36.0, y + 10.0), "label", "start", &fit(&key.label, 12.0, each - 40.0));
    }
    (out, top + keys.len().div_ceil(columns) as f64 * LINE)
}

/// A text as lines that fit into a width.
fn wrapped(words: &str, size: f64, room: f64) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in words.split_whitespace() {
        match lines.last_mut() {
            Some(line) if width(line, size) + width(word, size) + width(" ", size) <= room => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines.iter().map(|line| fit(line, size, room)).collect()
}
