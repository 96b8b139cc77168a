//! Metrics against scikit-learn's values, by hand, and by their laws.

use std::path::{Path, PathBuf};

use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::file::summarise;
use crate::measure::Measure;
use crate::request::Request;
use proofmark_lang::model::Pooling;

fn ranking(pairs: &[(bool, f64)]) -> Ranking {
    Ranking::new(pairs.iter().copied()).unwrap()
}

fn golden() -> (PathBuf, Value) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/metrics");
    let text = std::fs::read_to_string(folder.join("golden.json")).unwrap();
    (folder, serde_json::from_str(&text).unwrap())
}

/// Compares every number of a golden level with ours, to 1e-12.
fn assert_level(name: &str, ours: &Value, golden: &Value) {
    let keys = [
        "n",
        "auc",
        "balanced_accuracy",
        "eer",
        "average_precision",
        "accuracy",
        "tpr",
        "brier",
        "ece",
    ];
    for key in keys {
        match (ours[key].as_f64(), golden[key].as_f64()) {
            (Some(a), Some(b)) => assert!((a - b).abs() <= 1e-12, "{name} {key}: {a} is not {b}"),
            (None, None) => {
                assert!(golden.get(key).is_some_and(Value::is_null), "{name} {key} is not golden");
                assert!(ours["reasons"][key].is_string(), "{name} {key}: no reason");
            }
            (a, b) => panic!("{name} {key}: {a:?} is not {b:?}"),
        }
    }
}

#[test]
fn files_agree_with_scikit_learn() {
    let (folder, golden) = golden();
    let cases = golden["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 17);
    for case in cases {
        let name = case["name"].as_str().unwrap();
        let summary = summarise(&Request {
            path: folder.join(format!("{name}.csv")),
            score: "score".into(),
            label: "label".into(),
            video: vec!["video".into()],
            fake_is: None,
            by: None,
            threshold: Some(case["threshold"].as_f64().unwrap()),
            fpr: 0.1,
            bins: 10,
            video_score: Pooling::Mean,
            bootstrap: None,
            only_videos: false,
        });
        let summary = serde_json::to_value(summary.unwrap()).unwrap();
        assert_level(&format!("{name} frame"), &summary["frame"], &case["frame"]);
        assert_level(&format!("{name} video"), &summary["video"], &case["video"]);
        let dropped = summary.get("dropped").and_then(Value::as_u64).unwrap_or(0);
        assert_eq!(Some(dropped), case["dropped"].as_u64(), "{name} dropped");
    }
}

#[test]
fn ten_million_rows_agree_with_scikit_learn() {
    let rows = (0..10_000_000u64).map(|i| {
        let mut h = i.wrapping_add(0x9E37_79B9_7F4A_7C15);
        h = (h ^ (h >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        h = (h ^ (h >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        h ^= h >> 31;
        let level = h >> 44;
        (h & 0xF_FFFF < 262_144 + level / 2, level as f64 / f64::from(1 << 20))
    });
    let ranking = Ranking::new(rows).unwrap();
    let ours = serde_json::json!({
        "n": ranking.rows(),
        "auc": ranking.roc_auc().unwrap(),
        "balanced_accuracy": ranking.balanced_accuracy(0.5).unwrap(),
        "eer": ranking.eer().unwrap(),
        "average_precision": ranking.average_precision().unwrap(),
        "accuracy": ranking.accuracy(0.5).unwrap(),
        "tpr": ranking.true_positive_rate(0.1).unwrap(),
        "brier": ranking.brier().unwrap(),
        "ece": ranking.calibration_error(10).unwrap(),
    });
    assert_level("ten million", &ours, &golden().1["ten_million"]);
}

#[test]
fn a_tie_counts_one_half() {
    assert_eq!(ranking(&[(false, 0.5), (true, 0.5)]).roc_auc(), Ok(0.5));
    assert_eq!(ranking(&[(false, 0.0), (true, -0.0)]).roc_auc(), Ok(0.5));
}

#[test]
fn a_score_at_the_threshold_is_called_fake() {
    let scores = ranking(&[(false, 0.4), (true, 0.5)]);
    assert_eq!(scores.balanced_accuracy(0.5), Ok(1.0));
    assert_eq!(scores.balanced_accuracy(0.4), Ok(0.5));
    assert_eq!(scores.accuracy(0.6), Ok(0.5));
}

#[test]
fn undefined_is_not_zero() {
    let empty = ranking(&[]);
    let reals = ranking(&[(false, 0.1), (false, 0.7)]);
    let fakes = ranking(&[(true, 0.7)]);
    let two_class = [
        Measure::Auc,
        Measure::BalancedAccuracy { threshold: 0.5 },
        Measure::Eer,
        Measure::AveragePrecision,
        Measure::Tpr { fpr: 0.5 },
    ];
    for measure in two_class {
        assert_eq!(empty.measure(measure), Err(Undefined::Empty));
        assert_eq!(reals.measure(measure), Err(Undefined::NoFakes { reals: 2 }));
        assert_eq!(fakes.measure(measure), Err(Undefined::NoReals { fakes: 1 }));
    }
    for measure in [Measure::Brier, Measure::Ece { bins: 10 }] {
        assert_eq!(empty.measure(measure), Err(Undefined::Empty));
        assert!(reals.measure(measure).is_ok());
        let beyond = ranking(&[(false, -0.5), (true, 0.7)]);
        assert_eq!(beyond.measure(measure), Err(Undefined::Probability(-0.5)));
    }
    assert_eq!(empty.accuracy(0.5), Err(Undefined::Empty));
    assert_eq!(reals.accuracy(0.5), Ok(0.5));
    assert_eq!(fakes.accuracy(f64::NAN), Err(Undefined::Threshold));
}

#[test]
fn a_score_that_cannot_be_ranked_names_its_row() {
    for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let error = Ranking::new([(true, 0.5), (false, value)]).unwrap_err();
        assert_eq!(error.row, 2);
        assert!(error.to_string().contains(&format!("row 2 is {value}")), "{error}");
    }
}

/// Rows with both classes and many ties.
fn rows() -> impl Strategy<Value = Vec<(bool, f64)>> {
    let row = (any::<bool>(), 0u8..12).prop_map(|(fake, level)| (fake, f64::from(level) / 11.0));
    prop::collection::vec(row, 2..80).prop_filter("both classes", |rows| {
        rows.iter().any(|row| row.0) && rows.iter().any(|row| !row.0)
    })
}

proptest! {
    #[test]
    fn auc_is_the_share_of_pairs_in_order(rows in rows()) {
        let (mut won, mut pairs) = (0.0, 0.0);
        for (_, fake) in rows.iter().filter(|row| row.0) {
            for (_, real) in rows.iter().filter(|row| !row.0) {
                pairs += 1.0;
                won += if fake > real { 1.0 } else if fake == real { 0.5 } else { 0.0 };
            }
        }
        prop_assert!((ranking(&rows).roc_auc().unwrap() - won / pairs).abs() < 1e-12);
    }

    #[test]
    fn swapping_the_classes_mirrors_auc_and_eer(rows in rows()) {
        let swapped: Vec<_> = rows.iter().map(|&(fake, score)| (!fake, score)).collect();
        let (ours, theirs) = (ranking(&rows), ranking(&swapped));
        prop_assert!((ours.roc_auc().unwrap() + theirs.roc_auc().unwrap() - 1.0).abs() < 1e-12);
        prop_assert!((ours.eer().unwrap() + theirs.eer().unwrap() - 1.0).abs() < 1e-12);
    }

    #[test]
    fn only_the_order_matters_to_auc_eer_and_average_precision(rows in rows()) {
        let moved: Vec<_> = rows.iter().map(|&(fake, score)| (fake, score * 7.0 - 3.0)).collect();
        let (ours, theirs) = (ranking(&rows), ranking(&moved));
        prop_assert_eq!(ours.roc_auc(), theirs.roc_auc());
        prop_assert_eq!(ours.eer(), theirs.eer());
        prop_assert_eq!(ours.average_precision(), theirs.average_precision());
    }

    #[test]
    fn the_order_of_rows_changes_nothing(rows in rows()) {
        let reversed: Vec<_> = rows.iter().rev().copied().collect();
        prop_assert_eq!(ranking(&rows), ranking(&reversed));
    }

    #[test]
    fn every_metric_is_a_fraction(rows in rows(), threshold in -0.5f64..1.5) {
        let scores = ranking(&rows);
        for measure in [
            Measure::Auc, Measure::BalancedAccuracy { threshold }, Measure::Eer,
            Measure::AveragePrecision, Measure::Accuracy { threshold },
            Measure::Tpr { fpr: threshold }, Measure::Brier, Measure::Ece { bins: 7 },
        ] {
            let value = scores.measure(measure).unwrap();
            prop_assert!((0.0..=1.0).contains(&value), "{:?} is {}", measure, value);
        }
    }

    #[test]
    fn no_threshold_is_better_than_the_best(rows in rows(), other in 0.0f64..1.0) {
        let scores = ranking(&rows);
        let best = scores.balanced_accuracy(scores.best_threshold().unwrap()).unwrap();
        prop_assert!(scores.balanced_accuracy(other).unwrap() <= best + 1e-12);
    }
}

proptest! {
    /// Means of the same decimals in another order are one score: the area is that of exact
    /// arithmetic.
    #[test]
    fn means_of_decimals_rank_as_exact_arithmetic_does(
        videos in prop::collection::vec(
            (any::<bool>(), prop::collection::vec(0u32..6, 1..7)), 2..40,
        ),
    ) {
        let mean = |faces: &[u32]| {
            let sum: f64 = faces.iter().map(|&face| f64::from(face) / 10.0).sum();
            sum / faces.len() as f64
        };
        let ours = ranking(&videos.iter().map(|(fake, f)| (*fake, mean(f))).collect::<Vec<_>>());
        let (mut won, mut pairs) = (0, 0);
        for (_, real) in videos.iter().filter(|(fake, _)| !fake) {
            for (_, fake) in videos.iter().filter(|(fake, _)| *fake) {
                let (a, b) = (real.iter().sum::<u32>(), fake.iter().sum::<u32>());
                let (a, b) = (a as usize * fake.len(), b as usize * real.len());
                won += 2 * u32::from(a < b) + u32::from(a == b);
                pairs += 2;
            }
        }
        if pairs > 0 {
            let exact = f64::from(won) / f64::from(pairs);
            prop_assert!((ours.roc_auc().unwrap() - exact).abs() < 1e-12);
            let half = videos.iter().filter(|(fake, f)| {
                // A mean of 0.3 and above.
                *fake == (10 * f.iter().sum::<u32>() as usize >= 30 * f.len())
            });
            let exact = half.count() as f64 / videos.len() as f64;
            prop_assert!((ours.accuracy(0.3).unwrap() - exact).abs() < 1e-12);
        }
    }
}
