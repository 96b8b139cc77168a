//! How a submitted plan stands, as people and programs are told.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Serialize;

use super::attempts::Progress;

/// Version of the JSON: raised whenever an entry changes its meaning or goes.
pub const VERSION: u32 = 1;
/// What became of a plan.
#[derive(Debug, Serialize)]
pub struct Status {
    /// Always `proofmark-status`.
    pub format: &'static str,
    /// [`VERSION`].
    pub version: u32,
    /// Name of the submitted plan.
    pub run: String,
    /// The cluster.
    pub cluster: String,
    /// Each stage, in the plan's order, then the tables.
    pub stages: Vec<Line>,
}

/// What became of a stage.
#[derive(Clone, Debug, Serialize)]
pub struct Line {
    /// Its kind, or `report`.
    pub kind: String,
    /// What it is called.
    pub name: String,
    /// Its key; none of the tables.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// What became of it.
    pub state: State,
    /// Why, in words, where the state does not say it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// Shares that are done and shares in all, of a stage that is made in shares.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shares: Option<(usize, usize)>,
    /// The task of its last job.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task: Option<String>,
    /// Where it runs, or ran.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node: Option<String>,
    /// Number of its last try, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attempt: Option<usize>,
    /// How far its last try is, where it runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub progress: Option<Progress>,
    /// Seconds that it took, or has run for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seconds: Option<f64>,
    /// The file that it printed to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log: Option<PathBuf>,
    /// The last lines of that, of what failed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub last_lines: Vec<String>,
    /// The exit code of what failed by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exit: Option<u8>,
}

/// What became of a stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// The result is in the store.
    Done,
    /// It runs.
    Running,
    /// It is in the queue.
    Waiting,
    /// It is in the queue, and begins only if somebody does something.
    Held,
    /// It will never run: its job was refused, or what it needs failed.
    Never,
    /// It failed.
    Failed,
    /// It was killed or lost, and is not in the queue.
    Killed,
    /// It was stopped, and is not in the queue.
    Stopped,
    /// It was not submitted.
    NotSubmitted,
}

impl State {
    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Running => "running",
            Self::Waiting => "waiting",
            Self::Held => "held",
            Self::Never => "will not run",
            Self::Failed => "failed",
            Self::Killed => "killed",
            Self::Stopped => "stopped",
            Self::NotSubmitted => "not submitted",
        }
    }

    /// Whether something still happens to it by itself.
    pub fn goes_on(self) -> bool {
        match self {
            Self::Running | Self::Waiting => true,
            Self::Done
            | Self::Held
            | Self::Never
            | Self::Failed
            | Self::Killed
            | Self::Stopped
            | Self::NotSubmitted => false,
        }
    }
}

impl Status {
    /// How many stages are in each state.
    pub fn counts(&self) -> BTreeMap<State, usize> {
        let mut counts = BTreeMap::new();
        for line in &self.stages {
            *counts.entry(line.state).or_default() += 1;
        }
        counts
    }

    /// Whether something still happens by itself.
    pub fn goes_on(&self) -> bool {
        self.stages.iter().any(|line| line.state.goes_on())
    }
}

impl Line {
    /// Of what nothing is known yet.
    pub fn new(kind: &str, name: &str, key: Option<&str>) -> Self {
        Self {
            kind: kind.to_owned(),
            name: name.to_owned(),
            key: key.map(str::to_owned),
            state: State::NotSubmitted,
            why: None,
            shares: None,
            task: None,
            node: None,
            attempt: None,
            progress: None,
            seconds: None,
            log: None,
            last_lines: Vec::new(),
            exit: None,
        }
    }
}
