//! What each column of a table is computed from.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::build_error::BuildError;
use super::evidence::{Evidence, ScoreKey};
use super::table::{ColumnHead, ColumnKind, ScenarioHead};
use proofmark_evaluate::samples::{Sample, Samples};
use proofmark_lang::model::{
    Average, Column, Corruption, Family, Gap, Placed, Project, Row, Split, Table,
};

/// A set of samples that a metric is computed on.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Unit {
    /// Name for readers.
    pub label: String,
    /// The data set.
    pub dataset: String,
    /// The split.
    pub split: Split,
    /// One manipulation's fakes against all reals; all samples when absent.
    pub method: Option<String>,
    /// What was done to its faces.
    pub corruption: Option<Corruption>,
    /// Only videos of this value of an attribute.
    pub value: Option<(String, String)>,
    /// Experiments that train on the data set, where the scenario holds it out.
    pub hidden: BTreeSet<String>,
    /// Why it has no numbers, where it has too few videos.
    pub too_few: Option<String>,
}

impl Unit {
    /// Where its scores by an experiment are.
    pub fn key_of(&self, experiment: &str) -> ScoreKey {
        ScoreKey {
            experiment: experiment.to_owned(),
            dataset: self.dataset.clone(),
            split: self.split,
            corruption: self.corruption,
        }
    }

    /// Whether a row is not shown here, since one of its experiments trains on the data set.
    pub fn hides(&self, row: &Row) -> bool {
        row.experiments().any(|experiment| self.hidden.contains(experiment))
    }

    /// Those of some samples that count.
    pub fn select<'a>(
        &'a self,
        samples: &'a Samples,
        evidence: &'a Evidence,
    ) -> impl Iterator<Item = &'a Sample> {
        let values = self.value.as_ref().map(|(by, value)| {
            (evidence.attributes.get(&(self.dataset.clone(), by.clone())), value)
        });
        samples.part(self.method.as_deref()).filter(move |sample| match &values {
            None => true,
            Some((videos, value)) => {
                videos.and_then(|videos| videos.get(&*sample.video)) == Some(*value)
            }
        })
    }

    /// What it is computed on: equal for two that are computed on the same videos.
    pub fn videos(&self) -> impl Ord + '_ {
        let Self { label: _, dataset, split, method, corruption, value, hidden, too_few } = self;
        (dataset, split, method, corruption, value, hidden, too_few)
    }

    /// Stable name, that of its column.
    pub fn key(&self) -> String {
        match (&self.method, self.corruption, &self.value) {
            (Some(method), ..) => format!("{}/{method}", self.dataset),
            (None, Some(corruption), _) => format!("{}, {corruption}", self.dataset),
            (None, None, Some((by, value))) => format!("{}, {by}={value}", self.dataset),
            (None, None, None) => self.dataset.clone(),
        }
    }
}

/// Where the numbers of a column come from; places in [`Planned::units`].
#[derive(Clone, Debug, PartialEq)]
pub(super) enum ColumnSource {
    /// One unit.
    Unit(usize),
    /// The mean of several.
    Mean(Vec<usize>),
    /// The largest of several less the smallest.
    Gap(Vec<usize>),
}

impl ColumnSource {
    /// What it is computed from; places in [`Planned::units`].
    pub fn units(&self) -> &[usize] {
        match self {
            Self::Unit(unit) => std::slice::from_ref(unit),
            Self::Mean(units) | Self::Gap(units) => units,
        }
    }
}

/// The columns of a table.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Planned {
    /// Heads by scenario.
    pub scenarios: Vec<ScenarioHead>,
    /// A source per column of all scenarios.
    pub sources: Vec<ColumnSource>,
    /// What the sources refer to.
    pub units: Vec<Unit>,
}

/// Plans the columns of a table.
pub(super) fn plan(
    project: &Project,
    table: &Table,
    evidence: &Evidence,
) -> Result<Planned, BuildError> {
    let mut planned = Planned::default();
    for scenario in &table.scenarios {
        let name = scenario.name.clone();
        planned.scenarios.push(ScenarioHead { name, columns: Vec::new() });
        // An average may be declared before the columns it is over.
        let first = planned.units.len();
        let mut datasets = Vec::new();
        for column in &scenario.columns {
            if let Column::Dataset(of) = column {
                datasets.push(planned.units.len());
                planned.units.push(Unit {
                    label: of.label.clone(),
                    dataset: known(project, &of.dataset)?,
                    split: of.split,
                    method: None,
                    corruption: None,
                    value: None,
                    hidden: BTreeSet::new(),
                    too_few: None,
                });
            }
        }
        let mut shown = first..;
        for column in &scenario.columns {
            match column {
                Column::Dataset(of) => {
                    let kind = ColumnKind::Dataset { dataset: of.dataset.clone(), split: of.split };
                    let unit = shown.next().unwrap_or(first);
                    let head = head(&of.label, &of.dataset, kind, evidence);
                    planned.push(head, ColumnSource::Unit(unit));
                }
                Column::Average(of) => planned.average(&of.label, datasets.clone()),
                Column::PerManipulation(of) => {
                    let dataset = known(project, &of.dataset)?;
                    let methods = methods(project, &dataset, of.split, evidence);
                    planned.per_manipulation(
                        &methods,
                        (&dataset, of.split),
                        of.show,
                        &of.averages,
                        evidence,
                    );
                }
                Column::PerValue(of) => {
                    let dataset = known(project, &of.dataset)?;
                    planned.per_value(
                        &of.by,
                        (&dataset, of.split),
                        (of.average.as_deref(), of.gap.as_ref()),
                        evidence,
                    );
                }
                Column::Corrupted(of) => {
                    let dataset = known(project, &of.dataset)?;
                    planned.corrupted(
                        of.corruptions(),
                        (&dataset, of.split),
                        of.average.as_deref(),
                        evidence,
                    );
                }
            }
        }
        if scenario.holds_out() {
            for unit in &mut planned.units[first..] {
                unit.hidden = trained_on(project, table, &unit.dataset);
            }
        }
    }
    Ok(planned)
}

/// The experiments of a table that train on a data set.
fn trained_on(project: &Project, table: &Table, dataset: &str) -> BTreeSet<String> {
    let all = table.rows.iter().flat_map(|row| row.experiments());
    let trains = |name: &&str| {
        project.experiments.get(*name).is_some_and(|experiment| experiment.data.trains_on(dataset))
    };
    all.filter(trains).map(str::to_owned).collect()
}

impl Planned {
    /// Data sets and splits that the table needs, each once.
    pub fn splits(&self) -> BTreeSet<(String, Split)> {
        self.units.iter().map(|unit| (unit.dataset.clone(), unit.split)).collect()
    }

    /// Adds a column to the last scenario.
    fn push(&mut self, head: ColumnHead, source: ColumnSource) {
        if let Some(scenario) = self.scenarios.last_mut() {
            scenario.columns.push(head);
            self.sources.push(source);
        }
    }

    /// Adds a unit with a column of its own.
    fn shown(&mut self, unit: Unit, kind: ColumnKind, evidence: &Evidence) {
        let head = head(&unit.label, &unit.key(), kind, evidence);
        self.push(head, ColumnSource::Unit(self.units.len()));
        self.units.push(unit);
    }

    /// Adds a mean of units.
    fn average(&mut self, label: &str, over: Vec<usize>) {
        let keys = over.iter().map(|&unit| self.units[unit].key()).collect();
        let head = ColumnHead {
            label: label.to_owned(),
            key: "average".into(),
            kind: ColumnKind::Average { over: keys },
            coverage: None,
        };
        self.push(head, ColumnSource::Mean(over));
    }

    /// Adds a column for each value of an attribute that a scored video has, and their mean where
    /// it is shown.
    fn per_value(
        &mut self,
        by: &str,
        (dataset, split): (&str, Split),
        (average, gap): (Option<&str>, Option<&Placed<Gap>>),
        evidence: &Evidence,
    ) {
        let first = self.units.len();
        let videos = evidence.attributes.get(&(dataset.to_owned(), by.to_owned()));
        let scored = evidence.scores.iter().filter(|(key, _)| {
            key.dataset == dataset && key.split == split && key.corruption.is_none()
        });
        let scored = scored.filter_map(|(_, scored)| scored.as_ref().ok());
        // Of each value, its real and its fake videos.
        let mut values: BTreeMap<&String, [BTreeSet<&str>; 2]> = BTreeMap::new();
        for sample in scored.flat_map(|scored| &scored.videos.rows) {
            if let Some(value) = videos.and_then(|videos| videos.get(&*sample.video)) {
                let of_value = values.entry(value).or_default();
                of_value[usize::from(sample.fake)].insert(&sample.video);
            }
        }
        for (value, videos) in values {
            let unit = Unit {
                label: if value.is_empty() { format!("no {by}") } else { value.clone() },
                dataset: dataset.to_owned(),
                split,
                method: None,
                corruption: None,
                value: Some((by.to_owned(), value.clone())),
                hidden: BTreeSet::new(),
                too_few: gap.and_then(|gap| too_few(videos.map(|videos| videos.len()), gap.min)),
            };
            let kind = ColumnKind::Value {
                dataset: dataset.to_owned(),
                split,
                attribute: by.to_owned(),
                value: value.clone(),
            };
            self.shown(unit, kind, evidence);
        }
        if let Some(label) = average {
            self.average(label, (first..self.units.len()).collect());
        }
        if let Some(gap) = gap {
            let enough =
                (first..self.units.len()).filter(|&unit| self.units[unit].too_few.is_none());
            let over: Vec<usize> = enough.collect();
            let keys = over.iter().map(|&unit| self.units[unit].key()).collect();
            let head = ColumnHead {
                label: gap.label.clone(),
                key: "gap".into(),
                kind: ColumnKind::Gap { over: keys },
                coverage: None,
            };
            self.push(head, ColumnSource::Gap(over));
        }
    }

    /// Adds a column for each strength of a corruption, and their mean where it is shown.
    fn corrupted(
        &mut self,
        strengths: impl Iterator<Item = Corruption>,
        (dataset, split): (&str, Split),
        average: Option<&str>,
        evidence: &Evidence,
    ) {
        let first = self.units.len();
        for corruption in strengths {
            let unit = Unit {
                label: corruption.to_string(),
                dataset: dataset.to_owned(),
                split,
                method: None,
                corruption: Some(corruption),
                value: None,
                hidden: BTreeSet::new(),
                too_few: None,
            };
            let kind = ColumnKind::Corrupted { dataset: dataset.to_owned(), split, corruption };
            self.shown(unit, kind, evidence);
        }
        if let Some(label) = average {
            self.average(label, (first..self.units.len()).collect());
        }
    }

    /// Adds the manipulations of a data set, where shown, and their averages.
    fn per_manipulation(
        &mut self,
        methods: &[Method],
        (dataset, split): (&str, Split),
        show: bool,
        averages: &[Placed<Average>],
        evidence: &Evidence,
    ) {
        let first = self.units.len();
        for method in methods {
            let unit = Unit {
                label: method.label.clone(),
                dataset: dataset.to_owned(),
                split,
                method: Some(method.name.clone()),
                corruption: None,
                value: None,
                hidden: BTreeSet::new(),
                too_few: None,
            };
            if show {
                let kind = ColumnKind::Manipulation {
                    dataset: dataset.to_owned(),
                    split,
                    manipulation: method.name.clone(),
                    family: method.family,
                };
                self.shown(unit, kind, evidence);
            } else {
                self.units.push(unit);
            }
        }
        for average in averages {
            let family = average.family;
            let members = methods.iter().enumerate();
            let members = members.filter(|(_, m)| family.is_none() || m.family == family);
            let over = members.map(|(i, _)| first + i).collect();
            self.average(&average.label, over);
        }
    }
}

/// Why a value of an attribute has no number: fewer videos of a class than are asked for.
fn too_few([reals, fakes]: [usize; 2], min: u32) -> Option<String> {
    let fewest = reals.min(fakes);
    (fewest < min as usize).then(|| {
        format!("it has {reals} real and {fakes} fake videos, and the gap asks for {min} of each")
    })
}

/// A column of a data set or a part of one.
fn head(label: &str, key: &str, kind: ColumnKind, evidence: &Evidence) -> ColumnHead {
    let coverage = match &kind {
        ColumnKind::Dataset { dataset, split }
        | ColumnKind::Manipulation { dataset, split, .. }
        | ColumnKind::Value { dataset, split, .. }
        | ColumnKind::Corrupted { dataset, split, .. } => {
            evidence.coverage.get(&(dataset.clone(), *split)).copied()
        }
        ColumnKind::Average { .. } | ColumnKind::Gap { .. } => None,
    };
    ColumnHead { label: label.to_owned(), key: key.to_owned(), kind, coverage }
}

fn known(project: &Project, dataset: &str) -> Result<String, BuildError> {
    if project.datasets.contains_key(dataset) {
        Ok(dataset.to_owned())
    } else {
        Err(BuildError::Dataset(dataset.to_owned()))
    }
}

/// A manipulation of a data set.
struct Method {
    name: String,
    label: String,
    family: Option<Family>,
}

/// The manipulations of a data set: those declared, in order, then those that only
/// the scores know, by name.
fn methods(project: &Project, dataset: &str, split: Split, evidence: &Evidence) -> Vec<Method> {
    let declared = project.datasets.get(dataset).map_or(&[][..], |set| &set.manipulations);
    let mut methods: Vec<Method> = declared
        .iter()
        .map(|m| Method {
            name: m.name.clone(),
            label: m.title.as_ref().unwrap_or(&m.name).clone(),
            family: m.family,
        })
        .collect();
    let mut found: BTreeMap<Arc<str>, Option<Family>> = BTreeMap::new();
    for (key, scored) in &evidence.scores {
        if let (true, true, Ok(scored)) = (key.dataset == dataset, key.split == split, scored) {
            for (name, family) in scored.videos.methods() {
                let known = found.entry(name).or_default();
                *known = known.or(family);
            }
        }
    }
    for (name, family) in found {
        if !methods.iter().any(|method| *method.name == *name) {
            methods.push(Method { name: name.to_string(), label: name.to_string(), family });
        }
    }
    methods
}
