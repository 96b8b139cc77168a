//! Experiments in variants: planned, trained, one of them chosen on validation and shown.

use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::{Place, Ran, TINY, folders, unpacked};

/// TINY, whose second row is tuned by margin and weight.
fn tuned() -> String {
    let matrix = "margin=0.3 weight=0.5 }\n    matrix {\n        axis margin 0.1 0.3\n        axis \
                  triplet.weight 0.1 1.0\n    }\n    choose lowest=val.loss\n";
    let text = TINY.replace("margin=0.3 weight=0.5 }", matrix);
    assert_ne!(text, TINY);
    text
}

const VARIANTS: [&str; 4] = [
    "ba[margin=0.1,weight=0.1]",
    "ba[margin=0.1,weight=1]",
    "ba[margin=0.3,weight=0.1]",
    "ba[margin=0.3,weight=1]",
];

fn file(place: &Place, name: &str) -> String {
    std::fs::read_to_string(place.path(name)).unwrap()
}

/// The last kept epoch of each variant's training, from the records of the store.
fn kept(place: &Place, quantity: &str) -> Vec<f64> {
    let value = |name: &str| {
        let folders = folders(&place.path("store/objects/train"));
        let of = |folder: &std::path::PathBuf| {
            let record: Value =
                serde_json::from_slice(&std::fs::read(folder.join("stage.json")).unwrap()).unwrap();
            record["name"] == name
        };
        let folder = folders.into_iter().find(of).unwrap_or_else(|| panic!("{name}"));
        let text = std::fs::read_to_string(folder.join("journal.jsonl")).unwrap();
        let records = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let mut kept = records.filter(|record| record["kept"] == true);
        kept.next_back().unwrap()[quantity].as_f64().unwrap()
    };
    VARIANTS.map(value).to_vec()
}

#[test]
fn the_plan_of_a_matrix_lists_its_variants_and_what_is_scored() {
    let place = Place::with(&tuned());
    let plan = place.run(&["plan", "x.kdl"]).ends_with(0).stdout;
    // The speed of this machine is no matter here.
    let timeless = |line: &str| line.split(", about").next().unwrap().to_owned();
    let lines: Vec<String> = plan
        .lines()
        .filter(|line| !line.contains("on this processor"))
        .map(|line| match line.strip_prefix("ba: ") {
            Some(rest) => format!("{}; {}", timeless(line), rest.split("; ").last().unwrap()),
            None => timeless(line),
        })
        .collect();
    insta::assert_snapshot!("plan_of_a_matrix", lines.join("\n"));
    let plan: Value = serde_json::from_str(
        &place.run(&["plan", "x.kdl", "--format", "json"]).ends_with(0).stdout,
    )
    .unwrap();
    assert_eq!(plan["matrices"][0]["experiment"], "ba");
    assert_eq!(plan["matrices"][0]["trainings"], 4);
    assert_eq!(plan["matrices"][0]["open"], 4);
    assert!(plan["matrices"][0]["estimated_hours"].as_f64().unwrap() > 0.0);
    let stages = plan["stages"].as_array().unwrap();
    let count = |kind: &str| stages.iter().filter(|stage| stage["kind"] == kind).count();
    // Faces and the sample are shared; what is trained is base, four variants, and the choice.
    assert_eq!(
        ["faces", "sample", "train", "predict"].map(count),
        [2, 1, 6, 4],
        "scores of base and of the chosen variant alone"
    );
}

#[test]
fn the_variant_that_is_best_on_validation_is_the_row_in_every_format() {
    let place = Place::with(&tuned());
    let ran = place.run(&["run", "x.kdl"]).ends_with(0);
    let losses = kept(&place, "val_loss");
    let best = (0..4).min_by(|&a, &b| losses[a].total_cmp(&losses[b])).unwrap();
    let settings = VARIANTS[best][3..].trim_end_matches(']').replace(',', ", ");
    let note =
        format!("Base + BA is the variant {settings}, chosen among 4 by the lowest val.loss: ");
    assert!(ran.stdout.contains(&note), "{note}: {}", ran.stdout);
    for extension in ["md", "tex", "json", "html"] {
        let text = file(&place, &format!("reports/tiny.{extension}"));
        let plain = text.replace("\\_", "_").replace("\\ ", " ");
        assert!(plain.contains("chosen among 4 by the lowest val.loss: "), "{extension}");
        assert!(plain.contains(&settings), "{extension}");
    }
    let csv = file(&place, "reports/tiny.csv");
    assert!(csv.lines().next().unwrap().ends_with(",variant"), "{csv}");
    let shown = format!(",\"{}\"", VARIANTS[best]);
    assert_eq!(csv.lines().filter(|line| line.ends_with(&shown)).count(), 12, "{csv}");
    let json: Value = serde_json::from_str(&file(&place, "reports/tiny.json")).unwrap();
    assert_eq!(json["variants"][0]["variant"], VARIANTS[best]);
    assert_eq!(json["variants"][0]["value"].as_f64(), Some(losses[best]));
    // What it shows is what that variant gives by itself.
    let alone = tuned().replace("row ba \"Base + BA\"", &format!("row \"{}\" L", VARIANTS[best]));
    place.write("alone.kdl", alone);
    place.run(&["run", "alone.kdl", "--reports", "alone"]).ends_with(0);
    let numbers = |name: &str, row: &str| -> Vec<String> {
        let text = file(&place, name);
        let of = |line: &&str| line.split(',').nth(1) == Some(row);
        let value = |line: &str| line.split(',').nth(4).unwrap().to_owned();
        text.lines().filter(of).map(value).collect()
    };
    let shown = numbers("reports/tiny.csv", "Base + BA");
    assert_eq!(shown, numbers("alone/tiny.csv", "L"));
    assert_eq!(shown.len(), 12);
    // A pack holds all of it, and a replay tells the same.
    place.run(&["pack", "x.kdl", "--out", "x.tar.zst"]).ends_with(0);
    let (_, files) = unpacked(&place.path("x.tar.zst"));
    let findings: Value = serde_json::from_slice(&files["findings.json"]).unwrap();
    let runs = findings["runs"].as_array().unwrap();
    let of = runs.iter().find(|run| run["experiment"] == "ba").unwrap();
    assert_eq!(of["choice"]["place"], best);
    let replayed = Place::new();
    std::fs::copy(place.path("x.tar.zst"), replayed.path("x.tar.zst")).unwrap();
    let replay = replayed.run(&["replay", "x.tar.zst", "--reports", "out"]).ends_with(0);
    assert!(replay.stdout.contains(&note) || file(&replayed, "out/tiny.md").contains(&note));
    // Embeddings are those of what the table shows.
    let made = place.run(&["embeddings", "x.kdl", "--split", "val", "--out", "e"]).ends_with(0);
    assert!(!made.stderr.contains("embed ba["), "{}", made.stderr);
    // Nothing is left to do, and the store needs all of it.
    let plan = place.run(&["plan", "x.kdl"]).ends_with(0).stdout;
    assert!(plan.starts_with("0 to run"), "{plan}");
}

/// Killed after each of several moments, while variants train, and while one is chosen.
#[test]
fn tuning_that_is_killed_in_the_middle_ends_in_the_same() {
    let text = tuned().replace("epochs 2", "epochs 20");
    let whole = Place::with(&text);
    whole.run(&["run", "x.kdl", "--jobs", "1"]).ends_with(0);
    let killed = Place::with(&text);
    let trained = || {
        let folders = folders(&killed.path("store/objects/train"));
        folders.iter().filter(|folder| folder.join("stage.json").is_file()).count()
    };
    for after in [1, 2, 4] {
        let mut command = killed.command();
        command.args(["run", "x.kdl", "--jobs", "1"]);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let begun = Instant::now();
        while trained() < after && begun.elapsed() < Duration::from_secs(60) {
            std::thread::sleep(Duration::from_millis(1));
        }
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(trained() >= after, "no model after a minute");
        // A table of variants that are not all trained chooses among none.
        if trained() < 5 {
            let table = killed.run(&["table", "x.kdl"]);
            let said = format!("Base + BA is not chosen yet: {} of 4 variants", 5 - trained());
            assert!(table.stdout.contains(&said), "{said}: {}", table.stdout);
        }
    }
    killed.run(&["run", "x.kdl", "--jobs", "1"]).ends_with(0);
    assert!(killed.models() == whole.models());
    for extension in ["md", "csv"] {
        let name = format!("reports/tiny.{extension}");
        assert_eq!(file(&killed, &name), file(&whole, &name));
    }
}

#[test]
fn a_budget_that_is_too_small_is_refused_before_anything_is_trained() {
    let place = Place::with(&tuned().replace("choose ", "budget trainings=3\n    choose "));
    let plan = place.run(&["plan", "x.kdl"]).ends_with(12);
    assert!(plan.stdout.contains("ba[margin=0.3,weight=1]"), "{}", plan.stdout);
    plan.says("the variants of `ba` are 4 trainings, over its budget of 3").says("x.kdl:");
    place.run(&["train", "x.kdl"]).ends_with(12).says("explain 12");
    assert!(folders(&place.path("store/objects/train")).is_empty());
    // Faces cost none of it.
    place.run(&["prepare", "x.kdl"]).ends_with(0);
    let hours = tuned().replace("choose ", "budget hours=1e-6\n    choose ");
    place.write("hours.kdl", hours);
    place.run(&["run", "hours.kdl"]).ends_with(12).says("hours on this processor, over its budget");
    place
        .write("enough.kdl", tuned().replace("choose ", "budget trainings=4 hours=9\n    choose "));
    place.run(&["run", "enough.kdl"]).ends_with(0);
    // What is trained already costs nothing.
    place.run(&["plan", "x.kdl"]).ends_with(0);
    place.run(&["run", "x.kdl"]).ends_with(0);
}

#[test]
fn a_variant_that_fails_leaves_the_row_without_a_choice() {
    let text = tuned().replace("axis margin 0.1 0.3", "axis recipe.adamw.lr 1e-3 1e30");
    let place = Place::with(&text);
    let ran = place.run(&["run", "x.kdl", "--jobs", "1"]).ends_with(20);
    assert!(ran.stderr.contains("train ba (needs train ba[lr=1e30"), "{}", ran.stderr);
    let note = "Base + BA is not chosen yet: 2 of 4 variants are not trained (lr=1e30, weight=0.1; \
                lr=1e30, weight=1).";
    assert!(file(&place, "reports/tiny.md").contains(note));
}

/// A row over seeds is what three experiments with `repeat` are, with the same models.
#[test]
fn a_row_over_seeds_is_mean_and_deviation_of_them() {
    let by_seeds = TINY.replace("row base \"Base\"", "row base \"Base\" { seed 0 1 2 }");
    let by_hand = TINY.replace("row base \"Base\"", "row base \"Base\" { repeat one; repeat two }")
        + "experiment one extends=base { override recipe { seed 1 } }\n\
           experiment two extends=base { override recipe { seed 2 } }\n";
    let place = Place::with(&by_seeds);
    let ran = place.run(&["run", "x.kdl"]).ends_with(0);
    assert!(ran.stdout.contains("Base 3"), "{}", ran.stdout);
    place.write("hand.kdl", by_hand);
    let plan = place.run(&["plan", "hand.kdl"]).ends_with(0).stdout;
    assert!(plan.starts_with("0 to run"), "{plan}");
    place.run(&["run", "hand.kdl", "--reports", "hand"]).ends_with(0);
    assert_eq!(file(&place, "reports/tiny.csv"), file(&place, "hand/tiny.csv"));
}

/// Each seed is tuned on its own; the row is the mean over what was chosen.
#[test]
fn a_tuned_row_over_seeds_is_tuned_for_each() {
    let text = tuned()
        .replace("row ba \"Base + BA\"", "row ba \"Base + BA\" { seed 0 1 }")
        .replace("axis margin 0.1 0.3\n", "");
    let place = Place::with(&text);
    let ran = place.run(&["run", "x.kdl"]).ends_with(0);
    for seed in [0, 1] {
        assert!(
            ran.stdout.contains(&format!("Base + BA with seed {seed} is the variant weight=")),
            "{}",
            ran.stdout
        );
    }
    let json: Value = serde_json::from_str(&file(&place, "reports/tiny.json")).unwrap();
    let shown: Vec<&str> = json["variants"]
        .as_array()
        .unwrap()
        .iter()
        .map(|of| of["experiment"].as_str().unwrap())
        .collect();
    assert_eq!(shown, ["ba[seed=0]", "ba[seed=1]"]);
    let trained = folders(&place.path("store/objects/train")).len();
    assert_eq!(trained, 1 + 2 * 2 + 2, "base, two variants of two seeds, two choices");
}

#[test]
fn a_note_names_rows_whose_terms_contribute_unequally() {
    let text = TINY.replace("metric auc\n", "metric auc\n    terms within=10\n");
    let place = Place::with(&text.replace("weight=0.5", "weight=0.001"));
    let ran: Ran = place.run(&["run", "x.kdl"]).ends_with(0);
    let note = "differ by more than a factor of 10, weighted and averaged over the training: Base + \
                BA (cross-entropy 0.";
    assert!(file(&place, "reports/tiny.md").contains(note), "{}", ran.stdout);
    // The journal has what each contributed.
    let journals = place.journals();
    let epoch = |record: &&Value| {
        record["record"] == "epoch" && record["parts"].as_array().unwrap().len() == 2
    };
    let epoch = journals.iter().flatten().find(epoch).unwrap();
    let value = |field: &str, i: usize| epoch[field][i]["value"].as_f64().unwrap();
    let sum = value("weighted", 0) + value("weighted", 1);
    assert!((sum - epoch["train_loss"].as_f64().unwrap()).abs() < 1e-6);
    let scale = |i: usize| value("weighted", i) / value("parts", i);
    let mut scales = [scale(0), scale(1)];
    scales.sort_by(f64::total_cmp);
    assert!((scales[0] - 0.001).abs() < 1e-12 && (scales[1] - 1.0).abs() < 1e-12, "{scales:?}");
}
