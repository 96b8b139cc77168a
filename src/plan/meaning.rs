//! Two projects compared by what they mean: values, not text; names, not order.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::inputs::{Change, Inputs};
use proofmark_lang::model::Project;
use proofmark_lang::span::Origin;

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
#[expect(clippy::large_enum_variant, reason = "few are made, and most of them are values")]
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
        project.tables.iter().map(|t| (t.name.clone(), Declaration::of(t))).collect()
    };
    compare("table", tables(first), tables(second), &mut found);
    found
}

/// What a declaration says, with what is listed in it by name rather than by position.
struct Declaration {
    inputs: Inputs,
    /// The names of each list whose order is seen, by path.
    orders: BTreeMap<String, Vec<String>>,
}

impl Declaration {
    fn of(source: &impl Serialize) -> Self {
        let value = serde_json::to_value(source).expect("typed declarations are plain data");
        let mut orders = BTreeMap::new();
        let inputs = Inputs::of(&by_name(value, "", &mut orders));
        Self { inputs, orders }
    }
}

/// Lists of which a table is made, whose order is that of the printed table.
const SEEN: [&str; 4] = ["rows", "scenarios", "columns", "metrics"];

/// Lists of named things as objects with an entry for each.
fn by_name(value: Value, path: &str, orders: &mut BTreeMap<String, Vec<String>>) -> Value {
    let within = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    match value {
        Value::Object(mut map) => {
            // Where the file lies that states a path is no meaning.
            if map.contains_key("written") {
                map.remove("base");
            }
            let each = map.into_iter().map(|(key, value)| {
                let path = if key.starts_with('$') { path.to_owned() } else { within(&key) };
                let value = by_name(value, &path, orders);
                (key, value)
            });
            Value::Object(each.collect())
        }
        Value::Array(items) => {
            let Some(names) = items.iter().map(identity).collect::<Option<Vec<_>>>() else {
                return Value::Array(items);
            };
            let (mut named, mut times) = (Map::new(), BTreeMap::new());
            for (name, item) in names.into_iter().zip(items) {
                let n = times.entry(name.clone()).or_insert(0usize);
                let free = loop {
                    *n += 1;
                    let free = if *n == 1 { name.clone() } else { format!("{name} ({n})") };
                    if !named.contains_key(&free) {
                        break free;
                    }
                };
                let name = free;
                let item = by_name(item, &within(&name), orders);
                named.insert(name, item);
            }
            if SEEN.contains(&path.rsplit('.').next().unwrap_or(path)) {
                orders.insert(path.to_owned(), named.keys().cloned().collect());
            }
            Value::Object(named)
        }
        plain => plain,
    }
}

/// What tells an item of a list from the others.
fn identity(item: &Value) -> Option<String> {
    let text = |key: &str| {
        let value = item.get(key)?;
        value.get("$value").unwrap_or(value).as_str().map(str::to_owned)
    };
    let joined = |keys: &[&str]| {
        let parts: Vec<String> = keys.iter().filter_map(|key| text(key)).collect();
        (!parts.is_empty()).then(|| parts.join(" "))
    };
    match text("column").as_deref() {
        Some("dataset") => text("dataset"),
        Some("average") => joined(&["column", "label"]),
        Some(_) => joined(&["column", "dataset", "by", "kind"]),
        None => ["name", "experiment", "folder", "text"]
            .iter()
            .find_map(|key| text(key))
            .or_else(|| joined(&["term", "mining"]))
            .or_else(|| joined(&["metric", "level"]))
            .or_else(|| text("dataset"))
            .or_else(|| text("label")),
    }
}

type Declared = BTreeMap<String, Declaration>;

fn named<'a, T: Serialize + 'a>(all: impl Iterator<Item = (&'a String, &'a T)>) -> Declared {
    all.map(|(name, value)| (name.clone(), Declaration::of(value))).collect()
}

/// Lists of which both have the same things in another order.
fn reordered(before: &Declaration, after: &Declaration) -> Vec<Change> {
    let both =
        before.orders.iter().filter_map(|(path, a)| Some((path, a, after.orders.get(path)?)));
    let changes = both.filter_map(|(path, a, b)| {
        let [in_a, in_b] = [a, b].map(|names| names.iter().collect::<BTreeSet<_>>());
        let first: Vec<&String> = a.iter().filter(|name| in_b.contains(name)).collect();
        let second: Vec<&String> = b.iter().filter(|name| in_a.contains(name)).collect();
        (first != second).then(|| Change {
            path: format!("the order of {path}"),
            before: Some(json!(first)),
            after: Some(json!(second)),
            origin: None,
            found: None,
        })
    });
    changes.collect()
}

fn compare(kind: &'static str, first: Declared, second: Declared, found: &mut Vec<Difference>) {
    let mut places = BTreeMap::new();
    let mut add = |name: &str, what: What| {
        let key = match &what {
            What::Value { change: Change { path, before, after, .. }, .. } => {
                Some((path.clone(), said(before), said(after)))
            }
            What::OnlyFirst | What::OnlySecond => None,
        };
        let place = key.map(|key| *places.entry(key).or_insert(found.len()));
        match place.and_then(|place| found.get_mut(place)) {
            Some(difference) => difference.names.push(name.to_owned()),
            None => found.push(Difference { kind, names: vec![name.to_owned()], what }),
        }
    };
    for (name, before) in &first {
        let Some(after) = second.get(name) else {
            add(name, What::OnlyFirst);
            continue;
        };
        for change in after.inputs.changes(&before.inputs.values) {
            let first = before.inputs.origin_near(&change.path);
            add(name, What::Value { change, first });
        }
        for change in reordered(before, after) {
            add(name, What::Value { change, first: None });
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_are_known_by_name_wherever_they_stand() {
        let table = |rows: Value| Declaration::of(&json!({ "rows": rows }));
        let row =
            |name: &str, label: &str| json!({ "experiment": { "$value": name }, "label": label });
        let before = table(json!([row("a", "A"), row("b", "B"), row("c", "C")]));
        let after = table(json!([row("b", "B"), row("c", "other")]));
        let changes = after.inputs.changes(&before.inputs.values);
        let paths: Vec<&str> = changes.iter().map(|change| change.path.as_str()).collect();
        assert_eq!(paths, ["rows.a", "rows.c.label"]);
        assert!(reordered(&before, &after).is_empty());
        let turned = table(json!([row("c", "C"), row("a", "A"), row("b", "B")]));
        let changes = reordered(&before, &turned);
        assert_eq!((changes.len(), changes[0].path.as_str()), (1, "the order of rows"));
        let twice = table(json!([row("a", "A"), row("a", "A")]));
        assert_eq!(twice.orders["rows"], ["a", "a (2)"]);
        let plain = Declaration::of(&json!({ "missing": ["x", "y"] }));
        assert_eq!(plain.inputs.values["missing"], json!(["x", "y"]));
    }
}
