use proptest::prelude::*;

use super::*;
use crate::testing::{tree, video};
use proofmark_lang::model::Family;

fn frame(video_key: &str, frame: u32) -> Frame {
    Frame { video_key: video_key.into(), frame, path: format!("{video_key}/{frame}.png") }
}

fn sample() -> (Vec<Video>, Vec<Frame>) {
    let fake = Video {
        method: Some("swap".into()),
        family: Some(Family::FaceSwap),
        split: Some(Split::Val),
        groups: vec!["id 1".into(), "id 2".into()],
        pair: Some("real/v2".into()),
        source_line: Some(7),
        attributes: Default::default(),
        ..video("fake/v10", Label::Fake)
    };
    let videos = vec![video("real/v10", Label::Real), fake, video("real/v2", Label::Real)];
    let frames = vec![frame("real/v2", 10), frame("fake/v10", 0), frame("real/v2", 2)];
    (videos, frames)
}

#[test]
fn rows_come_back_in_natural_order() {
    let (videos, frames) = sample();
    let manifest = Manifest::new(videos.clone(), frames).unwrap();
    let rows = manifest.video_rows();
    assert_eq!(rows, [videos[1].clone(), videos[2].clone(), videos[0].clone()]);
    let by_video = manifest.by_video();
    let frames: Vec<_> =
        by_video.iter().map(|(_, f)| f.iter().map(|f| f.frame).collect::<Vec<_>>()).collect();
    assert_eq!(frames, [vec![0], vec![2, 10], vec![]]);
    assert_eq!((manifest.in_split(Split::Val), manifest.in_split(Split::Test)), (1, 0));
    assert!(manifest.has_kind(MediaKind::Frames) && !manifest.has_kind(MediaKind::Video));
    assert_eq!(manifest.videos().shape(), (3, 10));
    assert_eq!(manifest.frames().shape(), (3, 3));
}

#[test]
fn parquet_gives_the_same_manifest() {
    let (videos, frames) = sample();
    let manifest = Manifest::new(videos, frames).unwrap();
    let (_dir, root) = tree(&[]);
    manifest.write(&root).unwrap();
    let read = Manifest::read(&root).unwrap();
    assert_eq!(read.video_rows(), manifest.video_rows());
    assert_eq!(read.frame_rows(), manifest.frame_rows());
    assert_eq!(read.digest(), manifest.digest());
    assert_eq!(read.videos().schema(), manifest.videos().schema());
}

#[test]
fn an_empty_manifest_is_written_and_read() {
    let manifest = Manifest::new(Vec::new(), Vec::new()).unwrap();
    let (_dir, root) = tree(&[]);
    manifest.write(&root).unwrap();
    assert_eq!(Manifest::read(&root).unwrap().video_rows(), []);
}

#[test]
fn damaged_files_are_errors() {
    let (videos, frames) = sample();
    let manifest = Manifest::new(videos, frames).unwrap();
    let (_dir, root) = tree(&[]);
    assert!(matches!(Manifest::read(&root), Err(DataError::Unreadable { .. })));
    assert!(matches!(manifest.write(&root.join("no")), Err(DataError::Unwritable { .. })));
    manifest.write(&root).unwrap();
    let file = root.join("videos.parquet");
    let whole = std::fs::read(&file).unwrap();
    for length in [0, 4, 40, whole.len() / 2, whole.len() - 5] {
        std::fs::write(&file, &whole[..length]).unwrap();
        assert!(matches!(Manifest::read(&root), Err(DataError::Parquet { .. })), "{length} bytes");
    }
    std::fs::copy(root.join("frames.parquet"), &file).unwrap();
    let error = Manifest::read(&root).unwrap_err();
    assert!(
        matches!(&error, DataError::Manifest { why, .. } if why.contains("dataset")),
        "{error}"
    );
}

#[test]
fn rules_are_checked() {
    let (videos, frames) = sample();
    let why = |videos: Vec<Video>, frames: Vec<Frame>| {
        Manifest::new(videos, frames).unwrap_err().to_string()
    };
    let mut twice = videos.clone();
    twice.push(videos[0].clone());
    assert!(why(twice, vec![]).contains("not unique"));
    let mut other = videos.clone();
    other[1].dataset = "other".into();
    assert!(why(other, vec![]).contains("data sets"));
    let mut real = videos.clone();
    real[0].family = Some(Family::FaceSwap);
    assert!(why(real, vec![]).contains("disagree"));
    assert!(why(videos.clone(), vec![frame("nobody", 0)]).contains("no video"));
    let repeated = [frames.clone(), frames].concat();
    assert!(why(videos, repeated).contains("occurs twice"));
}

proptest! {
    #[test]
    fn the_digest_is_of_the_content(shuffled in Just(sample()).prop_flat_map(|(v, f)| {
        (Just(v).prop_shuffle(), Just(f).prop_shuffle())
    }), line: Option<u32>) {
        let (videos, frames) = sample();
        let digest = Manifest::new(videos, frames).unwrap().digest();
        let (mut videos, frames) = shuffled;
        videos[0].source_line = line;
        prop_assert_eq!(Manifest::new(videos, frames).unwrap().digest(), digest);
    }

    #[test]
    fn any_other_content_has_another_digest(change in 0usize..9) {
        let (mut videos, mut frames) = sample();
        let digest = Manifest::new(videos.clone(), frames.clone()).unwrap().digest();
        match change {
            0 => videos[1].method = None,
            1 => videos[1].method = Some(String::new()),
            2 => videos[1].family = Some(Family::Editing),
            3 => videos[1].split = None,
            4 => videos[1].groups = vec!["id 1".into()],
            5 => videos[1].kind = MediaKind::Demo,
            6 => videos.iter_mut().for_each(|v| v.dataset = "x".into()),
            7 => frames[0].path.push('x'),
            _ => frames[0].frame = 11,
        }
        prop_assert_ne!(Manifest::new(videos, frames).unwrap().digest(), digest);
    }
}
