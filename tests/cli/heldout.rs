//! Leave-one-data-set-out, and tables of files that are imported.

use crate::support::{Place, TINY};

/// Two sets to train on, each experiment on one of them, a table that holds the other out.
fn held_out() -> String {
    let (datasets, rest) = TINY.split_at(TINY.find("dataset unseen").unwrap());
    let parts =
        &rest[rest.find("ensemble one").unwrap()..rest.find("experiment ba extends").unwrap()];
    let second = datasets.replace("dataset seen", "dataset more").replace("seed=1", "seed=3");
    let parts = parts.replace("source seen;", "source seen; source more;");
    format!(
        "{datasets}{second}{parts}
experiment no-seen extends=base {{ data one without=seen }}
experiment no-more extends=base {{ data one without=more }}
table lodo {{
    row no-seen
    row no-more
    scenario \"Held out\" held-out=#true {{ column seen; column more; average \"Avg\" }}
    metric auc
    intervals draws=100
    compare against=no-more
}}
"
    )
}

#[test]
fn a_data_set_at_a_time_is_left_out() {
    let place = Place::with(&held_out());
    let ran = place.run(&["plan", "x.kdl"]).ends_with(0);
    let predicted: Vec<&str> = ran.stdout.lines().filter(|line| line.contains("predict")).collect();
    assert_eq!(predicted.len(), 2, "{}", ran.stdout);
    assert!(ran.stdout.contains("one-without-seen") && ran.stdout.contains("one-without-more"));
    let ran = place.run(&["run", "x.kdl"]).ends_with(0);
    let rows: Vec<&str> = ran.stdout.lines().filter(|line| line.contains("no-")).collect();
    let dashes = |row: &str| row.matches('–').count();
    assert!(rows.len() >= 2 && dashes(rows[0]) == 2 && dashes(rows[1]) == 2, "{}", ran.stdout);
    assert!(ran.stdout.contains("held-out columns"), "{}", ran.stdout);
    assert!(!ran.stdout.contains("n/a"), "{}", ran.stdout);
    for (extension, dash) in [("md", " – |"), ("tex", " & --"), ("html", ">–<")] {
        let text =
            std::fs::read_to_string(place.path(&format!("reports/lodo.{extension}"))).unwrap();
        assert!(text.contains(dash), "{extension}: {text}");
    }
    let json = std::fs::read_to_string(place.path("reports/lodo.json")).unwrap();
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let cell = &json["metrics"][0]["rows"][0]["cells"][1];
    assert_eq!((&cell["seen"], &cell["value"]), (&true.into(), &serde_json::Value::Null), "{cell}");
    assert!(json["metrics"][0]["rows"][0]["cells"][0].get("seen").is_none());
    place.run(&["table", "x.kdl", "--check"]).ends_with(0);
    place.run(&["pack", "x.kdl"]).ends_with(0);
    place.run(&["replay", "reports/x.tar.zst"]).ends_with(0);
}

#[test]
fn a_file_prints_its_own_tables() {
    let place = Place::new();
    let mine = "import \"x.kdl\"
experiment other extends=base { override recipe { seed 1 } }
table mine {
    row other
    scenario \"In-distribution\" { column seen }
    metric auc
}
";
    place.write("mine.kdl", mine);
    let ran = place.run(&["table", "mine.kdl"]).ends_with(0);
    assert!(ran.stdout.contains("other") && !ran.stdout.contains("Tiny"), "{}", ran.stdout);
    let ran = place.run(&["plan", "mine.kdl"]).ends_with(0);
    assert!(!ran.stdout.contains("base"), "{}", ran.stdout);
    place.write("index.kdl", "import \"x.kdl\"\n");
    let ran = place.run(&["table", "index.kdl"]).ends_with(0);
    assert!(ran.stdout.contains("Tiny"), "{}", ran.stdout);
}
