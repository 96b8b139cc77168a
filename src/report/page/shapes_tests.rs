//! Shapes of made-up scores, and of the evidence of a made-up table.

use proptest::prelude::*;

use super::*;
use crate::build::tests::{project, table};
use crate::evidence::Scored;
use proofmark_evaluate::samples::Samples;

fn videos(scores: &[(bool, f64)]) -> Samples {
    let sample = |&(fake, score): &(bool, f64)| Sample {
        video: "v".into(),
        fake,
        score,
        method: fake.then(|| "swap-1".into()),
        family: None,
    };
    Samples { rows: scores.iter().map(sample).collect() }
}

fn key() -> ScoreKey {
    ScoreKey { experiment: "x".into(), dataset: "a".into(), split: Split::Test, corruption: None }
}

fn area(roc: &[(f64, f64)]) -> f64 {
    roc.windows(2).map(|w| (w[1].0 - w[0].0) * (w[1].1 + w[0].1) / 2.0).sum()
}

proptest! {
    #[test]
    fn thin_curves_have_the_area_of_all_points(
        scores in prop::collection::vec((any::<bool>(), 0u32..500), 2..700),
    ) {
        let scores: Vec<(bool, f64)> =
            scores.into_iter().map(|(fake, score)| (fake, f64::from(score) / 499.0)).collect();
        let shape = shape(videos(&scores).rows.iter(), key()).unwrap();
        match Ranking::new(scores.iter().copied()).unwrap().measure(AUC) {
            Ok(auc) => {
                prop_assert!((area(&shape.roc) - auc).abs() < 1e-3);
                prop_assert_eq!(shape.roc[0], (0.0, 0.0));
                prop_assert_eq!(*shape.roc.last().unwrap(), (1.0, 1.0));
            }
            Err(_) => prop_assert!(shape.roc.is_empty()),
        }
        prop_assert_eq!(shape.histogram[0].iter().sum::<u64>(), shape.reals);
        prop_assert_eq!(shape.histogram[1].iter().sum::<u64>(), shape.fakes);
        let binned: u64 = shape.calibration.iter().map(|bin| bin.videos).sum();
        prop_assert_eq!(binned, shape.reals + shape.fakes);
        let fakes: f64 = shape.calibration.iter().map(|b| b.fakes * b.videos as f64).sum();
        prop_assert!((fakes - shape.fakes as f64).abs() < 1e-6);
    }
}

#[test]
fn the_most_wrong_videos_are_named_by_class() {
    let mut samples = videos(&[
        (false, 0.2),
        (false, 0.9),
        (true, 0.4),
        (false, 0.9),
        (false, 0.1),
        (true, 0.05),
    ]);
    for (name, sample) in ["a", "c", "d", "b", "e", "f"].into_iter().zip(&mut samples.rows) {
        sample.video = name.into();
    }
    let [reals, fakes] = shape(samples.rows.iter(), key()).unwrap().wrong;
    let named = |name: &str, score| (name.to_owned(), score);
    assert_eq!(reals, [named("b", 0.9), named("c", 0.9), named("a", 0.2)]);
    assert_eq!(fakes, [named("f", 0.05), named("d", 0.4)]);
}

#[test]
fn thinning_leaves_out_much_and_keeps_corners() {
    let many: Vec<(bool, f64)> =
        (0..4000).map(|i| (i % 2 == 0, f64::from(i * 7919 % 4001) / 4000.0)).collect();
    let shape_of_many = shape(videos(&many).rows.iter(), key()).unwrap();
    assert!(shape_of_many.roc.len() < 1500, "{}", shape_of_many.roc.len());
    let perfect =
        shape(videos(&[(true, 0.9), (true, 0.8), (false, 0.2)]).rows.iter(), key()).unwrap();
    assert_eq!(perfect.roc, [(0.0, 0.0), (0.0, 1.0), (1.0, 1.0)]);
}

#[test]
fn nothing_one_class_and_ties_have_shapes() {
    let empty = shape(videos(&[]).rows.iter(), key()).unwrap();
    assert_eq!((empty.roc.len(), empty.calibration.len()), (0, 0));
    let reals = shape(videos(&[(false, 0.0), (false, 1.0)]).rows.iter(), key()).unwrap();
    assert!(reals.roc.is_empty());
    assert_eq!(reals.histogram[0][0] + reals.histogram[0][BINS - 1], 2);
    assert_eq!(reals.calibration.iter().map(|bin| bin.fakes).collect::<Vec<_>>(), [0.0, 0.0]);
    let tied = shape(videos(&[(false, 0.5), (true, 0.5)]).rows.iter(), key()).unwrap();
    assert_eq!(tied.roc, [(0.0, 0.0), (1.0, 1.0)]);
    assert_eq!(tied.calibration, [CalibrationBin { score: 0.5, fakes: 0.5, videos: 2 }]);
}

#[test]
fn units_are_columns_and_data_sets_whose_manipulations_are_hidden() {
    let (project, mut table) = (project(), table());
    let mut evidence = Evidence::default();
    for dataset in ["a", "m"] {
        let scored = Scored { videos: videos(&[(true, 0.9), (false, 0.2)]), ..Scored::default() };
        let key = ScoreKey { dataset: dataset.into(), ..key() };
        evidence.scores.insert(key, Ok(scored));
    }
    let found = shapes(&project, &table, &evidence).unwrap();
    let names = |found: &[UnitShapes]| {
        found.iter().map(|unit| (unit.key.clone(), unit.column)).collect::<Vec<_>>()
    };
    let unit = |key: &str, column| (key.to_owned(), column);
    let shown = [
        unit("a", Some(0)),
        unit("b", Some(2)),
        unit("m/swap-1", Some(3)),
        unit("m/swap-2", Some(4)),
        unit("m/mouth", Some(5)),
    ];
    assert_eq!(names(&found), shown);
    // The second row was not scored at all.
    let rows = |unit: &UnitShapes| unit.rows.iter().map(Option::is_some).collect::<Vec<_>>();
    assert_eq!(rows(&found[0]), [true, false]);
    assert_eq!(rows(&found[1]), [false, false]);
    assert_eq!(found[3].rows[0].as_ref().map(|shape| (shape.reals, shape.fakes)), Some((1, 0)));

    let Column::PerManipulation(of) = &mut table.scenarios[1].columns[0] else { panic!() };
    of.show = false;
    let found = shapes(&project, &table, &evidence).unwrap();
    assert_eq!(names(&found)[2..], [unit("m", None)]);
    assert_eq!(found[2].label, "m, all manipulations");
    assert_eq!(found[2].rows[0].as_ref().map(|shape| shape.fakes), Some(1));
}
