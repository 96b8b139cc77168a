//! A plan with the reason and the cost of each stage, as people and programs read it.

use serde::Serialize;
use serde_json::{Value, json};

use super::budget::Matrix;
use super::cost::Cost;
use super::graph::Stage;
use super::reason::Reason;
use super::session::Session;
use proofmark_base::work::Failure;
use proofmark_lang::Sources;
use proofmark_plan::inputs::{Change, Observed};

/// Version of [`json`]: raised whenever an entry changes its meaning or goes.
const VERSION: u32 = 1;

/// A stage that is planned.
#[derive(Clone, Debug)]
pub struct Listed<'a> {
    /// The stage.
    pub stage: &'a Stage,
    /// Whether it runs, and why.
    pub reason: Reason,
    /// How much work it is.
    pub cost: Cost,
    /// Seconds that it takes on this processor, roughly, if it is a training that runs.
    pub seconds: Option<f64>,
}

/// Every stage of a session's plan.
///
/// # Errors
/// Data from which a stage cannot be made.
pub fn list<'a>(session: &'a Session<'_>) -> Result<Vec<Listed<'a>>, Failure> {
    let mut costs = session.costs();
    let stages = session.plan().stages.iter().zip(session.reasons());
    let listed = stages.map(|(stage, reason)| {
        let cost = stage.work.cost(&mut costs)?;
        let seconds = if reason == Reason::Reuse { None } else { costs.seconds(&cost) };
        Ok(Listed { stage, reason, cost, seconds })
    });
    listed.collect()
}

/// A stage as programs read it.
#[derive(Serialize)]
struct Entry<'a> {
    /// `faces`, `landmarks`, `sample`, `train` or `predict`.
    kind: &'static str,
    name: &'a str,
    key: &'a str,
    /// The experiment that is trained or scored.
    #[serde(skip_serializing_if = "Option::is_none")]
    experiment: Option<&'a str>,
    /// Keys of the stages whose results it reads.
    needs: Vec<&'a str>,
    /// `run`, `resume` or `reuse`.
    action: &'static str,
    /// Why it runs: `new`, `changed`, `gone` or `interrupted`.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    /// What changed since the last result of that name.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    changes: Vec<Changed<'a>>,
    cost: &'a Cost,
    #[serde(skip_serializing_if = "Option::is_none")]
    estimated_seconds: Option<f64>,
}

/// A value that changed.
#[derive(Serialize)]
struct Changed<'a> {
    path: &'a str,
    before: &'a Option<Value>,
    after: &'a Option<Value>,
    /// What it is, where no file declares it.
    #[serde(skip_serializing_if = "Option::is_none")]
    found: Option<Observed>,
    /// Where it is declared now.
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u32>,
}

/// A plan as JSON, without sentences. `docs/library.md` has its entries.
pub fn json(listed: &[Listed<'_>], matrices: &[Matrix<'_>], sources: &Sources) -> Value {
    let stages: Vec<Entry<'_>> = listed.iter().map(|one| entry(one, listed, sources)).collect();
    let mut plan = json!({ "format": "proofmark-plan", "version": VERSION, "stages": stages });
    if !matrices.is_empty() {
        plan["matrices"] = matrices.iter().map(matrix).collect();
    }
    plan
}

fn matrix(matrix: &Matrix<'_>) -> Value {
    json!({
        "experiment": matrix.experiment,
        "trainings": matrix.trainings,
        "open": matrix.open,
        "estimated_hours": matrix.hours,
        "budget": matrix.budget.map(|of| json!({ "trainings": of.trainings, "hours": of.hours })),
    })
}

fn entry<'a>(one: &'a Listed<'a>, all: &'a [Listed<'a>], sources: &Sources) -> Entry<'a> {
    let (action, reason) = match &one.reason {
        Reason::Reuse => ("reuse", None),
        Reason::Resume => ("resume", Some("interrupted")),
        Reason::New => ("run", Some("new")),
        Reason::Gone => ("run", Some("gone")),
        Reason::Changed(_) => ("run", Some("changed")),
    };
    let changes = match &one.reason {
        Reason::Changed(changes) => changes.iter().map(|c| changed(c, sources)).collect(),
        Reason::Reuse | Reason::Resume | Reason::New | Reason::Gone => Vec::new(),
    };
    let Stage { name, key, needs, work, .. } = one.stage;
    Entry {
        kind: one.stage.word(),
        name,
        key,
        experiment: work.experiment(),
        needs: needs.iter().map(|need| all[*need].stage.key.as_str()).collect(),
        action,
        reason,
        changes,
        cost: &one.cost,
        estimated_seconds: one.seconds,
    }
}

fn changed<'a>(change: &'a Change, sources: &Sources) -> Changed<'a> {
    let place = change.origin.and_then(|origin| sources.place(origin));
    Changed {
        path: &change.path,
        before: &change.before,
        after: &change.after,
        found: change.found,
        line: place.as_ref().map(|place| place.line),
        file: place.map(|place| place.file.display().to_string()),
    }
}
