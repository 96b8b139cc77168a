//! Beyond validity: leaks, settings without effect, claims about nothing.

use super::diagnostic::Sink;
use super::model::Project;
use super::resolve::Declarations;

/// Lints.
pub(super) fn lint(_project: &Project, _declarations: &Declarations, _sink: &mut Sink) {}
