//! What continuous integration asks: claims, committed tables, published numbers.

use std::path::Path;

use crate::support::{Place, TINY};

/// The tiny experiment with a claim that holds, or does not.
fn with_claims(claims: &str) -> Place {
    let end = TINY.rfind('}').unwrap();
    Place::with(&format!("{}{claims}\n{}", &TINY[..end], &TINY[end..]))
}

/// A claim about two rows of which a few videos say little.
fn claim(text: &str, relation: &str) -> String {
    format!(
        "claim \"{text}\" row=base {relation} scenario=\"In-distribution\" column=\"Seen\" metric=auc\n"
    )
}

#[test]
fn claims_decide_how_a_run_ends() {
    // One row is less than 99 points from the other, whatever they are; which is better, and by a
    // hair, nobody can tell.
    let near = claim("near", "near=ba within=(%)99");
    with_claims(&near).run(&["run", "x.kdl"]).ends_with(0);
    let hair = claim("a hair", "above=ba by=(%)0.00001 up-to=(%)0.00002");
    let place = with_claims(&(near.clone() + &hair));
    let ran = place.run(&["run", "x.kdl"]).ends_with(32);
    assert!(ran.stdout.contains("holds: near ("), "{}", ran.stdout);
    assert!(ran.stdout.contains("cannot tell: a hair ("), "{}", ran.stdout);
    // A claim that fails, whatever the numbers are.
    let place = with_claims(&(hair + &claim("2: a & b", "above=ba by=(%)100")));
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

/// Sentences of the paper that its own Table 3 contradicts, each as `audit` names it.
const CONTRADICTED: [&str; 12] = [
    "FSFM has an advantage on none of the others (CDF: FSFM 97.6, ImageNet pretrained 97.2; DFDC: \
     FSFM 92.6, ImageNet pretrained 91.5)",
    "HP-HN is the lowest (balanced accuracy) (FSFM + HP-HN 72.9, FSFM 72.6)",
    "BA is the best of the three in each scenario (balanced accuracy) (In-distribution, Avg: FSFM + \
     BA 90.5, FSFM + EP-HN 90.5)",
    "BA surpasses FSFM in each scenario (balanced accuracy) (In-distribution, Avg: FSFM + BA 90.5, \
     FSFM 90.8)",
    "Att_categ improves AUC by 0.5 points (FSFM + Att_categ 96.8, FSFM 96.4; +0.4 as printed, +0.44 \
     by the cells)",
    "Att_categ is the highest (AUC) (FSFM + Att_categ 96.8, FSFM + Att_categ + BA 96.9)",
    "Att_categ is the highest (balanced accuracy) (FSFM + Att_categ 92.5, ImageNet pretrained 92.5)",
    "Att_dataset has the lowest balanced accuracy (FSFM + Att_dataset 65.1, SBI 63.0; FSFM + \
     Att_dataset 65.1, ImageNet pretrained 61.5)",
    "BA improves Att_categ on all three (AUC) (WDF: FSFM + Att_categ + BA 91.4, FSFM + Att_categ 91.5)",
    "BA improves Att_dataset on all three (AUC) (ITW: FSFM + Att_dataset + BA 79.4, FSFM + \
     Att_dataset 79.6)",
    "BA improves Att_dataset on all three (balanced accuracy) (ITW: FSFM + Att_dataset + BA 68.1, \
     FSFM + Att_dataset 68.1)",
    "Training on five sets is above SBI in each setting (balanced accuracy) (Out-of-distribution, \
     Avg: ImageNet pretrained 61.5, SBI 63.0)",
];

/// Exceptions that claims of most columns leave.
const EXCEPTIONS: [&str; 2] = [
    "SBI is below ImageNet in most (AUC) (not in In-the-wild, DF-Eval: ImageNet pretrained 54.3, SBI \
     54.4)",
    "SBI is below ImageNet in most (balanced accuracy) (not in Out-of-distribution, FS_avg: ImageNet \
     pretrained 70.6, SBI 75.3; Out-of-distribution, Avg: ImageNet pretrained 61.5, SBI 63.0)",
];

#[test]
fn the_papers_own_numbers_are_audited_without_data() {
    let place = Place::with("");
    let table = Path::new(env!("CARGO_MANIFEST_DIR")).join("experiments/table3.kdl");
    let ran = place.run(&["audit", table.to_str().unwrap(), "--power"]).ends_with(0);
    insta::assert_snapshot!(ran.stdout);
    let text = ran.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.contains("59 of 60 follow from their cells"), "{text}");
    assert!(text.contains("21 of 21 are the sums of their parts"), "{text}");
    for claim in CONTRADICTED {
        assert!(text.contains(&format!("contradicted: {claim}")), "{claim} in {text}");
    }
    assert_eq!(text.matches(" contradicted: ").count(), CONTRADICTED.len());
    for exception in EXCEPTIONS {
        assert!(text.contains(&format!("holds: {exception}")), "{exception} in {text}");
    }
}

#[test]
fn a_clusters_file_is_checked_and_laid_out() {
    let place = Place::new();
    place.write(
        "clusters.kdl",
        "cluster uni {\n  slurm\n  job  cpus=4\n}\ncluster box { local { device cpu } }\n",
    );
    place
        .run(&["check", "clusters.kdl", "x.kdl"])
        .ends_with(0)
        .says("clusters.kdl: ok (2 clusters)");
    place.run(&["fmt", "clusters.kdl"]).ends_with(0);
    let text = std::fs::read_to_string(place.path("clusters.kdl")).unwrap();
    assert!(text.starts_with("cluster uni {\n    slurm\n    job cpus=4\n}\n"), "{text}");
    place.write("clusters.kdl", "cluster uni { slurm; job train memory=64 }\n");
    place.run(&["check", "clusters.kdl"]).ends_with(10).says("write `(GiB)64` if that is meant");
    // In an experiment file a cluster is told where it belongs.
    place
        .run(&["plan", "clusters.kdl"])
        .ends_with(10)
        .says("move it to ~/.config/proofmark/clusters.kdl");
}
