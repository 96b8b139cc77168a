//! Arrays of jobs as they were submitted, in the store: which task makes which stage.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::script::ranges;
use proofmark_base::store::write_whole;
use proofmark_base::work::Failure;
use proofmark_prepare::store::Share;

/// How the names of all jobs begin.
pub const PREFIX: &str = "proofmark-";
/// Folder of the records in a store.
pub(super) const FOLDER: &str = "jobs";

/// An array of jobs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Name of the job, which no other has.
    pub name: String,
    /// The plan that it is of: a folder of `runs/`.
    pub run: String,
    /// The experiment file, as an absolute path.
    pub entry: PathBuf,
    /// The cluster, as the user's file calls it.
    pub cluster: String,
    /// Its job, once that is known. A record without it was being submitted.
    pub job: Option<String>,
    /// Seconds since 1970 when it was submitted.
    pub submitted: u64,
    /// Folder of its logs.
    pub logs: PathBuf,
    /// Bytes of memory that each task asked for.
    pub memory: Option<u64>,
    /// How often a task is tried that was killed or lost.
    pub retries: u32,
    /// What each task makes.
    pub tasks: BTreeMap<u32, Made>,
}

/// What a task makes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "make")]
pub enum Made {
    /// A stage, or a share of one.
    Stage {
        /// Its kind.
        kind: String,
        /// Its key.
        key: String,
        /// What it is called.
        name: String,
        /// The share, such as `3/8`.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        share: Option<String>,
    },
    /// The tables.
    Report(Report),
}

/// How tables are written.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Report {
    /// The folder.
    pub folder: PathBuf,
    /// Whether pages show faces.
    pub faces: bool,
    /// Whether pages show speeds.
    pub speed: bool,
}

impl Made {
    /// The share of a stage that is made.
    pub fn part(&self) -> Option<Share> {
        match self {
            Self::Stage { share, .. } => share.as_ref()?.parse().ok(),
            Self::Report(_) => None,
        }
    }
}

impl Record {
    /// The file that a task prints to.
    pub fn log(&self, number: u32) -> PathBuf {
        self.logs.join(format!("{}-{number}.log", self.name))
    }

    /// What its tasks make, and their numbers, for people.
    pub fn words(&self) -> String {
        let numbers: BTreeSet<u32> = self.tasks.keys().copied().collect();
        let kind = match self.tasks.values().next() {
            Some(Made::Stage { kind, .. }) => kind.as_str(),
            Some(Made::Report(_)) | None => "report",
        };
        let s = if self.tasks.len() == 1 { "" } else { "s" };
        format!("{kind}: {} task{s} ({})", self.tasks.len(), ranges(&numbers))
    }

    /// Writes it into a store.
    ///
    /// # Errors
    /// A store that cannot be written to.
    pub fn write(&self, store: &Path) -> Result<(), Failure> {
        let folder = store.join(FOLDER);
        fs::create_dir_all(&folder).map_err(|e| Failure::write(&folder, &e))?;
        let text = serde_json::to_vec(self).map_err(|e| Failure::Internal(e.to_string()))?;
        Ok(write_whole(&folder.join(format!("{}.json", self.name)), &text)?)
    }

    /// That of a job.
    ///
    /// # Errors
    /// A record that is not there, or is damaged.
    pub fn read(store: &Path, name: &str) -> Result<Self, Failure> {
        let path = store.join(FOLDER).join(format!("{name}.json"));
        let text = fs::read(&path).map_err(|e| Failure::read(&path, &e))?;
        serde_json::from_slice(&text)
            .map_err(|e| Failure::data(format!("{} is damaged: {e}", path.display())))
    }

    /// All of a store, in the order in which they were submitted.
    ///
    /// # Errors
    /// A record that is damaged.
    pub fn all(store: &Path) -> Result<Vec<Self>, Failure> {
        let entries = fs::read_dir(store.join(FOLDER)).into_iter().flatten().flatten();
        let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
        let names = names.filter_map(|name| Some(name.strip_suffix(".json")?.to_owned()));
        let mut records = names
            .filter(|name| name.starts_with(PREFIX))
            .map(|name| Self::read(store, &name))
            .collect::<Result<Vec<_>, _>>()?;
        records.sort_by(|a, b| (a.submitted, &a.name).cmp(&(b.submitted, &b.name)));
        Ok(records)
    }
}
