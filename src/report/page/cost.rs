//! What a face costs each row: counted, and measured where its scores were made.

use maud::{Markup, html};

use super::content::{Content, Pace};
use crate::cost;
use crate::numbers::thousands;

/// Parameters and multiply-adds of each row, and how fast it was scored.
pub(super) fn cost(content: &Content) -> Markup {
    let table = content.table;
    let measured = |row: usize| content.paces.iter().find(|pace| pace.row == row);
    let place = |label: &str| content.labels().iter().position(|other| *other == label);
    html! {
        @if !table.costs.is_empty() {
            section id="cost" {
                h2 { (cost::HEADING) }
                div class="wide" tabindex="0" role="region" aria-label=(cost::HEADING) {
                    table {
                        thead {
                            tr {
                                th scope="col" { "Row" }
                                @for head in cost::HEADS {
                                    th scope="col" { (head) }
                                }
                                @if !content.paces.is_empty() {
                                    th scope="col" { "faces a second" }
                                    th scope="col" { "videos a second" }
                                    th scope="col" { "measured" }
                                }
                            }
                        }
                        tbody {
                            @for row in &table.costs {
                                @let place = place(&row.label);
                                tr data-row=[place] {
                                    th scope="row" { (row.label) }
                                    @for cell in cost::cells(row) {
                                        td { (cell) }
                                    }
                                    @if !content.paces.is_empty() {
                                        (pace(place.and_then(measured)))
                                    }
                                }
                            }
                        }
                    }
                }
                ul {
                    li { (cost::NOTE) }
                    @if content.paces.is_empty() {
                        li {
                            "How fast rows were scored differs from run to run: where the scores were made, "
                            "--speed shows it."
                        }
                    } @else {
                        li {
                            "Faces and videos a second are wall-clock, of the predictions in this report as \
                             they were made: reading the model and the prepared faces is in it, and what ran \
                             beside it slowed it down; finding faces in frames is not. Another run measures \
                             other times."
                        }
                    }
                }
            }
        }
    }
}

fn pace(pace: Option<&Pace>) -> Markup {
    html! {
        @match pace.filter(|pace| pace.seconds > 0.0) {
            Some(pace) => {
                td { (cost::short(pace.faces as f64 / pace.seconds)) }
                td { (cost::short(pace.videos as f64 / pace.seconds)) }
                td {
                    (thousands(pace.faces)) " faces of " (thousands(pace.videos)) " videos in "
                    (format!("{:.1} s", pace.seconds))
                    @for machine in &pace.machines { "; " (machine) }
                }
            }
            None => { td { "n/a" } td { "n/a" } td {} }
        }
    }
}
