//! The options of `score` and `metrics`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::shared::{Format, StoreArgs};
use crate::engine::asked::Asked;
use proofmark_lang::model::Pooling;

/// `score`.
#[derive(Debug, Args)]
pub struct ScoreArgs {
    /// Photographs, videos or face crops, or folders of them
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Which model
    #[command(flatten)]
    pub model: ModelArgs,
    /// Where results are kept
    #[command(flatten)]
    pub store: StoreArgs,
    /// Where faces come from
    #[arg(long, value_enum, default_value = "as-trained")]
    pub faces: FacesFrom,
    /// Cut faces as those of this data set, if the model was trained on several kinds
    #[arg(long, value_name = "DATASET")]
    pub like: Option<String>,
    /// Weights of the face detector, if the model's faces were found with weights of one's own
    #[arg(long, value_name = "FILE")]
    pub detector: Option<PathBuf>,
    /// How the faces of a file make its score: `mean`, `max`, or the mean of the `N` highest
    #[arg(long, default_value = "mean", value_name = "RULE", value_parser = video_score)]
    pub video_score: Pooling,
    /// Score from which a file is called fake
    #[arg(long, default_value_t = 0.5, value_name = "SCORE", value_parser = fraction)]
    pub threshold: f64,
    /// How scores are printed
    #[arg(long, value_enum, default_value = "text")]
    pub format: ScoreFormat,
    /// What to compute on: auto, cpu or cuda:N
    ///
    /// `auto` is the first GPU that this build can use, else the processor; `cuda` is the first, too, and an
    /// error without one. A GPU needs a build with `--features cuda`.
    #[arg(long, env = "PROOFMARK_DEVICE", default_value = "auto")]
    pub device: Asked,
}

/// Which model scores.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct ModelArgs {
    /// A model that Proofmark wrote (`model.safetensors`)
    #[arg(long, value_name = "FILE")]
    pub checkpoint: Option<PathBuf>,
    /// An experiment whose model is in the store
    #[arg(long, value_name = "NAME")]
    pub experiment: Option<String>,
}

/// Where faces come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FacesFrom {
    /// As those that the model was trained on
    AsTrained,
    /// Every image, or frame of a video, is a face that was cut already
    Given,
    /// They are looked for, also if the model does not say how
    Detect,
}

/// Formats of scores.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ScoreFormat {
    /// A line for each file and each face that was found
    Text,
    /// A row for each face
    Csv,
    /// For programs
    Json,
}

/// `metrics`.
#[derive(Debug, Args)]
pub struct MetricsArgs {
    /// A CSV (also `.csv.gz`, UTF-16, semicolons or tabs) or Parquet file, one row per frame or
    /// video
    pub file: PathBuf,
    /// Column of the score: higher means more likely fake
    #[arg(long, value_name = "COLUMN")]
    pub score: String,
    /// Column of the label
    #[arg(long, value_name = "COLUMN")]
    pub label: String,
    /// Column of the video; given several times, the columns that name it together
    #[arg(long, value_name = "COLUMN")]
    pub video: Vec<String>,
    /// Label value that means fake
    #[arg(long, value_name = "VALUE")]
    pub fake_is: Option<String>,
    /// Column whose values are groups with metrics of their own; one of fakes alone is
    /// compared with all reals
    #[arg(long, value_name = "COLUMN")]
    pub by: Option<String>,
    /// Score from which a row is called fake, 0.5 unless given
    #[arg(long, value_name = "SCORE")]
    pub threshold: Option<f64>,
    /// False-positive rate at which the true-positive rate is told
    #[arg(long, default_value_t = 0.01, value_name = "RATE", value_parser = fraction)]
    pub fpr: f64,
    /// Bins of the calibration error
    #[arg(long, default_value_t = 15, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub bins: u32,
    /// How the rows of a video make its score: `mean`, `max`, or the mean of the `N` highest
    #[arg(long, default_value = "mean", value_name = "RULE", value_parser = video_score)]
    pub video_score: Pooling,
    /// Add 95 % intervals from this many draws of videos
    #[arg(long, value_name = "DRAWS", value_parser = clap::value_parser!(u32).range(100..=1_000_000))]
    pub bootstrap: Option<u32>,
    /// Leave out the metrics of single rows
    #[arg(long, requires = "video")]
    pub only_videos: bool,
    /// How metrics are printed
    #[arg(long, value_enum, default_value = "text")]
    pub format: Format,
}

fn fraction(text: &str) -> Result<f64, String> {
    let number: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    if (0.0..=1.0).contains(&number) { Ok(number) } else { Err("not from 0 to 1".to_owned()) }
}

fn video_score(text: &str) -> Result<Pooling, String> {
    match (text, text.parse()) {
        ("mean", _) => Ok(Pooling::Mean),
        ("max", _) => Ok(Pooling::Max),
        (_, Ok(n)) if n > 0 => Ok(Pooling::Top(n)),
        _ => Err("not `mean`, `max` or a number of rows".to_owned()),
    }
}
