//! Two experiment files told apart by what they mean.

use crate::support::{Place, TINY};

#[test]
fn text_and_order_are_no_difference() {
    let place = Place::new();
    let (declared, rest) = TINY.split_once("dataset unseen").unwrap();
    let moved = format!("// A remark.\ndataset unseen{rest}{declared}");
    place.write("y.kdl", moved.replace("batch 8", "batch   8 // eight"));
    let ran = place.run(&["diff", "x.kdl", "y.kdl"]).ends_with(0);
    assert_eq!(ran.stdout, "no difference in meaning\n");
}

#[test]
fn values_are_told_with_both_places() {
    let place = Place::new();
    let other = TINY
        .replace("epochs 2", "epochs 3")
        .replace("capture=phone", "capture=webcam")
        .replace("weight=0.5", "weight=0.25")
        .replace("row ba \"Base + BA\"", "row ba \"With BA\"")
        + "dataset more { layout demo capture=studio; manipulation swap-seam }\n";
    place.write("y.kdl", other);
    let ran = place.run(&["diff", "x.kdl", "y.kdl"]).ends_with(30);
    insta::assert_snapshot!(ran.stdout);
    let ran = place.run(&["diff", "x.kdl", "y.kdl", "--format", "json"]).ends_with(30);
    let rows: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(rows.as_array().unwrap().len(), 5);
    place.write("y.kdl", "dataset");
    place.run(&["diff", "x.kdl", "y.kdl"]).ends_with(10);
}

#[test]
fn what_is_listed_is_compared_by_name() {
    let place = Place::new();
    let row = "    row base \"Base\"\n";
    let other = TINY
        .replace(row, "")
        .replace(
            "    manipulation swap-seam\n    manipulation mouth-paste\n",
            "    manipulation mouth-paste\n    manipulation swap-seam\n",
        )
        .replace("    metric auc\n", "    metric auc\n    metric eer\n");
    assert!(!other.contains(row));
    place.write("y.kdl", &other);
    let ran = place.run(&["diff", "x.kdl", "y.kdl"]).ends_with(30);
    insta::assert_snapshot!(ran.stdout);
    let moved = TINY
        .replace(row, "")
        .replace("    scenario \"In-dis", &format!("{row}    scenario \"In-dis"));
    place.write("y.kdl", &moved);
    let ran = place.run(&["diff", "x.kdl", "y.kdl"]).ends_with(30);
    assert_eq!(
        ran.stdout,
        "table tiny: the order of rows is [\"base\",\"ba\"] and [\"ba\",\"base\"]\n"
    );
}
