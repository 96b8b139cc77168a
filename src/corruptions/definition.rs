//! What a corruption is: its words, the number that says how strong it is, and what it does.

use proofmark_base::rng::Rng;
use serde::{Deserialize, Serialize};

use proofmark_picture::Pixels;

/// All there is to know of a kind of corruption.
pub struct Definition {
    /// Its word in the language, as `jpeg`.
    pub word: &'static str,
    /// What it does, after its word in the language's documentation.
    pub doc: &'static str,
    /// What its list of strengths says, before that list in the documentation.
    pub at: &'static str,
    /// The number that says how strong it is.
    pub strength: Strength,
    /// What it does, as the note below a table says it.
    pub method: &'static str,
    /// What its strength is, for the axis of a plot.
    pub axis: &'static str,
    /// What a table calls it, before the strength as it is printed, and after it.
    pub label: [&'static str; 2],
    /// Raised when it makes other images than before, whose scores are then made again.
    pub version: u32,
    /// Changes a square image. What is random is drawn from the numbers of the face, which are the same
    /// for every model.
    pub apply: fn(&Pixels, f64, &mut Rng) -> Pixels,
}

/// How strong a corruption is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Strength {
    /// The name of the node that states one, and of its argument.
    pub name: &'static str,
    /// What it is and its unit, for the documentation.
    pub doc: &'static str,
    /// Which values it may have.
    pub values: Values,
}

/// The values that a strength may have.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Values {
    /// Whole numbers from the first to the second.
    Whole(u32, u32),
    /// Numbers from the first to the second.
    From(f64, f64),
    /// Numbers above 0, up to this one.
    UpTo(f64),
    /// A share, above 0 up to 1; printed in percent.
    Share,
}

proofmark_base::listed! {
    /// A kind of corruption.
    pub struct CorruptionKind of Definition in super::ALL, "corruption"
}

/// A corruption of a strength.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Corruption {
    /// What is done.
    pub kind: CorruptionKind,
    /// How strongly, in the unit of the kind.
    pub at: f64,
}

// Strengths are finite: the language allows no others.
impl Eq for Corruption {}

impl Ord for Corruption {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.kind.cmp(&other.kind).then(self.at.total_cmp(&other.at))
    }
}

impl PartialOrd for Corruption {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Corruption {
    /// The strength as it is printed: `(%)50` is 50.
    pub fn strength(self) -> f64 {
        match self.kind.strength.values {
            Values::Share => (self.at * 1e8).round() / 1e6,
            Values::Whole(..) | Values::From(..) | Values::UpTo(_) => self.at,
        }
    }

    /// A square image after it, with the random numbers of the face.
    pub fn apply(self, image: &Pixels, rng: &mut Rng) -> Pixels {
        (self.kind.apply)(image, self.at, rng)
    }
}

impl std::fmt::Display for Corruption {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [before, after] = self.kind.label;
        write!(f, "{before} {}{after}", self.strength())
    }
}
