//! What stages share that make a model or run one.

use std::path::Path;

use crate::engine::graph::{Nature, Until};
use crate::engine::kind::StageKind;
use proofmark_base::work::Failure;
use proofmark_lang::model::{Experiment, Weights};
use proofmark_lang::span::Spanned;
use proofmark_plan::facts::Facts;
use proofmark_plan::inputs::{Inputs, Observed};

/// What all stages have in common that make a model.
pub(super) const NATURE: Nature = Nature {
    kind: StageKind::Train,
    until: Until::Train,
    goes_on: true,
    shares_cores: true,
    divides: false,
};

/// Bytes of so many copies of the parameters, and of the activations of as many images.
pub(super) fn memory(parameters: usize, copies: usize, activations: usize, images: usize) -> u64 {
    (4 * (parameters * copies + activations * images)) as u64
}

/// Of first weights: for a file its content, where in it they are, and how it is read where that
/// was not always so.
pub(super) fn init_inputs(experiment: &Experiment, facts: &Facts) -> Inputs {
    let init = Inputs::of(&experiment.init);
    let Weights::File(file) = &experiment.init.weights else { return init };
    let digest = facts.weights.get(&experiment.name);
    let mut weights = Inputs::empty().finding("digest", Observed::Weights, digest);
    if let Some(key) = &file.key {
        weights = weights.with("key", Spanned::new(key, file.at.key));
    }
    if let Some(read) = facts.read.get(&experiment.name) {
        weights = weights.finding("read", Observed::Reading, read);
    }
    init.nested("weights", weights)
}

/// Writes a record beside a model.
pub(super) fn write_json(path: &Path, value: &impl serde::Serialize) -> Result<(), Failure> {
    let text = serde_json::to_vec_pretty(value).map_err(|e| Failure::Internal(e.to_string()))?;
    Ok(proofmark_base::store::write_whole(path, &text)?)
}
