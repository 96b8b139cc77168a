//! Beyond validity: leaks, settings without effect, claims about nothing.

mod claims;
mod effects;
mod families;
mod leaks;
mod mixing;
mod odd;
mod outside;
mod paths;
mod pseudo;
mod unused;

use super::diagnostic::Sink;
use super::model::Project;
use super::resolve::Declarations;

/// Looks at what is valid, and reports what cannot be meant.
pub(super) fn lint(project: &Project, declarations: &Declarations, sink: &mut Sink) {
    leaks::leaks(project, sink);
    families::families(project, sink);
    mixing::mixing(project, sink);
    pseudo::pseudo(project, sink);
    effects::effects(project, sink);
    odd::odd(project, sink);
    paths::paths(project, sink);
    claims::claims(project, sink);
    outside::outside(project, sink);
    unused::unused(declarations, sink);
}
