//! The options of what a cluster carries out: `--on`, `status`, `logs`, `cancel`, and `work`, which a
//! job is.

use std::path::PathBuf;

use clap::Args;

use super::shared::{Format, StoreArgs};
use crate::engine::asked::Asked;

/// Where a run is carried out.
#[derive(Debug, Default, Args)]
pub struct OnArgs {
    /// Carry it out on a cluster of the clusters file
    ///
    /// Submits what is not in the store and not in the queue, and ends. The same command is also how
    /// it goes on: nothing is submitted twice.
    #[arg(long, value_name = "CLUSTER")]
    pub on: Option<String>,
    /// The file that declares clusters [default: clusters.kdl in the user's configuration folder]
    #[arg(long, env = "PROOFMARK_CLUSTERS", value_name = "FILE")]
    pub clusters: Option<PathBuf>,
    /// Print the batch scripts, and submit nothing
    #[arg(long, requires = "on")]
    pub dry_run: bool,
    /// Follow what was submitted until it has ended
    #[arg(long, requires = "on", conflicts_with = "dry_run")]
    pub wait: bool,
}

/// `status`.
#[derive(Debug, Args)]
pub struct StatusArgs {
    /// The experiment file that was submitted
    pub file: PathBuf,
    /// Where results are kept
    #[command(flatten)]
    pub store: StoreArgs,
    /// List every stage, also those that are done
    #[arg(long)]
    pub all: bool,
    /// How it is printed
    #[arg(long, value_enum, default_value = "text")]
    pub format: Format,
    /// Print it again until all has ended
    #[arg(long, conflicts_with = "format")]
    pub watch: bool,
}

/// `logs`.
#[derive(Debug, Args)]
pub struct LogsArgs {
    /// The experiment file that was submitted
    pub file: PathBuf,
    /// The stage, such as `train fsfm` or `fsfm`; what failed if absent
    pub stage: Option<String>,
    /// Where results are kept
    #[command(flatten)]
    pub store: StoreArgs,
}

/// `cancel`.
#[derive(Debug, Args)]
pub struct CancelArgs {
    /// The experiment file that was submitted
    pub file: PathBuf,
    /// Where results are kept
    #[command(flatten)]
    pub store: StoreArgs,
}

/// `work`.
#[derive(Debug, Args)]
pub struct WorkArgs {
    /// Where results are kept
    #[command(flatten)]
    pub store: StoreArgs,
    /// What to compute on: auto, cpu or cuda:N; cuda is the first GPU
    #[arg(long, env = "PROOFMARK_DEVICE")]
    pub device: Option<Asked>,
    /// The exit code of its processes, where they were several: says what becomes of the task
    #[arg(long, value_name = "CODE")]
    pub step_ended: Option<u8>,
    /// Name of the array
    pub array: String,
    /// Number of the task
    pub number: u32,
}
