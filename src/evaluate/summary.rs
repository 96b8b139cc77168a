//! All metrics of one level or both, as data, JSON and text.

use std::fmt;

use serde::ser::{Serialize, SerializeMap, Serializer};

use super::metrics::{Ranking, Undefined};

/// Every metric of one ranking, as fractions.
#[derive(Clone, Debug, PartialEq)]
pub struct LevelSummary {
    /// Rows scored.
    pub n: usize,
    /// Area under the ROC curve.
    pub auc: Result<f64, Undefined>,
    /// Mean of sensitivity and specificity at the threshold.
    pub balanced_accuracy: Result<f64, Undefined>,
    /// Equal error rate.
    pub eer: Result<f64, Undefined>,
    /// Average precision.
    pub average_precision: Result<f64, Undefined>,
    /// Accuracy at the threshold.
    pub accuracy: Result<f64, Undefined>,
}

impl LevelSummary {
    /// The metrics of `ranking`, at `threshold` where one is needed.
    pub fn new(ranking: &Ranking, threshold: f64) -> Self {
        Self {
            n: ranking.rows(),
            auc: ranking.roc_auc(),
            balanced_accuracy: ranking.balanced_accuracy(threshold),
            eer: ranking.eer(),
            average_precision: ranking.average_precision(),
            accuracy: ranking.accuracy(threshold),
        }
    }

    /// The metrics by their key in JSON.
    fn entries(&self) -> [(&'static str, Result<f64, Undefined>); 5] {
        [
            ("auc", self.auc),
            ("balanced_accuracy", self.balanced_accuracy),
            ("eer", self.eer),
            ("average_precision", self.average_precision),
            ("accuracy", self.accuracy),
        ]
    }
}

impl Serialize for LevelSummary {
    /// An undefined metric is null, and `reasons` says why; without any there is no
    /// `reasons`.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("n", &self.n)?;
        let mut reasons = serde_json::Map::new();
        for (key, value) in self.entries() {
            map.serialize_entry(key, &value.ok())?;
            if let Err(reason) = value {
                reasons.insert(key.into(), reason.to_string().into());
            }
        }
        if !reasons.is_empty() {
            map.serialize_entry("reasons", &reasons)?;
        }
        map.end()
    }
}

/// The metrics of a file of scores.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// Every row on its own.
    pub frame: LevelSummary,
    /// The mean score of each video's rows, where the file names videos.
    pub video: Option<LevelSummary>,
    /// Rows left out because their score is missing.
    pub dropped: usize,
}

impl Serialize for Summary {
    /// `{"frame": {..}, "video": {..}, "dropped": n}`, without `video` where there are
    /// none and without `dropped` where nothing was.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("frame", &self.frame)?;
        if let Some(video) = &self.video {
            map.serialize_entry("video", video)?;
        }
        if self.dropped > 0 {
            map.serialize_entry("dropped", &self.dropped)?;
        }
        map.end()
    }
}

impl fmt::Display for Summary {
    /// A line per metric, a column per level; undefined metrics and dropped rows are
    /// explained below.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let levels: Vec<(&str, &LevelSummary)> =
            [("frame", Some(&self.frame)), ("video", self.video.as_ref())]
                .into_iter()
                .filter_map(|(name, level)| Some((name, level?)))
                .collect();
        let names = ["AUC", "balanced accuracy", "EER", "average precision", "accuracy"];

        write!(f, "{:<18}", "")?;
        for (name, _) in &levels {
            write!(f, "{name:>10}")?;
        }
        write!(f, "\n{:<18}", "n")?;
        for (_, level) in &levels {
            write!(f, "{:>10}", level.n)?;
        }
        for (i, name) in names.iter().enumerate() {
            write!(f, "\n{name:<18}")?;
            for (_, level) in &levels {
                match level.entries()[i].1 {
                    Ok(value) => write!(f, "{value:>10.4}")?,
                    Err(_) => write!(f, "{:>10}", "n/a")?,
                }
            }
        }
        writeln!(f)?;
        for (level_name, level) in &levels {
            for (name, (_, value)) in names.iter().zip(level.entries()) {
                if let Err(reason) = value {
                    writeln!(f, "n/a: {name} per {level_name}: {reason}")?;
                }
            }
        }
        match self.dropped {
            0 => Ok(()),
            1 => writeln!(f, "dropped: 1 row without a score"),
            n => writeln!(f, "dropped: {n} rows without a score"),
        }
    }
}
