//! The gap between groups of people, by what is said of videos.

use serde_json::Value;

use crate::support::Place;

const FILE: &str = r#"
dataset people {
    layout table file="list.csv" split=part {
        real "0"
        fake "1"
        attribute gender
    }
}
table t {
    row tool "Tool" predictions="scores.csv"
    row fair "Fair" predictions="fair.csv"
    scenario "People" {
        column people "All"
        per-value people by=gender { average "Mean"; gap "Gap" min=5 }
    }
    metric auc
    intervals draws=500
    compare against=fair
}
"#;

fn place(file: &str) -> Place {
    let place = Place::with(file);
    let mut list = "path,label,part,gender\n".to_owned();
    let (mut scores, mut fair) = ("video,score\n".to_owned(), "video,score\n".to_owned());
    for i in 0..86 {
        let (fake, woman) = (i % 2, i / 2 % 2);
        let gender = if i >= 80 {
            "x"
        } else if woman == 1 {
            "f"
        } else {
            "m"
        };
        list += &format!("{i}.jpg,{fake},test,{gender}\n");
        let noise = f64::from(i * 37 % 80) / 80.0;
        // Nearly right about women, hardly better than a coin about men.
        let weight = if woman == 1 { 0.8 } else { 0.1 };
        let score = |weight: f64| weight * f64::from(fake) + (1.0 - weight) * noise;
        scores += &format!("{i}.jpg,{}\n", score(weight));
        fair += &format!("{i}.jpg,{}\n", score(0.4));
    }
    place.write("list.csv", list);
    place.write("scores.csv", scores);
    place.write("fair.csv", fair);
    place
}

#[test]
fn the_gap_between_groups_is_a_number_with_an_interval() {
    let place = place(FILE);
    place.run(&["run", "x.kdl"]).ends_with(0);
    let read =
        |name: &str| std::fs::read_to_string(place.path(&format!("reports/{name}"))).unwrap();
    let report: Value = serde_json::from_str(&read("t.json")).unwrap();
    let heads = report["scenarios"][0]["columns"].as_array().unwrap();
    let column = |label: &str| heads.iter().position(|head| head["label"] == label).unwrap();
    let cell =
        |row: usize, label: &str| report["metrics"][0]["rows"][row]["cells"][column(label)].clone();
    let number = |row: usize, label: &str| cell(row, label)["value"].as_f64();
    for row in 0..2 {
        let groups = ["f", "m"].map(|group| number(row, group).unwrap());
        let gap = number(row, "Gap").unwrap();
        assert!((gap - (groups[0] - groups[1]).abs()).abs() < 1e-12, "{gap} of {groups:?}");
        let interval = cell(row, "Gap")["interval"].clone();
        let [low, high] = ["low", "high"].map(|end| interval[end].as_f64().unwrap());
        assert!(0.0 <= low && low < high && high <= 1.0, "{low} to {high}");
        // Three videos of a class say nothing of a group.
        assert_eq!(number(row, "x"), None);
        let reason = cell(row, "x")["reason"].as_str().unwrap().to_owned();
        assert_eq!(reason, "it has 3 real and 3 fake videos, and the gap asks for 5 of each");
    }
    assert!(number(0, "Gap") > number(1, "Gap"));
    let interval = cell(0, "Gap")["interval"].clone();
    let [low, high] = ["low", "high"].map(|end| interval[end].as_f64().unwrap());
    assert!(low < number(0, "Gap").unwrap() && number(0, "Gap").unwrap() < high);
    // The smaller gap is the better one, also of a metric of which more is better.
    assert_eq!(cell(1, "Gap")["mark"], "best");
    assert!(cell(0, "Gap")["difference"].is_null() && !cell(0, "f")["difference"].is_null());
    let markdown = read("t.md");
    assert!(markdown.contains("Too few videos to be in it: x of people."), "{markdown}");
    assert!(read("t.csv").contains("auc,Tool,People,Gap,"), "{}", read("t.csv"));
    // The gap of `m` alone is none.
    place.write("x.kdl", FILE.replace("min=5", "min=21"));
    place.run(&["run", "x.kdl"]).ends_with(0);
    let csv = std::fs::read_to_string(place.path("reports/t.csv")).unwrap();
    assert!(
        csv.contains("auc,Tool,People,Gap,,fewer than two groups have enough videos,"),
        "{csv}"
    );
}

#[test]
fn a_release_has_attributes_of_its_own() {
    let file = r#"
dataset people { layout fakeavceleb root="data"; split only=test }
table t {
    row tool "Tool" predictions="scores.csv"
    scenario "People" { per-value people by=gendr { gap "Gap" } }
    metric auc
}
"#;
    let place = Place::with(file);
    let said = place.run(&["check", "x.kdl"]).ends_with(10).stderr;
    assert!(said.contains("its attributes are audio, gender, race"), "{said}");
    assert!(said.contains("gender"), "{said}");
}
