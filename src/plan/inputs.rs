//! The inputs of a stage: plain values for the key, the place of each for reasons.
//!
//! A key is a digest of typed values, never of text: comments, order of declaration
//! and names that nothing depends on do not reach it.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value};

use proofmark_lang::span::{FileId, Origin};

/// What an input is that no declaration states: found in the world, made by another stage, or of
/// this version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Observed {
    /// The key of prepared faces.
    Faces,
    /// The key of landmarks.
    Landmarks,
    /// The key of a sample.
    Sample,
    /// The key of a model.
    Model,
    /// The key of embeddings.
    Embeddings,
    /// The digest of the files of a data set.
    Pixels,
    /// The digest of a data set's videos, labels and splits.
    Manifest,
    /// The digest of a file of first weights.
    Weights,
    /// How that file is read.
    Reading,
    /// The digest of a face detector's weights.
    Detector,
    /// The digest of a file of landmarks.
    GivenLandmarks,
    /// The digest of another tool's scores.
    Scores,
    /// The key of a model's scores.
    Predictions,
    /// The key of a calibration.
    Calibration,
    /// The version of what makes the result.
    Version,
}

impl Observed {
    /// What to say where it changed.
    pub fn words(self) -> &'static str {
        match self {
            Self::Faces => "the prepared faces changed",
            Self::Landmarks => "the landmarks changed",
            Self::Sample => "the sampled faces changed",
            Self::Model => "the model changed",
            Self::Embeddings => "the embeddings changed",
            Self::Pixels => "files of the data set changed",
            Self::Manifest => "the data set's list of videos, labels or splits changed",
            Self::Weights => "the weights file changed",
            Self::Reading => "this version of Proofmark reads the weights file otherwise",
            Self::Detector => "the weights of the face detector changed",
            Self::GivenLandmarks => "the file of landmarks changed",
            Self::Scores => "the file of scores changed",
            Self::Predictions => "the model's scores changed",
            Self::Calibration => "the calibration changed",
            Self::Version => "this version of Proofmark computes it anew",
        }
    }
}

/// Inputs of a stage.
#[derive(Clone, Debug, PartialEq)]
pub struct Inputs {
    /// Values alone, object keys sorted.
    pub values: Value,
    /// Where each written value stands, by path (`recipe.epochs`).
    pub origins: BTreeMap<String, Origin>,
    /// What each value is that was found, by path.
    pub found: BTreeMap<String, Observed>,
}

/// A value that differs between two results of the same name.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// Path of the value, e.g. `recipe.adamw.lr`.
    pub path: String,
    /// What it was; none if it is new.
    pub before: Option<Value>,
    /// What it is; none if it has gone.
    pub after: Option<Value>,
    /// Where it is written now.
    pub origin: Option<Origin>,
    /// What it is, where it was found.
    pub found: Option<Observed>,
}

impl Inputs {
    /// Takes values and places apart. Everything in `source` is an input, except
    /// object entries called `name`, which are only labels.
    pub fn of(source: &impl Serialize) -> Self {
        let value = serde_json::to_value(source).expect("typed declarations are plain data");
        let mut origins = BTreeMap::new();
        let values = separate(value, &mut String::new(), &mut origins);
        Self { values, origins, found: BTreeMap::new() }
    }

    /// Adds an entry that no declaration states.
    #[must_use]
    pub fn finding(self, entry: &str, found: Observed, value: impl Serialize) -> Self {
        let inner = Self { found: [(String::new(), found)].into(), ..Self::of(&value) };
        self.nested(entry, inner)
    }

    /// Replaces or adds an entry of the top-level object.
    #[must_use]
    pub fn with(self, entry: &str, value: impl Serialize) -> Self {
        self.nested(entry, Self::of(&value))
    }

    /// Replaces or adds an entry that has inputs of its own.
    #[must_use]
    pub fn nested(mut self, entry: &str, inner: Self) -> Self {
        let within = |path: String| match path.is_empty() {
            true => entry.to_owned(),
            false => format!("{entry}.{path}"),
        };
        self.origins.extend(inner.origins.into_iter().map(|(path, at)| (within(path), at)));
        self.found.extend(inner.found.into_iter().map(|(path, found)| (within(path), found)));
        if let Value::Object(map) = &mut self.values {
            map.insert(entry.to_owned(), inner.values);
            map.sort_keys();
        }
        self
    }

    /// Inputs without any entry.
    pub fn empty() -> Self {
        Self::recorded(Value::Object(Map::new()))
    }

    /// Values as a record in the store has them.
    pub fn recorded(values: Value) -> Self {
        Self { values, origins: BTreeMap::new(), found: BTreeMap::new() }
    }

    /// The key of a stage with these inputs: 32 hexadecimal digits.
    pub fn key(&self, stage: &str) -> String {
        let mut hasher = blake3::Hasher::new();
        hasher.update(stage.as_bytes());
        hasher.update(b"\0");
        hasher.update(self.values.to_string().as_bytes());
        hasher.finalize().to_hex()[..32].to_owned()
    }

    /// What differs from the inputs of an earlier result.
    pub fn changes(&self, before: &Value) -> Vec<Change> {
        let mut changes = Vec::new();
        compare(Some(before), Some(&self.values), &mut String::new(), &mut changes);
        for change in &mut changes {
            change.origin = self.origin_near(&change.path);
            change.found = self.found.get(&change.path).copied();
        }
        changes
    }

    /// The place of a path, or of the nearest value around it.
    pub(super) fn origin_near(&self, path: &str) -> Option<Origin> {
        let mut path = path;
        loop {
            if let Some(origin) = self.origins.get(path) {
                return Some(*origin);
            }
            path = &path[..path.rfind('.')?];
        }
    }
}

/// Plain values, sorted; places go to `origins`.
fn separate(value: Value, path: &mut String, origins: &mut BTreeMap<String, Origin>) -> Value {
    match value {
        Value::Object(mut map) if map.contains_key("$value") => {
            if let Some(origin) = map.get("$origin").and_then(origin_of) {
                origins.insert(path.clone(), origin);
            }
            separate(map.remove("$value").unwrap_or_default(), path, origins)
        }
        Value::Object(map) => {
            let mut sorted: Vec<(String, Value)> =
                map.into_iter().filter(|(key, _)| key != "name").collect();
            sorted.sort_by(|a, b| a.0.cmp(&b.0));
            let within = sorted.into_iter().map(|(key, value)| {
                let value = nested(path, &key, |path| separate(value, path, origins));
                (key, value)
            });
            Value::Object(within.collect())
        }
        Value::Array(items) => Value::Array(
            items
                .into_iter()
                .enumerate()
                .map(|(i, item)| nested(path, &i.to_string(), |path| separate(item, path, origins)))
                .collect(),
        ),
        plain => plain,
    }
}

/// Runs `f` with one more step on the path.
fn nested<T>(path: &mut String, step: &str, f: impl FnOnce(&mut String) -> T) -> T {
    let length = path.len();
    if length > 0 {
        path.push('.');
    }
    path.push_str(step);
    let result = f(path);
    path.truncate(length);
    result
}

/// The place, unless the value is a default that no file states.
fn origin_of(value: &Value) -> Option<Origin> {
    let numbers: Vec<u32> =
        value.as_array()?.iter().filter_map(|n| n.as_u64()?.try_into().ok()).collect();
    let [file, start, end] = numbers[..] else { return None };
    let origin = Origin { file: FileId(file), start, end };
    (!origin.is_default()).then_some(origin)
}

fn compare(
    before: Option<&Value>,
    after: Option<&Value>,
    path: &mut String,
    changes: &mut Vec<Change>,
) {
    match (before, after) {
        (Some(a), Some(b)) if a == b => {}
        (Some(Value::Object(a)), Some(Value::Object(b))) => {
            let mut keys: Vec<&String> = a.keys().chain(b.keys()).collect();
            keys.sort();
            keys.dedup();
            for key in keys {
                nested(path, key, |path| compare(a.get(key), b.get(key), path, changes));
            }
        }
        (Some(Value::Array(a)), Some(Value::Array(b))) => {
            for i in 0..a.len().max(b.len()) {
                nested(path, &i.to_string(), |path| compare(a.get(i), b.get(i), path, changes));
            }
        }
        (a, b) => changes.push(Change {
            path: path.clone(),
            before: a.cloned(),
            after: b.cloned(),
            origin: None,
            found: None,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proofmark_lang::span::Spanned;

    #[derive(Serialize)]
    struct Recipe {
        name: Spanned<&'static str>,
        epochs: Spanned<u32>,
        adamw: AdamW,
    }

    #[derive(Serialize)]
    struct AdamW {
        lr: Spanned<f64>,
    }

    fn recipe(name: &'static str, epochs: u32, at: u32, lr: f64) -> Recipe {
        let place = |start| Origin { file: FileId(0), start, end: start + 5 };
        Recipe {
            name: Spanned::new(name, place(1)),
            epochs: Spanned::new(epochs, place(at)),
            adamw: AdamW { lr: Spanned::default_of(lr) },
        }
    }

    #[test]
    fn keys_see_values_but_neither_places_nor_names() {
        let base = Inputs::of(&recipe("paper", 30, 10, 1e-4));
        assert_eq!(base.key("train"), Inputs::of(&recipe("mine", 30, 99, 1e-4)).key("train"));
        assert_ne!(base.key("train"), base.key("predict"));
        assert_ne!(base.key("train"), Inputs::of(&recipe("paper", 31, 10, 1e-4)).key("train"));
        assert_ne!(base.key("train"), Inputs::of(&recipe("paper", 30, 10, 1e-5)).key("train"));
    }

    #[test]
    fn what_was_found_is_told_from_what_is_declared_whatever_its_name() {
        let declared = |model: &str| {
            let recipe = Inputs::of(&serde_json::json!({ "model": model, "version": 1 }));
            let weights = Inputs::empty().finding("digest", Observed::Weights, model);
            Inputs::empty().nested("recipe", recipe).nested("weights", weights)
        };
        let changes = declared("b").changes(&declared("a").values);
        let found: Vec<_> = changes.iter().map(|c| (c.path.as_str(), c.found)).collect();
        assert_eq!(found, [("recipe.model", None), ("weights.digest", Some(Observed::Weights))]);
    }

    #[test]
    fn changes_name_the_value_and_its_place() {
        let before = Inputs::of(&recipe("paper", 30, 10, 1e-4)).values;
        let after = Inputs::of(&recipe("paper", 20, 40, 1e-4)).with("extra", 7);
        let changes = after.changes(&before);
        assert_eq!(changes.len(), 2);
        assert_eq!(changes[0].path, "epochs");
        assert_eq!(changes[0].before, Some(Value::from(30)));
        assert_eq!(changes[0].after, Some(Value::from(20)));
        assert_eq!(changes[0].origin.map(|o| o.start), Some(40));
        assert_eq!((changes[1].path.as_str(), changes[1].origin), ("extra", None));
    }
}
