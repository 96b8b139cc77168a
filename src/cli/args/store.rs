//! The options of `export`, `embeddings`, `ls` and `gc`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::cluster::OnArgs;
use super::shared::{Format, StoreArgs};
use crate::engine::asked::Asked;
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

/// `embeddings`.
#[derive(Debug, Args)]
pub struct EmbeddingsArgs {
    /// The experiment file
    pub file: PathBuf,
    /// Where results are kept
    #[command(flatten)]
    pub store: StoreArgs,
    /// Of this experiment alone
    #[arg(long, value_name = "NAME")]
    pub experiment: Option<String>,
    /// Of this data set alone
    #[arg(long, value_name = "NAME")]
    pub dataset: Option<String>,
    /// Of this split of the data sets that tables score and models train on, rather than of what
    /// tables score
    #[arg(long, value_enum)]
    pub split: Option<SplitName>,
    /// Where the files are written, one for each experiment and data set
    ///
    /// With `--on` a cluster, by the command that finds all of it in the store.
    #[arg(long, default_value = "embeddings", value_name = "DIR")]
    pub out: PathBuf,
    /// What to compute on: auto, cpu, cuda:N, or cuda, which is all GPUs; stands above what recipes say
    #[arg(long, env = "PROOFMARK_DEVICE")]
    pub device: Option<Asked>,
    /// Models trained and embedded at a time; one per core when all are small, else one; with `--device cuda` one per GPU
    #[arg(long, value_name = "N")]
    pub jobs: Option<usize>,
    /// Where it is carried out
    #[command(flatten)]
    pub cluster: OnArgs,
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
    /// Only of this kind: faces, landmarks, sample, train, predict or embed
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
    /// Remove what is needed no more
    #[arg(long)]
    pub delete: bool,
}
