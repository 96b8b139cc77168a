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
