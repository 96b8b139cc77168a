//! Help, codes, and verbs that need no run.

use crate::support::{Place, Ran, TINY};

fn help(verb: &str) -> String {
    let arguments: &[&str] = if verb.is_empty() { &["--help"] } else { &[verb, "--help"] };
    let place = Place::new();
    let mut command = place.command();
    command.env_remove("PROOFMARK_STORE").args(arguments);
    let text = Ran::of(command.output().unwrap()).ends_with(0).stdout;
    let lines = text.lines().map(|line| match line.find("[env: PROOFMARK_STORE=") {
        Some(at) => format!("{}[env: PROOFMARK_STORE=..]", &line[..at]),
        None => line.to_owned(),
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn help_is_what_it_was() {
    for verb in [
        "", "check", "plan", "data", "run", "table", "score", "export", "ls", "gc", "metrics",
        "explain", "fmt",
    ] {
        insta::assert_snapshot!(format!("help_{verb}"), help(verb));
    }
}

#[test]
fn usage_errors_exit_with_2() {
    let place = Place::new();
    place.run(&["frobnicate"]).ends_with(2);
    place.run(&["run"]).ends_with(2);
    // A verb is suggested where it is like the one written, and only there.
    let ran = place.run(&["completions"]).ends_with(2);
    assert!(!ran.stderr.contains("metrics"), "{}", ran.stderr);
    place.run(&["chek", "x.kdl"]).ends_with(2).says("check");
    place.run(&["explain", "no-such-code"]).ends_with(2).says("proofmark explain");
}

#[test]
fn check_finds_errors_without_data() {
    let place = Place::new();
    place.run(&["check", "x.kdl"]).ends_with(0).says("2 data sets, 2 experiments, 1 table)");
    place.write("bad.kdl", TINY.replace("epochs 2", "epoch 2"));
    place.run(&["check", "bad.kdl"]).ends_with(10).says("epochs");
    let ran = place.run(&["check", "--format", "json", "bad.kdl"]).ends_with(10);
    let found: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert!(found[0]["labels"][0]["line"].as_u64().unwrap() > 1, "{found}");
    assert_eq!(found[0]["severity"], "error");
    place.run(&["check", "none.kdl"]).ends_with(10).says("none.kdl");
}

#[test]
fn fmt_lays_out_once() {
    let place = Place::with("recipe   r {\nepochs 3 // three\n}\n");
    place.run(&["fmt", "--check", "x.kdl"]).ends_with(10);
    place.run(&["fmt", "x.kdl"]).ends_with(0);
    place.run(&["fmt", "--check", "x.kdl"]).ends_with(0);
    let text = std::fs::read_to_string(place.path("x.kdl")).unwrap();
    assert_eq!(text, "recipe r {\n    epochs 3 // three\n}\n");
}

#[test]
fn explain_shows_both_sides() {
    let ran = Place::new().run(&["explain", "unknown-key"]).ends_with(0);
    assert!(ran.stdout.contains("wrong:") && ran.stdout.contains("right:"), "{}", ran.stdout);
    let all = Place::new().run(&["explain"]).ends_with(0).stdout;
    assert!(all.lines().count() > 40 && all.contains("unknown-key"), "{all}");
    let place = Place::new();
    place.run(&["explain", "unknow-key"]).ends_with(2).says("did you mean `unknown-key`?");
    let ran = place.run(&["explain", "11"]).ends_with(0);
    assert!(ran.stdout.contains("proofmark data FILE"), "{}", ran.stdout);
    assert!(all.contains("exit code 20"), "{all}");
}

#[test]
fn metrics_of_anybodys_file() {
    let place = Place::new();
    place.write("s.csv", "clip,truth,p\na,REAL,0.1\na,REAL,0.3\nb,FAKE,0.8\nb,FAKE,0.2\n");
    let arguments = ["metrics", "s.csv", "--score", "p", "--label", "truth", "--video", "clip"];
    let ran = place.run(&[&arguments[..], &["--format", "json"]].concat()).ends_with(0);
    let metrics: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(metrics["frame"]["n"], 4);
    assert_eq!(metrics["frame"]["auc"], 0.75);
    assert_eq!(metrics["video"]["auc"], 1.0);
    assert_eq!(metrics["video"]["balanced_accuracy"], 1.0);
    for key in ["eer", "average_precision", "accuracy"] {
        assert!(metrics["frame"][key].is_number(), "{metrics}");
    }
    let more = ["--bootstrap", "200", "--by", "clip", "--only-videos", "--video-score", "max"];
    let ran = place.run(&[&arguments[..], &more].concat()).ends_with(0);
    assert!(ran.stdout.contains("clip b") && ran.stdout.contains("[n/a]: no interval"));
    let impossible = ["--fpr", "5"];
    place.run(&[&arguments[..], &impossible].concat()).ends_with(2).says("not from 0 to 1");
    let wrong = ["metrics", "s.csv", "--score", "prob", "--label", "truth"];
    place.run(&wrong).ends_with(11).says("clip, truth, p");
    place.write("nan.csv", "truth,p\nreal,0.1\nfake,NaN\n");
    place.run(&["metrics", "nan.csv", "--score", "p", "--label", "truth"]).ends_with(11).says("2");
}

#[test]
fn table_3_without_data_says_what_was_looked_for() {
    let place = Place::new();
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/experiments/table3.kdl");
    place.run(&["check", file]).ends_with(0);
    let mut command = place.command();
    let names = ["FFPP", "CELEBDF", "DFDC", "FAKEAVCELEB", "FORGERYNET", "DF40", "WDF", "ITW"];
    for name in names.iter().chain(&["DFEVAL"]) {
        command.env_remove(format!("{name}_ROOT"));
    }
    // Any attempt to reach a hub would fail otherwise.
    command.env("HF_ENDPOINT", "http://127.0.0.1:9").args(["run", file]);
    let ran = Ran::of(command.output().unwrap()).ends_with(11);
    for name in names {
        assert!(ran.stderr.contains(&format!("set {name}_ROOT")), "{name}: {}", ran.stderr);
    }
    assert_eq!(ran.stderr.matches("looked for:").count(), 10, "{}", ran.stderr);
}
