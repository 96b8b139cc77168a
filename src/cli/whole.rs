//! The progress of a whole run: what is done, what is next, and how long it takes yet.

use std::collections::BTreeMap;
use std::time::Duration;

use super::progress::duration;
use proofmark_plan::graph::{Kind, Stage};

/// A stage that is not in the store yet.
#[derive(Clone, Debug)]
struct Open {
    kind: Kind,
    name: String,
    key: String,
    /// How much there is to do, in what its kind counts: operations, videos.
    work: f64,
}

/// What is known of a run's stages.
#[derive(Debug, Default)]
pub struct Whole {
    of: usize,
    open: Vec<Open>,
    /// Seconds a unit of work, by kind: what is expected, until stages of the kind have ended.
    expected: BTreeMap<&'static str, f64>,
    /// Seconds and work of the stages that ended, by kind.
    ended: BTreeMap<&'static str, (f64, f64)>,
    /// How many stages of a kind run at a time.
    jobs: usize,
}

impl Whole {
    /// A run of so many stages, `jobs` models at a time.
    pub fn new(jobs: usize) -> Self {
        Self { jobs: jobs.max(1), ..Self::default() }
    }

    /// Adds a stage, and how much work it is if it is not in the store.
    pub fn add(&mut self, stage: &Stage, work: Option<f64>) {
        self.of += 1;
        if let Some(work) = work {
            let (kind, name, key) = (stage.kind, stage.name.clone(), stage.key.clone());
            self.open.push(Open { kind, name, key, work: work.max(1.0) });
        }
    }

    /// Says how many seconds a unit of a kind's work is expected to take.
    pub fn expect(&mut self, kind: Kind, seconds: f64) {
        self.expected.insert(kind.word(), seconds);
    }

    /// A stage is in the store, and took so long if it was made now.
    pub fn end(&mut self, stage: &Stage, seconds: Option<f64>) {
        let Some(place) = self.open.iter().position(|open| open.key == stage.key) else { return };
        let open = self.open.remove(place);
        if let Some(seconds) = seconds {
            let sum = self.ended.entry(open.kind.word()).or_default();
            *sum = (sum.0 + seconds, sum.1 + open.work);
        }
    }

    /// How many stages there are.
    pub fn stages(&self) -> usize {
        self.of
    }

    /// How many are done.
    pub fn done(&self) -> usize {
        self.of - self.open.len()
    }

    /// How long the rest takes, at the speed of the stages that ended; and whether kinds of which
    /// none has ended come on top.
    pub fn left(&self) -> (Duration, bool) {
        let (mut seconds, mut more) = (0.0, false);
        for open in &self.open {
            let word = open.kind.word();
            let measured = self.ended.get(word).map(|(seconds, work)| seconds / work);
            match measured.or_else(|| self.expected.get(word).copied()) {
                Some(rate) => seconds += rate * open.work / self.at_a_time(open.kind),
                None => more = true,
            }
        }
        (Duration::from_secs_f64(seconds), more)
    }

    fn at_a_time(&self, kind: Kind) -> f64 {
        match kind {
            Kind::Train | Kind::Predict => self.jobs as f64,
            Kind::Faces | Kind::Landmarks | Kind::Sample => 1.0,
        }
    }

    /// What comes after the stages that run, and how long it takes yet, in words.
    pub fn words(&self, running: usize) -> String {
        let next =
            self.open.get(running).map(|open| format!("next: {} {}", open.kind.word(), open.name));
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
    use super::*;
    use proofmark_plan::graph::Work;
    use proofmark_plan::inputs::Inputs;

    fn stage(kind: Kind, name: &str) -> Stage {
        let work = Work::Faces { dataset: name.into() };
        let inputs = Inputs::recorded(serde_json::Value::Null);
        Stage { kind, name: name.into(), key: name.into(), inputs, work, needs: Vec::new() }
    }

    #[test]
    fn the_rest_takes_as_long_as_the_work_that_ended_says() {
        let mut whole = Whole::new(2);
        let (faces, a, b, c) = (
            stage(Kind::Faces, "set"),
            stage(Kind::Train, "a"),
            stage(Kind::Train, "b"),
            stage(Kind::Train, "c"),
        );
        whole.add(&faces, None);
        whole.add(&a, Some(10.0));
        whole.add(&b, Some(10.0));
        whole.add(&c, Some(40.0));
        assert_eq!((whole.done(), whole.stages()), (1, 4));
        assert_eq!(whole.words(2), "next: train c");
        whole.expect(Kind::Train, 1.0);
        assert_eq!(whole.words(2), "next: train c, about 30 s left");
        // Two at a time, each as fast as the first was.
        whole.end(&a, Some(30.0));
        assert_eq!(whole.left(), (Duration::from_secs(75), false));
        let predict = stage(Kind::Predict, "a on set");
        whole.add(&predict, Some(8.0));
        assert_eq!(whole.words(1), "next: train c, more than 1 min 15 s left");
    }
}
