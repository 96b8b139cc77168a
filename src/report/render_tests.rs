//! Every format of the made-up table, and what must hold in all of them.

use super::fixture::{certain, table};
use super::lines::Screen;
use super::page::tests::page;
use super::table::TableData;
use super::{beside, csv, json, latex, markdown, reference, terminal};
use proofmark_text::csv::records;

#[test]
fn formats_look_as_they_should() {
    let table = table();
    insta::assert_snapshot!("markdown", markdown::render(&table));
    insta::assert_snapshot!("latex", latex::render(&table));
    insta::assert_snapshot!("json", json::render(&table));
    insta::assert_snapshot!("csv", csv::render(&table));
    insta::assert_snapshot!("terminal", terminal::render(&table, Screen::PLAIN));
}

#[test]
fn intervals_and_significance_look_as_they_should() {
    let table = certain();
    insta::assert_snapshot!("markdown_certain", markdown::render(&table));
    insta::assert_snapshot!("latex_certain", latex::render(&table));
    insta::assert_snapshot!("terminal_certain", terminal::render(&table, Screen::PLAIN));
    insta::assert_snapshot!("csv_certain", csv::render(&table));
}

#[test]
fn intervals_and_daggers_are_in_what_people_read() {
    let [markdown, latex, html, .., terminal] = all(&certain());
    for (format, text) in [markdown, latex, html, terminal] {
        let interval = ["[27.9, 31.3]", "\\ProofmarkInterval{27.9}{31.3}"];
        assert!(interval.iter().any(|interval| text.contains(interval)), "{format}");
        assert!(text.contains('†') || text.contains("\\dag"), "{format}");
    }
}

fn all(table: &TableData) -> [(&'static str, String); 6] {
    [
        ("markdown", markdown::render(table)),
        ("latex", latex::render(table)),
        ("html", page(table)),
        ("json", json::render(table)),
        ("csv", csv::render(table)),
        ("terminal", terminal::render(table, Screen::PLAIN)),
    ]
}

#[test]
fn a_demo_is_called_one_in_every_format_and_nothing_else_is() {
    let mut table = table();
    for (format, text) in all(&table) {
        assert!(text.contains("synthetic demo"), "{format}");
    }
    table.demo = false;
    for (format, text) in all(&table) {
        assert!(!text.contains("synthetic demo"), "{format}");
    }
}

#[test]
fn reasons_are_in_every_format() {
    for (format, text) in all(&table()) {
        assert!(text.contains("there is no fake among 3 real"), "{format}");
    }
}

#[test]
fn an_empty_table_is_one_in_every_format() {
    let empty = TableData {
        scenarios: Vec::new(),
        metrics: Vec::new(),
        references: Vec::new(),
        claims: Vec::new(),
        caption_notes: Vec::new(),
        ..table()
    };
    for (format, text) in all(&empty) {
        assert!(!text.contains("n/a"), "{format}");
    }
}

#[test]
fn csv_values_are_read_back_exactly() {
    let table = table();
    let records = records(csv::render(&table).as_bytes()).unwrap();
    let written: Vec<Option<f64>> = table
        .metrics
        .iter()
        .flat_map(|block| &block.rows)
        .flat_map(|row| row.cells.iter().map(|cell| cell.value))
        .collect();
    let read: Vec<Option<f64>> =
        records[1..].iter().map(|record| record.fields[4].parse().ok()).collect();
    assert_eq!(read, written);
    assert!(read.contains(&Some(0.1 + 0.2)));
}

#[test]
fn a_csv_report_can_be_a_reference() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("table.csv");
    let mut table = table();
    std::fs::write(&path, csv::render(&table)).unwrap();
    let published = reference::read(&path, "last run", false).unwrap();
    for cell in table.metrics.iter_mut().flat_map(|b| &mut b.rows).flat_map(|row| &mut row.cells) {
        cell.reference = None;
    }
    table.references.clear();
    beside::place(&mut table, &[published]);
    assert_eq!(table.references[0].unmatched, Vec::<String>::new());
    for cell in table.metrics.iter().flat_map(|b| &b.rows).flat_map(|row| &row.cells) {
        assert_eq!(cell.reference, cell.value);
    }
}

#[test]
fn every_latex_line_has_all_columns() {
    let table = table();
    let text = latex::render(&table);
    let lines: Vec<&str> = text.lines().filter(|line| line.ends_with("\\\\")).collect();
    let ampersands = |line: &str| line.matches(" & ").count();
    let labels = lines.iter().filter(|line| !line.contains("multicolumn"));
    for line in labels {
        assert_eq!(ampersands(line), table.columns().count(), "{line}");
    }
    assert_eq!(text.matches("\\begin{").count(), text.matches("\\end{").count());
    assert_eq!(
        text.matches('{').count() - text.matches("\\{").count(),
        text.matches('}').count() - text.matches("\\}").count()
    );
}
