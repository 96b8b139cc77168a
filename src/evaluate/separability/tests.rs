//! What there is no number for, what a file of embeddings may be, and which faces are drawn.

use std::collections::BTreeMap;
use std::path::Path;

use super::found::{Separability, Way};
use super::measure::Numbers;
use super::picture::{Picture, Projection};
use super::points::Points;
use crate::embeddings::{Embedding, EmbeddingsWriter};
use crate::face::Face;
use proofmark_lang::model::{Label, SeparabilityClasses};

/// Points on a line, each with its class and its video.
fn line(points: &[(f32, u32, u32)], names: &[&str]) -> Points {
    Points {
        values: points.iter().map(|point| point.0).collect(),
        classes: points.iter().map(|point| point.1).collect(),
        videos: points.iter().map(|point| point.2).collect(),
        names: names.iter().map(|name| (*name).to_owned()).collect(),
    }
}

#[test]
fn triplets_are_told_apart_as_in_figure_2() {
    // Counted by hand. The real face at 0 has its positive at a distance of 2, and negatives at 1, 2, 3
    // and 5: one is hard, one semi-hard, two are easy.
    let points = [(0.0, 0, 0), (2.0, 0, 1), (1.0, 1, 2), (2.0, 1, 3), (3.0, 1, 4), (5.0, 1, 5)];
    let points = line(&points, &["real", "fake"]);
    let found = Numbers::of(&points, Some(1.0), false);
    let [easy, semi, hard] = [&found.easy, &found.semi_hard, &found.hard];
    let shares = [easy, semi, hard].map(|share| (share.value.unwrap() * 32.0).round());
    assert_eq!(shares, [12.0, 5.0, 15.0]);
    // A negative as far as the positive is not nearer; on the margin there is no loss.
    let tied = line(&[(0.0, 0, 0), (1.0, 0, 1), (-1.0, 1, 2)], &["real", "fake"]);
    let found = Numbers::of(&tied, Some(1.0), false);
    assert_eq!(found.easy.value, Some(0.5));
    assert_eq!(found.semi_hard.value, Some(0.5));
    assert_eq!(found.hard.value, Some(0.0));
}

#[test]
fn a_neighbour_of_the_same_video_does_not_count() {
    // Each face lies beside one of its own video, and nearer to the other class than to its own.
    let points =
        [(0.0, 0, 0), (0.1, 0, 0), (1.0, 1, 1), (1.1, 1, 1), (2.0, 0, 2), (2.1, 0, 2), (3.0, 1, 3)];
    let found = Numbers::of(&line(&points, &["real", "fake"]), Some(1.0), false);
    assert_eq!(found.nearest.value, Some(0.0));
    assert_eq!(found.nearest_balanced.value, Some(0.0));
}

#[test]
fn a_number_without_evidence_has_a_reason() {
    let reasons = |points: &[(f32, u32, u32)], names: &[&str], margin| {
        let found = Numbers::of(&line(points, names), margin, false);
        let all = [found.easy, found.hard, found.silhouette, found.nearest];
        all.map(|quantity| quantity.reason.unwrap_or_else(|| "-".to_owned()))
    };
    let one = [(0.0, 0, 0), (1.0, 0, 1)];
    let told = reasons(&one, &["real"], Some(1.0));
    assert!(told.iter().all(|reason| reason == "all faces are of one class, real"), "{told:?}");
    let single = [(0.0, 0, 0), (1.0, 0, 1), (2.0, 1, 2), (3.0, 1, 2)];
    let told = reasons(&single, &["real", "fake"], None);
    assert!(told[0].contains("no triplet term"), "{told:?}");
    assert_eq!(told[1..3], ["-", "-"]);
    assert_eq!(told[3], "the class fake has a single video");
    let alone = reasons(&[(0.0, 0, 0), (1.0, 1, 1)], &["real", "fake"], Some(1.0));
    assert_eq!(alone[1], "no class has two faces");
    assert_eq!(alone[2], "every class has a single face");
    let none = reasons(&[], &[], Some(1.0));
    assert_eq!(none[0], "there is no face");
}

fn written(path: &Path, faces: impl IntoIterator<Item = (u32, Label, Option<&'static str>)>) {
    let mut writer = EmbeddingsWriter::create(path, &BTreeMap::new()).unwrap();
    for (i, (video, label, method)) in faces.into_iter().enumerate() {
        let of = Face {
            dataset: "d".to_owned(),
            video: format!("v{video}"),
            frame: i as u32,
            face: 0,
            label,
            method: method.map(str::to_owned),
            family: None,
        };
        writer.push(Embedding { of, values: vec![i as f32, video as f32] }).unwrap();
    }
    writer.finish().unwrap();
}

const WAY: Way = Way {
    classes: SeparabilityClasses::Label,
    sample: 100,
    points: 12,
    seed: 0,
    margin: Some(1.0),
    normalize: false,
};

#[test]
fn faces_are_drawn_by_the_seed_from_all_row_groups() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("embeddings.parquet");
    let methods = [None, Some("swap"), Some("talk"), None];
    let face = |i: u32| {
        let label = if i.is_multiple_of(4) { Label::Real } else { Label::Fake };
        (i % 40, label, methods[i as usize % 4])
    };
    written(&path, (0..20_000).map(face));
    let found = Separability::of(&path, WAY).unwrap();
    assert_eq!((found.sampled.faces, found.sampled.of), (100, 20_000));
    assert_eq!(found.shown.len(), 12);
    assert_eq!(found.pictures[0].points.len(), 12);
    assert_eq!(found.pictures[1].projection, Projection::Tsne);
    assert_eq!(found, Separability::of(&path, WAY).unwrap());
    assert_ne!(found, Separability::of(&path, Way { seed: 1, ..WAY }).unwrap());
    let names: Vec<&str> = found.sampled.classes.iter().map(|class| class.0.as_str()).collect();
    assert_eq!(names, ["real", "fake"]);
    let way = Way { classes: SeparabilityClasses::Manipulation, ..WAY };
    let found = Separability::of(&path, way).unwrap();
    let names: Vec<&str> = found.sampled.classes.iter().map(|class| class.0.as_str()).collect();
    assert_eq!(names, ["real", "fake, manipulation not known", "swap", "talk"]);
    assert_eq!(found.sampled.classes.iter().map(|class| class.1).sum::<u64>(), 100);
}

#[test]
fn other_files_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("predictions.parquet");
    crate::predictions::write(&path, [], &["real", "fake"].map(str::to_owned), &BTreeMap::new())
        .unwrap();
    let told = Separability::of(&path, WAY).unwrap_err().to_string();
    assert!(told.contains("does not hold embeddings: there is no column \"embedding\""), "{told}");
    let empty = dir.path().join("empty.parquet");
    written(&empty, []);
    let found = Separability::of(&empty, WAY).unwrap();
    assert_eq!(found.numbers.hard.reason.as_deref(), Some("there is no face"));
    assert!(found.pictures.is_empty());
}

#[test]
fn equal_points_have_a_picture_too() {
    let points = line(&[(1.0, 0, 0); 12], &["real"]);
    let pictures = Picture::of(&points, true);
    assert_eq!(pictures.len(), 2);
    assert!(pictures[0].points.iter().all(|point| *point == [500, 500]));
}
