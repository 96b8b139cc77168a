//! A metric with its number, and what it is of scores and of resampled videos.

use super::metric::Metric;
use super::ranking::{Ranking, Undefined};
use super::replica::{Item, Replica};

/// A metric together with the number it needs; zero where it needs none.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measure {
    /// The metric.
    pub metric: Metric,
    /// Its number.
    pub number: f64,
}

impl From<Metric> for Measure {
    /// A metric that needs no number.
    ///
    /// # Panics
    /// If it needs one: zero would be a number that nobody chose. Use [`Metric::at`].
    fn from(metric: Metric) -> Self {
        assert!(metric.needs.is_none(), "{metric:?} needs a number");
        Self { metric, number: 0.0 }
    }
}

impl Metric {
    /// The metric with the number it needs.
    pub fn at(self, number: f64) -> Measure {
        Measure { metric: self, number }
    }
}

impl Ranking {
    /// A metric, as a fraction.
    ///
    /// # Errors
    /// [`Undefined`] says why there is no value.
    pub fn measure(&self, measure: impl Into<Measure>) -> Result<f64, Undefined> {
        let Measure { metric, number } = measure.into();
        (metric.value)(self, number)
    }

    /// Whether a metric depends on which samples there are: not where all have one score, and
    /// not where a threshold calls all of them by one name.
    pub fn varies(&self, measure: impl Into<Measure>) -> bool {
        let Measure { metric, number } = measure.into();
        (metric.varies)(self, number)
    }
}

impl Replica {
    /// Prepares a metric of items, in any order.
    pub fn new(items: &[Item], measure: impl Into<Measure>) -> Self {
        let Measure { metric, number } = measure.into();
        Self::of(items, (metric.resampled)(items, number))
    }
}
