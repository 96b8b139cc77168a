//! Other people's disks: what is not enough, what is there twice, what is missing.

use crate::support::{Place, TINY};

/// Images in class folders, a split each, and an experiment that selects and is tested.
const FOLDERS: &str = r#"
dataset set {
    layout folder root="set" {
        class train-real label=real split=train
        class train-fake label=fake split=train
        class val-real label=real split=val
        class val-fake label=fake split=val
        class test-real label=real split=test
        class test-fake label=fake split=test
    }
    faces size=32
}
ensemble one { source set }
backbone tiny { vit patch=8 width=16 depth=1 heads=2 image=32; pool patch-mean }
init scratch { random std=0.02; normalize half }
recipe short { epochs 1; batch 4; adamw lr=1e-3; keep lowest=val.loss; seed 0 }
experiment base { data one; backbone tiny; init scratch; recipe short; loss { cross-entropy } }
table tiny {
    row base
    scenario "In-distribution" { column set "Set" }
    metric auc
}
"#;

/// A picture unlike all others of another number.
fn picture(place: &Place, name: &str, number: usize) {
    let shade = number as u8;
    let image = image::RgbImage::from_fn(24, 24, |x, y| image::Rgb([shade, x as u8 * 9, y as u8]));
    let path = place.path(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    image.save(path).unwrap();
}

fn folders(experiment: &str) -> Place {
    let place = Place::with(experiment);
    let mut number = 0;
    for folder in ["train-real", "train-fake", "val-real", "val-fake", "test-real", "test-fake"] {
        for i in 0..4 {
            picture(&place, &format!("set/{folder}/{i}.png"), number);
            number += 1;
        }
    }
    place
}

#[test]
fn what_cannot_be_computed_is_refused_before_any_work() {
    let without =
        |class: &str| FOLDERS.replace(&format!("        class {class} "), "        /-class x ");
    let auc = FOLDERS.replace("lowest=val.loss", "highest=val.auc");
    let tuned = |by: &str| {
        let matrix = "; matrix { axis recipe.adamw.lr 1e-3 2e-3 }; choose ";
        let last = FOLDERS.replace("keep lowest=val.loss", "keep last");
        last.replace("cross-entropy } }", &format!("cross-entropy }}{matrix}{by} }}"))
    };
    for (experiment, told) in [
        (without("test-fake label=fake"), "data set `set` has real videos only in test"),
        (
            without("test-fake label=fake").replace(
                "class test-real label=real split=test",
                "class test-real label=real split=val",
            ),
            "data set `set` has no video in test, which table `tiny` scores",
        ),
        (without("train-fake label=fake"), "ensemble `one` has real videos only to train on"),
        (
            FOLDERS.replace("split=train", "split=test"),
            "data set `set` has no video in train, which ensemble `one` trains on",
        ),
        (
            FOLDERS.replace("split=val", "split=test"),
            "experiment `base` has no video to select by, which `keep lowest=val.loss` needs",
        ),
        (
            auc.replace("        class val-fake ", "        /-class x "),
            "experiment `base` has real videos only to select by; `keep highest=val.auc` needs both",
        ),
        (
            tuned("lowest=val.loss").replace("split=val", "split=test"),
            "experiment `base[lr=0.001]` has no video to select by, which `choose lowest=val.loss` \
             needs",
        ),
        (
            tuned("highest=val.auc").replace("        class val-fake ", "        /-class x "),
            "experiment `base[lr=0.001]` has real videos only to select by; `choose \
             highest=val.auc` needs both",
        ),
    ] {
        let place = folders(&experiment);
        for verb in ["plan", "prepare", "train", "run"] {
            let ran = place.run(&[verb, "x.kdl"]).ends_with(11).says(told);
            assert!(ran.stdout.is_empty(), "{}", ran.stdout);
        }
        assert!(!place.path("store/objects/faces").exists(), "{told}");
    }
    // Metrics of one class have values: accuracy may be computed.
    let accuracy =
        without("test-fake label=fake").replace("metric auc", "metric accuracy threshold=0.5");
    folders(&accuracy).run(&["plan", "x.kdl"]).ends_with(0);
    folders(FOLDERS).run(&["run", "x.kdl"]).ends_with(0);
}

#[test]
fn copies_under_both_labels_and_in_several_splits_are_counted() {
    let place = folders(FOLDERS);
    let copy = |from: &str, to: &str| {
        std::fs::copy(place.path(&format!("set/{from}")), place.path(&format!("set/{to}")))
            .unwrap();
    };
    let plan = place.run(&["plan", "x.kdl"]).ends_with(0);
    assert!(!plan.stderr.contains("whose bytes"), "{}", plan.stderr);
    copy("train-real/0.png", "train-fake/copy.png");
    copy("train-real/1.png", "test-real/copy.png");
    // Empty files are no copies of each other.
    place.write("set/train-real/empty.png", "");
    place.write("set/test-fake/empty.png", "");
    let both = "1 files whose bytes are there as real and as fake \
                (train-fake/copy.png (fake) and train-real/0.png (real))";
    let splits = "1 files whose bytes are there in several splits \
                  (test-real/copy.png (test) and train-real/1.png (train))";
    place.run(&["plan", "x.kdl"]).ends_with(0).says(both).says(splits);
    place.run(&["prepare", "x.kdl"]).ends_with(0).says(both).says(splits);
    let data = place.run(&["data", "x.kdl", "--format", "json"]).ends_with(0).stdout;
    assert!(data.contains("both-labels") && data.contains("several-splits"), "{data}");
}

#[test]
fn copies_in_a_data_set_that_is_only_tested_are_counted() {
    let other = FOLDERS.replace("column set \"Set\"", "column set \"Set\"; column other \"Other\"")
        + "dataset other {
            layout folder root=\"other\" { class r label=real; class f label=fake }
            split only=test
            faces size=32
        }";
    let place = folders(&other);
    picture(&place, "other/r/1.png", 100);
    picture(&place, "other/f/1.png", 101);
    // The second fake that is trained on, and the first that selects.
    picture(&place, "other/f/2.png", 5);
    picture(&place, "other/r/3.png", 8);
    place.run(&["plan", "x.kdl"]).ends_with(0).says(
        "ensemble one: 2 of what it trains on or selects by in set are tested on in other, byte for \
         byte (train-fake/1.png and f/2.png, val-real/0.png and r/3.png)",
    );
}

#[test]
fn data_sets_alone_are_prepared() {
    let sets: String = TINY.split("ensemble one").next().unwrap().to_owned();
    let place = Place::with(&sets);
    let plan = place.run(&["plan", "x.kdl"]).ends_with(0).stdout;
    assert!(
        plan.contains("run   faces     seen") && plan.ends_with("2 to run, 0 to reuse\n"),
        "{plan}"
    );
    place.run(&["prepare", "x.kdl"]).ends_with(0).says("[2/2] faces unseen");
    // An experiment that uses them finds their faces.
    place.write("x.kdl", TINY);
    let plan = place.run(&["plan", "x.kdl", "--all"]).ends_with(0).stdout;
    assert!(
        plan.contains("reuse faces     seen") && plan.contains("reuse faces     unseen"),
        "{plan}"
    );
}

#[test]
fn what_is_missing_is_told_once_and_counted_by_what_it_is() {
    let weights = "init scratch { weights \"gone.pth\"; normalize half }\n\
                   init other { weights \"gone.pth\"; normalize half }\n\
                   experiment third extends=base { init other }";
    let experiment = TINY
        .replace("init scratch { random std=0.02; normalize half }", weights)
        .replace("    row ba \"Base + BA\"\n", "    row ba \"Base + BA\"\n    row third\n");
    let place = Place::with(&experiment);
    let ran = place.run(&["run", "x.kdl"]).ends_with(11);
    assert_eq!(ran.stderr.matches("looked for: gone.pth").count(), 1, "{}", ran.stderr);
    ran.says("weights of init `scratch`, `other` were not found")
        .says("\n1 file of weights cannot be read; nothing was run");
    let scores = TINY.replace(
        "    row ba \"Base + BA\"",
        "    row tool \"Tool\" predictions=\"gone.csv\" { columns video=video dataset=set }",
    );
    let place = Place::with(&scores);
    place.run(&["run", "x.kdl"]).ends_with(11).says("\n1 file of scores cannot be read");
}

/// The points of a face of 24 pixels, moved by a tenth of a pixel for each of `shift`.
fn points(shift: usize) -> String {
    let moved = |v: f32| 2.0 + 18.0 * v + 0.1 * shift as f32;
    let face = proofmark_prepare::landmarks::example(68);
    face.iter().map(|[x, y]| format!(",{},{}", moved(*x), moved(*y))).collect()
}

#[test]
fn landmarks_that_are_numbered_as_the_files_are_each_their_own() {
    let experiment = FOLDERS
        .replace("    faces size=32\n", "    faces size=32\n    landmarks \"points.csv\"\n")
        .replace("root=\"set\"", "root=\"set\" videos=#true")
        .replace(
            "ensemble one { source set }",
            "ensemble one { pseudo-fake self-blended from=set }",
        );
    let place = Place::with(&experiment);
    let mut table = "video,frame".to_owned();
    (0..68).for_each(|i| table += &format!(",x{i},y{i}"));
    for folder in ["train-real", "train-fake", "val-real", "val-fake", "test-real", "test-fake"] {
        for video in 0..2 {
            for frame in [0, 12, 24] {
                let name = format!("{folder}/{video}");
                picture(&place, &format!("set/{name}/{frame:03}.png"), video * 7 + frame);
                table += &format!("\n{name},{frame}{}", points(frame));
            }
        }
    }
    place.write("points.csv", format!("{table}\n"));
    place.run(&["prepare", "x.kdl"]).ends_with(0).says("36 of 36 faces have landmarks");
    place.write("points.csv", table.replace("-real/", "-reals/").replace("-fake/", "-fakes/"));
    place
        .run(&["prepare", "x.kdl"])
        .ends_with(11)
        .says("points.csv has points of none of the 36 faces of `set`");
}
