//! The command line: one file per verb.

pub mod args;
mod audit;
mod carry_out;
mod check;
mod claims;
mod clusters;
mod data;
mod diff;
mod doctor;
mod embeddings;
pub mod exit;
mod explain;
mod export;
mod fmt;
mod gallery;
mod gc;
mod lines;
mod ls;
mod metrics;
mod on;
mod output;
mod pack;
mod plan;
mod progress;
mod project;
mod run;
mod run_progress;
mod score;
mod status;
mod table;
mod told;
mod usage;
mod verbose;
mod work;

pub use carry_out::main;
pub use usage::usage;
