use std::path::{Path, PathBuf};

use super::*;
use crate::data::testing::{dataset, manipulation, path, refused, text, told, tree};
use crate::lang::model::{Family, Layout};

fn set(root: &Path, compression: Option<&str>, real: &[&str], fake: &[&str]) -> Dataset {
    let texts = |list: &[&str]| list.iter().map(|label| text(label)).collect();
    let layout = BenchLayout {
        root: path(root, "."),
        file: path(root, "set.json"),
        compression: compression.map(text),
        real: texts(real),
        fake: texts(fake),
    };
    let mut set = dataset("set", Layout::Deepfakebench(layout));
    set.manipulations =
        fake.iter().map(|label| manipulation(label, Some(Family::FaceSwap))).collect();
    set
}

fn listed(set: &Dataset) -> Listing {
    crate::data::testing::listed(set).unwrap()
}

fn made(json: &str, files: &[&str]) -> (tempfile::TempDir, PathBuf) {
    let (dir, root) = tree(files);
    std::fs::write(root.join("set.json"), json).unwrap();
    (dir, root)
}

/// Two compressions, paths as Windows writes them, and a label that is not declared.
const FFPP: &str = r#"{"FaceForensics++": {
    "FF-real": {
        "train": {"c23": {"071": {"label": "FF-real", "frames": [
            "datasets\\rgb\\FaceForensics++\\original_sequences\\youtube\\c23\\frames\\071\\10.png",
            "datasets\\rgb\\FaceForensics++\\original_sequences\\youtube\\c23\\frames\\071\\9.png"]}},
            "c40": {"071": {"label": "FF-real", "frames": ["datasets\\c40\\071\\9.png"]}}},
        "val": {"c23": {}, "c40": {}}, "test": {"c23": {}, "c40": {}}},
    "FF-DF": {
        "train": {"c23": {"071_054": {"label": "FF-DF", "frames": [
            "datasets\\rgb\\FaceForensics++\\manipulated_sequences\\Deepfakes\\c23\\frames\\071_054\\9.png",
            "datasets\\rgb\\FaceForensics++\\manipulated_sequences\\Deepfakes\\c23\\frames\\071_054\\99.png"]},
            "054_071": {"label": "FF-DF", "frames": []}}}},
    "FF-FH": {"test": {"c23": {"071_054": {"label": "FF-FH", "frames": ["x\\y\\z.png"]}}}}
}}"#;

const FILES: [&str; 3] = [
    "original_sequences/youtube/c23/frames/071/9.png=x",
    "original_sequences/youtube/c23/frames/071/10.png",
    "manipulated_sequences/Deepfakes/c23/frames/071_054/9.png=x",
];

#[test]
fn one_compression_is_read_and_frames_are_found_below_the_root() {
    let (_dir, root) = made(FFPP, &FILES);
    let listing = listed(&set(&root, Some("c23"), &["FF-real"], &["FF-DF"]));
    insta::assert_snapshot!(told(&listing));
    let order: Vec<_> = listing.frames.iter().map(|f| f.path.rsplit('/').next().unwrap()).collect();
    assert_eq!(order, ["9.png", "10.png", "9.png", "99.png"]);
}

#[test]
fn val_that_repeats_test_is_test() {
    let video = |name: &str, class: &str| {
        format!(
            "\"{name}\": {{\"label\": \"x\", \"frames\": [\"/mnt/cluster/rgb/Celeb-DF-v2/{class}/frames/{name}/0.png\"]}}"
        )
    };
    let (real, fake) = (video("id0_0000", "Celeb-real"), video("id0_id1_0000", "Celeb-synthesis"));
    let json = format!(
        "{{\"Celeb-DF-v2\": {{\
         \"R\": {{\"train\": {{}}, \"val\": {{{real}}}, \"test\": {{{real}}}}},\
         \"F\": {{\"test\": {{{fake}}}, \"val\": {{{fake}}}}}}}}}"
    );
    let (_dir, root) = made(
        &json,
        &[
            "rgb/Celeb-DF-v2/Celeb-real/frames/id0_0000/0.png=x",
            "rgb/Celeb-DF-v2/Celeb-synthesis/frames/id0_id1_0000/0.png=x",
        ],
    );
    insta::assert_snapshot!(told(&listed(&set(&root, None, &["R"], &["F"]))));
}

#[test]
fn what_the_json_does_not_have_is_refused() {
    let (_dir, root) = made(FFPP, &FILES);
    let label = refused(&set(&root, Some("c23"), &["FF-reel"], &["FF-DF"]), &root);
    let copy = refused(&set(&root, None, &["FF-real"], &["FF-DF"]), &root);
    let (_dir, elsewhere) = made(FFPP, &[]);
    let frames = refused(&set(&elsewhere, Some("c23"), &["FF-real"], &["FF-DF"]), &elsewhere);
    std::fs::write(root.join("set.json"), "{\"a\": [1]}").unwrap();
    let form = refused(&set(&root, None, &["FF-real"], &["FF-DF"]), &root);
    insta::assert_snapshot!([label, copy, frames, form].join("\n\n"));
}

#[test]
fn entries_that_contradict_each_other_are_refused() {
    let json = r#"{"s": {
        "R": {"train": {"a": {"frames": ["d/f/a/0.png"]}}, "test": {"a": {"frames": ["d/f/a/0.png"]}},
              "dev": {"b": {"frames": ["d/f/b/0.png"]}}},
        "F": {"train": {"a": {"frames": ["d/f/a/0.png"]}, "c": {"frames": ["d/f/c/0.png", "d/f/a/0.png"]},
              "e": {"frames": ["../../e/0.png"]}}}}}"#;
    let (_dir, root) = made(json, &["f/a/0.png=x"]);
    insta::assert_snapshot!(refused(&set(&root, None, &["R"], &["F"]), &root));
}
