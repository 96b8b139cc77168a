//! Plots in the page: a legend, and each panel as a picture with its words.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::content::{Content, UnitShapes};
use super::figures::{Figures, UnitFigures};
use crate::markup::escape;
use crate::plot::chart::{Key, Plot};
use crate::plot::svg::{inline, key};

/// Metrics against the strength of corruptions.
pub(super) fn robustness(figures: &Figures) -> String {
    if figures.robustness.is_empty() {
        return String::new();
    }
    let plots: String = figures.robustness.iter().map(|plot| figure(plot, "")).collect();
    format!(
        "<section id=\"robustness\">\n<h2>Robustness</h2>\n<p>Faces are corrupted before they are \
         scored, ever more strongly from left to right.</p>\n{plots}</section>\n"
    )
}

/// ROC, calibration and histograms of each data set, one of them open.
pub(super) fn units(content: &Content, figures: &Figures) -> String {
    let drawn: Vec<&UnitFigures> =
        figures.units.iter().filter(|unit| !unit.plots.is_empty()).collect();
    if drawn.is_empty() {
        return String::new();
    }
    let mut out = String::from(
        "<section id=\"scores\">\n<h2>Scores by data set</h2>\n<p>Of videos; of rows with several \
         seeds, the first. Calibration: of videos with about the same P(fake), the share that is \
         fake; grey bars say how many videos there are.</p>\n",
    );
    let mut scenario = "";
    for (i, unit) in drawn.into_iter().enumerate() {
        let shapes = &content.units[unit.unit];
        if shapes.scenario != scenario {
            scenario = &shapes.scenario;
            out += &format!("<h3>{}</h3>\n", escape(scenario));
        }
        let open = if i == 0 { " open" } else { "" };
        let shape = shapes.rows.iter().flatten().next();
        let count = shape.map_or(String::new(), |shape| {
            format!(
                " <span class=\"quiet\">{} real, {} fake videos</span>",
                shape.reals, shape.fakes
            )
        });
        out += &format!(
            "<details class=\"unit\"{open}><summary>{}{count}</summary>\n",
            escape(&shapes.label)
        );
        for plot in &unit.plots {
            out += &figure(plot, plot.title.split(" on ").next().unwrap_or_default());
        }
        out += &wrong(content, shapes);
        out += "</details>\n";
    }
    out + "</section>\n"
}

/// The videos that each row has most wrong, with a face of each where there are faces.
fn wrong(content: &Content, shapes: &UnitShapes) -> String {
    let video = |(name, score): &(String, f64)| {
        let face = content.faces.get(&(shapes.dataset.clone(), name.clone()));
        let face = face.map_or(String::new(), |jpeg| {
            format!(
                "<img class=\"face\" alt=\"\" src=\"data:image/jpeg;base64,{}\">",
                STANDARD.encode(jpeg)
            )
        });
        format!("<span class=\"wrong\">{face}{} {score:.2}</span>", escape(name))
    };
    let list = |videos: &[(String, f64)]| videos.iter().map(video).collect::<String>();
    let rows = content.labels().into_iter().zip(&shapes.rows).filter_map(|(label, shape)| {
        let [reals, fakes] = &shape.as_ref()?.wrong;
        Some(format!(
            "<tr><th scope=\"row\">{}</th><td class=\"code\">{}</td><td class=\"code\">{}</td></tr>\n",
            escape(label),
            list(reals),
            list(fakes)
        ))
    });
    let rows: String = rows.collect();
    format!(
        "<details><summary>Videos that are most wrong</summary>\n<div class=\"wide\" tabindex=\"0\" \
         role=\"region\" aria-label=\"Videos of {} that are most wrong\">\n<table>\n<thead>\n<tr>\
         <th scope=\"col\">Row</th><th scope=\"col\">real, highest P(fake)</th>\
         <th scope=\"col\">fake, lowest P(fake)</th></tr>\n</thead>\n<tbody>\n{rows}</tbody>\n\
         </table>\n</div>\n</details>\n",
        escape(&shapes.label)
    )
}

/// How the models learned.
pub(super) fn learning(figures: &Figures) -> String {
    if figures.learning.is_empty() {
        return String::new();
    }
    let plots: String = figures.learning.iter().map(|plot| figure(plot, &plot.title)).collect();
    format!("<section id=\"learning\">\n<h2>Learning curves</h2>\n{plots}</section>\n")
}

/// A plot below a title.
fn figure(plot: &Plot, title: &str) -> String {
    let title = if title.is_empty() { &plot.title } else { title };
    let name = &plot.name;
    // The legend of one panel stands beside it.
    let single = if plot.has_titles() { "" } else { " class=\"single\"" };
    let mut out = format!(
        "<figure id=\"plot.{name}\"{single} aria-labelledby=\"plot.{name}.caption\">\n\
         <figcaption id=\"plot.{name}.caption\">{}</figcaption>\n",
        escape(title)
    );
    // The caption of the page is the title; what else is said belongs below it.
    for note in plot.notes.iter().skip(1) {
        out += &format!("<p class=\"quiet\">{}</p>\n", escape(note));
    }
    let dots = plot.has_dots();
    if !plot.legend.is_empty() {
        out += "<ul class=\"legend\">\n";
        out += &plot.legend.iter().map(|entry| item(entry, dots)).collect::<String>();
        out += "</ul>\n";
    }
    out += "<div class=\"panels\">\n";
    for (i, panel) in plot.panels.iter().enumerate() {
        let picture = inline(panel, plot.has_titles(), &format!("plot.{name}.{i}"));
        out += &match panel.row {
            Some(row) => format!("<div class=\"panel\" data-row=\"{row}\">{picture}</div>\n"),
            None => format!("<div class=\"panel\">{picture}</div>\n"),
        };
    }
    out + "</div>\n</figure>\n"
}

fn item(entry: &Key, dots: bool) -> String {
    let row = entry.mark.row().map(|row| format!(" data-row=\"{row}\"")).unwrap_or_default();
    format!("<li{row}>{}{}</li>\n", key(entry, dots), escape(&entry.label))
}
