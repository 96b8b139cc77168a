//! Statistics as parts of an HTML page.

use super::cells::{Style, cell};
use super::columns::{Group, groups, rows};
use super::notes::legend;
use crate::markup::escape;
use proofmark_data::statistics::Row;
use proofmark_data::survey::SetTable;

const STYLE: Style = Style {
    unknown: "–",
    same: " =",
    differs: |found, published| format!("{found} of {published}"),
};

/// Renders tables with their notes, and what their marks mean.
pub(crate) fn render(tables: &[SetTable]) -> String {
    let mut out: String = tables.iter().map(one).collect();
    let all: Vec<&SetTable> = tables.iter().collect();
    let legend = legend(&all, "=", STYLE.unknown);
    if !legend.is_empty() {
        out += &format!("<p class=\"quiet\">{}</p>\n", escape(&legend.join(" ")));
    }
    out
}

fn one(table: &SetTable) -> String {
    let caption = escape(&table.caption());
    let groups = groups(table);
    let mut out = format!(
        "<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"{caption}\">\n<table>\n\
         <caption><span>{caption}</span></caption>\n<thead>\n<tr><td></td>"
    );
    for Group { head, columns } in &groups {
        out += &format!("<th scope=\"colgroup\" colspan=\"{}\">{head}</th>", columns.len());
    }
    out += "</tr>\n<tr><th scope=\"col\">Data set</th>";
    for column in groups.iter().flat_map(|group| &group.columns) {
        out += &format!("<th scope=\"col\">{}</th>", column.head);
    }
    out += "</tr>\n</thead>\n<tbody>\n";
    let line = |row: &Row| {
        let columns = groups.iter().flat_map(|group| &group.columns);
        let cells =
            columns.map(|column| format!("<td>{}</td>", escape(&cell(row, column, &STYLE))));
        let cells: String = cells.collect();
        format!("<tr><th scope=\"row\">{}</th>{cells}</tr>\n", escape(&row.title))
    };
    let (rows, total) = rows(table);
    out += &rows.into_iter().map(line).collect::<String>();
    out += "</tbody>\n";
    if let Some(total) = &total {
        out += &format!("<tfoot>\n{}</tfoot>\n", line(total));
    }
    out += "</table>\n</div>\n";
    for note in &table.notes {
        out += &format!("<p>{}</p>\n", escape(note));
    }
    out
}
