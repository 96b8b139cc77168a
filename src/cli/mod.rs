//! The command line: one file per verb.

pub mod args;
pub mod exit;
pub mod output;
pub mod progress;
