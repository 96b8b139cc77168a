//! The figure as SVG: a small plot for each measure, real above its axis and fake below, so that
//! neither covers the other. It needs nothing else, and follows a light or dark page.

use super::bins::{Bins, nice, quantile};
use super::panels::{Amount, Figure, LABELS, Panel};
use crate::markup::escape;
use crate::numbers::thousands;

/// Colours for both kinds of page. Each class is written out, as converters to PDF know no
/// variables.
const STYLE: &str = "\
text { font-family: system-ui, 'Segoe UI', 'DejaVu Sans', sans-serif; fill: #1b1f24; }
.page { fill: #ffffff; }
.head { font-size: 17px; font-weight: 600; }
.name { font-size: 14px; font-weight: 600; }
.small { font-size: 12px; }
.quiet { font-size: 12px; fill: #57606a; }
.grid { stroke: #d8dee4; stroke-width: 1; }
.axis { stroke: #57606a; stroke-width: 1; }
.real { fill: #0b6bcb; }
.fake { fill: #c2410c; }
.open { fill-opacity: 0.6; }
.median { stroke: #1b1f24; stroke-width: 1.5; stroke-dasharray: 4 3; }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3; }
.page { fill: #14181d; }
.quiet { fill: #a2abb5; }
.grid { stroke: #2f363d; }
.axis { stroke: #a2abb5; }
.real { fill: #58a6ff; }
.fake { fill: #fb8f5a; }
.median { stroke: #e6edf3; }
}
";

/// Space around and between plots, in pixels.
const LEFT: f64 = 74.0;
const RIGHT: f64 = 18.0;
const BETWEEN: f64 = 80.0;
/// Top edge of the plots, and the height of either half.
const TOP: f64 = 138.0;
const HALF: f64 = 96.0;
/// Width of a plot.
const PLOT: f64 = 256.0;
const HEIGHT: f64 = TOP + 2.0 * HALF + 56.0;

/// Renders a figure.
pub fn render(figure: &Figure) -> String {
    let panels = figure.panels.len().max(1) as f64;
    let width = LEFT + panels * PLOT + (panels - 1.0) * BETWEEN + RIGHT;
    let title = match figure.synthetic {
        true => format!(
            "Label-wise statistics of {} (synthetic demo: drawn faces, not real data)",
            figure.title
        ),
        false => format!("Label-wise statistics of {}", figure.title),
    };
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {HEIGHT}\" width=\"{width}\" \
         height=\"{HEIGHT}\" role=\"img\" aria-labelledby=\"title desc\">\n\
         <title id=\"title\">{}</title>\n<desc id=\"desc\">{}</desc>\n<style>\n{STYLE}</style>\n\
         <rect class=\"page\" width=\"{width}\" height=\"{HEIGHT}\"/>\n",
        escape(&title),
        escape(&description(figure))
    );
    out += &text(LEFT, 30.0, "head", "start", &title);
    for (i, (label, amount)) in LABELS.iter().zip(figure.amounts).enumerate() {
        let y = 54.0 + 20.0 * i as f64;
        out += &format!(
            "<rect class=\"{label}\" x=\"{LEFT}\" y=\"{}\" width=\"12\" height=\"12\"/>\n",
            y - 11.0
        );
        let place = if i == 0 { "above the axis" } else { "below it" };
        let words = format!("{label}, {place}: {}", amount_words(amount));
        out += &text(LEFT + 20.0, y, "small", "start", &words);
    }
    for (i, panel) in figure.panels.iter().enumerate() {
        out += &plot(panel, LEFT + i as f64 * (PLOT + BETWEEN));
    }
    out + "</svg>\n"
}

/// One plot whose left edge is at `left`.
fn plot(panel: &Panel, left: f64) -> String {
    let middle = TOP + HALF;
    let mut out = text(left, TOP - 32.0, "name", "start", panel.title);
    let medians: Vec<String> = LABELS
        .iter()
        .zip(&panel.values)
        .filter_map(|(label, values)| Some((label, quantile(values, 0.5)?)))
        .map(|(label, median)| format!("{label} {}", quantity(median, panel.unit)))
        .collect();
    let Some(bins) = Bins::of(&panel.values, panel.whole) else {
        return out + &text(left, middle, "quiet", "start", "no data");
    };
    out += &text(
        left,
        TOP - 15.0,
        "small",
        "start",
        &format!("median (dashed): {}", medians.join(", ")),
    );

    // The same scale in both halves, in percent.
    let step = nice(bins.highest() / 4.0);
    let highest = (bins.highest() / step - 1e-9).ceil().max(1.0) * step;
    let y = |percent: f64| percent / highest * HALF;
    let lines = (highest / step).round() as i32;
    for line in -lines..=lines {
        let percent = f64::from(line) * step;
        let at = middle - y(percent);
        let class = if line == 0 { "axis" } else { "grid" };
        out += &format!(
            "<line class=\"{class}\" x1=\"{}\" y1=\"{1}\" x2=\"{2}\" y2=\"{1}\"/>\n",
            pixel(left),
            pixel(at),
            pixel(left + PLOT)
        );
        let label = format!("{}%", number(percent.abs()));
        out += &text(left - 6.0, at + 4.0, "quiet", "end", &label);
    }

    let bin = PLOT / bins.len() as f64;
    for (half, (label, shares)) in LABELS.iter().zip(&bins.shares).enumerate() {
        for (i, share) in shares.iter().enumerate().filter(|(_, share)| **share > 0.0) {
            let (x, tall) = (left + i as f64 * bin, y(*share));
            let above = if half == 0 { tall } else { 0.0 };
            let open = if i == bins.count { " open" } else { "" };
            out += &format!(
                "<rect class=\"{label}{open}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"/>\n",
                pixel(x + 0.5),
                pixel(middle - above),
                pixel((bin - 1.0).max(0.5)),
                pixel(tall)
            );
        }
    }
    let x = |value: f64| left + (value - bins.start) / bins.width * bin;
    for (half, values) in panel.values.iter().enumerate() {
        let Some(median) = quantile(values, 0.5) else { continue };
        let end = if half == 0 { TOP } else { middle + HALF };
        out += &format!(
            "<line class=\"median\" x1=\"{0}\" y1=\"{1}\" x2=\"{0}\" y2=\"{2}\"/>\n",
            pixel(x(median)),
            pixel(middle),
            pixel(end)
        );
    }
    let (x_side, y_side) = (pixel(left - 54.0), pixel(middle));
    out += &format!(
        "<text class=\"quiet\" x=\"{x_side}\" y=\"{y_side}\" text-anchor=\"middle\" \
         transform=\"rotate(-90 {x_side} {y_side})\">share of its {}</text>\n",
        panel.of
    );
    out + &x_axis(panel, &bins, left, bin, &x)
}

/// Numbers below a plot, and what they are.
fn x_axis(panel: &Panel, bins: &Bins, left: f64, bin: f64, x: &dyn Fn(f64) -> f64) -> String {
    let bottom = TOP + 2.0 * HALF;
    let mut out = String::new();
    let step = nice((bins.end() - bins.start) / 6.0);
    let step = if panel.whole { step.max(1.0) } else { step };
    // The open bin has a label of its own at the right edge.
    let open = bins.is_open().then(|| left + PLOT - bin / 2.0);
    // Not minus zero.
    let mut tick = (bins.start / step).ceil() * step + 0.0;
    while tick <= bins.end() {
        let at = x(tick);
        if open.is_none_or(|open| at < open - 34.0) {
            out += &format!(
                "<line class=\"axis\" x1=\"{0}\" y1=\"{1}\" x2=\"{0}\" y2=\"{2}\"/>\n",
                pixel(at),
                pixel(bottom),
                pixel(bottom + 4.0)
            );
            out += &text(at, bottom + 17.0, "quiet", "middle", &number(tick));
        }
        tick += step;
    }
    if let Some(open) = open {
        out += &text(open + bin / 2.0, bottom + 17.0, "quiet", "end", &more(bins, panel.whole));
    }
    out + &text(left + PLOT / 2.0, bottom + 40.0, "quiet", "middle", panel.axis)
}

/// What the open bin holds.
fn more(bins: &Bins, whole: bool) -> String {
    match whole {
        true => format!("≥ {}", number((bins.end() + 0.5).floor())),
        false => format!("≥ {}", number(bins.end())),
    }
}

/// The figure in words.
fn description(figure: &Figure) -> String {
    let mut out = String::from(
        "Histograms, real above the axis and fake below it, in percent of each label.",
    );
    for (label, amount) in LABELS.iter().zip(figure.amounts) {
        out += &format!(" {label}: {}.", amount_words(amount));
    }
    for panel in &figure.panels {
        out += &format!(" {} ({}):", panel.title, panel.axis);
        let parts: Vec<String> =
            LABELS.iter().zip(&panel.values).map(|(label, v)| spread(label, v, panel)).collect();
        out += &format!(" {}.", parts.join("; "));
    }
    out
}

/// Where the values of a label lie.
fn spread(label: &str, values: &[f64], panel: &Panel) -> String {
    let at = |share| quantile(values, share).map(|value| quantity(value, panel.unit));
    match (at(0.25), at(0.5), at(0.75)) {
        (Some(low), Some(middle), Some(high)) => format!(
            "{label} has a median of {middle}, and half of its {} {} between {low} and {high}",
            thousands(values.len() as u64),
            panel.of
        ),
        _ => format!("{label} has none"),
    }
}

fn amount_words(Amount { videos, frames, faces }: Amount) -> String {
    format!(
        "{} videos, {} frames, {} faces",
        thousands(videos),
        thousands(frames),
        thousands(faces)
    )
}

fn text(x: f64, y: f64, class: &str, anchor: &str, words: &str) -> String {
    format!(
        "<text class=\"{class}\" x=\"{}\" y=\"{}\" text-anchor=\"{anchor}\">{}</text>\n",
        pixel(x),
        pixel(y),
        escape(words)
    )
}

/// A place in the picture, to a hundredth of a pixel.
fn pixel(value: f64) -> String {
    let text = format!("{value:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A number with as many decimals as it needs, two at most.
fn number(value: f64) -> String {
    if value.fract() == 0.0 && value.abs() >= 1000.0 {
        return thousands(value as u64);
    }
    match value.abs() {
        x if x >= 100.0 => pixel(value.round()),
        x if x >= 10.0 => pixel((value * 10.0).round() / 10.0),
        _ => pixel(value),
    }
}

fn quantity(value: f64, unit: &str) -> String {
    format!("{} {unit}", number(value)).trim_end().to_owned()
}
