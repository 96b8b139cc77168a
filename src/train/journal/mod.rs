//! The journal of a training run: what every step and epoch did, as JSON lines
//! (`journal.jsonl`) and as TensorBoard event files, and a watch for collapse.
//!
//! Wall-clock values live here and nowhere else: a model's bytes do not depend on them.

pub mod collapse;
mod events;
pub mod file;
pub mod record;
mod tfrecord;
