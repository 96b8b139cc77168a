//! A plot as data: panels that share a legend.

use super::scale::Axis;

/// A plot.
#[derive(Clone, Debug, PartialEq)]
pub struct Plot {
    /// What it is called, as a file and as a place in a page.
    pub name: String,
    /// Title for readers.
    pub title: String,
    /// What readers have to know besides.
    pub notes: Vec<String>,
    /// What the lines are.
    pub legend: Vec<Key>,
    /// The panels.
    pub panels: Vec<Panel>,
    /// Panels beside each other in a file.
    pub columns: usize,
}

impl Plot {
    /// Whether it has several panels, which need titles to tell them apart.
    pub fn has_titles(&self) -> bool {
        self.panels.len() > 1
    }

    /// Whether lines have markers.
    pub fn has_dots(&self) -> bool {
        let dots = |panel: &Panel| match &panel.drawing {
            Drawing::Lines(lines) => lines.series.iter().any(|series| series.dots),
            Drawing::Halves(_) | Drawing::Dots(_) => false,
        };
        self.panels.iter().any(dots)
    }
}

/// A legend's entry.
#[derive(Clone, Debug, PartialEq)]
pub struct Key {
    /// What is marked in this way.
    pub mark: Mark,
    /// Name for readers.
    pub label: String,
}

/// How a line or a bar looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// A line of a row: colour, dash and markers of its own.
    Row(usize),
    /// A line that is one of a few within a panel.
    Line(usize),
    /// A bar of real videos.
    Real,
    /// A bar of fake videos.
    Fake,
}

/// A coordinate system with what is in it.
#[derive(Clone, Debug, PartialEq)]
pub struct Panel {
    /// What it shows, above it.
    pub title: String,
    /// The same with its numbers, in words, for those who do not see it.
    pub description: String,
    /// The row that all of it is about.
    pub row: Option<usize>,
    /// Width and height of the area inside the axes, in pixels.
    pub size: (f64, f64),
    /// What is drawn.
    pub drawing: Drawing,
}

/// What a panel draws.
#[derive(Clone, Debug, PartialEq)]
pub enum Drawing {
    /// Lines.
    Lines(Lines),
    /// A histogram of real above an axis, and one of fake below it.
    Halves(Halves),
    /// Points of a plane.
    Dots(Dots),
}

/// Lines over an axis.
#[derive(Clone, Debug, PartialEq)]
pub struct Lines {
    /// From left to right.
    pub x: Axis,
    /// From below to above.
    pub y: Axis,
    /// Whether the diagonal is drawn, to compare with.
    pub diagonal: bool,
    /// Bars from below: left and right edge, and height as a share of a quarter of the panel.
    pub bars: Vec<(f64, f64, f64)>,
    /// A place that is marked by a vertical line.
    pub at: Option<f64>,
    /// The lines.
    pub series: Vec<Series>,
}

/// A line.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// How it looks.
    pub mark: Mark,
    /// Its points.
    pub points: Vec<(f64, f64)>,
    /// Whether each point is marked.
    pub dots: bool,
}

/// Points of a plane whose axes have no scale.
#[derive(Clone, Debug, PartialEq)]
pub struct Dots {
    /// What stands below.
    pub words: String,
    /// How points look, and where they are: across and up, each a share of the panel.
    pub series: Vec<(Mark, Vec<(f64, f64)>)>,
}

/// Two histograms over the same bins.
#[derive(Clone, Debug, PartialEq)]
pub struct Halves {
    /// The edges of the bins, from the first to the last.
    pub x: Axis,
    /// What is counted, in the plural.
    pub of: String,
    /// Share of real, then of fake in bins of equal width; empty without any.
    pub shares: [Vec<f64>; 2],
    /// Where the axis ends above and below, the same for all panels of a plot that are compared.
    pub highest: f64,
    /// A value of each that is marked, such as its median.
    pub medians: [Option<f64>; 2],
}
