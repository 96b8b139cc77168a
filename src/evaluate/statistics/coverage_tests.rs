//! Coverage by simulation: of 1,000 made-up data sets, how many have an interval that holds
//! the true area?

use std::f64::consts::SQRT_2;

use rayon::prelude::*;

use super::bootstrap::{Item, Replica, Stratum, Unit};
use super::delong::Area;
use super::distributions::normal_above;
use super::interval::Interval;
use proofmark_base::rng::{Rng, Stream};
use proofmark_metrics::AUC;

const SETS: u32 = 1000;
const VIDEOS: usize = 80;
/// Distance of the classes in standard deviations of one class.
const SHIFT: f64 = 1.2;

/// Share of intervals that hold the truth.
fn coverage(truth: f64, interval: impl Fn(u32) -> Interval + Sync) -> f64 {
    let held = (0..SETS).into_par_iter().filter(|&set| interval(set).contains(truth)).count();
    held as f64 / f64::from(SETS)
}

/// Two normal classes: the area is P(fake > real) = P(Z > -shift / sqrt 2).
fn binormal(set: u32) -> (Vec<f64>, Vec<f64>) {
    let mut rng = Rng::new(11, Stream::Simulation, set, 0);
    let mut draw = |shift: f64| (0..VIDEOS).map(|_| rng.normal() + shift).collect();
    (draw(0.0), draw(SHIFT))
}

/// The bootstrap's interval of the area, over videos of the given items.
fn bootstrap(items: &[Item], videos: usize, set: u32) -> Interval {
    let unit = Unit {
        reals: Stratum::new("real", videos),
        fakes: Stratum::new("fake", videos),
        replicas: vec![Replica::new(items, AUC)],
    };
    Interval::of_draws(&unit.draws(400, u64::from(set))[0], 0.95).unwrap()
}

#[test]
fn delong_covers_the_true_area() {
    let truth = normal_above(-SHIFT / SQRT_2);
    let coverage = coverage(truth, |set| {
        let (reals, fakes) = binormal(set);
        Area::new(&reals, &fakes).unwrap().interval(0.95)
    });
    assert!((0.93..=0.97).contains(&coverage), "{coverage}");
}

#[test]
fn the_bootstrap_covers_the_true_area() {
    let truth = normal_above(-SHIFT / SQRT_2);
    let coverage = coverage(truth, |set| {
        let (reals, fakes) = binormal(set);
        let scores = reals.iter().map(|&s| (false, s)).chain(fakes.iter().map(|&s| (true, s)));
        let items: Vec<Item> = scores
            .enumerate()
            .map(|(i, (fake, score))| Item { video: i as u32, fake, score })
            .collect();
        bootstrap(&items, VIDEOS, set)
    });
    assert!((0.93..=0.97).contains(&coverage), "{coverage}");
}

/// Frames of one video share half of their variance, so they say less than as many
/// videos would: taken for independent, their interval is too narrow.
#[test]
fn only_whole_videos_cover_the_true_area_of_frames() {
    const FRAMES: usize = 8;
    let truth = normal_above(-SHIFT / 2.0);
    let frames = |set: u32| {
        let mut rng = Rng::new(12, Stream::Simulation, set, 0);
        let mut items = Vec::new();
        for video in 0..2 * VIDEOS {
            let fake = video >= VIDEOS;
            let centre = rng.normal() + if fake { SHIFT } else { 0.0 };
            for _ in 0..FRAMES {
                items.push(Item { video: video as u32, fake, score: centre + rng.normal() });
            }
        }
        items
    };
    let clustered = coverage(truth, |set| bootstrap(&frames(set), VIDEOS, set));
    assert!((0.93..=0.97).contains(&clustered), "{clustered}");
    let naive = coverage(truth, |set| {
        let items: Vec<Item> = frames(set)
            .into_iter()
            .enumerate()
            .map(|(i, item)| Item { video: i as u32, ..item })
            .collect();
        bootstrap(&items, VIDEOS * FRAMES, set)
    });
    assert!(naive < 0.8, "{naive}");
}
