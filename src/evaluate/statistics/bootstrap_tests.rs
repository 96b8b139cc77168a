//! Laws of the bootstrap.

use proptest::prelude::*;

use super::*;
use crate::statistics::interval::Interval;
use proofmark_base::rng::{Rng, Stream};
use proofmark_metrics::{ACCURACY, ALL, AUC, BRIER, Measure, Metric, Number, Ranking, as_it_is};

/// Every metric, with a number for those that need one.
fn measures() -> Vec<Measure> {
    let number = |metric: &Metric| match metric.needs.map(|needed| needed.number) {
        Some(Number::Threshold) => 0.5,
        Some(Number::Fpr) => 0.2,
        Some(Number::Bins) => 5.0,
        None => 0.0,
    };
    ALL.iter().map(|metric| metric.at(number(metric))).collect()
}

/// Videos with one item each, reals first.
fn videos(reals: &[f64], fakes: &[f64]) -> Vec<Item> {
    let all = reals.iter().map(|&score| (false, score));
    let all = all.chain(fakes.iter().map(|&score| (true, score))).enumerate();
    all.map(|(i, (fake, score))| Item { video: i as u32, fake, score }).collect()
}

fn unit(items: &[Item], reals: usize, fakes: usize, measures: &[Measure]) -> Unit {
    Unit {
        reals: Stratum::new("a real", reals),
        fakes: Stratum::new("a fake", fakes),
        replicas: measures.iter().map(|&measure| Replica::new(items, measure)).collect(),
    }
}

/// Scores with many ties.
fn scores() -> impl Strategy<Value = Vec<f64>> {
    prop::collection::vec((0u8..12).prop_map(|level| f64::from(level) / 11.0), 1..40)
}

proptest! {
    #[test]
    fn every_video_once_gives_the_metric_itself(reals in scores(), fakes in scores()) {
        let items = videos(&reals, &fakes);
        let ranking = Ranking::new(items.iter().map(|item| (item.fake, item.score))).unwrap();
        for measure in measures() {
            let value = Replica::new(&items, measure).values(&as_it_is(items.len()))[3];
            let expected = ranking.measure(measure).unwrap();
            prop_assert!((value - expected).abs() < 1e-12, "{:?}: {} is not {}", measure, value, expected);
        }
    }

    #[test]
    fn a_video_drawn_twice_counts_like_two(reals in scores(), fakes in scores(), seed: u64) {
        let items = videos(&reals, &fakes);
        let mut counts = Vec::new();
        Stratum::new("x", reals.len()).draw(seed, 0, &mut counts);
        Stratum::new("y", fakes.len()).draw(seed, 0, &mut counts);
        let repeated = items.iter().flat_map(|item| {
            let n = usize::from(counts[item.video as usize][5]);
            std::iter::repeat_n((item.fake, item.score), n)
        });
        let ranking = Ranking::new(repeated).unwrap();
        for measure in measures() {
            let value = Replica::new(&items, measure).values(&counts)[5];
            let expected = ranking.measure(measure).unwrap();
            prop_assert!((value - expected).abs() < 1e-12, "{:?}: {} is not {}", measure, value, expected);
        }
    }
}

#[test]
fn a_draw_has_as_many_videos_as_the_class() {
    let mut counts = Vec::new();
    Stratum::new("a", 57).draw(3, 32, &mut counts);
    for lane in 0..LANES {
        assert_eq!(counts.iter().map(|c| usize::from(c[lane])).sum::<usize>(), 57);
    }
    assert!((1..LANES).all(|lane| counts.iter().any(|c| c[lane] != c[0])), "draws differ");
}

#[test]
fn a_value_depends_on_seed_class_and_draw_alone() {
    let items = videos(&[0.1, 0.4, 0.35, 0.2], &[0.3, 0.9, 0.8]);
    let unit = unit(&items, 4, 3, &[AUC.into(), BRIER.into()]);
    let (few, many) = (unit.draws(21, 7), unit.draws(100, 7));
    assert_eq!(few[0].len(), 21);
    assert_eq!(few[0], many[0][..21]);
    assert_ne!(few[0], unit.draws(21, 8)[0]);
    let mut other = unit.clone();
    other.replicas.swap(0, 1);
    assert_eq!(other.draws(21, 7)[1], few[0]);
    other.fakes = Stratum::new("another", 3);
    assert_ne!(other.draws(21, 7)[1], few[0]);
}

#[test]
fn one_thread_draws_what_many_draw() {
    let items = videos(&[0.1, 0.4, 0.35, 0.2], &[0.3, 0.9, 0.8]);
    let unit = unit(&items, 4, 3, &measures());
    let single = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    let alone = single.install(|| unit.draws(200, 1));
    let several = rayon::ThreadPoolBuilder::new().num_threads(3).build().unwrap();
    assert_eq!(several.install(|| unit.draws(200, 1)), alone);
}

#[test]
fn all_faces_of_a_video_are_drawn_together() {
    // Every video has its face twice, which changes no metric as long as both are drawn.
    let first = videos(&[0.1, 0.2, 0.3, 0.7], &[0.4, 0.6, 0.9]);
    let mut both = first.clone();
    both.extend(first.iter().map(|item| Item { score: item.score, ..*item }));
    let measures = [AUC.into(), BRIER.into(), ACCURACY.at(0.5)];
    let (one, two) = (unit(&first, 4, 3, &measures), unit(&both, 4, 3, &measures));
    for (one, two) in one.draws(50, 0).iter().flatten().zip(two.draws(50, 0).iter().flatten()) {
        assert!((one - two).abs() < 1e-12, "{one} is not {two}");
    }
}

#[test]
fn scores_that_are_no_probabilities_have_no_calibration() {
    let items = videos(&[-0.5], &[0.5]);
    let draws = unit(&items, 1, 1, &[BRIER.into(), AUC.into()]).draws(4, 0);
    assert!(draws[0].iter().all(|value| value.is_nan()));
    assert_eq!(Interval::of_draws(&draws[0], 0.95), None);
    // An area that no draw changes is not known exactly for that.
    assert_eq!(Interval::of_draws(&draws[1], 0.95), None);
}

#[test]
fn a_difference_is_measured_by_the_deviation_of_its_draws() {
    // Draws around 3 with a deviation of 1: z = 3, whose p is 0.0026998.
    let draws: Vec<f64> = (0..1000).map(|i| if i % 2 == 0 { 2.0 } else { 4.0 }).collect();
    let p = p_value(3.0, &draws).unwrap();
    let error = (1000.0f64 / 999.0).sqrt();
    assert!((p - 2.0 * normal_above(3.0 / error)).abs() < 1e-12);
    assert!((p - 0.0027).abs() < 1e-4, "{p}");
    assert_eq!(p_value(-3.0, &draws), Some(p));
    // Far below what a share of draws could be.
    assert!(p_value(30.0, &draws).unwrap() < 1e-100);
    assert_eq!(p_value(0.0, &[0.0; 10]), Some(1.0));
    assert_eq!(p_value(1.0, &[1.0; 10]), None);
    // Draws that differ by rounding alone.
    let rounded: Vec<f64> = (0..10).map(|i| 0.1224 + f64::from(i % 3) * 1.4e-17).collect();
    assert_ne!(rounded[0], rounded[2]);
    assert_eq!(p_value(0.1224, &rounded), None);
    assert_eq!(p_value(1e-17, &[0.0, 1e-17, -1e-17]), Some(1.0));
    assert_eq!(p_value(1.0, &[]), None);
    assert_eq!(p_value(1.0, &[f64::NAN, 1.0]), None);
}

/// Of two models that are equally good, the test finds a difference about as often as it says.
#[test]
fn equal_models_differ_in_one_of_twenty() {
    let (mut found, repetitions) = (0, 400);
    for repetition in 0..repetitions {
        let mut rng = Rng::new(5, Stream::Simulation, 0, repetition);
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for i in 0..120u32 {
            let fake = i >= 60;
            let shared = rng.normal() + if fake { 1.0 } else { 0.0 };
            for items in [&mut ours, &mut theirs] {
                items.push(Item { video: i, fake, score: shared + rng.normal() });
            }
        }
        let mut unit = unit(&ours, 60, 60, &[AUC.into()]);
        unit.replicas.push(Replica::new(&theirs, AUC));
        let draws = unit.draws(200, repetition);
        let differences: Vec<f64> = draws[0].iter().zip(&draws[1]).map(|(a, b)| a - b).collect();
        let area = |items: &[Item]| {
            Ranking::new(items.iter().map(|i| (i.fake, i.score))).unwrap().measure(AUC).unwrap()
        };
        let p = p_value(area(&ours) - area(&theirs), &differences).unwrap();
        found += u32::from(p < 0.05);
    }
    // 20 are expected; the bounds are three deviations away.
    assert!((7..=33).contains(&found), "{found} of {repetitions}");
}
