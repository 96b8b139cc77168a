#![doc = include_str!("../docs/library.md")]

#[doc(hidden)]
pub mod cli;
mod engine;

pub use engine::graph::{Told, Until};
pub use engine::run::{Ended, Observer};
pub use engine::session::{Extras, How, Purpose, Session};
pub use engine::tables::Built;
pub use engine::world::{Missing, Sought, World};
pub use proofmark_base::work::{Declared, Events, Failure, Mark, Silent};
pub use proofmark_lang as lang;
pub use proofmark_report as report;

/// What would run, and why.
pub mod plan {
    pub use crate::engine::cost::Cost;
    pub use crate::engine::graph::{Plan, Stage};
    pub use crate::engine::kind::StageKind;
    pub use crate::engine::listing::{Listed, json, list};
    pub use crate::engine::reason::Reason;
}
