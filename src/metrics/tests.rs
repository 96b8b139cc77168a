//! Metrics by hand, and by their laws.

use proptest::prelude::*;

use super::*;

fn ranking(pairs: &[(bool, f64)]) -> Ranking {
    Ranking::new(pairs.iter().copied()).unwrap()
}

#[test]
fn a_tie_counts_one_half() {
    assert_eq!(ranking(&[(false, 0.5), (true, 0.5)]).measure(AUC), Ok(0.5));
    assert_eq!(ranking(&[(false, 0.0), (true, -0.0)]).measure(AUC), Ok(0.5));
}

#[test]
fn a_score_at_the_threshold_is_called_fake() {
    let scores = ranking(&[(false, 0.4), (true, 0.5)]);
    assert_eq!(scores.measure(BALANCED_ACCURACY.at(0.5)), Ok(1.0));
    assert_eq!(scores.measure(BALANCED_ACCURACY.at(0.4)), Ok(0.5));
    assert_eq!(scores.measure(ACCURACY.at(0.6)), Ok(0.5));
}

#[test]
fn a_metric_that_needs_a_number_is_not_computed_at_zero() {
    for metric in ALL {
        let made = std::panic::catch_unwind(|| Measure::from(*metric));
        assert_eq!(made.is_err(), metric.needs.is_some(), "{metric:?}");
    }
}

#[test]
fn undefined_is_not_zero() {
    let empty = ranking(&[]);
    let reals = ranking(&[(false, 0.1), (false, 0.7)]);
    let fakes = ranking(&[(true, 0.7)]);
    for metric in ALL.iter().filter(|metric| metric.needs_both_classes) {
        let measure = metric.at(0.5);
        assert_eq!(empty.measure(measure), Err(Undefined::Empty));
        assert_eq!(reals.measure(measure), Err(Undefined::NoFakes { reals: 2 }));
        assert_eq!(fakes.measure(measure), Err(Undefined::NoReals { fakes: 1 }));
    }
    for measure in [BRIER.into(), ECE.at(10.0)] {
        assert_eq!(empty.measure(measure), Err(Undefined::Empty));
        assert!(reals.measure(measure).is_ok());
        let beyond = ranking(&[(false, -0.5), (true, 0.7)]);
        assert_eq!(beyond.measure(measure), Err(Undefined::Probability(-0.5)));
    }
    assert_eq!(empty.measure(ACCURACY.at(0.5)), Err(Undefined::Empty));
    assert_eq!(reals.measure(ACCURACY.at(0.5)), Ok(0.5));
    assert_eq!(fakes.measure(ACCURACY.at(f64::NAN)), Err(Undefined::Threshold));
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
        prop_assert!((ranking(&rows).measure(AUC).unwrap() - won / pairs).abs() < 1e-12);
    }

    #[test]
    fn swapping_the_classes_mirrors_auc_and_eer(rows in rows()) {
        let swapped: Vec<_> = rows.iter().map(|&(fake, score)| (!fake, score)).collect();
        let (ours, theirs) = (ranking(&rows), ranking(&swapped));
        prop_assert!((ours.measure(AUC).unwrap() + theirs.measure(AUC).unwrap() - 1.0).abs() < 1e-12);
        prop_assert!((ours.measure(EER).unwrap() + theirs.measure(EER).unwrap() - 1.0).abs() < 1e-12);
    }

    #[test]
    fn only_the_order_matters_to_auc_eer_and_average_precision(rows in rows()) {
        let moved: Vec<_> = rows.iter().map(|&(fake, score)| (fake, score * 7.0 - 3.0)).collect();
        let (ours, theirs) = (ranking(&rows), ranking(&moved));
        prop_assert_eq!(ours.measure(AUC), theirs.measure(AUC));
        prop_assert_eq!(ours.measure(EER), theirs.measure(EER));
        prop_assert_eq!(ours.measure(AVERAGE_PRECISION), theirs.measure(AVERAGE_PRECISION));
    }

    #[test]
    fn the_order_of_rows_changes_nothing(rows in rows()) {
        let reversed: Vec<_> = rows.iter().rev().copied().collect();
        prop_assert_eq!(ranking(&rows), ranking(&reversed));
    }

    #[test]
    fn every_metric_stays_in_its_range(rows in rows(), threshold in -0.5f64..1.5) {
        let scores = ranking(&rows);
        for metric in ALL {
            let bins = metric.needs.is_some_and(|needed| needed.number == Number::Bins);
            let value = scores.measure(metric.at(if bins { 7.0 } else { threshold })).unwrap();
            let [least, most] = metric.range;
            prop_assert!((least..=most).contains(&value), "{:?} is {}", metric, value);
        }
    }

    #[test]
    fn no_threshold_is_better_than_the_best(rows in rows(), other in 0.0f64..1.0) {
        let scores = ranking(&rows);
        let best = scores.measure(BALANCED_ACCURACY.at(scores.best_threshold().unwrap())).unwrap();
        prop_assert!(scores.measure(BALANCED_ACCURACY.at(other)).unwrap() <= best + 1e-12);
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
            prop_assert!((ours.measure(AUC).unwrap() - exact).abs() < 1e-12);
            let half = videos.iter().filter(|(fake, f)| {
                // A mean of 0.3 and above.
                *fake == (10 * f.iter().sum::<u32>() as usize >= 30 * f.len())
            });
            let exact = half.count() as f64 / videos.len() as f64;
            prop_assert!((ours.measure(ACCURACY.at(0.3)).unwrap() - exact).abs() < 1e-12);
        }
    }
}
