//! A cluster on paper: planned stages with drawn durations and failures, submitted by the program's own
//! rules, to see what a controller and a file system have to bear. `docs/scale.md` quotes it.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};
use std::path::Path;

use proofmark_base::math::exp;
use proofmark_base::rng::{Rng, Stream};
use proofmark_base::store::Store;
use proofmark_lang::{DiskFiles, MemoryFiles, load};
use proofmark_plan::facts::{DatasetDigests, Facts};

use super::queue::Queue;
use super::records::{Made, Report};
use super::script::Ask;
use super::slurm::Limits;
use super::submit::{Found, Order, Submission, prepare};
use crate::engine::graph::{Plan, Stage, Until};
use crate::engine::planners::plan;
use proofmark_lang::model::Project;

const NODES: usize = 1000;
/// Shares of a data set's faces.
const SHARES: u32 = 100;
/// Tasks of a hundred whose node dies under them.
const DEAD: f64 = 0.01;
/// Seconds until a dead node is noticed and its tasks are in the queue again.
const NOTICED: f64 = 300.0;
/// Trainings of a hundred whose loss becomes no number.
const DIVERGES: f64 = 0.02;
/// Operations on names (open, stat, create, rename, ..) of a task that begins and ends, and of each
/// beat of one that runs, every 30 seconds: `docs/scale.md` says how they were counted.
const OF_A_TASK: f64 = 250.0;
const OF_A_BEAT: f64 = 8.0;

fn made_up(project: &Project) -> Facts {
    let mut facts = Facts { demo_version: 1, ..Facts::default() };
    for name in project.datasets.keys() {
        let (pixels, manifest) = (format!("pixels of {name}"), format!("manifest of {name}"));
        facts.datasets.insert(name.clone(), DatasetDigests { pixels, jpeg: false, manifest });
    }
    for name in project.experiments.keys() {
        facts.weights.insert(name.clone(), format!("weights of {name}").into());
    }
    facts
}

/// Median hours of a stage.
fn hours(kind: &str, is_share: bool) -> f64 {
    match (kind, is_share) {
        ("faces", true) => 1.5,
        ("train", _) => 12.0,
        ("predict", _) => 0.5,
        _ => 0.05,
    }
}

/// What a controller and a file system had to bear.
#[derive(Debug, Default)]
struct Borne {
    arrays: usize,
    tasks: usize,
    largest: usize,
    longest_dependency: usize,
    longest_script: usize,
    most_running: usize,
    requeued: usize,
    failed: usize,
    cancelled: usize,
    hours: f64,
    operations_a_second: f64,
}

fn submission(plan: &Plan, store: &Store) -> Submission {
    let ask =
        |stage: &Stage| Ask { gpus: (stage.word() == "train").then_some(1), ..Ask::default() };
    let report = Report { folder: "/reports".into(), faces: false, speed: false };
    let order = Order {
        cluster: "paper",
        ask: &ask,
        report: Some((report, Ask::default())),
        shares: &|_| SHARES,
        retries: 3,
        largest: None,
        most: None,
        at_a_time: None,
        command: vec!["proofmark".into(), "work".into()],
        entry: "/x.kdl".into(),
        run: "run".into(),
        logs: "/logs".into(),
    };
    let found = Found { records: Vec::new(), queue: Queue::default(), limits: Limits::default() };
    let places = plan.part(Until::Evaluate);
    prepare((plan, &places), store, &found, &order).unwrap()
}

/// Carries a submission out on paper.
fn simulate(submission: &Submission) -> Borne {
    let mut rng = Rng::new(7, Stream::Demo, 0, 0);
    let jobs: Vec<String> =
        (0..submission.ready.len()).map(|place| (place + 1000).to_string()).collect();
    let mut borne = Borne { arrays: jobs.len(), ..Borne::default() };
    // What each task waits for, by (array, number), as the dependency of its array says.
    type Task = (usize, u32);
    let mut waits: BTreeMap<Task, BTreeSet<Task>> = BTreeMap::new();
    let tasks =
        |array: usize| submission.ready[array].record.tasks.keys().map(move |n| (array, *n));
    for (array, ready) in submission.ready.iter().enumerate() {
        let script = submission.script(array, &jobs[..array]);
        let dependency = script.lines().find_map(|line| line.strip_prefix("#SBATCH --dependency="));
        let dependency = dependency.unwrap_or_default();
        borne.longest_dependency = borne.longest_dependency.max(dependency.len());
        borne.longest_script = borne.longest_script.max(script.len());
        borne.largest = borne.largest.max(ready.record.tasks.len());
        borne.tasks += ready.record.tasks.len();
        for number in ready.record.tasks.keys() {
            let mut before = BTreeSet::new();
            for part in dependency.split(',').filter(|part| !part.is_empty()) {
                let (how, ids) = part.split_once(':').unwrap();
                for id in ids.split(':') {
                    let (job, of) =
                        id.split_once('_').map_or((id, None), |(job, n)| (job, Some(n)));
                    let other = job.parse::<usize>().unwrap() - 1000;
                    match (how, of) {
                        ("aftercorr", None) => {
                            before.insert((other, *number));
                        }
                        (_, Some(n)) => {
                            before.insert((other, n.parse().unwrap()));
                        }
                        (_, None) => before.extend(tasks(other)),
                    }
                }
            }
            waits.insert((array, *number), before);
        }
    }
    let mut readers: BTreeMap<Task, Vec<Task>> = BTreeMap::new();
    for (task, before) in &waits {
        before.iter().for_each(|other| readers.entry(*other).or_default().push(*task));
    }
    let is_report =
        |task: &Task| matches!(submission.ready[task.0].record.tasks[&task.1], Made::Report(_));
    let mut ready: Vec<Task> =
        waits.iter().filter(|(_, w)| w.is_empty()).map(|(t, _)| *t).collect();
    let mut running: BinaryHeap<Reverse<(u64, Task, bool)>> = BinaryHeap::new();
    let mut ended: BTreeMap<Task, bool> = BTreeMap::new();
    // Begins and ends by the minute.
    let mut touched: BTreeMap<u64, f64> = BTreeMap::new();
    let mut now = 0;
    loop {
        while running.len() < NODES
            && let Some(task) = ready.pop()
        {
            let (kind, share) = match &submission.ready[task.0].record.tasks[&task.1] {
                Made::Stage { kind, share, .. } => (kind.as_str(), share.is_some()),
                Made::Report(_) => ("report", false),
            };
            let mut seconds = 3600.0 * hours(kind, share) * exp(0.35 * rng.normal());
            while rng.chance(DEAD) {
                borne.requeued += 1;
                seconds += rng.uniform() * seconds + NOTICED;
            }
            let fails = kind == "train" && rng.chance(DIVERGES);
            let end = now + seconds as u64 + 1;
            for at in [now / 60, end / 60] {
                *touched.entry(at).or_default() += OF_A_TASK / 2.0;
            }
            running.push(Reverse((end, task, fails)));
        }
        borne.most_running = borne.most_running.max(running.len());
        let Some(Reverse((at, task, fails))) = running.pop() else { break };
        now = at;
        let mut over = vec![(task, !fails)];
        borne.failed += usize::from(fails);
        while let Some((task, well)) = over.pop() {
            if ended.insert(task, well).is_some() {
                continue;
            }
            for reader in readers.get(&task).into_iter().flatten() {
                let before = &waits[reader];
                let all = before.iter().all(|other| ended.contains_key(other));
                let well = before.iter().all(|other| ended.get(other).copied().unwrap_or(true));
                if is_report(reader) {
                    ready.extend(all.then_some(*reader));
                } else if !well {
                    if !ended.contains_key(reader) && !over.contains(&(*reader, false)) {
                        borne.cancelled += 1;
                        over.push((*reader, false));
                    }
                } else if all {
                    ready.push(*reader);
                }
            }
        }
    }
    assert_eq!(ended.len(), borne.tasks, "a task waits for ever");
    borne.hours = now as f64 / 3600.0;
    let beats = borne.most_running as f64 * OF_A_BEAT / 30.0;
    let busiest = touched.values().copied().fold(0.0, f64::max) / 60.0;
    borne.operations_a_second = beats + busiest;
    borne
}

fn borne(project: &Project) -> Borne {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    let plan = plan(project, &made_up(project));
    let submission = submission(&plan, &store);
    assert_eq!((submission.told.left, submission.told.done), (0, 0));
    simulate(&submission)
}

/// The paper's table with the variants that its tuning asks for, and 1,500 variants of one training.
#[test]
fn a_thousand_nodes_are_kept_busy_within_the_limits_of_slurm() {
    let table3 = load(Path::new("experiments/table3.kdl"), &DiskFiles);
    assert!(!table3.has_errors());
    let table3 = borne(&table3.project);
    let text = r#"
dataset a { layout demo capture=studio seed=1 identities=8 videos=2 fakes=2 frames=2; manipulation swap-seam; split carve train=(%)60 val=(%)20 test=(%)20 seed=0; faces size=32 }
ensemble one { source a; sample real-to-fake="1:1" at-least=1 seed=0 }
backbone tiny { vit patch=8 width=16 depth=2 heads=2 image=32; pool patch-mean }
init scratch { random std=0.02; normalize half }
recipe short { epochs 3; batch 8; adamw lr=1e-3 weight-decay=0.05 layer-decay=0.9; schedule cosine warmup=(epoch)1 min-lr=1e-6; augment flip-crop; keep lowest=val.loss; seed 0 }
experiment wide {
    data one; backbone tiny; init scratch; recipe short
    loss { cross-entropy; triplet batch-all margin=0.3 weight=0.5 }
    matrix {
        axis loss.triplet.margin 0.1 0.2 0.3 0.4 0.5 0.6 0.7 0.8 0.9 1.0 1.1 1.2 1.3 1.4 1.5
        axis loss.triplet.weight 0.1 0.2 0.3 0.4 0.5 0.6 0.7 0.8 0.9 1.0
        axis recipe.seed 0 1 2 3 4
    }
    choose lowest=val.loss
}
experiment mining extends=wide {
    loss { cross-entropy; triplet hard-positive-hard-negative margin=0.3 weight=0.5 }
}
table t { row wide; row mining; scenario "In-distribution" { column a "A" }; metric auc }
"#;
    let wide = load(Path::new("x.kdl"), &MemoryFiles::default().with("x.kdl", text));
    assert!(!wide.has_errors(), "{:?}", wide.diagnostics);
    let wide = borne(&wide.project);
    for borne in [&table3, &wide] {
        let limits = Limits::default();
        assert!(borne.largest < limits.array && borne.tasks < limits.jobs, "{borne:?}");
        // A second or two of sbatch.
        assert!(borne.arrays < 200, "{borne:?}");
        // Slurm's own limit of a script is 4 MB; that of the length of a dependency is what its
        // messages bear.
        assert!(borne.longest_script < 4 << 20 && borne.longest_dependency < 64 << 10, "{borne:?}");
    }
    insta::assert_snapshot!(format!("table 3: {table3:#?}\n1,500 variants: {wide:#?}"));
}
