//! Metrics of a binary detector, a file each, and the list of them all.
//!
//! Fake is the positive class and a score is P(fake), so higher means more fake. A metric is one
//! constant of type [`Definition`]: its words in the language, in files and in reports, what number it
//! needs, which way is better, and how it is computed of a [`Ranking`] and of resampled videos. The
//! language, its documentation, `metrics`, tables, pages and tests read [`ALL`]; nothing else has to be
//! told of a new one.

mod accuracy;
mod alike;
mod auc;
mod average_precision;
mod balanced_accuracy;
mod brier;
mod curve;
mod ece;
mod eer;
mod matthews;
mod measure;
mod metric;
mod ranking;
mod replica;
mod resample;
mod tpr;

pub use accuracy::ACCURACY;
pub use alike::{alike, reaches, unify};
pub use auc::AUC;
pub use average_precision::AVERAGE_PRECISION;
pub use balanced_accuracy::BALANCED_ACCURACY;
pub use brier::BRIER;
pub use curve::Point;
pub use ece::{ECE, bin};
pub use eer::EER;
pub use matthews::MATTHEWS;
pub use measure::Measure;
pub use metric::{Definition, Metric, Needed, Number};
pub use ranking::{BadScore, Ranking, Undefined};
pub use replica::{Item, Replica};
pub use resample::{Counts, LANES, Stratum, as_it_is};
pub use tpr::TPR;

/// All metrics, in the order in which documentation and files list them.
pub const ALL: &[Metric] =
    &[AUC, BALANCED_ACCURACY, EER, AVERAGE_PRECISION, ACCURACY, TPR, BRIER, ECE, MATTHEWS];

#[cfg(test)]
mod tests;
