//! Carries tasks out that need each other's results.

use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use proofmark_base::store::StoreFailure;
use proofmark_base::work::Failure;

/// A task, known by its place in a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Task {
    /// Places of the tasks whose results it reads, all before its own.
    pub needs: Vec<usize>,
    /// Whether it leaves cores to others, so that some run at a time; one that does not runs alone.
    pub shares: bool,
    /// Bytes of memory that it takes at most, roughly.
    pub memory: u64,
}

/// What became of a task.
#[derive(Debug)]
pub enum Outcome {
    /// Its result is there.
    Done,
    /// It failed.
    Failed(Failure),
    /// It was not begun, because the task at this place has no result.
    NotRun {
        /// The task, which failed.
        because: usize,
    },
    /// It was not begun, or not finished, because everything was stopped.
    Stopped,
}

/// Where tasks are carried out.
pub trait Executor {
    /// Carries out every task whose needs have results, and tells what became of each. A task
    /// that fails ends what needs it, and nothing else; a [`Failure`] that would befall the others
    /// as well, such as a full disk, stops them.
    ///
    /// # Errors
    /// Threads that the system does not give.
    fn carry_out(
        &self,
        tasks: &[Task],
        make: &(dyn Fn(usize) -> Result<(), Failure> + Sync),
    ) -> Result<Vec<Outcome>, Failure>;
}

/// This machine.
#[derive(Clone, Copy, Debug)]
pub struct Local<'a> {
    /// Most tasks at a time, each on its share of the cores.
    pub jobs: usize,
    /// Bytes of memory that tasks may take together, if that is known. One that takes more by itself
    /// runs alone.
    pub memory: Option<u64>,
    /// Whether the first failure stops everything.
    pub fail_fast: bool,
    /// Set to stop; set also to stop tasks that run beside one that failed.
    pub stop: &'a AtomicBool,
}

/// The tasks as far as they have come.
struct State<'a> {
    tasks: &'a [Task],
    /// What became of each that ended.
    outcomes: Vec<Option<Outcome>>,
    /// Those that have begun.
    begun: Vec<bool>,
    /// How many run now.
    running: usize,
    /// Whether one runs that runs alone.
    alone: bool,
    /// Bytes of memory that are left to others by those that run.
    memory: u64,
}

impl State<'_> {
    fn new(tasks: &[Task], memory: u64) -> State<'_> {
        let outcomes = tasks.iter().map(|_| None).collect();
        State { tasks, outcomes, begun: vec![false; tasks.len()], running: 0, alone: false, memory }
    }

    /// Ends the tasks that can no longer be made.
    fn give_up(&mut self) {
        for place in 0..self.tasks.len() {
            if self.begun[place] || self.outcomes[place].is_some() {
                continue;
            }
            let because = self.tasks[place].needs.iter().find_map(|&need| {
                match self.outcomes[need].as_ref()? {
                    Outcome::Done | Outcome::Stopped => None,
                    Outcome::Failed(_) => Some(need),
                    Outcome::NotRun { because } => Some(*because),
                }
            });
            self.outcomes[place] = because.map(|because| Outcome::NotRun { because });
        }
    }

    /// The first task that may begin now.
    fn next(&self) -> Option<usize> {
        let is_done = |need: &usize| matches!(self.outcomes[*need], Some(Outcome::Done));
        let is_ready = |place: &usize| {
            let waits = !self.begun[*place] && self.outcomes[*place].is_none();
            waits && self.tasks[*place].needs.iter().all(is_done)
        };
        // The first in order goes first, even if it has to wait until it is alone.
        let first = (0..self.tasks.len()).find(is_ready)?;
        let Task { shares, memory, .. } = self.tasks[first];
        let beside = shares && !self.alone && memory <= self.memory;
        (beside || self.running == 0).then_some(first)
    }
}

impl Local<'_> {
    /// Waits for the next task; breaks off where there is none any more.
    fn wait<'a, 's>(
        &self,
        mut state: MutexGuard<'s, State<'a>>,
        changed: &Condvar,
    ) -> ControlFlow<(), (usize, MutexGuard<'s, State<'a>>)> {
        loop {
            state.give_up();
            let stopped = self.stop.load(Ordering::Relaxed);
            if let Some(place) = state.next().filter(|_| !stopped) {
                return ControlFlow::Continue((place, state));
            }
            if stopped || state.running == 0 {
                return ControlFlow::Break(());
            }
            state = changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn work(
        &self,
        state: &Mutex<State>,
        changed: &Condvar,
        share: Option<&rayon::ThreadPool>,
        make: &(dyn Fn(usize) -> Result<(), Failure> + Sync),
    ) {
        let lock = || state.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let ControlFlow::Continue((place, mut now)) = self.wait(lock(), changed) else { break };
            let Task { shares, memory, .. } = now.tasks[place];
            // One that takes more than there is runs alone, and leaves nothing.
            let taken = memory.min(now.memory);
            now.begun[place] = true;
            now.running += 1;
            now.memory -= taken;
            now.alone = !shares;
            drop(now);
            // A mistake of ours may not leave the others waiting for its end.
            let made = catch_unwind(AssertUnwindSafe(|| match share.filter(|_| shares) {
                Some(pool) => pool.install(|| make(place)),
                None => make(place),
            }));
            let stop = || self.stop.store(true, Ordering::Relaxed);
            let (outcome, panic) = match made {
                Ok(Ok(())) => (Outcome::Done, None),
                Ok(Err(Failure::Interrupted)) => {
                    stop();
                    (Outcome::Stopped, None)
                }
                Ok(Err(failure)) => {
                    if self.fail_fast || befalls_all(&failure) {
                        stop();
                    }
                    (Outcome::Failed(failure), None)
                }
                Err(panic) => {
                    stop();
                    (Outcome::Stopped, Some(panic))
                }
            };
            let mut now = lock();
            now.running -= 1;
            now.memory += taken;
            now.alone = false;
            now.outcomes[place] = Some(outcome);
            drop(now);
            changed.notify_all();
            if let Some(panic) = panic {
                resume_unwind(panic);
            }
        }
        changed.notify_all();
    }
}

impl Executor for Local<'_> {
    fn carry_out(
        &self,
        tasks: &[Task],
        make: &(dyn Fn(usize) -> Result<(), Failure> + Sync),
    ) -> Result<Vec<Outcome>, Failure> {
        let state = Mutex::new(State::new(tasks, self.memory.unwrap_or(u64::MAX)));
        let changed = Condvar::new();
        let jobs = self.jobs.clamp(1, tasks.iter().filter(|task| task.shares).count().max(1));
        if jobs == 1 {
            self.work(&state, &changed, None, make);
        } else {
            let threads = (rayon::current_num_threads() / jobs).max(1);
            let pool = || rayon::ThreadPoolBuilder::new().num_threads(threads).build();
            let pools: Result<Vec<_>, _> = (0..jobs).map(|_| pool()).collect();
            let pools = pools.map_err(|e| Failure::Internal(e.to_string()))?;
            std::thread::scope(|scope| {
                for pool in &pools {
                    let (state, changed) = (&state, &changed);
                    scope.spawn(move || self.work(state, changed, Some(pool), make));
                }
            });
        }
        let state = state.into_inner().unwrap_or_else(PoisonError::into_inner);
        let outcomes = state.outcomes.into_iter();
        Ok(outcomes.map(|outcome| outcome.unwrap_or(Outcome::Stopped)).collect())
    }
}

/// Whether the same would happen to every other task.
fn befalls_all(failure: &Failure) -> bool {
    match failure {
        Failure::At(declared) => befalls_all(&declared.cause),
        Failure::Store(StoreFailure::Damaged { .. } | StoreFailure::Taken { .. }) => false,
        // A face store fails by itself where it cannot be written; what it cannot read is data.
        Failure::Write { .. }
        | Failure::Faces(_)
        | Failure::Store(_)
        | Failure::Group(_)
        | Failure::Interrupted => true,
        Failure::Data(_)
        | Failure::Read { .. }
        | Failure::Weights(_)
        | Failure::Hub(_)
        | Failure::Diverged(_)
        | Failure::Run(_)
        | Failure::Budget(_)
        | Failure::Device(_)
        | Failure::Internal(_) => false,
    }
}

#[cfg(test)]
#[path = "executor_tests.rs"]
mod tests;
