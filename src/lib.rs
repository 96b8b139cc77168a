//! Proofmark turns a deepfake-detection paper into a handful of KDL files and
//! regenerates its tables.

pub mod cli;
pub mod engine;

pub use proofmark_base::{
    approx, foreign, fused, guard, math, product, rng, seal, store, tar_members, wide, width, work,
};
pub use proofmark_data as data;
pub use proofmark_evaluate as evaluate;
pub use proofmark_lang as lang;
pub use proofmark_model as model;
pub use proofmark_parquet as parquet;
pub use proofmark_picture as picture;
pub use proofmark_plan as plan;
pub use proofmark_prepare as prepare;
pub use proofmark_report as report;
pub use proofmark_text::{names, show};
pub use proofmark_train as train;
