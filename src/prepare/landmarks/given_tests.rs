//! Points of files, right and wrong.

use std::fmt::Write;

use super::super::points::example;
use super::*;

fn table(count: usize) -> String {
    let mut text = "video,frame".to_owned();
    (0..count).for_each(|i| write!(text, ",x{i},y{i}").unwrap());
    for offset in [0.0, 300.0] {
        text += "\na/b,3";
        for [x, y] in example(count) {
            write!(text, ",{},{}", 100.0 * x + offset, 100.0 * y).unwrap();
        }
    }
    text + "\n"
}

fn given(text: &str) -> Result<Given, String> {
    of_files(text, &[])
}

/// Points of videos `v` and `w` with these files.
fn of_files(text: &str, files: &[&str]) -> Result<Given, String> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("points.csv");
    std::fs::write(&path, text).unwrap();
    let frames = files.iter().zip(0..).flat_map(|(file, frame)| {
        ["v", "w"].map(|video| Frame {
            video_key: video.into(),
            frame,
            path: format!("{video}/{file}"),
        })
    });
    Given::read(&path, &frames.collect::<Vec<_>>())
}

/// A table of video `v` whose row number `i` has 68 points at `i`.
fn rows_of(frames: &[&str]) -> String {
    let mut text = "video,frame".to_owned();
    (0..68).for_each(|i| write!(text, ",x{i},y{i}").unwrap());
    for (row, frame) in frames.iter().enumerate() {
        write!(text, "\nv,{frame}").unwrap();
        (0..136).for_each(|_| write!(text, ",{row}").unwrap());
    }
    text + "\n"
}

/// The row whose points each image has, by its position.
fn taken(frames: &[&str], files: &[&str]) -> Result<Vec<Option<f64>>, String> {
    let given = of_files(&rows_of(frames), files)?;
    Ok((0..files.len() as u32).map(|i| Some(given.of("v", i, [0.0; 4], false)?[0][0])).collect())
}

#[test]
fn frames_are_found_by_position_by_number_and_by_name() {
    let strided = ["000.png", "012.png", "024.png", "036.png"];
    let each = Ok(vec![Some(0.0), Some(1.0), Some(2.0), Some(3.0)]);
    assert_eq!(taken(&["0", "12", "24", "36"], &strided), each);
    assert_eq!(taken(&["0", "1", "2", "3"], &strided), each);
    assert_eq!(taken(&["000.png", "012.png", "x/024.png", "036.png"], &strided), each);
    assert_eq!(taken(&["12", "36"], &strided), Ok(vec![None, Some(0.0), None, Some(1.0)]));
    // The number begins at 1 where the position begins at 0.
    let from_one = ["f_1.png", "f_2.png", "f_3.png", "f_4.png"];
    assert_eq!(taken(&["1", "2", "3", "4"], &from_one), each);
    assert_eq!(taken(&["0", "1", "2", "3"], &from_one), each);
}

#[test]
fn numbers_may_have_a_point_and_names_no_number() {
    let each = Ok(vec![Some(0.0), Some(1.0)]);
    assert_eq!(taken(&["0.0", "1.0"], &["a.png", "b.png"]), each);
    assert_eq!(taken(&["12.0", "24.0"], &["012.png", "024.png"]), each);
    assert_eq!(taken(&["anna.png", "x\\y/b.o.png"], &["anna.png", "b.o.png"]), each);
    for wrong in
        ["1.5", "-1", "-0.5", "nan", "inf", "4294967296", "anna", ".", "..", ".png", "a.", ""]
    {
        let error = taken(&[wrong], &["anna.png"]).unwrap_err();
        assert!(error.contains("line 2") && error.contains("no frame number"), "{error}");
    }
}

#[test]
fn frames_without_an_image_are_told() {
    let given = of_files(&rows_of(&["0.png", "7.png", "8.png"]), &["0.png"]).unwrap();
    let lost = given.lost().unwrap();
    assert!(lost.contains("of 2 frames") && lost.contains("`8.png` of `v`"), "{lost}");
    assert_eq!(of_files(&rows_of(&["0"]), &["0.png"]).unwrap().lost(), None);
}

#[test]
fn other_numbers_of_points_are_refused() {
    for count in [1, 5, 67, 69, 70, 80, 82, 98, 106, 478] {
        let names = (0..count).map(|i| format!("x{i},y{i}")).collect::<Vec<_>>().join(",");
        let text = format!("video,frame,{names}\nv,0{}\n", ",1".repeat(2 * count));
        let error = given(&text).unwrap_err();
        assert!(error.contains(&format!("{} columns of coord", 2 * count)), "{error}");
        assert!(error.len() < 400, "{error}");
    }
    let gap = table(81).replace("x70,y70", "x81,y81");
    assert!(given(&gap).unwrap_err().contains("x70"));
    // What else a table says is its own affair.
    assert!(
        given(&table(68).replacen("video,", "x,y_1,video,", 1).replace("a/b", "1,1,a/b")).is_ok()
    );
}

#[test]
fn frames_that_may_be_two_things_are_refused() {
    let from_one = ["1.png", "2.png", "3.png"];
    for frames in [&["0", "1", "2", "3"][..], &["1", "3"]] {
        let error = taken(frames, &from_one).unwrap_err();
        assert!(error.contains("may be positions") && error.contains("`012.png`"), "{error}");
    }
    // A number that two files have is nobody's.
    let twice = ["a_5.png", "b_5.png", "c_7.png"];
    assert_eq!(taken(&["5", "7"], &twice), Ok(vec![None, None, Some(1.0)]));
}

#[test]
fn positions_that_count_from_one_are_refused() {
    let of_videos = |videos: &[&str], first: u32| {
        let rows = rows_of(&["7"]);
        let (head, row) = rows.trim_end().split_once('\n').unwrap();
        let row = |video: &&str| {
            (first..first + 3)
                .map(|frame| row.replace("v,7", &format!("{video},{frame}")))
                .collect::<Vec<_>>()
                .join("\n")
        };
        format!("{head}\n{}\n", videos.iter().map(row).collect::<Vec<_>>().join("\n"))
    };
    let error = given(&of_videos(&["a", "b", "c"], 1)).unwrap_err();
    assert!(error.contains("seem to count from 1, in each of 3 videos"), "{error}");
    // From 0 is right, and few videos may lack a face in their first frame.
    assert!(given(&of_videos(&["a", "b", "c"], 0)).is_ok());
    assert!(given(&of_videos(&["a", "b"], 1)).is_ok());
}

#[test]
fn a_face_gets_the_points_that_lie_on_it() {
    for count in [68, 81] {
        let given = given(&table(count)).unwrap();
        let right = given.of("a/b", 3, [320.0, 10.0, 380.0, 90.0], true).unwrap();
        assert_eq!(right.len(), count);
        assert!(right.iter().all(|p| p[0] > 300.0));
        let apart = [600.0, 10.0, 680.0, 90.0];
        assert_eq!(given.of("a/b", 3, apart, true), None);
        // Where nobody is sure of the box, the points nearest to it are taken.
        assert!(given.of("a/b", 3, apart, false).is_some());
        for (left, is_second) in [(20.0, false), (320.0, true)] {
            let near = [left, 10.0, left + 60.0, 90.0];
            let points = given.of("a/b", 3, near, false).unwrap();
            assert_eq!(points[0][0] > 300.0, is_second);
        }
        assert_eq!(given.of("a/b", 4, apart, false), None);
    }
}

#[test]
fn what_is_wrong_is_told_with_its_place() {
    let error = given(&table(68).replace("a/b,3,", "a/b,3,?")).unwrap_err();
    assert!(error.contains("line 2") && error.contains("is no coordinate"), "{error}");
    for wrong in ["NaN", "inf", "", "1e300", "-1000001", "wide"] {
        let error =
            given(&table(68).replace("a/b,3,", &format!("a/b,3,{wrong}?")).replace('?', ","));
        let error = error.unwrap_err();
        assert!(error.contains("line 2"), "{error}");
    }
    let long = table(68).replacen("a/b,3,", &format!("a/b,3,{}", "w".repeat(1 << 20)), 1);
    assert!(given(&long).unwrap_err().len() < 300);
    let error = given(&table(68).replace("video", "film")).unwrap_err();
    assert!(error.contains("`video`"), "{error}");
}
