//! `--on CLUSTER`: a run is submitted to a cluster, and the program ends, or follows it.

use std::path::Path;
use std::time::Duration;

use super::args::{OnArgs, RunArgs};
use super::exit::Exit;
use super::output::Printer;
use super::progress::StageProgress;
use super::project::{Stop, counted};
use super::reports::reports;
use super::status::{Watched, counts, exit, text};
use super::{claims, clusters};
use crate::engine::asked::Asked;
use crate::engine::cluster::queue::Queue;
use crate::engine::cluster::records::Record;
use crate::engine::cluster::records::Report;
use crate::engine::cluster::slurm::Limits;
use crate::engine::cluster::snapshot::Snapshot;
use crate::engine::cluster::standing::{State, Status};
use crate::engine::cluster::submit::{Found, Order, Submission, Submitted, prepare};
use crate::engine::graph::{Stage, Until};
use crate::engine::ranks::admit::admit;
use crate::engine::session::{Extras, Session};
use proofmark_base::work::Failure;
use proofmark_group::begin::SEVERAL;
use proofmark_lang::clusters::{Cluster, JobKind, Slurm};
use std::sync::atomic::{AtomicBool, Ordering};

/// Time between two looks at what was submitted.
const LOOK: Duration = Duration::from_secs(5);

/// A run that is carried out on a cluster.
pub struct Task<'a> {
    /// The options.
    pub args: &'a RunArgs,
    /// Up to where.
    pub until: Until,
    /// How pages are written; none where no tables are.
    pub page: Option<Extras>,
    /// Set to stop following.
    pub stop: &'a AtomicBool,
}

/// What a cluster is to do with a session.
pub struct Errand<'a> {
    /// The experiment file.
    pub file: &'a Path,
    /// The store.
    pub store: &'a Path,
    /// The cluster, and what is done besides submitting.
    pub on: &'a OnArgs,
    /// What to compute on, where that is said.
    pub device: Option<Asked>,
    /// Up to where.
    pub until: Until,
    /// The folder of the tables, and how pages are written; none where no tables are.
    pub tables: Option<(&'a Path, Extras)>,
    /// Set to stop following.
    pub stop: &'a AtomicBool,
}

/// How an errand stands when the program has no more to do for it.
pub enum Stands {
    /// Nobody waits for what was submitted, if anything was.
    Left,
    /// All of it is in the store.
    Done,
    /// It was followed to its end.
    Ended(Status),
}

/// Submits a run, and prints its tables if all of it is done.
pub fn submit(
    task: &Task<'_>,
    session: &mut Session<'_>,
    cluster: (&Cluster, &Slurm),
    printer: Printer,
) -> Result<Exit, Stop> {
    let args = task.args;
    let errand = Errand {
        file: &args.file,
        store: &args.store.store,
        on: &args.cluster,
        device: args.device,
        until: task.until,
        tables: task.page.map(|page| (args.reports.as_path(), page)),
        stop: task.stop,
    };
    let status = match hand_over(&errand, session, cluster, printer)? {
        Stands::Left => return Ok(Exit::Ok),
        Stands::Done => None,
        Stands::Ended(status) => Some(status),
    };
    let tables = errand.tables.map(|(folder, page)| reports(session, folder, page, printer));
    let of_tables = tables.transpose()?.map_or(Exit::Ok, |checks| claims::exit(&checks));
    let of_stages = status.map_or(Exit::Ok, |status| ended(&status, printer));
    Ok(if of_stages == Exit::Ok { of_tables } else { of_stages })
}

/// Says what is not done of what has ended.
pub fn ended(status: &Status, printer: Printer) -> Exit {
    let exit = exit(status);
    if exit != Exit::Ok {
        printer.always(text(status, false).trim_end());
    }
    exit
}

/// Submits what is not in the store and not in the queue.
pub fn hand_over(
    errand: &Errand<'_>,
    session: &mut Session<'_>,
    cluster: (&Cluster, &Slurm),
    printer: Printer,
) -> Result<Stands, Stop> {
    let (cluster, slurm) = cluster;
    let on = errand.on;
    admit_ranks((cluster, slurm), session)?;
    if errand.until > Until::Sample {
        session.matrices()?.iter().try_for_each(crate::engine::budget::Matrix::within)?;
    }
    // Two that submit at a time would submit the same twice.
    let alone = match on.dry_run {
        true => None,
        false => Some(session.store().exclusive("submission")?.map_err(|holder| {
            Failure::run(format!(
                "{holder} is submitting from this store; let it end, then say the same again"
            ))
        })?),
    };
    let submission = {
        let store = session.store();
        let snapshot = Snapshot::of(session, errand.file, errand.until)?;
        let found = match on.dry_run {
            // Nothing is asked of the controller, which need not be there.
            true => Found {
                records: Record::all(store.root())?,
                queue: Queue::default(),
                limits: Limits::default(),
            },
            false => Found::look(store)?,
        };
        let mut costs = session.costs();
        let plan = session.plan();
        let mut videos = std::collections::BTreeMap::new();
        for stage in plan.stages.iter().filter(|stage| stage.nature().divides) {
            videos.insert(stage.key.clone(), stage.work.cost(&mut costs)?.videos());
        }
        let shares = |stage: &Stage| {
            let videos = videos.get(&stage.key).copied().unwrap_or(1);
            let shares = cluster.request(stage.word(), None).shares.unwrap_or(1);
            shares.min(u32::try_from(videos).unwrap_or(u32::MAX)).max(1)
        };
        let project = session.project();
        let ask_of = |kind: &str, experiment: Option<&str>| {
            clusters::ask(cluster, slurm, project, kind, experiment)
        };
        let ask = |stage: &Stage| ask_of(stage.word(), stage.work.experiment());
        let limits = cluster.limits.as_ref();
        let usize_of = |limit: Option<u32>| limit.map(|limit| limit as usize);
        let report = errand.tables.map(|(folder, page)| report(folder, page)).transpose()?;
        let order = Order {
            cluster: &cluster.name,
            ask: &ask,
            report: report.map(|report| (report, ask_of(JobKind::Report.word(), None))),
            shares: &shares,
            retries: cluster.retries,
            largest: limits.and_then(|limits| usize_of(limits.array)),
            most: limits.and_then(|limits| usize_of(limits.jobs)),
            at_a_time: limits.and_then(|limits| limits.at_a_time),
            command: command(errand, slurm)?,
            entry: absolute(errand.file)?,
            run: snapshot.id.clone(),
            logs: snapshot.logs(),
        };
        let places = plan.part(errand.until);
        let submission = prepare((plan, &places), store, &found, &order)?;
        if on.dry_run {
            dry(&submission, printer);
            return Ok(Stands::Left);
        }
        submission.is_possible()?;
        snapshot.save(session)?;
        submission
    };
    let progress = StageProgress::of_data(printer);
    let told = submission.submit(session.store(), &progress);
    progress.finish();
    drop(alone);
    let told = told?;
    tell(&told, &cluster.name, errand.file, printer);
    match told.arrays.is_empty() && told.queued == 0 && told.left == 0 {
        true => Ok(Stands::Done),
        false if on.wait => Ok(Stands::Ended(wait(errand, printer)?)),
        false => Ok(Stands::Left),
    }
}

/// Refuses several processes for a training that would be refused by each of its jobs.
fn admit_ranks((cluster, slurm): (&Cluster, &Slurm), session: &Session<'_>) -> Result<(), Failure> {
    let several = cluster.jobs.iter().filter_map(|job| job.ranks).find(|ranks| *ranks > 1);
    if let (Some(ranks), false, None) = (several, SEVERAL, &slurm.program) {
        return Err(Failure::run(format!(
            "cluster `{}` asks for ranks={ranks} of a training, and this proofmark was built without \
             `--features mpi`, by which processes find each other; build it with MPI, name one that is as \
             `program` of the cluster, or leave out `ranks`",
            cluster.name
        )));
    }
    admit(session.project(), session.unfinished(), |stage| {
        let ranks = cluster.request(stage.word(), stage.work.experiment()).ranks;
        ranks.map_or(1, |ranks| ranks as usize)
    })
}

fn absolute(path: &Path) -> Result<std::path::PathBuf, Failure> {
    std::path::absolute(path).map_err(|e| Failure::read(path, &e))
}

/// How tables are written.
fn report(folder: &Path, page: Extras) -> Result<Report, Failure> {
    Ok(Report { folder: absolute(folder)?, faces: page.faces, speed: page.speed })
}

/// The program as jobs call it.
fn command(errand: &Errand<'_>, slurm: &Slurm) -> Result<Vec<String>, Failure> {
    let program = match &slurm.program {
        Some(program) => program.clone(),
        None => {
            let own =
                std::env::current_exe().map_err(|e| Failure::read(Path::new("proofmark"), &e))?;
            own.display().to_string()
        }
    };
    let store = absolute(errand.store)?.display().to_string();
    let mut command = vec![program, "work".to_owned(), "--store".to_owned(), store];
    if let Some(device) = errand.device {
        command.extend(["--device".to_owned(), device.to_string()]);
    }
    Ok(command)
}

/// Prints the scripts.
fn dry(submission: &Submission, printer: Printer) {
    for (place, ready) in submission.ready.iter().enumerate() {
        printer.text(&format!("# JOB{}: {}\n", place + 1, ready.record.words()));
        printer.text(&submission.script(place, &[]));
    }
    printer.line(&format!(
        "{} would be submitted; the queue was not looked at, so that what is in it is among them",
        counted(submission.ready.len(), "array")
    ));
}

/// Says what was submitted.
fn tell(told: &Submitted, cluster: &str, file: &Path, printer: Printer) {
    for (kind, job, tasks) in &told.arrays {
        printer.line(&format!("  {job}: {kind}, {}", counted(*tasks, "task")));
    }
    let tasks: usize = told.arrays.iter().map(|(.., tasks)| tasks).sum();
    let mut text = format!("{} submitted to {cluster}", counted(tasks, "task"));
    text += &format!("; {} in the store, {} in the queue before", told.done, told.queued);
    printer.line(&text);
    if told.released > 0 {
        printer.line(&format!("{} that Slurm held may begin now", counted(told.released, "task")));
    }
    if told.left > 0 {
        printer.line(&format!(
            "{} left, because the queue takes no more; the same command submits them later",
            counted(told.left, "task")
        ));
    }
    if tasks > 0 {
        printer.line(&format!("`proofmark status {}` tells how it goes", file.display()));
    }
}

/// Follows what was submitted to its end.
fn wait(errand: &Errand<'_>, printer: Printer) -> Result<Status, Failure> {
    let watched = Watched::of(errand.store, errand.file)?;
    let mut before = String::new();
    loop {
        let status = watched.look()?;
        let now = counts(&status) + &running(&status);
        if now != before {
            printer.line(&now);
            before = now;
        }
        if !status.goes_on() {
            return Ok(status);
        }
        if errand.stop.load(Ordering::Relaxed) {
            printer.line("not followed any more; the jobs go on");
            return Err(Failure::Interrupted);
        }
        std::thread::sleep(LOOK);
    }
}

/// What runs, in a few words.
fn running(status: &Status) -> String {
    let running = status.stages.iter().filter(|line| line.state == State::Running);
    let words: Vec<String> = running
        .map(|line| match &line.progress {
            Some(progress) if progress.total > 0 => {
                format!("{} {} {}/{}", line.kind, line.name, progress.done, progress.total)
            }
            Some(_) | None => format!("{} {}", line.kind, line.name),
        })
        .collect();
    match words.len() {
        0 => String::new(),
        n if n > 4 => format!("; {} and {} more", words[..4].join(", "), n - 4),
        _ => format!("; {}", words.join(", ")),
    }
}
