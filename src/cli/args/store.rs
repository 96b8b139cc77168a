//! The options of `export`, `ls` and `gc`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::shared::{Format, StoreArgs};
use proofmark_lang::model::Split;

/// `export`.
#[derive(Debug, Args)]
pub struct ExportArgs {
    /// What is exported
    #[command(subcommand)]
    pub what: ExportWhat,
}

/// What is exported.
#[derive(Debug, Subcommand)]
pub enum ExportWhat {
    /// The keys of videos with split and label: what a file of another tool's scores calls them
    Keys(ExportOf),
    /// The scores of finished stages, a row for each face
    Predictions {
        /// What of it
        #[command(flatten)]
        of: ExportOf,
        /// Of this experiment alone
        #[arg(long, value_name = "NAME")]
        experiment: Option<String>,
    },
}

/// What of it.
#[derive(Debug, Args)]
pub struct ExportOf {
    /// The experiment file
    pub file: PathBuf,
    /// Where results are kept
    #[command(flatten)]
    pub store: StoreArgs,
    /// Of this data set alone
    #[arg(long, value_name = "NAME")]
    pub dataset: Option<String>,
    /// Of this split alone
    #[arg(long, value_enum)]
    pub split: Option<SplitName>,
    /// Write to a file instead of stdout
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// A split.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SplitName {
    /// Trained on
    Train,
    /// Selects the checkpoint
    Val,
    /// Reported
    Test,
}

impl From<SplitName> for Split {
    fn from(name: SplitName) -> Self {
        match name {
            SplitName::Train => Self::Train,
            SplitName::Val => Self::Val,
            SplitName::Test => Self::Test,
        }
    }
}

/// `ls`.
#[derive(Debug, Args)]
pub struct LsArgs {
    /// Where results are kept
    #[command(flatten)]
    pub store: StoreArgs,
    /// Only of this kind: faces, landmarks, sample, train or predict
    #[arg(long, value_name = "KIND")]
    pub stage: Option<String>,
    /// How it is printed
    #[arg(long, value_enum, default_value = "text")]
    pub format: Format,
}

/// `gc`.
#[derive(Debug, Args)]
pub struct GcArgs {
    /// Experiment files whose results stay: all that are still in use
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Where results are kept
    #[command(flatten)]
    pub store: StoreArgs,
    /// Remove what none of the files needs
    #[arg(long)]
    pub delete: bool,
}
