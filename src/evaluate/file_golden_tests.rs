//! Metrics of files against scikit-learn's values.

use std::path::{Path, PathBuf};

use proofmark_metrics::{ALL, Number, Ranking};
use serde_json::{Value, json};

use super::*;
use proofmark_lang::model::Pooling;

fn golden() -> (PathBuf, Value) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/metrics");
    let text = std::fs::read_to_string(folder.join("golden.json")).unwrap();
    (folder, serde_json::from_str(&text).unwrap())
}

/// Compares every number of a golden level with ours, to 1e-12.
fn assert_level(name: &str, ours: &Value, golden: &Value) {
    for key in ALL.iter().map(|metric| metric.key()).chain(["n".to_owned()]) {
        let key = key.as_str();
        match (ours[key].as_f64(), golden[key].as_f64()) {
            (Some(a), Some(b)) => assert!((a - b).abs() <= 1e-12, "{name} {key}: {a} is not {b}"),
            (None, None) => {
                assert!(golden.get(key).is_some_and(Value::is_null), "{name} {key} is not golden");
                assert!(ours["reasons"][key].is_string(), "{name} {key}: no reason");
            }
            (a, b) => panic!("{name} {key}: {a:?} is not {b:?}"),
        }
    }
}

#[test]
fn files_agree_with_scikit_learn() {
    let (folder, golden) = golden();
    let cases = golden["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 17);
    for case in cases {
        let name = case["name"].as_str().unwrap();
        let summary = summarise(&Request {
            path: folder.join(format!("{name}.csv")),
            score: "score".into(),
            label: "label".into(),
            video: vec!["video".into()],
            fake_is: None,
            by: None,
            threshold: Some(case["threshold"].as_f64().unwrap()),
            fpr: 0.1,
            bins: 10,
            video_score: Pooling::Mean,
            bootstrap: None,
            only_videos: false,
        });
        let summary = serde_json::to_value(summary.unwrap()).unwrap();
        assert_level(&format!("{name} frame"), &summary["frame"], &case["frame"]);
        assert_level(&format!("{name} video"), &summary["video"], &case["video"]);
        let dropped = summary.get("dropped").and_then(Value::as_u64).unwrap_or(0);
        assert_eq!(Some(dropped), case["dropped"].as_u64(), "{name} dropped");
    }
}

#[test]
fn ten_million_rows_agree_with_scikit_learn() {
    let rows = (0..10_000_000u64).map(|i| {
        let mut h = i.wrapping_add(0x9E37_79B9_7F4A_7C15);
        h = (h ^ (h >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        h = (h ^ (h >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        h ^= h >> 31;
        let level = h >> 44;
        (h & 0xF_FFFF < 262_144 + level / 2, level as f64 / f64::from(1 << 20))
    });
    let ranking = Ranking::new(rows).unwrap();
    let mut ours = json!({"n": ranking.rows()});
    for metric in ALL {
        let number = match metric.needs.map(|needed| needed.number) {
            Some(Number::Threshold) => 0.5,
            Some(Number::Fpr) => 0.1,
            Some(Number::Bins) => 10.0,
            None => 0.0,
        };
        ours[metric.key()] = ranking.measure(metric.at(number)).unwrap().into();
    }
    assert_level("ten million", &ours, &golden().1["ten_million"]);
}
