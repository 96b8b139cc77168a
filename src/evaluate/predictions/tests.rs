//! Predictions that are written are read back.

use std::collections::BTreeMap;
use std::fs::File;
use std::sync::Arc;

use polars::prelude::*;

use super::row::frame;
use super::write::ROW_GROUP;
use super::*;
use crate::face::Face;
use crate::samples::{Sample, Samples};
use proofmark_lang::model::{Family, Label, VideoScore};

fn classes() -> Vec<String> {
    ["real", "face-swap", "reenactment"].map(String::from).to_vec()
}

fn prediction(video: &str, frame: u32, label: Label, probabilities: [f32; 3]) -> Prediction {
    let fake = label == Label::Fake;
    Prediction {
        of: Face {
            dataset: "demo".into(),
            video: video.into(),
            frame,
            face: 0,
            label,
            method: fake.then(|| "swap-seam".into()),
            family: fake.then_some(Family::FaceSwap),
        },
        area: None,
        probabilities: probabilities.to_vec(),
        exact: None,
    }
}

fn rows() -> Vec<Prediction> {
    vec![
        prediction("real/1", 0, Label::Real, [0.75, 0.125, 0.125]),
        prediction("fake/1", 0, Label::Fake, [0.5, 0.25, 0.25]),
        prediction("fake/1", 7, Label::Fake, [0.0, 1.0, 0.0]),
    ]
}

/// Writes rows and reads them back.
fn round_trip(rows: Vec<Prediction>) -> Result<Predictions, PredictionsError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("p.parquet");
    let metadata = BTreeMap::from([("experiment".to_owned(), "fsfm-ba".to_owned())]);
    write(&path, rows, &classes(), &metadata)?;
    read(&path)
}

#[test]
fn what_is_written_is_read() {
    let read = round_trip(rows()).unwrap();
    assert_eq!(read.rows().collect::<Vec<_>>(), rows());
    assert_eq!(read.classes, classes());
    assert_eq!(read.metadata, BTreeMap::from([("experiment".into(), "fsfm-ba".into())]));
}

#[test]
fn no_rows_are_a_file_too() {
    let read = round_trip(Vec::new()).unwrap();
    assert!(read.is_empty());
    assert_eq!(read.classes, classes());
    assert_eq!(read.videos(VideoScore::default()).unwrap(), Samples::default());
}

#[test]
fn more_rows_than_a_group_come_back_in_order() {
    let many: Vec<Prediction> = (0..ROW_GROUP as u32 + 10)
        .map(|i| prediction("v", i, Label::Fake, [0.25, 0.5, 0.25]))
        .collect();
    let read = round_trip(many.clone()).unwrap();
    assert_eq!(read.len(), many.len());
    assert!(read.rows().eq(many));
}

#[test]
fn the_score_adds_all_fake_classes() {
    let read = round_trip(rows()).unwrap();
    let scores: Vec<f64> = read.frames().rows.iter().map(|row| row.score).collect();
    assert_eq!(scores, [0.25, 0.5, 1.0]);
}

#[test]
fn videos_are_means_over_faces() {
    let videos = round_trip(rows()).unwrap().videos(VideoScore::default()).unwrap();
    let sample = |video: &str, fake, score, method: Option<&str>, family| Sample {
        video: video.into(),
        fake,
        score,
        method: method.map(Arc::from),
        family,
    };
    assert_eq!(
        videos.rows,
        [
            sample("real/1", false, 0.25, None, None),
            sample("fake/1", true, 0.75, Some("swap-seam"), Some(Family::FaceSwap))
        ]
    );
}

#[test]
fn a_video_with_both_labels_is_an_error() {
    let mut rows = rows();
    rows[2].of.label = Label::Real;
    let error = round_trip(rows).unwrap().videos(VideoScore::default()).unwrap_err().to_string();
    assert!(error.ends_with("video \"demo/fake/1\" is real in row 3 and fake in row 2"), "{error}");
}

#[test]
fn probabilities_that_are_none_are_errors() {
    for (probability, says) in [
        (f32::NAN, "frame 0, face 0 of demo/v: the probability of face-swap is NaN"),
        (1.5, "frame 0, face 0 of demo/v: the probability of face-swap is 1.5"),
    ] {
        let row = prediction("v", 0, Label::Real, [0.5, probability, 0.0]);
        assert_eq!(round_trip(vec![row]).unwrap_err().to_string(), says);
    }
    let mut row = prediction("v", 0, Label::Real, [0.5, 0.5, 0.0]);
    row.probabilities.pop();
    let error = round_trip(vec![row]).unwrap_err().to_string();
    assert_eq!(error, "frame 0, face 0 of demo/v: 2 probabilities for 3 classes");
}

#[test]
fn the_first_class_is_real() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("p.parquet");
    for classes in [vec!["fake".to_owned(), "real".to_owned()], vec!["real".to_owned()]] {
        let result = write(&path, [], &classes, &BTreeMap::new());
        assert!(matches!(result, Err(PredictionsError::Classes(_))), "{classes:?}");
    }
}

/// What reading says about predictions that another program spoilt.
fn spoilt(spoil: impl Fn(&mut DataFrame)) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("p.parquet");
    let mut table = frame(&classes(), &rows()).unwrap();
    spoil(&mut table);
    ParquetWriter::new(File::create(&path).unwrap()).finish(&mut table).unwrap();
    let error = read(&path).unwrap_err();
    assert!(matches!(error, PredictionsError::Schema { .. }), "{error}");
    error.to_string().replace(&format!("{}/", folder.path().display()), "")
}

#[test]
fn a_table_that_is_not_predictions_says_why() {
    let replace = |name: &'static str, column: Column| {
        spoilt(move |table| {
            table.with_column(column.clone().with_name(name.into())).unwrap();
        })
    };
    let text = |values: [Option<&str>; 3]| Column::new("".into(), values);
    let messages = [
        spoilt(|table| {
            table.drop_in_place("face").unwrap();
        }),
        spoilt(|table| {
            table.drop_in_place("p_real").unwrap();
        }),
        replace("frame", text([Some("1"), None, None])),
        replace("dataset", text([Some("a"), None, None])),
        replace("label", text([Some("real"), Some("spoof"), Some("x")])),
        replace("family", text([None, Some("puppet"), None])),
        replace("score", Column::new("".into(), [0.5, f64::NAN, 0.5])),
    ];
    insta::assert_snapshot!("messages", messages.join("\n"));
}
