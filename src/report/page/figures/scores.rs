//! The scores of all rows on a data set or manipulation: ROC, calibration, histograms.

use crate::figure::bins::nice;
use crate::numbers::thousands;
use crate::page::content::{BINS, CALIBRATION_BINS, Content, Shape, UnitShapes};
use crate::plot::Axis;
use crate::plot::chart::{Drawing, Halves, Key, Lines, Mark, Panel, Plot, Series};
use crate::text::percent;

/// Panels beside each other in a file.
const COLUMNS: usize = 5;
const SMALL: (f64, f64) = (158.0, 148.0);
const LARGE: (f64, f64) = (430.0, 370.0);

/// A row that was scored.
struct Row<'a> {
    place: usize,
    label: &'a str,
    shape: &'a Shape,
}

/// The plots of a unit.
pub(super) fn plots(content: &Content, unit: &UnitShapes) -> Vec<Plot> {
    let labels = content.labels();
    let rows: Vec<Row> = unit
        .rows
        .iter()
        .enumerate()
        .filter_map(|(place, shape)| {
            let shape = shape.as_ref().filter(|shape| shape.reals + shape.fakes > 0)?;
            Some(Row { place, label: labels.get(place)?, shape })
        })
        .collect();
    if rows.is_empty() {
        return Vec::new();
    }
    let plot = |name: &str, title: &str, legend, panels| Plot {
        name: name.to_owned(),
        title: format!("{title} on {}", unit.label),
        notes: vec![content.table.caption()],
        legend,
        panels,
        columns: COLUMNS,
    };
    let mut plots = Vec::new();
    let (key, roc) = roc(&rows, &unit.label);
    if !key.is_empty() {
        plots.push(plot("roc", "ROC of videos (area below in %)", key, vec![roc]));
    }
    let panels = rows.iter().map(|row| calibration(row, &unit.label)).collect();
    plots.push(plot("calibration", "Calibration of videos", Vec::new(), panels));
    let highest = rows.iter().flat_map(|row| shares(row.shape)).flatten().fold(0.0, f64::max);
    let step = nice(highest / 5.0);
    let highest = (highest / step - 1e-9).ceil() * step;
    let panels = rows.iter().map(|row| histogram(row, &unit.label, highest)).collect();
    let legend = [(Mark::Real, "real"), (Mark::Fake, "fake")];
    let legend = legend.map(|(mark, label)| Key { mark, label: label.to_owned() }).into();
    plots.push(plot("scores", "Scores of videos", legend, panels));
    plots
}

fn roc(rows: &[Row], unit: &str) -> (Vec<Key>, Panel) {
    let curves: Vec<&Row> = rows.iter().filter(|row| !row.shape.roc.is_empty()).collect();
    let area = |row: &Row| row.shape.area.map(percent).unwrap_or_default();
    let words: Vec<String> =
        curves.iter().map(|row| format!("{} {} %", row.label, area(row))).collect();
    let key = |row: &&Row| Key {
        mark: Mark::Row(row.place),
        label: format!("{}: {}", row.label, area(row)),
    };
    let series = |row: &&Row| Series {
        mark: Mark::Row(row.place),
        points: row.shape.roc.clone(),
        dots: false,
    };
    let panel = Panel {
        title: format!("ROC on {unit}"),
        description: format!(
            "Share of fakes found against share of reals called fake; the dashed diagonal is \
             chance. Areas below the curves: {}.",
            words.join(", ")
        ),
        row: None,
        size: LARGE,
        drawing: Drawing::Lines(Lines {
            x: Axis::share("reals called fake (false-positive rate)"),
            y: Axis::share("fakes found (true-positive rate)"),
            diagonal: true,
            bars: Vec::new(),
            at: None,
            series: curves.iter().map(series).collect(),
        }),
    };
    (curves.iter().map(key).collect(), panel)
}

fn calibration(row: &Row, unit: &str) -> Panel {
    let bins = &row.shape.calibration;
    let most = bins.iter().map(|bin| bin.videos).max().unwrap_or(1) as f64;
    let wide = 1.0 / CALIBRATION_BINS as f64;
    let bars = bins.iter().map(|bin| {
        let left = ((bin.score / wide).floor() * wide).min(1.0 - wide);
        (left, left + wide, bin.videos as f64 / most)
    });
    let words: Vec<String> = bins
        .iter()
        .map(|bin| {
            let (score, fakes) = (bin.score * 100.0, bin.fakes * 100.0);
            format!("{fakes:.0} % of {} videos at {score:.0} %", thousands(bin.videos))
        })
        .collect();
    Panel {
        title: row.label.to_owned(),
        description: format!(
            "Calibration on {unit}: the share of fakes among videos of about the same P(fake); on \
             the dashed diagonal they agree. Grey bars: how many videos. Fake are {}.",
            words.join(", ")
        ),
        row: Some(row.place),
        size: SMALL,
        drawing: Drawing::Lines(Lines {
            x: Axis::share("mean P(fake)"),
            y: Axis::share("share of fakes"),
            diagonal: true,
            bars: bars.collect(),
            at: None,
            series: vec![Series {
                mark: Mark::Row(row.place),
                points: bins.iter().map(|bin| (bin.score, bin.fakes)).collect(),
                dots: true,
            }],
        }),
    }
}

fn shares(shape: &Shape) -> [Vec<f64>; 2] {
    shape.histogram.each_ref().map(|counts| {
        let all: u64 = counts.iter().sum();
        let share = |count: &u64| *count as f64 / all as f64;
        if all == 0 { Vec::new() } else { counts.iter().map(share).collect() }
    })
}

fn histogram(row: &Row, unit: &str, highest: f64) -> Panel {
    let Shape { reals, fakes, histogram, .. } = row.shape;
    let below = |counts: &[u64]| counts[..BINS / 2].iter().sum::<u64>();
    let words = format!(
        "Scores on {unit}, real above the axis and fake below it. Below 0.5 are {} of {} real \
         videos and {} of {} fake ones.",
        thousands(below(&histogram[0])),
        thousands(*reals),
        thousands(below(&histogram[1])),
        thousands(*fakes)
    );
    Panel {
        title: row.label.to_owned(),
        description: words,
        row: Some(row.place),
        size: SMALL,
        drawing: Drawing::Halves(Halves {
            x: Axis::share("P(fake) of a video"),
            of: "videos".to_owned(),
            shares: shares(row.shape),
            highest,
            medians: [None, None],
        }),
    }
}
