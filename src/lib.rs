//! Proofmark turns a deepfake-detection paper into a handful of KDL files and
//! regenerates its tables.

pub mod data;
pub mod evaluate;
pub mod lang;
pub mod report;
pub mod rng;
