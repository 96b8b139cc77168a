use std::path::{Path, PathBuf};

use super::*;
use crate::testing::{dataset, manipulation, path, refused, told, tree};
use proofmark_lang::model::{Family, Layout, SplitRule};

fn set(root: &Path, compression: Option<&str>, real: &[&str], fake: &[&str]) -> Placed<Dataset> {
    let texts = |list: &[&str]| list.iter().map(|label| (*label).to_owned()).collect();
    let layout = BenchLayout {
        root: path(root, "."),
        file: path(root, "set.json"),
        compression: compression.map(str::to_owned),
        real: texts(real),
        fake: texts(fake),
    };
    let mut set = dataset("set", Layout::Deepfakebench(layout.into()));
    set.manipulations =
        fake.iter().map(|label| manipulation(label, Some(Family::FaceSwap))).collect();
    set
}

fn listed(set: &Placed<Dataset>) -> Listing {
    crate::testing::listed(set).unwrap()
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
    insta::assert_snapshot!(told(&listed(&official(set(&root, None, &["R"], &["F"])))));
}

fn official(mut set: Placed<Dataset>) -> Placed<Dataset> {
    set.split = SplitRule::official();
    set
}

/// An entry of a video by its folder.
fn entry(folder: &str) -> String {
    let name = folder.rsplit('/').next().unwrap();
    format!("\"{name}\": {}", frames(folder))
}

fn frames(folder: &str) -> String {
    format!(
        "{{\"label\": \"x\", \"frames\": [\"/data/rgb/{folder}/000.png\", \"/data/rgb/{folder}/012.png\"], \"masks\": []}}"
    )
}

fn entries(folders: &[&str]) -> String {
    format!("{{{}}}", folders.iter().map(|f| entry(f)).collect::<Vec<_>>().join(", "))
}

/// Frames of some videos on disk, and a JSON of one set.
fn bench(folders: &[&str], labels: &str) -> (tempfile::TempDir, PathBuf) {
    let files: Vec<String> =
        folders.iter().flat_map(|f| ["000", "012"].map(|n| format!("{f}/{n}.png=x"))).collect();
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    made(&format!("{{\"set\": {{{labels}}}}}"), &files)
}

#[test]
fn a_video_in_several_splits_is_kept_from_training() {
    let [a, b] = ["c/YouTube-real/frames/00000", "c/YouTube-real/frames/00001"];
    let [x, y] = ["c/Celeb-synthesis/frames/id0_id1_0000", "c/Celeb-synthesis/frames/id2_id1_0000"];
    let (_dir, root) = bench(
        &[a, b, x, y],
        &format!(
            "\"R\": {{\"train\": {}, \"val\": {}, \"test\": {}}}, \"F\": {{\"train\": {}, \"val\": {}, \"test\": {}}}",
            entries(&[a, b]),
            entries(&[b]),
            entries(&[b]),
            entries(&[x, y]),
            entries(&[y]),
            "{}"
        ),
    );
    let set = set(&root, None, &["R"], &["F"]);
    insta::assert_snapshot!(told(&listed(&official(set.clone()))));
    // Where all is in one split, nothing contradicts itself.
    let only = listed(&set);
    assert_eq!((only.videos.len(), only.findings.len()), (4, 0), "{:?}", only.findings);
}

#[test]
fn a_video_without_a_name_is_known_by_its_frames() {
    let [train, test] = ["DFDC/train/frames/bbbbbbbbbb", "DFDC/test/frames/uuuuuuuuuu"];
    let nameless = frames(test).trim_end_matches('}').to_owned() + ", " + &entry(train) + "}";
    for (val, compression) in
        [(nameless.clone(), None), (format!("{{\"c23\": {nameless}}}"), Some("c23"))]
    {
        let copy = |videos: String| match compression {
            None => videos,
            Some(copy) => format!("{{\"{copy}\": {videos}}}"),
        };
        let labels = format!(
            "\"R\": {{\"train\": {}, \"test\": {}, \"val\": {val}}}",
            copy(entries(&[train])),
            copy(entries(&[test])),
        );
        let (_dir, root) = bench(&[train, test], &labels);
        let listing = listed(&official(set(&root, compression, &["R"], &[])));
        let splits: Vec<_> = listing.videos.iter().map(|v| (v.key.as_str(), v.split)).collect();
        assert_eq!(splits, [(train, Some(Split::Val)), (test, Some(Split::Test))]);
        assert_eq!(listing.findings[&Finding::ListedTwice].count, 2, "{:?}", listing.findings);
    }
}

#[test]
fn keys_do_not_depend_on_what_is_listed_first() {
    let [gone, there] = ["c/frames/a", "c/frames/b"];
    let labels = format!("\"R\": {{\"test\": {}}}", entries(&[gone, there]));
    let (_dir, root) = bench(&[there], &labels);
    let listing = listed(&set(&root, None, &["R"], &[]));
    let keys: Vec<_> = listing.videos.iter().map(|v| v.key.as_str()).collect();
    assert_eq!(keys, [gone, there]);
    assert!(listing.absent.contains(gone) && listing.absent.len() == 1);
}

#[test]
fn all_of_a_set_in_each_split_is_tested_on() {
    let [real, fake] = ["F/actors/c23/frames/01__hug", "F/DFD/c23/frames/01_02__hug__YVGY8LOK"];
    let splits = |video: &str| {
        ["train", "val", "test"]
            .map(|s| format!("\"{s}\": {{\"c23\": {}}}", entries(&[video])))
            .join(", ")
    };
    let labels = format!("\"F\": {{{}}}, \"R\": {{{}}}", splits(fake), splits(real));
    let (_dir, root) = bench(&[real, fake], &labels);
    let listing = listed(&official(set(&root, Some("c23"), &["R"], &["F"])));
    assert!(listing.videos.iter().all(|v| v.split == Some(Split::Test)), "{listing:?}");
    assert_eq!(listing.findings[&Finding::ListedTwice].count, 2);
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
        "R": {"train": {"a": {"frames": ["d/f/a/0.png"]}}, "test": {"a": {"frames": ["d/f/a/1.png"]}},
              "dev": {"b": {"frames": ["d/f/b/0.png"]}}},
        "F": {"train": {"a": {"frames": ["d/f/a/0.png"]}, "c": {"frames": ["d/f/c/0.png", "d/f/a/0.png"]},
              "e": {"frames": ["../../e/0.png"]}}}}}"#;
    let (_dir, root) = made(json, &["f/a/0.png=x"]);
    insta::assert_snapshot!(refused(&set(&root, None, &["R"], &["F"]), &root));
}
