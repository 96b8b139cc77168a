//! What goes wrong in data or a run points at the line that declared it.

use crate::support::{Place, Ran, TINY};

/// What TINY has of its second data set.
const SCORED: &str = "per-manipulation unseen show=#true { average \"FS_avg\" family=face-swap; average \
                      \"Avg\" }";

/// TINY in a file that imports its second data set, which lies in folders.
fn with_folders() -> Place {
    let begin = TINY.find("dataset unseen").unwrap();
    let end = TINY.find("ensemble one").unwrap();
    let text = format!("import \"datasets/unseen.kdl\"\n{}{}", &TINY[..begin], &TINY[end..]);
    let place = Place::with(&text.replace(SCORED, "column unseen"));
    place.write(
        "datasets/unseen.kdl",
        "dataset unseen {\n    layout folder root=\"../faces\" {\n        class real label=real\n        \
         class fake label=fake manipulation=swap-warp\n    }\n    manipulation swap-warp\n    split \
         only=test\n    faces size=32\n}\n",
    );
    place
}

/// The lines of a message from `error:` to the end of its drawing, and those after it.
#[track_caller]
fn told(ran: &Ran) -> String {
    let begin = ran.stderr.find("error: ").unwrap_or_else(|| panic!("{}", ran.stderr));
    ran.stderr[begin..].to_owned()
}

#[test]
fn a_missing_data_root_points_into_its_file() {
    let place = with_folders();
    for verb in ["plan", "run", "table"] {
        let ran = place.run(&[verb, "x.kdl"]).ends_with(11);
        insta::assert_snapshot!("a_missing_data_root", told(&ran));
    }
    // What is in the folder is at fault, and the line of the class is its place.
    place.write("faces/real/1.png", "");
    let ran = place.run(&["run", "x.kdl"]).ends_with(11);
    insta::assert_snapshot!("a_missing_class", told(&ran));
}

#[test]
fn a_variable_that_is_not_set_is_listed_with_its_line() {
    let place = Place::with(&TINY.replace(
        "init scratch { random std=0.02",
        "init scratch { weights \"env:PROOFMARK_NOT_SET/vit.pth\"",
    ));
    let ran = place.run(&["plan", "x.kdl"]).ends_with(11);
    insta::assert_snapshot!("missing_weights", told(&ran));
}

#[test]
fn a_file_of_weights_that_is_none_points_at_its_line() {
    let place = Place::with(
        &TINY.replace("init scratch { random std=0.02", "init scratch { weights \"vit.pth\""),
    );
    place.write("vit.pth", "no weights");
    let ran = place.run(&["run", "x.kdl"]).ends_with(11);
    ran.says("of experiment `base`, `ba`: ").says("╭─[x.kdl:17:24]").says("╰── this file");
}

#[test]
fn a_bad_row_of_data_is_told_with_file_line_value_and_declaration() {
    let begin = TINY.find("    layout demo capture=phone").unwrap();
    let end = begin + TINY[begin..].find("    split").unwrap();
    let layout = "    layout table file=\"list.csv\" path=file label=truth {\n        real \"0\"\n        \
                  fake \"1\"\n    }\n";
    let text = format!("{}{layout}{}", &TINY[..begin], &TINY[end..]);
    let place = Place::with(&text.replace(SCORED, "column unseen"));
    place.write("list.csv", "file,truth\na.png,0\nb.png,maybe\n");
    let ran = place.run(&["run", "x.kdl"]).ends_with(11);
    insta::assert_snapshot!("a_bad_row_of_data", told(&ran));
}

#[test]
fn a_bad_row_of_scores_is_told_with_file_row_value_and_declaration() {
    let row = "    row xception \"Xception\" predictions=\"scores.csv\" high=fake {\n        columns \
               video=path score=likelihood dataset=set\n    }\n    scenario \"In-distribution\"";
    let place = Place::with(&TINY.replace("    scenario \"In-distribution\"", row));
    let ran = place.run(&["run", "x.kdl"]).ends_with(11);
    insta::assert_snapshot!("missing_scores", told(&ran));
    place.write("scores.csv", "set,path,likelihood\nseen,a,0.5\nseen,b,1.5\n");
    let ran = place.run(&["run", "x.kdl", "--fail-fast"]).ends_with(11);
    // What else was made before depends on who was first.
    let (drawn, _) = ran.stderr.split_once("\n    ╰────\n").unwrap();
    let begin = drawn.find("error: ").unwrap();
    insta::assert_snapshot!("a_bad_row_of_scores", drawn[begin..].to_owned());
}

#[test]
fn a_stage_that_fails_points_at_what_it_is_of() {
    // The rate is written, and is the place.
    let wild = Place::with(&TINY.replace("lr=1e-3", "lr=1e30"));
    let ran = wild.run(&["train", "x.kdl", "--jobs", "1"]).ends_with(20);
    ran.says("error: train base failed: the loss became").says("╭─[x.kdl:21:14]");

    // A model that gives no numbers says nothing of its own; its experiment is the place.
    let place = Place::new();
    place.run(&["train", "x.kdl"]).ends_with(0);
    for folder in crate::support::folders(&place.path("store/objects/train")) {
        std::fs::write(folder.join("model.safetensors"), "no model").unwrap();
    }
    let ran = place.run(&["evaluate", "x.kdl", "--jobs", "1"]).ends_with(11);
    ran.says("error: predict base on seen failed: ").says("╰── this experiment");
}

#[test]
fn what_the_data_lack_points_at_all_that_asks_for_it() {
    let other = "recipe other { epochs 1; batch 2048; adamw lr=1e-3; keep last; seed 0 }\nexperiment ba \
                 extends=base { recipe other; ";
    let text =
        TINY.replace("batch 8", "batch 4096").replace("experiment ba extends=base { ", other);
    let ran = Place::with(&text).run(&["plan", "x.kdl"]).ends_with(11);
    insta::assert_snapshot!("not_enough_data", told(&ran));
}

#[test]
fn a_device_of_a_recipe_points_at_the_recipe_and_one_of_the_command_line_at_nothing() {
    let device = "seed 0\n    device cuda:999\n}\nexperiment";
    let place = Place::with(&TINY.replace("seed 0\n}\nexperiment", device));
    let ran = place.run(&["run", "x.kdl"]).ends_with(20);
    ran.says("device `cuda:999` cannot be used").says("╰── asked for here");
    let ran = place.run(&["run", "x.kdl", "--device", "cuda:998"]).ends_with(20);
    assert!(!ran.stderr.contains("asked for here"), "{}", ran.stderr);
}

#[test]
fn what_a_file_names_and_is_not_there_points_at_its_name() {
    let place = with_folders();
    for class in ["real", "fake"] {
        place.write(&format!("faces/{class}/1.png"), class);
    }
    let text = std::fs::read_to_string(place.path("datasets/unseen.kdl")).unwrap();
    let detector = "faces detector=retinaface weights=\"gone.pth\" size=32";
    place.write("datasets/unseen.kdl", text.replace("faces size=32", detector));
    let ran = place.run(&["plan", "x.kdl"]).ends_with(11);
    ran.says(
        "weights of the face detector of `unseen` were not found\n   ╭─[datasets/unseen.kdl:8:",
    )
    .says("╰── declared here");
    place.write("datasets/unseen.kdl", text);
    let reference = "    reference \"paper\" from=\"gone.csv\"\n    metric auc\n";
    let tiny = std::fs::read_to_string(place.path("x.kdl")).unwrap();
    place.write("x.kdl", tiny.replace("    metric auc\n", reference));
    let ran = place.run(&["table", "x.kdl"]).ends_with(11);
    ran.says("gone.csv").says("╰── this file");
}

#[test]
fn a_column_under_its_coverage_points_at_the_bound() {
    let place = with_folders();
    for class in ["real", "fake"] {
        let image = image::RgbImage::from_fn(40, 40, |x, y| image::Rgb([x as u8, y as u8, 7]));
        place.write(&format!("faces/{class}/2.png"), class);
        image.save(place.path(&format!("faces/{class}/1.png"))).unwrap();
    }
    let text = std::fs::read_to_string(place.path("datasets/unseen.kdl")).unwrap();
    place.write(
        "datasets/unseen.kdl",
        text.replace("    faces", "    min-coverage (%)90\n    faces"),
    );
    let ran = place.run(&["run", "x.kdl"]).ends_with(11);
    ran.says("╭─[datasets/unseen.kdl:8:18]").says("╰── not reached");
}

#[test]
fn data_that_cannot_be_divided_point_at_the_division() {
    let place = with_folders();
    for class in ["real", "fake"] {
        place.write(&format!("faces/{class}/1.png"), class);
    }
    let text = std::fs::read_to_string(place.path("datasets/unseen.kdl")).unwrap();
    let carve = "split carve train=(%)50 val=(%)25 test=(%)25 seed=0";
    place.write("datasets/unseen.kdl", text.replace("split only=test", carve));
    let ran = place.run(&["plan", "x.kdl"]).ends_with(11);
    ran.says("too few for 3 splits\n   ╭─[datasets/unseen.kdl:7:").says("╰── divided here");
    place.write("datasets/unseen.kdl", text.replace("    split only=test\n", ""));
    let ran = place.run(&["plan", "x.kdl"]).ends_with(11);
    ran.says("nothing assigns the 2 videos").says("╭─[datasets/unseen.kdl:1:9]");
}

#[test]
fn a_fake_without_a_class_points_at_the_attribution_that_needs_one() {
    let place = Place::with(
        "dataset set {
    layout table file=\"list.csv\" path=file label=truth manipulation=method {
        real \"0\"
        fake \"1\"
    }
    manipulation Glue family=face-swap
    split carve train=(%)50 val=(%)25 test=(%)25 seed=0
    faces size=32
}
ensemble one { source set }
backbone tiny { vit patch=8 width=16 depth=1 heads=2 image=32; pool patch-mean }
init scratch { random std=0.02; normalize half }
recipe short { epochs 1; batch 4; adamw lr=1e-3; keep last; seed 0 }
experiment base {
    data one; backbone tiny; init scratch; recipe short; loss { cross-entropy }
    attribution by=manipulation
}
table tiny { row base; scenario \"In-distribution\" { column set \"Set\" }; metric auc }
",
    );
    let mut rows = "file,truth,method\n".to_owned();
    for i in 0..24u8 {
        let shade = image::Rgb([i * 9, 3, 250 - i * 9]);
        image::RgbImage::from_pixel(40, 40, shade).save(place.path(&format!("{i}.png"))).unwrap();
        rows += &format!("{i}.png,{},{}\n", i % 2, if i % 2 == 1 && i < 9 { "Glue" } else { "" });
    }
    place.write("list.csv", rows);
    let ran = place.run(&["run", "x.kdl", "--jobs", "1"]).ends_with(11);
    ran.says("error: data set `set` does not say how its fakes were made")
        .says("╭─[x.kdl:16:20]")
        .says("╰── needs a class of each fake");
}
