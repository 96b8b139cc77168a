//! All metrics of one level or both, as data, JSON and text.

use std::fmt;

use serde::ser::{Serialize, SerializeMap, Serializer};

use super::statistics::interval::Interval;
use proofmark_metrics::Undefined;
use proofmark_text::show::brief;

/// One metric.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Key in JSON.
    pub key: String,
    /// Name for readers.
    pub name: String,
    /// Value, as a fraction, or why there is none.
    pub value: Result<f64, Undefined>,
    /// Its interval, where asked for.
    pub interval: Option<Interval>,
}

/// Every metric of one ranking, as fractions.
#[derive(Clone, Debug, PartialEq)]
pub struct LevelSummary {
    /// Rows scored.
    pub n: usize,
    /// The metrics, always the same in the same order.
    pub entries: Vec<Entry>,
    /// Whether intervals were asked for.
    pub resampled: bool,
}

impl Serialize for LevelSummary {
    /// An undefined metric is null, and `reasons` says why; without any there is no
    /// `reasons`, and without intervals no `intervals`.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("n", &self.n)?;
        let mut reasons = serde_json::Map::new();
        let mut intervals = serde_json::Map::new();
        for Entry { key, value, interval, .. } in &self.entries {
            map.serialize_entry(key, &value.ok())?;
            if let Err(reason) = value {
                reasons.insert(key.clone(), reason.to_string().into());
            }
            if let Some(Interval { low, high }) = interval {
                intervals.insert(key.clone(), vec![*low, *high].into());
            }
        }
        for (key, parts) in [("intervals", intervals), ("reasons", reasons)] {
            if !parts.is_empty() {
                map.serialize_entry(key, &parts)?;
            }
        }
        map.end()
    }
}

/// The metrics of rows and of videos.
#[derive(Clone, Debug, PartialEq)]
pub struct Levels {
    /// Every row on its own, unless videos alone are asked for.
    pub frame: Option<LevelSummary>,
    /// The score of each video, where the file names videos.
    pub video: Option<LevelSummary>,
}

impl Levels {
    fn named(&self) -> impl Iterator<Item = (&'static str, &LevelSummary)> {
        let named = [("frame", &self.frame), ("video", &self.video)];
        named.into_iter().filter_map(|(name, level)| Some((name, level.as_ref()?)))
    }
}

impl Serialize for Levels {
    /// `{"frame": {..}, "video": {..}}`, without what there is not.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.named())
    }
}

/// The metrics of a file of scores.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// Of all rows.
    pub all: Levels,
    /// Of each group, where groups are asked for.
    pub groups: Vec<(String, Levels)>,
    /// The column of the groups.
    pub by: Option<String>,
    /// Rows left out because their score is missing.
    pub dropped: usize,
    /// What readers must know of the file, each a clause.
    pub notes: Vec<String>,
}

impl Serialize for Summary {
    /// Levels, then `{"by": "column", "groups": {"name": {..}}}` where there are groups,
    /// `"dropped": n` where rows were, and `"notes": [..]` where there are any.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (name, level) in self.all.named() {
            map.serialize_entry(name, level)?;
        }
        if let Some(by) = &self.by {
            let groups: serde_json::Map<String, serde_json::Value> = self
                .groups
                .iter()
                .map(|(name, levels)| {
                    (name.clone(), serde_json::to_value(levels).unwrap_or_default())
                })
                .collect();
            map.serialize_entry("by", by)?;
            map.serialize_entry("groups", &groups)?;
        }
        if self.dropped > 0 {
            map.serialize_entry("dropped", &self.dropped)?;
        }
        if !self.notes.is_empty() {
            map.serialize_entry("notes", &self.notes)?;
        }
        map.end()
    }
}

impl fmt::Display for Summary {
    /// A line per metric, a column per level; undefined metrics and dropped rows are
    /// explained below.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        text(f, &self.all)?;
        for (name, levels) in &self.groups {
            writeln!(f, "\n{} {}", self.by.as_deref().unwrap_or_default(), brief(name))?;
            text(f, levels)?;
        }
        match self.dropped {
            0 => Ok(()),
            1 => writeln!(f, "dropped: 1 row without a score"),
            n => writeln!(f, "dropped: {n} rows without a score"),
        }
    }
}

fn text(f: &mut fmt::Formatter<'_>, levels: &Levels) -> fmt::Result {
    let levels: Vec<(&str, &LevelSummary)> = levels.named().collect();
    let certain = levels.iter().any(|(_, level)| level.resampled);
    let width = if certain { 33 } else { 12 };
    let Some((_, first)) = levels.first() else { return Ok(()) };
    let names = first.entries.iter().map(|entry| entry.name.len()).max().unwrap_or(0) + 1;
    write!(f, "{:<names$}", "")?;
    for (name, _) in &levels {
        write!(f, "{name:>width$}")?;
    }
    write!(f, "\n{:<names$}", "n")?;
    for (_, level) in &levels {
        write!(f, "{:>width$}", level.n)?;
    }
    for (i, Entry { name, .. }) in first.entries.iter().enumerate() {
        write!(f, "\n{name:<names$}")?;
        for (_, level) in &levels {
            let Entry { value, interval, .. } = &level.entries[i];
            let cell = match (value, interval, level.resampled) {
                (Ok(value), Some(Interval { low, high }), _) => {
                    format!("{value:.6} [{low:.6}, {high:.6}]")
                }
                (Ok(value), None, true) => format!("{value:.6} {:>20}", "[n/a]"),
                (Ok(value), None, false) => format!("{value:.6}"),
                (Err(_), ..) => "n/a".to_owned(),
            };
            write!(f, "{cell:>width$}")?;
        }
    }
    writeln!(f)?;
    let certainty = |entry: &Entry| entry.value.is_ok() && entry.interval.is_none();
    if levels.iter().any(|(_, level)| level.resampled && level.entries.iter().any(certainty)) {
        writeln!(
            f,
            "[n/a]: no interval, since a class has a single video or the value is the same \
             whichever videos are drawn"
        )?;
    }
    for (level_name, level) in &levels {
        for Entry { name, value, .. } in &level.entries {
            if let Err(reason) = value {
                writeln!(f, "n/a: {name} per {level_name}: {reason}")?;
            }
        }
    }
    Ok(())
}
