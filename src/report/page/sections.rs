//! What the page says besides tables and plots of scores: notes, claims, data, method.

use super::content::Content;
use crate::markup::escape;
use crate::statistics;
use crate::table::{ClaimResult, TableData};
use crate::text::{Footnotes, notes};
use proofmark_lang::model::Level;

/// Notes, and why cells have no number.
pub(super) fn remarks(table: &TableData, footnotes: &Footnotes<'_>) -> String {
    let mut out = String::new();
    let notes = notes(table, "bold", "underlined");
    if !notes.is_empty() {
        let notes = notes.iter().map(|note| format!("<li>{}</li>\n", escape(note)));
        let notes: String = notes.collect();
        out += &format!("<section id=\"notes\">\n<h2>Notes</h2>\n<ul>\n{notes}</ul>\n</section>\n");
    }
    if !footnotes.reasons.is_empty() {
        let reasons = footnotes.reasons.iter().enumerate();
        let reasons: String = reasons
            .map(|(i, reason)| format!("<li id=\"reason-{}\">{}</li>\n", i + 1, escape(reason)))
            .collect();
        out += &format!(
            "<section id=\"missing\">\n<h2>Not available</h2>\n<ol>\n{reasons}</ol>\n</section>\n"
        );
    }
    out
}

/// The claims with their verdicts.
pub(super) fn claims(table: &TableData) -> String {
    if table.claims.is_empty() {
        return String::new();
    }
    let claims: String = table.claims.iter().map(claim).collect();
    format!(
        "<section id=\"claims\">\n<h2>Claims</h2>\n<ul class=\"claims\">\n{claims}</ul>\n</section>\n"
    )
}

fn claim(claim: &ClaimResult) -> String {
    let word = claim.verdict.word();
    let published = claim.published.map(|verdict| {
        let word = verdict.word();
        format!(" By the published numbers: <span class=\"verdict {word}\">{word}</span>.")
    });
    format!(
        "<li><span class=\"verdict {word}\">{word}</span> <strong>{}</strong> \
         <span class=\"quiet\">{}.{}</span></li>\n",
        escape(&claim.text),
        escape(&claim.detail),
        published.unwrap_or_default()
    )
}

/// Statistics and figures of the data sets.
pub(super) fn data(content: &Content) -> String {
    let findings = content.findings;
    if findings.statistics.is_empty() && findings.figures.is_empty() {
        return String::new();
    }
    let mut out = String::from("<section id=\"data\">\n<h2>Data</h2>\n");
    out += &statistics::html::render(&findings.statistics);
    for (i, figure) in findings.figures.iter().enumerate() {
        let open = if i == 0 { " open" } else { "" };
        let name = escape(&figure.dataset);
        out += &format!(
            "<details{open}><summary>{name} <span class=\"quiet\">videos and faces by label</span>\
             </summary>\n<div class=\"wide\" tabindex=\"0\" role=\"region\" \
             aria-label=\"Figure of {name}\">\n<img class=\"figure\" alt=\"{}\" src=\"{}\">\n\
             </div>\n</details>\n",
            escape(&described(&figure.svg)),
            data_address(&figure.svg)
        );
    }
    out + "</section>\n"
}

/// What an SVG says of itself in words.
fn described(svg: &str) -> String {
    let after = svg.split_once("<desc").and_then(|(_, rest)| rest.split_once('>'));
    let words = after.and_then(|(_, rest)| rest.split_once("</desc>"));
    let words = words.map_or("statistics of the data set", |(words, _)| words);
    let entities = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")];
    entities.iter().fold(words.to_owned(), |words, (entity, c)| words.replace(entity, c))
}

/// An SVG as an address that holds it. As a picture of its own it shares neither names nor style
/// with the page, and nothing in it runs.
fn data_address(svg: &str) -> String {
    format!("data:image/svg+xml,{}", percent_encoded(svg))
}

/// Text as a part of an address.
pub(super) fn percent_encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => out.push(char::from(byte)),
            b'-' | b'_' | b'.' | b',' | b':' | b';' | b'/' | b'=' | b'(' | b')' => {
                out.push(char::from(byte));
            }
            byte => out += &format!("%{byte:02X}"),
        }
    }
    out
}

/// How numbers are computed, as far as this table has them.
pub(super) fn method(content: &Content) -> String {
    let table = content.table;
    let mut lines = vec![
        "Fake is the positive class, and a score is P(fake). Polarity of the data sets is \
         translated when they are read."
            .to_owned(),
    ];
    let videos = table.metrics.iter().any(|block| block.level == Level::Video);
    if videos {
        lines.push(
            "A video's score is made of those of its faces: their mean, unless a note above says \
             otherwise."
                .to_owned(),
        );
    }
    for block in &table.metrics {
        let line = format!("{}: {}.", block.label, block.metric.method);
        if !lines.contains(&line) {
            lines.push(line);
        }
    }
    lines.push(
        "An average is the mean of the numbers that it is over, each weighing the same; without \
         one of them there is none."
            .to_owned(),
    );
    let lines: String = lines.iter().map(|line| format!("<li>{}</li>\n", escape(line))).collect();
    format!(
        "<section id=\"method\">\n<h2>How it was computed</h2>\n<ul>\n{lines}</ul>\n\
         <p>This page: <code>{}</code>, Proofmark {}.</p>\n</section>\n",
        escape(&content.command),
        env!("CARGO_PKG_VERSION")
    )
}
