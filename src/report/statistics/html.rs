//! Statistics as parts of an HTML page.

use maud::{Markup, html};

use super::cells::{Style, cell};
use super::columns::{Group, groups, rows};
use super::notes::legend;
use proofmark_data::statistics::SurveyRow;
use proofmark_data::survey::SetTable;

const STYLE: Style = Style {
    unknown: "–",
    same: " =",
    differs: |found, published| format!("{found} of {published}"),
};

/// Renders tables with their notes, and what their marks mean.
pub(crate) fn render(tables: &[SetTable]) -> Markup {
    let all: Vec<&SetTable> = tables.iter().collect();
    let legend = legend(&all, "=", STYLE.unknown);
    html! {
        @for table in tables {
            (one(table))
        }
        @if !legend.is_empty() {
            p class="quiet" { (legend.join(" ")) }
        }
    }
}

fn one(table: &SetTable) -> Markup {
    let groups = groups(table);
    let columns = || groups.iter().flat_map(|group| &group.columns);
    let line = |row: &SurveyRow| {
        html! {
            tr {
                th scope="row" { (row.title) }
                @for column in columns() {
                    td { (cell(row, column, &STYLE)) }
                }
            }
        }
    };
    let (rows, total) = rows(table);
    html! {
        div class="wide" tabindex="0" role="region" aria-label=(table.caption()) {
            table {
                caption { span { (table.caption()) } }
                thead {
                    tr {
                        td {}
                        @for Group { head, columns } in &groups {
                            th scope="colgroup" colspan=(columns.len()) { (head) }
                        }
                    }
                    tr {
                        th scope="col" { "Data set" }
                        @for column in columns() {
                            th scope="col" { (column.head) }
                        }
                    }
                }
                tbody {
                    @for row in rows {
                        (line(row))
                    }
                }
                @if let Some(total) = &total {
                    tfoot { (line(total)) }
                }
            }
        }
        @for note in &table.notes {
            p { (note) }
        }
    }
}
