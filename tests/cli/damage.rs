//! Bits that flip on the disk, in what lies in the store and in files from outside: told, with the
//! file and what to do, and never another number.

use std::path::{Path, PathBuf};

use crate::support::{Place, TINY, folders};

/// Flips a bit in the middle of a file.
fn flip(path: &Path) {
    let mut bytes = std::fs::read(path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x10;
    std::fs::write(path, bytes).unwrap();
}

/// The folders of finished results of a kind, by name.
fn results(place: &Place, stage: &str) -> Vec<PathBuf> {
    let mut results = folders(&place.path(&format!("store/objects/{stage}")));
    results.sort();
    results
}

#[test]
fn damage_in_the_store_names_the_file_and_what_to_do() {
    let place = Place::new();
    place.run(&["run", "x.kdl"]).ends_with(0);
    let table = || std::fs::read_to_string(place.path("reports/tiny.csv")).unwrap();
    let before = table();
    // What reads each: scores, a model, what was sampled, faces, their tables, a training's record.
    let again = |stages: &[&str]| {
        for stage in stages {
            std::fs::remove_dir_all(place.path(&format!("store/objects/{stage}"))).unwrap();
        }
    };
    let damaged = |stage: &str, name: &str, verb: &[&str]| {
        let folder = results(&place, stage)
            .into_iter()
            .find(|folder| folder.join(name).is_file())
            .unwrap_or_else(|| panic!("no {name}"));
        flip(&folder.join(name));
        let ran = place.run(verb).ends_with(11).says(name).says("damaged");
        ran.says("remove the folder").says(&folder.display().to_string());
        // What the message says, done.
        std::fs::remove_dir_all(folder).unwrap();
    };
    damaged("predict", "predictions.parquet", &["table", "x.kdl"]);
    damaged("train", "journal.jsonl", &["run", "x.kdl"]);
    place.run(&["run", "x.kdl"]).ends_with(0);
    damaged("train", "stage.json", &["table", "x.kdl"]);
    place.run(&["run", "x.kdl"]).ends_with(0);
    again(&["predict"]);
    damaged("train", "model.safetensors", &["run", "x.kdl"]);
    again(&["train"]);
    damaged("sample", "sample.parquet", &["run", "x.kdl"]);
    damaged("faces", "videos.parquet", &["run", "x.kdl"]);
    place.run(&["run", "x.kdl"]).ends_with(0);
    again(&["train", "predict"]);
    for folder in results(&place, "faces") {
        flip(&folder.join("faces.00000.arrow"));
    }
    let ran = place.run(&["run", "x.kdl"]).ends_with(11).says("faces.00000.arrow");
    ran.says("damaged").says("remove the folder");
    again(&["faces"]);
    place.run(&["run", "x.kdl"]).ends_with(0);
    assert_eq!(table(), before, "made again, it is the same");
}

#[test]
fn what_is_no_result_is_set_aside_before_the_work() {
    let place = Place::new();
    place.run(&["run", "x.kdl"]).ends_with(0);
    let models = place.models();
    for stage in ["train", "predict", "sample", "faces"] {
        let folder = results(&place, stage).remove(0);
        std::fs::remove_file(folder.join("stage.json")).unwrap();
    }
    let ran = place.run(&["run", "x.kdl"]).ends_with(0);
    let ran = ran.says("is no finished result").says("set aside as").says("aside/train-");
    drop(ran);
    assert!(place.models() == models);
    place.run(&["run", "x.kdl"]).ends_with(0);
    let listed = place.run(&["ls"]).ends_with(0).stdout;
    assert_eq!(listed.matches("(set aside)").count(), 4, "{listed}");
    place.run(&["gc", "x.kdl", "--delete"]).ends_with(0).says("4 results removed");
}

#[test]
fn a_state_with_a_flipped_bit_begins_again_and_ends_in_the_same_bytes() {
    let long = TINY.replace("epochs 2", "epochs 60");
    let whole = Place::with(&long);
    whole.run(&["train", "x.kdl", "--jobs", "1"]).ends_with(0);
    let place = Place::with(&long);
    let mut child = crate::interrupt::begun(&place);
    child.kill().unwrap();
    child.wait().unwrap();
    let state = |folder: &PathBuf| folder.join("state.safetensors").is_file();
    let draft = folders(&place.path("store/work")).into_iter().find(state).unwrap();
    flip(&draft.join("state.safetensors"));
    std::fs::write(draft.join(".tmpAbCdEf"), [0; 100]).unwrap();
    let ran = place.run(&["train", "x.kdl", "--jobs", "1"]).ends_with(0);
    ran.says("is not as it was written").says("the training begins again");
    assert!(place.models() == whole.models());
    assert_eq!(place.journals(), whole.journals());
    // Neither what was set aside nor what the kill left is in the result.
    let mut names = std::collections::BTreeSet::new();
    for folder in results(&place, "train") {
        names.extend(folders(&folder).iter().map(|path| path.file_name().unwrap().to_owned()));
    }
    names.retain(|name| !name.to_string_lossy().starts_with("events.out.tfevents."));
    let names: Vec<_> = names.iter().map(|name| name.to_str().unwrap()).collect();
    assert_eq!(names, ["journal.jsonl", "log.json", "model.safetensors", "stage.json"]);
    let logs = |place: &Place| {
        let mut logs: Vec<String> = results(place, "train")
            .iter()
            .map(|folder| std::fs::read_to_string(folder.join("log.json")).unwrap())
            .collect();
        logs.sort();
        logs
    };
    assert_eq!(logs(&place), logs(&whole), "to the last digit");
}

#[test]
fn a_damaged_score_file_is_a_sentence_and_no_panic() {
    let place = Place::new();
    let types = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/types"));
    let decimal = types.join("decimal.parquet").display().to_string();
    place
        .run(&["metrics", &decimal, "--score", "score", "--label", "label"])
        .ends_with(11)
        .says("Decimal(4, 2)")
        .says("float64");
    let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/parquet/dictionary.parquet");
    let whole = std::fs::read(golden).unwrap();
    let footer = whole.len() - 200;
    for bit in (8 * footer..8 * whole.len()).step_by(97) {
        let mut bytes = whole.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        place.write("s.parquet", bytes);
        // `ends_with` looks for panics.
        let ran = place.run(&["metrics", "s.parquet", "--score", "score", "--label", "label"]);
        let code = ran.code.unwrap();
        assert!(matches!(code, 0 | 11), "bit {bit}: {code}, {}", ran.stderr);
        ran.ends_with(code);
    }
}
