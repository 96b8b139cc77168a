//! The table as LaTeX with booktabs and siunitx: a table a metric, scenarios side by side as far as
//! they fit a page set in 10 points, and below each other beyond.
//!
//! The preamble needs `\usepackage{booktabs,siunitx}` and nothing else. Intervals are in the file
//! and not shown, since a table of many columns is unreadable with them: a comment at its top says
//! how to.

use super::lines::width;
use super::separability;
use super::table::{Cell, ColumnHead, Mark, MetricBlock, ScenarioHead, TableData};
use super::tex::{escape, with_letters};
use super::text::{Footnotes, heading, notes, percent};

/// Width of the text of LaTeX's article class in 10 points.
const TEXT_WIDTH: f64 = 345.0;
/// About the width of a character in `\footnotesize`, and in `\scriptsize`, in points.
const CHARACTER: (f64, f64) = (4.3, 3.6);
/// Space between two columns in points.
const GAP: f64 = 6.0;

const PREAMBLE: &str = r"% Preamble: \usepackage{booktabs,siunitx}
% Intervals are not shown. To show them, put this before the table:
% \newcommand{\ProofmarkInterval}[2]{\,{\scriptsize[#1,\,#2]}}
\providecommand{\ProofmarkInterval}[2]{}
";

/// Renders a table as one LaTeX `table*` environment a metric.
pub fn render(table: &TableData) -> String {
    let footnotes = Footnotes::of(table);
    let labels: Vec<String> = (0..table.metrics.len()).map(|block| label(table, block)).collect();
    let mut out = String::new();
    for (place, block) in table.metrics.iter().enumerate() {
        let caption = escape(&format!("{}: {}", table.caption(), heading(block)));
        let label = &labels[place];
        out += &format!("\\begin{{table*}}[t]\n\\centering\n\\caption{{{caption}}}\n");
        out += &format!("\\label{{{label}}}\n\\footnotesize\n\\setlength{{\\tabcolsep}}{{3pt}}\n");
        out += "\\sisetup{detect-weight}\n";
        for part in parts(&table.scenarios, block) {
            out += &tabular(block, &part, &footnotes);
        }
        out += &match labels.last() {
            Some(last) if place + 1 < labels.len() => {
                below(&[format!("Marks and notes: below Table~\\ref{{{last}}}.")])
            }
            Some(_) | None => below(&all_notes(table, &footnotes)),
        };
        out += "\\end{table*}\n";
    }
    out += &apart(table);
    with_letters(PREAMBLE, &out)
}

/// How far embeddings lie apart, as a table of its own.
fn apart(table: &TableData) -> String {
    if table.separability.is_empty() {
        return String::new();
    }
    let caption = escape(&format!("{}: {}", table.caption(), separability::HEADING));
    let mut out = format!("\\begin{{table*}}[t]\n\\centering\n\\caption{{{caption}}}\n");
    out += &format!("\\label{{tab:{}-separability}}\n\\footnotesize\n", plain(&table.name));
    for block in &table.separability {
        let columns = "r".repeat(separability::heads().count());
        out += &format!("\\begin{{tabular}}{{l{columns}}}\n\\toprule\n{}", escape(&block.label));
        for head in separability::heads() {
            out += &format!(" & {}", escape(head));
        }
        out += " \\\\\n\\midrule\n";
        for row in &block.rows {
            out += &escape(&row.label);
            for cell in separability::cells(row) {
                // A hyphen is no minus.
                out += &format!(" & {}", escape(&cell.replace('-', "−")));
            }
            out += " \\\\\n";
        }
        out += "\\bottomrule\n\\end{tabular}\\par\\medskip\n";
    }
    let notes = separability::notes(table);
    out += &below(&notes.iter().map(|note| escape(note)).collect::<Vec<_>>());
    out + "\\end{table*}\n"
}

/// A name of which labels may be made.
fn plain(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect()
}

/// The label of a metric's table, unlike any other of the file.
fn label(table: &TableData, block: usize) -> String {
    let name = plain(&table.name);
    let key = table.metrics[block].metric.word;
    let before = table.metrics[..block].iter().filter(|b| b.metric.word == key).count();
    let more = if before == 0 { String::new() } else { format!("-{}", before + 1) };
    format!("tab:{name}-{key}{more}")
}

fn all_notes(table: &TableData, footnotes: &Footnotes<'_>) -> Vec<String> {
    let notes = notes(table, "bold", "underlined");
    let reasons = footnotes.reasons.iter().enumerate();
    let reasons = reasons
        .map(|(i, reason)| format!("\\textsuperscript{{{}}}~n/a: {}.", i + 1, escape(reason)));
    notes.iter().map(|note| escape(note)).chain(reasons).collect()
}

/// Some sentences below a table.
fn below(sentences: &[String]) -> String {
    if sentences.is_empty() {
        return String::new();
    }
    let text = sentences.join("\n");
    format!("\\begin{{minipage}}{{\\textwidth}}\\footnotesize\n{text}\n\\end{{minipage}}\n")
}

/// Columns of a scenario that stand side by side, with their places among all.
struct Group<'a> {
    scenario: &'a ScenarioHead,
    columns: Vec<(usize, &'a ColumnHead)>,
}

/// What stands side by side: whole scenarios as far as they fit, and parts of one that is too
/// wide alone.
fn parts<'a>(scenarios: &'a [ScenarioHead], block: &MetricBlock) -> Vec<Vec<Group<'a>>> {
    let labels = block.rows.iter().map(|row| width(&row.label)).max().unwrap_or(0);
    let room = TEXT_WIDTH - labels as f64 * CHARACTER.0;
    let column_width = |(place, head): &(usize, &ColumnHead)| {
        let cells = block.rows.iter().map(|row| cell_width(&row.cells[*place]));
        cells.fold(width(&head.label) as f64 * CHARACTER.0, f64::max) + GAP
    };
    let mut parts: Vec<Vec<Group<'a>>> = Vec::new();
    let (mut left, mut place) = (0.0, 0);
    for scenario in scenarios.iter().filter(|scenario| !scenario.columns.is_empty()) {
        let columns: Vec<(usize, &ColumnHead)> = (place..).zip(&scenario.columns).collect();
        place += columns.len();
        let needed: f64 = columns.iter().map(column_width).sum();
        if let (Some(part), true) = (parts.last_mut(), needed <= left) {
            part.push(Group { scenario, columns });
            left -= needed;
            continue;
        }
        // In a new part, and in another one wherever a column does not fit any more.
        let mut part: Vec<(usize, &ColumnHead)> = Vec::new();
        left = room;
        for column in columns {
            let needed = column_width(&column);
            if needed > left && !part.is_empty() {
                parts.push(vec![Group { scenario, columns: std::mem::take(&mut part) }]);
                left = room;
            }
            left -= needed;
            part.push(column);
        }
        parts.push(vec![Group { scenario, columns: part }]);
    }
    parts
}

/// About the width of a cell in points, without its interval.
fn cell_width(cell: &Cell) -> f64 {
    let dagger = if cell.significant { CHARACTER.1 } else { 0.0 };
    let deviation = cell.deviation().map_or(0.0, |_| 5.0 * CHARACTER.1);
    let published = cell.reference.map_or(0.0, |_| 7.0 * CHARACTER.1);
    5.0 * CHARACTER.0 + dagger + deviation + published
}

fn tabular(block: &MetricBlock, part: &[Group<'_>], footnotes: &Footnotes<'_>) -> String {
    let columns = || part.iter().flat_map(|group| &group.columns);
    let kind = |(place, _): &(usize, &ColumnHead)| {
        let behind = behind(block, *place);
        let space = match behind.is_empty() {
            true => behind,
            false => format!(",table-space-text-post={{{behind}}}"),
        };
        format!("S[table-format=3.1{space}]")
    };
    let kinds: String = columns().map(kind).collect();
    let mut out = format!("\\begin{{tabular}}{{l{kinds}}}\n\\toprule\n");
    out += &head(part);
    out += "\\midrule\n";
    for row in &block.rows {
        out += &escape(&row.label);
        for (place, _) in columns() {
            out += &format!(" & {}", print(&row.cells[*place], footnotes));
        }
        out += " \\\\\n";
    }
    out + "\\bottomrule\n\\end{tabular}\\par\\medskip\n"
}

/// The widest that stands behind a number of a column, for which room is kept.
fn behind(block: &MetricBlock, place: usize) -> String {
    let cells = || block.rows.iter().map(|row| &row.cells[place]);
    let mut text = String::new();
    if cells().any(|cell| cell.significant) {
        text += DAGGER;
    }
    text += &cells().find_map(Cell::deviation).map(spread).unwrap_or_default();
    text += &cells().find_map(|cell| cell.reference).map(published).unwrap_or_default();
    text
}

/// The two lines of column heads and the rules between them.
fn head(part: &[Group<'_>]) -> String {
    let (mut scenarios, mut rules, mut labels) = (String::new(), String::new(), String::new());
    let mut first = 2;
    for Group { scenario, columns } in part {
        let span = columns.len();
        let name = escape(&scenario.name);
        scenarios += &format!(" & \\multicolumn{{{span}}}{{c}}{{{name}}}");
        rules += &format!("\\cmidrule(lr){{{first}-{}}}", first + span - 1);
        first += span;
        for (_, column) in columns {
            labels += &format!(" & {{{}}}", escape(&column.label));
        }
    }
    format!("{scenarios} \\\\\n{rules}\n{labels} \\\\\n")
}

const DAGGER: &str = "\\textsuperscript{\\dag}";

fn print(cell: &Cell, footnotes: &Footnotes<'_>) -> String {
    let mut text = match (cell.value.map(percent), cell.mark) {
        (None, _) if cell.seen => "{--}".to_owned(),
        (None, _) => format!("{{n/a\\textsuperscript{{{}}}}}", footnotes.number(cell)),
        (Some(value), Some(Mark::Best)) => format!("\\bfseries {value}"),
        (Some(value), Some(Mark::Second)) => format!("{{\\underline{{{value}}}}}"),
        (Some(value), None) => value,
    };
    if cell.significant {
        text += DAGGER;
    }
    text += &cell.deviation().map(spread).unwrap_or_default();
    if let Some(interval) = cell.interval {
        let (low, high) = (percent(interval.low), percent(interval.high));
        text += &format!("{{\\ProofmarkInterval{{{low}}}{{{high}}}}}");
    } else if cell.no_interval() {
        text += "{\\ProofmarkInterval{n/a}{n/a}}";
    }
    text + &cell.reference.map(published).unwrap_or_default()
}

// siunitx must not read what stands behind a number as a part of it, so that it is in braces.

fn spread(deviation: f64) -> String {
    format!("{{\\,\\scriptsize\\ensuremath{{\\pm}}{}}}", percent(deviation))
}

fn published(value: f64) -> String {
    format!("{{\\,\\scriptsize({})}}", percent(value))
}
