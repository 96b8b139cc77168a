//! Statistics as LaTeX with booktabs, like Tables 1 and 2 of the paper.
//!
//! The preamble needs `\usepackage{booktabs,graphicx}` and nothing else.

use super::cells::{Style, cell};
use super::columns::{Group, groups, rows};
use super::notes::{legend, lines, of_table};
use crate::tex::{escape, with_letters};
use proofmark_data::statistics::SurveyRow;
use proofmark_data::survey::{Note, SetTable, Survey};

const STYLE: Style = Style {
    unknown: "--",
    same: "~=",
    differs: |found, published| format!("\\textbf{{{found}}} of {published}"),
};

/// Renders each table as a `table*` environment.
pub fn render(survey: &Survey) -> String {
    let tables = survey.tables.iter().map(|table| environment(table, &survey.notes));
    with_letters("% Preamble: \\usepackage{booktabs,graphicx}\n", &tables.collect::<String>())
}

fn environment(table: &SetTable, notes: &[Note]) -> String {
    let groups = groups(table);
    let ensemble = table.purpose.ensemble().unwrap_or_default();
    let label: String = format!("{} {ensemble}", table.purpose.word())
        .trim_end()
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .collect();
    let mut out = format!(
        "\\begin{{table*}}[t]\n\\centering\n\\caption{{{}}}\n\\label{{tab:data-{label}}}\n\
         \\resizebox{{\\ifdim\\width>\\textwidth\\textwidth\\else\\width\\fi}}{{!}}{{%\n",
        escape(&table.caption())
    );
    let columns: usize = groups.iter().map(|group| group.columns.len()).sum();
    out += &format!("\\begin{{tabular}}{{l{}}}\n\\toprule\n", "r".repeat(columns));
    out += &head(&groups);
    out += "\\midrule\n";
    let line = |row: &SurveyRow| {
        let cells = groups.iter().flat_map(|group| &group.columns);
        let cells = cells.map(|column| format!(" & {}", cell(row, column, &STYLE)));
        format!("{}{} \\\\\n", escape(&row.title), cells.collect::<String>())
    };
    let (rows, total) = rows(table);
    rows.into_iter().for_each(|row| out += &line(row));
    if let Some(total) = &total {
        out += "\\midrule\n";
        out += &line(total);
    }
    out += "\\bottomrule\n\\end{tabular}}\n";
    let mut below: Vec<String> =
        legend(&[table], "=", "–").iter().map(|line| escape(line)).collect();
    below.extend(table.notes.iter().map(|note| escape(note)));
    below.extend(lines(of_table(table, notes)).iter().map(|line| escape(line)));
    if !below.is_empty() {
        out += &format!(
            "\\par\\smallskip\n\\begin{{minipage}}{{\\textwidth}}\\footnotesize\\raggedright\n{}\n\
             \\end{{minipage}}\n",
            below.join("\\par\n")
        );
    }
    out + "\\end{table*}\n"
}

/// The two lines of column heads and the rules between them.
fn head(groups: &[Group]) -> String {
    let (mut heads, mut rules, mut columns) = (String::new(), String::new(), String::new());
    let mut first = 2;
    for group in groups {
        let span = group.columns.len();
        heads += &format!(" & \\multicolumn{{{span}}}{{c}}{{{}}}", escape(group.head));
        rules += &format!("\\cmidrule(lr){{{first}-{}}}", first + span - 1);
        first += span;
        for column in &group.columns {
            columns += &format!(" & {}", escape(column.head));
        }
    }
    format!("{heads} \\\\\n{rules}\n{columns} \\\\\n")
}
