//! Corrupted columns: more stages, nothing else changed.

use crate::support::{Place, TINY};

#[test]
fn strengths_are_columns_of_their_own() {
    let place = Place::new();
    place.run(&["run", "x.kdl"]).ends_with(0);
    let before = std::fs::read_to_string(place.path("reports/tiny.csv")).unwrap();
    let scenario = "scenario \"Robustness\" {\n        column seen \"clean\"\n        corrupted \
                    noise dataset=seen { deviation 1; deviation 120; average \"Noise\" }\n        \
                    corrupted jpeg dataset=seen { quality 40 }\n        corrupted blur \
                    dataset=unseen { sigma 3 }\n        corrupted resize dataset=seen { side 0.5 \
                    }\n    }\n    metric auc\n";
    place.write("x.kdl", TINY.replacen("metric auc\n", scenario, 1));
    let plan = place.run(&["plan", "x.kdl", "--all"]).ends_with(0).stdout;
    assert!(plan.contains("base on seen, noise 120"), "{plan}");
    assert!(plan.ends_with("10 to run, 9 to reuse\n"), "{plan}");
    let ran = place.run(&["run", "x.kdl"]).ends_with(0);
    for column in ["clean", "noise 120", "JPEG 40", "blur 3", "size 50 %"] {
        assert!(ran.stdout.contains(column), "{column}: {}", ran.stdout);
    }
    assert!(ran.stdout.contains("Columns of a corruption"), "{}", ran.stdout);
    let after = std::fs::read_to_string(place.path("reports/tiny.csv")).unwrap();
    // What was there before is there still, to the digit.
    for line in before.lines() {
        assert!(after.contains(line), "{line}");
    }
    let value = |column: &str| -> f64 {
        let start = format!("auc,Base,Robustness,{column},");
        let line = after.lines().find(|line| line.starts_with(&start)).unwrap();
        line[start.len()..].split(',').next().unwrap().parse().unwrap()
    };
    let mean = (value("noise 1") + value("noise 120")) / 2.0;
    assert!((value("Noise") - mean).abs() < 1e-12);
    // Noise alone decides: other faces give other scores.
    let predictions = |name: &str| {
        let folders = crate::support::folders(&place.path("store/objects/predict"));
        let of = |folder: &std::path::PathBuf| {
            let record = std::fs::read_to_string(folder.join("stage.json")).unwrap();
            record.contains(&format!("\"{name}\""))
        };
        let folder = folders.into_iter().find(of).unwrap();
        std::fs::read(folder.join("predictions.parquet")).unwrap()
    };
    assert!(predictions("base on seen") != predictions("base on seen, noise 120"));
}
