//! What the page says besides tables and plots of scores: notes, claims, data, method.

use maud::{Markup, html};

use super::content::Content;
use crate::statistics;
use crate::table::{ClaimResult, TableData, Verdict};
use crate::text::{Footnotes, by_sentence, notes, quoted};
use proofmark_lang::model::Level;

/// Notes, and why cells have no number.
pub(super) fn remarks(table: &TableData, footnotes: &Footnotes<'_>) -> Markup {
    let notes = notes(table, "bold", "underlined");
    html! {
        @if !notes.is_empty() {
            section id="notes" {
                h2 { "Notes" }
                ul {
                    @for note in &notes {
                        li { (note) }
                    }
                }
            }
        }
        @if !footnotes.reasons.is_empty() {
            section id="missing" {
                h2 { "Not available" }
                ol {
                    @for (i, reason) in footnotes.reasons.iter().enumerate() {
                        li id={ "reason-" (i + 1) } { (reason) }
                    }
                }
            }
        }
    }
}

/// The claims with their verdicts.
pub(super) fn claims(table: &TableData) -> Markup {
    html! {
        @if !table.claims.is_empty() {
            section id="claims" {
                h2 { "Claims" }
                @for (sentence, claims) in by_sentence(table) {
                    @if let Some(sentence) = sentence {
                        p class="sentence" { (quoted(sentence)) }
                    }
                    ul class="claims" {
                        @for claim in claims {
                            (one_claim(claim))
                        }
                    }
                }
            }
        }
    }
}

fn one_claim(claim: &ClaimResult) -> Markup {
    let verdict = |verdict: Verdict| {
        let class = verdict.words().replace(' ', "-");
        html! { span class={ "verdict " (class) } { (verdict.words()) } }
    };
    html! {
        li {
            (verdict(claim.verdict)) " " strong { (claim.text) } " "
            span class="quiet" {
                (claim.detail) "."
                @if let Some(published) = &claim.published {
                    " By the published numbers: " (verdict(published.verdict))
                    @if let Some(detail) = &published.detail { ", " (detail) }
                    "."
                }
            }
        }
    }
}

/// Statistics and figures of the data sets.
pub(super) fn data(content: &Content) -> Markup {
    let findings = content.findings;
    html! {
        @if !findings.statistics.is_empty() || !findings.figures.is_empty() {
            section id="data" {
                h2 { "Data" }
                (statistics::html::render(&findings.statistics))
                @for (i, figure) in findings.figures.iter().enumerate() {
                    details open[i == 0] {
                        summary { (figure.dataset) " " span class="quiet" { "videos and faces by label" } }
                        div class="wide" tabindex="0" role="region" aria-label={ "Figure of " (figure.dataset) } {
                            img class="figure" alt=(described(&figure.svg)) src=(data_address(&figure.svg));
                        }
                    }
                }
            }
        }
    }
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
pub(super) fn method(content: &Content) -> Markup {
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
    html! {
        section id="method" {
            h2 { "How it was computed" }
            ul {
                @for line in &lines {
                    li { (line) }
                }
            }
            p { "This page: " code { (content.command) } ", Proofmark " (env!("CARGO_PKG_VERSION")) "." }
        }
    }
}
