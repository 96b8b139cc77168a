//! Units of work to arrays of jobs: which tasks go together, and what each array waits for.
//!
//! Tasks of an array that wait for the same jobs are submitted by one command. Where each task waits
//! for another task of one earlier array, its number is that of the task it waits for (Slurm's
//! `aftercorr`), so that a task that fails keeps nobody waiting but those that need it.

use std::collections::{BTreeMap, BTreeSet};

use crate::engine::kind::StageKind;

/// A stage, or a share of one, that a task is to make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unit {
    /// Its kind.
    pub kind: StageKind,
    /// Units of different groups are never in one array: they ask for other resources, or are shares
    /// of another stage.
    pub group: usize,
    /// What it waits for.
    pub needs: Vec<Awaited>,
}

/// What a unit waits for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Awaited {
    /// Another unit, before it in the list.
    Unit(usize),
    /// A task that is in the queue already.
    Queued(String),
}

/// An array of tasks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Array {
    /// Kind of all of its units.
    pub kind: StageKind,
    /// Their group.
    pub group: usize,
    /// The unit of each task, by the task's number.
    pub tasks: BTreeMap<u32, usize>,
    /// What all of its tasks wait for.
    pub after: BTreeSet<After>,
    /// The array whose task of the same number each task waits for besides.
    pub after_same_number: Option<usize>,
}

/// What a whole array waits for, to end well.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum After {
    /// Every task of an earlier array.
    Array(usize),
    /// One task of an earlier array.
    Task(usize, u32),
    /// A task that is in the queue already.
    Queued(String),
}

/// Where a unit has been put: its array and its number there.
type Place = (usize, u32);

/// Arranges units into arrays of at most `largest` tasks, numbered from 0, each after those that it
/// waits for.
pub fn arrange(units: &[Unit], largest: usize) -> Vec<Array> {
    let largest = largest.max(1);
    let levels = levels(units);
    let mut arrays: Vec<Array> = Vec::new();
    let mut places: Vec<Option<Place>> = vec![None; units.len()];
    let last = levels.iter().copied().max();
    for level in 0..=last.unwrap_or(0) {
        let mut alike: BTreeMap<(StageKind, usize), Vec<usize>> = BTreeMap::new();
        for (number, unit) in units.iter().enumerate().filter(|(i, _)| levels[*i] == level) {
            alike.entry((unit.kind, unit.group)).or_default().push(number);
        }
        for members in alike.into_values() {
            let needs: Vec<BTreeSet<Need>> = members
                .iter()
                .map(|&unit| units[unit].needs.iter().map(|need| place(need, &places)).collect())
                .collect();
            let same = by_equal_needs(&members, &needs, largest);
            let numbered = by_number(&members, &needs, largest);
            let fewer = numbered.len() < same.len();
            for draft in if fewer { numbered } else { same } {
                let first = units[draft.tasks.values().next().copied().unwrap_or_default()].clone();
                for (&index, &unit) in &draft.tasks {
                    places[unit] = Some((arrays.len(), index));
                }
                let after = compressed(&draft.needs, &arrays);
                arrays.push(Array {
                    kind: first.kind,
                    group: first.group,
                    tasks: draft.tasks,
                    after,
                    after_same_number: draft.leading,
                });
            }
        }
    }
    arrays
}

/// What a unit waits for, as it has been put into arrays.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Need {
    Queued(String),
    Task(usize, u32),
}

fn place(need: &Awaited, places: &[Option<Place>]) -> Need {
    match need {
        Awaited::Queued(task) => Need::Queued(task.clone()),
        Awaited::Unit(unit) => {
            let (array, index) = places[*unit].expect("units wait for earlier ones alone");
            Need::Task(array, index)
        }
    }
}

/// How many units each must wait for, one after the other.
fn levels(units: &[Unit]) -> Vec<usize> {
    let mut levels = Vec::with_capacity(units.len());
    for unit in units {
        let before = unit.needs.iter().filter_map(|need| match need {
            Awaited::Unit(before) => Some(levels[*before] + 1),
            Awaited::Queued(_) => None,
        });
        let level: usize = before.max().unwrap_or(0);
        levels.push(level);
    }
    levels
}

/// An array whose needs are not compressed yet.
struct Draft {
    tasks: BTreeMap<u32, usize>,
    needs: BTreeSet<Need>,
    leading: Option<usize>,
}

/// One array for all that wait for the same.
fn by_equal_needs(members: &[usize], needs: &[BTreeSet<Need>], largest: usize) -> Vec<Draft> {
    let mut groups: BTreeMap<&BTreeSet<Need>, Vec<usize>> = BTreeMap::new();
    for (&unit, needs) in members.iter().zip(needs) {
        groups.entry(needs).or_default().push(unit);
    }
    let drafts = groups.into_iter().flat_map(|(needs, units)| {
        let chunks: Vec<Vec<usize>> = units.chunks(largest).map(<[usize]>::to_vec).collect();
        chunks.into_iter().map(|units| Draft {
            tasks: (0..).zip(units).collect(),
            needs: needs.clone(),
            leading: None,
        })
    });
    drafts.collect()
}

/// The array that leads, if one does, and what else is waited for.
type Pattern = (Option<usize>, BTreeSet<Need>);

/// Arrays in which each task has the number of the one that it waits for: what a unit waits for in
/// the last array leads.
fn by_number(members: &[usize], needs: &[BTreeSet<Need>], largest: usize) -> Vec<Draft> {
    // By the leading array and the other needs: units by their leading task.
    let mut patterns: BTreeMap<Pattern, Vec<BTreeMap<u32, usize>>> = BTreeMap::new();
    for (&unit, needs) in members.iter().zip(needs) {
        let leading = needs.iter().rev().find_map(|need| match need {
            Need::Task(array, index) => Some((*array, *index)),
            Need::Queued(_) => None,
        });
        let mut others = needs.clone();
        if let Some((array, index)) = leading {
            others.remove(&Need::Task(array, index));
        }
        let layers = patterns.entry((leading.map(|(array, _)| array), others)).or_default();
        let free = layers.iter_mut().find(|layer| match leading {
            Some((_, index)) => !layer.contains_key(&index),
            None => layer.len() < largest,
        });
        let index = |layer: &BTreeMap<u32, usize>| match leading {
            Some((_, index)) => index,
            None => layer.len() as u32,
        };
        match free {
            Some(layer) => {
                layer.insert(index(layer), unit);
            }
            None => layers.push(BTreeMap::from([(index(&BTreeMap::new()), unit)])),
        }
    }
    let drafts = patterns.into_iter().flat_map(|((leading, needs), layers)| {
        layers.into_iter().map(move |tasks| Draft { tasks, needs: needs.clone(), leading })
    });
    drafts.collect()
}

/// Whole arrays instead of all of their tasks.
fn compressed(needs: &BTreeSet<Need>, arrays: &[Array]) -> BTreeSet<After> {
    let mut wanted: BTreeMap<usize, usize> = BTreeMap::new();
    for need in needs {
        if let Need::Task(array, _) = need {
            *wanted.entry(*array).or_default() += 1;
        }
    }
    let after = |need: &Need| match need {
        Need::Queued(task) => After::Queued(task.clone()),
        Need::Task(array, _) if wanted[array] == arrays[*array].tasks.len() => After::Array(*array),
        Need::Task(array, index) => After::Task(*array, *index),
    };
    needs.iter().map(after).collect()
}

#[cfg(test)]
#[path = "arrange_tests.rs"]
mod tests;
