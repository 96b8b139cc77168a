//! Options that several verbs have.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// Where results are kept.
#[derive(Clone, Debug, Args)]
pub struct StoreArgs {
    /// Folder of the content-addressed store
    #[arg(long, env = "PROOFMARK_STORE", default_value = ".proofmark", value_name = "DIR")]
    pub store: PathBuf,
}

/// Text for people or JSON for programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people
    Text,
    /// For programs
    Json,
}
