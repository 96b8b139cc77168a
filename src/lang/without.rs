//! An ensemble without one of its data sets: what `data NAME without=DATASET` names.

use super::diagnostic::{Code, Diagnostic, Sink};
use super::resolve::Declarations;
use super::schema::Kind;
use super::suggest::{did_you_mean, list, near};
use super::tree::{Node, Scalar, Value};

impl Declarations {
    /// An ensemble without one of its data sets. It has a name of its own, by which plans and
    /// reports tell it apart.
    pub(super) fn leave_out(
        &self,
        ensemble: &mut Node,
        without: &Value,
        sink: &mut Sink,
    ) -> Option<()> {
        let Scalar::Text(dataset) = &without.scalar else { return None };
        let of = |child: &Node| match child.name.value.as_str() {
            "pseudo-fake" => child.property("from").map(|from| from.scalar.clone()),
            "source" => child.arguments.first().map(|first| first.scalar.clone()),
            _ => None,
        };
        let is_it = |child: &Node| of(child).is_some_and(|scalar| scalar == without.scalar);
        let name = ensemble.label()?.value.to_owned();
        let sources = || ensemble.children.iter().filter_map(of);
        let known: Vec<String> = sources()
            .filter_map(|scalar| match scalar {
                Scalar::Text(text) => Some(text),
                _ => None,
            })
            .collect();
        if !known.contains(dataset) {
            // Of a name that nothing declares, something was said already.
            if !self.names.declared.contains_key(&(Kind::Dataset, dataset.clone())) {
                return None;
            }
            let near = near(dataset, known.iter().map(String::as_str));
            sink.report(
                Diagnostic::error(Code::UnknownName, format!("`{name}` has no source `{dataset}`"))
                    .text(format!("it has {}", list(known.iter().map(String::as_str), "and")))
                    .at(without.origin, "not a source of the ensemble")
                    .maybe_help(near.map(|near| did_you_mean(dataset, near))),
            );
            return None;
        }
        ensemble.children.retain(|child| !is_it(child));
        if !ensemble.children.iter().any(|child| of(child).is_some()) {
            sink.report(
                Diagnostic::error(Code::MissingNode, format!("nothing is left of `{name}`"))
                    .text(format!("`{dataset}` is its only source"))
                    .at(without.origin, "left out")
                    .help("name an ensemble of several data sets"),
            );
            return None;
        }
        let left = format!("{name}-without-{dataset}");
        if self.get(Kind::Ensemble, &left).is_some() {
            let title = format!("the ensemble `{left}` twice");
            let first = self.names.declared.get(&(Kind::Ensemble, left.clone()));
            sink.report(Diagnostic::duplicate_name(
                title,
                without.origin,
                *first.unwrap_or(&without.origin),
            ));
        }
        ensemble.arguments[0].scalar = Scalar::Text(left);
        Some(())
    }
}
