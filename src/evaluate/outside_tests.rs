//! Other tools' files joined to videos, and what is said when they do not fit.

use std::path::{Path, PathBuf};

use polars::prelude::{ParquetWriter, df};

use super::*;
use proofmark_lang::model::DataPath;

const VIDEOS: [(&str, Option<Split>); 5] = [
    ("real/1.mp4", Some(Split::Test)),
    ("real/2.mp4", Some(Split::Test)),
    ("fake/1.mp4", Some(Split::Test)),
    ("fake/2.mp4", Some(Split::Train)),
    ("fake/3.mp4", None),
];

fn declared() -> Predictions {
    Predictions {
        file: DataPath { written: "x.csv".into(), base: PathBuf::new() },
        high: Label::Fake,
        min_coverage: 1.0,
        columns: columns().into(),
    }
}

fn columns() -> Columns {
    Columns { video: "video".into(), score: "score".into(), dataset: None, frame: None }
}

/// What a file of this text gives; the file is called `x.csv` in messages.
fn joined(declared: &Predictions, csv: &str) -> Result<(Vec<OutsideRow>, OutsideCoverage), String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.csv");
    std::fs::write(&path, csv).unwrap();
    read(&path, declared, "set", Split::Test, &VIDEOS)
        .map_err(|e| e.to_string().replace(&path.display().to_string(), "x.csv"))
}

fn scores(rows: &[OutsideRow]) -> Vec<(usize, u32, f64)> {
    rows.iter().map(|row| (row.video, row.frame, row.score)).collect()
}

#[test]
fn videos_are_found_by_their_keys() {
    let csv =
        "score,video,other\n0.25,fake/1.mp4,\n0.125,real/2.mp4,\n1,real/1.mp4,a\n0.5,fake/2.mp4,\n";
    let (rows, coverage) = joined(&declared(), csv).unwrap();
    assert_eq!(scores(&rows), [(0, 0, 1.0), (1, 0, 0.125), (2, 0, 0.25)]);
    assert_eq!((coverage.scored, coverage.total, coverage.other_splits), (3, 3, 1));
    assert!(coverage.lacking.is_empty());
}

#[test]
fn polarity_data_sets_and_frames_are_as_declared() {
    let csv = "set,path,frame,p\nset,real/1.mp4,0,0.75\nset,real/1.mp4,30,0.5\nother,unknown,0,7\n";
    let declared = Predictions {
        high: Label::Real,
        min_coverage: 0.3,
        columns: Columns {
            video: "path".into(),
            score: "p".into(),
            dataset: Some("set".into()),
            frame: Some("frame".into()),
        }
        .into(),
        ..declared()
    };
    let (rows, coverage) = joined(&declared, csv).unwrap();
    assert_eq!(scores(&rows), [(0, 0, 0.25), (0, 30, 0.5)]);
    assert_eq!((coverage.scored, coverage.total), (1, 3));
    assert_eq!(coverage.lacking, ["real/2.mp4", "fake/1.mp4"]);
}

#[test]
fn parquet_is_read_as_csv_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.parquet");
    let mut table = df!(
        "video" => ["real/1.mp4", "real/2.mp4", "fake/1.mp4"],
        "score" => [0.1f64, 0.2, 0.3],
    )
    .unwrap();
    ParquetWriter::new(std::fs::File::create(&path).unwrap()).finish(&mut table).unwrap();
    let (rows, _) = read(Path::new(&path), &declared(), "set", Split::Test, &VIDEOS).unwrap();
    assert_eq!(scores(&rows), [(0, 0, 0.1), (1, 0, 0.2), (2, 0, 0.3)]);
}

#[test]
fn a_file_of_other_data_sets_has_no_rows() {
    let columns = Columns { dataset: Some("set".into()), ..columns() };
    let declared = Predictions { columns: columns.into(), ..declared() };
    let (rows, coverage) = joined(&declared, "set,video,score\nother,x,0.5\n").unwrap();
    assert_eq!((rows.len(), coverage.scored, coverage.total), (0, 0, 3));
}

#[test]
fn messages() {
    let flaw = |declared: &Predictions, csv: &str| joined(declared, csv).unwrap_err();
    let by_frame = Columns { frame: Some("frame".into()), ..columns() };
    let frames = Predictions { columns: by_frame.into(), ..declared() };
    let lax = Predictions { min_coverage: 0.0, ..declared() };
    let all = [
        flaw(&declared(), "video,score\n1.mp4,0.5\n2.mp4,0.5\n"),
        flaw(&declared(), "video,score\nreal/9.mp4,0.5\n"),
        flaw(&declared(), "video,score\nreal/1.mp4,0.5\nreal/2.mp4,0.1\nreal/1.mp4,0.5\n"),
        flaw(&frames, "video,frame,score\nreal/1.mp4,3,0.5\nreal/1.mp4,3,0.5\n"),
        flaw(&frames, "video,frame,score\nreal/1.mp4,first,0.5\n"),
        flaw(&frames, "video,frame,score\nreal/1.mp4,,0.5\n"),
        flaw(&declared(), "video,score\nreal/1.mp4,3.2\n"),
        flaw(&declared(), "video,score\nreal/1.mp4,nan\n"),
        flaw(&declared(), "video,score\n,0.5\n"),
        flaw(&declared(), "video,score\nreal/1.mp4,0.5\nreal/2.mp4,\n"),
        flaw(&declared(), "path,score\nreal/1.mp4,0.5\n"),
    ];
    insta::assert_snapshot!(all.join("\n"));
    // What has no score is only lacking.
    let (rows, coverage) = joined(&lax, "video,score\nreal/1.mp4,0.5\nreal/2.mp4,\n").unwrap();
    assert_eq!((rows.len(), coverage.scored), (1, 1));
}
