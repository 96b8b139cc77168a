//! Calibrations against scikit-learn and SciPy, and what they are for any faces.

use proptest::prelude::*;
use serde::Deserialize;

use super::scored::logits;
use super::*;
use crate::face::Face;
use crate::predictions::Prediction;
use proofmark_lang::model::{Calibration, Label};

/// What `tests/golden/calibration/generate.py` writes.
#[derive(Deserialize)]
struct Golden {
    grid: Vec<f64>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    probabilities: Vec<Vec<f32>>,
    fake: Vec<bool>,
    temperature: f64,
    cooled: Vec<f64>,
    slope: f64,
    offset: f64,
    isotonic: Vec<f64>,
}

fn prediction(probabilities: &[f32], fake: bool) -> Prediction {
    Prediction {
        of: Face {
            dataset: "d".to_owned(),
            video: "v".to_owned(),
            frame: 0,
            face: 0,
            label: if fake { Label::Fake } else { Label::Real },
            method: None,
            family: None,
        },
        area: None,
        probabilities: probabilities.to_vec(),
        exact: None,
    }
}

fn rows(case: &Case) -> Vec<Prediction> {
    let rows = case.probabilities.iter().zip(&case.fake);
    rows.map(|(probabilities, fake)| prediction(probabilities, *fake)).collect()
}

fn golden() -> Golden {
    serde_json::from_str(include_str!("../../../tests/golden/calibration/golden.json")).unwrap()
}

fn fitted(method: Calibration, rows: &[Prediction]) -> Calibrator {
    let faces: Vec<ScoredFace> = rows.iter().map(ScoredFace::of).collect();
    fit(method, &faces).unwrap()
}

#[test]
fn temperature_is_scipys() {
    for case in golden().cases {
        let rows = rows(&case);
        let calibrator = fitted(Calibration::Temperature, &rows);
        let Calibrator::Temperature(found) = &calibrator else { panic!("{calibrator:?}") };
        let off = (found.temperature / case.temperature - 1.0).abs();
        assert!(off < 1e-6, "{}: {}, not {}", case.name, found.temperature, case.temperature);
        for (row, cooled) in rows.iter().zip(&case.cooled) {
            let row = calibrator.apply(row);
            assert!((row.score() - cooled).abs() < 1e-6, "{}: {row:?}, not {cooled}", case.name);
            let sum: f32 = row.probabilities.iter().sum();
            assert!((sum - 1.0).abs() < 1e-6, "{}: {sum}", case.name);
        }
    }
}

#[test]
fn platt_scaling_is_scikit_learns() {
    for case in golden().cases {
        let calibrator = fitted(Calibration::Platt, &rows(&case));
        let Calibrator::Platt(found) = &calibrator else { panic!("{calibrator:?}") };
        let off = (found.slope - case.slope).abs().max((found.offset - case.offset).abs());
        assert!(off < 1e-8 * (1.0 + case.slope.abs()), "{}: {found:?}", case.name);
    }
}

#[test]
fn isotonic_regression_is_scikit_learns() {
    let golden = golden();
    for case in golden.cases {
        let calibrator = fitted(Calibration::Isotonic, &rows(&case));
        for (score, expected) in golden.grid.iter().zip(&case.isotonic) {
            let exact = Some(*score);
            let found = calibrator.apply(&Prediction { exact, ..prediction(&[0.5, 0.5], true) });
            let off = (found.score() - expected).abs();
            assert!(off < 1e-9, "{} at {score}: {}, not {expected}", case.name, found.score());
        }
    }
}

#[test]
fn classes_of_fakes_keep_their_shares() {
    let golden = golden();
    let case = golden.cases.iter().find(|case| case.name == "five-classes").unwrap();
    let rows = rows(case);
    for method in [Calibration::Platt, Calibration::Isotonic] {
        let calibrator = fitted(method, &rows);
        for row in &rows {
            let after = calibrator.apply(row);
            let sum: f64 = after.probabilities[1..].iter().map(|p| f64::from(*p)).sum();
            assert!((sum - after.score()).abs() < 1e-6, "{after:?}");
            let before: f64 = row.score();
            for (a, b) in row.probabilities[1..].iter().zip(&after.probabilities[1..]) {
                let (a, b) = (f64::from(*a) / before, f64::from(*b));
                assert!((a * after.score() - b).abs() < 1e-6, "{row:?} {after:?}");
            }
        }
    }
    // Of nothing each has the same share.
    let calibrator = fitted(Calibration::Platt, &rows);
    let none = calibrator.apply(&prediction(&[1.0, 0.0, 0.0], false));
    assert_eq!(none.probabilities[1], none.probabilities[2]);
}

#[test]
fn what_has_no_best_is_refused() {
    let faces = |rows: &[(f32, bool)]| -> Vec<ScoredFace> {
        rows.iter().map(|(p, fake)| ScoredFace::of(&prediction(&[1.0 - p, *p], *fake))).collect()
    };
    let fit = |method, rows: &[(f32, bool)]| fit(method, &faces(rows));
    let apart = [(0.2, false), (0.3, false), (0.6, true), (0.9, true)];
    let turned = [(0.2, true), (0.3, true), (0.6, false), (0.9, false)];
    let temperature = Calibration::Temperature;
    assert_eq!(fit(temperature, &apart), Err(CalibrationError::Separated { faces: 4 }));
    assert_eq!(fit(temperature, &turned), Err(CalibrationError::Useless { faces: 4 }));
    for method in [Calibration::Temperature, Calibration::Platt, Calibration::Isotonic] {
        let one = CalibrationError::OneClass { reals: 2, fakes: 0 };
        assert_eq!(fit(method, &apart[..2]), Err(one));
    }
    // Platt's targets are no certainties.
    let Ok(Calibrator::Platt(found)) = fit(Calibration::Platt, &apart) else { panic!() };
    assert!(found.slope.is_finite() && found.slope > 0.0, "{found:?}");
    assert!(fit(Calibration::Isotonic, &turned).is_ok());
}

#[test]
fn probabilities_of_nothing_are_no_infinities() {
    assert!(logits(&[1.0, 0.0]).iter().all(|logit| logit.is_finite()));
}

proptest! {
    /// No map leaves 0 to 1, and all but a falling one keep the order of scores.
    #[test]
    fn a_map_rises_and_gives_probabilities(
        drawn in prop::collection::vec((0.0f32..=1.0, any::<bool>()), 2..60),
    ) {
        let rows: Vec<Prediction> =
            drawn.iter().map(|(p, fake)| prediction(&[1.0 - p, *p], *fake)).collect();
        let faces: Vec<ScoredFace> = rows.iter().map(ScoredFace::of).collect();
        for method in [Calibration::Temperature, Calibration::Platt, Calibration::Isotonic] {
            let Ok(calibrator) = fit(method, &faces) else { continue };
            let rising = match &calibrator {
                Calibrator::Platt(platt) => platt.slope >= 0.0,
                Calibrator::Temperature(_) | Calibrator::Isotonic(_) => true,
            };
            let mut scores: Vec<(f64, f64)> =
                rows.iter().map(|row| (row.score(), calibrator.apply(row).score())).collect();
            scores.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
            prop_assert!(scores.iter().all(|(_, p)| (0.0..=1.0).contains(p)), "{scores:?}");
            // Rounding of what saturates may show in the last digits.
            let rises = scores.is_sorted_by(|a, b| a.1 <= b.1 + 1e-9);
            prop_assert!(!rising || rises, "{calibrator:?} {scores:?}");
        }
    }
}
