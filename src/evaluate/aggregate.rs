//! From faces to videos: a video's score is the mean over its faces, or made of its highest, or
//! of those of its frames.

use polars::prelude::{DataFrame, GroupsIndicator, PolarsResult};
use thiserror::Error;

use proofmark_text::show::brief;

use proofmark_lang::model::{FrameMax, Pooling};

/// One video of a set of scored faces.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Video {
    /// Row of its first face, from 0.
    pub first: usize,
    /// Whether it is fake.
    pub fake: bool,
    /// Score by the declared rule.
    pub score: f64,
}

/// A video whose faces are not all real or all fake.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("video \"{}\" is real in row {real_row} and fake in row {fake_row}", brief(video))]
pub struct LabelConflict {
    /// The video's key, its parts joined by a slash.
    pub video: String,
    /// First row that calls it real, counted from 1.
    pub real_row: usize,
    /// First row that calls it fake, counted from 1.
    pub fake_row: usize,
}

/// Why faces could not be gathered into videos.
#[derive(Debug, Error)]
pub enum AggregateError {
    /// A video with both labels.
    #[error(transparent)]
    Conflict(#[from] LabelConflict),
    /// Polars could not group the keys.
    #[error("the videos cannot be grouped: {0}")]
    Group(#[from] polars::error::PolarsError),
}

/// The videos of scored faces, in order of first appearance.
///
/// `keys` has one row per face and identifies the video by all of its columns
/// together, e.g. data set and path. The mean is summed in ascending order of the
/// scores, so that neither threads nor the order of rows change its last bit.
///
/// # Errors
/// A video with both labels, named with its rows.
///
/// # Panics
/// When `keys`, `fakes` and `scores` differ in length.
pub fn by_video(
    keys: &DataFrame,
    fakes: &[bool],
    scores: &[f64],
    rule: Pooling,
) -> Result<Vec<Video>, AggregateError> {
    assert_eq!(keys.height(), scores.len(), "a score for every key");
    let mut faces = Vec::new();
    videos(keys, fakes, |rows| {
        faces.clear();
        faces.extend(rows.iter().map(|&row| scores[row]));
        faces.sort_unstable_by(f64::total_cmp);
        pooled(&faces, rule)
    })
}

/// Where a face is, and how large.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Place {
    /// Frame of the video.
    pub frame: u32,
    /// Area of the detector's box, if there was one.
    pub area: Option<f32>,
}

/// The same by frames: a frame's score is the highest of its faces that are large enough, or
/// of unknown size, a video's the mean over its frames.
///
/// # Errors
/// As [`by_video`].
///
/// # Panics
/// When `keys`, `fakes`, `scores` and `places` differ in length.
pub fn by_frames(
    keys: &DataFrame,
    fakes: &[bool],
    scores: &[f64],
    places: &[Place],
    rule: FrameMax,
) -> Result<Vec<Video>, AggregateError> {
    assert_eq!(keys.height(), scores.len(), "a score for every key");
    assert_eq!(keys.height(), places.len(), "a place for every key");
    videos(keys, fakes, |rows| {
        let mut rows = rows.to_vec();
        rows.sort_by_key(|&row| places[row].frame);
        let frames = rows.chunk_by(|&a, &b| places[a].frame == places[b].frame);
        let mut highest: Vec<f64> =
            frames.map(|rows| of_frame(rows, scores, places, rule)).collect();
        highest.sort_unstable_by(f64::total_cmp);
        mean(&highest)
    })
}

/// The highest score of the faces of a frame that are large enough.
fn of_frame(rows: &[usize], scores: &[f64], places: &[Place], rule: FrameMax) -> f64 {
    let areas = rows.iter().filter_map(|&row| places[row].area);
    let least = rule.area * f64::from(areas.fold(0.0, f32::max));
    let counts = |row: &&usize| match places[**row].area {
        // A size that is no number is unknown.
        Some(area) if !area.is_nan() => f64::from(area) >= least,
        _ => true,
    };
    // The largest face always counts.
    rows.iter().filter(counts).map(|&row| scores[row]).fold(f64::NEG_INFINITY, f64::max)
}

/// The videos with the scores that are made of their rows.
fn videos(
    keys: &DataFrame,
    fakes: &[bool],
    mut score: impl FnMut(&[usize]) -> f64,
) -> Result<Vec<Video>, AggregateError> {
    assert_eq!(keys.height(), fakes.len(), "a label for every key");
    let groups = keys.group_by_stable(keys.get_column_names_owned())?.into_groups();
    let mut members = Vec::new();
    groups
        .iter()
        .map(|group| {
            members.clear();
            match group {
                GroupsIndicator::Idx((_, rows)) => {
                    members.extend(rows.iter().map(|&row| row as usize));
                }
                GroupsIndicator::Slice([first, len]) => {
                    members.extend(first as usize..(first + len) as usize);
                }
            }
            let first = members[0];
            let fake = fakes[first];
            if let Some(&other) = members.iter().find(|&&row| fakes[row] != fake) {
                let (real, fake) = if fake { (other, first) } else { (first, other) };
                return Err(LabelConflict {
                    video: key_text(keys, first)?,
                    real_row: real + 1,
                    fake_row: fake + 1,
                }
                .into());
            }
            Ok(Video { first, fake, score: score(&members) })
        })
        .collect()
}

/// A video's score from those of its faces, in ascending order; at least one.
pub fn pooled(faces: &[f64], rule: Pooling) -> f64 {
    match rule {
        Pooling::Mean => mean(faces),
        Pooling::Max => faces[faces.len() - 1],
        Pooling::Top(k) => mean(&faces[faces.len().saturating_sub(k as usize)..]),
    }
}

/// Mean of finite numbers, finite even where their sum is not.
fn mean(values: &[f64]) -> f64 {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    if mean.is_finite() { mean } else { values.iter().map(|value| value / n).sum() }
}

/// The key of a row as text.
fn key_text(keys: &DataFrame, row: usize) -> PolarsResult<String> {
    let parts: PolarsResult<Vec<String>> =
        keys.columns().iter().map(|column| Ok(column.get(row)?.str_value().into_owned())).collect();
    Ok(parts?.join("/"))
}

#[cfg(test)]
mod tests {
    use polars::df;
    use proptest::prelude::*;

    use super::*;
    use proofmark_base::rng::{Rng, Stream};

    #[test]
    fn a_video_is_known_by_all_columns_of_its_key() {
        let keys = df!("dataset" => ["a", "b", "a"], "video" => ["1", "1", "1"]).unwrap();
        let videos =
            by_video(&keys, &[false, true, false], &[0.25, 0.5, 0.75], Pooling::Mean).unwrap();
        assert_eq!(
            videos,
            [
                Video { first: 0, fake: false, score: 0.5 },
                Video { first: 1, fake: true, score: 0.5 }
            ]
        );
    }

    #[test]
    fn a_video_with_both_labels_is_named() {
        let keys = df!("dataset" => ["ff", "ff", "ff"], "video" => ["x", "y", "y"]).unwrap();
        let error =
            by_video(&keys, &[true, true, false], &[0.1, 0.2, 0.3], Pooling::Mean).unwrap_err();
        assert_eq!(error.to_string(), "video \"ff/y\" is real in row 3 and fake in row 2");
    }

    #[test]
    fn a_frame_counts_by_the_highest_of_its_large_faces() {
        let keys = df!("video" => ["a", "a", "a", "a", "b", "b"]).unwrap();
        let scores = [0.9, 0.2, 0.4, 0.6, 0.1, 0.8];
        let place = |frame, area| Place { frame, area };
        let places = [
            // The face in the background is too small by one pixel.
            place(3, Some(49.0)),
            place(3, Some(100.0)),
            place(0, Some(50.0)),
            place(0, Some(100.0)),
            // Of unknown size.
            place(0, None),
            place(1, Some(f32::NAN)),
        ];
        let rule = FrameMax { area: 0.5 };
        let videos = |rule| {
            let videos = by_frames(&keys, &[true; 6], &scores, &places, rule).unwrap();
            videos.iter().map(|video| video.score).collect::<Vec<_>>()
        };
        assert_eq!(videos(rule), [(0.2 + 0.6) / 2.0, (0.1 + 0.8) / 2.0]);
        assert_eq!(videos(FrameMax { area: 0.49 })[0], (0.9 + 0.6) / 2.0);
        assert_eq!(videos(FrameMax { area: 1.0 })[0], (0.2 + 0.6) / 2.0);
    }

    #[test]
    fn a_rule_takes_all_faces_or_the_highest() {
        let keys = df!("video" => ["a", "a", "b", "a"]).unwrap();
        let scores = |rule| -> Vec<f64> {
            let videos = by_video(&keys, &[true; 4], &[0.5, 0.0, 0.25, 1.0], rule).unwrap();
            videos.iter().map(|video| video.score).collect()
        };
        assert_eq!(scores(Pooling::Mean), [0.5, 0.25]);
        assert_eq!(scores(Pooling::Max), [1.0, 0.25]);
        assert_eq!(scores(Pooling::Top(2)), [0.75, 0.25]);
        assert_eq!(scores(Pooling::Top(3)), scores(Pooling::Mean));
    }

    #[test]
    fn a_mean_does_not_overflow() {
        assert_eq!(mean(&[1e308, 1e308, 1e308, 1e308]), 1e308);
    }

    #[test]
    fn no_faces_are_no_videos() {
        let keys = df!("video" => Vec::<String>::new()).unwrap();
        assert_eq!(by_video(&keys, &[], &[], Pooling::Mean).unwrap(), []);
    }

    proptest! {
        #[test]
        fn the_order_of_rows_changes_no_bit(
            scores in prop::collection::vec(0.0f64..1.0, 1..200), videos in 1usize..8, seed: u64,
        ) {
            let mut rows: Vec<(i64, f64)> =
                scores.iter().enumerate().map(|(i, &s)| ((i % videos) as i64, s)).collect();
            let gather = |rows: &[(i64, f64)]| {
                let keys = df!("video" => rows.iter().map(|r| r.0).collect::<Vec<_>>()).unwrap();
                let fakes: Vec<bool> = rows.iter().map(|r| r.0 % 2 == 1).collect();
                let scores: Vec<f64> = rows.iter().map(|r| r.1).collect();
                let mut gathered: Vec<(i64, u64)> = by_video(&keys, &fakes, &scores, Pooling::Mean)
                    .unwrap()
                    .iter()
                    .map(|video| (rows[video.first].0, video.score.to_bits()))
                    .collect();
                gathered.sort_unstable();
                gathered
            };
            let before = gather(&rows);
            Rng::new(seed, Stream::Shuffle, 0, 0).shuffle(&mut rows);
            prop_assert_eq!(gather(&rows), before);
        }
    }
}
