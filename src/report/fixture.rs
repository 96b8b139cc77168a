//! A small made-up table with everything that a renderer must handle.

use super::marks::mark;
use super::table::*;
use proofmark_evaluate::statistics::interval::Interval;
use proofmark_evaluate::statistics::seeds::Seeds;
use proofmark_lang::model::{Claim, Level, Over, Quantifier, Relation, Split};
use proofmark_metrics::{AUC, BALANCED_ACCURACY};

fn dataset(label: &str, name: &str, coverage: Option<Coverage>) -> ColumnHead {
    ColumnHead {
        label: label.into(),
        key: name.into(),
        kind: ColumnKind::Dataset { dataset: name.into(), split: Split::Test },
        coverage,
    }
}

fn average(label: &str, over: &[&str]) -> ColumnHead {
    ColumnHead {
        label: label.into(),
        key: "average".into(),
        kind: ColumnKind::Average { over: over.iter().map(ToString::to_string).collect() },
        coverage: None,
    }
}

fn cell(value: f64, reference: Option<f64>) -> Cell {
    let (n_real, n_fake) = (Some(3), Some(4));
    Cell { value: Some(value), n_real, n_fake, reference, ..Cell::default() }
}

fn mean(value: f64) -> Cell {
    Cell { value: Some(value), ..Cell::default() }
}

fn missing(reason: &str, reference: Option<f64>) -> Cell {
    Cell { reason: Some(reason.into()), reference, ..Cell::default() }
}

/// The table: demo, ties, n/a, published numbers and claims.
pub(super) fn table() -> TableData {
    let none = "there is no fake among 3 real";
    let part = "its part Celeb_DF is n/a: there is no fake among 3 real";
    let row = |experiment: &str, label: &str, cells: Vec<Cell>| RowData {
        experiment: experiment.into(),
        label: label.into(),
        thresholds: Vec::new(),
        cells,
    };
    let mut metrics = vec![
        MetricBlock {
            metric: AUC,
            label: "AUC".into(),
            threshold: None,
            validated: false,
            level: Level::Video,
            rows: vec![
                row(
                    "fsfm",
                    "FSFM",
                    vec![cell(0.953, Some(0.96)), cell(1.0, None), mean(0.9765), mean(0.95)],
                ),
                row(
                    "fsfm-ba",
                    "FSFM + BA",
                    vec![cell(0.1 + 0.2, Some(0.969)), cell(1.0, None), mean(0.65), mean(0.95)],
                ),
                row(
                    "scratch",
                    "Scratch & co.",
                    vec![
                        cell(0.5, None),
                        missing(none, Some(0.5)),
                        missing(part, None),
                        missing("scratch was not scored on df40", None),
                    ],
                ),
            ],
        },
        MetricBlock {
            metric: BALANCED_ACCURACY,
            label: "balanced accuracy".into(),
            threshold: Some(0.5),
            validated: false,
            level: Level::Video,
            rows: vec![
                row(
                    "fsfm",
                    "FSFM",
                    vec![cell(0.75, None), cell(1.0, None), mean(0.875), mean(0.5)],
                ),
                row(
                    "fsfm-ba",
                    "FSFM + BA",
                    vec![cell(0.7, None), cell(0.99961, None), mean(0.85), mean(0.25)],
                ),
                row(
                    "scratch",
                    "Scratch & co.",
                    vec![cell(0.5, None), missing(none, None), missing(part, None), mean(0.0)],
                ),
            ],
        },
    ];
    for block in &mut metrics {
        mark(block.metric, &[], &mut block.rows);
        block
            .rows
            .iter_mut()
            .for_each(|row| row.thresholds = block.threshold.into_iter().collect());
    }
    TableData {
        variants: Vec::new(),
        name: "table_3".into(),
        title: "Video-level AUC & balanced accuracy".into(),
        demo: true,
        caption_notes: vec!["Videos scored: celebdf 7/8, ffpp 7/7.".into()],
        scenarios: vec![
            ScenarioHead {
                name: "In-distribution".into(),
                columns: vec![
                    dataset("FF++", "ffpp", Some(Coverage { usable: 7, total: 7 })),
                    dataset("Celeb_DF", "celebdf", Some(Coverage { usable: 7, total: 8 })),
                    average("Avg", &["ffpp", "celebdf"]),
                ],
            },
            ScenarioHead {
                name: "Out-of-distribution".into(),
                columns: vec![average("FS_avg", &["df40/simswap", "df40/faceswap"])],
            },
        ],
        metrics,
        references: vec![ReferenceSummary {
            name: "paper".into(),
            matched: 3,
            unmatched: vec!["auc of SBI in In-distribution, FF++".into()],
        }],
        costs: Vec::new(),
        separability: Vec::new(),
        claims: vec![
            ClaimResult {
                text: "batch-all helps".into(),
                sentence: None,
                verdict: Verdict::Contradicted,
                detail: "FSFM + BA 30.0 against FSFM 95.3: -65.30 points; p below 0.0001".into(),
                comparisons: Vec::new(),
                p: Some(1e-9),
                p_adjusted: Some(2e-9),
                published: Some(Published { verdict: Verdict::Holds, detail: None }),
            },
            ClaimResult {
                text: "pretraining helps".into(),
                sentence: Some(Quote {
                    section: "5.1".into(),
                    text: "Pretraining & more <helps>.".into(),
                }),
                verdict: Verdict::CannotTell,
                detail: "Scratch & co. is n/a: there is no fake among 3 real".into(),
                comparisons: Vec::new(),
                p: None,
                p_adjusted: None,
                published: Some(Published {
                    verdict: Verdict::Contradicted,
                    detail: Some("Scratch & co. 94.0, FSFM 96.0".into()),
                }),
            },
        ],
    }
}

/// The claim that a row is better than another.
pub(super) fn claim(row: &str, above: &str, (scenario, column): (&str, &str), by: f64) -> Claim {
    Claim {
        text: format!("{row} is better"),
        row: row.to_owned(),
        scenario: Some(scenario.to_owned()),
        metric: AUC,
        negated: false,
        relation: Relation::Above { other: above.to_owned(), by, up_to: None },
        over: Over { quantifier: Quantifier::All, columns: vec![column.to_owned()] },
    }
}

/// The same with intervals, and the second row tested against the first.
pub(super) fn certain() -> TableData {
    let mut table = table();
    for block in &mut table.metrics {
        for (i, row) in block.rows.iter_mut().enumerate() {
            for cell in &mut row.cells {
                let Some(value) = cell.value else { continue };
                let (low, high) = ((value - 0.021).max(0.0), (value + 0.0134).min(1.0));
                cell.interval = Some(Interval { low, high });
                if i == 2 {
                    let (n, deviation) = (3, Some(0.0123));
                    cell.seeds = Some(Seeds {
                        n,
                        mean: value,
                        deviation,
                        values: vec![value - 0.0123, value, value + 0.0123],
                    });
                }
                if i == 1 {
                    (cell.p, cell.p_adjusted) = (Some(value / 20.0), Some(value / 10.0));
                    cell.significant = value < 0.5;
                }
            }
        }
    }
    table.caption_notes.insert(0, "In brackets: 95 % intervals. † differs from FSFM.".into());
    table
}
