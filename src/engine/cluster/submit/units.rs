//! What is to be made of a plan: a unit for each stage, or share of one, that is neither in the store
//! nor in the queue.

use std::collections::{BTreeMap, BTreeSet};

use super::order::Order;
use super::queued::Queued;
use crate::engine::cluster::arrange::{Awaited, Unit};
use crate::engine::cluster::records::Made;
use crate::engine::cluster::script::Ask;
use crate::engine::graph::{Plan, Stage};
use proofmark_base::store::Store;
use proofmark_prepare::store::Share;

/// What is to be made, and what it waits for.
#[derive(Default)]
pub(super) struct Units {
    pub(super) units: Vec<Unit>,
    /// What each makes.
    pub(super) makes: Vec<Made>,
    /// Tasks in the queue that somebody waits for.
    pub(super) waited_for: BTreeSet<String>,
    /// Stages that are in the store.
    pub(super) done: usize,
    /// Stages that are in the queue.
    pub(super) queued: usize,
    /// What the units of each group ask for, and which are apart although they ask for the same.
    groups: Vec<(Ask, usize)>,
    /// What those wait for that read the result of a stage, by its place; none where it is there.
    awaited: BTreeMap<usize, Awaited>,
}

/// The group number of units that need not be apart.
const TOGETHER: usize = 0;

impl Units {
    /// Those of the stages at some places of a plan.
    pub(super) fn of(
        (plan, places): (&Plan, &[usize]),
        store: &Store,
        in_queue: &BTreeMap<(&str, &str), Queued>,
        order: &Order<'_>,
    ) -> Self {
        let mut units = Self::default();
        for &place in places {
            let stage = &plan.stages[place];
            let queued = in_queue.get(&(stage.word(), stage.key.as_str()));
            if store.find(stage.word(), &stage.key).is_some() {
                units.done += 1;
            } else if let Some(task) = queued.and_then(|queued| queued.tasks.get(&None)) {
                units.queued += 1;
                let task = units.wait_for(task);
                units.awaited.insert(place, task);
            } else {
                units.add_stage((place, stage), queued, order);
            }
        }
        units
    }

    /// What the units of a group ask for.
    pub(super) fn ask(&self, group: usize) -> &Ask {
        &self.groups[group].0
    }

    /// Adds a stage, after its shares if it has some.
    fn add_stage(
        &mut self,
        (place, stage): (usize, &Stage),
        queued: Option<&Queued>,
        order: &Order<'_>,
    ) {
        let ask = (order.ask)(stage);
        let needs = stage.needs.iter().filter_map(|need| self.awaited.get(need).cloned());
        let mut needs: Vec<Awaited> = needs.collect();
        let shares = if stage.nature().divides { (order.shares)(stage) } else { 1 };
        if shares > 1 {
            // Shares of one stage are an array of their own; what puts them together sees all of them.
            let group = self.group(&ask, place + 1);
            for share in Share::all(shares) {
                let task = queued.and_then(|queued| queued.tasks.get(&Some(share)));
                needs.push(match task {
                    Some(task) => self.wait_for(task),
                    None => self.add(stage, Some(share), group, Vec::new()),
                });
            }
        }
        let group = self.group(&ask, TOGETHER);
        let whole = self.add(stage, None, group, needs);
        self.awaited.insert(place, whole);
    }

    fn add(
        &mut self,
        stage: &Stage,
        share: Option<Share>,
        group: usize,
        needs: Vec<Awaited>,
    ) -> Awaited {
        self.units.push(Unit { kind: stage.nature().kind, group, needs });
        self.makes.push(Made::Stage {
            kind: stage.word().to_owned(),
            key: stage.key.clone(),
            name: stage.name.clone(),
            share: share.map(|share| share.to_string()),
        });
        Awaited::Unit(self.units.len() - 1)
    }

    /// The number of a group, which is a new one if there is none like it.
    fn group(&mut self, ask: &Ask, apart: usize) -> usize {
        let alike = |(other, of): &(Ask, usize)| other == ask && *of == apart;
        self.groups.iter().position(alike).unwrap_or_else(|| {
            self.groups.push((ask.clone(), apart));
            self.groups.len() - 1
        })
    }

    fn wait_for(&mut self, task: &str) -> Awaited {
        self.waited_for.insert(task.to_owned());
        Awaited::Queued(task.to_owned())
    }
}
