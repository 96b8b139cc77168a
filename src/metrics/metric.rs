//! What a metric is: its words, the number it needs, and how it is computed.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

use serde::{Serialize, Serializer};

use super::ranking::{Ranking, Undefined};
use super::replica::{Item, Resampled};

/// All there is to know of a metric.
pub struct Definition {
    /// Its word in the language and in files, as `balanced-accuracy`.
    pub word: &'static str,
    /// What it is, after its word in the language's documentation.
    pub doc: &'static str,
    /// How it is computed, after its name on a page.
    pub method: &'static str,
    /// Its name for readers, with the number that it needs, if there is one.
    pub label: fn(Option<f64>) -> String,
    /// The number that it needs.
    pub needs: Option<Needed>,
    /// Its least and its greatest value.
    pub range: [f64; 2],
    /// Whether lower values are better.
    pub lower_is_better: bool,
    /// Whether it has no value on reals alone or on fakes alone.
    pub needs_both_classes: bool,
    /// Its value, as a fraction, given the number that it needs.
    pub value: fn(&Ranking, f64) -> Result<f64, Undefined>,
    /// Whether it depends on which samples there are.
    pub varies: fn(&Ranking, f64) -> bool,
    /// How it is computed of any draw of the items' videos.
    pub resampled: fn(&[Item], f64) -> Resampled,
}

/// A number that a metric needs, and what the documentation says of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Needed {
    /// Which number.
    pub number: Number,
    /// What is said of it in the language's documentation.
    pub doc: &'static str,
}

/// Kinds of number that a metric may need.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Number {
    /// The score from which a sample is called fake.
    Threshold,
    /// The false-positive rate allowed.
    Fpr,
    /// The number of bins.
    Bins,
}

impl Number {
    /// What it is, for readers.
    pub fn name(self) -> &'static str {
        match self {
            Self::Threshold => "threshold",
            Self::Fpr => "false-positive rate",
            Self::Bins => "number of bins",
        }
    }
}

/// A metric. Two are the same if their words are.
#[derive(Clone, Copy)]
pub struct Metric(pub(crate) &'static Definition);

impl std::ops::Deref for Metric {
    type Target = Definition;

    fn deref(&self) -> &Definition {
        self.0
    }
}

impl Metric {
    /// The metric of a word.
    pub fn of(word: &str) -> Option<Self> {
        super::ALL.iter().copied().find(|metric| metric.word == word)
    }

    /// Its word, and what it is.
    pub const fn words(self) -> (&'static str, &'static str) {
        (self.0.word, self.0.doc)
    }

    /// The number that it needs.
    pub const fn needed(self) -> Option<Needed> {
        self.0.needs
    }

    /// Its key in JSON.
    pub fn key(self) -> String {
        self.word.replace('-', "_")
    }

    fn place(self) -> Option<usize> {
        super::ALL.iter().position(|metric| metric.word == self.word)
    }
}

impl fmt::Debug for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word)
    }
}

impl PartialEq for Metric {
    fn eq(&self, other: &Self) -> bool {
        self.word == other.word
    }
}

impl Eq for Metric {}

impl PartialOrd for Metric {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Metric {
    fn cmp(&self, other: &Self) -> Ordering {
        self.place().cmp(&other.place())
    }
}

impl Hash for Metric {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.word.hash(state);
    }
}

impl Serialize for Metric {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.word)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{ACCURACY, ALL, AUC};
    use super::*;

    #[test]
    fn words_lead_to_their_metrics_and_no_two_are_alike() {
        for (place, metric) in ALL.iter().enumerate() {
            assert_eq!(Metric::of(metric.word), Some(*metric));
            assert_eq!(metric.place(), Some(place), "{metric:?} twice");
            assert!(!metric.doc.is_empty() && !metric.method.is_empty());
        }
        assert_eq!(Metric::of("acc"), None);
        assert!(AUC < ACCURACY);
    }
}
