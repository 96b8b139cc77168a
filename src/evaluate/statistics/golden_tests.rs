//! The statistics against scikit-learn, SciPy, statsmodels, NumPy and DeLong's definition.

use serde_json::Value;

use super::bootstrap::{Item, Replica};
use super::delong::Area;
use super::distributions::{normal_above, normal_quantile, student_quantile, student_two_sided};
use super::holm;
use super::interval::Interval;
use super::seeds::{Error, Seeds};
use proofmark_metrics::{
    ACCURACY, AUC, AVERAGE_PRECISION, BALANCED_ACCURACY, BRIER, LANES, MATTHEWS,
};

fn golden(part: &str) -> Vec<Value> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/statistics/golden.json");
    let text = std::fs::read_to_string(path).unwrap();
    let golden: Value = serde_json::from_str(&text).unwrap();
    let cases = golden[part].as_array().unwrap().clone();
    assert!(!cases.is_empty(), "{part}");
    cases
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
}

#[track_caller]
fn assert_near(ours: f64, theirs: &Value, relative: f64) {
    let theirs = theirs.as_f64().unwrap();
    let apart = (ours - theirs).abs();
    assert!(apart <= relative * theirs.abs().max(1e-300), "{ours} is not {theirs}");
}

#[test]
fn delong_agrees_with_its_definition() {
    for case in golden("delong") {
        let area =
            |i: usize| Area::new(&numbers(&case["reals"][i]), &numbers(&case["fakes"][i])).unwrap();
        let (a, b) = (area(0), area(1));
        for (i, area) in [&a, &b].into_iter().enumerate() {
            assert_near(area.auc, &case["auc"][i], 1e-12);
            assert_near(area.variance(), &case["covariance"][i][i], 1e-10);
            let interval = area.interval(0.95);
            assert_near(interval.low, &case["low"][i], 1e-11);
            assert_near(interval.high, &case["high"][i], 1e-11);
        }
        assert_near(a.covariance(&b), &case["covariance"][0][1], 1e-10);
        let test = a.test(&b).unwrap();
        assert_near(test.z, &case["z"], 1e-9);
        assert_near(test.p, &case["p"], 1e-8);
    }
}

#[test]
fn areas_without_variance_are_told_apart() {
    let (reals, fakes) = ([0.1, 0.2, 0.3], [0.7, 0.8]);
    let perfect = Area::new(&reals, &fakes).unwrap();
    let test = perfect.test(&Area::new(&[0.0, 0.1, 0.5], &[0.6, 0.9]).unwrap()).unwrap();
    assert_eq!(test.p, 1.0, "equal areas");
    let inverted = Area::new(&[0.7, 0.8, 0.9], &[0.1, 0.2]).unwrap();
    assert_eq!(perfect.test(&inverted), None, "no variance, but a difference");
    assert_eq!(Area::new(&reals, &[0.5]), None, "one fake has no variance");
}

#[test]
fn weighted_metrics_agree_with_scikit_learn() {
    for case in golden("weighted") {
        let reals = numbers(&case["reals"]);
        let fakes = numbers(&case["fakes"]);
        let all = reals.iter().map(|&s| (false, s)).chain(fakes.iter().map(|&s| (true, s)));
        let items: Vec<Item> = all
            .enumerate()
            .map(|(i, (fake, score))| Item { video: i as u32, fake, score })
            .collect();
        let counts: Vec<_> =
            numbers(&case["counts"]).iter().map(|&count| [count as u8; LANES]).collect();
        for (name, measure) in [
            ("auc", AUC.into()),
            ("balanced_accuracy", BALANCED_ACCURACY.at(0.5)),
            ("accuracy", ACCURACY.at(0.5)),
            ("average_precision", AVERAGE_PRECISION.into()),
            ("brier", BRIER.into()),
            ("matthews", MATTHEWS.at(0.5)),
        ] {
            let values = Replica::new(&items, measure).values(&counts);
            assert_near(values[LANES - 1], &case[name], 1e-12);
        }
    }
}

#[test]
fn holm_agrees_with_statsmodels() {
    for case in golden("holm") {
        let adjusted = holm::adjust(&numbers(&case["p"]));
        for (ours, theirs) in adjusted.iter().zip(case["adjusted"].as_array().unwrap()) {
            assert_near(*ours, theirs, 1e-12);
        }
    }
    assert!(holm::adjust(&[]).is_empty());
}

#[test]
fn the_normal_distribution_agrees_with_scipy() {
    for case in golden("normal") {
        assert_near(normal_above(case["x"].as_f64().unwrap()), &case["above"], 1e-12);
    }
    for case in golden("quantile") {
        let x = normal_quantile(case["p"].as_f64().unwrap());
        let theirs = case["x"].as_f64().unwrap();
        assert!((x - theirs).abs() <= 1e-12, "{x} is not {theirs}");
    }
}

#[test]
fn percentiles_agree_with_numpy() {
    for case in golden("percentile") {
        let draws = numbers(&case["draws"]);
        let interval = Interval::of_draws(&draws, case["level"].as_f64().unwrap()).unwrap();
        assert_near(interval.low, &case["ends"][0], 1e-12);
        assert_near(interval.high, &case["ends"][1], 1e-12);
    }
}

#[test]
fn seeds_agree_with_numpy() {
    for case in golden("seeds") {
        let values = numbers(&case["values"]);
        let seeds = Seeds::of(&values).unwrap();
        assert_eq!(seeds.n, values.len());
        assert_near(seeds.mean, &case["mean"], 1e-12);
        assert!((seeds.deviation.unwrap() - case["deviation"].as_f64().unwrap()).abs() < 1e-12);
    }
    assert_eq!(Seeds::of(&[0.5]).unwrap().deviation, None);
    assert_eq!(Seeds::of(&[]), None);
}

#[test]
fn students_distribution_agrees_with_scipy() {
    let number = |case: &Value, key: &str| case[key].as_f64().unwrap();
    for case in golden("student") {
        let ours = student_two_sided(number(&case, "t"), number(&case, "freedom"));
        let theirs = number(&case, "p");
        assert!((ours - theirs).abs() <= 1e-11 * theirs + 1e-300, "{case}: {ours}");
    }
    for case in golden("student_quantile") {
        let ours = student_quantile(number(&case, "p"), number(&case, "freedom"));
        let theirs = number(&case, "t");
        assert!((ours - theirs).abs() <= 1e-9 * theirs, "{case}: {ours}");
    }
}

#[test]
fn seeds_without_videos_are_welchs_test() {
    for case in golden("welch") {
        let [ours, theirs] = ["ours", "theirs"].map(|key| Seeds::of(&numbers(&case[key])).unwrap());
        let error = Error::of(&[&ours, &theirs], 0.0).unwrap();
        let p = error.p_value(ours.mean - theirs.mean).unwrap();
        assert!((p - case["p"].as_f64().unwrap()).abs() < 1e-10 * p.max(1e-3), "{case}: {p}");
        // What the videos leave open is added.
        let with = Error::of(&[&ours, &theirs], 0.01).unwrap();
        assert!(with.standard > error.standard && with.freedom == error.freedom);
        let alone = Seeds::of(&[0.5]).unwrap();
        assert_eq!(Error::of(&[&ours, &alone], 0.01), None);
    }
}
