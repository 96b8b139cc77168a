//! Tasks that need each other: their order, failures, and what is left when they are stopped.

use std::path::Path;
use std::sync::atomic::AtomicUsize;

use proptest::prelude::*;

use super::*;

fn local(stop: &AtomicBool, jobs: usize) -> Local<'_> {
    Local { jobs, memory: None, fail_fast: false, stop }
}

fn task(needs: &[usize], shares: bool) -> Task {
    Task { needs: needs.to_vec(), shares, memory: 0 }
}

/// What became of tasks, in a word each.
fn words(outcomes: &[Outcome]) -> Vec<String> {
    let word = |outcome: &Outcome| match outcome {
        Outcome::Done => "done".to_owned(),
        Outcome::Failed(_) => "failed".to_owned(),
        Outcome::NotRun { because } => format!("needs {because}"),
        Outcome::Stopped => "stopped".to_owned(),
    };
    outcomes.iter().map(word).collect()
}

fn graph() -> impl Strategy<Value = Vec<(Task, bool)>> {
    let one = (prop::collection::vec(any::<prop::sample::Index>(), 0..3), any::<bool>(), 0..5u8);
    prop::collection::vec(one, 1..24).prop_map(|all| {
        let task =
            |(place, (needs, shares, fails)): (usize, (Vec<prop::sample::Index>, bool, u8))| {
                let needs = needs.iter().filter(|_| place > 0).map(|n| n.index(place)).collect();
                (Task { needs, shares, memory: 0 }, fails == 0)
            };
        all.into_iter().enumerate().map(task).collect()
    })
}

proptest! {
    #[test]
    fn what_needs_no_failed_task_is_made_after_its_needs(all in graph(), jobs in 1..5usize) {
        let (tasks, fails): (Vec<Task>, Vec<bool>) = all.into_iter().unzip();
        let (stop, order) = (AtomicBool::new(false), Mutex::new(Vec::new()));
        let running = AtomicUsize::new(0);
        let outcomes = local(&stop, jobs).carry_out(&tasks, &|place| {
            let others = running.fetch_add(1, Ordering::SeqCst);
            let alone = !tasks[place].shares;
            let result = if alone && others > 0 {
                Err(Failure::Interrupted)
            } else if fails[place] {
                Err(Failure::run("no"))
            } else {
                Ok(())
            };
            order.lock().unwrap().push(place);
            running.fetch_sub(1, Ordering::SeqCst);
            result
        }).unwrap();
        let order = order.into_inner().unwrap();
        let mut is_made = vec![false; tasks.len()];
        for place in 0..tasks.len() {
            let begins = tasks[place].needs.iter().all(|&need| is_made[need]);
            is_made[place] = begins && !fails[place];
            let times = order.iter().filter(|other| **other == place).count();
            prop_assert_eq!(times, usize::from(begins));
            let at = |place| order.iter().position(|other| *other == place);
            for need in tasks[place].needs.iter().filter(|_| begins) {
                prop_assert!(at(*need) < at(place));
            }
            match &outcomes[place] {
                Outcome::Done => prop_assert!(is_made[place]),
                Outcome::Failed(failure) => {
                    prop_assert!(begins && fails[place] && matches!(failure, Failure::Run(_)));
                }
                Outcome::NotRun { because } => prop_assert!(!begins && fails[*because]),
                Outcome::Stopped => prop_assert!(false, "{} was not alone", place),
            }
        }
    }
}

#[test]
fn a_failure_ends_what_needs_it_and_nothing_else() {
    let tasks = [
        task(&[], false),
        task(&[0], true),
        task(&[0], true),
        task(&[1], true),
        task(&[3], false),
        task(&[2], true),
    ];
    let stop = AtomicBool::new(false);
    let make = |place| match place {
        1 => Err(Failure::run("diverged")),
        _ => Ok(()),
    };
    for jobs in [1, 3] {
        let outcomes = local(&stop, jobs).carry_out(&tasks, &make).unwrap();
        assert_eq!(words(&outcomes), ["done", "failed", "done", "needs 1", "needs 1", "done"]);
    }
    let fast = Local { fail_fast: true, ..local(&stop, 1) }.carry_out(&tasks, &make).unwrap();
    let after = ["done", "failed", "stopped", "needs 1", "needs 1", "stopped"];
    assert_eq!(words(&fast), after);
}

#[test]
fn what_would_befall_all_stops_all() {
    let failures: [fn() -> Failure; 3] = [
        || Failure::Faces("no space".into()),
        || {
            Failure::write(
                Path::new("model"),
                &std::io::Error::from(std::io::ErrorKind::StorageFull),
            )
        },
        || Failure::Interrupted,
    ];
    for (failure, first) in failures.into_iter().zip(["failed", "failed", "stopped"]) {
        let (stop, made) = (AtomicBool::new(false), AtomicUsize::new(0));
        let tasks = [task(&[], true), task(&[], true)];
        let outcomes = local(&stop, 1).carry_out(&tasks, &|_| {
            made.fetch_add(1, Ordering::SeqCst);
            Err(failure())
        });
        assert_eq!(words(&outcomes.unwrap()), [first, "stopped"]);
        assert_eq!(made.into_inner(), 1);
    }
}

#[test]
fn a_task_that_panics_leaves_nobody_waiting() {
    for jobs in [1, 3] {
        let stop = AtomicBool::new(false);
        let tasks = [task(&[], true), task(&[], true), task(&[0, 1], false)];
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            local(&stop, jobs).carry_out(&tasks, &|place| match place {
                0 => panic!("a mistake of ours"),
                _ => Ok(()),
            })
        }));
        assert!(panicked.is_err(), "{jobs}");
    }
}

#[test]
fn tasks_beside_each_other_take_no_more_memory_than_there_is() {
    let sizes = [3, 4, 5, 20, 2, 2, 6, 1, 1, 1];
    let tasks: Vec<Task> = sizes.map(|memory| Task { memory, ..task(&[], true) }).into();
    let stop = AtomicBool::new(false);
    let (now, begun) = (Mutex::new((0, 0)), AtomicUsize::new(0));
    let executor = Local { memory: Some(8), ..local(&stop, 4) };
    let outcomes = executor.carry_out(&tasks, &|place| {
        begun.fetch_add(1, Ordering::SeqCst);
        {
            let mut now = now.lock().unwrap();
            *now = (now.0 + tasks[place].memory, now.1 + 1);
            // What is larger than all there is runs, but alone.
            if now.0 > 8 && now.1 > 1 {
                return Err(Failure::run("more than there is"));
            }
        }
        std::thread::yield_now();
        let mut now = now.lock().unwrap();
        *now = (now.0 - tasks[place].memory, now.1 - 1);
        Ok(())
    });
    assert_eq!(words(&outcomes.unwrap()), ["done"; 10]);
    assert_eq!(begun.into_inner(), tasks.len());
}
