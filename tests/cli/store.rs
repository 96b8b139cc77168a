//! What the store holds, what leaves it, and what goes from it to other programs.

use crate::support::{Place, TINY};

fn listed(place: &Place) -> Vec<serde_json::Value> {
    let ran = place.run(&["ls", "--format", "json"]).ends_with(0);
    serde_json::from_str(&ran.stdout).unwrap()
}

#[test]
fn what_no_file_needs_is_removed_when_told_so() {
    let place = Place::new();
    place.run(&["run", "x.kdl"]).ends_with(0);
    let all = listed(&place);
    let of = |stage: &str| all.iter().filter(|held| held["stage"] == stage).count();
    assert_eq!((of("faces"), of("sample"), of("train"), of("predict")), (2, 1, 2, 4), "{all:?}");
    assert!(all.iter().all(|held| held["bytes"].as_u64().unwrap() > 100 && held["name"] != ""));
    let text = place.run(&["ls", "--stage", "train"]).ends_with(0).stdout;
    assert!(text.contains("base") && text.contains("in 2 folders"), "{text}");
    place.run(&["gc", "x.kdl"]).ends_with(0).says("nothing to remove; all 9 results");

    // Another seed makes another model; the old ones are needed by the old file alone.
    place.write("y.kdl", TINY.replace("seed 0\n}", "seed 1\n}"));
    place.run(&["run", "y.kdl"]).ends_with(0);
    place.run(&["gc", "x.kdl", "y.kdl", "--delete"]).ends_with(0).says("nothing to remove");
    let ran = place.run(&["gc", "y.kdl"]).ends_with(0);
    ran.says("6 results, ").says("`--delete` removes them (9 stay)");
    assert_eq!(listed(&place).len(), 15);
    // A process that makes something may read any of them.
    let lock = std::fs::File::create(place.path("store/locks/train-busy")).unwrap();
    lock.lock().unwrap();
    std::fs::create_dir_all(place.path("store/work/train-busy")).unwrap();
    place.run(&["gc", "y.kdl", "--delete"]).ends_with(20).says("1 results are being made");
    assert_eq!(listed(&place).len(), 16);
    drop(lock);
    place.run(&["gc", "y.kdl", "--delete"]).ends_with(0).says("7 results removed");
    assert_eq!(listed(&place).len(), 9);
    let plan = place.run(&["plan", "y.kdl"]).ends_with(0).stdout;
    assert!(plan.contains("0 to run, 9 to reuse"), "{plan}");
    // What a file needs cannot be told without its data.
    let gone = "dataset gone { layout folder root=\"gone\" { class a label=real; class b \
                label=fake manipulation=m }; manipulation m; split only=test }\n";
    let column = "column seen \"Seen\"; column gone \"Gone\";";
    place.write("z.kdl", gone.to_owned() + &TINY.replace("column seen \"Seen\";", column));
    place.run(&["gc", "z.kdl", "--delete"]).ends_with(11).says("nothing was removed");
    assert_eq!(listed(&place).len(), 9);
}

#[test]
fn keys_and_scores_go_out_and_come_back() {
    let place = Place::new();
    let keys = place.run(&["export", "keys", "x.kdl", "--split", "test"]).ends_with(0).stdout;
    let lines: Vec<&str> = keys.lines().collect();
    assert_eq!(lines[0], "dataset,split,video,label,method,family");
    assert!(lines.iter().any(|line| line.starts_with("seen,test,") && line.contains(",real,")));
    assert!(lines.iter().skip(1).all(|line| line.split(',').nth(1) == Some("test")), "{keys}");
    let ran = place.run(&["export", "keys", "x.kdl", "--dataset", "other"]).ends_with(11);
    ran.says("there is no data set `other`; declared are: seen, unseen");
    let early = ["export", "predictions", "x.kdl"];
    place.run(&early).ends_with(11).says("none of the 4 score files is in the store yet");
    place.run(&["run", "x.kdl"]).ends_with(0);
    let out = ["--experiment", "base", "--out", "base.csv"];
    place.run(&[&early[..], &out].concat()).ends_with(0).says("written: base.csv");
    // Scores that went out are a row like any other tool's, and give the same numbers.
    let row = "row back \"Back\" predictions=\"base.csv\" { columns dataset=dataset frame=frame }\n    \
               scenario \"In-distribution\"";
    place.write("back.kdl", TINY.replacen("scenario \"In-distribution\"", row, 1));
    place.run(&["run", "back.kdl"]).ends_with(0);
    let csv = std::fs::read_to_string(place.path("reports/tiny.csv")).unwrap();
    let values = |row: &str| -> Vec<String> {
        let start = format!("auc,{row},");
        let of = csv.lines().filter_map(|line| line.strip_prefix(&start));
        of.map(|rest| rest.split(',').take(3).collect::<Vec<_>>().join(",")).collect()
    };
    assert_eq!(values("Back"), values("Base"));
    assert!(values("Back").len() >= 3, "{csv}");
    let ran = place.run(&["export", "predictions", "x.kdl", "--experiment", "c"]).ends_with(11);
    ran.says("no table scores what is wanted; scored are: base, ba");
}
