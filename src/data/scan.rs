//! From a declared data set to its manifest and a report of what was found.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use crate::lang::model::{Dataset, Expect, Label, Layout, Split};

use super::error::DataError;
use super::files::Files;
use super::layout::{self, Finding, Tally};
use super::manifest::{Kind, Manifest, Video};
use super::root::Env;
use super::words::Word;
use super::{frames, split};

/// A data set as it lies on disk.
#[derive(Clone, Debug)]
pub struct Scan {
    /// Where its files lie; none for the demo.
    pub files: Option<Files>,
    /// Keys of videos that are listed, but not on disk.
    pub absent: HashSet<String>,
    /// Its videos and frames, with splits and frame rule applied.
    pub manifest: Manifest,
    /// What was found.
    pub report: ScanReport,
}

impl Scan {
    /// Whether its frames are those of video files, which are known once they are decoded.
    pub fn undecoded(&self) -> bool {
        self.manifest.has_kind(Kind::Video)
    }
}

/// What was found of a data set, beside what was expected.
#[derive(Clone, Debug, PartialEq)]
pub struct ScanReport {
    /// Name of the data set.
    pub dataset: String,
    /// Videos per split that are on disk.
    pub found: SplitCounts,
    /// Videos per split that are listed, but not on disk.
    pub missing: SplitCounts,
    /// Published counts of videos, where declared.
    pub expected: Expected,
    /// Frames, before the frame rule.
    pub frames_found: usize,
    /// Frames used.
    pub frames_used: usize,
    /// What was noticed on the way.
    pub findings: BTreeMap<Finding, Tally>,
    /// Which decisions were taken, and numbers to compare.
    pub remarks: Vec<String>,
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
        Layout::Released(released) => layout::released::read(dataset, released, env)?,
        Layout::Deepfakebench(bench) => layout::deepfakebench::read(dataset, bench, env)?,
    };
    let name = &dataset.name.value;
    let frames_found = listing.frames.len();
    split::assign(name, &dataset.split, &mut listing.videos)?;
    let frames = frames::select(name, &dataset.frames, &listing.videos, listing.frames)?;
    let one_class = one_class(&listing.videos);
    listing.remarks.extend(one_class);
    let absent = |v: &&Video| listing.absent.contains(&v.key);
    let report = ScanReport {
        dataset: name.clone(),
        found: SplitCounts::of(listing.videos.iter().filter(|v| !absent(v))),
        missing: SplitCounts::of(listing.videos.iter().filter(absent)),
        expected: Expected::of(dataset.expect.as_ref()),
        frames_found,
        frames_used: frames.len(),
        findings: listing.findings,
        remarks: listing.remarks,
    };
    let absent = listing.absent;
    Ok(Scan {
        files: listing.files,
        absent,
        manifest: Manifest::new(listing.videos, frames)?,
        report,
    })
}

impl SplitCounts {
    /// Those of `videos`.
    pub fn of<'a>(videos: impl IntoIterator<Item = &'a Video>) -> Self {
        let mut counts = Self::default();
        for video in videos {
            *match video.split {
                Some(Split::Train) => &mut counts.train,
                Some(Split::Val) => &mut counts.val,
                Some(Split::Test) => &mut counts.test,
                None => &mut counts.none,
            } += 1;
        }
        counts
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

/// Splits of one class only in a data set of two, such as carved from few large groups.
fn one_class(videos: &[Video]) -> Vec<String> {
    let mut classes: BTreeMap<Option<Split>, BTreeSet<Label>> = BTreeMap::new();
    for video in videos {
        classes.entry(video.split).or_default().insert(video.label);
    }
    let all: BTreeSet<Label> = classes.values().flatten().copied().collect();
    let lacking = classes.iter().filter(|(split, of)| split.is_some() && of.len() < all.len());
    lacking
        .filter_map(|(split, of)| {
            Some(format!("{} has {} videos only", split.word(), of.first()?.word()))
        })
        .collect()
}

impl ScanReport {
    /// What was found beside what is published; none if nothing is published or missing.
    pub fn summary(&self) -> Option<String> {
        let compared = self.missing.total() > 0 || self.expected != Expected::default();
        let parts = [
            ("train", self.found.train, self.missing.train, self.expected.train),
            ("val", self.found.val, self.missing.val, self.expected.val),
            ("test", self.found.test, self.missing.test, self.expected.test),
            ("no split", self.found.none, self.missing.none, None),
        ];
        let part = |(name, found, missing, published): (&str, u64, u64, Option<u64>)| {
            (found + missing > 0 || published.is_some()).then(|| {
                let mut text = format!("{name} {found}");
                let mut more = Vec::new();
                more.extend(published.map(|n| format!("published {n}")));
                more.extend((missing > 0).then(|| format!("missing {missing}")));
                if !more.is_empty() {
                    text += &format!(" ({})", more.join(", "));
                }
                text
            })
        };
        let parts: Vec<String> = parts.into_iter().filter_map(part).collect();
        compared.then(|| format!("videos: {}", parts.join(", ")))
    }

    /// The findings as lines for people, most serious first.
    pub fn notes(&self) -> Vec<String> {
        let findings = self.findings.iter().map(|(finding, tally)| Self::note(*finding, tally));
        findings.chain(self.remarks.iter().cloned()).collect()
    }

    /// One finding with its examples.
    pub fn note(finding: Finding, tally: &Tally) -> String {
        let more = if tally.count > tally.examples.len() { ", ..." } else { "" };
        format!("{} {} ({}{more})", tally.count, finding.words(), tally.examples.join(", "))
    }
}

#[cfg(test)]
#[path = "scan_tests.rs"]
mod tests;
