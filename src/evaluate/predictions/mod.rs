//! Predictions: one row per scored face, in Parquet.
//!
//! | column | type | meaning |
//! |---|---|---|
//! | `dataset` | string | name of the data set |
//! | `video_key` | string | the video, unique within its data set |
//! | `frame` | u32 | frame of the video, from 0 |
//! | `face` | u32 | face of the frame, from 0 |
//! | `label` | string | `real` or `fake` |
//! | `method` | string, nullable | manipulation of a fake, where known |
//! | `family` | string, nullable | its family, where known |
//! | `area` | f32, nullable | area of the face's box in pixels of its frame, where a detector found it |
//! | `p_<class>` | f32 | probability of each class of training, `p_real` first |
//! | `score` | f64 | P(fake): the probabilities of all classes but `real`, added |

mod error;
mod read;
mod row;
mod write;

pub use error::PredictionsError;
pub use read::{Predictions, read};
pub use row::Prediction;
pub use write::{PredictionsWriter, write};

#[cfg(test)]
mod tests;
