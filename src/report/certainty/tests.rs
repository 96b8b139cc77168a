//! Intervals and tests of tables built from made-up scores.

use crate::build::build;
use crate::build::tests::{metric, project, table};
use crate::evidence::{Evidence, ScoreKey, Scored};
use crate::fixture;
use crate::table::{Common, Doubt, Mark, TableData, Test, Untested};
use proofmark_base::math::{exp, ln};
use proofmark_base::rng::{Rng, Stream};
use proofmark_evaluate::samples::{Sample, Samples};
use proofmark_evaluate::statistics::delong::Area;
use proofmark_evaluate::statistics::seeds::Error;
use proofmark_lang::model::*;
use proofmark_metrics::{BALANCED_ACCURACY, TPR};

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
                score: 1.0 / (1.0 + exp(-rng.normal() - if fake { shift } else { 0.0 })),
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

fn declared() -> Placed<Table> {
    let mut table = table();
    table.metrics.push(metric(BALANCED_ACCURACY, Level::Frame));
    table.intervals.shown = true;
    let compare = Comparison { against: "x".to_owned(), correct: Correction::Table };
    table.compare = Some(compare.into());
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
    assert_eq!(
        data.caption_notes[1],
        "† differs from Row x (p below 0.05, two-sided, with Holm's correction over all \
         comparisons of the metric): DeLong's test for the AUC of videos, the paired bootstrap of \
         200 draws for averages and other metrics."
    );
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
    table.rows[0].repeats = vec!["y".to_owned()];
    let data = built(&table);
    let value = |row: usize| single.metrics[0].rows[row].cells[0].value.unwrap();
    let cell = &data.metrics[0].rows[0].cells[0];
    let seeds = cell.seeds.clone().unwrap();
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
    table.rows[0].repeats = vec!["z".to_owned()];
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
    let mut chosen = metric(BALANCED_ACCURACY, Level::Video);
    chosen.parameter = Parameter::Threshold(Threshold::Val);
    table.metrics = vec![chosen];
    let reasons = |data: &TableData| data.metrics[0].rows[0].cells[0].reason.clone();
    // The project declares no experiments, so nothing validates.
    assert_eq!(
        reasons(&built(&table)).as_deref(),
        Some("its threshold: on validation no rows were scored")
    );
}

/// The scores of an experiment on a data set.
fn scored<'a>(evidence: &'a mut Evidence, experiment: &str, dataset: &str) -> &'a mut Scored {
    let key = ScoreKey {
        experiment: experiment.into(),
        dataset: dataset.into(),
        split: Split::Test,
        corruption: None,
    };
    evidence.scores.get_mut(&key).unwrap().as_mut().unwrap()
}

#[test]
fn one_video_of_a_class_is_no_evidence() {
    let mut evidence = evidence();
    for experiment in ["x", "y"] {
        let scored = scored(&mut evidence, experiment, "a");
        for samples in [&mut scored.videos, &mut scored.frames] {
            samples.rows.retain(|row| ["real/0", "fake/0"].contains(&&*row.video));
        }
    }
    let data = build(&project(), &declared(), &evidence, &[]).unwrap();
    for row in data.metrics.iter().flat_map(|block| &block.rows) {
        let cell = &row.cells[0];
        assert!(cell.value.is_some());
        assert_eq!((cell.interval, cell.p, cell.mark), (None, None, None), "{cell:?}");
        assert_eq!(cell.doubt, Some(Doubt::FewVideos));
        // Nor is an average that it is a part of.
        assert_eq!((row.cells[1].interval, row.cells[1].p), (None, None));
        assert!(row.cells[2].interval.is_some());
    }
    let notes = data.caption_notes.join(" ");
    let note = "A number from a single video of a class says nothing about others: no mark, no \
                interval (n/a) and no test for Row x on ";
    assert!(notes.contains(note), "{notes}");
}

#[test]
fn a_number_without_variance_has_no_interval_mark_or_dagger() {
    let mut evidence = evidence();
    // One row gives every face the same score, and calls all of them fake.
    let scored = scored(&mut evidence, "y", "a");
    for row in scored.videos.rows.iter_mut().chain(&mut scored.frames.rows) {
        row.score = 0.7;
    }
    let data = build(&project(), &declared(), &evidence, &[]).unwrap();
    for block in &data.metrics {
        let cell = &block.rows[1].cells[0];
        assert_eq!((cell.value, cell.interval, cell.mark), (Some(0.5), None, None), "{cell:?}");
        assert_eq!(cell.doubt, Some(Doubt::NoVariance));
        // The other row varies, and yet a number without evidence gets no dagger.
        assert_eq!((cell.p, cell.untested), (None, Some(Untested::NoVariance)));
    }
    assert!(data.caption_notes.join(" ").contains("has no variance to judge it by"));
}

#[test]
fn a_perfect_number_is_marked_and_tested_without_an_interval() {
    let mut evidence = evidence();
    let scored = scored(&mut evidence, "x", "a");
    for row in scored.videos.rows.iter_mut().chain(&mut scored.frames.rows) {
        row.score = 0.5 * row.score + if row.fake { 0.5 } else { 0.0 };
    }
    let data = build(&project(), &declared(), &evidence, &[]).unwrap();
    let [x, y] = [0, 1].map(|row| &data.metrics[0].rows[row].cells[0]);
    assert_eq!((x.value, x.interval, x.mark), (Some(1.0), None, Some(Mark::Best)));
    assert!(y.p.is_some() && y.significant, "{y:?}");
    let notes = data.caption_notes.join(" ");
    assert!(notes.contains("A perfect number has no interval (n/a)"), "{notes}");
    assert!(!notes.contains("no test for"), "{notes}");
}

#[test]
fn what_no_draw_changes_is_not_tested_whether_intervals_are_shown_or_not() {
    let mut evidence = evidence();
    // Nothing above the threshold but in both classes alike: at a rate that no draw reaches.
    let scored = scored(&mut evidence, "y", "a");
    for (i, row) in scored.videos.rows.iter_mut().enumerate() {
        row.score = if row.fake { 0.1 } else { 0.5 + i as f64 / 1000.0 };
    }
    let mut table = declared();
    let mut strict = metric(TPR, Level::Video);
    strict.parameter = Parameter::Fpr(0.01);
    table.metrics = vec![strict];
    for shown in [true, false] {
        table.intervals.shown = shown;
        let data = build(&project(), &table, &evidence, &[]).unwrap();
        let cell = &data.metrics[0].rows[1].cells[0];
        assert_eq!((cell.value, cell.doubt), (Some(0.0), Some(Doubt::NoVariance)), "{cell:?}");
        assert_eq!((cell.p, cell.untested), (None, Some(Untested::NoVariance)));
    }
}

#[test]
fn rows_are_compared_on_the_videos_that_both_have() {
    let mut lacking = evidence();
    let gone = |video: &str| video.ends_with('7') || video == "real/3";
    let y = scored(&mut lacking, "y", "a");
    for samples in [&mut y.videos, &mut y.frames] {
        samples.rows.retain(|row| !gone(&row.video));
    }
    let data = build(&project(), &declared(), &lacking, &[]).unwrap();
    // The same as if neither row had them.
    let mut both = lacking.clone();
    let x = scored(&mut both, "x", "a");
    for samples in [&mut x.videos, &mut x.frames] {
        samples.rows.retain(|row| !gone(&row.video));
    }
    let without = build(&project(), &declared(), &both, &[]).unwrap();
    let (ours, theirs) = (&data.metrics[0].rows[1].cells[0], &without.metrics[0].rows[1].cells[0]);
    assert_eq!(ours.p, theirs.p);
    let difference = ours.difference.unwrap();
    assert_eq!(difference.value, theirs.difference.unwrap().value);
    assert_eq!(difference.test, Some(Test::Delong));
    assert_eq!(difference.videos, Some(Common { both: 107, either: 120 }));
    assert_ne!(
        Some(difference.value),
        ours.value.zip(data.metrics[0].rows[0].cells[0].value).map(|(a, b)| a - b)
    );
    let notes = data.caption_notes.join(" ");
    let note = "Compared on the videos alone that both rows have: Row y on ";
    assert!(notes.contains(note) && notes.contains("(107 of 120)"), "{notes}");
}

#[test]
fn a_row_of_several_seeds_is_tested_over_its_seeds() {
    let mut evidence = evidence();
    for (from, to, seed) in [("x", "x2", 2), ("x", "x3", 3), ("y", "y2", 4), ("y", "y3", 5)] {
        let copies: Vec<_> = evidence
            .scores
            .iter()
            .filter(|(key, _)| key.experiment == from)
            .map(|(key, scored)| {
                (ScoreKey { experiment: to.into(), ..key.clone() }, scored.clone())
            })
            .collect();
        for (key, mut scored) in copies {
            let mut rng = Rng::named(seed, Stream::Simulation, &key.dataset);
            let shift = if seed % 2 == 0 { 0.35 } else { -0.35 };
            for row in &mut scored.as_mut().unwrap().videos.rows {
                let noise = 0.1 * rng.normal() + if row.fake { shift } else { 0.0 };
                row.score = 1.0 / (1.0 + exp(-ln(row.score / (1.0 - row.score)) - noise));
            }
            evidence.scores.insert(key, scored);
        }
    }
    let mut table = declared();
    let single = build(&project(), &table, &evidence, &[]).unwrap();
    table.rows[0].repeats = vec!["x2".to_owned(), "x3".to_owned()];
    // Against a row of one seed there is no test.
    let mixed = build(&project(), &table, &evidence, &[]).unwrap();
    let cell = &mixed.metrics[0].rows[1].cells[0];
    assert_eq!((cell.p, cell.untested, cell.significant), (None, Some(Untested::OneSeed), false));
    assert!(mixed.caption_notes.join(" ").contains("Not tested against x: Row y, since"));
    table.rows[1].repeats = vec!["y2".to_owned(), "y3".to_owned()];
    let data = build(&project(), &table, &evidence, &[]).unwrap();
    for (column, cell) in data.metrics[0].rows[1].cells.iter().enumerate() {
        let difference = cell.difference.unwrap();
        assert_eq!(difference.test, Some(Test::Seeds));
        let seeds =
            [0, 1].map(|row| data.metrics[0].rows[row].cells[column].seeds.clone().unwrap());
        assert_eq!(seeds[0].values.len(), 3);
        // Less certain than seeds without videos, and than videos without seeds.
        let welch = Error::of(&[&seeds[0], &seeds[1]], 0.0).unwrap().p_value(difference.value);
        assert!(cell.p > welch, "{cell:?}");
        let alone = single.metrics[0].rows[1].cells[column].interval.unwrap();
        let interval = cell.interval.unwrap();
        assert!(interval.high - interval.low > alone.high - alone.low, "{interval:?} {alone:?}");
    }
    assert!(data.caption_notes.join(" ").contains("Welch's test over the seeds"));
}

#[test]
fn the_family_of_tests_is_declared() {
    let mut table = declared();
    // A scenario that repeats another's videos repeats no test.
    let mut repeated = table.scenarios[0].clone();
    repeated.name = "Again".to_owned();
    let before = built(&table);
    table.scenarios.push(repeated);
    let after = built(&table);
    let adjusted =
        |data: &TableData, column: usize| data.metrics[0].rows[1].cells[column].p_adjusted.unwrap();
    assert_eq!(adjusted(&before, 0), adjusted(&after, 0));
    assert_eq!(adjusted(&after, 0), adjusted(&after, after.columns().count() - 3));
    for (correction, family) in [
        (Correction::Column, "the comparisons of a column"),
        (Correction::Scenario, "the comparisons of a scenario"),
    ] {
        table.compare.as_mut().unwrap().correct = correction;
        let data = built(&table);
        let cell = &data.metrics[0].rows[1].cells[0];
        if correction == Correction::Column {
            assert_eq!(cell.p_adjusted, cell.p);
        }
        assert!(adjusted(&data, 0) < adjusted(&before, 0), "{cell:?}");
        assert!(data.caption_notes.join(" ").contains(family));
    }
}

#[test]
fn a_claim_has_its_difference_without_intervals_of_the_table() {
    let mut table = table();
    let scenario = table.scenarios[0].name.clone();
    let claim = |row: &str, above: &str| fixture::claim(row, above, (&scenario, "a"), 0.0);
    table.claims = vec![claim("x", "y").into(), claim("y", "x").into()];
    let data = built(&table);
    let [first, second] = [0, 1].map(|i| data.claims[i].comparisons[0].difference);
    let interval = first.interval.unwrap();
    assert!(interval.contains(first.value) && interval.low > 0.0, "{first:?}");
    assert_eq!(first.value, -second.value);
    assert!(data.claims[0].detail.contains(" points [+"), "{}", data.claims[0].detail);
    assert!(data.metrics[0].rows[0].cells[0].interval.is_none());
}
