//! Plots in the page: a legend, and each panel as a picture with its words.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use maud::{Markup, PreEscaped, html};

use super::content::{Content, UnitShapes};
use super::figures::{Figures, UnitFigures};
use crate::plot::chart::{Key, Plot};
use crate::plot::svg::{inline, key};
use crate::separability as apart;
use crate::table::SeparabilityBlock;

/// Metrics against the strength of corruptions.
pub(super) fn robustness(figures: &Figures) -> Markup {
    html! {
        @if !figures.robustness.is_empty() {
            section id="robustness" {
                h2 { "Robustness" }
                p {
                    "Faces are corrupted before they are scored, ever more strongly from left to right."
                }
                @for plot in &figures.robustness {
                    (figure(plot, ""))
                }
            }
        }
    }
}

/// ROC, calibration and histograms of each data set, one of them open.
pub(super) fn units(content: &Content, figures: &Figures) -> Markup {
    let drawn: Vec<&UnitFigures> =
        figures.units.iter().filter(|unit| !unit.plots.is_empty()).collect();
    let scenario = |i: usize| content.units[drawn[i].unit].scenario.as_str();
    html! {
        @if !drawn.is_empty() {
            section id="scores" {
                h2 { "Scores by data set" }
                p {
                    "Of videos; of rows with several seeds, the first. Calibration: of videos with about \
                     the same P(fake), the share that is fake; grey bars say how many videos there are."
                }
                @for (i, unit) in drawn.iter().enumerate() {
                    @if !scenario(i).is_empty() && (i == 0 || scenario(i) != scenario(i - 1)) {
                        h3 { (scenario(i)) }
                    }
                    (drawn_unit(content, unit, i == 0))
                }
            }
        }
    }
}

fn drawn_unit(content: &Content, unit: &UnitFigures, open: bool) -> Markup {
    let shapes = &content.units[unit.unit];
    html! {
        details class="unit" open[open] {
            summary {
                (shapes.label)
                @if let Some(shape) = shapes.rows.iter().flatten().next() {
                    " " span class="quiet" { (shape.reals) " real, " (shape.fakes) " fake videos" }
                }
            }
            @for plot in &unit.plots {
                (figure(plot, plot.title.split(" on ").next().unwrap_or_default()))
            }
            (wrong(content, shapes))
        }
    }
}

/// The videos that each row has most wrong, with a face of each where there are faces.
fn wrong(content: &Content, shapes: &UnitShapes) -> Markup {
    let list = |videos: &[(String, f64)]| {
        html! {
            @for (name, score) in videos {
                span class="wrong" {
                    @if let Some(jpeg) = content.faces.get(&(shapes.dataset.clone(), name.clone())) {
                        img class="face" alt="" src={ "data:image/jpeg;base64," (STANDARD.encode(jpeg)) };
                    }
                    (name) (format!(" {score:.2}"))
                }
            }
        }
    };
    html! {
        details {
            summary { "Videos that are most wrong" }
            div class="wide" tabindex="0" role="region"
                aria-label={ "Videos of " (shapes.label) " that are most wrong" } {
                table {
                    thead {
                        tr {
                            th scope="col" { "Row" }
                            th scope="col" { "real, highest P(fake)" }
                            th scope="col" { "fake, lowest P(fake)" }
                        }
                    }
                    tbody {
                        @for (label, shape) in content.labels().into_iter().zip(&shapes.rows) {
                            @if let Some(shape) = shape {
                                @let [reals, fakes] = &shape.wrong;
                                tr {
                                    th scope="row" { (label) }
                                    td class="code" { (list(reals)) }
                                    td class="code" { (list(fakes)) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// How far embeddings lie apart: numbers and pictures of each data set, one of them open.
pub(super) fn separability(content: &Content, figures: &Figures) -> Markup {
    let blocks = &content.table.separability;
    html! {
        @if !blocks.is_empty() {
            section id="separability" {
                h2 { (apart::HEADING) }
                @for (i, (block, plots)) in blocks.iter().zip(&figures.separability).enumerate() {
                    details class="unit" open[i == 0] {
                        summary { (block.label) }
                        (numbers(block))
                        @for plot in plots {
                            (figure(plot, &plot.title))
                        }
                    }
                }
                ul {
                    @for note in apart::notes(content.table) {
                        li { (note) }
                    }
                }
            }
        }
    }
}

fn numbers(block: &SeparabilityBlock) -> Markup {
    html! {
        div class="wide" tabindex="0" role="region" aria-label={ "Separability on " (block.label) } {
            table {
                thead {
                    tr {
                        th scope="col" { "Row" }
                        @for head in apart::heads() {
                            th scope="col" { (head) }
                        }
                    }
                }
                tbody {
                    @for (r, row) in block.rows.iter().enumerate() {
                        tr data-row=(r) {
                            th scope="row" { (row.label) }
                            @for cell in apart::cells(row) {
                                td { (cell) }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// How the models learned.
pub(super) fn learning(figures: &Figures) -> Markup {
    html! {
        @if !figures.learning.is_empty() {
            section id="learning" {
                h2 { "Learning curves" }
                @for plot in &figures.learning {
                    (figure(plot, &plot.title))
                }
            }
        }
    }
}

/// A plot below a title.
fn figure(plot: &Plot, title: &str) -> Markup {
    let title = if title.is_empty() { &plot.title } else { title };
    let id = format!("plot.{}", plot.name);
    let dots = plot.has_dots();
    html! {
        // The legend of one panel stands beside it.
        figure id=(id) class=[(!plot.has_titles()).then_some("single")] aria-labelledby={ (id) ".caption" } {
            figcaption id={ (id) ".caption" } { (title) }
            // The caption of the page is the title; what else is said belongs below it.
            @for note in plot.notes.iter().skip(1) {
                p class="quiet" { (note) }
            }
            @if !plot.legend.is_empty() {
                ul class="legend" {
                    @for entry in &plot.legend {
                        (item(entry, dots))
                    }
                }
            }
            div class="panels" {
                @for (i, panel) in plot.panels.iter().enumerate() {
                    div class="panel" data-row=[panel.row] {
                        (PreEscaped(inline(panel, plot.has_titles(), &format!("{id}.{i}"))))
                    }
                }
            }
        }
    }
}

fn item(entry: &Key, dots: bool) -> Markup {
    html! {
        li data-row=[entry.mark.row()] { (PreEscaped(key(entry, dots))) (entry.label) }
    }
}
