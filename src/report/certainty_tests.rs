//! Intervals and tests of tables built from made-up scores.

use crate::evaluate::samples::{Sample, Samples};
use crate::evaluate::statistics::delong::Area;
use crate::lang::model::*;
use crate::lang::span::Spanned;
use crate::report::build::tests::{metric, project, table, text};
use crate::report::build::{Evidence, ScoreKey, Scored, build};
use crate::report::table::TableData;
use crate::rng::{Rng, Stream};

const VIDEOS: usize = 60;

/// Scores of two experiments on every set: `y` is clearly worse than `x`.
fn evidence() -> Evidence {
    let mut evidence = Evidence::default();
    for (dataset, methods) in [
        ("a", vec![None]),
        ("b", vec![None]),
        ("m", vec![Some("swap-1"), Some("swap-2"), Some("mouth")]),
    ] {
        for (experiment, shift) in [("x", 2.0), ("y", 0.4)] {
            let mut rng = Rng::named(1, Stream::Simulation, &format!("{experiment} {dataset}"));
            let mut draw = |video: String, method: Option<&str>, fake: bool| Sample {
                video: video.into(),
                fake,
                score: 1.0 / (1.0 + (-rng.normal() - if fake { shift } else { 0.0 }).exp()),
                method: method.map(Into::into),
                family: None,
            };
            let mut rows: Vec<Sample> =
                (0..VIDEOS).map(|i| draw(format!("real/{i}"), None, false)).collect();
            for method in &methods {
                let name = method.unwrap_or("fake");
                rows.extend((0..VIDEOS).map(|i| draw(format!("{name}/{i}"), *method, true)));
            }
            let frames: Vec<Sample> =
                rows.iter().flat_map(|row| [row.clone(), row.clone()]).collect();
            // The rows of another file come in another order.
            if experiment == "y" {
                rows.reverse();
            }
            for split in [Split::Test, Split::Val] {
                let (experiment, dataset) = (experiment.to_owned(), dataset.to_owned());
                let key = ScoreKey { experiment, dataset, split, corruption: None };
                let scored = Scored {
                    frames: Samples { rows: frames.clone() },
                    videos: Samples { rows: rows.clone() },
                };
                evidence.scores.insert(key, Ok(scored));
            }
        }
    }
    evidence
}

fn declared() -> Table {
    let mut table = table();
    table.metrics.push(metric(Metric::BalancedAccuracy, Level::Frame));
    table.intervals.shown = true;
    table.compare = Some(Comparison { against: text("x") });
    table
}

fn built(table: &Table) -> TableData {
    build(&project(), table, &evidence(), &[]).unwrap()
}

#[test]
fn every_number_has_an_interval_around_it() {
    let data = built(&declared());
    for cell in data.metrics.iter().flat_map(|b| &b.rows).flat_map(|row| &row.cells) {
        let interval = cell.interval.unwrap();
        assert!(interval.contains(cell.value.unwrap()), "{cell:?}");
        assert!(interval.high - interval.low > 0.01, "{cell:?}");
    }
}

#[test]
fn an_average_is_more_certain_than_its_parts() {
    let data = built(&declared());
    let width = |column: usize| {
        let interval = data.metrics[0].rows[1].cells[column].interval.unwrap();
        interval.high - interval.low
    };
    // Columns: a, Avg, b.
    assert!(width(1) < width(0).min(width(2)));
}

#[test]
fn an_interval_depends_on_its_own_data_alone() {
    let whole = built(&declared());
    let mut table = declared();
    table.rows.reverse();
    table.scenarios.remove(0);
    table.metrics.reverse();
    let part = built(&table);
    let last = |data: &TableData, block: usize, row: usize| {
        data.metrics[block].rows[row].cells.last().unwrap().interval
    };
    assert_eq!(last(&whole, 0, 0), last(&part, 1, 1));
    assert_eq!(last(&whole, 1, 1), last(&part, 0, 0));
}

#[test]
fn a_row_that_is_worse_is_marked_and_the_base_is_not() {
    let data = built(&declared());
    let auc = &data.metrics[0];
    assert!(auc.rows[0].cells.iter().all(|cell| cell.p.is_none() && !cell.significant));
    assert!(auc.rows[1].cells.iter().all(|cell| cell.significant), "{auc:?}");
    for cell in &auc.rows[1].cells {
        assert!(cell.p_adjusted.unwrap() >= cell.p.unwrap(), "{cell:?}");
    }
    let note = &data.caption_notes[1];
    assert!(note.starts_with("† differs from Row x (p below 0.05, two-sided"), "{note}");
}

#[test]
fn the_area_of_a_column_is_tested_by_delong_whatever_the_order_of_rows() {
    let evidence = evidence();
    let area = |experiment: &str| {
        let key = ScoreKey {
            experiment: experiment.into(),
            dataset: "a".into(),
            split: Split::Test,
            corruption: None,
        };
        let mut rows = evidence.scores[&key].as_ref().unwrap().videos.rows.clone();
        rows.sort_by(|a, b| a.video.cmp(&b.video));
        let of = |fake| -> Vec<f64> {
            rows.iter().filter(|row| row.fake == fake).map(|row| row.score).collect()
        };
        Area::new(&of(false), &of(true)).unwrap()
    };
    let expected = area("y").test(&area("x")).unwrap().p;
    assert_eq!(built(&declared()).metrics[0].rows[1].cells[0].p, Some(expected));
}

#[test]
fn several_seeds_are_a_mean_with_its_deviation() {
    let single = built(&declared());
    let mut table = declared();
    table.rows[0].repeats = vec![text("y")];
    let data = built(&table);
    let value = |row: usize| single.metrics[0].rows[row].cells[0].value.unwrap();
    let cell = &data.metrics[0].rows[0].cells[0];
    let seeds = cell.seeds.unwrap();
    assert_eq!((seeds.n, cell.value), (2, Some((value(0) + value(1)) / 2.0)));
    let deviation = (value(0) - value(1)).abs() / 2.0f64.sqrt();
    assert!((seeds.deviation.unwrap() - deviation).abs() < 1e-12);
    assert!(cell.interval.unwrap().contains(cell.value.unwrap()));
    assert_eq!(data.metrics[0].rows[1].cells[0].seeds, None);
    let notes = data.caption_notes.join(" ");
    assert!(notes.contains("whose number is: Row x 2."), "{notes}");
}

#[test]
fn a_seed_that_was_not_scored_leaves_no_number() {
    let mut table = declared();
    table.rows[0].repeats = vec![text("z")];
    let cell = &built(&table).metrics[0].rows[0].cells[0];
    assert_eq!(cell.value, None);
    assert_eq!(cell.reason.as_deref(), Some("z is n/a: z was not scored on a"));
}

#[test]
fn nothing_is_resampled_that_is_not_declared() {
    let data = built(&table());
    for cell in data.metrics.iter().flat_map(|b| &b.rows).flat_map(|row| &row.cells) {
        assert_eq!((cell.interval, cell.p), (None, None));
    }
    assert!(!data.caption_notes.iter().any(|note| note.contains('†') || note.contains("bracket")));
}

#[test]
fn a_threshold_chosen_on_validation_is_frozen_and_told() {
    let mut table = declared();
    let threshold = Spanned::default_of(Threshold::Val);
    table.metrics = vec![MetricSpec {
        parameter: Parameter::Threshold(threshold),
        ..metric(Metric::BalancedAccuracy, Level::Video)
    }];
    let reasons = |data: &TableData| data.metrics[0].rows[0].cells[0].reason.clone();
    // The project declares no experiments, so nothing validates.
    assert_eq!(
        reasons(&built(&table)).as_deref(),
        Some("its threshold: on validation no rows were scored")
    );
}
