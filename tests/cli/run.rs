//! Whole runs: results, reuse, reasons, determinism.

use crate::support::{Place, TINY};

/// What a plan says of training, without counts.
fn training(place: &Place, file: &str) -> Vec<String> {
    let ran = place.run(&["plan", file, "--all"]).ends_with(0);
    let lines = ran.stdout.lines().filter(|l| l.contains(" train ") || l.contains("because"));
    lines.map(|l| l.split_whitespace().take(9).collect::<Vec<_>>().join(" ")).collect()
}

#[test]
fn a_file_becomes_a_table_once() {
    let place = Place::new();
    let plan = place.run(&["plan", "x.kdl"]).ends_with(0).stdout;
    let time = [(r"about (\d+ h )?(\d+ min )?\d+ (s|min)", "about [time]")];
    insta::with_settings!({filters => time.to_vec()}, {
        insta::assert_snapshot!("plan_of_a_new_store", plan);
        let all = place.run(&["plan", "x.kdl", "--all"]).ends_with(0).stdout;
        insta::assert_snapshot!("plan_of_a_new_store_whole", all);
    });
    let first = place.run(&["run", "x.kdl"]).ends_with(0).says("Training samples");
    assert!(first.stdout.contains("synthetic demo"), "{}", first.stdout);
    for extension in ["md", "tex", "csv", "json", "html"] {
        let text = std::fs::read_to_string(place.path(&format!("reports/tiny.{extension}")));
        let text = text.unwrap();
        assert!(text.contains("synthetic demo"), "{extension}");
        assert!(text.contains("Base + BA"), "{extension}");
    }
    let second = place.run(&["run", "x.kdl"]).ends_with(0);
    assert!(!second.stderr.contains("train base"), "{}", second.stderr);
    assert_eq!(first.stdout, second.stdout);
    let csv = place.run(&["table", "x.kdl", "--format", "csv"]).ends_with(0).stdout;
    assert_eq!(csv, std::fs::read_to_string(place.path("reports/tiny.csv")).unwrap());
    let plan = place.run(&["plan", "x.kdl", "--format", "json"]).ends_with(0).stdout;
    let plan: serde_json::Value = serde_json::from_str(&plan).unwrap();
    assert!(plan["stages"].as_array().unwrap().iter().all(|s| s["action"] == "reuse"), "{plan}");

    // A comment, other names and another order of declarations rerun nothing.
    let mut blocks: Vec<&str> = TINY.split("\nexperiment ").collect();
    let rest = blocks.split_off(1);
    let moved = format!("// later\nexperiment {}\n{}", rest.join("\nexperiment "), blocks[0]);
    let renamed = moved.replace("ensemble one", "ensemble all").replace("data one", "data all");
    place.write("same.kdl", renamed.replace("recipe short", "recipe brief"));
    let same = place.run(&["plan", "same.kdl"]).ends_with(0);
    assert_eq!(same.stdout, "0 to run, 9 to reuse\n");

    // A margin concerns one experiment only, and the reason is its place.
    place.write("margin.kdl", TINY.replace("margin=0.3", "margin=0.4"));
    let lines = training(&place, "margin.kdl");
    assert!(lines[0].starts_with("reuse train base"), "{lines:?}");
    assert!(lines[1].starts_with("run train ba"), "{lines:?}");
    assert!(lines[2].contains("margin was 0.3 and is 0.4"), "{lines:?}");
    assert!(lines[2].contains("margin.kdl:"), "{lines:?}");
}

/// A table that declares statistics scores the validation splits too, and every format
/// tells intervals, tests and thresholds.
#[test]
fn a_table_with_statistics() {
    let statistics = "metric balanced-accuracy threshold=val\n    metric ece bins=5\n    \
                      intervals draws=200\n    compare against=base\n";
    let text = TINY.replace("metric balanced-accuracy threshold=0.5\n", statistics);
    let place = Place::with(&text);
    let plan = place.run(&["plan", "x.kdl", "--all"]).ends_with(0).stdout;
    assert!(plan.contains("base on seen (val)"), "{plan}");
    let ran = place.run(&["run", "x.kdl"]).ends_with(0);
    for part in [
        "In brackets: 95 % intervals",
        "† differs from Base",
        "Thresholds of balanced accuracy",
        "calibration error in 5",
    ] {
        assert!(ran.stdout.contains(part), "{part}: {}", ran.stdout);
    }
    let json = place.run(&["table", "x.kdl", "--format", "json"]).ends_with(0).stdout;
    let table: serde_json::Value = serde_json::from_str(&json).unwrap();
    let cell = &table["metrics"][0]["rows"][1]["cells"][0];
    assert!(cell["interval"]["low"].is_number() && cell["p"].is_number(), "{cell}");
    assert!(table["metrics"][1]["rows"][0]["thresholds"][0].is_number());
}

/// The journal says of every step and epoch what the log sums up.
#[test]
fn a_run_leaves_a_journal() {
    let place = Place::new();
    place.run(&["train", "x.kdl"]).ends_with(0);
    let journals = place.journals();
    assert_eq!(journals.len(), 2);
    let folders = crate::support::folders(&place.path("store/objects/train"));
    let logs: Vec<serde_json::Value> = folders
        .iter()
        .map(|folder| std::fs::read(folder.join("log.json")).unwrap())
        .map(|text| serde_json::from_slice(&text).unwrap())
        .collect();
    for folder in folders {
        assert!(folder.join("events.out.tfevents.00001").is_file());
    }
    for journal in journals {
        let of = |kind: &str| journal.iter().filter(|r| r["record"] == kind).collect::<Vec<_>>();
        let (steps, epochs) = (of("step"), of("epoch"));
        assert_eq!(epochs.len(), 2);
        let per_epoch = epochs[0]["steps"].as_u64().unwrap() as usize;
        assert_eq!(steps.len(), 2 * per_epoch);
        for (epoch, steps) in epochs.iter().zip(steps.chunks(per_epoch)) {
            let number = |value: &serde_json::Value| value.as_f64().unwrap();
            let mean = steps.iter().map(|s| number(&s["loss"])).sum::<f64>() / per_epoch as f64;
            assert!((mean - number(&epoch["train_loss"])).abs() < 1e-9, "{epoch}");
            // The objective is the sum of its weighted parts: 1 and, for triplets, 0.5.
            for step in steps {
                let parts = step["parts"].as_array().unwrap();
                let weight =
                    |p: &serde_json::Value| if p["term"] == "batch-all" { 0.5 } else { 1.0 };
                let weighted = parts.iter().map(|p| weight(p) * number(&p["value"]));
                let off = weighted.sum::<f64>() - number(&step["loss"]);
                assert!(off.abs() < 1e-5, "{step}");
                assert_eq!(step["triplets"].as_array().unwrap().len(), parts.len() - 1);
                assert!(number(&step["grad_norm"]) > 0.0 && number(&step["embedding_norm"]) > 0.0);
            }
            let logged = |log: &serde_json::Value| {
                log.as_array().unwrap().iter().any(|e| e["val_loss"] == epoch["val_loss"])
            };
            assert!(logs.iter().any(logged), "{epoch}");
        }
    }
}

#[test]
fn threads_and_jobs_do_not_change_a_byte() {
    let models = [("1", "1"), ("2", "2"), ("3", "1")].map(|(threads, jobs)| {
        let place = Place::new();
        let mut command = place.command();
        command.args(["train", "x.kdl", "--jobs", jobs]).env("RAYON_NUM_THREADS", threads);
        crate::support::Ran::of(command.output().unwrap()).ends_with(0);
        place.models()
    });
    assert_eq!(models[0].len(), 2);
    assert!(models[0] == models[1], "two threads, two jobs");
    assert!(models[0] == models[2], "three threads");
}

#[test]
fn two_processes_share_a_store() {
    let place = Place::new();
    let begin = || {
        let mut command = place.command();
        command.args(["run", "x.kdl"]).stdout(std::process::Stdio::piped());
        command.stderr(std::process::Stdio::piped()).spawn().unwrap()
    };
    let (one, other) = (begin(), begin());
    let one = crate::support::Ran::of(one.wait_with_output().unwrap()).ends_with(0);
    let other = crate::support::Ran::of(other.wait_with_output().unwrap()).ends_with(0);
    assert_eq!(one.stdout, other.stdout);
    assert_eq!(place.models().len(), 2);
}

#[test]
fn models_score_images_and_folders() {
    let place = Place::new();
    place.run(&["train", "x.kdl"]).ends_with(0);
    let model = crate::support::folders(&place.path("store/objects/train"))[0].clone();
    let model = model.join("model.safetensors");
    let picture =
        image::RgbImage::from_fn(60, 40, |x, y| image::Rgb([x as u8 * 4, y as u8 * 6, 9]));
    std::fs::create_dir_all(place.path("pictures/deep")).unwrap();
    picture.save(place.path("pictures/a.png")).unwrap();
    picture.save(place.path("pictures/deep/b (1).jpg")).unwrap();
    let model = model.to_str().unwrap();
    let arguments = ["score", "--checkpoint", model, "--format", "json"];
    let ran = place.run(&[&arguments[..], &["pictures"]].concat()).ends_with(0);
    let all: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(all["images"].as_array().unwrap().len(), 2);
    let fake = all["images"][0]["fake"].as_f64().unwrap();
    assert!((0.0..=1.0).contains(&fake), "{all}");
    // A broken picture is told, and the others have their scores.
    place.write("pictures/c.png", b"");
    let ran = place.run(&["score", "--checkpoint", model, "pictures"]).ends_with(11);
    assert_eq!(ran.stdout.lines().count(), 2, "{}", ran.stdout);
    ran.says("c.png has no score: the file is empty");
    place.run(&["score", "--checkpoint", model, "nowhere"]).ends_with(11).says("nowhere");
    place.write("other.safetensors", b"\x10\0\0\0\0\0\0\0{\"a\":1}         ");
    let arguments = ["score", "--checkpoint", "other.safetensors", "pictures"];
    place.run(&arguments).ends_with(11).says("other.safetensors");
}
