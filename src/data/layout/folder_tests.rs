use super::*;
use crate::testing::{dataset, manipulation, no_env, path, tree, words};
use proofmark_lang::model::{Family, Layout, Split};

fn class(folder: &str, label: Label, manipulation: Option<&str>) -> Placed<FolderClass> {
    FolderClass {
        folder: folder.to_owned(),
        label,
        manipulation: manipulation.map(str::to_owned),
        split: None,
    }
    .into()
}

fn layout(root: &Path, videos: bool) -> Placed<FolderLayout> {
    let classes =
        vec![class("real", Label::Real, None), class("fake/x", Label::Fake, Some("swap"))];
    FolderLayout { root: path(root, "."), videos, classes }.into()
}

fn scan(layout: &Placed<FolderLayout>) -> Result<Listing, DataError> {
    let mut set = dataset("set", Layout::Folder(layout.clone()));
    set.manipulations = vec![
        manipulation("swap", Some(Family::FaceSwap)),
        manipulation("pose", Some(Family::Reenactment)),
    ];
    read(&set, layout, &no_env)
}

fn noticed(listing: &Listing) -> Vec<(Finding, usize)> {
    listing.findings.iter().map(|(finding, tally)| (*finding, tally.count)).collect()
}

#[test]
fn videos_of_all_containers_are_videos() {
    let endings = ["3gp", "MPG", "mpeg", "wmv", "flv", "ts", "m2ts", "ogv", "mp4"];
    let files: Vec<String> = endings.iter().map(|e| format!("real/v.{e}")).collect();
    let mut files: Vec<&str> = files.iter().map(String::as_str).collect();
    files.extend(["real/v.tsx", "fake/x/1.wmv"]);
    let (_dir, root) = tree(&files);
    for videos in [false, true] {
        let listing = scan(&layout(&root, videos)).unwrap();
        assert!(listing.videos.iter().all(|v| v.kind == MediaKind::Video), "{listing:?}");
        assert_eq!(listing.videos.len(), endings.len() + 1, "{listing:?}");
        assert_eq!(noticed(&listing), [(Finding::OtherFile, 1)]);
    }
}

#[test]
fn a_class_folder_that_is_not_there_can_be_left_out() {
    let (_dir, root) = tree(&["real/1.png"]);
    let error = words(&scan(&layout(&root, false)).unwrap_err(), &root);
    assert!(error.contains("is there, but not all") && error.contains("ROOT/fake/x"), "{error}");
    assert!(error.contains("remove its `class` from the layout"), "{error}");
}

#[test]
fn images_of_class_folders() {
    let (_dir, root) = tree(&[
        "real/10.png",
        "real/2.JPG",
        "real/Asian (East) [1].webp",
        "real/-x.jpeg",
        "real/é.bmp",
        "real/notes.txt",
        "real/.DS_Store",
        "real/__MACOSX/9.png",
        "real/sub/3.png",
        "fake/x/2.png",
        "fake/y/2.png",
    ]);
    let mut layout = layout(&root, false);
    layout.classes[1].split = Some(Split::Test);
    let listing = scan(&layout).unwrap();
    let keys: Vec<_> = listing.videos.iter().map(|v| v.key.as_str()).collect();
    assert_eq!(
        keys,
        [
            "real/-x.jpeg",
            "real/2.JPG",
            "real/10.png",
            "real/Asian (East) [1].webp",
            "real/é.bmp",
            "fake/x/2.png",
        ]
    );
    let fake = listing.videos.last().unwrap();
    assert_eq!((fake.label, fake.method.as_deref()), (Label::Fake, Some("swap")));
    assert_eq!((fake.family, fake.split), (Some(Family::FaceSwap), Some(Split::Test)));
    assert_eq!((listing.videos[0].family, listing.videos[0].split), (None, None));
    assert!(listing.frames.iter().all(|f| f.frame == 0 && f.path == f.video_key));
    assert_eq!(
        noticed(&listing),
        [(Finding::OtherFile, 1), (Finding::Hidden, 2), (Finding::DeeperFolder, 1)]
    );
}

#[test]
fn videos_of_class_folders() {
    let (_dir, root) = tree(&[
        "real/a b/2.png",
        "real/a b/10.png",
        "real/a b/deep/1.png",
        "real/empty/",
        "real/loose.png",
        "fake/x/a b/1.png",
    ]);
    let listing = scan(&layout(&root, true)).unwrap();
    let videos: Vec<_> = listing.videos.iter().map(|v| (v.key.as_str(), v.kind)).collect();
    let frames = MediaKind::Frames;
    assert_eq!(videos, [("real/a b", frames), ("real/empty", frames), ("fake/x/a b", frames)]);
    let frames: Vec<_> = listing.frames.iter().map(|f| (f.frame, f.path.as_str())).collect();
    assert_eq!(frames, [(0, "real/a b/2.png"), (1, "real/a b/10.png"), (0, "fake/x/a b/1.png")]);
    assert_eq!(
        noticed(&listing),
        [(Finding::EmptyVideo, 1), (Finding::DeeperFolder, 1), (Finding::LooseImage, 1)]
    );
}

#[test]
fn video_files_are_videos_beside_images_and_folders_of_images() {
    let (_dir, root) = tree(&["real/a.mp4", "real/b.png", "fake/x/w/1.png", "fake/x/y.WEBM"]);
    let kinds = |videos: bool| -> Vec<(String, MediaKind, usize)> {
        let listing = scan(&layout(&root, videos)).unwrap();
        let frames = |key: &str| listing.frames.iter().filter(|f| f.video_key == key).count();
        listing.videos.iter().map(|v| (v.key.clone(), v.kind, frames(&v.key))).collect()
    };
    let of = |key: &str, kind, frames| (key.to_owned(), kind, frames);
    let (a, y) = (of("real/a.mp4", MediaKind::Video, 0), of("fake/x/y.WEBM", MediaKind::Video, 0));
    assert_eq!(kinds(false), [a.clone(), of("real/b.png", MediaKind::Image, 1), y.clone()]);
    assert_eq!(kinds(true), [a, of("fake/x/w", MediaKind::Frames, 1), y]);
}

#[test]
fn what_cannot_be_read_says_why() {
    let (_dir, root) = tree(&["real/a/1.png", "fake/x/1.png", "fake/empty/", "fake/text/a.txt"]);
    let mut messages = Vec::new();
    let mut error = |layout: &Placed<FolderLayout>| {
        messages.push(words(&scan(layout).unwrap_err(), &root));
    };
    error(&layout(&root, false));
    error(&layout(&root, true));
    let mut changed = layout(&root, true);
    for folder in ["fake/empty", "fake/text", "Real", "../real", "./real/"] {
        changed.classes[1].folder = folder.to_owned();
        error(&changed);
    }
    changed.classes[1] = class("fake/x", Label::Fake, Some("swop"));
    error(&changed);
    changed.root = path(&root, "env:FACES");
    error(&changed);
    changed.root = path(&root, "gone");
    error(&changed);
    changed.root = path(&root, "fake/x/1.png");
    error(&changed);
    insta::assert_snapshot!(messages.join("\n\n"));
}

#[cfg(unix)]
#[test]
fn links_are_followed_but_never_in_circles() {
    use std::os::unix::fs::symlink;
    let (_dir, root) = tree(&["store/v/1.png", "fake/x/w/1.png", "real/"]);
    symlink(root.join("store/v"), root.join("real/v")).unwrap();
    symlink(root.join("real"), root.join("real/loop")).unwrap();
    symlink(root.join("gone.png"), root.join("real/gone.png")).unwrap();
    let listing = scan(&layout(&root, true)).unwrap();
    let frames: Vec<_> = listing.frames.iter().map(|f| f.path.as_str()).collect();
    assert_eq!(frames, ["real/v/1.png", "fake/x/w/1.png"]);
    assert_eq!(listing.findings[&Finding::Missing].count, 2);

    symlink(root.join("real"), root.join("again")).unwrap();
    let mut twice = layout(&root, true);
    twice.classes[1].folder = "again".to_owned();
    assert!(matches!(scan(&twice), Err(DataError::RepeatedClass { .. })));
}

#[cfg(target_os = "linux")]
#[test]
fn odd_names_on_disk() {
    use std::os::unix::ffi::OsStrExt;
    let (_dir, root) = tree(&["real/a\\b.png", "real/new\nline.png", "fake/x/1.png"]);
    let broken = std::ffi::OsStr::from_bytes(b"bro\xffken.png");
    std::fs::write(root.join("real").join(broken), "").unwrap();
    let listing = scan(&layout(&root, false)).unwrap();
    assert_eq!(noticed(&listing), [(Finding::UnreadableName, 1)]);
    for frame in &listing.frames {
        assert!(root.join(&frame.path).is_file(), "{:?}", frame.path);
    }
    assert_eq!(listing.frames.len(), 3);
}
