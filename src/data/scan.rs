//! From a declared data set to its manifest and a report of what was found.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use serde::{Deserialize, Serialize};

use proofmark_lang::model::{Dataset, Expect, Label, Layout, Placed, Split, SplitRule};

use super::error::DataError;
use super::files::Files;
use super::layout::{self, Finding, Lacking, Listing, Tally};
use super::manifest::Manifest;
use super::root::Env;
use super::video::{MediaKind, Video};
use super::words::Word;
use super::{frames, kinship, split};

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
        self.manifest.has_kind(MediaKind::Video)
    }
}

/// What was found of a data set, beside what was expected.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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
    /// Splits of a release that are not on disk, which the remarks tell, too.
    pub lacking: Vec<Lacking>,
}

/// Videos per split.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
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
pub fn scan(dataset: &Placed<Dataset>, env: Env) -> Result<Scan, DataError> {
    let mut listing = match &dataset.layout {
        Layout::Demo(demo) => layout::demo::read(dataset, demo)?,
        Layout::Folder(folder) => layout::folder::read(dataset, folder, env)?,
        Layout::Table(table) => layout::table::read(dataset, table, env)?,
        Layout::Released(released) => layout::read_release(dataset, released, env)?,
        Layout::Deepfakebench(bench) => layout::deepfakebench::read(dataset, bench, env)?,
    };
    let name = &dataset.name;
    if let SplitRule::Only(only) = &dataset.split {
        leave_out_absent(&mut listing);
        let put = put_together(&listing.videos, only.split);
        listing.remarks.extend(put);
    }
    let frames_found = listing.frames.len();
    split::assign(name, &dataset.split, &mut listing.videos)?;
    if let SplitRule::Carve(_) = &dataset.split {
        listing.remarks.extend(kinship::remarks(&listing.videos));
    }
    let frames =
        frames::select(name, (dataset.frames, dataset.at.frames), &listing.videos, listing.frames)?;
    let one_class = one_class(&listing.videos);
    listing.remarks.extend(one_class);
    listing.remarks.extend(listing.lacking.iter().map(Lacking::words));
    let absent = |v: &&Video| listing.absent.contains(&v.key);
    let report = ScanReport {
        dataset: name.clone(),
        found: SplitCounts::of(listing.videos.iter().filter(|v| !absent(v))),
        missing: SplitCounts::of(listing.videos.iter().filter(absent)),
        expected: Expected::of(dataset.expect.as_deref()),
        frames_found,
        frames_used: frames.len(),
        findings: listing.findings,
        remarks: listing.remarks,
        lacking: listing.lacking,
    };
    let absent = listing.absent;
    Ok(Scan {
        files: listing.files,
        absent,
        manifest: Manifest::new(listing.videos, frames)?,
        report,
    })
}

/// Leaves out the splits of a release of which no video is on disk, where others are: what is
/// put into one split need not be all of the release.
fn leave_out_absent(listing: &mut Listing) {
    let mut on_disk: BTreeMap<Option<Split>, (u64, u64)> = BTreeMap::new();
    for video in &listing.videos {
        let (all, there) = on_disk.entry(video.split).or_default();
        *all += 1;
        *there += u64::from(!listing.absent.contains(&video.key));
    }
    if on_disk.values().all(|(_, there)| *there == 0) {
        return;
    }
    let mut left_out = BTreeSet::new();
    for (split, (all, _)) in on_disk.iter().filter(|(split, (_, n))| split.is_some() && *n == 0) {
        left_out.insert(*split);
        let text = format!("{}: none of {all} videos is on disk; left out", split.word());
        listing.remarks.push(text);
    }
    if left_out.is_empty() {
        return;
    }
    let gone = listing.videos.extract_if(.., |video| left_out.contains(&video.split));
    let gone: HashSet<String> = gone.map(|video| video.key).collect();
    listing.frames.retain(|frame| !gone.contains(&frame.video_key));
    listing.absent.retain(|key| !gone.contains(key));
}

/// What the release has in other splits than the one that all is put into.
fn put_together(videos: &[Video], into: Split) -> Option<String> {
    let counts = SplitCounts::of(videos);
    let others =
        [(Split::Train, counts.train), (Split::Val, counts.val), (Split::Test, counts.test)];
    let others: Vec<String> = (others.into_iter())
        .filter(|(split, n)| *split != into && *n > 0)
        .map(|(split, n)| format!("{n} are in {}", Some(split).word()))
        .collect();
    (!others.is_empty()).then(|| {
        let (all, into) = (videos.len(), Some(into).word());
        let release = others.join(" and ");
        format!("all {all} videos are put into {into}; in the release {release}")
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
        Self { train: expect.train, val: expect.val, test: expect.test }
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
