//! What names say of videos that were divided one by one: frames of one video, and fakes named
//! after the videos that they were made of. What shares a face and stands in several splits makes
//! every number too good.

use std::collections::{BTreeMap, BTreeSet};

use super::video::{MediaKind, Video};
use proofmark_lang::model::Split;

/// Fewer kin than this may be chance.
const LEAST: usize = 3;

/// A remark for each kind of kinship that names show and splits divide; nothing of videos whose
/// groups are known.
pub(super) fn remarks(videos: &[Video]) -> Vec<String> {
    let unknown: Vec<&Video> = videos.iter().filter(|video| video.groups.is_empty()).collect();
    frames(&unknown).into_iter().chain(fakes(&unknown)).collect()
}

/// Images named like the frames of videos.
fn frames(videos: &[&Video]) -> Option<String> {
    let mut by_stem: BTreeMap<&str, Vec<&Video>> = BTreeMap::new();
    for video in videos.iter().filter(|video| video.kind == MediaKind::Image) {
        if let Some(stem) = stem(&video.key) {
            by_stem.entry(stem).or_default().push(video);
        }
    }
    // Images that are merely numbered have one stem in a folder.
    let folders: BTreeSet<&str> = by_stem.keys().map(|stem| split_path(stem).0).collect();
    by_stem.retain(|_, images| images.len() > 1);
    let divided: Vec<(&&str, &Vec<&Video>)> =
        by_stem.iter().filter(|(_, images)| splits(images).len() > 1).collect();
    let (stem, images) = divided.first()?;
    (by_stem.len() >= LEAST && by_stem.len() > folders.len()).then(|| {
        format!(
            "by their names {} images are frames of {} videos, of which {} are divided between \
             splits, as {} images of `{stem}`: frames of one video in training and test make \
             numbers too good; put each video's frames into a folder and write `videos=#true`, or \
             name their video in a table (`layout table video=..`)",
            by_stem.values().map(Vec::len).sum::<usize>(),
            by_stem.len(),
            divided.len(),
            images.len()
        )
    })
}

/// Fakes named after real videos, as `000_001` after `000` and `001`.
fn fakes(videos: &[&Video]) -> Option<String> {
    let name = |video: &Video| -> String {
        let (_, name) = split_path(&video.key);
        name.split_once('.').map_or(name, |(name, _)| name).to_owned()
    };
    let names: BTreeMap<String, Option<Split>> =
        videos.iter().map(|video| (name(video), video.split)).collect();
    let made_of = |name: &str| -> Option<[Option<Split>; 2]> {
        let (target, source) = name.split_once('_')?;
        Some([*names.get(target)?, *names.get(source)?])
    };
    let named: Vec<(&String, bool)> = names
        .iter()
        .filter_map(|(name, split)| {
            let parts = made_of(name)?;
            Some((name, parts.iter().any(|part| part != split)))
        })
        .collect();
    let apart: Vec<&String> = named.iter().filter(|(_, apart)| *apart).map(|(n, _)| *n).collect();
    let first = apart.first()?;
    (named.len() >= LEAST).then(|| {
        format!(
            "{} videos are named after two others of the data set, and {} of them are in another \
             split than these, as `{first}`: the same person in training and test makes numbers \
             too good; use the layout of the release, or name their people in a table (`layout \
             table group=..`)",
            named.len(),
            apart.len()
        )
    })
}

fn splits(videos: &[&Video]) -> BTreeSet<Option<Split>> {
    videos.iter().map(|video| video.split).collect()
}

/// Folder and name of a path.
fn split_path(path: &str) -> (&str, &str) {
    path.rsplit_once('/').unwrap_or(("", path))
}

/// An image's path without its last number, and a word for frames before it; none without a
/// number or without anything left.
fn stem(path: &str) -> Option<&str> {
    let (path, _) = path.rsplit_once('.')?;
    let numbered = path.trim_end_matches(|c: char| c.is_ascii_digit());
    let between = |c: char| matches!(c, '_' | '-' | '.' | ' ' | '#');
    let bare = numbered.trim_end_matches(between);
    let bare = ["frame", "frm", "face", "f"]
        .iter()
        .find_map(|word| bare.strip_suffix(word).filter(|rest| rest.ends_with(between)))
        .unwrap_or(bare);
    let bare = bare.trim_end_matches(between);
    (numbered.len() < path.len() && bare.len() < numbered.len() && !split_path(bare).1.is_empty())
        .then_some(bare)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proofmark_lang::model::Label;

    fn video(key: &str, kind: MediaKind, split: Split) -> Video {
        Video {
            dataset: "d".into(),
            key: key.into(),
            label: Label::Real,
            method: None,
            family: None,
            split: Some(split),
            groups: Vec::new(),
            pair: None,
            kind,
            source_line: None,
            attributes: BTreeMap::new(),
        }
    }

    #[test]
    fn frames_of_one_video_in_several_splits_are_told() {
        let image = |key: &str, split| video(key, MediaKind::Image, split);
        let mut videos: Vec<Video> = (0..12)
            .map(|i| {
                let split = if i % 2 == 0 { Split::Train } else { Split::Test };
                image(&format!("real/{:03}_frame{}.png", i / 3, i % 3), split)
            })
            .collect();
        let said = remarks(&videos);
        assert!(
            said[0].starts_with("by their names 12 images are frames of 4 videos, of which 4 are")
        );
        // In one split each, there is nothing to tell.
        videos.iter_mut().for_each(|video| video.split = Some(Split::Test));
        assert_eq!(remarks(&videos), Vec::<String>::new());
        // Images that are merely numbered are no frames.
        let numbered: Vec<Video> = (0..12)
            .map(|i| {
                let split = if i % 2 == 0 { Split::Train } else { Split::Test };
                image(&format!("fake/fake_{i}.jpg"), split)
            })
            .collect();
        assert_eq!(remarks(&numbered), Vec::<String>::new());
    }

    #[test]
    fn fakes_in_another_split_than_what_they_are_made_of_are_told() {
        let folder = |key: &str, split| video(key, MediaKind::Frames, split);
        let mut videos = vec![
            folder("real/000", Split::Train),
            folder("real/001", Split::Train),
            folder("real/002", Split::Test),
            folder("fake/000_001", Split::Train),
            folder("fake/001_002", Split::Test),
            folder("fake/002_000", Split::Test),
        ];
        let said = remarks(&videos);
        assert!(
            said[0].starts_with(
                "3 videos are named after two others of the data set, and 2 of them are in another \
                 split than these, as `001_002`"
            ),
            "{said:?}"
        );
        // Where groups are known, the division kept them together.
        videos.iter_mut().for_each(|video| video.groups = vec!["person".into()]);
        assert_eq!(remarks(&videos), Vec::<String>::new());
    }
}
