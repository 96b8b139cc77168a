//! Proofmark turns a deepfake-detection paper into a handful of KDL files and
//! regenerates its tables.

pub mod cli;
pub mod data;
pub mod engine;
pub mod evaluate;
mod foreign;
pub mod guard;
pub mod lang;
pub mod model;
pub mod names;
pub mod parquet;
pub mod picture;
pub mod plan;
pub mod prepare;
pub mod report;
pub mod rng;
pub mod seal;
pub mod show;
pub mod store;
mod tar_members;
pub mod train;
mod wide;
pub mod work;
