//! Against scikit-learn, by `tests/golden/separability/generate.py`.

use serde_json::Value;

use super::measure::Numbers;
use super::points::Points;
use super::space::Space;
use super::{pca, tsne};

const GOLDEN: &str = include_str!("../../../tests/golden/separability/golden.json");

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
}

fn pairs(value: &Value) -> Vec<[f64; 2]> {
    numbers(value).chunks_exact(2).map(|pair| [pair[0], pair[1]]).collect()
}

/// The points, and for each way of taking distances what is known of them.
fn golden() -> (Points, [(bool, Value); 2]) {
    let golden: Value = serde_json::from_str(GOLDEN).unwrap();
    let whole = |value: &Value| -> Vec<u32> { serde_json::from_value(value.clone()).unwrap() };
    let points = Points {
        values: numbers(&golden["points"]).into_iter().map(|x| x as f32).collect(),
        classes: whole(&golden["classes"]),
        videos: whole(&golden["videos"]),
        names: ["real", "a", "b"].map(str::to_owned).into(),
    };
    let of = |normalize: bool| (normalize, golden[format!("normalized_{normalize}")].clone());
    (points, [of(false), of(true)])
}

fn near(ours: f64, theirs: f64) {
    assert!((ours - theirs).abs() < 1e-9, "{ours} and {theirs}");
}

#[test]
fn numbers_are_those_of_scikit_learn() {
    let (points, both) = golden();
    for (normalize, golden) in both {
        let found = Numbers::of(&points, golden["margin"].as_f64(), normalize);
        let theirs = numbers(&golden["triplets"]);
        let ours = [&found.easy, &found.semi_hard, &found.hard];
        ours.into_iter().zip(&theirs).for_each(|(our, their)| near(our.value.unwrap(), *their));
        near(found.silhouette.value.unwrap(), golden["silhouette"].as_f64().unwrap());
        let theirs = numbers(&golden["nearest"]);
        near(found.nearest.value.unwrap(), theirs[0]);
        near(found.nearest_balanced.value.unwrap(), theirs[1]);
        // A neighbour of the same video would be right more often.
        assert!(theirs[0] < 0.9);
    }
}

#[test]
fn principal_components_are_those_of_scikit_learn() {
    let (points, both) = golden();
    for (normalize, golden) in both {
        let found = pca::project(&Space::of(&points, normalize));
        let theirs = numbers(&golden["explained"]);
        found.explained.iter().zip(&theirs).for_each(|(our, their)| near(*our, *their));
        let theirs = pairs(&golden["pca"]);
        let widest = theirs.iter().flatten().fold(0.0, |most: f64, x| most.max(x.abs()));
        for (our, their) in found.points.iter().zip(&theirs) {
            for k in 0..2 {
                assert!((our[k] - their[k]).abs() < 1e-5 * widest, "{our:?} and {their:?}");
            }
        }
    }
}

/// How far neighbours on a map are neighbours: 1 where all are (Venna and Kaski 2001).
fn trustworthiness(space: &Space, map: &[[f64; 2]], neighbours: usize) -> f64 {
    let ranked = |distances: Vec<f64>, i: usize| {
        let mut order: Vec<usize> = (0..distances.len()).filter(|j| *j != i).collect();
        order.sort_by(|a, b| distances[*a].total_cmp(&distances[*b]));
        order
    };
    let count = space.len();
    let mut lost = 0.0;
    for (i, at) in map.iter().enumerate() {
        let truly = ranked(space.distances(i), i);
        let square = |to: &[f64; 2]| (to[0] - at[0]).powi(2) + (to[1] - at[1]).powi(2);
        for j in ranked(map.iter().map(square).collect(), i).into_iter().take(neighbours) {
            let rank = truly.iter().position(|other| *other == j).unwrap() + 1;
            lost += rank.saturating_sub(neighbours) as f64;
        }
    }
    let (n, k) = (count as f64, neighbours as f64);
    1.0 - lost * 2.0 / (n * k * (2.0 * n - 3.0 * k - 1.0))
}

#[test]
fn t_sne_keeps_neighbours_as_well_as_scikit_learn() {
    let (points, both) = golden();
    for (normalize, golden) in both {
        let space = Space::of(&points, normalize);
        let theirs = golden["trustworthiness"].as_f64().unwrap();
        near(trustworthiness(&space, &pairs(&golden["tsne"]), 5), theirs);
        let start = pca::project(&space).points;
        let ours = trustworthiness(&space, &tsne::map(&space, &start), 5);
        assert!(ours > theirs - 0.01, "{ours} and {theirs}");
        // Better than the plane that it begins at.
        assert!(ours > trustworthiness(&space, &start, 5) + 0.02);
    }
}
