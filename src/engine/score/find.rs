//! The model of an experiment, by its name.

use std::path::PathBuf;

use crate::engine::kind::StageKind;
use proofmark_base::store::Store;
use proofmark_base::work::Failure;
use proofmark_plan::inputs::Inputs;

/// The checkpoint of the experiment of this name in the store: that of its last run.
///
/// # Errors
/// No model of that name, or several of which none is the last run's.
pub fn model(store: &Store, name: &str) -> Result<PathBuf, Failure> {
    let stage = StageKind::Train.word();
    let last = store.last(stage, name).map(|values| Inputs::recorded(values).key(stage));
    if let Some(folder) = last.and_then(|key| store.find(stage, &key)) {
        return Ok(folder.join("model.safetensors"));
    }
    let results = store.results()?;
    let models = || results.iter().filter(|result| result.stage == stage);
    let named: Vec<_> = models().filter(|result| result.name.as_deref() == Some(name)).collect();
    match named.as_slice() {
        [only] => Ok(only.folder.join("model.safetensors")),
        [] => {
            let mut names: Vec<&str> = models().filter_map(|r| r.name.as_deref()).collect();
            names.sort_unstable();
            names.dedup();
            let has = match names.as_slice() {
                [] => "it has no model yet".to_owned(),
                _ => format!("it has models of {}", names.join(", ")),
            };
            Err(Failure::data(format!(
                "the store {} has no model of an experiment `{name}`: {has}; `--store DIR` names \
                 another store, `--checkpoint FILE` a file",
                store.root().display()
            )))
        }
        several => {
            let keys: Vec<&str> = several.iter().map(|result| result.key.as_str()).collect();
            Err(Failure::data(format!(
                "the store has {} models of experiments called `{name}`, of the keys {}; name one \
                 with `--checkpoint objects/train/KEY/model.safetensors`",
                several.len(),
                keys.join(", ")
            )))
        }
    }
}
