//! What there is of the data sets of an experiment file: tables of statistics, and notes on
//! each set.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use proofmark_lang::model::Dataset;

use super::said;
use super::sample::SourceSample;
use super::scan::{Scan, ScanReport};
use super::statistics::{Manipulations, SurveyRow};

/// Tables of statistics and what is to be said beside them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Survey {
    /// One for each ensemble, and one for the sets that are only tested on.
    pub tables: Vec<SetTable>,
    /// Notes on each data set.
    pub notes: Vec<Note>,
}

/// The statistics of some data sets.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SetTable {
    /// What the sets are for.
    pub purpose: Purpose,
    /// One row per data set.
    pub rows: Vec<SurveyRow>,
    /// Notes on all of it.
    pub notes: Vec<String>,
}

/// What data sets are for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Purpose {
    /// To train on, in the ensemble of that name.
    Training(String),
    /// To test on alone.
    Testing,
    /// Nothing yet: the file has no experiments.
    Declared,
}

/// Something to be said of a data set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Note {
    /// Name of the data set.
    pub dataset: String,
    /// Name of the data set for readers.
    pub title: String,
    /// What it is about, in a word for programs.
    pub about: &'static str,
    /// How often.
    pub count: Option<u64>,
    /// The note.
    pub text: String,
}

impl Purpose {
    /// The word for programs.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Training(_) => "training",
            Self::Testing => "test-only",
            Self::Declared => "declared",
        }
    }

    /// The ensemble.
    pub fn ensemble(&self) -> Option<&str> {
        match self {
            Self::Training(ensemble) => Some(ensemble),
            Self::Testing | Self::Declared => None,
        }
    }
}

impl SetTable {
    /// The title, and that it is a demo where all of it is.
    pub fn caption(&self) -> String {
        let title = match &self.purpose {
            Purpose::Training(ensemble) => format!("Training data: ensemble {ensemble}"),
            Purpose::Testing => "Test-only data".to_owned(),
            Purpose::Declared => "Declared data sets".to_owned(),
        };
        match self.total().synthetic {
            true => format!("{title} (synthetic demo: drawn faces, not real data)"),
            false => title,
        }
    }

    /// The sum of the rows.
    pub fn total(&self) -> SurveyRow {
        SurveyRow::total(&self.rows)
    }

    /// Sets what was sampled of each data set, by its name.
    pub fn sampled(&mut self, samples: &BTreeMap<String, SourceSample>) {
        for row in &mut self.rows {
            let Some(sample) = row.dataset.as_ref().and_then(|name| samples.get(name)) else {
                continue;
            };
            row.sampled(sample);
            if sample.one_class() {
                let class = if sample.real.available > 0 { "real" } else { "fake" };
                self.notes.push(format!(
                    "{} has only {class} training faces: nothing to balance, all taken",
                    row.title
                ));
            }
        }
    }
}

impl Survey {
    /// Adds a note on a data set.
    pub fn note(
        &mut self,
        row: &SurveyRow,
        about: &'static str,
        count: Option<u64>,
        text: impl Into<String>,
    ) {
        let dataset = row.dataset.clone().unwrap_or_default();
        self.notes.push(Note {
            dataset,
            title: row.title.clone(),
            about,
            count,
            text: text.into(),
        });
    }

    /// Adds what a scan noticed, most serious first.
    pub fn note_scan(&mut self, row: &SurveyRow, dataset: &Dataset, scan: &Scan) {
        for (finding, tally) in &scan.report.findings {
            let text = ScanReport::note(*finding, tally);
            self.note(row, finding.word(), Some(tally.count as u64), text);
        }
        for remark in &scan.report.remarks {
            self.note(row, "remark", None, remark);
        }
        let videos = scan.manifest.video_rows();
        for text in said::told(&videos) {
            self.note(row, "attribute", None, text);
        }
        let methods = Manipulations::of(dataset, &videos.iter().collect::<Vec<_>>());
        if methods.is_some_and(|methods| methods.declared) {
            let text = "no video tells its manipulation: those that the file declares are counted";
            self.note(row, "declared-manipulations", None, text);
        }
    }
}
