//! The page of a made-up report: what is in it, and that nothing in it is taken for markup.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::content::*;
use super::figures::Figures;
use super::render::render;
use crate::findings::{Findings, Maker, Run, ScoreFile, SetDigests, SetFigure};
use crate::fixture::{certain, table};
use crate::markup::escape;
use crate::table::TableData;
use proofmark_base::provenance::Provenance;
use proofmark_lang::model::Split;
use proofmark_model::weights::LoadReport;
use proofmark_plan::scope::Target;
use proofmark_train::journal::record::{EpochRecord, LossPart};

/// What breaks pages that take labels for markup.
const HOSTILE: &str = "</script><b id=\"x\" onclick='y'>&amp;<!--";

/// The page of a table of which nothing else is known.
pub(crate) fn page(table: &TableData) -> String {
    page_of(&content(table, &Findings::default()))
}

fn page_of(content: &Content) -> String {
    render(content, &Figures::of(content))
}

fn content<'a>(table: &'a TableData, findings: &'a Findings) -> Content<'a> {
    let rows = table.metrics.first().map(|block| block.rows.as_slice()).unwrap_or_default();
    Content {
        table,
        findings,
        index: Index::of(findings),
        units: Vec::new(),
        texts: BTreeMap::new(),
        experiments: rows.iter().map(|row| vec![row.experiment.clone()]).collect(),
        weights: BTreeMap::new(),
        faces: BTreeMap::new(),
        paces: Vec::new(),
        command: "proofmark run x.kdl".into(),
    }
}

fn findings() -> Findings {
    let epoch = |epoch: u32, kept| EpochRecord {
        epoch,
        train_loss: 1.5 / f64::from(epoch),
        parts: ["cross-entropy", "batch-all"]
            .map(|term| LossPart { term: term.into(), value: 0.5 })
            .into(),
        val_loss: Some(0.7),
        val_auc: (epoch > 1).then_some(0.9),
        kept,
        ..EpochRecord::default()
    };
    let run = |experiment: &str| Run {
        experiment: experiment.into(),
        key: format!("key-of-{experiment}"),
        inputs: json!({ "init": { "weights": { "digest": "d1" } }, "sample": "s1" }),
        seed: 7,
        proofmark: Some("0.1.0".into()),
        load: Some(LoadReport {
            file: format!("{HOSTILE}.pth"),
            matched: vec!["blocks.0".into()],
            missing: vec!["head.weight".into()],
            ..LoadReport::default()
        }),
        epochs: vec![epoch(1, true), epoch(2, true), epoch(3, false)],
        choice: None,
    };
    Findings {
        runs: vec![run("fsfm"), run("fsfm-ba")],
        scores: vec![ScoreFile {
            experiment: "fsfm".into(),
            target: Target { dataset: "ffpp".into(), split: Split::Test, corruption: None },
            key: "key-of-scores".into(),
            file: None,
            outside: None,
            took: None,
        }],
        datasets: vec![SetDigests {
            dataset: "ffpp".into(),
            pixels: "pixels-1".into(),
            manifest: "manifest-1".into(),
            faces: "faces-1".into(),
        }],
        makers: vec![Maker {
            with: Provenance {
                processor: "One".into(),
                instructions: "x86_64, AVX2 and FMA".into(),
                device: "cpu".into(),
                proofmark: "0.1.0".into(),
                profile: "dev".into(),
                commit: "abc".into(),
                ..Provenance::default()
            },
            keys: vec!["key-of-fsfm".into()],
        }],
        figures: vec![SetFigure {
            dataset: HOSTILE.into(),
            svg: "<svg><title id=\"title\">t</title><desc id=\"desc\">\"a\" &amp; b</desc></svg>"
                .into(),
        }],
        ..Findings::default()
    }
}

/// A page with everything, its labels hostile.
fn full() -> (TableData, Findings, String) {
    let (mut table, mut findings) = (certain(), findings());
    table.title = HOSTILE.into();
    table.caption_notes.push(HOSTILE.into());
    table.claims[0].text = HOSTILE.into();
    table.scenarios[0].name = HOSTILE.into();
    table.scenarios[0].columns[0].label = HOSTILE.into();
    for block in &mut table.metrics {
        block.rows[0].label = HOSTILE.into();
        block.rows[2].cells[1].reason = Some(HOSTILE.into());
    }
    findings.runs[0].epochs[0].parts[1].term = HOSTILE.into();
    let shape = Shape {
        reals: 2,
        fakes: 2,
        area: Some(0.75),
        roc: vec![(0.0, 0.0), (0.0, 0.5), (1.0, 1.0)],
        calibration: vec![CalibrationBin { score: 0.31, fakes: 0.5, videos: 4 }],
        histogram: [vec![1; BINS], vec![2; BINS]],
        wrong: [vec![(HOSTILE.into(), 0.875)], Vec::new()],
    };
    let mut content = content(&table, &findings);
    content.units.push(UnitShapes {
        label: HOSTILE.into(),
        key: "ffpp".into(),
        dataset: "ffpp".into(),
        scenario: HOSTILE.into(),
        column: Some(0),
        rows: vec![Some(shape.clone()), Some(Shape { fakes: 0, roc: Vec::new(), ..shape }), None],
    });
    let text = format!("experiment fsfm // {HOSTILE}");
    content.texts = [("fsfm".into(), ExperimentText { text, place: "x.kdl:3".into() })].into();
    let page = page_of(&content);
    (table, findings, page)
}

/// The parts of a page that are not script or style.
fn markup(page: &str) -> String {
    let mut out = String::new();
    let mut rest = page;
    while let Some(at) = ["<script", "<style"].iter().filter_map(|tag| rest.find(tag)).min() {
        let name = if rest[at..].starts_with("<style") { "</style>" } else { "</script>" };
        let end = at + rest[at..].find(name).expect("a closed tag");
        out += &rest[..at];
        rest = &rest[end + name.len()..];
    }
    out + rest
}

fn attributes<'a>(page: &'a str, name: &str) -> Vec<&'a str> {
    let begin = format!(" {name}=\"");
    let pieces = page.split(&begin).skip(1);
    pieces.map(|piece| piece.split('"').next().unwrap()).collect()
}

fn panels(page: &str) -> Value {
    let (_, json) = page.split_once("id=\"facts\">").unwrap();
    serde_json::from_str(json.split("</script>").next().unwrap()).unwrap()
}

#[test]
fn no_label_is_taken_for_markup() {
    let (_, _, page) = full();
    assert!(!page.contains("<b id"), "a label is markup");
    // Between double quotes, as all attributes are, an apostrophe is a letter like any other.
    let text = escape(HOSTILE).replace("&#39;", "'");
    assert!(page.matches(&text).count() > 12);
    // Two scripts: the facts and the page's own.
    assert_eq!(page.matches("<script").count(), 2);
    assert_eq!(page.matches("</script>").count(), 2);
    assert_eq!(panels(&page)["rows"][0]["label"], HOSTILE);
}

#[test]
fn what_cannot_be_seen_is_shown_wherever_it_stands() {
    let mut table = table();
    for text in [&mut table.title, &mut table.scenarios[0].name, &mut table.claims[0].text] {
        *text = "a\u{1b}[2J\u{202e}b".into();
    }
    let page = page_of(&content(&table, &Findings::default()));
    assert!(!page.contains(['\u{1b}', '\u{202e}']));
    assert!(page.matches("a&lt;U+001B&gt;[2J&lt;U+202E&gt;b").count() > 3);
}

#[test]
fn what_is_opened_is_closed_in_order() {
    let (_, _, page) = full();
    let mut open = Vec::new();
    for piece in markup(&page).split('<').skip(1) {
        let tag = piece.split_once('>').expect("a closed tag").0;
        let name = tag.split([' ', '\n', '/']).find(|part| !part.is_empty()).unwrap();
        if tag.starts_with('/') {
            assert_eq!(open.pop().as_deref(), Some(name), "{tag}");
        } else if !(tag.ends_with('/') || ["meta", "link", "img", "!doctype"].contains(&name)) {
            open.push(name.to_owned());
        }
    }
    assert_eq!(open, Vec::<String>::new());
}

#[test]
fn links_lead_somewhere_and_nothing_is_named_twice() {
    let (_, _, page) = full();
    let markup = markup(&page);
    let ids = attributes(&page, "id");
    let unique: BTreeSet<&str> = ids.iter().copied().collect();
    assert_eq!(ids.len(), unique.len());
    for link in attributes(&markup, "href") {
        let known = link.strip_prefix('#').is_some_and(|id| unique.contains(id));
        // The icon, and files that the page holds itself.
        assert!(known || link.starts_with("data:"), "{link}");
    }
    for name in ["aria-labelledby", "aria-describedby"] {
        assert!(attributes(&markup, name).iter().all(|id| unique.contains(id)));
    }
    for id in ["auc.fsfm-ba.In-distribution-celebdf", "run.scratch", "reason-1"] {
        let there =
            page_of(&content(&table(), &Findings::default())).contains(&format!("id=\"{id}\""));
        assert!(there, "{id}");
    }
}

#[test]
fn nothing_is_asked_of_the_network() {
    let (_, _, page) = full();
    assert!(page.contains("content=\"default-src 'none'; script-src 'nonce-"));
    for address in attributes(&markup(&page), "src") {
        assert!(address.starts_with("data:image/svg+xml,"), "{address}");
        assert!(!address.contains(['<', '>', '#', ' ']), "{address}");
    }
    for word in ["@import", "url(", "fetch(", "XMLHttpRequest"] {
        assert!(!page.contains(word), "{word}");
    }
}

#[test]
fn a_cell_tells_where_its_number_comes_from() {
    let (_, _, page) = full();
    let all = panels(&page);
    let facts = |value: &Value| -> Vec<(String, String)> {
        serde_json::from_value(value["facts"].clone()).unwrap()
    };
    let has = |facts: &[(String, String)], name: &str, value: &str| {
        assert!(facts.iter().any(|(n, v)| n == name && v == value), "{name}: {value}: {facts:?}");
    };
    let cell = facts(&all["blocks"][0]["cells"][0][0]);
    for (name, value) in [
        ("value", "95.30 %"),
        ("published", "96.00 %"),
        ("ours minus published", "-0.70 points"),
        ("published within our interval", "yes"),
        ("computed on", "3 real, 4 fake"),
        ("scores (key)", "key-of-scores"),
    ] {
        has(&cell, name, value);
    }
    has(&facts(&all["blocks"][0]["cells"][2][1]), "not available", HOSTILE);
    let row = facts(&all["rows"][0]);
    for (name, value) in [
        ("run (key)", "key-of-fsfm"),
        ("seed", "7"),
        ("trained by", "Proofmark 0.1.0"),
        ("made on", "One (x86_64, AVX2 and FMA), cpu, Proofmark 0.1.0 dev abc"),
        ("first weights (digest)", "d1"),
        ("training sample (key)", "s1"),
        ("declared in", "x.kdl:3"),
    ] {
        has(&row, name, value);
    }
    let column = facts(&all["columns"][0]);
    has(&column, "coverage", "7 of 7 videos (100 %)");
    has(&column, "pixels (digest)", "pixels-1");
    has(&facts(&all["columns"][2]), "mean over", "ffpp, celebdf");
}

#[test]
fn the_table_looks_as_it_should() {
    let text = page(&certain());
    let (_, block) = text.split_once("<div class=\"wide\"").unwrap();
    let (block, _) = block.split_once("</div>").unwrap();
    // A line for each row, so that differences can be seen.
    let lines = ["<caption", "<colgroup", "<thead", "<tbody", "<tr"];
    let block = lines.iter().fold(block.to_owned(), |b, tag| b.replace(tag, &format!("\n{tag}")));
    insta::assert_snapshot!("page_table", block);
}

#[test]
fn experiments_that_differ_in_name_alone_have_one_model() {
    let (table, mut findings) = (table(), findings());
    let again = ScoreFile { experiment: "scratch".into(), ..findings.scores[0].clone() };
    findings.scores.push(again);
    let content = content(&table, &findings);
    assert_eq!(content.run("scratch").unwrap().experiment, "fsfm");
    assert_eq!(content.run("nobody"), None);
}
