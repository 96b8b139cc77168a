//! Declarations that nothing uses.

use crate::diagnostic::{Code, Diagnostic, Sink};
use crate::resolve::Declarations;
use crate::schema::Kind;

/// Reports declarations of the loaded file that nothing uses. An imported file may
/// declare more than one experiment needs, and a file without experiments is there to
/// be imported.
pub(super) fn unused(declarations: &Declarations, sink: &mut Sink) {
    // What could not be read may use anything.
    if declarations.unread() {
        return;
    }
    let has = |wanted: Kind| {
        declarations.all().any(|(kind, name)| kind == wanted && name.origin.is_own())
    };
    let (tables, experiments) = (has(Kind::Table), has(Kind::Experiment));
    for (kind, name) in declarations.all() {
        let reached = match kind {
            Kind::Table => continue,
            Kind::Experiment => tables,
            Kind::Dataset
            | Kind::Ensemble
            | Kind::Backbone
            | Kind::Init
            | Kind::Recipe
            | Kind::Loss => experiments || tables,
        };
        let key = (kind, name.value.to_owned());
        let used = declarations.names.used.contains(&key);
        // Of a second one of the name something was said already.
        let first = declarations.names.declared.get(&key) == Some(&name.origin);
        if reached && !used && first && name.origin.is_own() {
            let user = if kind == Kind::Experiment { "no row of a table" } else { "no experiment" };
            sink.report(
                Diagnostic::warning(
                    Code::Unused,
                    format!("the {} `{}` is not used", kind.spec().name, name.value),
                )
                .text(format!("{user} refers to it"))
                .at(name.origin, "declared here")
                .help("use it, or switch it off with `/-`"),
            );
        }
    }
}
