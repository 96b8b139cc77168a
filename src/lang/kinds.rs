//! The nodes that declare what has a name.

use super::model;
use super::node::Decode;
use super::nodes::EXPERIMENT;
use super::schema::{Kind, NodeSpec};

impl Kind {
    /// The node that declares it.
    pub fn spec(self) -> &'static NodeSpec {
        match self {
            Self::Dataset => model::Dataset::SPEC,
            Self::Ensemble => model::Ensemble::SPEC,
            Self::Backbone => model::Backbone::SPEC,
            Self::Init => model::Init::SPEC,
            Self::Recipe => model::Recipe::SPEC,
            Self::Loss => model::Loss::SPEC,
            Self::Experiment => &EXPERIMENT,
            Self::Table => model::Table::SPEC,
        }
    }

    /// The kind that a node declares.
    pub fn of(node: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.spec().name == node)
    }

    /// For messages: `a recipe`.
    pub fn with_article(self) -> String {
        let name = self.spec().name;
        let article = if name.starts_with(['a', 'e', 'i', 'o']) { "an" } else { "a" };
        format!("{article} {name}")
    }
}
