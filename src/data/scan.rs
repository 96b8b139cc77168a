//! From a declared data set to its manifest and a report of what was found.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::lang::model::{Dataset, Expect, Layout, Split};

use super::error::DataError;
use super::layout::{self, Finding, Tally};
use super::manifest::{Manifest, Video};
use super::root::Env;
use super::{frames, split};

/// A data set as it lies on disk.
#[derive(Clone, Debug)]
pub struct Scan {
    /// Folder below which the frames' paths lie; none for the demo.
    pub root: Option<PathBuf>,
    /// Its videos and frames, with splits and frame rule applied.
    pub manifest: Manifest,
    /// What was found.
    pub report: ScanReport,
}

/// What was found of a data set, beside what was expected.
#[derive(Clone, Debug, PartialEq)]
pub struct ScanReport {
    /// Name of the data set.
    pub dataset: String,
    /// Videos per split.
    pub found: SplitCounts,
    /// Published counts of videos, where declared.
    pub expected: Expected,
    /// Frames, before the frame rule.
    pub frames_found: usize,
    /// Frames used.
    pub frames_used: usize,
    /// What was noticed on the way.
    pub findings: BTreeMap<Finding, Tally>,
}

/// Videos per split.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SplitCounts {
    /// In train.
    pub train: u64,
    /// In val.
    pub val: u64,
    /// In test.
    pub test: u64,
    /// In none.
    pub none: u64,
}

/// Published numbers of videos per split; `None` where none is declared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Expected {
    /// In train.
    pub train: Option<u64>,
    /// In val.
    pub val: Option<u64>,
    /// In test.
    pub test: Option<u64>,
}

/// Reads a data set: its layout, then its splits, then its frame rule.
///
/// # Errors
/// Everything that its parts report; [`DataError::NotFound`] says what was looked for.
pub fn scan(dataset: &Dataset, env: Env) -> Result<Scan, DataError> {
    let mut listing = match &dataset.layout {
        Layout::Demo(demo) => layout::demo::read(dataset, demo)?,
        Layout::Folder(folder) => layout::folder::read(dataset, folder, env)?,
        Layout::Table(table) => layout::table::read(dataset, table, env)?,
        Layout::Released(released) => return Err(layout::released::find(dataset, released, env)),
    };
    let name = &dataset.name.value;
    let frames_found = listing.frames.len();
    split::assign(name, &dataset.split, &mut listing.videos)?;
    let frames = frames::select(name, &dataset.frames, &listing.videos, listing.frames)?;
    let report = ScanReport {
        dataset: name.clone(),
        found: SplitCounts::of(&listing.videos),
        expected: Expected::of(dataset.expect.as_ref()),
        frames_found,
        frames_used: frames.len(),
        findings: listing.findings,
    };
    Ok(Scan { root: listing.root, manifest: Manifest::new(listing.videos, frames)?, report })
}

impl SplitCounts {
    /// Those of `videos`.
    pub fn of(videos: &[Video]) -> Self {
        let count =
            |split: Option<Split>| videos.iter().filter(|v| v.split == split).count() as u64;
        Self {
            train: count(Some(Split::Train)),
            val: count(Some(Split::Val)),
            test: count(Some(Split::Test)),
            none: count(None),
        }
    }

    /// All videos.
    pub fn total(self) -> u64 {
        self.train + self.val + self.test + self.none
    }
}

impl Expected {
    /// Those that a data set declares.
    pub fn of(expect: Option<&Expect>) -> Self {
        let Some(expect) = expect else { return Self::default() };
        Self {
            train: expect.train.as_ref().map(|n| n.value),
            val: expect.val.as_ref().map(|n| n.value),
            test: expect.test.as_ref().map(|n| n.value),
        }
    }
}

impl ScanReport {
    /// The findings as lines for people, most serious first.
    pub fn notes(&self) -> Vec<String> {
        let note = |(finding, tally): (&Finding, &Tally)| {
            let more = if tally.count > tally.examples.len() { ", ..." } else { "" };
            format!("{} {} ({}{more})", tally.count, finding.words(), tally.examples.join(", "))
        };
        self.findings.iter().map(note).collect()
    }
}

#[cfg(test)]
#[path = "scan_tests.rs"]
mod tests;
