//! The scores of another tool, joined to the videos of a data set by their keys.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::read_rows::{numbers, texts};
use super::request::FileError;
use super::score_file::{Batch, ScoreFile};
use proofmark_lang::model::{Columns, Label, Predictions, Split};
use proofmark_text::show::brief;

/// Most examples that a message gives.
const EXAMPLES: usize = 3;

/// Most data sets that are remembered by name.
const NAMED: usize = 20;

/// How many videos of a split have a score.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutsideCoverage {
    /// Videos with a score.
    pub scored: u64,
    /// Videos of the split.
    pub total: u64,
    /// Rows of videos of other splits, which are not used.
    pub other_splits: u64,
    /// Some videos without a score.
    pub lacking: Vec<String>,
    /// Names of data sets that the file has instead, where it has no score of this one.
    #[serde(default)]
    pub instead: Vec<String>,
}

/// A score of another tool.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OutsideRow {
    /// The video, by its place among those that were joined.
    pub video: usize,
    /// The frame; 0 where a row is a video.
    pub frame: u32,
    /// P(fake).
    pub score: f64,
}

/// Why scores of another tool cannot be used.
#[derive(Debug, Error)]
pub enum OutsideError {
    /// The file cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// Keys that no video has.
    #[error(
        "{path}: {count} {} of no video of `{dataset}`, as {}; its keys look like {}",
        if *count == 1 { "key is that" } else { "keys are those" }, listed(.examples),
        listed(.likes)
    )]
    Unknown {
        /// The file.
        path: PathBuf,
        /// The data set.
        dataset: String,
        /// How many.
        count: usize,
        /// Some of them.
        examples: Vec<String>,
        /// Some keys of the data set.
        likes: Vec<String>,
    },
    /// Videos, or frames of them, with more than one row.
    #[error(
        "{path}: {count} {what}{} more than one score, as {}{}",
        if *count == 1 { format!(" of `{dataset}` has") } else { format!("s of `{dataset}` have") },
        listed(.examples),
        if *what == "video" { "; if rows are frames, name their column: `columns frame=..`" } else { "" }
    )]
    Twice {
        /// The file.
        path: PathBuf,
        /// The data set.
        dataset: String,
        /// `video` or `frame`.
        what: &'static str,
        /// How many.
        count: usize,
        /// Some of them, with their rows.
        examples: Vec<String>,
    },
    /// A score that is no probability.
    #[error(
        "{path}: row {row} has the score {value} in \"{column}\", not 0 to 1; turn it into a \
         probability first"
    )]
    Range {
        /// The file.
        path: PathBuf,
        /// The column.
        column: String,
        /// The row, from 1.
        row: usize,
        /// The score.
        value: f64,
    },
    /// A row without what it must have.
    #[error("{path}: row {row} has no {what} in \"{column}\"")]
    Lacking {
        /// The file.
        path: PathBuf,
        /// The column.
        column: String,
        /// The row, from 1.
        row: usize,
        /// What it lacks.
        what: &'static str,
    },
    /// Too few videos have a score.
    #[error(
        "{path}: {} of {} videos of `{dataset}` ({split}) have a score, fewer than the \
         `min-coverage` of {} %; without one are {}",
        .coverage.scored, .coverage.total, .min * 100.0, listed(&.coverage.lacking)
    )]
    Coverage {
        /// The file.
        path: PathBuf,
        /// The data set.
        dataset: String,
        /// The split.
        split: &'static str,
        /// What there is.
        coverage: Box<OutsideCoverage>,
        /// Smallest fraction allowed.
        min: f64,
    },
}

fn listed(examples: &[String]) -> String {
    examples.iter().map(|example| format!("\"{}\"", brief(example))).collect::<Vec<_>>().join(", ")
}

/// The videos of a data set: keys with their splits.
pub type Keys<'a> = [(&'a str, Option<Split>)];

/// Reads the scores of a split's videos. `videos` are all of the data set; the rows refer to
/// them by place and are in their order. A file without any row of the data set gives none.
///
/// # Errors
/// [`OutsideError`] names the file, and rows or keys.
pub fn read(
    path: &Path,
    declared: &Predictions,
    dataset: &str,
    split: Split,
    videos: &Keys<'_>,
) -> Result<(Vec<OutsideRow>, OutsideCoverage), OutsideError> {
    let mut reading = Reading {
        path,
        declared,
        dataset,
        split,
        videos,
        places: videos.iter().enumerate().map(|(i, (key, _))| (*key, i)).collect(),
        found: BTreeMap::new(),
        unknown: BTreeSet::new(),
        twice: BTreeMap::new(),
        other_splits: 0,
        others: BTreeSet::new(),
    };
    let mut wanted = vec![declared.columns.video.clone(), declared.columns.score.clone()];
    wanted.extend(declared.columns.dataset.clone());
    wanted.extend(declared.columns.frame.clone());
    let (mut first, mut flaw) = (0, None);
    ScoreFile::open(path)?.batches(wanted, |batch| {
        if flaw.is_none() {
            flaw = reading.batch(&batch, first).err();
        }
        first += batch.table.height();
        Ok(())
    })?;
    match flaw {
        Some(flaw) => Err(flaw),
        None => reading.finish(),
    }
}

/// What is known while a file is read. Rows count from 1.
struct Reading<'a> {
    path: &'a Path,
    declared: &'a Predictions,
    dataset: &'a str,
    split: Split,
    videos: &'a Keys<'a>,
    places: HashMap<&'a str, usize>,
    /// Score and row of each frame of each video of the split.
    found: BTreeMap<(usize, u32), (f64, usize)>,
    /// Keys of no video.
    unknown: BTreeSet<String>,
    /// First and second row of frames that have two.
    twice: BTreeMap<(usize, u32), (usize, usize)>,
    other_splits: u64,
    /// Names of other data sets, some of them.
    others: BTreeSet<String>,
}

impl Reading<'_> {
    fn batch(&mut self, batch: &Batch, first: usize) -> Result<(), OutsideError> {
        let (table, comma) = (&batch.table, batch.decimal_comma);
        let Columns { video, score, dataset, frame } = &*self.declared.columns;
        let text = |name: &str, wanted| texts(self.path, name, &table[name], wanted);
        let keys = text(video, "keys of videos")?;
        let sets = match dataset {
            Some(dataset) => Some(text(dataset, "names of data sets")?),
            None => None,
        };
        let scores = numbers(self.path, score, &table[score.as_str()], first, comma)?;
        let frames = match frame {
            Some(frame) => Some(numbers(self.path, frame, &table[frame.as_str()], first, comma)?),
            None => None,
        };
        let keys = keys.str().expect("a column just cast to text");
        let sets = sets.as_ref().map(|sets| sets.str().expect("a column just cast to text"));
        for (i, key) in keys.iter().enumerate() {
            let row = first + i + 1;
            if let Some(named) = sets.map(|sets| sets.get(i).unwrap_or_default())
                && named != self.dataset
            {
                if self.others.len() < NAMED && !self.others.contains(named) {
                    self.others.insert(named.to_owned());
                }
                continue;
            }
            let lacking = |column: &str, what| OutsideError::Lacking {
                path: self.path.to_owned(),
                column: column.to_owned(),
                row,
                what,
            };
            let key = key.filter(|key| !key.is_empty());
            let key = key.ok_or_else(|| lacking(video, "video"))?;
            // A video that the other tool could not score is one without a score.
            let Some(value) = scores[i] else { continue };
            let frame = match (&frames, frame) {
                (Some(frames), Some(column)) => {
                    let number = frames[i].filter(|n| n.fract() == 0.0 && (0.0..1e9).contains(n));
                    number.ok_or_else(|| lacking(column, "number of a frame"))? as u32
                }
                _ => 0,
            };
            if !(0.0..=1.0).contains(&value) {
                let (path, column) = (self.path.to_owned(), score.clone());
                return Err(OutsideError::Range { path, column, row, value });
            }
            let value = match self.declared.high {
                Label::Fake => value,
                Label::Real => 1.0 - value,
            };
            self.row(key, frame, value, row);
        }
        Ok(())
    }

    fn row(&mut self, key: &str, frame: u32, score: f64, row: usize) {
        match self.places.get(key) {
            None => {
                self.unknown.insert(key.to_owned());
            }
            Some(&place) if self.videos[place].1 != Some(self.split) => self.other_splits += 1,
            Some(&place) => match self.found.get(&(place, frame)) {
                Some((_, before)) => {
                    self.twice.entry((place, frame)).or_insert((*before, row));
                }
                None => {
                    self.found.insert((place, frame), (score, row));
                }
            },
        }
    }

    fn finish(self) -> Result<(Vec<OutsideRow>, OutsideCoverage), OutsideError> {
        let (path, dataset) = (self.path.to_owned(), self.dataset.to_owned());
        if !self.unknown.is_empty() {
            let likes = self.videos.iter().take(EXAMPLES).map(|(key, _)| (*key).to_owned());
            return Err(OutsideError::Unknown {
                path,
                dataset,
                count: self.unknown.len(),
                likes: likes.collect(),
                examples: self.unknown.into_iter().take(EXAMPLES).collect(),
            });
        }
        if !self.twice.is_empty() {
            let frames = self.declared.columns.frame.is_some();
            let example =
                |(&(place, frame), &(first, second)): (&(usize, u32), &(usize, usize))| {
                    let frame = if frames { format!(" frame {frame}") } else { String::new() };
                    format!("{}{frame} (rows {first} and {second})", self.videos[place].0)
                };
            return Err(OutsideError::Twice {
                path,
                dataset,
                what: if frames { "frame" } else { "video" },
                count: self.twice.len(),
                examples: self.twice.iter().take(EXAMPLES).map(example).collect(),
            });
        }
        let scored: BTreeSet<usize> = self.found.keys().map(|(place, _)| *place).collect();
        let of_split = self.videos.iter().enumerate().filter(|(_, v)| v.1 == Some(self.split));
        let lacking = of_split.clone().filter(|(place, _)| !scored.contains(place));
        let coverage = OutsideCoverage {
            scored: scored.len() as u64,
            total: of_split.count() as u64,
            other_splits: self.other_splits,
            lacking: lacking.take(EXAMPLES).map(|(_, (key, _))| (*key).to_owned()).collect(),
            instead: if scored.is_empty() { self.others.into_iter().collect() } else { Vec::new() },
        };
        let (min, split) = (self.declared.min_coverage, self.split.word());
        if coverage.scored > 0 && (coverage.scored as f64) < min * coverage.total as f64 {
            let coverage = Box::new(coverage);
            return Err(OutsideError::Coverage { path, dataset, split, coverage, min });
        }
        let rows = self.found.into_iter();
        let rows = rows.map(|((video, frame), (score, _))| OutsideRow { video, frame, score });
        Ok((rows.collect(), coverage))
    }
}

#[cfg(test)]
#[path = "outside_tests.rs"]
mod tests;
