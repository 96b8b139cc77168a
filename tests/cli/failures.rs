//! Bad input: a clear error or a counted status, never a panic.

use crate::support::{Place, TINY, folders, unpacked};

const IMAGES: &str = r#"
dataset pictures {
    layout folder root="pictures" {
        class real label=real
        class fake label=fake manipulation=Glue
    }
    manipulation Glue family=face-swap
    split carve train=(%)50 val=(%)25 test=(%)25 seed=0
    faces size=32
    min-coverage (%)50
}
ensemble one { source pictures }
backbone tiny { vit patch=8 width=16 depth=1 heads=2 image=32; pool patch-mean }
init scratch { random std=0.02; normalize half }
recipe short { epochs 1; batch 4; adamw lr=1e-3; keep last; seed 0 }
experiment base { data one; backbone tiny; init scratch; recipe short; loss { cross-entropy } }
table tiny {
    row base
    scenario "In-distribution" { column pictures "Pictures" }
    metric auc
}
"#;

fn picture(place: &Place, name: &str, shade: u8) {
    let path = place.path(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let image = image::RgbImage::from_fn(40, 40, |x, y| {
        image::Rgb([shade.wrapping_add(x as u8 * 3), y as u8 * 5, shade])
    });
    image.save(path).unwrap();
}

fn pictures() -> Place {
    let place = Place::with(IMAGES);
    for i in 0..12 {
        picture(&place, &format!("pictures/real/{i}.png"), i * 9);
        picture(&place, &format!("pictures/fake/{i}.jpg"), i * 7 + 3);
    }
    place
}

/// The page would be whole without the figure of the set, which only its tables make.
#[test]
fn a_damaged_face_store_is_told_and_not_left_out_of_the_page() {
    let place = Place::new();
    place.run(&["run", "x.kdl"]).ends_with(0);
    place.run(&["table", "x.kdl", "--format", "html"]).ends_with(0);
    for folder in folders(&place.path("store/objects/faces")) {
        std::fs::write(folder.join("frames.parquet"), "no table").unwrap();
    }
    let shown = place.run(&["table", "x.kdl", "--format", "html"]).ends_with(11);
    shown.says("frames.parquet");
}

#[test]
fn broken_images_are_counted_and_the_run_goes_on() {
    let place = pictures();
    let whole = std::fs::read(place.path("pictures/fake/3.jpg")).unwrap();
    place.write("pictures/fake/3.jpg", &whole[..whole.len() / 3]);
    place.write("pictures/real/4.png", b"");
    place.write("pictures/real/5.png", b"this is text");
    let ran = place.run(&["run", "x.kdl"]).ends_with(0);
    assert!(ran.stderr.contains("24 videos, 21 faces; 3 unreadable"), "{}", ran.stderr);
    assert!(!ran.stdout.contains("demo"), "{}", ran.stdout);
    // A changed file is noticed, and its faces are cut anew.
    picture(&place, "pictures/real/5.png", 200);
    let ran = place.run(&["run", "x.kdl"]).ends_with(0);
    assert!(ran.stderr.contains("24 videos, 22 faces; 2 unreadable"), "{}", ran.stderr);
}

#[test]
fn videos_without_a_face_are_known_where_they_are_scored_and_where_thresholds_are_chosen() {
    let place = pictures();
    let scored = IMAGES.replace(
        "    metric auc\n",
        "    video-score frame-max area=0.5 failed=0.5\n    metric balanced-accuracy threshold=val\n",
    );
    place.write("x.kdl", scored);
    for i in 0..6 {
        place.write(&format!("pictures/real/{}.png", 2 * i), b"");
    }
    place.run(&["run", "x.kdl"]).ends_with(0).says("18 faces; 6 unreadable");
    place.run(&["pack", "x.kdl", "--out", "x.tar.zst"]).ends_with(0);
    let (_, files) = unpacked(&place.path("x.tar.zst"));
    let findings: serde_json::Value = serde_json::from_slice(&files["findings.json"]).unwrap();
    for split in ["val", "test"] {
        let found = findings["coverage"].as_array().unwrap();
        let of_split = found.iter().find(|set| set["split"] == split);
        let set = of_split.unwrap_or_else(|| panic!("nothing of {split}: {found:?}"));
        let coverage = &set["coverage"];
        let missing = coverage["total"].as_u64().unwrap() - coverage["usable"].as_u64().unwrap();
        assert_eq!(set["failed"].as_array().unwrap().len() as u64, missing, "{split}");
        assert!(missing > 0, "{split}");
    }
    // What is found is enough to choose the same threshold again.
    place.run(&["replay", "x.tar.zst", "--reports", "out"]).ends_with(0);
}

#[test]
fn every_rule_may_score_videos_without_a_face_and_notes_count_them() {
    let place = pictures();
    for i in 0..6 {
        place.write(&format!("pictures/real/{}.png", 2 * i), b"");
    }
    let reals = |rule: &str| {
        place
            .write("x.kdl", IMAGES.replace("    metric auc\n", &format!("{rule}    metric auc\n")));
        let ran = place.run(&["run", "x.kdl"]).ends_with(0);
        let csv = std::fs::read_to_string(place.path("reports/tiny.csv")).unwrap();
        let cells: Vec<&str> = csv.lines().nth(1).unwrap().split(',').collect();
        (cells[6].parse::<usize>().unwrap(), ran.stdout.replace('\n', " "))
    };
    let (seen, notes) = reals("");
    assert!(!notes.contains("without a usable face"), "{notes}");
    for (rule, words) in [
        ("mean failed=0", "the mean of its faces, 0 (real) without a usable face."),
        ("max failed=1", "the highest of its faces, 1 (fake) without a usable face."),
        ("top k=2 failed=0.25", "the mean of its 2 highest faces, 0.25 without a usable face."),
        ("frame-max failed=0.5", "of the area of the largest, 0.5 without a usable face."),
    ] {
        let (all, notes) = reals(&format!("    video-score {rule}\n"));
        assert!(all > seen, "{rule}: {all} and {seen}");
        assert!(notes.contains(words), "{rule}: {notes}");
        let counted = format!("Videos without a usable face: pictures {}/", all - seen);
        assert!(notes.contains(&counted), "{rule}: {notes}");
    }
}

#[test]
fn a_column_with_too_few_videos_is_an_error() {
    let place = pictures();
    for i in 0..12 {
        place.write(&format!("pictures/real/{i}.png"), b"");
        place.write(&format!("pictures/fake/{i}.jpg"), if i < 9 { &b""[..] } else { b"x" });
    }
    for i in 0..3 {
        picture(&place, &format!("pictures/real/{i}.png"), i * 9);
        picture(&place, &format!("pictures/fake/{i}.jpg"), i * 9);
    }
    let ran = place.run(&["run", "x.kdl"]);
    assert!(matches!(ran.code, Some(11 | 20)), "{}", ran.stderr);
    assert!(!ran.stderr.contains("panicked"), "{}", ran.stderr);
    assert!(
        ran.stderr.contains("min-coverage") || ran.stderr.contains("fewer than one batch"),
        "{}",
        ran.stderr
    );
}

#[test]
fn folders_and_tables_that_are_wrong_say_how() {
    let place = pictures();
    std::fs::remove_dir_all(place.path("pictures/fake")).unwrap();
    place.run(&["run", "x.kdl"]).ends_with(11).says("pictures/fake");
    std::fs::create_dir_all(place.path("pictures/fake")).unwrap();
    place.run(&["run", "x.kdl"]).ends_with(11).says("fake");

    let listed = IMAGES.replace(
        "layout folder root=\"pictures\" {\n        class real label=real\n        class fake label=fake manipulation=Glue\n    }",
        "layout table file=\"list.csv\" path=file label=truth {\n        real \"0\"\n        fake \"1\"\n    }",
    );
    assert_ne!(listed, IMAGES);
    place.write("t.kdl", listed.replace("manipulation Glue family=face-swap\n", ""));
    place.write("list.csv", "filename,truth\na.png,0\n");
    place.run(&["run", "t.kdl"]).ends_with(11).says("no column `file`").says("filename");
    place.write("list.csv", "file,truth\na.png,0\nb.png,maybe\n");
    place.run(&["run", "t.kdl"]).ends_with(11).says("maybe").says("line 3");
}

#[test]
fn stores_of_the_future_or_beyond_repair_are_left_alone() {
    let place = Place::new();
    place.write("store/store.json", "{\"format\": 99}");
    place.run(&["run", "x.kdl"]).ends_with(20).says("format 99");
    place.write("store/store.json", "not json");
    place.run(&["run", "x.kdl"]).ends_with(20).says("store.json");
    place.write("file", "in the way");
    let mut command = place.command();
    command.args(["run", "x.kdl", "--store", "file"]);
    crate::support::Ran::of(command.output().unwrap()).ends_with(20).says("file");
}

#[test]
fn a_batch_larger_than_the_sample_is_explained() {
    let place = Place::with(&TINY.replace("batch 8", "batch 4096"));
    for verb in ["plan", "run"] {
        place.run(&[verb, "x.kdl"]).ends_with(11).says("fewer than one batch of 4096");
    }
    assert!(!place.path("store/objects/faces").exists(), "nothing is made before");
}

#[test]
fn a_loss_that_explodes_is_told_with_its_place() {
    let place = Place::with(&TINY.replace("lr=1e-3", "lr=1e30"));
    let ran = place.run(&["train", "x.kdl", "--jobs", "1"]).ends_with(20);
    let ran = ran.says("in epoch 1, step 3, at learning rate").says("lower learning rate");
    ran.says("no epoch was finished").says("faces of the batch: ").says(" frame ");

    // With one step an epoch, the first is taken at rate 0 and ends well.
    let once = TINY.replace("lr=1e-3", "lr=1e30").replace("batch 8", "batch 32");
    let place = Place::with(&once.replace("epochs 2", "epochs 4"));
    let ran = place.run(&["train", "x.kdl", "--jobs", "1"]).ends_with(20);
    let ran = ran.says("the validation loss became NaN in epoch 2, step 1, at learning rate");
    let ran = ran.says("last good checkpoint: epoch 1, ");
    assert!(!ran.stderr.contains("faces of the batch"), "{}", ran.stderr);
}

/// Numbers that a file may say and nothing can do: told by `check`, or planned.
#[test]
fn networks_of_any_declared_size_are_planned_or_refused() {
    let plan = |backbone: &str| {
        let start = TINY.find("backbone tiny").unwrap();
        let end = start + TINY[start..].find('\n').unwrap();
        let place = Place::new();
        place.write("x.kdl", TINY.replacen(&TINY[start..end], backbone, 1));
        place.run(&["plan", "x.kdl"])
    };
    let net = |image: &str, more: &str| {
        plan(&format!("backbone tiny {{ efficientnet image={image} {more} }}"))
    };
    net("32", "width-factor=16 depth-factor=0.1").ends_with(0);
    net("32", "width-factor=0.1 depth-factor=16").ends_with(0);
    net("32", "width-factor=16 depth-factor=16").ends_with(11).says("18963433346 parameters");
    net("1", "width-factor=1e-300 depth-factor=1e-300").ends_with(0);
    net("4096", "").ends_with(0);
    for number in ["1e300", "16.5", "0", "-1", "#inf", "#nan", "9007199254740992"] {
        net("32", &format!("width-factor={number}")).ends_with(10).says("`width-factor`");
        net("32", &format!("depth-factor={number}")).ends_with(10).says("`depth-factor`");
        net(number, "").ends_with(10).says("`image`");
    }
    let vit = |sizes: &str| plan(&format!("backbone tiny {{ vit {sizes}; pool patch-mean }}"));
    vit("patch=1 width=1 depth=1024 heads=1 image=4096").ends_with(0);
    let ran = vit("patch=1 width=65536 depth=1024 heads=65536 image=32").ends_with(11);
    ran.says("experiment `base`: the network has").says("parameters, more than 10000000000");
    for (ratio, words) in [("1e300", "above 0, up to 1e30"), ("1e29", "up to a million")] {
        let sizes = format!("patch=1 width=8 depth=1 heads=1 image=32 mlp-ratio={ratio}");
        vit(&sizes).ends_with(10).says(words);
    }
}
