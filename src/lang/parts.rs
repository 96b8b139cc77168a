//! What an experiment consists of, after `extends`.

use std::collections::BTreeMap;

use super::axes::Patch;
use super::schema::Kind;
use super::tree::Node;

/// Parts that an experiment must have, each with the kind of what it names.
pub(super) const PARTS: [(&str, Kind); 5] = [
    ("data", Kind::Ensemble),
    ("backbone", Kind::Backbone),
    ("init", Kind::Init),
    ("recipe", Kind::Recipe),
    ("loss", Kind::Loss),
];

/// What an experiment consists of.
#[derive(Clone, Default)]
pub(super) struct Parts<'a> {
    /// The node that states each part.
    pub nodes: BTreeMap<&'static str, &'a Node>,
    /// The attribution.
    pub attribution: Option<&'a Node>,
    /// How scores are calibrated.
    pub calibrate: Option<&'a Node>,
    /// Patches of parts, in order.
    pub overrides: Vec<(&'static str, &'a Node)>,
    /// Patches that the values of axes are, after all overrides.
    pub settings: Vec<(&'static str, &'a Node)>,
    /// The matrix, unless it is undone.
    pub matrix: Option<&'a Node>,
    /// By what a variant is chosen.
    pub choose: Option<&'a Node>,
    /// What the variants may cost.
    pub budget: Option<&'a Node>,
}

impl<'a> Parts<'a> {
    /// Lets an experiment replace and patch what was inherited.
    pub fn inherit(&mut self, node: &'a Node) {
        for (part, _) in PARTS {
            if let Some(own) = node.child(part) {
                self.replace(part, own);
            }
        }
        self.attribution = node.child("attribution").or(self.attribution);
        self.calibrate = node.child("calibrate").or(self.calibrate);
        for patch in node.children.iter().filter(|child| child.name.value == "override") {
            let what = patch.label().map(|label| label.value);
            if let Some((part, _)) = PARTS.iter().find(|(part, _)| Some(*part) == what) {
                self.overrides.push((part, patch));
            }
        }
        if let Some(matrix) = node.child("matrix") {
            // `matrix none` has an argument.
            let undone = !matrix.arguments.is_empty();
            self.matrix = Some(matrix).filter(|_| !undone);
            if undone {
                (self.choose, self.budget) = (None, None);
            }
        }
        self.choose = node.child("choose").or(self.choose);
        self.budget = node.child("budget").or(self.budget);
    }

    fn replace(&mut self, part: &'static str, own: &'a Node) {
        self.nodes.insert(part, own);
        self.overrides.retain(|(what, _)| *what != part);
    }

    /// Gives a value of an axis.
    pub fn set(&mut self, patch: &'a Patch) {
        match patch {
            Patch::Part(part, node) => self.replace(part, node),
            Patch::Attribution(node) => self.attribution = Some(node),
            Patch::Inside(part, node) => self.settings.push((part, node)),
        }
    }
}
