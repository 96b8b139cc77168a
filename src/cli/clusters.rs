//! The clusters that a user declares, as far as a run needs them.

use crate::engine::cluster::script::Ask;
use proofmark_base::work::Failure;

/// A Slurm cluster.
pub struct Slurm {
    pub name: String,
    pub retries: u32,
    pub largest: Option<usize>,
    pub most: Option<usize>,
    pub at_a_time: Option<u32>,
    pub program: Option<String>,
}

impl Slurm {
    pub fn ask(&self, kind: &str, _experiment: Option<&str>) -> Ask {
        Ask {
            cpus: Some(if kind == "report" { 1 } else { 2 }),
            memory: Some(2 << 30),
            seconds: Some(600),
            warn: 60,
            ..Ask::default()
        }
    }
    pub fn shares(&self, _kind: &str) -> u32 {
        3
    }
    pub fn stub(name: &str) -> Result<Self, Failure> {
        Ok(Self {
            name: name.into(),
            retries: 3,
            largest: None,
            most: None,
            at_a_time: None,
            program: None,
        })
    }
}
