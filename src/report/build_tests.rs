//! Tables built from made-up scores.

use std::path::PathBuf;

use super::*;
use crate::evidence::Scored;
use crate::fixture;
use crate::reference::PublishedValue;
use crate::table::{ColumnKind, Coverage, Mark, Verdict};
use proofmark_base::provenance::Provenance;
use proofmark_data::testing::{demo, face_rule, manipulation};
use proofmark_evaluate::samples::{Sample, Samples};
use proofmark_lang::model::*;
use proofmark_metrics::{AUC, BALANCED_ACCURACY, Metric, Number};

fn dataset(name: &str, manipulations: &[(&str, Family)]) -> Placed<Dataset> {
    Dataset {
        name: name.to_owned(),
        title: None,
        layout: Layout::Folder(
            FolderLayout {
                root: DataPath { written: "faces".into(), base: PathBuf::new() },
                videos: false,
                classes: Vec::new(),
            }
            .into(),
        ),
        manipulations: manipulations
            .iter()
            .map(|&(name, family)| manipulation(name, Some(family)))
            .collect(),
        split: SplitRule::official(),
        overlap: Overlap::Refuse,
        frames: FrameRule::All,
        faces: face_rule().into(),
        landmarks: None,
        min_coverage: 0.9,
        expect: None,
    }
    .into()
}

/// Data sets `a` and `b`, and `m` with two swaps and one reenactment.
pub(crate) fn project() -> Project {
    let methods = [
        ("swap-1", Family::FaceSwap),
        ("swap-2", Family::FaceSwap),
        ("mouth", Family::Reenactment),
    ];
    let sets = [dataset("a", &[]), dataset("b", &[]), dataset("m", &methods)];
    let datasets = sets.into_iter().map(|set| (set.name.clone(), set)).collect();
    Project { datasets, ..Project::default() }
}

fn column(name: &str) -> Column {
    Column::from(DatasetColumn {
        dataset: name.to_owned(),
        label: name.to_uppercase(),
        split: Split::Test,
    })
}

pub(crate) fn metric(metric: Metric, level: Level) -> Placed<MetricSpec> {
    let parameter = match metric.needs.map(|needed| needed.number) {
        Some(Number::Threshold) => Parameter::Threshold(Threshold::Fixed(0.5)),
        Some(Number::Fpr) => Parameter::Fpr(0.05),
        Some(Number::Bins) => Parameter::Bins(10),
        None => Parameter::None,
    };
    MetricSpec { metric, parameter, level }.into()
}

pub(crate) fn table() -> Placed<Table> {
    let average = |label: &str, family: Option<Family>| {
        Placed::from(Average { label: label.to_owned(), family })
    };
    let scenario = |name: &str, columns| {
        Placed::from(Scenario { promise: None, name: name.to_owned(), columns })
    };
    let table = Table {
        name: "t".to_owned(),
        title: Some("A table".to_owned()),
        rows: ["x", "y"]
            .map(|name| {
                let label = format!("Row {name}");
                let (experiment, repeats) = (name.to_owned(), Vec::new());
                let (seeds, seeded) = (Vec::new(), Vec::new());
                Row {
                    experiment,
                    label,
                    repeats,
                    seeds,
                    seeded,
                    predictions: None,
                    video_score: None,
                    failed: None,
                }
                .into()
            })
            .to_vec(),
        scenarios: vec![
            scenario("In", vec![column("a"), mean("Avg"), column("b")]),
            scenario(
                "Out",
                vec![Column::from(PerManipulation {
                    dataset: "m".to_owned(),
                    split: Split::Test,
                    show: true,
                    averages: vec![
                        average("FS", Some(Family::FaceSwap)),
                        average("RE", Some(Family::Reenactment)),
                        average("All", None),
                    ],
                })],
            ),
        ],
        metrics: vec![metric(AUC, Level::Video)],
        video_score: VideoScore::default(),
        failed: None,
        intervals: Intervals { draws: 200, level: 0.95, seed: 0, shown: false }.into(),
        separability: None,
        terms: None,
        compare: None,
        references: Vec::new(),
        claims: Vec::new(),
        sentences: Vec::new(),
        notes: Vec::new(),
        tolerance: 0.0,
    };
    table.into()
}

fn mean(label: &str) -> Column {
    ColumnAverage { label: label.to_owned() }.into()
}

/// Samples from reals' scores and (manipulation, fakes' scores).
fn samples(reals: &[f64], fakes: &[(Option<&str>, &[f64])]) -> Samples {
    let sample = |video: String, score, fake, method: Option<&str>| Sample {
        video: video.into(),
        fake,
        score,
        method: method.map(Into::into),
        family: None,
    };
    let numbered = reals.iter().enumerate();
    let mut rows: Vec<Sample> =
        numbered.map(|(i, &score)| sample(format!("real/{i}"), score, false, None)).collect();
    for (method, scores) in fakes {
        rows.extend(scores.iter().enumerate().map(|(i, &score)| {
            let video = format!("{}/{i}", method.unwrap_or("fake"));
            sample(video, score, true, *method)
        }));
    }
    Samples { rows }
}

fn evidence() -> Evidence {
    let mut evidence = Evidence::default();
    for experiment in ["x", "y"] {
        let mut add = |dataset: &str, videos: Samples| {
            let key = ScoreKey {
                experiment: experiment.into(),
                dataset: dataset.into(),
                split: Split::Test,
                corruption: None,
            };
            // The faces of every video disagree with it, to tell the levels apart.
            let frames = Samples {
                rows: videos
                    .rows
                    .iter()
                    .map(|s| Sample { score: 1.0 - s.score, ..s.clone() })
                    .collect(),
            };
            evidence.scores.insert(key, Ok(Scored { frames, videos }));
        };
        let better = if experiment == "x" { 0.9 } else { 0.35 };
        add("a", samples(&[0.2, 0.4], &[(None, &[better, 0.3])]));
        add("b", samples(&[0.2, 0.4], &[(None, &[0.9, 0.8])]));
        let fakes: [(Option<&str>, &[f64]); 3] =
            [(Some("swap-1"), &[0.9]), (Some("swap-2"), &[0.3]), (Some("mouth"), &[0.1])];
        add("m", samples(&[0.2, 0.4], &fakes));
    }
    evidence
}

fn built(table: &Table, evidence: &Evidence) -> TableData {
    build(&project(), table, evidence, &[]).unwrap()
}

fn values(data: &TableData, block: usize, row: usize) -> Vec<Option<f64>> {
    data.metrics[block].rows[row].cells.iter().map(|cell| cell.value).collect()
}

#[test]
fn averages_are_over_columns_and_over_manipulations() {
    let data = built(&table(), &evidence());
    let labels: Vec<&str> = data.columns().map(|(_, head)| head.label.as_str()).collect();
    assert_eq!(labels, ["A", "Avg", "B", "swap-1", "swap-2", "mouth", "FS", "RE", "All"]);
    // 1, 1/2 and 0 for the manipulations: the mean of family means would be 0.375.
    assert_eq!(values(&data, 0, 0), [0.75, 0.875, 1.0, 1.0, 0.5, 0.0, 0.75, 0.0, 0.5].map(Some));
    assert_eq!(values(&data, 0, 1)[0], Some(0.5));
}

#[test]
fn hidden_manipulations_still_average() {
    let mut table = table();
    if let Column::PerManipulation(of) = &mut table.scenarios[1].columns[0] {
        of.show = false;
    }
    let data = built(&table, &evidence());
    assert_eq!(values(&data, 0, 0)[3..], [0.75, 0.0, 0.5].map(Some));
    let average = &data.scenarios[1].columns[2].kind;
    assert_eq!(
        *average,
        ColumnKind::Average { over: ["m/swap-1", "m/swap-2", "m/mouth"].map(String::from).into() }
    );
}

#[test]
fn cells_count_their_samples_and_marks_are_set() {
    let data = built(&table(), &evidence());
    let cell = &data.metrics[0].rows[0].cells[0];
    assert_eq!((cell.n_real, cell.n_fake), (Some(2), Some(2)));
    let swap = &data.metrics[0].rows[0].cells[3];
    assert_eq!((swap.n_real, swap.n_fake), (Some(2), Some(1)));
    let marks = [0, 1].map(|row: usize| data.metrics[0].rows[row].cells[0].mark);
    assert_eq!(marks, [Some(Mark::Best), Some(Mark::Second)]);
}

#[test]
fn blocks_are_of_their_level_and_threshold() {
    let mut table = table();
    table.metrics = vec![
        metric(AUC, Level::Frame),
        metric(BALANCED_ACCURACY, Level::Video),
        metric(AUC, Level::Video),
    ];
    let data = built(&table, &evidence());
    assert_eq!(values(&data, 0, 0)[0], Some(0.25));
    assert_eq!(values(&data, 1, 0)[0], Some(0.75));
    assert_eq!(values(&data, 2, 0)[0], Some(0.75));
    let thresholds: Vec<_> = data.metrics.iter().map(|block| block.threshold).collect();
    assert_eq!(thresholds, [None, Some(0.5), None]);
}

#[test]
fn an_average_with_an_undefined_part_says_which() {
    let mut evidence = evidence();
    let key = |dataset: &str| ScoreKey {
        experiment: "x".into(),
        dataset: dataset.into(),
        split: Split::Test,
        corruption: None,
    };
    evidence.scores.insert(key("b"), Err("training diverged".into()));
    evidence.scores.remove(&key("m"));
    let data = built(&table(), &evidence);
    let reasons: Vec<Option<&str>> =
        data.metrics[0].rows[0].cells.iter().map(|cell| cell.reason.as_deref()).collect();
    assert_eq!(reasons[0], None);
    assert_eq!(reasons[1], Some("its part B is n/a: training diverged"));
    assert_eq!(reasons[2], Some("training diverged"));
    assert_eq!(reasons[3], Some("x was not scored on m"));
    assert_eq!(reasons[8], Some("its part swap-1 is n/a: x was not scored on m"));
    assert!(values(&data, 0, 1).iter().all(Option::is_some));
}

#[test]
fn an_average_over_nothing_is_undefined() {
    let mut table = table();
    table.scenarios[0].columns = vec![mean("Avg")];
    let data = built(&table, &evidence());
    let cell = &data.metrics[0].rows[0].cells[0];
    assert_eq!(cell.reason.as_deref(), Some("there is nothing to average"));
}

#[test]
fn fakes_that_no_declaration_knows_are_shown_or_counted() {
    let mut evidence = evidence();
    for scored in evidence.scores.values_mut().flatten() {
        scored.videos.rows.extend(samples(&[], &[(Some("new"), &[0.7]), (None, &[0.6])]).rows);
    }
    let data = built(&table(), &evidence);
    let labels: Vec<&str> =
        data.scenarios[1].columns.iter().map(|head| head.label.as_str()).collect();
    assert_eq!(labels[..4], ["swap-1", "swap-2", "mouth", "new"]);
    assert_eq!(
        data.caption_notes.last().map(String::as_str),
        Some("1 fake video of m has no known manipulation and is in no column.")
    );
}

#[test]
fn too_little_coverage_is_an_error_that_lists_all() {
    let mut evidence = evidence();
    for (dataset, usable) in [("a", 80), ("b", 90), ("m", 0)] {
        let coverage = Coverage { usable, total: 100 };
        evidence.coverage.insert((dataset.into(), Split::Test), coverage);
    }
    let error = build(&project(), &table(), &evidence, &[]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "80 of 100 videos (80.0 %) of a are usable, its min-coverage is 90.0 %; 0 of 100 videos \
         (0.0 %) of m are usable, its min-coverage is 90.0 %"
    );
}

#[test]
fn coverage_is_noted_and_in_the_heads() {
    let mut evidence = evidence();
    let coverage = Coverage { usable: 99, total: 100 };
    evidence.coverage.insert(("a".into(), Split::Test), coverage);
    let data = built(&table(), &evidence);
    assert_eq!(data.scenarios[0].columns[0].coverage, Some(coverage));
    assert!(data.caption_notes.contains(&"Videos scored: a 99/100.".to_owned()));
}

#[test]
fn rows_of_unlike_machines_are_noted() {
    let mut evidence = evidence();
    let with = |processor: &str, commit: &str| Provenance {
        processor: processor.into(),
        instructions: "x86_64, AVX2 and FMA".into(),
        device: "cuda".into(),
        commit: commit.into(),
        ..Provenance::default()
    };
    let rows: Vec<String> = table().rows.iter().map(|row| row.experiment.clone()).collect();
    let note = |evidence: &Evidence| {
        let notes = built(&table(), evidence).caption_notes;
        notes.into_iter().find(|note| note.contains("kind of machine"))
    };
    // Another commit with the same key computes the same.
    for (row, commit) in rows.iter().zip(["1", "2"]) {
        evidence.makers.insert(row.clone(), [with("One", commit)].into());
    }
    assert_eq!(note(&evidence), None);
    evidence.makers.insert(rows[1].clone(), [with("Other", "2")].into());
    // Rows that were all trained on a card and scored on a CPU are alike.
    let mut both = evidence.clone();
    let cpu = Provenance { device: "cpu".into(), ..Provenance::default() };
    rows.iter().for_each(|row| {
        both.makers.insert(row.clone(), [with("One", "1"), cpu.clone()].into());
    });
    assert_eq!(note(&both), None);
    // Where a CPU computes, another one gives the same bits.
    let mut cpus = evidence.clone();
    for makers in cpus.makers.values_mut() {
        let on_cpu = |with: &Provenance| Provenance { device: "cpu".into(), ..with.clone() };
        *makers = makers.iter().map(on_cpu).collect();
    }
    assert_eq!(note(&cpus), None);
    let note = note(&evidence).unwrap();
    assert!(note.contains(" on One (x86_64, AVX2 and FMA), cuda; "), "{note}");
    assert!(note.ends_with(" on Other (x86_64, AVX2 and FMA), cuda."), "{note}");
}

#[test]
fn one_demo_set_makes_a_demo() {
    let mut project = project();
    assert!(!build(&project, &table(), &evidence(), &[]).unwrap().demo);
    project.datasets.get_mut("b").unwrap().layout = Layout::Demo(demo(0, 1).into());
    assert!(build(&project, &table(), &evidence(), &[]).unwrap().demo);
}

#[test]
fn a_data_set_that_is_not_declared_is_an_error() {
    let mut table = table();
    table.scenarios[0].columns.push(column("ghost"));
    let error = build(&project(), &table, &evidence(), &[]).unwrap_err();
    assert_eq!(error, BuildError::Dataset("ghost".into()));
}

#[test]
fn a_score_that_is_not_finite_is_an_error() {
    let mut evidence = evidence();
    for scored in evidence.scores.values_mut().flatten() {
        scored.videos.rows[1].score = f64::NAN;
    }
    let error = build(&project(), &table(), &evidence, &[]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "scores of x on a: the score of row 2 is NaN, not a finite number"
    );
}

#[test]
fn published_numbers_stand_beside_ours_and_claims_are_decided() {
    let mut table = table();
    let claim = fixture::claim("x", "y", ("In", "A"), 0.25);
    table.claims = vec![claim.into()];
    let published = |row: &str, column: &str, value| PublishedValue {
        metric: AUC,
        row: row.into(),
        scenario: "In".into(),
        column: column.into(),
        value,
        digits: 1,
    };
    let paper = Published {
        name: "paper".into(),
        step: 0.001,
        values: vec![
            published("Row x", "A", 0.7),
            published("y", "a", 0.8),
            published("z", "A", 0.5),
            published("x", "Z", 0.5),
        ],
    };
    let later =
        Published { name: "later".into(), values: vec![published("x", "A", 0.1)], step: 0.001 };
    let data = build(&project(), &table, &evidence(), &[paper, later]).unwrap();
    assert_eq!(data.metrics[0].rows[0].cells[0].reference, Some(0.7));
    assert_eq!(data.metrics[0].rows[1].cells[0].reference, Some(0.8));
    assert_eq!(data.references[0].matched, 2);
    assert_eq!(data.references[0].unmatched, ["auc of z in In, A", "auc of x in In, Z"]);
    let claim = &data.claims[0];
    let published = claim.published.as_ref().map(|published| published.verdict);
    assert_eq!((claim.verdict, published), (Verdict::CannotTell, Some(Verdict::Contradicted)));
    assert_eq!(
        claim.detail,
        "Row x 75.0 against Row y 50.0: +25.00 points [+0.00, +100.00]; claimed +25.00; p 1.00; no \
         number of such videos would tell at these differences"
    );
}
