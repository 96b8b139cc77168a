//! Which frames of a video are used.

use std::collections::HashMap;

use proofmark_lang::model::FrameRule;
use proofmark_lang::span::Origin;

use super::error::DataError;
use super::video::{Frame, Video};

/// Keeps the frames that the rule picks. A frame keeps its number in the video. The frames of
/// video files are picked when they are decoded.
///
/// # Errors
/// A rule by time for images, which have none, or a rule without meaning.
pub fn select(
    dataset: &str,
    (rule, at): (FrameRule, Origin),
    videos: &[Video],
    frames: Vec<Frame>,
) -> Result<Vec<Frame>, DataError> {
    if let FrameRule::Fps { fps } = rule
        && videos.iter().any(|video| !video.kind.has_times())
    {
        return Err(DataError::NoTimes { dataset: dataset.to_owned(), fps, origin: at });
    }
    check(rule, at)?;
    let mut lengths: HashMap<&str, u32> = HashMap::with_capacity(videos.len());
    for frame in &frames {
        let length = lengths.entry(&frame.video_key).or_default();
        *length = (*length).max(frame.frame + 1);
    }
    let lengths: HashMap<String, u32> =
        lengths.into_iter().map(|(key, length)| (key.to_owned(), length)).collect();
    let used = |frame: &Frame| uses(rule, frame.frame, lengths[&frame.video_key]);
    Ok(frames.into_iter().filter(used).collect())
}

fn check(rule: FrameRule, origin: Origin) -> Result<(), DataError> {
    let (what, must, value) = match rule {
        FrameRule::Fps { fps } if !(fps > 0.0 && fps.is_finite()) => {
            ("frames per second", "a positive number", fps.to_string())
        }
        FrameRule::Every { every: 0 } => ("the step between frames", "1 or more", "0".to_owned()),
        FrameRule::Count { count: 0 } => ("the number of frames", "1 or more", "0".to_owned()),
        FrameRule::All
        | FrameRule::Fps { .. }
        | FrameRule::Every { .. }
        | FrameRule::Count { .. } => return Ok(()),
    };
    Err(DataError::Rule { what, must, value, origin })
}

/// Whether the rule uses frame `index` of a video of `length` frames, which in the demo are
/// one second apart.
fn uses(rule: FrameRule, index: u32, length: u32) -> bool {
    match rule {
        FrameRule::All => true,
        FrameRule::Every { every } => index.is_multiple_of(every),
        // Position k of n falls on frame floor(k (length - 1) / (n - 1)), as a linspace
        // from the first to the last frame, of which a single position is the first.
        FrameRule::Count { count } if count >= length => true,
        FrameRule::Count { count: 1 } => index == 0,
        FrameRule::Count { count } => {
            let (steps, last) = (u64::from(count - 1), u64::from(length - 1));
            let k = (u64::from(index) * steps).div_ceil(last);
            k * last / steps == u64::from(index)
        }
        // Sample k is taken at k / fps, which falls in second `index`.
        FrameRule::Fps { fps } => {
            let first_after = (f64::from(index) * fps).ceil();
            first_after / fps < f64::from(index) + 1.0
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::video::MediaKind;

    fn picked(rule: FrameRule, length: u32) -> Vec<u32> {
        (0..length).filter(|&i| uses(rule, i, length)).collect()
    }

    fn count(count: u32) -> FrameRule {
        FrameRule::Count { count }
    }

    fn every(every: u32) -> FrameRule {
        FrameRule::Every { every }
    }

    fn fps(fps: f64) -> FrameRule {
        FrameRule::Fps { fps }
    }

    #[test]
    fn rules_pick_the_frames_they_say() {
        assert_eq!(picked(FrameRule::All, 3), [0, 1, 2]);
        assert_eq!(picked(every(10), 25), [0, 10, 20]);
        assert_eq!(picked(count(1), 9), [0]);
        assert_eq!(picked(count(3), 9), [0, 4, 8]);
        assert_eq!(picked(count(4), 9), [0, 2, 5, 8]);
        assert_eq!(picked(count(9), 2), [0, 1]);
        assert_eq!(picked(fps(1.0), 3), [0, 1, 2]);
        assert_eq!(picked(fps(0.5), 5), [0, 2, 4]);
        assert_eq!(picked(fps(0.4), 8), [0, 2, 5, 7]);
        assert_eq!(picked(fps(30.0), 2), [0, 1]);
    }

    #[test]
    fn images_have_no_times_and_zero_no_meaning() {
        let video = |kind| Video {
            dataset: "d".into(),
            key: "v".into(),
            label: proofmark_lang::model::Label::Real,
            method: None,
            family: None,
            split: None,
            groups: Vec::new(),
            pair: None,
            kind,
            source_line: None,
            attributes: Default::default(),
        };
        let frames = vec![Frame { video_key: "v".into(), frame: 0, path: "v/0".into() }];
        let select =
            |rule, kind| select("d", (rule, Origin::DEFAULT), &[video(kind)], frames.clone());
        assert!(matches!(select(fps(1.0), MediaKind::Frames), Err(DataError::NoTimes { .. })));
        assert!(matches!(select(fps(1.0), MediaKind::Image), Err(DataError::NoTimes { .. })));
        assert_eq!(select(fps(1.0), MediaKind::Demo).unwrap(), frames);
        for rule in [fps(0.0), fps(f64::NAN), every(0), count(0)] {
            assert!(
                matches!(select(rule, MediaKind::Demo), Err(DataError::Rule { .. })),
                "{rule:?}"
            );
        }
    }

    proptest! {
        #[test]
        fn a_count_is_met_and_spread_evenly(n in 1u32..40, length in 1u32..200) {
            let frames = picked(count(n), length);
            prop_assert_eq!(frames.len() as u32, n.min(length));
            prop_assert_eq!(frames[0], 0);
            if n > 1 {
                prop_assert_eq!(frames[frames.len() - 1], length - 1);
                let steps: Vec<u32> = frames.windows(2).map(|w| w[1] - w[0]).collect();
                let (low, high) = (steps.iter().min(), steps.iter().max());
                prop_assert!(high.unwrap_or(&0) - low.unwrap_or(&0) <= 1);
            }
        }
    }
}
