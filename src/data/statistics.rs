//! The statistics of the training data in the form of the paper's Table 1.

use std::collections::BTreeMap;

use crate::lang::model::{Dataset, Family, Label};

use super::manifest::Video;
use super::sample::{Sample, SourceSample};
use super::scan::{Expected, SplitCounts};

/// The statistics of an ensemble.
#[derive(Clone, Debug, PartialEq)]
pub struct Statistics {
    /// One row per data set.
    pub rows: Vec<Row>,
}

/// The statistics of a data set.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Row {
    /// Name for readers.
    pub title: String,
    /// Manipulations by family.
    pub manipulations: Manipulations,
    /// Videos per split.
    pub splits: SplitCounts,
    /// Published numbers of videos per split.
    pub expected: Expected,
    /// Real videos.
    pub real: u64,
    /// Fake videos.
    pub fake: u64,
    /// Sampled training faces, once they are sampled.
    pub sampled: Option<SourceSample>,
}

/// Numbers of manipulations, those that a data set declares and those that its videos tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Manipulations {
    /// Face swaps.
    pub face_swaps: u64,
    /// Reenactments.
    pub reenactments: u64,
    /// Of other or unknown families.
    pub others: u64,
}

impl Statistics {
    /// Those of data sets and their videos, with the faces sampled from them if they are.
    pub fn of(sources: &[(&Dataset, &[Video])], sample: Option<&Sample>) -> Self {
        let row = |(dataset, videos): &(&Dataset, &[Video])| {
            let name = &dataset.name.value;
            let count = |label| videos.iter().filter(|v| v.label == label).count() as u64;
            Row {
                title: dataset.title.as_ref().map_or(name, |t| &t.value).clone(),
                manipulations: Manipulations::of(dataset, videos),
                splits: SplitCounts::of(videos.iter()),
                expected: Expected::of(dataset.expect.as_ref()),
                real: count(Label::Real),
                fake: count(Label::Fake),
                sampled: sample.and_then(|s| s.sources.get(name).copied()),
            }
        };
        Self { rows: sources.iter().map(row).collect() }
    }

    /// The sum of all rows. An expected number is the sum of the rows only where each row
    /// has one or no video.
    pub fn total(&self) -> Row {
        let mut total = Row { title: "Total".to_owned(), ..Row::default() };
        let sum = |value: fn(&Row) -> u64| self.rows.iter().map(value).sum();
        total.manipulations = Manipulations {
            face_swaps: sum(|r| r.manipulations.face_swaps),
            reenactments: sum(|r| r.manipulations.reenactments),
            others: sum(|r| r.manipulations.others),
        };
        total.splits = SplitCounts {
            train: sum(|r| r.splits.train),
            val: sum(|r| r.splits.val),
            test: sum(|r| r.splits.test),
            none: sum(|r| r.splits.none),
        };
        let expected = |found: fn(&Row) -> u64, expected: fn(&Row) -> Option<u64>| {
            let known = self.rows.iter().any(|r| expected(r).is_some());
            let each = self.rows.iter().map(|r| expected(r).or((found(r) == 0).then_some(0)));
            each.sum::<Option<u64>>().filter(|_| known)
        };
        total.expected = Expected {
            train: expected(|r| r.splits.train, |r| r.expected.train),
            val: expected(|r| r.splits.val, |r| r.expected.val),
            test: expected(|r| r.splits.test, |r| r.expected.test),
        };
        total.real = sum(|r| r.real);
        total.fake = sum(|r| r.fake);
        total.sampled = (self.rows.iter())
            .filter_map(|r| r.sampled)
            .reduce(|a, b| SourceSample { real: a.real + b.real, fake: a.fake + b.fake });
        total
    }

    /// As lines of aligned text.
    pub fn text(&self) -> String {
        let lines = self.lines();
        let widths: Vec<usize> = (0..lines[0].len())
            .map(|c| lines.iter().map(|l| l[c].chars().count()).max().unwrap_or(0))
            .collect();
        let render = |line: &Vec<String>| {
            let cell = |(c, text): (usize, &String)| match c {
                0 => format!("{text:<0$}", widths[c]),
                _ => format!("{text:>0$}", widths[c]),
            };
            line.iter().enumerate().map(cell).collect::<Vec<_>>().join("  ").trim_end().to_owned()
        };
        lines.iter().map(render).collect::<Vec<_>>().join("\n") + "\n" + &self.legend()
    }

    /// As a Markdown table.
    pub fn markdown(&self) -> String {
        let lines = self.lines();
        let render = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
        let escape = |cells: &Vec<String>| -> Vec<String> {
            cells.iter().map(|c| c.replace('|', "\\|").replace('\n', " ")).collect()
        };
        let rule = format!("|---|{}\n", "---:|".repeat(lines[0].len() - 1));
        let body: String = lines[1..].iter().map(|l| render(&escape(l))).collect();
        render(&lines[0]) + &rule + &body + "\n" + &self.legend()
    }

    /// The header, the rows and, if there are several, their total.
    fn lines(&self) -> Vec<Vec<String>> {
        let all: Vec<Row> = match self.rows.len() {
            0 | 1 => self.rows.clone(),
            _ => self.rows.iter().cloned().chain([self.total()]).collect(),
        };
        let others = all.iter().any(|r| r.manipulations.others > 0);
        let unassigned = all.iter().any(|r| r.splits.none > 0);
        let columns: [Column; 12] = [
            ("Data set", true, |r| r.title.clone()),
            ("FS", true, |r| number(r.manipulations.face_swaps)),
            ("RE", true, |r| number(r.manipulations.reenactments)),
            ("Other", others, |r| number(r.manipulations.others)),
            ("Train", true, |r| beside(r.splits.train, r.expected.train)),
            ("Val", true, |r| beside(r.splits.val, r.expected.val)),
            ("Test", true, |r| beside(r.splits.test, r.expected.test)),
            ("None", unassigned, |r| number(r.splits.none)),
            ("Real", true, |r| number(r.real)),
            ("Fake", true, |r| number(r.fake)),
            ("Real faces", true, |r| sampled(r, |s| s.real.taken)),
            ("Fake faces", true, |r| sampled(r, |s| s.fake.taken)),
        ];
        let columns: Vec<_> = columns.into_iter().filter(|(_, shown, _)| *shown).collect();
        let header = columns.iter().map(|(name, ..)| (*name).to_owned()).collect();
        let row = |row: &Row| columns.iter().map(|(_, _, cell)| cell(row)).collect();
        std::iter::once(header).chain(all.iter().map(row)).collect()
    }

    fn legend(&self) -> String {
        let expected = |e: Expected| [e.train, e.val, e.test].iter().any(Option::is_some);
        let mut text = "FS face swaps, RE reenactments; videos per split and class".to_owned();
        if self.rows.iter().any(|r| expected(r.expected)) {
            text += " (in brackets: published)";
        }
        if self.rows.iter().any(|r| r.sampled.is_some()) {
            text += "; faces: sampled for training";
        }
        let mut text = text + "\n";
        for row in &self.rows {
            if let Some(sampled) = row.sampled.filter(SourceSample::one_class) {
                let class = if sampled.real.available > 0 { "real" } else { "fake" };
                text += &format!(
                    "{} has only {class} training faces: nothing to balance, all taken\n",
                    row.title
                );
            }
        }
        text
    }
}

impl Manipulations {
    fn of(dataset: &Dataset, videos: &[Video]) -> Self {
        let mut all: BTreeMap<&str, Option<Family>> =
            videos.iter().filter_map(|v| Some((v.method.as_deref()?, v.family))).collect();
        for declared in &dataset.manipulations {
            let family = all.entry(&declared.name.value).or_default();
            *family = declared.family.as_ref().map(|f| f.value).or(*family);
        }
        let count = |family| all.values().filter(|f| **f == Some(family)).count() as u64;
        let (face_swaps, reenactments) = (count(Family::FaceSwap), count(Family::Reenactment));
        Self { face_swaps, reenactments, others: all.len() as u64 - face_swaps - reenactments }
    }
}

/// A column: its name, whether it is shown, and its cell of a row.
type Column = (&'static str, bool, fn(&Row) -> String);

/// A number with its thousands apart, `-` for zero.
fn number(n: u64) -> String {
    if n == 0 {
        return "-".to_owned();
    }
    let digits = n.to_string();
    let groups = digits.as_bytes().rchunks(3).rev();
    let groups: Vec<_> = groups.map(|group| String::from_utf8_lossy(group)).collect();
    groups.join(",")
}

/// A number found, with the published one beside it.
fn beside(found: u64, expected: Option<u64>) -> String {
    match expected {
        Some(expected) => format!("{} ({})", number(found), number(expected)),
        None => number(found),
    }
}

fn sampled(row: &Row, count: fn(SourceSample) -> u64) -> String {
    row.sampled.map_or_else(String::new, |sampled| number(count(sampled)))
}

#[cfg(test)]
#[path = "statistics_tests.rs"]
mod tests;
