//! The table as LaTeX with booktabs, like Table 3 of the paper: scenarios side by
//! side, metrics below each other.
//!
//! The preamble needs `\usepackage{booktabs,graphicx}` and nothing else; labels with
//! letters that pdfLaTeX lacks need XeLaTeX or LuaLaTeX.

use super::table::{Cell, Mark, TableData};
use super::text::{Footnotes, certainty, heading, notes, percent};

/// Renders a table as a LaTeX `table*` environment.
pub fn render(table: &TableData) -> String {
    let footnotes = Footnotes::of(table);
    let columns = table.columns().count();
    let mut out = String::from("% Preamble: \\usepackage{booktabs,graphicx}\n\\begin{table*}[t]\n");
    out += "\\centering\n";
    out += &format!("\\caption{{{}}}\n", escape(&table.caption()));
    let name: String =
        table.name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    out += &format!(
        "\\label{{tab:{name}}}\n\\resizebox{{\\ifdim\\width>\\textwidth\\textwidth\\else\\width\\fi}}{{!}}{{%\n"
    );
    let groups: Vec<String> =
        table.scenarios.iter().map(|scenario| "r".repeat(scenario.columns.len())).collect();
    out += &format!("\\begin{{tabular}}{{l{}}}\n\\toprule\n", groups.concat());
    out += &head(table);
    for block in &table.metrics {
        out += "\\midrule\n";
        let heading = escape(&heading(block));
        out += &format!("\\multicolumn{{{}}}{{l}}{{\\textit{{{heading}}}}} \\\\\n", columns + 1);
        out += "\\midrule\n";
        for row in &block.rows {
            out += &escape(&row.label);
            for cell in &row.cells {
                out += &format!(" & {}", print(cell, &footnotes));
            }
            out += " \\\\\n";
        }
    }
    out += "\\bottomrule\n\\end{tabular}}\n";
    let mut below: Vec<String> =
        notes(table, "bold", "underlined").iter().map(|note| escape(note)).collect();
    for (i, reason) in footnotes.reasons.iter().enumerate() {
        below.push(format!("\\textsuperscript{{{}}}~n/a: {}.", i + 1, escape(reason)));
    }
    if !below.is_empty() {
        out += &format!(
            "\\par\\smallskip\n\\begin{{minipage}}{{\\textwidth}}\\footnotesize\n{}\n\\end{{minipage}}\n",
            below.join("\n")
        );
    }
    out + "\\end{table*}\n"
}

/// The two lines of column heads and the rules between them.
fn head(table: &TableData) -> String {
    let (mut scenarios, mut rules, mut labels) = (String::new(), String::new(), String::new());
    let mut first = 2;
    for scenario in table.scenarios.iter().filter(|scenario| !scenario.columns.is_empty()) {
        let span = scenario.columns.len();
        let name = escape(&scenario.name);
        scenarios += &format!(" & \\multicolumn{{{span}}}{{c}}{{{name}}}");
        rules += &format!("\\cmidrule(lr){{{first}-{}}}", first + span - 1);
        first += span;
        for column in &scenario.columns {
            labels += &format!(" & {}", escape(&column.label));
        }
    }
    format!("{scenarios} \\\\\n{rules}\n{labels} \\\\\n")
}

fn print(cell: &Cell, footnotes: &Footnotes<'_>) -> String {
    let value = match (cell.value.map(percent), cell.mark) {
        (None, _) if cell.seen => "--".to_owned(),
        (None, _) => format!("n/a\\textsuperscript{{{}}}", footnotes.number(cell)),
        (Some(value), Some(Mark::Best)) => format!("\\textbf{{{value}}}"),
        (Some(value), Some(Mark::Second)) => format!("\\underline{{{value}}}"),
        (Some(value), None) => value,
    };
    let certainty = certainty(cell);
    let value = match certainty.split_once(' ') {
        Some((dagger, interval)) => {
            format!("{value}{} {{\\scriptsize {}}}", escape(dagger), escape(interval))
        }
        None => value + &escape(&certainty),
    };
    match cell.reference {
        Some(reference) => format!("{value} {{\\scriptsize ({})}}", percent(reference)),
        None => value,
    }
}

/// Text in which no character is a command.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' | '%' | '$' | '#' | '_' | '{' | '}' => {
                out.push('\\');
                out.push(c);
            }
            '~' => out += "\\textasciitilde{}",
            '^' => out += "\\textasciicircum{}",
            '\\' => out += "\\textbackslash{}",
            '<' => out += "\\textless{}",
            '>' => out += "\\textgreater{}",
            '|' => out += "\\textbar{}",
            '"' => out += "\\char34{}",
            '±' => out += "\\ensuremath{\\pm}",
            '†' => out += "\\textsuperscript{\\dag}",
            '\n' | '\r' => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_label_is_a_command() {
        assert_eq!(
            escape(r"50% & $x_1 \# {~}"),
            r"50\% \& \$x\_1 \textbackslash{}\# \{\textasciitilde{}\}"
        );
        // Only some font encodings have a command for it.
        assert_eq!(escape("\"a\""), r"\char34{}a\char34{}");
    }
}
