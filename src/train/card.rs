//! What a model's card says of faces: how those that it was trained on were found and cut.

use serde::{Deserialize, Serialize};

use proofmark_base::foreign::{Limits, within};
use proofmark_lang::limits::{CARD_FACE, COUNT, FPS, LONG_SIDE, MARGIN, MIN_FACE};
use proofmark_lang::model::{Dataset, Detector, FaceRule, FrameRule, Framing, Interpolation, Take};
use proofmark_prepare::cut::{Cut, filter_of};
use proofmark_prepare::detect::Options;

/// How the faces of some of the data sets were made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FaceCard {
    /// The data sets.
    pub datasets: Vec<String>,
    /// Which frames of a video.
    pub frames: FrameCard,
    /// How faces were found and cut; none where images are faces.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub search: Option<SearchCard>,
    /// Side of the stored faces in pixels.
    pub size: u32,
}

/// Which frames of a video.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FrameCard {
    /// Every frame.
    All,
    /// So many a second.
    Fps(f64),
    /// Every n-th.
    Every(u32),
    /// So many, evenly spaced.
    Count(u32),
}

/// How faces are found and cut.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SearchCard {
    /// Digest of the detector's weights, if they are not those that Proofmark carries.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weights: Option<String>,
    /// Smallest score of a face.
    pub score: f64,
    /// Overlap from which two boxes are one face.
    pub nms: f64,
    /// Shortest side of a box in pixels.
    pub min_face: u32,
    /// Longest side of a frame at detection in pixels; 0 for any.
    pub long_side: u32,
    /// Which of several faces.
    pub take: Take,
    /// Fraction by which the box grows.
    pub margin: f64,
    /// Whether it becomes a square.
    pub framing: Framing,
    /// How pixels are interpolated.
    pub filter: Interpolation,
}

impl FaceCard {
    /// As a data set declares it. `weights` is the digest of its detector's file.
    pub fn new(dataset: &Dataset, weights: Option<&str>) -> Self {
        let rule: &FaceRule = &dataset.faces;
        let frames = match dataset.frames {
            FrameRule::All => FrameCard::All,
            FrameRule::Fps { fps } => FrameCard::Fps(fps),
            FrameRule::Every { every } => FrameCard::Every(every),
            FrameRule::Count { count } => FrameCard::Count(count),
        };
        let search = SearchCard {
            weights: weights.map(str::to_owned),
            score: rule.score,
            nms: rule.nms,
            min_face: rule.min_face,
            long_side: rule.long_side,
            take: rule.take,
            margin: rule.margin,
            framing: rule.framing,
            filter: rule.filter,
        };
        let found = match rule.detector {
            Detector::Retinaface => true,
            Detector::None => false,
        };
        let datasets = vec![dataset.name.clone()];
        Self { datasets, frames, search: found.then_some(search), size: rule.size }
    }

    /// Puts together what is the same but for the data sets, in the order of their names.
    pub fn merged(cards: impl IntoIterator<Item = Self>) -> Vec<Self> {
        let mut merged: Vec<Self> = Vec::new();
        for mut card in cards {
            let same = |other: &&mut Self| {
                (other.frames, &other.search, other.size) == (card.frames, &card.search, card.size)
            };
            match merged.iter_mut().find(same) {
                Some(other) => other.datasets.append(&mut card.datasets),
                None => merged.push(card),
            }
        }
        for card in &mut merged {
            card.datasets.sort_unstable();
            card.datasets.dedup();
        }
        merged.sort_by(|a, b| a.datasets.cmp(&b.datasets));
        merged
    }
}

impl Limits for FaceCard {
    fn check(&self) -> Result<(), String> {
        within("side of the faces", self.size as usize, &CARD_FACE)?;
        match self.frames {
            FrameCard::All => {}
            FrameCard::Fps(fps) if fps > 0.0 && fps <= FPS => {}
            FrameCard::Fps(fps) => {
                return Err(format!("{fps:?} frames a second are not up to {FPS}"));
            }
            FrameCard::Every(n) | FrameCard::Count(n) => {
                within("number of frames", n as usize, &COUNT)?;
            }
        }
        let Some(search) = &self.search else { return Ok(()) };
        within("smallest face", search.min_face as usize, &MIN_FACE)?;
        within("longest side of a frame", search.long_side as usize, &LONG_SIDE)?;
        for (what, value, most) in [
            ("score of a face", search.score, 1.0),
            ("overlap of two faces", search.nms, 1.0),
            ("margin of a face", search.margin, MARGIN),
        ] {
            if !(0.0..=most).contains(&value) {
                return Err(format!("its {what} is {value:?}, which is not from 0 to {most}"));
            }
        }
        Ok(())
    }
}

impl FrameCard {
    /// The rule that preparation takes.
    pub fn rule(self) -> FrameRule {
        match self {
            Self::All => FrameRule::All,
            Self::Fps(fps) => FrameRule::Fps { fps },
            Self::Every(every) => FrameRule::Every { every },
            Self::Count(count) => FrameRule::Count { count },
        }
    }
}

impl SearchCard {
    /// Thresholds of the detector.
    pub fn options(&self) -> Options {
        Options {
            score: self.score as f32,
            nms: self.nms as f32,
            min_side: self.min_face as f32,
            long_side: self.long_side,
        }
    }

    /// How a box is cut to this side.
    pub fn cut(&self, side: u32) -> Cut {
        Cut { margin: self.margin, framing: self.framing, filter: filter_of(self.filter), side }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_sets_that_are_cut_alike_are_one() {
        let card = |dataset: &str, size| FaceCard {
            datasets: vec![dataset.to_owned()],
            frames: FrameCard::Count(8),
            search: None,
            size,
        };
        let merged = FaceCard::merged([card("b", 64), card("c", 96), card("a", 64), card("b", 64)]);
        let names: Vec<_> =
            merged.iter().map(|card| (card.datasets.join(","), card.size)).collect();
        assert_eq!(names, [("a,b".to_owned(), 64), ("c".to_owned(), 96)]);
        let text = serde_json::to_string(&merged[1]).unwrap();
        assert_eq!(text, r#"{"datasets":["c"],"frames":{"count":8},"size":96}"#);
        assert_eq!(serde_json::from_str::<FaceCard>(&text).unwrap(), merged[1]);
    }
}
