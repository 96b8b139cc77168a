//! How much work each stage of a plan is.

use std::collections::btree_map::{BTreeMap, Entry};

use super::project::Planned;
use crate::engine::sample::{class_names, expected};
use crate::engine::speed;
use proofmark_base::work::Failure;
use proofmark_lang::Loaded;
use proofmark_lang::model::Experiment;
use proofmark_model::architecture::Architecture;
use proofmark_model::params::ParamSpec;
use proofmark_plan::graph::{Stage, Work};
use proofmark_report::numbers::thousands;

/// What experiments on the same ensemble have in common.
#[derive(Default)]
pub struct Known {
    /// Faces that would be sampled, by ensemble.
    faces: BTreeMap<String, Option<usize>>,
    /// Number of classes, by ensemble and attribution.
    classes: BTreeMap<(String, String), usize>,
    /// Operations a second, by the width of the network.
    speeds: BTreeMap<usize, f64>,
}

/// How much work a stage is.
#[derive(Default)]
pub struct Size {
    /// In words.
    pub words: String,
    /// Floating-point operations, where it is a training whose faces are counted.
    pub operations: Option<f64>,
    /// Width of its network.
    pub width: usize,
    /// Videos that it works on.
    pub videos: usize,
}

impl Size {
    /// Its work in what its kind counts: operations, or videos.
    pub fn amount(&self) -> f64 {
        self.operations.unwrap_or(self.videos as f64)
    }
}

impl From<String> for Size {
    fn from(words: String) -> Self {
        Self { words, ..Self::default() }
    }
}

impl Known {
    /// Operations a second of a training, measured once a width.
    pub fn speed(&mut self, width: usize) -> f64 {
        *self.speeds.entry(width).or_insert_with(|| speed::training(width))
    }

    fn faces(
        &mut self,
        experiment: &Experiment,
        loaded: &Loaded,
        planned: &Planned,
    ) -> Result<Option<usize>, Failure> {
        let ensemble = &experiment.data;
        Ok(match self.faces.entry(ensemble.name.value.clone()) {
            Entry::Occupied(known) => *known.get(),
            Entry::Vacant(place) => {
                *place.insert(expected(&loaded.project, ensemble, &planned.world)?)
            }
        })
    }

    fn classes(
        &mut self,
        experiment: &Experiment,
        loaded: &Loaded,
        planned: &Planned,
    ) -> Result<usize, Failure> {
        let attribution = format!("{:?}", experiment.attribution.map(|a| a.value));
        Ok(match self.classes.entry((experiment.data.name.value.clone(), attribution)) {
            Entry::Occupied(known) => *known.get(),
            Entry::Vacant(place) => {
                *place.insert(class_names(&loaded.project, experiment, &planned.world)?.len())
            }
        })
    }
}

/// How much work a stage is.
pub fn size(
    stage: &Stage,
    loaded: &Loaded,
    planned: &Planned,
    known: &mut Known,
) -> Result<Size, Failure> {
    let project = &loaded.project;
    let scan = |dataset: &str| planned.world.scans.get(dataset);
    Ok(Size::from(match &stage.work {
        Work::Faces { dataset } => {
            let Some(scan) = scan(dataset) else { return Ok(Size::default()) };
            let (videos, frames) =
                (scan.manifest.videos().height(), scan.manifest.frames().height());
            let words = match scan.undecoded() {
                true => format!("{videos} videos, whose frames are counted when they are decoded"),
                false => format!("{videos} videos, {frames} frames"),
            };
            return Ok(Size { videos, ..Size::from(words) });
        }
        Work::Landmarks { .. } => String::new(),
        Work::Sample { experiment } => {
            let experiment = &project.experiments[experiment];
            let sources = experiment.data.sources.len();
            match known.faces(experiment, loaded, planned)? {
                Some(faces) => format!("{sources} sources, about {faces} faces"),
                None => format!("{sources} sources, whose videos are not decoded yet"),
            }
        }
        Work::Train { experiment, .. } => {
            let experiment = &project.experiments[experiment];
            let faces = known.faces(experiment, loaded, planned)?;
            let recipe = &experiment.recipe;
            let classes = known.classes(experiment, loaded, planned)?;
            let config = Architecture::new(&experiment.backbone, classes);
            let parameters: usize =
                config.parameters().iter().map(|s| s.shape.iter().product::<usize>()).sum();
            let parameters = thousands(parameters as u64);
            let epochs = recipe.epochs.value;
            let Some(faces) = faces else {
                let batch = recipe.batch.value;
                return Ok(Size::from(format!(
                    "{parameters} parameters, {epochs} epochs of batches of {batch} faces"
                )));
            };
            let steps = faces / recipe.batch.value * epochs as usize;
            // A backward pass costs about two forward passes.
            let work = 3.0 * config.flops() * (steps * recipe.batch.value) as f64;
            let words = format!(
                "{parameters} parameters, {epochs} epochs, about {steps} steps of {} faces",
                recipe.batch.value
            );
            let operations = Some(work);
            return Ok(Size { words, operations, width: config.width(), videos: 0 });
        }
        Work::Ready { experiment } => {
            let experiment = &project.experiments[experiment];
            let classes = experiment.ready().map_or(0, |head| head.classes().len());
            let config = Architecture::new(&experiment.backbone, classes);
            let parameters: usize = config.parameters().iter().map(ParamSpec::count).sum();
            format!("{} parameters, ready in the file", thousands(parameters as u64))
        }
        Work::Predict { target, .. } | Work::Outside { target, .. } => {
            let scan = scan(&target.dataset);
            let videos = scan.map(|scan| scan.manifest.in_split(target.split));
            let words = videos.map(|videos| format!("{videos} videos")).unwrap_or_default();
            return Ok(Size { videos: videos.unwrap_or(0), ..Size::from(words) });
        }
    }))
}
