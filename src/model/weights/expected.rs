//! What a file of weights is read for.

use crate::architecture::Architecture;
use crate::spec::ParamSpec;

/// What is expected of a file.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// The network.
    pub architecture: &'a Architecture,
    /// Patterns of the parameters that the file may lack.
    pub missing: &'a [String],
    /// Where in the file its tensors are, if that is declared.
    pub key: Option<&'a str>,
    /// What the outputs of the file's classifier mean, if that is declared: `real`, and names of
    /// fakes. A single output is the logit of what it is called.
    pub head: Option<&'a [String]>,
    /// Whether the file must have all parameters, as it is not trained further.
    pub whole: bool,
}

impl<'a> Expected<'a> {
    /// A network that is trained further, its tensors anywhere in the file.
    pub fn new(architecture: &'a Architecture, missing: &'a [String]) -> Self {
        Self { architecture, missing, key: None, head: None, whole: false }
    }

    /// Whether a parameter is the classifier's.
    pub(super) fn classifies(&self, spec: &ParamSpec) -> bool {
        self.architecture.head().contains(&spec.name.as_str())
    }

    /// Whether a classifier of the file has the declared outputs, or those of the network, and
    /// gives as many classes as it.
    pub(super) fn takes(&self, spec: &ParamSpec, found: &[usize]) -> bool {
        let (outputs, classes) = match self.head {
            Some(head) => (head.len(), head.len().max(2)),
            None => (spec.shape[0], spec.shape[0]),
        };
        found.first() == Some(&outputs) && classes == spec.shape[0]
    }
}
