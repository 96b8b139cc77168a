//! Proofmark on a real Slurm: whole programs, a real controller, and what goes wrong on clusters.

mod failures;
mod place;
#[cfg(feature = "mpi")]
mod ranks;
mod slurm;
mod submission;
mod survival;
