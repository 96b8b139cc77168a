//! What a metric is: its words, the number it needs, and how it is computed.

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

proofmark_base::listed! {
    /// A metric.
    pub struct Metric of Definition in super::ALL, "metric"
}

impl Metric {
    /// Its key in JSON.
    pub fn key(self) -> String {
        self.word.replace('-', "_")
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
