//! Released data sets from folders to plans, refusals and, where they are faces, results.

use std::path::Path;

use crate::support::Place;

/// One data set that trains, selects and is tested.
fn experiment(dataset: &str) -> String {
    format!(
        r#"
{dataset}
ensemble one {{ source set }}
backbone tiny {{ vit patch=8 width=16 depth=1 heads=2 image=32; pool patch-mean }}
init scratch {{ random std=0.02; normalize half }}
recipe short {{ epochs 1; batch 4; adamw lr=1e-3; keep last; seed 0 }}
experiment base {{ data one; backbone tiny; init scratch; recipe short; loss {{ cross-entropy }} }}
table tiny {{
    row base
    scenario "In-distribution" {{ column set "Set" }}
    metric auc
}}
"#
    )
}

/// A PNG of one colour.
fn png(shade: usize) -> Vec<u8> {
    let image = image::RgbImage::from_pixel(24, 24, image::Rgb([shade as u8; 3]));
    let mut bytes = Vec::new();
    image
        .write_to(&mut std::io::Cursor::new(&mut bytes), image::ImageFormat::Png)
        .expect("an image in memory");
    bytes
}

#[test]
fn faces_in_archives_are_trained_on_without_unpacking() {
    let place = Place::with(&experiment(
        "dataset set { layout wilddeepfake root=\"wdf\"; split official val=(%)25; frames every=2; faces size=32 }",
    ));
    let archive = |label: &str, from: usize| {
        let mut builder = tar::Builder::new(Vec::new());
        for sequence in from..from + 8 {
            for frame in [7, 10, 100] {
                let bytes = if sequence == 3 && frame == 7 { Vec::new() } else { png(sequence) };
                let mut header = tar::Header::new_gnu();
                header.set_size(bytes.len() as u64);
                header.set_mode(0o644);
                let name = format!("./1/{label}/{sequence}/{frame}.png");
                builder.append_data(&mut header, name, &bytes[..]).unwrap();
            }
        }
        builder.into_inner().unwrap()
    };
    for (folder, label, from) in [
        ("real_train", "real", 0),
        ("real_test", "real", 20),
        ("fake_train", "fake", 0),
        ("fake_test", "fake", 20),
    ] {
        place.write(&format!("wdf/{folder}/1.tar.gz"), archive(label, from));
    }
    let ran = place.run(&["run", "x.kdl"]).ends_with(0);
    // Every second of three frames is two; one of the sequences' first frames is empty.
    assert!(ran.stderr.contains("32 videos, 62 faces"), "{}", ran.stderr);
    assert!(
        ran.stderr.contains("2 files of zero bytes (real_train/1.tar.gz!/1/real/3/7.png"),
        "{}",
        ran.stderr
    );
    let plan = place.run(&["plan", "x.kdl"]).ends_with(0);
    assert_eq!(plan.stdout, "0 to run, 4 to reuse\n");
    // Another archive is other data.
    place.write("wdf/fake_test/1.tar.gz", archive("fake", 30));
    let plan = place.run(&["plan", "x.kdl"]).ends_with(0);
    assert!(plan.stdout.contains("run   faces     set"), "{}", plan.stdout);
}

#[test]
fn what_deepfakebench_prepared_is_trained_on() {
    let place = Place::with(&experiment(
        "dataset set {
            layout deepfakebench root=\"bench\" file=\"bench/set.json\" { real \"Set_Real\"; fake \"Set_Fake\" }
            manipulation Set_Fake family=face-swap
            faces size=32
        }",
    ));
    let mut labels = serde_json::Map::new();
    for label in ["Set_Real", "Set_Fake"] {
        let mut splits = serde_json::Map::new();
        for (split, from) in [("train", 0), ("val", 8), ("test", 16)] {
            let mut videos = serde_json::Map::new();
            for video in from..from + 8 {
                let frame = format!("rgb/{label}/frames/{video:03}/0.png");
                place.write(&format!("bench/{frame}"), png(video));
                let about =
                    serde_json::json!({"label": label, "frames": [format!("./datasets/{frame}")]});
                videos.insert(format!("{video:03}"), about);
            }
            splits.insert(split.to_owned(), videos.into());
        }
        labels.insert(label.to_owned(), splits.into());
    }
    place.write("bench/set.json", serde_json::json!({ "Set": labels }).to_string());
    place.run(&["run", "x.kdl"]).ends_with(0).says("48 videos, 48 faces");
}

#[test]
fn a_listed_video_that_is_not_on_disk_is_missing_and_not_faceless() {
    let place = Place::with(&experiment(
        "dataset set {
            layout df40 root=\"df40\"
            manipulation simswap family=face-swap
            split carve train=(%)50 val=(%)25 test=(%)25
            faces size=32
        }",
    ));
    let mut list = "1 Celeb-real/id99_0000.mp4\n1 YouTube-real/00170.mp4".to_owned();
    place.write("df40/Celeb-DF-v2/YouTube-real/frames/00170/0.png", png(7));
    for person in 0..12 {
        let fake = format!("df40/simswap/cdf/frames/id{person}_id{person}_0000/0.png");
        place.write(&fake, png(person));
        let real = format!("df40/Celeb-DF-v2/Celeb-real/frames/id{person}_0000/0.png");
        place.write(&real, png(99 - person));
        list += &format!("\n1 Celeb-real/id{person}_0000.mp4");
    }
    place.write("df40/Celeb-DF-v2/List_of_testing_videos.txt", list);
    std::fs::create_dir_all(place.path("df40/simswap/cdf/frames/id3_id3_0001")).unwrap();
    let ran = place.run(&["prepare", "x.kdl"]).ends_with(0);
    for words in [
        "27 videos, 25 faces; 1 no-face (simswap/cdf/frames/id3_id3_0001)",
        "1 missing (looked for df40/Celeb-DF-v2/Celeb-real/frames/id99_0000)",
    ] {
        assert!(ran.stderr.contains(words), "{}", ran.stderr);
    }
}

/// Celeb-DF with a person of both splits.
fn celebdf(rule: &str) -> Place {
    let place = Place::with(&experiment(&format!(
        "dataset set {{ layout celebdf root=\"cdf\"; {rule}expect train=6010 test=518 }}"
    )));
    for (name, folder) in [
        ("id1_0007", "Celeb-real"),
        ("id2_0000", "Celeb-real"),
        ("00170", "YouTube-real"),
        ("id1_id2_0007", "Celeb-synthesis"),
        ("id2_id1_0000", "Celeb-synthesis"),
    ] {
        place.write(&format!("cdf/{folder}/{name}.mp4"), name);
    }
    place.write(
        "cdf/List_of_testing_videos.txt",
        "1 YouTube-real/00170.mp4\n0 Celeb-synthesis/id1_id2_0007.mp4\n0 Celeb-synthesis/id3_id2_0000.mp4",
    );
    place
}

#[test]
fn people_in_two_splits_are_an_error_until_they_are_accepted() {
    let ran = celebdf("").run(&["run", "x.kdl"]).ends_with(11);
    insta::assert_snapshot!("people_in_two_splits", ran.stderr);
    let ran = celebdf("split official overlap=accept; ").run(&["plan", "x.kdl"]).ends_with(0);
    insta::assert_snapshot!("people_in_two_splits_accepted", ran.stderr);
}

#[test]
fn videos_are_listed_planned_and_decoded() {
    let place = celebdf("split official overlap=accept; ");
    let plan = place.run(&["plan", "x.kdl"]).ends_with(0).stdout;
    insta::assert_snapshot!("plan_of_videos", plan);
    place
        .run(&["prepare", "x.kdl"])
        .ends_with(0)
        .says("test 2 (published 518, missing 1)")
        .says("unreadable (")
        .says("1 missing (looked for ");
    // A video that changes is other data.
    let key = |place: &Place| {
        let plan = place.run(&["plan", "x.kdl", "--format", "json"]).ends_with(0).stdout;
        let plan: serde_json::Value = serde_json::from_str(&plan).unwrap();
        plan["stages"][0]["key"].as_str().unwrap().to_owned()
    };
    let before = key(&place);
    place.write("cdf/Celeb-real/id1_0007.mp4", "another video");
    assert_ne!(key(&place), before);
}

/// Every data set of Table 3 in its release's form, with one video or so of each kind.
fn releases(place: &Place) {
    let video = |path: String| place.write(&path, &path);
    for id in ["071", "054", "720", "672", "953", "974"] {
        for copy in ["c23", "raw"] {
            video(format!("FFPP/original_sequences/youtube/{copy}/videos/{id}.mp4"));
        }
    }
    for (split, a, b) in [("train", "071", "054"), ("val", "720", "672"), ("test", "953", "974")] {
        place.write(&format!("FFPP/{split}.json"), format!("[[\"{a}\", \"{b}\"]]"));
        for method in ["Deepfakes", "FaceSwap", "FaceShifter", "Face2Face", "NeuralTextures"] {
            for (target, source) in [(a, b), (b, a)] {
                let name = format!("{target}_{source}");
                video(format!("FFPP/manipulated_sequences/{method}/c23/videos/{name}.mp4"));
            }
        }
    }
    for path in [
        "Celeb-real/id0_0000",
        "YouTube-real/00170",
        "Celeb-synthesis/id0_id1_0000",
        "Celeb-synthesis/id2_id1_0000",
    ] {
        video(format!("CELEBDF/{path}.mp4"));
    }
    place.write(
        "CELEBDF/List_of_testing_videos.txt",
        "1 YouTube-real/00170.mp4\n0 Celeb-synthesis/id2_id1_0000.mp4",
    );
    place.write(
        "DFDC/train/dfdc_train_part_0/metadata.json",
        r#"{"a.mp4": {"label": "REAL"}, "b.mp4": {"label": "FAKE", "original": "a.mp4"}}"#,
    );
    for folder in ["train/dfdc_train_part_0", "validation", "test"] {
        video(format!("DFDC/{folder}/a.mp4"));
        video(format!("DFDC/{folder}/b.mp4"));
    }
    place.write("DFDC/validation/labels.csv", "filename,label\na.mp4,1\nb.mp4,0\n");
    place.write("DFDC/test/labels.csv", "filename,label\na.mp4,0\nb.mp4,1\n");
    let mut table = "source,target1,target2,method,category,type,race,gender,path,\n".to_owned();
    for person in 0..8 {
        for (kind, category, method) in [
            ("RealVideo-RealAudio", "A", "real"),
            ("FakeVideo-RealAudio", "C", "fsgan"),
            ("FakeVideo-FakeAudio", "D", "faceswap-wav2lip"),
        ] {
            let folder = format!("{kind}/Asian (East)/men/id{person}");
            video(format!("FAKEAVCELEB/{folder}/1.mp4"));
            table += &format!(
                "id{person},-,-,{method},{category},{kind},Asian (East),men,1.mp4,FakeAVCeleb/{folder}\n"
            );
        }
    }
    place.write("FAKEAVCELEB/meta_data.csv", table);
    for (part, spelled) in [("Training", "train"), ("Validation", "val")] {
        let mut list = String::new();
        for i in 0..16 {
            let (label, folder) = match i % 2 {
                0 => (0, format!("16/{part}{i}")),
                _ => (i / 2 + 1, format!("{}/{part}{i}/{part}x{i}", i / 2 + 1)),
            };
            let triple = if label > 6 { 1 } else { 2 * label.min(1) };
            let name = format!("{spelled}_video_release/{folder}/video.mp4");
            video(format!("FORGERYNET/{part}/video/{name}"));
            list += &format!("1 {name} 0 9 {0} {0} {triple} {label}\n", label.min(1));
        }
        place.write(&format!("FORGERYNET/{part}/video_list.txt"), list);
    }
    let kdl =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("datasets/df40.kdl"));
    for line in kdl.unwrap().lines().filter_map(|l| l.trim().strip_prefix("manipulation ")) {
        let method = line.split(' ').next().unwrap();
        video(format!("DF40/{method}/cdf/frames/id0_id1_0000/0.png"));
    }
    video("DF40/Celeb-DF-v2/Celeb-real/frames/id0_0000/0.png".to_owned());
    video("DF40/Celeb-DF-v2/YouTube-real/frames/00170/0.png".to_owned());
    for folder in ["real_train", "real_test", "fake_train", "fake_test"] {
        let mut builder = tar::Builder::new(Vec::new());
        let mut header = tar::Header::new_gnu();
        header.set_size(1);
        let name = format!("./1/{}/1/1.png", &folder[..4]);
        builder.append_data(&mut header, name, &b"x"[..]).unwrap();
        place.write(&format!("WDF/{folder}/1.tar.gz"), builder.into_inner().unwrap());
    }
    place.write("ITW/videos.csv", "file,label\na.mp4,real\nb.mp4,fake\n");
    video("ITW/a.mp4".to_owned());
    video("ITW/b.mp4".to_owned());
    place.write(
        "DFEVAL/video-metadata-publish.csv",
        "Filename,Date,Video Ground Truth,Audio Ground Truth,Public Comments,Finetuning Set\n-a.mp4,d,Fake,Real,,test\n_b.mp4,d,Unknown,Real,,test\nc.mp4,d,Real,Real,,test\n",
    );
    video("DFEVAL/video-data/-a.mp4".to_owned());
    video("DFEVAL/video-data/_b.mp4".to_owned());
    video("DFEVAL/video-data/c.mp4".to_owned());
}

#[test]
fn the_nine_data_sets_of_table_3_are_read_as_released() {
    let place = Place::new();
    releases(&place);
    let mut command = place.command();
    for name in
        ["FFPP", "CELEBDF", "DFDC", "FAKEAVCELEB", "FORGERYNET", "DF40", "WDF", "ITW", "DFEVAL"]
    {
        command.env(format!("{name}_ROOT"), place.path(name));
    }
    let table = Path::new(env!("CARGO_MANIFEST_DIR")).join("experiments/table3.kdl");
    place.run(&["check", table.to_str().unwrap()]).ends_with(0);
    command.arg("plan").arg(table).env("HF_HOME", place.path("hub"));
    let ran = crate::support::Ran::of(command.output().unwrap()).ends_with(0);
    insta::assert_snapshot!("the_nine_data_sets", ran.stderr);
    let time = [(r"about (\d+ d )?(\d+ h )?(\d+ min )?\d+ (s|min|h)", "about [time]")];
    insta::with_settings!({filters => time.to_vec()}, {
        insta::assert_snapshot!("plan_of_table_3", ran.stdout);
    });
    let faces: Vec<_> = ran.stdout.lines().filter(|l| l.starts_with("run   faces")).collect();
    // FaceForensics++ twice: its videos, and its uncompressed reals for self-blending.
    assert_eq!(faces.len(), 10, "{}", ran.stdout);
}
