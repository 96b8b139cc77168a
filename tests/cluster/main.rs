//! Proofmark on a real Slurm: whole programs, a real controller, and what goes wrong on clusters.

mod failures;
mod place;
mod slurm;
mod submission;
mod survival;
