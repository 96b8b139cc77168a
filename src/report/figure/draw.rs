//! The figure as a plot: a panel for each measure, real above its axis and fake below.

use super::bins::{Bins, nice, quantile};
use super::panels::{Amount, Figure, LABELS, Panel};
use crate::numbers::thousands;
use crate::plot::Axis;
use crate::plot::chart::{self, Drawing, Halves, Key, Mark, Plot};
use crate::plot::svg::{Theme, file};

/// Width and height of a panel inside its axes.
const SIZE: (f64, f64) = (256.0, 192.0);
/// Room for the label of the open bin, as a share of the width.
const OPEN: f64 = 0.14;

/// Renders a figure as SVG that needs nothing else.
pub fn svg(figure: &Figure) -> String {
    file(&plot(figure), Theme::Both)
}

/// A figure as a plot.
pub(super) fn plot(figure: &Figure) -> Plot {
    let title = match figure.synthetic {
        true => format!(
            "Label-wise statistics of {} (synthetic demo: drawn faces, not real data)",
            figure.title
        ),
        false => format!("Label-wise statistics of {}", figure.title),
    };
    let places = ["above the axis", "below it"];
    let keys = [Mark::Real, Mark::Fake].into_iter().zip(LABELS).zip(places).zip(figure.amounts);
    let legend = keys.map(|(((mark, label), place), amount)| Key {
        mark,
        label: format!("{label}, {place}: {}", amount_words(amount)),
    });
    let medians: Vec<String> = figure.panels.iter().filter_map(medians).collect();
    Plot {
        name: "statistics".to_owned(),
        title,
        notes: vec![format!("Medians (dashed): {}.", medians.join("; "))],
        legend: legend.collect(),
        panels: figure.panels.iter().map(panel).collect(),
        columns: figure.panels.len().max(1),
    }
}

fn panel(panel: &Panel) -> chart::Panel {
    let spreads = LABELS.iter().zip(&panel.values).map(|(label, v)| spread(label, v, panel));
    chart::Panel {
        title: panel.title.to_owned(),
        description: format!(
            "{}, real above the axis and fake below it, in percent of each label: {}.",
            panel.axis,
            spreads.collect::<Vec<_>>().join("; ")
        ),
        row: None,
        size: SIZE,
        drawing: Drawing::Halves(halves(panel)),
    }
}

fn halves(panel: &Panel) -> Halves {
    let Some(bins) = Bins::of(&panel.values, panel.whole) else {
        let x = Axis { title: panel.axis.to_owned(), low: 0.0, high: 1.0, ticks: Vec::new() };
        let (of, shares) = (panel.of.to_owned(), [Vec::new(), Vec::new()]);
        return Halves { x, of, shares, highest: 1.0, medians: [None, None] };
    };
    let step = nice(bins.highest() / 4.0);
    let highest = (bins.highest() / step - 1e-9).ceil().max(1.0) * step / 100.0;
    let shares = [0, 1].map(|label| match panel.values[label].is_empty() {
        true => Vec::new(),
        false => bins.shares[label].iter().map(|percent| percent / 100.0).collect(),
    });
    let medians = panel.values.each_ref().map(|values| quantile(values, 0.5));
    Halves { x: x_axis(panel, &bins), of: panel.of.to_owned(), shares, highest, medians }
}

/// The axis below a panel; the open bin has a label of its own at the right edge.
fn x_axis(panel: &Panel, bins: &Bins) -> Axis {
    let (low, high) = (bins.start, bins.start + bins.width * bins.len() as f64);
    let step = nice((bins.end() - bins.start) / 6.0);
    let step = if panel.whole { step.max(1.0) } else { step };
    let open = bins.is_open().then(|| high - bins.width / 2.0);
    let last = open.map_or(bins.end(), |open| open - OPEN * (high - low));
    let first = (bins.start / step).ceil();
    let count = ((last / step - first).floor()).max(-1.0) as i32;
    // Not minus zero.
    let values = (0..=count).map(|i| (first + f64::from(i)) * step + 0.0);
    let mut ticks: Vec<(f64, String)> = values.map(|value| (value, number(value))).collect();
    if let Some(open) = open {
        let from = if panel.whole { (bins.end() + 0.5).floor() } else { bins.end() };
        ticks.push((open, format!("≥ {}", number(from))));
    }
    Axis { title: panel.axis.to_owned(), low, high, ticks }
}

/// The medians of a panel in words; none without values.
fn medians(panel: &Panel) -> Option<String> {
    let each = LABELS.iter().zip(&panel.values).filter_map(|(label, values)| {
        Some(format!("{label} {}", quantity(quantile(values, 0.5)?, panel.unit)))
    });
    let each: Vec<String> = each.collect();
    let title = panel.title.to_lowercase();
    (!each.is_empty()).then(|| format!("{title} {}", each.join(", ")))
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

/// A number with as many decimals as it needs, two at most.
fn number(value: f64) -> String {
    if value.fract() == 0.0 && value.abs() >= 1000.0 {
        return thousands(value as u64);
    }
    let value = match value.abs() {
        x if x >= 100.0 => value.round(),
        x if x >= 10.0 => (value * 10.0).round() / 10.0,
        _ => (value * 100.0).round() / 100.0,
    };
    crate::plot::number(value)
}

fn quantity(value: f64, unit: &str) -> String {
    format!("{} {unit}", number(value)).trim_end().to_owned()
}
