//! Photographs and videos scored as a model was trained.

use std::path::Path;

use polars::prelude::*;
use serde_json::Value;

use crate::support::{Place, Ran, folders};
use crate::videos::{FAKE, REAL, astronaut, clip, experiment};

/// A place with a model that was trained on clips.
fn trained() -> Place {
    let place = Place::with(&experiment());
    for number in 0..4 {
        clip(&place, &format!("clips/real/{number}.mp4"), number, 3, REAL);
        clip(&place, &format!("clips/fake/{number}.mp4"), number, 3, FAKE);
    }
    place.run(&["evaluate", "x.kdl"]).ends_with(0);
    place
}

fn json(ran: &Ran) -> Value {
    serde_json::from_str(&ran.stdout).unwrap()
}

/// The scores of a video's faces that evaluation stored, with its key.
fn stored(place: &Place) -> (String, Vec<f64>) {
    let folder = folders(&place.path("store/objects/predict")).remove(0);
    let file = std::fs::File::open(folder.join("predictions.parquet")).unwrap();
    let table = ParquetReader::new(file).finish().unwrap();
    let (keys, scores) = (table["video_key"].str().unwrap(), table["score"].f64().unwrap());
    let key = keys.get(0).unwrap().to_owned();
    let of = keys.iter().zip(scores.iter()).filter(|(k, _)| *k == Some(&key));
    (key.clone(), of.filter_map(|(_, score)| score).collect())
}

fn near(value: &Value, other: f64) -> bool {
    (value.as_f64().unwrap() - other).abs() < 1e-6
}

#[test]
fn videos_and_photographs_are_scored_as_the_model_was_trained() {
    let place = trained();
    let (key, scores) = stored(&place);
    let video = format!("clips/{key}");
    let arguments = ["score", "--experiment", "base", "--format", "json", &video];
    let all = json(&place.run(&arguments).ends_with(0));
    // The same frames, the same faces, the same numbers as in evaluation.
    let of = &all["videos"][0];
    let faces = of["faces"].as_array().unwrap();
    assert_eq!(faces.len(), scores.len(), "{all}");
    for (face, score) in faces.iter().zip(&scores) {
        assert!(near(&face["fake"], *score), "{face} and {score}");
        assert_eq!(face["box"].as_array().unwrap().len(), 4);
    }
    assert!(near(&of["fake"], scores.iter().sum::<f64>() / scores.len() as f64), "{all}");
    assert_eq!(of["frames"], 3);
    let highest = scores.iter().copied().fold(0.0, f64::max);
    let all = json(&place.run(&[&arguments[..], &["--video-score", "max"]].concat()));
    assert!(near(&all["videos"][0]["fake"], highest), "{all}");

    // A photograph has a row for its face, with a box where she is.
    let photo = astronaut().display().to_string();
    let ran = place.run(&["score", "--experiment", "base", &photo]).ends_with(0);
    assert_eq!(ran.stdout.lines().count(), 2, "{}", ran.stdout);
    let face = ran.stdout.lines().nth(1).unwrap();
    let corners: Vec<f64> = face
        .split("box ")
        .nth(1)
        .unwrap()
        .split(' ')
        .map(|corner| corner.parse().unwrap())
        .collect();
    let right = [177.0, 65.0, 270.0, 182.0];
    assert!(corners.iter().zip(right).all(|(c, r)| (c - r).abs() < 30.0), "{face}");
    let ran =
        ran.says("a file's score is the mean of those of its faces; from 0.5 it is called fake");
    // By its checkpoint it is the same; a threshold decides what it is called.
    let model = folders(&place.path("store/objects/train")).remove(0).join("model.safetensors");
    let model = model.to_str().unwrap();
    let again = place.run(&["score", "--checkpoint", model, &photo, "--threshold", "0"]);
    assert_eq!(again.stdout, ran.stdout.replace("  real  ", "  fake  "));

    // As a crop it is one face without a box.
    let given = ["score", "--experiment", "base", "--faces", "given", &photo];
    let ran = place.run(&given).ends_with(0);
    assert_eq!(ran.stdout.lines().count(), 1, "{}", ran.stdout);
    assert!(!ran.stdout.contains("box"), "{}", ran.stdout);

    // What has no face has no score, and is told; alone it is a failure.
    image::RgbImage::new(200, 200).save(place.path("black.png")).unwrap();
    let ran = place.run(&["score", "--experiment", "base", "black.png", &photo]).ends_with(0);
    ran.says("black.png has no score: no face was found").says("1 of 2 files have no face");
    place.run(&["score", "--experiment", "base", "black.png"]).ends_with(11);

    // A row for each face as CSV.
    let csv = ["score", "--experiment", "base", "--format", "csv", &video, &photo];
    let ran = place.run(&csv).ends_with(0);
    let lines: Vec<&str> = ran.stdout.lines().collect();
    assert!(lines[0].starts_with("path,frame,seconds,left,top"), "{}", ran.stdout);
    assert_eq!(lines.len(), 1 + scores.len() + 1, "{}", ran.stdout);
}

/// A model of face crops takes images for faces and says so; `--faces detect` looks for them.
#[test]
fn models_of_crops_say_that_images_are_faces() {
    let place = Place::new();
    place.run(&["train", "x.kdl"]).ends_with(0);
    let photo = astronaut();
    let arguments = ["score", "--experiment", "base", photo.to_str().unwrap()];
    let ran = place.run(&arguments).ends_with(0).says("images are taken for faces");
    assert_eq!(ran.stdout.lines().count(), 1);
    let ran = place.run(&[&arguments[..], &["--faces", "detect"]].concat()).ends_with(0);
    let ran = ran.says("the model was not trained on faces that were found so");
    assert_eq!(ran.stdout.lines().count(), 2, "{}", ran.stdout);
    place.run(&["score", "x.png"]).ends_with(2).says("--checkpoint");
    assert!(Path::new(photo.to_str().unwrap()).is_file());
}
