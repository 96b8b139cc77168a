//! What plans the stages of each kind.

use super::graph::{Plan, Planning, WantedEmbeddings};
use super::stages::{embed, faces, landmarks, predict, sample, separate, train};
use proofmark_lang::model::Project;
use proofmark_plan::facts::Facts;

/// What adds the stages of each kind to a plan, after the kinds whose results they read.
const PLANNERS: [fn(&mut Planning<'_>); 7] = [
    faces::plan,
    landmarks::plan,
    sample::plan,
    train::plan,
    predict::plan,
    // Before `embed`, which adds those embeddings alone that no table needs.
    separate::plan,
    embed::plan,
];

/// The stages of a project whose data sets are in `facts`.
pub fn plan(project: &Project, facts: &Facts) -> Plan {
    with_embeddings(project, facts, None)
}

/// The stages of a project, with those of the embeddings that are wanted.
pub fn with_embeddings(
    project: &Project,
    facts: &Facts,
    wanted: Option<&WantedEmbeddings>,
) -> Plan {
    let mut planning = Planning::new(project, facts);
    planning.plan.wanted = wanted.cloned();
    for planner in PLANNERS {
        planner(&mut planning);
    }
    planning.plan
}

#[cfg(test)]
#[path = "planners_tests.rs"]
mod tests;
