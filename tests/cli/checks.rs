//! What continuous integration asks: claims, committed tables, published numbers.

use std::path::Path;

use crate::support::{Place, TINY};

/// The tiny experiment with a claim that holds, or does not.
fn with_claims(claims: &str) -> Place {
    let end = TINY.rfind('}').unwrap();
    Place::with(&format!("{}{claims}\n{}", &TINY[..end], &TINY[end..]))
}

const CLAIM: &str = r#"claim "1: base, or ba" row=base above=ba scenario="In-distribution" column="Seen" metric=auc by="#;

#[test]
fn claims_decide_how_a_run_ends() {
    // One row is less than 100 points below the other, whatever they are.
    let place = with_claims(&format!("{CLAIM}(%)0.00001"));
    let ran = place.run(&["run", "x.kdl"]);
    let fails = match ran.code {
        Some(31) => "ba above=base",
        Some(0) => "base above=ba",
        other => panic!("{other:?}: {}", ran.stderr),
    };
    // The claim that fails, whichever it is, and one that needs what has not run.
    let failing = format!(
        "claim \"2: a & b\" row={fails} scenario=\"In-distribution\" column=\"Seen\" metric=auc by=(%)100"
    );
    let place = with_claims(&failing);
    place.run(&["table", "x.kdl"]).ends_with(32).says("stages have not run");
    place.run(&["run", "x.kdl"]).ends_with(31);
    let arguments = ["table", "x.kdl", "--junit", "junit.xml", "--github"];
    let ran = place.run(&arguments).ends_with(31);
    let line = std::fs::read_to_string(place.path("x.kdl")).unwrap();
    let line = line.lines().position(|line| line.contains("2: a & b")).unwrap() + 1;
    let said = format!("::error file=x.kdl,line={line},title=2%3A a & b::");
    assert!(ran.stdout.contains(&said), "{}", ran.stdout);
    let junit = std::fs::read_to_string(place.path("junit.xml")).unwrap();
    assert!(junit.contains("<testcase classname=\"tiny\" name=\"2: a &amp; b\"><failure message="));
}

#[test]
fn a_table_is_compared_with_the_committed_one() {
    let place = Place::new();
    place.run(&["run", "x.kdl"]).ends_with(0);
    let check = |place: &Place| place.run(&["table", "x.kdl", "--check"]);
    let same = check(&place).ends_with(0);
    assert_eq!(same.stdout, "tiny: as committed in reports/tiny.csv\n");
    // A number changed by hand.
    let committed = std::fs::read_to_string(place.path("reports/tiny.csv")).unwrap();
    let mut lines: Vec<String> = committed.lines().map(str::to_owned).collect();
    let mut fields: Vec<String> = lines[1].split(',').map(str::to_owned).collect();
    let value: f64 = fields[4].parse().unwrap();
    let moved = if value > 0.5 { value - 0.02 } else { value + 0.02 };
    fields[4] = moved.to_string();
    lines[1] = fields.join(",");
    place.write("reports/tiny.csv", lines.join("\n"));
    let differs = check(&place).ends_with(30);
    assert!(differs.stdout.contains("1 differences from reports/tiny.csv"), "{}", differs.stdout);
    assert!(
        differs.stdout.contains("row Base, In-distribution, column Seen"),
        "{}",
        differs.stdout
    );
    assert!(differs.stdout.contains("outside 0\n"), "{}", differs.stdout);
    // On a CPU no machine is to blame.
    assert!(!differs.stdout.contains("these rows were made on "), "{}", differs.stdout);
    // Within what the table declares, and outside of it.
    let tolerant = |points: &str| {
        let end = TINY.rfind('}').unwrap();
        let text = format!("{}    tolerance (%){points}\n{}", &TINY[..end], &TINY[end..]);
        place.write("x.kdl", text);
        check(&place)
    };
    tolerant("2.1").ends_with(0);
    tolerant("1.9").ends_with(30);
    // A row that is gone is a difference, whatever the tolerance.
    place.write("reports/tiny.csv", lines[..lines.len() - 1].join("\n"));
    let differs = tolerant("100").ends_with(30);
    assert!(differs.stdout.contains(": is new"), "{}", differs.stdout);
    std::fs::remove_file(place.path("reports/tiny.csv")).unwrap();
    check(&place).ends_with(11).says("there is no committed table");
}

#[test]
fn the_papers_own_numbers_are_audited_without_data() {
    let place = Place::with("");
    let table = Path::new(env!("CARGO_MANIFEST_DIR")).join("experiments/table3.kdl");
    let ran = place.run(&["audit", table.to_str().unwrap()]).ends_with(0);
    insta::assert_snapshot!(ran.stdout);
    assert!(ran.stdout.contains("59 of 60 follow from their cells"), "{}", ran.stdout);
}
