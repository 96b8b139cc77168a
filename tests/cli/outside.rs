//! Rows of other tools' scores in a table.

use crate::support::{Place, TINY};

/// The tiny experiment with a row of another tool.
fn with_row(row: &str) -> Place {
    Place::with(&TINY.replace(
        "    scenario \"In-distribution\"",
        &format!("    {row}\n    scenario \"In-distribution\""),
    ))
}

/// Every video of the data sets with a score that is right for all but one.
fn scores(place: &Place) -> Vec<String> {
    let mut lines = vec!["set,path,likelihood".to_owned()];
    let mut wrong = 1;
    for set in ["seen", "unseen"] {
        for (key, label) in videos(place, set) {
            let fake = (label == "fake") != (std::mem::replace(&mut wrong, 0) == 1);
            lines.push(format!("{set},{key},{}", if fake { 0.1 } else { 0.9 }));
        }
    }
    lines
}

/// Keys and labels of a data set's videos, as the program's own predictions call them.
fn videos(place: &Place, set: &str) -> Vec<(String, String)> {
    use polars::prelude::*;
    let mut found = std::collections::BTreeSet::new();
    for folder in crate::support::folders(&place.path("store/objects/predict")) {
        let file = std::fs::File::open(folder.join("predictions.parquet")).unwrap();
        let table = ParquetReader::new(file).finish().unwrap();
        let [sets, keys, labels] =
            ["dataset", "video_key", "label"].map(|name| table[name].clone());
        let (sets, keys, labels) =
            (sets.str().unwrap(), keys.str().unwrap(), labels.str().unwrap());
        for i in 0..table.height() {
            if sets.get(i) == Some(set) {
                found.insert((keys.get(i).unwrap().to_owned(), labels.get(i).unwrap().to_owned()));
            }
        }
    }
    found.into_iter().collect()
}

const ROW: &str = "row xception \"Xception\" predictions=\"scores.csv\" high=real { columns \
                   video=path score=likelihood dataset=set }";

#[test]
fn a_data_set_under_another_name_is_told() {
    let place = with_row(ROW);
    place.write("own.kdl", TINY);
    place.run(&["run", "own.kdl"]).ends_with(0);
    let misspelt =
        scores(&place).join("\n").replace("seen,", "senn,").replace("unsenn,", "unseen,");
    place.write("scores.csv", misspelt);
    let ran = place.run(&["run", "x.kdl"]).ends_with(0);
    let said = ran.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    let why = "the file of xception has no score of seen; its data sets are senn, unseen, did you mean \
               `seen` by `senn`?";
    assert!(said.contains(why), "{}", ran.stdout);
}

#[test]
fn another_tools_scores_are_a_row_like_any_other() {
    let place = with_row(ROW);
    place.run(&["run", "x.kdl"]).ends_with(11).says("the scores of row `xception` were not found");
    // Our own scores first, to learn the keys of videos.
    place.write("own.kdl", TINY);
    place.run(&["run", "own.kdl"]).ends_with(0);
    let lines = scores(&place);
    place.write("scores.csv", lines.join("\n"));
    let ran = place.run(&["run", "x.kdl"]).ends_with(0);
    assert!(ran.stdout.contains("Xception is not of this project"), "{}", ran.stdout);
    assert!(ran.stdout.contains("from scores.csv, joined by video (seen "), "{}", ran.stdout);
    let csv = std::fs::read_to_string(place.path("reports/tiny.csv")).unwrap();
    let value = |column: &str| -> f64 {
        let start = format!("auc,Xception,{column},");
        let line = csv.lines().find(|line| line.starts_with(&start)).unwrap();
        line[start.len()..].split(',').next().unwrap().parse().unwrap()
    };
    // All right out of distribution; one of the others is wrong.
    assert_eq!(value("Out-of-distribution,Avg"), 1.0);
    let seen = value("In-distribution,Seen");
    assert!((0.5..1.0).contains(&seen), "{seen}");

    // A new score is a new result, and says why.
    let turned = lines.last().unwrap().replace("0.1", "0.8").replace("0.9", "0.2");
    let mut other = lines.clone();
    *other.last_mut().unwrap() = turned;
    place.write("scores.csv", other.join("\n"));
    let plan = place.run(&["plan", "x.kdl"]).ends_with(0).stdout;
    assert!(plan.contains("the file of scores changed"), "{plan}");
    place.run(&["run", "x.kdl"]).ends_with(0);

    // Keys that match nothing, or twice, and videos without a score.
    let case = |lines: Vec<String>, why: &str| {
        place.write("scores.csv", lines.join("\n"));
        place.run(&["run", "x.kdl"]).ends_with(11).says(why).says("row `xception`");
    };
    let with = |line: &str| [lines.clone(), vec![line.to_owned()]].concat();
    case(with("seen,nobody,0.5"), "1 key is that of no video of `seen`, as \"nobody\"");
    case(with(&lines[1]), "more than one score");
    case(lines[..lines.len() - 1].to_vec(), "fewer than the `min-coverage` of 100 %");
    case(with("seen,x,1.5"), "not 0 to 1");

    // A set that the tool did not score is n/a, with the reason.
    let seen: Vec<String> =
        lines.iter().filter(|line| !line.starts_with("unseen")).cloned().collect();
    place.write("scores.csv", seen.join("\n"));
    let ran = place.run(&["run", "x.kdl"]).ends_with(0);
    assert!(ran.stdout.contains("the file of xception has no score of unseen"), "{}", ran.stdout);
}

#[test]
fn a_table_of_others_alone_needs_no_faces() {
    let place = Place::with(TINY);
    place.run(&["run", "x.kdl"]).ends_with(0);
    let lines = scores(&place);
    place.write("scores.csv", lines.join("\n"));
    let declared = TINY.split("ensemble one").next().unwrap();
    let table = format!(
        "{declared}table others {{ {ROW}; scenario \"Seen\" {{ column seen }}; scenario \"Unseen\" \
         {{ column unseen }}; metric auc }}\n"
    );
    place.write("others.kdl", table);
    let plan = place.run(&["plan", "others.kdl"]).ends_with(0).stdout;
    assert!(plan.ends_with("2 to run, 0 to reuse\n"), "{plan}");
    let ran = place.run(&["run", "others.kdl"]).ends_with(0);
    assert!(ran.stdout.contains("Xception"), "{}", ran.stdout);
}

#[test]
fn numbers_are_told_apart_by_an_attribute_of_videos() {
    let place = Place::with(
        r#"
dataset people {
    layout table file="list.csv" split=part {
        real "0"
        fake "1"
        attribute gender age
    }
}
table t {
    row tool "Tool" predictions="scores.csv"
    scenario "People" {
        column people "All"
        per-value people by=gender { average "Mean" }
    }
    metric auc
    intervals draws=100
}
"#,
    );
    let (mut list, mut scores) =
        ("path,label,part,gender,age\n".to_owned(), "video,score\n".to_owned());
    for i in 0..24 {
        let (fake, woman) = (i % 2, i / 2 % 2);
        let gender = if woman == 1 { "f" } else { "m" };
        list += &format!("{i}.jpg,{fake},test,{gender},{}\n", 20 + i);
        // Right about women, a coin about men.
        let score = if woman == 1 { fake as f64 } else { 0.5 };
        scores += &format!("{i}.jpg,{score}\n");
    }
    place.write("list.csv", list);
    place.write("scores.csv", scores);
    place.run(&["run", "x.kdl"]).ends_with(0);
    let csv = std::fs::read_to_string(place.path("reports/t.csv")).unwrap();
    let value = |column: &str| -> (f64, String) {
        let start = format!("auc,Tool,People,{column},");
        let line = csv.lines().find(|line| line.starts_with(&start)).unwrap();
        let fields: Vec<&str> = line[start.len()..].split(',').collect();
        (fields[0].parse().unwrap(), fields[2..4].join(" "))
    };
    assert_eq!(value("f"), (1.0, "6 6".to_owned()));
    assert_eq!(value("m"), (0.5, "6 6".to_owned()));
    assert_eq!(value("All"), (0.875, "12 12".to_owned()));
    assert_eq!(value("Mean").0, 0.75);
    // A pack carries the values.
    place.run(&["pack", "x.kdl"]).ends_with(0);
    place.run(&["replay", "reports/x.tar.zst"]).ends_with(0).says("rebuilt bit for bit");
}
