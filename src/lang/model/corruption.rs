//! Common corruptions: what is done to faces before they are scored, to see how a model
//! bears it.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use crate::node::words;

/// A corruption of a strength.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Corruption {
    /// What is done.
    pub kind: CorruptionKind,
    /// How strongly, in the unit of the kind.
    pub at: f64,
}

words! {
    /// Kinds of corruption.
    pub enum CorruptionKind {
        /// compressed as JPEG, 4:2:0
        Jpeg = "jpeg",
        /// made smaller and as large as before again, bicubic
        Resize = "resize",
        /// Gaussian blur
        Blur = "blur",
        /// Gaussian noise on each channel, the same for every row
        Noise = "noise",
    }
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
