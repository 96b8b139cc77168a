//! How far embeddings lie apart, as a table asks for it.

use serde_json::Value;

use crate::support::{Place, TINY, folders};

/// The tiny experiment with a line in its table.
fn with(line: &str) -> String {
    let end = TINY.rfind('}').unwrap();
    format!("{}    {line}\n{}", &TINY[..end], &TINY[end..])
}

fn blocks(place: &Place) -> Vec<Value> {
    let text = std::fs::read_to_string(place.path("reports/tiny.json")).unwrap();
    let report: Value = serde_json::from_str(&text).unwrap();
    report["separability"].as_array().unwrap().clone()
}

fn value(row: &Value, quantity: &str) -> Option<f64> {
    row[quantity]["value"].as_f64()
}

#[test]
fn a_table_shows_how_far_embeddings_lie_apart() {
    let place = Place::with(&with("separability sample=40 points=30"));
    let planned = place.run(&["plan", "x.kdl"]).ends_with(0).stdout;
    assert!(planned.contains("embed     base on seen (test)"), "{planned}");
    assert!(planned.contains("separate  ba on unseen (test)"), "{planned}");
    place.run(&["run", "x.kdl"]).ends_with(0);
    let found = blocks(&place);
    let sets: Vec<&str> = found.iter().map(|block| block["dataset"].as_str().unwrap()).collect();
    assert_eq!(sets, ["seen", "unseen"]);
    for block in &found {
        let [base, ba] = &block["rows"].as_array().unwrap()[..] else { panic!("{block}") };
        // Without a triplet term there is no margin, and what is easy is not known.
        assert!(base["easy"]["reason"].as_str().unwrap().contains("no triplet term"), "{base}");
        assert_eq!(ba["margin"].as_f64(), Some(0.3));
        let shares = ["easy", "semi_hard", "hard"].map(|share| value(ba, share).unwrap());
        assert!((shares.iter().sum::<f64>() - 1.0).abs() < 1e-12, "{shares:?}");
        for row in [base, ba] {
            assert!((-1.0..=1.0).contains(&value(row, "silhouette").unwrap()), "{row}");
            assert!((0.0..=1.0).contains(&value(row, "nearest").unwrap()), "{row}");
        }
    }
    assert_eq!(found[1]["sampled"]["faces"], 24);
    let read =
        |name: &str| std::fs::read_to_string(place.path(&format!("reports/{name}"))).unwrap();
    let markdown = read("tiny.md");
    assert!(markdown.contains("## Separability of embeddings"), "{markdown}");
    assert!(markdown.contains("- Margins: Base none; Base + BA 0.3."), "{markdown}");
    assert!(read("tiny.tex").contains("\\label{tab:tiny-separability}"));
    let page = read("tiny.html");
    assert!(page.contains("<section id=\"separability\">"), "no section");
    for name in ["pca-seen-test", "tsne-unseen-test"] {
        assert!(place.path(&format!("reports/tiny-plots/{name}.png")).is_file(), "{name}");
        assert!(page.contains(&format!("id=\"plot.{name}\"")), "{name}");
    }
    let stages = |kind: &str| folders(&place.path(&format!("store/objects/{kind}"))).len();
    assert_eq!((stages("embed"), stages("separate")), (4, 4));

    // A pack has what was found, and needs no embeddings.
    place.run(&["pack", "x.kdl", "--out", "x.tar.zst"]).ends_with(0);
    let elsewhere = Place::new();
    elsewhere.write("x.tar.zst", std::fs::read(place.path("x.tar.zst")).unwrap());
    elsewhere.run(&["replay", "x.tar.zst", "--reports", "out"]).ends_with(0);
    for name in ["tiny.md", "tiny.tex", "tiny.csv", "tiny.json"] {
        assert_eq!(
            std::fs::read_to_string(elsewhere.path(&format!("out/{name}"))).unwrap(),
            read(name)
        );
    }

    // Another margin is another measurement of the same embeddings.
    place.write("x.kdl", with("separability sample=40 points=30 margin=0.01"));
    let planned = place.run(&["plan", "x.kdl"]).ends_with(0).stdout;
    assert!(planned.contains("because margin was 0.3 and is 0.01"), "{planned}");
    assert!(planned.contains("4 to run, 13 to reuse"), "{planned}");
    place.run(&["run", "x.kdl"]).ends_with(0);
    assert_eq!((stages("embed"), stages("separate")), (4, 8));
    let base = &blocks(&place)[0]["rows"][0];
    assert!(value(base, "easy").is_some(), "{base}");

    // What the table embedded is there for other programs, without another pass.
    let ran = place.run(&["embeddings", "x.kdl", "--out", "out"]).ends_with(0);
    ran.says("written: out/ba-unseen-test.parquet");
    assert_eq!(stages("embed"), 4);
}

#[test]
fn embeddings_that_are_asked_for_by_name_need_no_measurement() {
    let place = Place::with(&with("separability classes=manipulation"));
    let ran =
        place.run(&["embeddings", "x.kdl", "--out", "out", "--experiment", "ba"]).ends_with(0);
    assert!(!ran.stderr.contains("separate "), "{}", ran.stderr);
    assert!(!ran.stderr.contains("embed base"), "{}", ran.stderr);
    place.run(&["run", "x.kdl"]).ends_with(0);
    let found = blocks(&place);
    let classes = found[1]["sampled"]["classes"].as_array().unwrap();
    let names: Vec<&str> = classes.iter().map(|class| class[0].as_str().unwrap()).collect();
    assert_eq!(names, ["real", "pose-warp", "swap-warp"]);
}
