//! Files as people have them.

use std::fs::File;

use polars::prelude::{ParquetReader, ParquetWriter, SerReader, df};
use proptest::prelude::*;

use super::*;
use proofmark_lang::model::Pooling;

/// A request for a file with this content; the folder lives as long as the result.
fn file(name: &str, content: &[u8]) -> (tempfile::TempDir, Request) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, content).unwrap();
    let request = Request {
        path,
        score: "score".into(),
        label: "label".into(),
        video: Vec::new(),
        fake_is: None,
        by: None,
        threshold: None,
        fpr: 0.1,
        bins: 10,
        video_score: Pooling::Mean,
        bootstrap: None,
        only_videos: false,
    };
    (folder, request)
}

/// Rows of two row groups as Parquet and as CSV.
#[test]
fn row_groups_change_nothing() {
    let (labels, scores): (Vec<i64>, Vec<f64>) =
        (0..3000).map(|i| ((i / 7) % 2, ((i * 37) % 101) as f64 / 100.0)).unzip();
    let videos: Vec<String> = (0..3000).map(|i| format!("v{}", i / 7)).collect();
    let lines = (0..3000).map(|i| format!("{},{},{}\n", labels[i], scores[i], videos[i]));
    let csv = format!("label,score,video\n{}", lines.collect::<String>());
    let (_csv, mut csv) = file("s.csv", csv.as_bytes());
    let (_parquet, mut parquet) = file("s.parquet", b"");
    let mut table = df!("label" => labels, "score" => scores, "video" => videos).unwrap();
    ParquetWriter::new(File::create(&parquet.path).unwrap())
        .with_row_group_size(Some(1000))
        .finish(&mut table)
        .unwrap();
    let groups = ParquetReader::new(File::open(&parquet.path).unwrap());
    assert!({ groups }.get_metadata().unwrap().row_groups.len() > 1);
    for request in [&mut csv, &mut parquet] {
        request.video = vec!["video".into()];
    }
    assert_eq!(summarise(&parquet).unwrap(), summarise(&csv).unwrap());
}

#[test]
fn a_group_of_fakes_is_compared_with_all_reals() {
    let csv = "label,score,video,method\n0,0.2,a,\n0,0.6,b,\n1,0.9,c,swap\n1,0.4,d,mouth\n";
    let (_folder, mut request) = file("s.csv", csv.as_bytes());
    (request.by, request.video) = (Some("method".into()), vec!["video".into()]);
    (request.bootstrap, request.only_videos) = (Some(100), true);
    let summary = serde_json::to_value(summarise(&request).unwrap()).unwrap();
    assert_eq!(summary["by"], "method");
    assert_eq!(summary["groups"]["swap"]["video"]["auc"], 1.0);
    assert_eq!(summary["groups"]["mouth"]["video"]["auc"], 0.5);
    // Of one fake there is no interval.
    assert!(summary["groups"]["swap"]["video"].get("intervals").is_none());
    assert_eq!(summary["frame"], serde_json::Value::Null);
    insta::assert_snapshot!("text_groups", summarise(&request).unwrap().to_string());
}

/// The message for a CSV, without the folder.
fn message(content: &str, change: impl Fn(&mut Request)) -> String {
    let (folder, mut request) = file("s.csv", content.as_bytes());
    change(&mut request);
    let error = summarise(&request).unwrap_err().to_string();
    error.replace(&format!("{}/", folder.path().display()), "")
}

#[test]
fn json_has_exactly_the_documented_keys() {
    let (_folder, mut request) =
        file("s.csv", b"label,score,video,other\n0,0.2,a,x\n1,0.8,b,y\n1,0.4,b,z\n");
    let summary = serde_json::to_string(&summarise(&request).unwrap()).unwrap();
    insta::assert_snapshot!(summary, @r#"{"frame":{"n":3,"auc":1.0,"balanced_accuracy":0.75,"eer":0.0,"average_precision":1.0,"accuracy":0.6666666666666666,"tpr":1.0,"brier":0.14666666666666664,"ece":0.3333333333333333,"matthews":0.5}}"#);
    request.video = vec!["video".into()];
    let summary = serde_json::to_string(&summarise(&request).unwrap()).unwrap();
    insta::assert_snapshot!(summary, @r#"{"frame":{"n":3,"auc":1.0,"balanced_accuracy":0.75,"eer":0.0,"average_precision":1.0,"accuracy":0.6666666666666666,"tpr":1.0,"brier":0.14666666666666664,"ece":0.3333333333333333,"matthews":0.5},"video":{"n":2,"auc":1.0,"balanced_accuracy":1.0,"eer":0.0,"average_precision":1.0,"accuracy":1.0,"tpr":1.0,"brier":0.09999999999999996,"ece":0.29999999999999993,"matthews":1.0}}"#);
}

#[test]
fn undefined_is_null_with_a_reason_and_missing_scores_are_counted() {
    let (_folder, request) = file("s.csv", b"label,score\nreal,0.2\nFAKE,\nreal,0.6\n");
    let summary = summarise(&request).unwrap();
    insta::assert_snapshot!(serde_json::to_string_pretty(&summary).unwrap(), @r#"
    {
      "frame": {
        "n": 2,
        "auc": null,
        "balanced_accuracy": null,
        "eer": null,
        "average_precision": null,
        "accuracy": 0.5,
        "tpr": null,
        "brier": 0.2,
        "ece": 0.4,
        "matthews": null,
        "reasons": {
          "auc": "there is no fake among 2 real",
          "balanced_accuracy": "there is no fake among 2 real",
          "eer": "there is no fake among 2 real",
          "average_precision": "there is no fake among 2 real",
          "tpr": "there is no fake among 2 real",
          "matthews": "there is no fake among 2 real"
        }
      },
      "dropped": 1
    }
    "#);
    insta::assert_snapshot!("text_undefined", summary.to_string());
}

#[test]
fn text_has_a_column_per_level() {
    let (_folder, mut request) =
        file("s.csv", b"label,score,video\n0,0.2,a\n1,0.8,b\n1,0.1,b\n0,0.3,c\n");
    request.video = vec!["video".into()];
    insta::assert_snapshot!("text", summarise(&request).unwrap().to_string());
}

#[test]
fn messages_say_what_where_and_what_to_do() {
    let csv = "label,Score,clip\n0,0.2,a\n1,0.8,b\n1,0.9,a\n";
    let scored = |request: &mut Request| request.score = "Score".into();
    let messages = [
        message(csv, |_| ()),
        message(csv, |request| {
            scored(request);
            request.video = vec!["path".into()];
        }),
        message(csv, |request| {
            scored(request);
            request.video = vec!["clip".into()];
        }),
        message("label,score\n0,0.1\n1,NaN\n", |_| ()),
        message("label,score\n0,0.1\n1,-inf\n", |_| ()),
        message("label,score\n0,high\n", |_| ()),
        message("label,score\na,0.1\nb,0.2\n", |_| ()),
        message("label,score\n0,0.1\n,0.2\n", |_| ()),
        message("label,score\n0,0.1\n1,0.2\n", |request| request.fake_is = Some("yes".into())),
        message("label,score,v\n0,0.1,a\n1,0.2,\n", |request| request.video = vec!["v".into()]),
        message("label,score\n0,0.1\n", |request| request.threshold = Some(f64::NAN)),
        message("", |_| ()),
        message("label,score\n0,0.1,7,8\n", |_| ()),
    ];
    insta::assert_snapshot!("messages", messages.join("\n"));
}

#[test]
fn a_dropped_row_keeps_the_numbers_of_the_others() {
    let csv = "label,score,v\n0,,a\n0,0.1,a\n1,0.2,a\n";
    assert_eq!(
        message(csv, |request| request.video = vec!["v".into()]),
        "column \"v\" of s.csv: video \"a\" is real in row 2 and fake in row 3"
    );
}

#[test]
fn a_missing_file_and_a_damaged_one_are_errors() {
    let (folder, mut request) = file("s.parquet", b"PAR1 but nothing behind it");
    assert!(matches!(summarise(&request), Err(FileError::Read { format: "Parquet", .. })));
    request.path = folder.path().join("absent.csv");
    assert!(matches!(summarise(&request), Err(FileError::Open { .. })));
}

#[test]
fn parquet_gives_what_csv_gives() {
    let csv = "label,score,video\ntrue,0.75,a\nfalse,0.5,b\ntrue,,c\nfalse,0.25,d\n";
    let (_csv, csv_request) = file("s.csv", csv.as_bytes());
    let (_parquet, request) = file("s.parquet", b"");
    let mut table = df!(
        "label" => [true, false, true, false],
        "score" => [Some(0.75f32), Some(0.5), None, Some(0.25)],
        "video" => [1i64, 2, 3, 4],
    )
    .unwrap();
    let target = File::create(&request.path).unwrap();
    ParquetWriter::new(target).finish(&mut table).unwrap();
    let with_videos = |request: &Request| {
        summarise(&Request { video: vec!["video".into()], ..request.clone() }).unwrap()
    };
    assert_eq!(with_videos(&request), with_videos(&csv_request));
    assert_eq!(with_videos(&request).dropped, 1);
}

#[test]
fn types_that_are_not_read_are_named() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/types");
    for (name, found) in [("float16", "Float16"), ("decimal", "Decimal(4, 2)")] {
        let (_folder, mut request) = file("s.csv", b"");
        request.path = std::path::Path::new(folder).join(format!("{name}.parquet"));
        let error = summarise(&request).unwrap_err().to_string();
        let says = format!("holds {found}, not a type that is read here; write it as float64");
        assert!(error.starts_with("column \"score\" of ") && error.contains(&says), "{error}");
    }
}

#[test]
fn whole_numbers_of_every_size_are_read() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/types");
    for name in ["int8", "int16", "uint8", "uint16"] {
        let (_folder, mut request) = file("s.csv", b"");
        request.path = std::path::Path::new(folder).join(format!("{name}.parquet"));
        let summary = summarise(&request).unwrap();
        assert_eq!(summary.all.frame.unwrap().n, 2, "{name}");
        request.label = "score".into();
        assert_eq!(summarise(&request).unwrap().all.frame.unwrap().n, 2, "{name}");
    }
}

#[test]
fn a_score_column_of_booleans_is_an_error() {
    let (_folder, request) = file("s.parquet", b"");
    let mut table = df!("label" => [0i64, 1], "score" => [true, false]).unwrap();
    ParquetWriter::new(File::create(&request.path).unwrap()).finish(&mut table).unwrap();
    let error = summarise(&request).unwrap_err();
    assert!(error.to_string().ends_with("holds bool, not numbers"), "{error}");
}

const PLAIN: &str = "label,score,video\n0,0.25,a\n1,0.75,b\n1,0.5,b\n0,0.375,c\n";

#[test]
fn a_file_is_read_as_a_spreadsheet_left_it() {
    let (_folder, plain) = file("s.csv", PLAIN.as_bytes());
    let expected = summarise(&plain).unwrap();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut gzip, PLAIN.as_bytes()).unwrap();
    let semicolons = PLAIN.replace(',', ";").replace('.', ",");
    let units = |text: &str, order: fn(u16) -> [u8; 2]| -> Vec<u8> {
        text.encode_utf16().flat_map(order).collect()
    };
    let marked = format!("\u{feff}{PLAIN}");
    for (name, content, note) in [
        ("s.csv.gz", gzip.finish().unwrap(), None),
        ("s.csv", marked.clone().into_bytes(), None),
        ("s.csv", semicolons.into_bytes(), Some("its fields are separated by semicolons")),
        (
            "s.csv",
            format!("sep=;\n{}", PLAIN.replace(',', ";")).into_bytes(),
            Some("its fields are separated by semicolons"),
        ),
        ("s.tsv", PLAIN.replace(',', "\t").into_bytes(), Some("its fields are separated by tabs")),
        ("s.csv", units(&marked, u16::to_le_bytes), Some("it is in UTF-16")),
        ("s.csv", units(&marked, u16::to_be_bytes), Some("it is in UTF-16")),
        ("s.csv", units(PLAIN, u16::to_le_bytes), Some("it is in UTF-16")),
    ] {
        let (_folder, request) = file(name, &content);
        let summary = summarise(&request).unwrap_or_else(|e| panic!("{name} {note:?}: {e}"));
        assert_eq!(summary.notes, note.into_iter().collect::<Vec<_>>());
        assert_eq!(Summary { notes: Vec::new(), ..summary }, expected, "{name} {note:?}");
    }
}

/// A few kilobytes can hold gigabytes.
#[test]
fn what_is_compressed_far_too_well_is_refused() {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    let rows = "0,0.5\n".repeat(200_000);
    std::io::Write::write_all(&mut gzip, b"label,score\n").unwrap();
    (0..60).for_each(|_| std::io::Write::write_all(&mut gzip, rows.as_bytes()).unwrap());
    let bytes = gzip.finish().unwrap();
    let (_folder, request) = file("s.csv.gz", &bytes);
    let error = summarise(&request).unwrap_err().to_string();
    let said =
        format!("its {} compressed bytes hold more than 67108864; decompress it", bytes.len());
    assert!(error.contains(&said), "{error}");
}

#[test]
fn a_decimal_comma_needs_another_separator() {
    let quoted = message("label,score\n0,\"0,25\"\n", |_| ());
    assert!(quoted.contains("has the score \"0,25\""), "{quoted}");
    let thousands = message("label;score\n0;1.000,5\n", |_| ());
    assert!(thousands.contains("has the score \"1.000,5\""), "{thousands}");
}

#[test]
fn two_columns_of_one_name_are_not_guessed_between() {
    assert_eq!(
        message("score,label,score\n0.39,1,0.61\n0.2,0,0.8\n", |_| ()),
        "s.csv has the column \"score\" more than once, as its columns 1 and 3; rename all but \
         the one that is meant"
    );
    // Those that nobody asks for may be.
    let (_folder, request) = file("s.csv", b"x,label,score,x\n7,1,0.6,8\n7,0,0.2,8\n");
    assert_eq!(summarise(&request).unwrap().all.frame.unwrap().n, 2);
}

#[test]
fn names_that_repeat_between_methods_are_told() {
    let csv = "method,video,score,label\nreal,000,0.1,0\nreal,000,0.2,0\nswap,000_003,0.9,1\n\
               swap,001_004,0.8,1\nmouth,000_003,0.7,1\n";
    let (_folder, mut request) = file("s.csv", csv.as_bytes());
    request.video = vec!["video".into()];
    let summary = summarise(&request).unwrap();
    assert_eq!(summary.all.video.unwrap().n, 3);
    assert_eq!(
        summary.notes,
        ["1 of the 3 names in \"video\" stand with several values of \"method\"; if these are \
          different videos, 4 in all, add `--video method`"]
    );
    request.video = vec!["method".into(), "video".into()];
    let summary = summarise(&request).unwrap();
    assert_eq!((summary.all.video.unwrap().n, summary.notes.len()), (4, 0));
}

#[test]
fn rows_that_are_there_again_are_told() {
    let padded = "path,score,label\na/0,0.1,0\na/1,0.2,0\nb/0,0.9,1\na/0,0.1,0\n";
    let (_folder, request) = file("s.csv", padded.as_bytes());
    let notes = summarise(&request).unwrap().notes;
    assert!(notes[0].starts_with("1 of its 4 rows equal an earlier row"), "{notes:?}");
    // A row a video, and one of them twice.
    let videos = "video,score,label\na,0.1,0\nb,0.2,0\nc,0.9,1\na,0.1,0\n";
    let (_folder, mut request) = file("s.csv", videos.as_bytes());
    request.video = vec!["video".into()];
    assert_eq!(summarise(&request).unwrap().notes.len(), 1);
    // Frames of one video may have equal scores, which nothing in the file tells apart.
    let frames = "video,score,label\na,0.1,0\na,0.1,0\nb,0.9,1\nb,0.9,1\n";
    let (_folder, mut request) = file("s.csv", frames.as_bytes());
    request.video = vec!["video".into()];
    assert_eq!(summarise(&request).unwrap().notes, [""; 0]);
}

#[test]
fn scores_that_are_no_probabilities_are_told() {
    let (_folder, mut request) = file("s.csv", b"label,score\n0,-1.5\n1,0.25\n1,3\n");
    let notes = summarise(&request).unwrap().notes;
    assert!(
        notes[0].contains("lie between -1.5000 and 3.0000 and are no probabilities"),
        "{notes:?}"
    );
    request.threshold = Some(0.0);
    let summary = summarise(&request).unwrap();
    assert!(summary.notes.is_empty());
}

#[test]
fn a_single_video_of_a_class_has_no_interval() {
    let (_folder, mut request) =
        file("s.csv", b"label,score,video\n0,0.1,a\n0,0.6,a\n1,0.5,b\n1,0.9,c\n");
    (request.video, request.bootstrap) = (vec!["video".into()], Some(100));
    let summary = summarise(&request).unwrap();
    let entries = &summary.all.frame.as_ref().unwrap().entries;
    assert!(entries.iter().all(|entry| entry.value.is_ok() && entry.interval.is_none()));
    insta::assert_snapshot!("text_no_interval", summary.to_string());
}

proptest! {
    #[test]
    fn no_text_panics(content in "(label|score|video|[a-z0-9.,\"\n \r-]){0,120}") {
        let (_folder, mut request) = file("s.csv", content.as_bytes());
        request.video = vec!["video".into()];
        if let Ok(summary) = summarise(&request) {
            prop_assert!(summary.all.video.is_some());
        }
    }

    #[test]
    fn no_bytes_panic(content in prop::collection::vec(any::<u8>(), 0..200)) {
        let (_folder, request) = file("s.csv", &content);
        let written = [b"label,score\n0,0.5\n".as_slice(), &content].concat();
        let (_other, after_a_row) = file("s.csv", &written);
        prop_assert!(summarise(&request).is_err() || content.starts_with(b"label"));
        if let Ok(summary) = summarise(&after_a_row) {
            prop_assert!(summary.all.frame.unwrap().n + summary.dropped >= 1);
        }
    }
}
