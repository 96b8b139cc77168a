//! `data`: what there is of a file's data sets, before and after the work.

use std::process::Command;

use serde_json::Value;

use crate::support::{Place, Ran, TINY};

/// The tiny experiment with published numbers, and a set that is not there.
fn published() -> String {
    let seen = "split carve train=(%)50 val=(%)25 test=(%)25 seed=0\n";
    let unseen = "split only=test\n";
    let scored = "scenario \"Out-of-distribution\" {\n";
    TINY.replacen(seen, &format!("{seen}expect train=16 val=9 face-swap=1 real-samples=16\n"), 1)
        .replacen(
            unseen,
            &format!("{unseen}expect real=4 fake=8 real-frames=9 fake-frames=16\n"),
            1,
        )
        .replacen("real-to-fake=\"1:1\"", "real-to-fake=\"2:1\"", 1)
        .replacen(scored, &format!("{scored}column absent \"Absent\"\n"), 1)
        + r#"
dataset absent {
    title "Absent"
    layout folder root="nowhere" { class r label=real; class f label=fake }
    split only=test
    expect real=402 fake=338 real-frames=60000 fake-frames=24000
}
"#
}

fn json(place: &Place) -> Value {
    let ran = place.run(&["data", "x.kdl", "--format", "json"]).ends_with(0);
    serde_json::from_str(&ran.stdout).unwrap()
}

/// What is found and published of a data set.
fn count(json: &Value, dataset: &str, measure: &str) -> (Option<u64>, Option<u64>) {
    let tables = json["tables"].as_array().unwrap();
    let mut rows = tables.iter().flat_map(|t| t["rows"].as_array().unwrap());
    let row = rows.find(|row| row["dataset"] == dataset).unwrap();
    let count = &row["counts"][measure];
    (count["found"].as_u64(), count["published"].as_u64())
}

fn notes(json: &Value, about: &str) -> Vec<String> {
    let notes = json["notes"].as_array().unwrap().iter().filter(|n| n["about"] == about);
    notes.map(|n| n["dataset"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn numbers_fill_in_as_the_work_goes_on() {
    let place = Place::with(&published());
    // A set that is not there does not stop the others.
    let text = place.run(&["data", "x.kdl"]).ends_with(0).stdout;
    insta::assert_snapshot!("data_of_a_new_store", text);
    let before = json(&place);
    assert_eq!(count(&before, "seen", "train"), (Some(16), Some(16)));
    assert_eq!(count(&before, "seen", "real-samples"), (None, Some(16)));
    assert_eq!(count(&before, "seen", "faces"), (None, None));
    assert_eq!(count(&before, "absent", "real"), (None, Some(402)));
    assert_eq!(notes(&before, "not-found"), ["absent"]);
    assert_eq!(notes(&before, "not-prepared"), ["seen", "unseen"]);

    // The verbs that make something want all sets, so the rest goes on without.
    place.write("x.kdl", published().replace("column absent \"Absent\"", ""));
    place.run(&["prepare", "x.kdl", "--shard", "1/2"]).ends_with(0);
    let begun = json(&place);
    assert_eq!(notes(&begun, "partly-prepared"), ["seen", "unseen"]);
    assert_eq!(count(&begun, "seen", "faces"), (None, None));
    place.run(&["prepare", "x.kdl"]).ends_with(0);
    let prepared = json(&place);
    assert_eq!(count(&prepared, "seen", "faces"), (Some(64), None));
    assert_eq!(count(&prepared, "unseen", "real-frames"), (Some(8), Some(9)));
    assert_eq!(count(&prepared, "unseen", "with-face"), (Some(12), None));
    assert_eq!(count(&prepared, "seen", "real-samples"), (None, Some(16)));
    assert_eq!(notes(&prepared, "not-prepared"), Vec::<String>::new());

    let ran = place.run(&["train", "x.kdl"]).ends_with(0);
    let trained = json(&place);
    let (real, fake) = (
        count(&trained, "seen", "real-samples").0.unwrap(),
        count(&trained, "seen", "fake-samples").0.unwrap(),
    );
    // Two to one, and of two frames of each of train's 16 videos.
    assert_eq!(real, 2 * fake);
    assert!(real > 8 && real + fake <= 32, "{real} and {fake}");
    // What the run said when it sampled is what is said later.
    let line = |text: &str| text.lines().find(|l| l.starts_with("seen ")).unwrap().to_owned();
    let text = place.run(&["data", "x.kdl"]).ends_with(0).stdout;
    assert_eq!(line(&ran.stderr), line(&text));

    // A face store that is damaged concerns one set.
    for folder in crate::support::folders(&place.path("store/objects/faces")) {
        let table = folder.join("videos.parquet");
        if std::fs::read(&table).unwrap().windows(6).any(|bytes| bytes == b"unseen") {
            std::fs::write(table, "no table").unwrap();
        }
    }
    let damaged = json(&place);
    assert_eq!(notes(&damaged, "not-prepared"), ["unseen"]);
    assert_eq!(notes(&damaged, "prepared"), ["seen"]);
}

#[test]
fn every_format_goes_to_stdout_or_a_file() {
    let place = Place::with(&published());
    for (format, sign) in [
        ("text", "Training data: ensemble one"),
        ("markdown", "## Training data: ensemble one"),
        ("latex", "\\caption{Training data: ensemble one"),
        ("csv", "training,one,seen,seen,train,16,16,"),
        ("json", "\"ensemble\": \"one\""),
    ] {
        let arguments = ["data", "x.kdl", "--format", format];
        let ran = place.run(&arguments).ends_with(0);
        assert!(ran.stdout.contains(sign), "{format}: {}", ran.stdout);
        assert!(ran.stdout.contains("synthetic demo"), "{format}: {}", ran.stdout);
        let file = [&arguments[..], &["--out", "out"]].concat();
        assert_eq!(place.run(&file).ends_with(0).says("written: out").stdout, "");
        assert_eq!(std::fs::read_to_string(place.path("out")).unwrap(), ran.stdout);
    }
}

#[test]
fn a_paper_without_any_data_is_its_published_numbers() {
    let place = Place::new();
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/experiments/table3.kdl");
    let mut command = place.command();
    for name in
        ["FFPP", "CELEBDF", "DFDC", "FAKEAVCELEB", "FORGERYNET", "DF40", "WDF", "ITW", "DFEVAL"]
    {
        command.env_remove(format!("{name}_ROOT"));
    }
    command.args(["data", file]);
    let ran = Ran::of(command.output().unwrap()).ends_with(11).says("none of the data sets");
    let total = |text: &str| {
        let lines = text.lines().filter(|line| line.starts_with("Total"));
        lines.map(|l| l.split_whitespace().collect::<Vec<_>>().join(" ")).collect::<Vec<_>>()
    };
    // The last line of the paper's Table 1.
    assert_eq!(
        total(&ran.stdout),
        [
            "Total – of 18 – of 6 – of 208,401 – of 17,971 – of 23,052 – of 74,205 – of 175,219",
            "Total – of 304K – of 287K"
        ]
    );
    // Table 2.
    for line in [
        "– of 3,805 (– of 46K)  – of 3,509 (– of 76K)  – of 7,314 (– of 122K)",
        "– of 402 (– of 60K)    – of 338 (– of 24K)     – of 740 (– of 84K)",
        "– of 112 (– of 14K)    – of 964 (– of 58K)   – of 1,076 (– of 72K)",
    ] {
        assert!(ran.stdout.contains(line), "{line}\n{}", ran.stdout);
    }
}

#[test]
fn a_file_of_data_sets_alone_shows_them() {
    let place = Place::with(
        "dataset a { layout folder root=\"nowhere\" { class r label=real; class f label=fake }; expect train=5 }",
    );
    let ran = place.run(&["data", "x.kdl"]).ends_with(11);
    assert!(ran.stdout.contains("Declared data sets"), "{}", ran.stdout);
    assert!(ran.stdout.contains("– of 5"), "{}", ran.stdout);
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/datasets/demo.kdl");
    let ran = place.run(&["data", file]).ends_with(0);
    assert!(ran.stdout.contains("not prepared yet, which `proofmark prepare"), "{}", ran.stdout);
    place.write("x.kdl", "");
    place.run(&["data", "x.kdl"]).ends_with(11).says("no data sets");
}

#[test]
fn a_figure_needs_a_prepared_set() {
    let place = Place::with(&published());
    place.run(&["data", "x.kdl", "--figure", "sean"]).ends_with(2).says("absent, seen, unseen");
    place.run(&["data", "x.kdl", "--figure", "absent"]).ends_with(11).says("nowhere");
    let ran = place.run(&["data", "x.kdl", "--figure", "seen"]).ends_with(11);
    ran.says("`proofmark prepare x.kdl`");
    place.run(&["data", "x.kdl", "--figure", "seen", "--format", "csv"]).ends_with(2);
    place.write("x.kdl", TINY);
    place.run(&["prepare", "x.kdl"]).ends_with(0);
    let arguments = ["data", "x.kdl", "--figure", "seen"];
    let drawn = place.run(&arguments).ends_with(0).stdout;
    assert!(drawn.starts_with("<svg ") && drawn.ends_with("</svg>\n"), "{drawn}");
    assert!(drawn.contains("real, above the axis: 16 videos, 32 frames, 32 faces"), "{drawn}");
    assert!(drawn.contains("synthetic demo"), "{drawn}");
    assert!(drawn.contains("Frames of a video"), "{drawn}");
    let file = [&arguments[..], &["--out", "seen.svg"]].concat();
    place.run(&file).ends_with(0);
    assert_eq!(std::fs::read_to_string(place.path("seen.svg")).unwrap(), drawn);
}

#[test]
fn videos_have_their_length_in_seconds() {
    let place = Place::with(
        r#"
dataset clips {
    layout folder root="clips" { class real label=real; class fake label=fake }
    split only=test
    frames fps=1
    faces size=32
    expect test=3
}
dataset seen {
    layout demo capture=studio seed=1 identities=8 videos=1 fakes=1 frames=1
    manipulation swap-seam
    split carve train=(%)50 val=(%)50 test=(%)0 seed=0
    faces size=32
}
ensemble one { source seen }
backbone tiny { vit patch=8 width=16 depth=1 heads=2 image=32; pool patch-mean }
init scratch { random std=0.02; normalize half }
recipe short { epochs 2; batch 4; adamw lr=1e-3; keep last; seed 0 }
experiment base { data one; backbone tiny; init scratch; recipe short; loss { cross-entropy } }
table t { row base "Base"; scenario "Unseen" { column clips "Clips" }; metric auc }
"#,
    );
    for (name, seconds, size) in
        [("real/a", 3, "64x48"), ("fake/b", 5, "96x80"), ("fake/c", 6, "96x80")]
    {
        let path = place.path(&format!("clips/{name}.mp4"));
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let source = format!("testsrc=s={size}:r=5:d={seconds}");
        let mut command = Command::new("ffmpeg");
        command.args(["-nostdin", "-v", "error", "-f", "lavfi", "-i", &source]);
        command.args(["-c:v", "libx264", "-pix_fmt", "yuv420p"]).arg(path);
        assert!(command.status().expect("the tests need ffmpeg, see README.md").success());
    }
    // How many frames there are is known once they are decoded.
    assert_eq!(count(&json(&place), "clips", "frames"), (None, None));
    place.run(&["prepare", "x.kdl"]).ends_with(0);
    let json = json(&place);
    assert_eq!(count(&json, "clips", "real-frames"), (Some(3), None));
    assert_eq!(count(&json, "clips", "fake-frames"), (Some(11), None));
    assert_eq!(count(&json, "clips", "test"), (Some(3), Some(3)));
    let drawn = place.run(&["data", "x.kdl", "--figure", "clips"]).ends_with(0).stdout;
    for words in [
        "Length of a video: seconds to its last sampled frame, real above the axis",
        "real has a median of 2 s",
        "fake has a median of 4.5 s",
        "Size of an image: shorter side, in pixels, real above the axis",
        "real has a median of 48 px",
        "fake has a median of 80 px",
    ] {
        assert!(drawn.contains(words), "{words}\n{drawn}");
    }
    assert!(!drawn.contains("synthetic"), "{drawn}");
}
