//! `cluster`: where the stages of experiments are made, a user's declaration in a file of its own.

mod cluster;
mod job;
mod local;
mod slurm;
mod texts;

pub use cluster::{Cluster, Engine, Limits};
pub use job::{Job, JobKind};
pub use local::{Local, LocalDevice};
pub use slurm::{SbatchOption, Setup, Slurm};
