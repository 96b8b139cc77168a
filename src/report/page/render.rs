//! The page as a whole.

use super::content::Content;
use super::figures::Figures;
use super::places::Places;
use super::{differences, facts, plots, provenance, sections, summary, table};
use crate::markup::escape;
use crate::plot::palette::page_style;
use crate::text::Footnotes;

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// Renders the page with its plots.
pub fn render(content: &Content, figures: &Figures) -> String {
    let places = Places::of(content);
    let body = body(content, figures, &places);
    // The script alone may run: a label would have to hold the digest of a page with itself.
    let nonce = &blake3::hash(body.as_bytes()).to_hex()[..32];
    let policy = format!(
        "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'unsafe-inline'; img-src data:; \
         base-uri 'none'; form-action 'none'"
    );
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <link rel=\"icon\" href=\"data:,\">\n\
         <title>{}</title>\n<style>\n{STYLE}{}</style>\n</head>\n<body>\n{body}\
         <script nonce=\"{nonce}\">\n{SCRIPT}</script>\n</body>\n</html>\n",
        escape(&content.table.caption()),
        page_style()
    )
}

fn body(content: &Content, figures: &Figures, places: &Places) -> String {
    let table = content.table;
    let footnotes = Footnotes::of(table);
    let demo = match table.demo {
        true => {
            "<p class=\"demo\"><strong>Synthetic demo.</strong> The faces are drawn by Proofmark, \
             not real data: the numbers show that everything works, not what is true of \
             deepfakes.</p>\n"
        }
        false => "",
    };
    let blocks: String = table
        .metrics
        .iter()
        .enumerate()
        .map(|block| table::block(content, places, block, &footnotes))
        .collect();
    let sections = [
        sections::remarks(table, &footnotes),
        sections::claims(table),
        differences::differences(table),
        differences::declarations(content),
        plots::robustness(figures),
        plots::units(content, figures),
        plots::learning(figures),
        provenance::load_reports(content),
        sections::data(content),
        provenance::provenance(content, places),
        sections::method(content),
    ]
    .concat();
    format!(
        "<a class=\"skip\" href=\"#results\">Skip to the results</a>\n<header>\n<h1>{}</h1>\n\
         <nav aria-label=\"Sections\"><ul>\n{}</ul></nav>\n</header>\n<main>\n{demo}{}\
         <section id=\"results\">\n<h2>Results</h2>\n{blocks}</section>\n{sections}</main>\n\
         <script type=\"application/json\" id=\"facts\">{}</script>\n",
        escape(&table.title),
        contents(&sections),
        summary::summary(content),
        facts::json(content, places)
    )
}

/// Links to the sections that there are.
fn contents(sections: &str) -> String {
    let all = [
        ("notes", "Notes"),
        ("missing", "Not available"),
        ("claims", "Claims"),
        ("differences", "Differences"),
        ("rows", "Rows"),
        ("robustness", "Robustness"),
        ("scores", "Scores"),
        ("learning", "Learning"),
        ("weights", "Weights"),
        ("data", "Data"),
        ("provenance", "Provenance"),
        ("method", "Method"),
    ];
    let there =
        all.into_iter().filter(|(id, _)| sections.contains(&format!("<section id=\"{id}\">")));
    [("summary", "In short"), ("results", "Results")]
        .into_iter()
        .chain(there)
        .map(|(id, name)| format!("<li><a href=\"#{id}\">{name}</a></li>\n"))
        .collect()
}
