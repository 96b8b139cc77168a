//! A plan as a graph: what fails ends what needs it, and nothing else.

use crate::support::{Place, TINY, unpacked};

/// TINY with a third row, whose learning rate makes its loss no number.
fn diverging() -> String {
    let wild = "recipe wild {\n    epochs 2\n    batch 8\n    adamw lr=1e30\n    keep lowest=val.loss\n    \
                seed 0\n}\nexperiment wild extends=base { recipe wild }\ntable tiny {";
    TINY.replace("table tiny {", wild).replace("    row ba ", "    row wild \"Wild\"\n    row ba ")
}

#[test]
fn what_does_not_need_a_failed_stage_is_made() {
    let place = Place::with(&diverging());
    let ran = place.run(&["run", "x.kdl", "--jobs", "1"]).ends_with(20);
    for part in [
        "error: train wild failed: ",
        "1 stage failed; not run, because they need what failed: 2",
        "predict wild on seen (needs train wild)",
        "predict wild on unseen (needs train wild)",
    ] {
        assert!(ran.stderr.contains(part), "{part}: {}", ran.stderr);
    }
    // The table has the other rows, and says of this one that it has no scores.
    let csv = std::fs::read_to_string(place.path("reports/tiny.csv")).unwrap();
    let value = |row: &str| {
        let line = csv.lines().find(|line| line.contains(&format!(",{row},"))).unwrap();
        line.to_owned()
    };
    assert!(value("wild").contains("not evaluated"), "{csv}");
    assert!(!value("ba").contains("not evaluated"), "{csv}");
    let plan = place.run(&["plan", "x.kdl"]).ends_with(0).stdout;
    assert!(plan.contains("3 to run, 9 to reuse"), "{plan}");
    // Said to stop at the first failure, it does; what is there is kept.
    place.write(
        "fast.kdl",
        diverging().replace("seed 0\n}\nexperiment base", "seed 1\n}\nexperiment base"),
    );
    let ran = place.run(&["run", "fast.kdl", "--jobs", "1", "--fail-fast"]).ends_with(20);
    assert!(ran.stderr.contains("which stopped"), "{}", ran.stderr);
    assert!(ran.stdout.is_empty(), "{}", ran.stdout);
}

#[test]
fn data_sets_that_differ_in_name_alone_have_one_store_of_faces() {
    let begin = TINY.find("dataset unseen").unwrap();
    let end = TINY.find("ensemble one").unwrap();
    let twin = TINY[begin..end].replace("dataset unseen", "dataset twin");
    let text = format!("{}{twin}{}", &TINY[..end], &TINY[end..]);
    let text = text.replace(
        "    scenario \"Out-of-distribution\"",
        "    scenario \"Twin\" { column twin \"Twin\" }\n    scenario \"Out-of-distribution\"",
    );
    let place = Place::with(&text);
    let ran = place.run(&["run", "x.kdl"]).ends_with(0);
    assert_eq!(ran.stderr.matches("] faces ").count(), 2, "{}", ran.stderr);
    place.run(&["pack", "x.kdl", "--out", "x.tar.zst"]).ends_with(0);
    let (_, files) = unpacked(&place.path("x.tar.zst"));
    let findings: serde_json::Value = serde_json::from_slice(&files["findings.json"]).unwrap();
    let digests = findings["datasets"].as_array().unwrap();
    let named: Vec<&str> = digests.iter().map(|set| set["dataset"].as_str().unwrap()).collect();
    assert_eq!(named, ["seen", "twin", "unseen"]);
}

#[test]
fn experiments_that_differ_in_name_alone_have_one_model_and_a_journal_each() {
    let text = TINY.replace("table tiny {", "experiment again extends=base\ntable tiny {");
    let place = Place::with(&text.replace("    row ba ", "    row again Again\n    row ba "));
    let ran = place.run(&["run", "x.kdl"]).ends_with(0);
    assert_eq!(ran.stderr.matches("] train ").count(), 2, "{}", ran.stderr);
    place.run(&["pack", "x.kdl", "--out", "x.tar.zst"]).ends_with(0);
    let (_, files) = unpacked(&place.path("x.tar.zst"));
    let findings: serde_json::Value = serde_json::from_slice(&files["findings.json"]).unwrap();
    let runs = findings["runs"].as_array().unwrap();
    let named: Vec<&str> = runs.iter().map(|run| run["experiment"].as_str().unwrap()).collect();
    assert_eq!(named, ["base", "again", "ba"]);
    assert_eq!(runs[0]["key"], runs[1]["key"]);
    assert_eq!(runs[0]["epochs"], runs[1]["epochs"]);
}

/// Programs read a plan without words, each stage with those that it needs.
#[test]
fn a_plan_is_read_by_programs() {
    let place = Place::new();
    let json = |file: &str| -> serde_json::Value {
        let ran = place.run(&["plan", file, "--format", "json"]).ends_with(0);
        serde_json::from_str(&ran.stdout).unwrap()
    };
    let fresh = json("x.kdl");
    let stages = fresh["stages"].as_array().unwrap();
    assert!(stages.iter().all(|s| s["action"] == "run" && s["reason"] == "new"), "{fresh}");
    for (place, stage) in stages.iter().enumerate() {
        for need in stage["needs"].as_array().unwrap() {
            assert!(stages[..place].iter().any(|before| before["key"] == *need), "{stage}");
        }
    }
    let train = stages.iter().find(|s| s["kind"] == "train" && s["name"] == "ba").unwrap();
    assert_eq!(train["needs"].as_array().unwrap().len(), 2);
    let cost = &train["cost"];
    assert_eq!((&cost["epochs"], &cost["batch"]), (&2.into(), &8.into()), "{cost}");
    assert!(cost["memory_bytes"].as_u64() > Some(100_000), "{cost}");

    place.run(&["run", "x.kdl"]).ends_with(0);
    place.write("margin.kdl", TINY.replace("margin=0.3", "margin=0.4"));
    let changed = json("margin.kdl");
    let stages = changed["stages"].as_array().unwrap();
    let of = |kind: &str| stages.iter().filter(|s| s["kind"] == kind).collect::<Vec<_>>();
    assert_eq!(of("train")[0]["action"], "reuse");
    let changes = serde_json::to_string_pretty(&of("train")[1]["changes"]).unwrap();
    insta::assert_snapshot!("plan_changes", changes);
    let found = of("predict").iter().find_map(|s| s["changes"][0]["found"].as_str());
    assert_eq!(found, Some("model"));
}
