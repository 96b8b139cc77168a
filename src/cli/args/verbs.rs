//! The verbs and their options.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use super::cluster::{CancelArgs, LogsArgs, OnArgs, StatusArgs, WorkArgs};
use super::score::{MetricsArgs, ScoreArgs};
use super::shared::{Format, StoreArgs};
use super::store::{EmbeddingsArgs, ExportArgs, GcArgs, LsArgs};
use crate::engine::asked::Asked;
use proofmark_prepare::store::Share;

/// Turns a deepfake-detection paper into a handful of KDL files and regenerates its
/// tables.
///
/// Data go to stdout, everything else to stderr. Exit codes: 0 ok, 2 usage, 10 invalid
/// experiment, 11 data missing or changed, 12 over budget, 20 a run failed, 21 interrupted (the same
/// command goes on from there), 30 a table differs from the committed one, 31 a claim does
/// not hold, 32 a claim cannot be decided.
#[derive(Debug, Parser)]
#[command(name = "proofmark", version, max_term_width = 100)]
pub struct Cli {
    /// Print errors and data only
    #[arg(long, short, global = true)]
    pub quiet: bool,
    /// Tell on stderr what is decided and why: of each stage, and with -vv of each file
    #[arg(long, short, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// What to do
    #[command(subcommand)]
    pub verb: Verb,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Find every error of an experiment file and its imports, without touching data
    Check(CheckArgs),
    /// Say which stages would run, which are reused, and why
    Plan(PlanArgs),
    /// Print what there is of the data sets beside what is published; runs nothing
    Data(DataArgs),
    /// Cut and store the faces of the data sets
    Prepare(PrepareArgs),
    /// Prepare, then train the experiments
    Train(RunArgs),
    /// Prepare, train, then score the test sets
    Evaluate(RunArgs),
    /// Print the tables from finished results; runs nothing
    Table(TableArgs),
    /// Recompute published sums and averages, decide claims by published numbers; needs no data
    Audit(AuditArgs),
    /// Do everything that is not in the store yet, then print and write the tables
    Run(ReportArgs),
    /// Say what became of what was submitted to a cluster
    Status(StatusArgs),
    /// Print what jobs of a cluster printed: those that failed, or of one stage
    Logs(LogsArgs),
    /// Take what was submitted of a file out of the queue
    Cancel(CancelArgs),
    /// Make one stage of a submitted plan: what a job of a cluster does
    #[command(hide = true)]
    Work(WorkArgs),
    /// Draw pseudo-fakes of an experiment as training sees them, to look at
    Gallery(GalleryArgs),
    /// Score photographs, videos or face crops with a trained model
    Score(ScoreArgs),
    /// Write keys of videos, or scores, as CSV, for other programs; runs nothing
    Export(ExportArgs),
    /// Write embeddings of faces as Parquet; does what they need and is not in the store yet
    Embeddings(EmbeddingsArgs),
    /// List what the store holds, and how much
    Ls(LsArgs),
    /// Say what of the store is needed no more; remove it if told to
    ///
    /// Besides results: plans that were submitted to clusters, with their arrays and tries, unless they
    /// were the last of a file, or are in the queue.
    Gc(GcArgs),
    /// Compute metrics of anybody's CSV or Parquet file of scores
    Metrics(MetricsArgs),
    /// Put experiment, scores, digests and tables into one archive
    Pack(PackArgs),
    /// Rebuild the tables of a pack, without data or training, and compare them with it
    Replay(ReplayArgs),
    /// Say what two experiment files, or two packs, mean differently
    Diff(DiffArgs),
    /// Say what this machine computes with, and whether its bits are those of every machine
    Doctor(DoctorArgs),
    /// Explain an error code or an exit code
    Explain(ExplainArgs),
    /// Lay out experiment files in the standard style
    Fmt(FmtArgs),
}

/// `check`.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// Experiment files
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// How diagnostics are printed
    #[arg(long, value_enum, default_value = "text")]
    pub format: Format,
}

/// `plan`.
#[derive(Debug, Args)]
pub struct PlanArgs {
    /// The experiment file
    pub file: PathBuf,
    /// Where results are kept
    #[command(flatten)]
    pub store: StoreArgs,
    /// List every stage, also those that are reused
    #[arg(long)]
    pub all: bool,
    /// How the plan is printed
    #[arg(long, value_enum, default_value = "text")]
    pub format: Format,
}

/// `data`.
#[derive(Debug, Args)]
pub struct DataArgs {
    /// The experiment file, or a file of data sets
    pub file: PathBuf,
    /// Where results are kept
    #[command(flatten)]
    pub store: StoreArgs,
    /// How statistics are printed
    #[arg(long, value_enum, default_value = "text")]
    pub format: StatisticsFormat,
    /// Draw the statistics of one prepared data set by label, as SVG
    #[arg(long, value_name = "DATASET", conflicts_with = "format")]
    pub figure: Option<String>,
    /// Write to a file instead of stdout
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// `gallery`.
#[derive(Debug, Args)]
pub struct GalleryArgs {
    /// The experiment file
    pub file: PathBuf,
    /// The experiment; the first that trains on pseudo-fakes if absent
    pub experiment: Option<String>,
    /// Where results are kept
    #[command(flatten)]
    pub store: StoreArgs,
    /// The PNG file to write
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// Pairs in a row
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=64))]
    pub columns: u32,
    /// Rows of pairs
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=64))]
    pub rows: u32,
    /// The epoch that samples are drawn for, from 1
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    pub epoch: u32,
}

/// Formats of statistics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum StatisticsFormat {
    /// Aligned text
    Text,
    /// Markdown
    Markdown,
    /// LaTeX (booktabs)
    Latex,
    /// CSV, one line per number
    Csv,
    /// JSON
    Json,
}

/// `run` and its parts.
#[derive(Debug, Args)]
pub struct RunArgs {
    /// The experiment file
    pub file: PathBuf,
    /// Where results are kept
    #[command(flatten)]
    pub store: StoreArgs,
    /// Where tables are written
    #[arg(long, default_value = "reports", value_name = "DIR")]
    pub reports: PathBuf,
    /// What to compute on: auto, cpu, cuda:N, or cuda, which is all GPUs
    ///
    /// Stands above what recipes say. `auto` is the first GPU that this build can use, else
    /// the processor. Of all GPUs each trains or scores a model at a time. A GPU needs a build with
    /// `--features cuda`.
    #[arg(long, env = "PROOFMARK_DEVICE")]
    pub device: Option<Asked>,
    /// Models trained and scored at a time; one per core when all are small, else one; with `--device cuda` one per GPU
    #[arg(long, value_name = "N")]
    pub jobs: Option<usize>,
    /// Stop at the first stage that fails
    ///
    /// Without it everything that does not need the failed stage is made all the same.
    #[arg(long)]
    pub fail_fast: bool,
    /// Where it is carried out
    #[command(flatten)]
    pub cluster: OnArgs,
}

/// `run`.
#[derive(Debug, Args)]
pub struct ReportArgs {
    /// What it has in common with `train`
    #[command(flatten)]
    pub run: RunArgs,
    /// Show on the page a face of each video that a row has most wrong
    ///
    /// Faces of people leave the store this way; see what the licence of a data set allows before
    /// you hand the page on.
    #[arg(long)]
    pub faces: bool,
    /// Show on the page how fast each row was scored: faces and videos a second
    #[arg(long)]
    pub speed: bool,
}

/// `prepare`.
#[derive(Debug, Args)]
pub struct PrepareArgs {
    /// What it has in common with `run`
    #[command(flatten)]
    pub run: RunArgs,
    /// Prepare a share of the videos, such as 3/8, the third of eight
    ///
    /// Several machines prepare one store, each its own share; the last to end puts the parts
    /// together. Without it, what shares have left undone is done.
    #[arg(long, value_name = "I/N", conflicts_with = "on")]
    pub shard: Option<Share>,
}

/// `table`.
#[derive(Debug, Args)]
pub struct TableArgs {
    /// The experiment file
    pub file: PathBuf,
    /// Where results are kept
    #[command(flatten)]
    pub store: StoreArgs,
    /// How tables are printed
    #[arg(long, value_enum, default_value = "text")]
    pub format: TableFormat,
    /// Show on the page of `--format html` a face of each video that a row has most wrong
    ///
    /// Faces of people leave the store this way; see what the licence of a data set allows before
    /// you hand the page on.
    #[arg(long)]
    pub faces: bool,
    /// Show on the page of `--format html` how fast each row was scored: faces and videos a second
    #[arg(long)]
    pub speed: bool,
    /// Compare with the committed tables and print the differences
    ///
    /// Structure exactly, numbers within the `tolerance` of the table. Exit code 30 if
    /// anything differs.
    #[arg(long)]
    pub check: bool,
    /// Where the committed tables are, as NAME.csv
    #[arg(long, default_value = "reports", value_name = "DIR")]
    pub reports: PathBuf,
    /// Write the claims, and with --check the comparison, as JUnit XML
    #[arg(long, value_name = "FILE")]
    pub junit: Option<PathBuf>,
    /// Print what does not hold as annotations of GitHub's
    #[arg(long)]
    pub github: bool,
}

/// `pack`.
#[derive(Debug, Args)]
pub struct PackArgs {
    /// The experiment file
    pub file: PathBuf,
    /// Where results are kept
    #[command(flatten)]
    pub store: StoreArgs,
    /// The archive [default: DIR/FILE.tar.zst of --reports]
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Where reports are written
    #[arg(long, default_value = "reports", value_name = "DIR")]
    pub reports: PathBuf,
}

/// `replay`.
#[derive(Debug, Args)]
pub struct ReplayArgs {
    /// The archive that `pack` wrote
    pub pack: PathBuf,
    /// Write the rebuilt tables in every format to this folder
    #[arg(long, value_name = "DIR")]
    pub reports: Option<PathBuf>,
}

/// `audit`.
#[derive(Debug, Args)]
pub struct AuditArgs {
    /// The experiment file
    pub file: PathBuf,

    /// Say which claims test sets of the published sizes can decide, and from which correlation of
    /// two rows on
    #[arg(long)]
    pub power: bool,
}

/// Formats of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TableFormat {
    /// Aligned text
    Text,
    /// Markdown
    Markdown,
    /// LaTeX (booktabs)
    Latex,
    /// CSV, one line per cell
    Csv,
    /// JSON
    Json,
    /// A self-contained page
    Html,
}

/// `diff`.
#[derive(Debug, Args)]
pub struct DiffArgs {
    /// An experiment file, or a pack
    pub first: PathBuf,
    /// Another one
    pub second: PathBuf,
    /// How differences are printed
    #[arg(long, value_enum, default_value = "text")]
    pub format: Format,
}

/// `doctor`.
#[derive(Debug, Args)]
pub struct DoctorArgs {
    /// Compute small samples of all arithmetic in every width and on 1, 2 and 3 threads, and compare
    /// their digests with those that every machine gives (exit 30 where they differ)
    #[arg(long)]
    pub bits: bool,
    /// Print this machine's digests alone
    #[arg(long, conflicts_with = "bits")]
    pub digests: bool,
}

/// `explain`.
#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// A code such as `unknown-key`, or an exit code such as `11`; all codes when absent
    pub code: Option<String>,
}

/// `fmt`.
#[derive(Debug, Args)]
pub struct FmtArgs {
    /// Experiment files
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Change nothing; fail if a file is not laid out yet
    #[arg(long)]
    pub check: bool,
}
