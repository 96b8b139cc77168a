//! Common corruptions: what is done to faces before they are scored, to see how a model
//! bears it.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

/// A corruption of a strength.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Corruption {
    /// What is done.
    pub kind: CorruptionKind,
    /// How strongly, in the unit of the kind.
    pub at: f64,
}

/// Kinds of corruption.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CorruptionKind {
    /// JPEG of a quality from 1 to 100.
    Jpeg,
    /// Made smaller, to this fraction of its side, and as large as before again.
    Resize,
    /// Gaussian blur; standard deviation in pixels of the stored face.
    Blur,
    /// Gaussian noise; standard deviation in grey levels, of 0 to 255.
    Noise,
}

// Strengths are finite: the language allows no others.
impl Eq for Corruption {}

impl Ord for Corruption {
    fn cmp(&self, other: &Self) -> Ordering {
        self.kind.cmp(&other.kind).then(self.at.total_cmp(&other.at))
    }
}

impl PartialOrd for Corruption {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl CorruptionKind {
    /// What its strength is, for the axis of a plot.
    pub fn axis(self) -> &'static str {
        match self {
            Self::Jpeg => "JPEG quality",
            Self::Resize => "size, % of the side",
            Self::Blur => "blur, pixels",
            Self::Noise => "noise, grey levels",
        }
    }
}

impl Corruption {
    /// The strength as it is printed: `(%)50` is 50.
    pub fn strength(self) -> f64 {
        match self.kind {
            CorruptionKind::Resize => (self.at * 1e8).round() / 1e6,
            CorruptionKind::Jpeg | CorruptionKind::Blur | CorruptionKind::Noise => self.at,
        }
    }
}

impl std::fmt::Display for Corruption {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let strength = self.strength();
        match self.kind {
            CorruptionKind::Jpeg => write!(f, "JPEG {strength}"),
            CorruptionKind::Resize => write!(f, "size {strength} %"),
            CorruptionKind::Blur => write!(f, "blur {strength}"),
            CorruptionKind::Noise => write!(f, "noise {strength}"),
        }
    }
}
