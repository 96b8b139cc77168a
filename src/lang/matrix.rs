//! The axes of a matrix: what they name, their values, and what is wrong with them.

use super::axes::{Place, inside, meant};
use super::diagnostic::{Code, Diagnostic, Sink};
use super::nodes::AXIS;
use super::parts::{PARTS, Parts};
use super::resolve::Declarations;
use super::schema::{Kind, Type};
use super::span::{Origin, Spanned};
use super::suggest::{did_you_mean, list, near};
use super::tree::{Node, Scalar, Value};
use super::value::{self, Datum};
use super::words::number;

/// Most variants of one experiment.
pub(super) const LIMIT: usize = 1000;

/// An axis whose path and values are right.
pub(super) struct Axis<'a> {
    /// The value that it names.
    pub place: Place,
    /// What it is called in the names of variants.
    pub label: String,
    /// Where its path is written.
    pub at: Origin,
    /// Its values.
    pub values: Vec<&'a Value>,
}

/// What a value is called in the names of variants.
pub(super) fn text(value: &Value) -> String {
    let plain = match &value.scalar {
        Scalar::Text(text) => text.clone(),
        Scalar::Integer(number) => number.to_string(),
        Scalar::Number(x) => number::number(*x),
        Scalar::Bool(bool) => bool.to_string(),
        Scalar::Null => "null".to_owned(),
    };
    match value.unit.as_ref().map(|unit| unit.value.as_str()) {
        Some("%") => format!("{plain}%"),
        Some(_) | None => plain,
    }
}

/// What axes are called: the last step of each path, or all of it where another ends so too.
pub(super) fn labels(paths: &[&str]) -> Vec<String> {
    let last = |path: &str| path.rsplit('.').next().unwrap_or(path).to_owned();
    let shared = |label: &String| paths.iter().filter(|path| last(path) == **label).count() > 1;
    let label = |path: &&str| Some(last(path)).filter(|label| !shared(label));
    paths.iter().map(|path| label(path).unwrap_or_else(|| (*path).to_owned())).collect()
}

/// The axes of a matrix as they are written: where each is, its path, and its values.
pub(super) fn written(matrix: &Node) -> Vec<(&Node, Spanned<&str>, &[Value])> {
    let axes = matrix.children.iter().filter(|child| child.name.value == AXIS.name);
    let read = |axis| {
        let axis: &Node = axis;
        Some((axis, axis.label()?, axis.arguments.get(1..)?))
    };
    axes.filter_map(read).collect()
}

/// Every combination of so many values, the first varying slowest.
pub(super) fn combinations(counts: &[usize]) -> Vec<Vec<usize>> {
    counts.iter().fold(vec![Vec::new()], |all, &count| {
        let longer = |before: Vec<usize>| (0..count).map(move |i| [&before[..], &[i]].concat());
        all.into_iter().flat_map(longer).collect()
    })
}

/// How many combinations there are; none where nobody could count them.
pub(super) fn size(counts: impl IntoIterator<Item = usize>) -> Option<usize> {
    counts.into_iter().try_fold(1usize, usize::checked_mul)
}

impl Declarations {
    /// Every value of an experiment.
    pub(super) fn places(&self, parts: &Parts<'_>) -> Vec<Place> {
        let mut places = vec![Place::attribution()];
        for (part, kind) in PARTS {
            if parts.nodes.get(part).is_some_and(|node| node.label().is_some()) {
                places.push(Place::part(part, kind));
            }
            if let Some(node) = self.patched(parts, part, kind, &mut Sink::default()) {
                places.extend(inside(part, kind.spec(), &node));
            }
        }
        places
    }

    /// The axes of a matrix, if all are right.
    pub(super) fn axes<'n>(
        &self,
        matrix: &'n Node,
        parts: &Parts<'_>,
        name: &str,
        sink: &mut Sink,
    ) -> Option<Vec<Axis<'n>>> {
        let written = written(matrix);
        if written.len() != matrix.children.len() {
            // Something was said of the others.
            return None;
        }
        if written.is_empty() && matrix.block {
            sink.report(
                Diagnostic::error(Code::MissingNode, "a matrix without an axis")
                    .at(matrix.name.origin, "needs an `axis` in its block")
                    .help("write `axis PATH VALUE VALUE ..`, as in `axis loss.triplet.margin 0.1 0.3`"),
            );
        }
        if written.is_empty() {
            return None;
        }
        let places = self.places(parts);
        let paths: Vec<&str> = written.iter().map(|(_, path, _)| path.value).collect();
        let labels = labels(&paths);
        let mut axes: Vec<Axis<'n>> = Vec::new();
        let mut right = true;
        for ((_, path, values), label) in written.into_iter().zip(labels) {
            let place = match found(&places, path, name, sink) {
                Some(place) if !values.is_empty() => place.clone(),
                _ => {
                    right = false;
                    continue;
                }
            };
            right &= self.values(&place, path.origin, values, sink);
            let both = axes.iter().find(|other| {
                let (one, two) = (&other.place, &place);
                let whole = one.path == one.part || two.path == two.part;
                one.path == two.path || one.part == two.part && whole
            });
            if let Some(other) = both {
                let diagnostic = match other.place.path == place.path {
                    true => Diagnostic::error(
                        Code::Conflict,
                        format!("the axis `{}` twice", place.path),
                    ),
                    false => Diagnostic::error(
                        Code::Conflict,
                        format!("axes of `{}` and of a value in it", place.part),
                    )
                    .text("what the value belongs to would be another node in some variants"),
                };
                sink.report(
                    diagnostic
                        .at(path.origin, "again here")
                        .and(other.at, "first here")
                        .help("remove one of them"),
                );
                right = false;
            }
            axes.push(Axis { place, label, at: path.origin, values: values.iter().collect() });
        }
        let size = size(axes.iter().map(|axis| axis.values.len()));
        if size.is_none_or(|size| size > LIMIT) {
            let many = size.map_or("far too many".to_owned(), |size| size.to_string());
            sink.report(
                Diagnostic::error(Code::OutOfRange, format!("a matrix of {many} variants"))
                    .text(format!("an experiment has at most {LIMIT}"))
                    .at(matrix.name.origin, "out of range")
                    .help("leave out axes or values"),
            );
            right = false;
        }
        right.then_some(axes)
    }

    /// Checks the values of an axis.
    fn values(&self, place: &Place, path: Origin, values: &[Value], sink: &mut Sink) -> bool {
        let mut right = true;
        let mut seen: Vec<(Datum, &Value)> = Vec::new();
        for value in values {
            match value::read(value, &place.field) {
                Err(diagnostic) => {
                    sink.report(diagnostic);
                    right = false;
                }
                Ok(datum) => {
                    let alike =
                        |(other, at): &&(Datum, &Value)| *other == datum || text(at) == text(value);
                    if let Some((_, first)) = seen.iter().find(alike) {
                        sink.report(
                            Diagnostic::error(
                                Code::DuplicateName,
                                format!("the value {} twice on an axis", text(value)),
                            )
                            .text("two variants would be one")
                            .at(value.origin, "again here")
                            .and(first.origin, "first here")
                            .help("remove one of them"),
                        );
                        right = false;
                    }
                    // A name that nothing declares was reported.
                    if let (Type::Ref(kind), Datum::Text(name)) = (place.field.ty, &datum) {
                        right &= self.declares(kind, name);
                    }
                    seen.push((datum, value));
                }
            }
        }
        if let [only] = values {
            sink.report(
                Diagnostic::warning(Code::NoEffect, "an axis of one value")
                    .text("variants do not differ in it")
                    .at(only.origin, "the only one")
                    .and(path, "of this axis")
                    .help("add a value, or set it by an `override`"),
            );
        }
        right
    }

    fn declares(&self, kind: Kind, name: &str) -> bool {
        self.get(kind, name).is_some()
    }
}

/// The one value that a path means.
fn found<'a>(
    places: &'a [Place],
    path: Spanned<&str>,
    experiment: &str,
    sink: &mut Sink,
) -> Option<&'a Place> {
    let meant = meant(places, path.value);
    if let [one] = meant[..] {
        return Some(one);
    }
    let diagnostic = if meant.is_empty() {
        let last = |path: &'a str| path.rsplit('.').next().unwrap_or(path);
        let paths = || places.iter().filter(|place| place.is_near).map(|p| p.path.as_str());
        let written = path.value.rsplit('.').next().unwrap_or(path.value);
        // Another place of the same last step, else what is spelt alike.
        let same = || paths().find(|path| last(path) == written);
        let near = near(path.value, paths()).or_else(same).or_else(|| {
            let word = near(written, paths().map(last))?;
            paths().find(|path| last(path) == word)
        });
        Diagnostic::error(
            Code::UnknownValue,
            format!("`{experiment}` has no value `{}`", path.value),
        )
        .text("an axis names a value by the nodes that lead to it, with dots between")
        .at(path.origin, "not a value of the experiment")
        .help(match near {
            Some(near) => did_you_mean(path.value, near),
            None => "as in `loss.triplet.margin`, `recipe.adamw.lr` or `init`".to_owned(),
        })
    } else {
        let all = meant.iter().map(|place| place.path.as_str());
        Diagnostic::error(
            Code::UnknownValue,
            format!("`{}` may be several values of `{experiment}`", path.value),
        )
        .text(format!("it ends {}", list(all.clone(), "and")))
        .at(path.origin, "which of them?")
        .help(format!("write {}", list(all, "or")))
    };
    sink.report(diagnostic);
    None
}
