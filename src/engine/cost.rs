//! How much work a stage is, and how much memory it takes.

use std::collections::btree_map::{BTreeMap, Entry};

use serde::Serialize;

use super::ensemble::{class_names, expected};
use super::speed;
use super::world::World;
use proofmark_base::work::Failure;
use proofmark_lang::model::{Experiment, Placed, Project};

/// How much work a stage is. What cannot be known yet is left out.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Cost {
    /// What it works on, in words.
    #[serde(skip)]
    pub words: String,
    /// Counts of what it works on: videos, frames, faces, parameters, epochs, steps.
    #[serde(flatten)]
    pub counts: BTreeMap<&'static str, usize>,
    /// Floating-point operations of a training.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operations: Option<f64>,
    /// Bytes of memory that it takes at most, roughly, beside what every process takes.
    #[serde(rename = "memory_bytes", skip_serializing_if = "Option::is_none")]
    pub memory: Option<u64>,
    /// The same where the network is on a GPU.
    #[serde(skip)]
    pub memory_beside_gpu: Option<u64>,
    /// Width of the network, which decides how fast its products are.
    #[serde(skip)]
    pub width: usize,
}

impl Cost {
    /// A cost of these words and counts.
    pub fn new<const N: usize>(words: String, counts: [(&'static str, usize); N]) -> Self {
        Self { words, counts: counts.into(), ..Self::default() }
    }

    /// Videos that it works on.
    pub fn videos(&self) -> usize {
        self.counts.get("videos").copied().unwrap_or_default()
    }

    /// Its work in what its kind counts: operations, or videos.
    pub fn amount(&self) -> f64 {
        self.operations.unwrap_or(self.videos() as f64)
    }
}

/// What costs are computed from, and what several stages have in common.
pub struct Costs<'a> {
    /// The declarations.
    pub project: &'a Project,
    /// Data and weights.
    pub world: &'a World,
    /// Faces that would be sampled, by ensemble.
    faces: BTreeMap<String, Option<usize>>,
    /// Number of classes, by ensemble and attribution.
    classes: BTreeMap<(String, String), usize>,
    /// Operations a second, by the width of the network.
    speeds: BTreeMap<usize, f64>,
}

impl<'a> Costs<'a> {
    /// Nothing is known yet.
    pub fn new(project: &'a Project, world: &'a World) -> Self {
        let (faces, classes, speeds) = Default::default();
        Self { project, world, faces, classes, speeds }
    }

    /// Seconds that a training of this cost takes on this processor, roughly: its speed is
    /// measured once for each width of a network.
    pub fn seconds(&mut self, cost: &Cost) -> Option<f64> {
        let operations = cost.operations?;
        let speed = self.speeds.entry(cost.width).or_insert_with(|| speed::training(cost.width));
        Some(operations / *speed)
    }

    /// Faces that are sampled for an experiment, if their videos are decoded.
    ///
    /// # Errors
    /// Data that cannot be sampled as declared.
    pub fn faces(&mut self, experiment: &Experiment) -> Result<Option<usize>, Failure> {
        let ensemble = &experiment.data;
        Ok(match self.faces.entry(ensemble.name.clone()) {
            Entry::Occupied(known) => *known.get(),
            Entry::Vacant(place) => *place.insert(expected(self.project, ensemble, self.world)?),
        })
    }

    /// Classes that an experiment tells apart.
    ///
    /// # Errors
    /// Videos without a class.
    pub fn classes(&mut self, experiment: &Placed<Experiment>) -> Result<usize, Failure> {
        let attribution = format!("{:?}", experiment.attribution);
        Ok(match self.classes.entry((experiment.data.name.clone(), attribution)) {
            Entry::Occupied(known) => *known.get(),
            Entry::Vacant(place) => {
                *place.insert(class_names(self.project, experiment, self.world)?.len())
            }
        })
    }
}
