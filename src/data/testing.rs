//! Declarations and rows for the tests of this folder.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::layout::Listing;
use super::video::{MediaKind, Video};
use super::words::Word;
use proofmark_lang::model::*;

/// A data set that keeps its layout's splits, or puts everything into test.
pub fn dataset(name: &str, layout: Layout) -> Placed<Dataset> {
    Dataset {
        name: name.to_owned(),
        title: None,
        layout,
        manipulations: Vec::new(),
        split: only(Split::Test),
        overlap: Overlap::Refuse,
        frames: FrameRule::All,
        faces: face_rule().into(),
        landmarks: None,
        min_coverage: 0.9,
        expect: None,
    }
    .into()
}

/// Everything in one split.
pub fn only(split: Split) -> SplitRule {
    SplitRule::Only(Only { split }.into())
}

/// Images that are faces.
pub fn face_rule() -> FaceRule {
    FaceRule {
        detector: Detector::None,
        weights: None,
        score: 0.8,
        nms: 0.4,
        min_face: 20,
        long_side: 1280,
        take: Take::All,
        margin: 0.0,
        framing: Framing::Square,
        filter: Interpolation::Bicubic,
        size: 224,
    }
}

pub fn manipulation(name: &str, family: Option<Family>) -> Placed<Manipulation> {
    Manipulation { name: name.to_owned(), family, title: None }.into()
}

pub fn path(base: &Path, written: &str) -> DataPath {
    DataPath { written: written.to_owned(), base: base.to_owned() }
}

pub fn demo(seed: u64, identities: u32) -> DemoLayout {
    DemoLayout {
        seed,
        capture: DemoCapture::Studio,
        identities,
        videos: 2,
        fakes: 3,
        frames: 4,
        hidden_methods: Vec::new(),
    }
}

/// A data set for rules that do not look at its files.
pub fn plain(name: &str) -> Placed<Dataset> {
    dataset(name, Layout::Demo(demo(0, 2).into()))
}

pub fn video(key: &str, label: Label) -> Video {
    Video {
        dataset: "set".to_owned(),
        key: key.to_owned(),
        label,
        method: None,
        family: (label == Label::Fake).then_some(Family::Unknown),
        split: None,
        groups: Vec::new(),
        pair: None,
        kind: MediaKind::Frames,
        source_line: None,
        attributes: Default::default(),
    }
}

/// A folder with files, empty ones unless they are `name=content`.
pub fn tree(files: &[&str]) -> (TempDir, PathBuf) {
    let dir = TempDir::new().expect("a temporary folder");
    let root = dir.path().to_owned();
    for file in files {
        let (name, content) = file.split_once('=').unwrap_or((file, ""));
        let path = root.join(name);
        let folder = if name.ends_with('/') { Some(path.as_path()) } else { path.parent() };
        fs::create_dir_all(folder.expect("a parent")).expect("folders");
        if !name.ends_with('/') {
            fs::write(path, content).expect("a file");
        }
    }
    (dir, root)
}

/// A released data set below a root, with manipulations of one family.
pub fn released(
    name: Released,
    root: &Path,
    switches: &[(&str, &str)],
    fakes: &[&str],
) -> Placed<Dataset> {
    let switches =
        switches.iter().map(|(name, to)| ((*name).to_owned(), (*to).to_owned())).collect();
    let layout = ReleasedLayout { name, root: path(root, "."), switches };
    let mut set = dataset("set", Layout::Released(layout.into()));
    let declared = |name: &&str| manipulation(name, Some(Family::FaceSwap));
    set.manipulations = fakes.iter().map(declared).collect();
    set
}

/// What a layout lists of a data set.
pub fn listed(dataset: &Dataset) -> Result<Listing, super::DataError> {
    match &dataset.layout {
        Layout::Released(layout) => super::layout::read_release(dataset, layout, &no_env),
        Layout::Deepfakebench(layout) => {
            super::layout::deepfakebench::read(dataset, layout, &no_env)
        }
        other => panic!("{other:?}"),
    }
}

/// A listing as text: its videos, its frames, and what was noticed.
pub fn told(listing: &Listing) -> String {
    let mut videos = listing.videos.clone();
    videos.sort_by(|a, b| super::natural::compare(&a.key, &b.key));
    let frames = |key: &str| listing.frames.iter().filter(|f| f.video_key == key).count();
    let mut lines = Vec::new();
    for v in &videos {
        let mut line = format!("{}  {} {}", v.key, v.split.word(), v.label.word());
        line += &v.method.as_ref().map_or_else(String::new, |m| format!(" {m}"));
        line += &format!(" [{}]", v.groups.join(" "));
        line += &v.pair.as_ref().map_or_else(String::new, |p| format!(" <- {p}"));
        match frames(&v.key) {
            0 => {}
            n => line += &format!(" {n} frames"),
        }
        line += if listing.absent.contains(&v.key) { " ABSENT" } else { "" };
        lines.push(line);
    }
    for (finding, tally) in &listing.findings {
        lines.push(format!("{} {}: {}", tally.count, finding.words(), tally.examples.join(", ")));
    }
    lines.extend(listing.remarks.iter().map(|remark| format!("remark: {remark}")));
    lines.join("\n")
}

/// The error of a data set that cannot be read, with the temporary folder written `ROOT`.
pub fn refused(dataset: &Dataset, root: &Path) -> String {
    words(&listed(dataset).expect_err("it cannot be read"), root)
}

/// An environment without variables.
pub fn no_env(_: &str) -> Option<std::ffi::OsString> {
    None
}

/// An error as text, with the temporary folder written `ROOT`.
pub fn words(error: &super::DataError, root: &Path) -> String {
    error.to_string().replace(&root.display().to_string(), "ROOT")
}
