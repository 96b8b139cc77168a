//! The particulars of a data error: what can be wrong with a file or a row of it, and the sentences
//! that are made of parts.

use std::fmt;
use std::path::Path;

use thiserror::Error;

use super::media::{IMAGES, VIDEOS};
use proofmark_text::show::brief;

/// What a table that says nothing lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Nothing {
    /// Any text.
    #[error("is empty; a header and rows are needed")]
    Text,
    /// Rows below the header.
    #[error("has a header but no rows")]
    Rows,
    /// A row with a label.
    #[error("has no row with a label")]
    Labels,
}

/// A place in a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// What `number` counts: `line` in CSV, `row` in Parquet.
    pub unit: &'static str,
    /// Line or row, from 1.
    pub number: u32,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.unit, self.number)
    }
}

/// A row of a table that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowProblem {
    /// Where it is.
    pub at: Place,
    /// What is wrong.
    pub what: RowFlaw,
    /// How many further rows have the same flaw.
    pub more: usize,
}

/// What can be wrong with a row.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RowFlaw {
    /// No image path.
    #[error("the path is empty")]
    EmptyPath,
    /// No video name.
    #[error("the video is empty")]
    EmptyVideo,
    /// A video file that is said to be a frame of a video.
    #[error(
        "`{}` is a video file, and a video of its own, not a frame of one; keep video files and \
         images in tables of their own",
        brief(.0)
    )]
    VideoOfVideo(String),
    /// A path that leaves the root.
    #[error("the path `{}` is not below the root", brief(.0))]
    OutsideRoot(String),
    /// A label that is neither real nor fake.
    #[error("the label `{}` is neither real ({real}) nor fake ({fake})", brief(value))]
    UnknownLabel {
        /// The label.
        value: String,
        /// The values that mean real.
        real: String,
        /// The values that mean fake.
        fake: String,
    },
    /// A label that the layout does not declare.
    #[error(
        "the label `{value}` is declared neither as real ({real}) nor as fake ({fake}); write \
         `real \"{value}\"` or `fake \"{value}\"` in the block of the layout",
        value = brief(value)
    )]
    UndeclaredLabel {
        /// The label.
        value: String,
        /// The values that mean real.
        real: String,
        /// The values that mean fake.
        fake: String,
    },
    /// An entry of another form.
    #[error("`{}` is not of the form {wanted}", brief(found))]
    Form {
        /// What there is.
        found: String,
        /// What is wanted, by example.
        wanted: &'static str,
    },
    /// Something that two places tell differently.
    #[error("{0}")]
    Disagree(String),
    /// A split that does not exist.
    #[error("the split `{}` is none of train, val and test", brief(.0))]
    UnknownSplit(String),
    /// A manipulation that is not declared.
    #[error("the manipulation `{}` is not declared{}", brief(name), did_you_mean(nearest))]
    UndeclaredManipulation {
        /// The manipulation.
        name: String,
        /// The declared one most like it.
        nearest: Option<String>,
    },
    /// A path listed before with other values.
    #[error("the path `{}` is listed again with other values, first in {first}", brief(path))]
    RepeatedPath {
        /// The path.
        path: String,
        /// Its first mention.
        first: Place,
    },
    /// Two rows of a video that disagree.
    #[error(
        "the video `{}` has the {what} `{}` here, but `{}` in {first}",
        brief(video),
        brief(value),
        brief(earlier)
    )]
    Conflict {
        /// The video.
        video: String,
        /// What they disagree about.
        what: &'static str,
        /// The value here.
        value: String,
        /// The value of its first row.
        earlier: String,
        /// Its first row.
        first: Place,
    },
}

/// What comes of an entry of a list, if the list as a whole can be read.
#[derive(Debug)]
pub enum Entry<T> {
    /// What it says.
    Read(T),
    /// It cannot be used.
    Flawed(RowFlaw),
}

/// What an empty class folder holds instead of images.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EmptyClassHint {
    /// Nothing of use.
    Nothing,
    /// Folders, where images were expected.
    Folders(usize),
    /// Images, where folders of images were expected.
    LooseImages(usize),
}

impl fmt::Display for EmptyClassHint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => {
                let (images, videos) = (either(IMAGES), either(VIDEOS));
                write!(f, " ({images}) and no videos ({videos})")
            }
            Self::Folders(n) => {
                let folders = counted(*n, "folder");
                write!(f, ", but {folders}; if each is a video, declare `videos=#true`")
            }
            Self::LooseImages(n) => write!(
                f,
                " in video folders, but {} of its own; if each stands alone, declare \
                 `videos=#false`",
                counted(*n, "image")
            ),
        }
    }
}

/// Words of which one is wanted.
fn either(words: &[&str]) -> String {
    match words {
        [first @ .., last] if !first.is_empty() => format!("{} or {last}", first.join(", ")),
        _ => words.concat(),
    }
}

/// A number of things.
pub(super) fn counted(n: usize, thing: &str) -> String {
    let s = if n == 1 { "" } else { "s" };
    format!("{n} {thing}{s}")
}

/// Names in backticks, separated by commas.
pub(super) fn quoted<T: AsRef<str>>(names: &[T]) -> String {
    let quoted = names.iter().take(QUOTED).map(|n| format!("`{}`", brief(n.as_ref())));
    let list = quoted.collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(QUOTED) {
        0 => list,
        more => format!("{list} and {more} more"),
    }
}

/// Names that are listed before the rest is counted.
const QUOTED: usize = 40;

/// A suggestion, if there is one.
pub(super) fn did_you_mean(nearest: &Option<String>) -> String {
    nearest.as_ref().map_or_else(String::new, |n| format!("; did you mean `{}`?", brief(n)))
}

pub(super) fn listed(head: &str, items: &[String]) -> String {
    items.iter().map(|item| format!("  {head}: {item}\n")).collect()
}

pub(super) fn columns(available: &[String]) -> String {
    let list = quoted(available);
    match available {
        [only] if only.contains([';', '\t']) => {
            format!("its only column is {list}: separate columns by commas")
        }
        _ => format!("its columns are {list}"),
    }
}

pub(super) fn table_problems(file: &Path, some: &[RowProblem], total: usize) -> String {
    let mut text = format!("{} has {} that cannot be used", file.display(), counted(total, "row"));
    for problem in some {
        let more = match problem.more {
            0 => String::new(),
            more => format!(" and {}", counted(more, "other")),
        };
        text += &format!("\n  {}{more}: {}", problem.at, problem.what);
    }
    let shown: usize = some.iter().map(|problem| 1 + problem.more).sum();
    if total > shown {
        text += &format!("\n  and {} more", total - shown);
    }
    text
}

pub(super) fn overlap(
    ensemble: &str,
    counted: &str,
    some: &[String],
    more: usize,
    datasets: &[String],
) -> String {
    let are = if counted.starts_with("1 ") && !counted.contains(" and ") { "is" } else { "are" };
    let mut text = format!(
        "ensemble `{ensemble}`: {counted} {are} in more than one split of what it trains, selects \
         and is tested on"
    );
    for line in some {
        text += &format!("\n  {line}");
    }
    if more > 0 {
        text += &format!("\n  and {more} more");
    }
    text + &format!(
        "\n  divide by identity with `split carve ..`; if the release itself is so, write `split \
         official overlap=accept` in data set {}",
        datasets.join(", ")
    )
}

pub(super) fn unattributed(
    by: &str,
    dataset: &str,
    manipulation: Option<&str>,
    videos: usize,
    example: &str,
) -> String {
    let who = match manipulation {
        Some(name) => format!("the manipulation `{name}` of data set `{dataset}` has no family"),
        None => format!("data set `{dataset}` does not say how its fakes were made"),
    };
    let videos = counted(videos, "video");
    let cure = match manipulation {
        Some(name) => format!("declare `manipulation {name} family=...`"),
        None => format!("leave the data set out, or attribution by={by}"),
    };
    format!("{who}, which attribution by={by} needs for {videos}, such as `{example}`; {cure}")
}
