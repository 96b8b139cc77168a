//! A plan that a batch system carries out: what is submitted, what a job does, what became of it.
//!
//! ```text
//! .proofmark/runs/ID/            a plan as it was submitted: sources, digests, manifests
//! .proofmark/runs/ID/logs/       what its jobs printed
//! .proofmark/jobs/NAME.json      an array of jobs: which of its tasks makes which stage
//! .proofmark/attempts/KIND-KEY/  one file for each try at a stage
//! ```
//!
//! `gc` removes what nobody needs of it ([`leftovers`]).

pub mod arrange;
pub mod attempts;
pub mod leftovers;
pub mod nodes;
pub mod queue;
pub mod records;
pub mod script;
pub mod slurm;
pub mod snapshot;
pub mod standing;
pub mod status;
pub mod submit;
pub mod work;

#[cfg(test)]
mod simulation_tests;
