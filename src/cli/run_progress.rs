//! The progress of a whole run: what is done, runs and waits, what is next, and how long it takes
//! yet.

use std::collections::BTreeMap;
use std::time::Duration;

use super::progress::duration;
use crate::engine::cost::Cost;
use crate::engine::graph::{Stage, Until};
use crate::engine::kind::StageKind;
use crate::engine::session::{How, Session};
use proofmark_base::store::StageRecord;
use proofmark_base::work::Failure;

/// What takes time in the same measure: stages of a kind, whose cost is counted alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Sort {
    kind: StageKind,
    /// Whether operations are counted, or else videos.
    operations: bool,
    /// Whether some run at a time.
    shares: bool,
}

impl Sort {
    fn of(stage: &Stage, cost: &Cost) -> Self {
        let (nature, operations) = (stage.nature(), cost.operations.is_some());
        Self { kind: nature.kind, operations, shares: nature.shares_cores }
    }
}

/// A stage that is not in the store yet.
#[derive(Clone, Debug)]
struct Open {
    sort: Sort,
    title: String,
    key: String,
    /// How much there is to do, in what its sort counts.
    work: f64,
    running: bool,
}

/// What is known of a run's stages.
#[derive(Debug, Default)]
pub struct RunProgress {
    of: usize,
    open: Vec<Open>,
    /// Seconds a unit of work, by sort: what is expected, until stages of the sort have ended.
    expected: BTreeMap<Sort, f64>,
    /// Seconds and work of the stages that ended, in this run or an earlier one.
    ended: BTreeMap<Sort, (f64, f64)>,
    /// How many stages run at a time that leave cores to others.
    jobs: usize,
}

impl RunProgress {
    /// A run of stages of which nothing is known yet, `jobs` at a time.
    pub fn new(jobs: usize) -> Self {
        Self { jobs: jobs.max(1), ..Self::default() }
    }

    /// What is known of a session's stages before they run: what is in the store says how long such
    /// stages take.
    ///
    /// # Errors
    /// Data from which a stage cannot be made.
    pub fn of(session: &Session<'_>, until: Until, how: How<'_>) -> Result<Self, Failure> {
        let mut whole = Self::new(session.jobs(how));
        let mut costs = session.costs();
        for place in session.plan().part(until) {
            let stage = &session.plan().stages[place];
            let cost = stage.work.cost(&mut costs)?;
            match session.store().find(stage.word(), &stage.key) {
                Some(folder) => {
                    // A record that cannot be read is told by what reads the result.
                    let record = StageRecord::read(&folder).ok().flatten();
                    whole.found(stage, &cost, record.map(|record| record.seconds));
                }
                None => whole.add(stage, &cost, costs.seconds(&cost)),
            }
        }
        Ok(whole)
    }

    /// A stage is in the store, and took so long when it was made.
    fn found(&mut self, stage: &Stage, cost: &Cost, seconds: Option<f64>) {
        self.of += 1;
        if let Some(seconds) = seconds {
            self.took(Sort::of(stage, cost), seconds, cost.amount());
        }
    }

    /// A stage is to be made, and is expected to take so long.
    fn add(&mut self, stage: &Stage, cost: &Cost, seconds: Option<f64>) {
        self.of += 1;
        let (sort, work) = (Sort::of(stage, cost), cost.amount().max(1.0));
        self.expected.extend(seconds.map(|seconds| (sort, seconds / work)));
        let (title, key) = (stage.title(), stage.key.clone());
        self.open.push(Open { sort, title, key, work, running: false });
    }

    fn took(&mut self, sort: Sort, seconds: f64, work: f64) {
        let sum = self.ended.entry(sort).or_default();
        *sum = (sum.0 + seconds, sum.1 + work.max(1.0));
    }

    /// A stage has begun.
    pub fn begin(&mut self, stage: &Stage) {
        self.run(stage, true);
    }

    /// A stage runs no more, and has no result.
    pub fn fail(&mut self, stage: &Stage) {
        self.run(stage, false);
    }

    fn run(&mut self, stage: &Stage, running: bool) {
        if let Some(open) = self.open.iter_mut().find(|open| open.key == stage.key) {
            open.running = running;
        }
    }

    /// A stage is in the store, and took so long if it was made now.
    pub fn end(&mut self, stage: &Stage, seconds: Option<f64>) {
        let Some(place) = self.open.iter().position(|open| open.key == stage.key) else { return };
        let open = self.open.remove(place);
        if let Some(seconds) = seconds {
            self.took(open.sort, seconds, open.work);
        }
    }

    /// How many stages are done, run and wait: `2 of 9 stages done, 2 running, 5 waiting`.
    pub fn counts(&self) -> String {
        let running = self.open.iter().filter(|open| open.running).count();
        let (done, waiting) = (self.of - self.open.len(), self.open.len() - running);
        format!("{done} of {} stages done, {running} running, {waiting} waiting", self.of)
    }

    /// How long the rest takes, at the speed of the stages that ended; and whether kinds of which
    /// none has ended come on top.
    fn left(&self) -> (Duration, bool) {
        let (mut seconds, mut more) = (0.0, false);
        for open in &self.open {
            let measured = self.ended.get(&open.sort).map(|(seconds, work)| seconds / work);
            let at_a_time = if open.sort.shares { self.jobs as f64 } else { 1.0 };
            match measured.or_else(|| self.expected.get(&open.sort).copied()) {
                Some(rate) => seconds += rate * open.work / at_a_time,
                None => more = true,
            }
        }
        (Duration::from_secs_f64(seconds), more)
    }

    /// What comes after the stages that run, and how long it takes yet, in words.
    pub fn words(&self) -> String {
        let next = self.open.iter().find(|open| !open.running);
        let next = next.map(|open| format!("next: {}", open.title));
        let (left, more) = self.left();
        let left = match (left.as_secs_f64() >= 1.0, more) {
            (false, true) => None,
            (_, true) => Some(format!("more than {} left", duration(left.as_secs_f64()))),
            (_, false) => Some(format!("about {} left", duration(left.as_secs_f64()))),
        };
        next.into_iter().chain(left).collect::<Vec<_>>().join(", ")
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::engine::graph::Plan;
    use crate::engine::planners::plan;
    use proofmark_lang::{MemoryFiles, load};
    use proofmark_plan::facts::Facts;

    /// Faces of two sets, three models on one of them, and their scores.
    fn planned() -> Plan {
        let text = "dataset a { layout demo capture=studio seed=1 identities=8 videos=2 fakes=2 \
                    frames=2; manipulation swap-seam; split carve train=(%)60 val=(%)20 \
                    test=(%)20 seed=0; faces size=32 }
            ensemble only { source a }
            backbone tiny { vit patch=8 width=16 depth=2 heads=2 image=32; pool patch-mean }
            init scratch { random std=0.02 seed=0; normalize half }
            recipe short { epochs 3; batch 8; adamw lr=1e-3; augment flip-crop; seed 0 }
            experiment a { data only; backbone tiny; init scratch; recipe short; \
            loss { cross-entropy } }
            experiment b extends=a { loss { cross-entropy weight=0.5 } }
            experiment c extends=a { loss { cross-entropy weight=0.7 } }
            table t { row a; row b; row c; scenario S { column a A }; metric auc }";
        let text = text.replace("\\\n", "");
        let loaded = load(Path::new("x.kdl"), &MemoryFiles::default().with("x.kdl", text));
        assert!(!loaded.has_errors(), "{:?}", loaded.diagnostics);
        plan(&loaded.project, &Facts::default())
    }

    #[test]
    fn the_rest_takes_as_long_as_the_work_that_ended_says() {
        let (plan, mut whole) = (planned(), RunProgress::new(2));
        let find = |title: &str| plan.stages.iter().find(|s| s.title() == title).unwrap();
        let [faces, a, b, c] = ["faces a", "train a", "train b", "train c"].map(find);
        let cost = |operations| Cost { operations: Some(operations), ..Cost::default() };
        whole.found(faces, &Cost::default(), None);
        for (stage, operations) in [(a, 10.0), (b, 10.0), (c, 40.0)] {
            whole.add(stage, &cost(operations), None);
        }
        assert_eq!(whole.counts(), "1 of 4 stages done, 0 running, 3 waiting");
        whole.begin(a);
        whole.begin(b);
        assert_eq!(whole.counts(), "1 of 4 stages done, 2 running, 1 waiting");
        assert_eq!(whole.words(), "next: train c");
        whole.expected.insert(Sort::of(a, &cost(1.0)), 1.0);
        assert_eq!(whole.words(), "next: train c, about 30 s left");
        // Two at a time, each as fast as the first was.
        whole.end(a, Some(30.0));
        assert_eq!(whole.left(), (Duration::from_secs(75), false));
        whole.fail(b);
        assert_eq!(whole.counts(), "2 of 4 stages done, 0 running, 2 waiting");
        whole.begin(b);
        let scores = find("predict a on a");
        let videos = |n| Cost::new(String::new(), [("videos", n)]);
        whole.add(scores, &videos(8), None);
        assert_eq!(whole.words(), "next: train c, more than 1 min 15 s left");
        // What an earlier run took says how long the same work takes now.
        whole.found(find("predict b on a"), &videos(4), Some(6.0));
        assert_eq!(whole.words(), "next: train c, about 1 min 21 s left");
    }
}
