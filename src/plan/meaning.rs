//! Two projects compared by what they mean: values, not text; names, not order.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::inputs::{Change, Inputs};
use crate::lang::model::Project;
use crate::lang::span::Origin;

/// Something that two projects do not have alike.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// `dataset`, `experiment` or `table`.
    pub kind: &'static str,
    /// Names of those that differ in this way.
    pub names: Vec<String>,
    /// How.
    pub what: What,
}

/// How declarations of one name differ.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// Only the first project has it.
    OnlyFirst,
    /// Only the second project has it.
    OnlySecond,
    /// A value differs.
    Value {
        /// Its path, what it is in the first and in the second, and where in the second.
        change: Change,
        /// Where it is written in the first.
        first: Option<Origin>,
    },
}

/// What differs between two projects. A value that several experiments share, because they
/// refer to one recipe, is told once with all their names. Where a file lies is no meaning.
pub fn differences(first: &Project, second: &Project) -> Vec<Difference> {
    let mut found = Vec::new();
    compare("dataset", named(first.datasets.iter()), named(second.datasets.iter()), &mut found);
    let (a, b) = (named(first.experiments.iter()), named(second.experiments.iter()));
    compare("experiment", a, b, &mut found);
    let tables = |project: &Project| {
        project.tables.iter().map(|t| (t.name.value.clone(), Inputs::of(t))).collect()
    };
    compare("table", tables(first), tables(second), &mut found);
    found
}

type Declared = BTreeMap<String, Inputs>;

fn named<'a, T: Serialize + 'a>(all: impl Iterator<Item = (&'a String, &'a T)>) -> Declared {
    all.map(|(name, value)| (name.clone(), Inputs::of(value))).collect()
}

fn compare(kind: &'static str, first: Declared, second: Declared, found: &mut Vec<Difference>) {
    let begin = found.len();
    let mut add = |name: &str, what: What| {
        let same = |other: &What| match (other, &what) {
            (What::Value { change: a, .. }, What::Value { change: b, .. }) => {
                (&a.path, &a.before, &a.after) == (&b.path, &b.before, &b.after)
            }
            _ => false,
        };
        match found[begin..].iter_mut().find(|difference| same(&difference.what)) {
            Some(difference) => difference.names.push(name.to_owned()),
            None => found.push(Difference { kind, names: vec![name.to_owned()], what }),
        }
    };
    for (name, before) in &first {
        let Some(after) = second.get(name) else {
            add(name, What::OnlyFirst);
            continue;
        };
        for change in after.changes(&before.values) {
            if !change.path.ends_with(".base") {
                let first = before.origin_near(&change.path);
                add(name, What::Value { change, first });
            }
        }
    }
    for name in second.keys().filter(|name| !first.contains_key(*name)) {
        add(name, What::OnlySecond);
    }
}

/// A value in words; none is nothing.
pub fn said(value: &Option<Value>) -> String {
    value.as_ref().map_or("nothing".to_owned(), Value::to_string)
}
