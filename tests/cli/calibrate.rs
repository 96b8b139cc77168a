//! `calibrate`: the same model before and after, in one table.

use crate::support::{Place, TINY, folders};

/// The tiny experiment, which learns a little, with every calibration of its first row.
fn calibrated() -> Place {
    let rows = "    row base \"Base\"\n    row warm \"Warm\"\n    row platt \"Platt\"\n    row iso \"Iso\"\n";
    let experiments = "experiment warm extends=base { calibrate temperature }\n\
                       experiment platt extends=base { calibrate platt }\n\
                       experiment iso extends=platt { calibrate isotonic }\n";
    let text = TINY
        .replace("    row base \"Base\"\n    row ba \"Base + BA\"\n", rows)
        .replace("experiment ba extends=base { loss { cross-entropy; triplet batch-all margin=0.3 weight=0.5 } }\n", experiments)
        .replace("    epochs 2\n", "    epochs 30\n")
        .replace("    metric auc\n", "    metric auc level=frame\n    metric brier level=frame\n    metric ece level=frame\n");
    Place::with(&text)
}

/// The values of a metric, by row and column.
fn values(place: &Place, metric: &str) -> Vec<(String, String, f64)> {
    let text = std::fs::read_to_string(place.path("reports/tiny.csv")).unwrap();
    let rows = text.lines().map(|line| line.split(',').collect::<Vec<_>>());
    let rows = rows.filter(|cells| cells[0] == metric);
    let column = |cells: &[&str]| format!("{}, {}", cells[2], cells[3]);
    rows.map(|cells| (cells[1].to_owned(), column(&cells), cells[4].parse().unwrap())).collect()
}

#[test]
fn a_model_stands_beside_itself_calibrated() {
    let place = calibrated();
    let ran = place.run(&["run", "x.kdl"]).ends_with(0);
    assert_eq!(folders(&place.path("store/objects/train")).len(), 1, "one model for all rows");
    assert_eq!(folders(&place.path("store/objects/calibrate")).len(), 3);
    let notes = ran.stdout.replace('\n', " ");
    for words in [
        "Scores of Warm are calibrated by temperature scaling, T = ",
        "Scores of Platt are calibrated by Platt scaling, slope ",
        "Scores of Iso are calibrated by isotonic regression, ",
        "validation faces of seen.",
    ] {
        assert!(notes.contains(words), "{words}: {notes}");
    }
    assert!(!notes.contains("Scores of Base are"), "{notes}");
    // A rising map keeps the order of faces, and so their area; a fitted one is no longer the same.
    let auc = values(&place, "auc");
    let brier = values(&place, "brier");
    for (row, column, area) in &auc {
        let base = auc.iter().find(|(of, at, _)| of == "Base" && at == column).unwrap().2;
        if ["Warm", "Platt"].contains(&row.as_str()) {
            assert!((area - base).abs() < 1e-12, "{row}, {column}: {area}, not {base}");
        }
    }
    for (row, column, score) in &brier {
        let base = brier.iter().find(|(of, at, _)| of == "Base" && at == column).unwrap().2;
        assert_eq!(row == "Base", (score - base).abs() < 1e-12, "{row}, {column}");
    }
    // Making scores of scores is no speed of a model.
    let page = place.run(&["table", "x.kdl", "--format", "html", "--speed"]).ends_with(0).stdout;
    assert_eq!(page.matches(" videos in ").count(), 1, "Base alone has been measured");
    // A pack has all that the table needs, and nothing runs a second time.
    place.run(&["pack", "x.kdl", "--out", "x.tar.zst"]).ends_with(0);
    place.run(&["replay", "x.tar.zst", "--reports", "out"]).ends_with(0);
    let plan = place.run(&["plan", "x.kdl"]).ends_with(0).stdout;
    assert!(plan.contains("0 to run"), "{plan}");
}

#[test]
fn a_calibration_runs_anew_where_another_is_asked_for_and_nothing_else_does() {
    let place = calibrated();
    place.run(&["run", "x.kdl"]).ends_with(0);
    let text = std::fs::read_to_string(place.path("x.kdl")).unwrap();
    place.write("x.kdl", text.replace("calibrate temperature", "calibrate platt"));
    let ran = place.run(&["run", "x.kdl"]).ends_with(0);
    // `platt` is there already, with its scores.
    for stage in ["train ", "predict ", "calibrate "] {
        assert!(!ran.stderr.contains(stage), "{stage}: {}", ran.stderr);
    }
}
