//! Declarations and rows for the tests of this folder.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::manifest::{Kind, Video};
use crate::lang::model::*;
use crate::lang::span::Spanned;

pub fn said<T>(value: T) -> Spanned<T> {
    Spanned::default_of(value)
}

pub fn text(value: &str) -> Spanned<String> {
    said(value.to_owned())
}

/// A data set that keeps its layout's splits, or puts everything into test.
pub fn dataset(name: &str, layout: Layout) -> Dataset {
    Dataset {
        name: text(name),
        title: None,
        layout,
        manipulations: Vec::new(),
        split: SplitRule::Only { split: said(Split::Test) },
        frames: FrameRule::All,
        faces: FaceRule { detector: said(Detector::None), margin: said(0.0), size: said(224) },
        min_coverage: said(0.9),
        expect: None,
    }
}

pub fn manipulation(name: &str, family: Option<Family>) -> Manipulation {
    Manipulation { name: text(name), family: family.map(said), title: None }
}

pub fn path(base: &Path, written: &str) -> Spanned<DataPath> {
    said(DataPath { written: written.to_owned(), base: base.to_owned() })
}

pub fn demo(seed: u64, identities: u32) -> DemoLayout {
    DemoLayout {
        seed: said(seed),
        capture: said(DemoCapture::Studio),
        identities: said(identities),
        videos: said(2),
        fakes: said(3),
        frames: said(4),
        hidden_methods: Vec::new(),
    }
}

/// A data set for rules that do not look at its files.
pub fn plain(name: &str) -> Dataset {
    dataset(name, Layout::Demo(demo(0, 2)))
}

pub fn video(key: &str, label: Label) -> Video {
    Video {
        dataset: "set".to_owned(),
        key: key.to_owned(),
        label,
        method: None,
        family: (label == Label::Fake).then_some(Family::Unknown),
        split: None,
        group: None,
        pair: None,
        kind: Kind::Frames,
        source_line: None,
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

/// An environment without variables.
pub fn no_env(_: &str) -> Option<std::ffi::OsString> {
    None
}

/// An error as text, with the temporary folder written `ROOT`.
pub fn words(error: &super::DataError, root: &Path) -> String {
    error.to_string().replace(&root.display().to_string(), "ROOT")
}
