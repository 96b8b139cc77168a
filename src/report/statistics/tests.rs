//! Every format of the made-up surveys, and what must hold in all of them.

use super::fixture::{declared, nothing_prepared, partly_prepared};
use super::{csv, json, latex, markdown, text};
use crate::lines::Screen;
use proofmark_data::statistics::CountKind;
use proofmark_data::survey::{SetTable, Survey};
use proofmark_text::csv::{Record, records};

#[test]
fn formats_look_as_they_should() {
    let survey = partly_prepared();
    insta::assert_snapshot!("text", text::render(&survey, Screen::PLAIN));
    insta::assert_snapshot!("markdown", markdown::render(&survey));
    insta::assert_snapshot!("latex", latex::render(&survey));
    insta::assert_snapshot!("csv", csv::render(&survey));
    insta::assert_snapshot!("json", json::render(&survey));
}

#[test]
fn nothing_prepared_and_nothing_used() {
    insta::assert_snapshot!(
        "text_of_nothing_prepared",
        text::render(&nothing_prepared(), Screen::PLAIN)
    );
    insta::assert_snapshot!("latex_of_nothing_prepared", latex::render(&nothing_prepared()));
    insta::assert_snapshot!("text_of_declared", text::render(&declared(), Screen::PLAIN));
}

/// What the run prints once an ensemble is sampled.
#[test]
fn one_table_alone() {
    let table = partly_prepared().tables.swap_remove(0);
    let whole =
        text::render(&Survey { tables: vec![table.clone()], notes: Vec::new() }, Screen::PLAIN);
    let without_blanks = |text: &str| text.replace('\n', "");
    assert_eq!(without_blanks(&text::table(&table, Screen::PLAIN)), without_blanks(&whole));
}

fn all(survey: &Survey) -> [(&'static str, String); 5] {
    [
        ("text", text::render(survey, Screen::PLAIN)),
        ("markdown", markdown::render(survey)),
        ("latex", latex::render(survey)),
        ("csv", csv::render(survey)),
        ("json", json::render(survey)),
    ]
}

#[test]
fn every_note_is_in_every_format() {
    for (format, text) in all(&partly_prepared()) {
        let plain = text.replace('\n', " ").replace("  ", " ").replace('\\', "");
        for note in [
            "4 listed files not on disk (a_b.mp4, c.mp4, d.mp4, ...)",
            "looked for: /data/Celeb_DF",
            "only real training faces",
            "`proofmark prepare x.kdl`",
        ] {
            // The table's own notes are not numbers of one data set.
            if format == "csv" && note.starts_with("only") {
                continue;
            }
            assert!(plain.contains(note), "{format}: {note}\n{text}");
        }
    }
}

#[test]
fn a_demo_is_called_one_in_every_format_and_nothing_else_is() {
    let mut survey = partly_prepared();
    survey.notes.clear();
    survey.tables[0].rows.retain(|row| row.synthetic);
    survey.tables.truncate(1);
    for (format, text) in all(&survey) {
        assert!(text.contains("synthetic demo"), "{format}");
    }
    survey.tables[0].rows[0].synthetic = false;
    for (format, text) in all(&survey) {
        assert!(!text.contains("synthetic demo"), "{format}");
    }
}

#[test]
fn csv_and_json_have_the_exact_numbers() {
    let survey = partly_prepared();
    let records = records(csv::render(&survey).as_bytes()).unwrap();
    let columns = records[0].fields.len();
    assert!(records.iter().all(|record| record.fields.len() == columns));
    let json: serde_json::Value = serde_json::from_str(&json::render(&survey)).unwrap();
    for (t, table) in survey.tables.iter().enumerate() {
        for (r, row) in table.rows.iter().enumerate() {
            let name = row.dataset.as_deref().unwrap();
            for (measure, count) in row.counts() {
                let value = |n: Option<u64>| n.map(|n| n.to_string()).unwrap_or_default();
                let has = |record: &&Record| {
                    record.fields[2] == name && record.fields[4] == measure.word()
                };
                let record = records.iter().find(has).unwrap();
                assert_eq!(record.fields[5], value(count.found), "{name} {measure:?}");
                assert_eq!(record.fields[6], value(count.published), "{name} {measure:?}");
                let cell = &json["tables"][t]["rows"][r]["counts"][measure.word()];
                assert_eq!(cell["found"], serde_json::json!(count.found));
                assert_eq!(cell["published"], serde_json::json!(count.published));
            }
        }
    }
    let words: std::collections::BTreeSet<_> = CountKind::ALL.map(CountKind::word).into();
    assert_eq!(words.len(), CountKind::ALL.len());
}

#[test]
fn every_line_of_text_fits() {
    let mut survey = partly_prepared();
    for row in survey.tables.iter_mut().flat_map(|table: &mut SetTable| &mut table.rows) {
        row.title = "a title\u{1b}[2J that is much longer than any title should be".into();
    }
    let text = text::render(&survey, Screen::PLAIN);
    let widest = text.lines().map(|line| line.chars().count()).max().unwrap();
    assert!(widest <= 100, "{widest}:\n{text}");
    assert!(!text.contains('\u{1b}'), "{text}");
    assert!(text.contains("a title<U+001B>[2J that is mu…"), "{text}");
}

#[test]
fn every_latex_line_has_all_columns() {
    for survey in [partly_prepared(), nothing_prepared(), declared()] {
        let text = latex::render(&survey);
        for environment in text.split("\\begin{tabular}{").skip(1) {
            let columns = environment.split('}').next().unwrap().len();
            let lines = environment.lines().filter(|line| line.ends_with("\\\\"));
            for line in lines.filter(|line| !line.contains("multicolumn")) {
                assert_eq!(line.matches(" & ").count(), columns - 1, "{line}");
            }
        }
        assert_eq!(text.matches("\\begin{").count(), text.matches("\\end{").count());
        let braces = |c: char| text.matches(c).count() - text.matches(&format!("\\{c}")).count();
        assert_eq!(braces('{'), braces('}'));
    }
}
