use std::collections::BTreeSet;

use super::*;
use crate::testing::{dataset, demo, manipulation, no_env, only, path, plain, released, tree};
use proofmark_lang::model::{
    Carve, Family, FolderClass, FolderLayout, FrameRule, Label, Released, SplitRule,
};

fn carved(mut set: Placed<Dataset>) -> Placed<Dataset> {
    set.split = SplitRule::Carve(Carve { train: 0.6, val: 0.2, test: 0.2, seed: 1 }.into());
    set
}

#[test]
fn a_demo_is_scanned() {
    let mut set = carved(dataset("demo", Layout::Demo(demo(1, 20).into())));
    set.manipulations = vec![manipulation("swap-seam", None), manipulation("gaze-shift", None)];
    set.frames = FrameRule::Every { every: 2 };
    set.expect = Some(Expect { train: Some(50), ..Expect::default() }.into());
    let scan = scan(&set, &no_env).unwrap();
    let videos = scan.manifest.video_rows();
    assert_eq!(videos.len(), 20 * 5);
    let families: BTreeSet<_> = videos.iter().map(|v| v.family).collect();
    let known = [None, Some(Family::FaceSwap), Some(Family::Reenactment)];
    assert_eq!(families, known.into_iter().collect());
    assert_eq!(scan.report.found.total(), 100);
    assert!(scan.report.found.val > 0 && scan.report.found.none == 0);
    assert_eq!(scan.report.expected.train, Some(50));
    assert_eq!((scan.report.frames_found, scan.report.frames_used), (400, 200));
    assert_eq!(scan.files, None);
    let by_video = scan.manifest.by_video();
    assert!(by_video.iter().all(|(_, f)| f.iter().map(|f| f.frame).eq([0, 2])));
}

#[test]
fn hidden_methods_stay_hidden() {
    let mut layout = demo(1, 4);
    layout.hidden_methods = vec!["swap-seam".to_owned()];
    let videos = scan(&dataset("wild", Layout::Demo(layout.clone().into())), &no_env).unwrap();
    let videos = videos.manifest.video_rows();
    let fakes: Vec<_> = videos.iter().filter(|v| v.label == Label::Fake).collect();
    assert_eq!(fakes.len(), 12);
    assert!(fakes.iter().all(|v| v.method.is_none() && v.family == Some(Family::Unknown)));
    layout.hidden_methods = vec!["swap-seem".to_owned()];
    let error = scan(&dataset("wild", Layout::Demo(layout.into())), &no_env).unwrap_err();
    assert!(error.to_string().contains("swap-seem"), "{error}");
    let error = scan(&plain("none"), &no_env).unwrap_err();
    assert!(matches!(error, DataError::DemoWithoutMethods { .. }), "{error}");
}

#[test]
fn a_folder_is_scanned_and_what_was_noticed_is_told() {
    let (_dir, root) = tree(&["r/1.png", "r/a.txt", "r/b.txt", "r/c.txt", "r/d.txt", "f/1.png"]);
    let class = |folder: &str, label| {
        FolderClass { folder: folder.to_owned(), label, manipulation: None, split: None }.into()
    };
    let layout = FolderLayout {
        root: path(&root, "."),
        videos: false,
        classes: vec![class("r", Label::Real), class("f", Label::Fake)],
    };
    let mut set = dataset("set", Layout::Folder(layout.into()));
    let first = scan(&set, &no_env).unwrap();
    assert_eq!(first.report.found, SplitCounts { test: 2, ..SplitCounts::default() });
    let notes = first.report.notes();
    let [note] = &notes[..] else { panic!("{notes:?}") };
    assert!(note.starts_with("4 files of other kinds, ignored (r/"), "{note}");
    assert!(note.ends_with(", ...)"), "{note}");
    assert_eq!(first.manifest.digest(), scan(&set, &no_env).unwrap().manifest.digest());
    set.split = SplitRule::official();
    assert!(matches!(scan(&set, &no_env), Err(DataError::NoSplits { .. })));
    set.split = only(Split::Test);
    set.frames = FrameRule::Fps { fps: 1.0 };
    assert!(matches!(scan(&set, &no_env), Err(DataError::NoTimes { .. })));
}

#[test]
fn what_is_missing_and_what_is_published_are_told() {
    let (_dir, root) = tree(&[
        "Celeb-real/id1_0000.mp4=x",
        "YouTube-real/",
        "Celeb-synthesis/id2_id1_0000.mp4=x",
        "List_of_testing_videos.txt=1 YouTube-real/00170.mp4\n1 YouTube-real/00171.mp4",
    ]);
    let mut set = released(Released::Celebdf, &root, &[], &[]);
    set.split = SplitRule::official();
    set.expect = Some(Expect { train: Some(6010), val: Some(4), ..Expect::default() }.into());
    // Videos have times, which the decoder will ask for.
    set.frames = FrameRule::Fps { fps: 1.0 };
    let found = scan(&set, &no_env).unwrap();
    assert_eq!(
        found.report.summary().unwrap(),
        "videos: train 2 (published 6010), val 0 (published 4), test 0 (missing 2)"
    );
    assert_eq!(found.report.missing, SplitCounts { test: 2, ..SplitCounts::default() });
    assert!(found.absent.contains("YouTube-real/00171.mp4"), "{:?}", found.absent);
    assert!(found.undecoded());
    assert_eq!(
        found.report.notes(),
        [
            "2 listed files not on disk (YouTube-real/00170.mp4, YouTube-real/00171.mp4)",
            "test has real videos only"
        ]
    );
    set.expect = None;
    set.split = only(Split::Train);
    let found = scan(&set, &no_env).unwrap();
    // What is put into one split need not be all of the release.
    assert_eq!((found.report.found.train, found.report.missing.total()), (2, 0));
    assert_eq!(found.report.notes()[1..], ["test: none of 2 videos is on disk; left out"]);
    std::fs::write(root.join("YouTube-real/00170.mp4"), "x").unwrap();
    let found = scan(&set, &no_env).unwrap();
    assert_eq!(found.report.summary().unwrap(), "videos: train 3 (missing 1)");
    assert_eq!(
        found.report.notes()[1],
        "all 4 videos are put into train; in the release 2 are in test"
    );
    let mut demo = carved(dataset("demo", Layout::Demo(demo(1, 20).into())));
    demo.manipulations = vec![manipulation("swap-seam", None)];
    let found = scan(&demo, &no_env).unwrap();
    assert_eq!((found.report.summary(), found.undecoded()), (None, false));
}
