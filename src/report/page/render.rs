//! The page as a whole. Maud escapes whatever is a value; what no reader can see is made visible in
//! the end, in all of it.

use maud::{Markup, PreEscaped, html};

use super::content::Content;
use super::figures::Figures;
use super::places::Places;
use super::{cost, differences, facts, plots, provenance, sections, summary, table};
use crate::markup::seen;
use crate::plot::palette::page_style;
use crate::text::Footnotes;

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// Renders the page with its plots.
pub fn render(content: &Content, figures: &Figures) -> String {
    let places = Places::of(content);
    let body = body(content, figures, &places).into_string();
    // The script alone may run: a label would have to hold the digest of a page with itself.
    let nonce = &blake3::hash(body.as_bytes()).to_hex()[..32];
    let policy = format!(
        "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'unsafe-inline'; img-src data:; \
         base-uri 'none'; form-action 'none'"
    );
    let page = html! {
        (PreEscaped("<!doctype html>\n"))
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                link rel="icon" href="data:,";
                title { (content.table.caption()) }
                style { (PreEscaped(STYLE)) (PreEscaped(page_style())) }
            }
            body {
                (PreEscaped(&body))
                script nonce=(nonce) { (PreEscaped(SCRIPT)) }
            }
        }
    };
    seen(&page.into_string())
}

fn body(content: &Content, figures: &Figures, places: &Places) -> Markup {
    let table = content.table;
    let footnotes = Footnotes::of(table);
    let sections = [
        ("notes", "Notes", sections::remarks(table, &footnotes)),
        ("claims", "Claims", sections::claims(table)),
        ("differences", "Differences", differences::differences(table)),
        ("rows", "Rows", differences::declarations(content)),
        ("robustness", "Robustness", plots::robustness(figures)),
        ("scores", "Scores", plots::units(content, figures)),
        ("separability", "Separability", plots::separability(content, figures)),
        ("cost", "Cost", cost::cost(content)),
        ("learning", "Learning", plots::learning(figures)),
        ("weights", "Weights", provenance::load_reports(content)),
        ("data", "Data", sections::data(content)),
        ("provenance", "Provenance", provenance::provenance(content, places)),
        ("method", "Method", sections::method(content)),
    ];
    html! {
        a class="skip" href="#results" { "Skip to the results" }
        header {
            h1 { (table.title) }
            nav aria-label="Sections" {
                ul {
                    li { a href="#summary" { "In short" } }
                    li { a href="#results" { "Results" } }
                    @for (id, name, section) in &sections {
                        (link(id, name, section))
                        // What is not available belongs to the notes.
                        @if *id == "notes" { (link("missing", "Not available", section)) }
                    }
                }
            }
        }
        main {
            @if table.demo {
                p class="demo" {
                    strong { "Synthetic demo." }
                    " The faces are drawn by Proofmark, not real data: the numbers show that everything \
                     works, not what is true of deepfakes."
                }
            }
            (summary::summary(content))
            section id="results" {
                h2 { "Results" }
                @for block in table.metrics.iter().enumerate() {
                    (table::block(content, places, block, &footnotes))
                }
            }
            @for (_, _, section) in &sections {
                (section)
            }
        }
        script type="application/json" id="facts" { (PreEscaped(facts::json(content, places))) }
    }
}

/// A link to a section, if it is there.
fn link(id: &str, name: &str, section: &Markup) -> Markup {
    html! {
        @if section.0.contains(&format!("<section id=\"{id}\">")) {
            li { a href={ "#" (id) } { (name) } }
        }
    }
}
