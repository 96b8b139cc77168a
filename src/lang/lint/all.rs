//! All lints, one after the other.

use super::{
    calibration, claims, effects, families, leaks, mixing, odd, outside, paths, pseudo,
    separability, unused,
};
use crate::diagnostic::Sink;
use crate::model::Project;
use crate::resolve::Declarations;

/// Looks at what is valid, and reports what cannot be meant.
pub(crate) fn lint(project: &Project, declarations: &Declarations, sink: &mut Sink) {
    leaks::leaks(project, sink);
    families::families(project, sink);
    mixing::mixing(project, sink);
    pseudo::pseudo(project, sink);
    calibration::calibration(project, sink);
    effects::effects(project, sink);
    odd::odd(project, sink);
    paths::paths(project, sink);
    claims::claims(project, sink);
    separability::separability(project, sink);
    outside::outside(project, sink);
    unused::unused(declarations, sink);
}
