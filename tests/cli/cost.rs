//! What a face costs each row, counted and measured.

use serde_json::Value;

use crate::support::{Place, unpacked};

#[test]
fn a_report_says_what_a_face_costs() {
    let place = Place::new();
    place.run(&["run", "x.kdl"]).ends_with(0);
    let read =
        |name: &str| std::fs::read_to_string(place.path(&format!("reports/{name}"))).unwrap();
    let report: Value = serde_json::from_str(&read("tiny.json")).unwrap();
    let costs = report["costs"].as_array().unwrap();
    assert_eq!(costs.len(), 2);
    // By hand: 17 tokens of width 16, two blocks, 16 patches of 8 by 8, two classes.
    assert_eq!(costs[0]["image"], 32);
    let block = 17 * 16 * (4 * 16 + 2 * 64) + 2 * 17 * 17 * 16;
    assert_eq!(costs[0]["multiply_adds"], 16 * 16 * 192 + 2 * block + 16 * 2);
    let block = 4 * 16 * 17 + 2 * 16 * 64 + 64 + 16 + 4 * 16;
    assert_eq!(costs[0]["parameters"], 16 + 17 * 16 + 16 * 193 + 2 * block + 2 * 16 + 2 * 17);
    assert!(read("tiny.md").contains("## Cost of a face"), "{}", read("tiny.md"));
    let page = read("tiny.html");
    assert!(page.contains("<section id=\"cost\">"), "no section");
    let asked = ["table", "x.kdl", "--format", "html", "--speed"];
    let timed = place.run(&asked).ends_with(0).stdout;
    assert!(timed.contains("40 faces of 20 videos in "), "no times");
    assert!(timed.contains("faces a second"), "no times");
    place.run(&["table", "x.kdl", "--speed"]).ends_with(2).says("`--speed` puts times on a page");
    // Times differ from run to run: they are nowhere that is compared to the byte.
    for name in ["tiny.md", "tiny.tex", "tiny.csv", "tiny.json", "tiny.html"] {
        assert!(!read(name).contains("faces a second"), "{name}");
    }
    place.run(&["pack", "x.kdl", "--out", "x.tar.zst"]).ends_with(0);
    let (_, files) = unpacked(&place.path("x.tar.zst"));
    let findings = String::from_utf8(files["findings.json"].clone()).unwrap();
    assert!(findings.contains("multiply_adds") && !findings.contains("took"), "{findings}");
    let elsewhere = Place::new();
    elsewhere.write("x.tar.zst", std::fs::read(place.path("x.tar.zst")).unwrap());
    elsewhere.run(&["replay", "x.tar.zst", "--reports", "out"]).ends_with(0);
    let replayed = std::fs::read_to_string(elsewhere.path("out/tiny.html")).unwrap();
    assert!(replayed == page);
    assert_eq!(std::fs::read_to_string(elsewhere.path("out/tiny.md")).unwrap(), read("tiny.md"));
}
