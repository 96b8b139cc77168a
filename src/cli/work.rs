//! `work`: what a job of a cluster does.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::args::WorkArgs;
use super::exit::Exit;
use super::lines::Lines;
use super::output::Printer;
use super::project::{Stop, ended};
use super::ranks;
use super::reports::reports;
use super::run::failures;
use super::run_progress::RunProgress;
use super::signals::{Signals, again_in_the_queue, signals};
use super::step::after;
use crate::engine::cluster::attempts::{End, Recorded, Trying};
use crate::engine::cluster::queue::Queue;
use crate::engine::cluster::records::{Made, Record, Report};
use crate::engine::cluster::work::{Job, Surroundings, may_pass};
use crate::engine::cluster::{slurm, status};
use crate::engine::graph::{Stage, Told};
use crate::engine::ranks::lead::{Lead, Leader};
use crate::engine::run::{Ended, Observer};
use crate::engine::session::{Extras, How, Session};
use proofmark_base::work::{Events, Failure};
use proofmark_lang::{Loaded, Sources};

/// Makes the stage of a task.
pub fn work(args: &WorkArgs, printer: Printer) -> Exit {
    let at = Surroundings::of(|name| std::env::var(name).ok());
    if let Some(code) = args.step_ended {
        return after(args, code, &at, printer);
    }
    let begun = signals().map_err(Stop::from).and_then(|signals| {
        // Of several processes, the others do no more than train.
        let leader = ranks::leader(args.device, &signals.stop)?;
        printer.line(&format!(
            "{} {} on {}, try {}",
            args.array,
            at.task,
            at.node,
            at.restarts + 1
        ));
        let job = Job::open(&args.store.store, &args.array, args.number)?;
        let folder = job.snapshot.submitted_in();
        std::env::set_current_dir(folder).map_err(|e| Failure::read(folder, &e))?;
        Ok((signals, leader, job.snapshot.load()?, job))
    });
    let (signals, leader, loaded, job) = match begun {
        Ok(begun) => begun,
        Err(stop) => return ended(Err(stop), &Sources::default(), printer),
    };
    let with = With { args, loaded: &loaded, signals: &signals, leader: leader.as_ref() };
    let verb = attempt(&with, &job, &at, printer);
    ended(verb, &loaded.sources, printer)
}

/// What a job was begun with.
struct With<'a> {
    args: &'a WorkArgs,
    loaded: &'a Loaded,
    signals: &'a Signals,
    leader: Option<&'a Leader>,
}

/// One try at a task, from its first record to its last.
fn attempt(with: &With<'_>, job: &Job, at: &Surroundings, printer: Printer) -> Result<Exit, Stop> {
    let signals = with.signals;
    let trying = Trying::begin(job.store(), &job.made, &job.record.run, job.attempt(at))?;
    let trying = Arc::new(trying);
    std::thread::scope(|scope| {
        scope.spawn(|| trying.keep_writing());
        // A mistake of ours may not leave the writer waiting for an end.
        let _ends = trying.ends_in_any_case();
        let made = job.may_begin(at).map_err(Stop::from).and_then(|()| match &job.made {
            Made::Stage { .. } => stage(with, job, &trying, printer),
            Made::Report(report) => {
                tables(job, with.loaded, report, printer).map(|()| Ok(Ended::default()))
            }
        });
        let failed = |failure: &Failure| {
            let again = may_pass(failure) && job.lost(at) < job.record.retries as usize;
            if again {
                printer.line("this may pass: the job is queued again");
            }
            (End::Failed { exit: Exit::from(failure) as u8, why: failure.to_string() }, again)
        };
        let ((end, again), exit) = match made {
            Ok(Ok(ended)) => match ended.failed.first() {
                None => ((End::Done, false), Ok(Exit::Ok)),
                Some((_, failure)) => {
                    let exit = failures(&ended, printer).unwrap_or_else(|| Exit::from(failure));
                    (failed(failure), Ok(exit))
                }
            },
            Ok(Err(Failure::Interrupted)) | Err(Stop::Failure(Failure::Interrupted)) => {
                let (end, exit) = stopped(job, at, signals, &trying, printer);
                let again = end == End::Stopped && signals.warned.load(Ordering::Relaxed);
                ((end, again), exit)
            }
            Ok(Err(failure)) | Err(Stop::Failure(failure)) => {
                (failed(&failure), Err(Stop::from(failure)))
            }
            Err(Stop::Exit(exit)) => {
                ((End::Failed { exit: exit as u8, why: String::new() }, false), Ok(exit))
            }
        };
        // First it is written down: Slurm may end this process as soon as it queues it again.
        trying.end(end)?;
        if again {
            again_in_the_queue(at, signals, printer);
        }
        exit
    })
}

/// How a try ends that was stopped.
fn stopped(
    job: &Job,
    at: &Surroundings,
    signals: &Signals,
    trying: &Trying,
    printer: Printer,
) -> (End, Result<Exit, Stop>) {
    let progress = trying.progress();
    if !signals.warned.load(Ordering::Relaxed) {
        return (End::Stopped, Ok(Exit::Interrupted));
    }
    // A try that got nowhere in all of its time would get nowhere again.
    if progress.own == 0 && at.restarts > 0 {
        let why = format!(
            "the time limit is too short: no {} was done in it; ask for more `time` in the clusters \
             file, then `run` again ({})",
            progress.unit.trim_end_matches('s'),
            job.record.name
        );
        printer.error(&why, None);
        return (End::Failed { exit: Exit::Failed as u8, why }, Ok(Exit::Failed));
    }
    printer.line("time is nearly up: what is done is saved, and the job is queued again");
    (End::Stopped, Ok(Exit::Interrupted))
}

/// Makes a stage, or a share of one. The inner failure is about the run as a whole.
fn stage(
    with: &With<'_>,
    job: &Job,
    trying: &Arc<Trying>,
    printer: Printer,
) -> Result<Result<Ended, Failure>, Stop> {
    let With { args, loaded, signals, leader } = *with;
    let (session, place) = job.session(loaded)?;
    let Some(place) = place else {
        return Err(Failure::Internal("tables are no stage".to_owned()).into());
    };
    job.inputs_are_there(&session, place)?;
    let observer = Observing {
        lines: Lines::new(printer, &loaded.sources, RunProgress::new(1)),
        trying: Arc::clone(trying),
    };
    let part = job.made.part().unwrap_or_default();
    let lead = leader.map(|leader| Lead::new(leader, job.store(), &job.record.run)).transpose()?;
    let (jobs, device) = (Some(1), args.device);
    let how = How { jobs, part, device, lead: lead.as_ref(), ..How::default() };
    Ok(session.make(&[place], how, &observer, &signals.stop))
}

/// Writes the tables, of what there is.
fn tables(job: &Job, loaded: &Loaded, report: &Report, printer: Printer) -> Result<(), Stop> {
    let (mut session, _) = job.session(loaded)?;
    tell(job, &session, printer)?;
    let extras = Extras { faces: report.faces, speed: report.speed };
    reports(&mut session, &report.folder, extras, printer)?;
    Ok(())
}

/// Writes down what the queue still knows of jobs that were killed, and says what is not done.
fn tell(job: &Job, session: &Session<'_>, printer: Printer) -> Result<(), Stop> {
    let records = Record::all(job.store())?;
    // Without the queue, the tables are written all the same.
    let queue = slurm::queue().unwrap_or_else(|failure| {
        printer.error(&failure.to_string(), None);
        Queue::default()
    });
    status::close_killed(job.store(), &records, &queue)?;
    for stage in session.unfinished() {
        printer.line(&format!("not done: {}", stage.title()));
    }
    Ok(())
}

/// Tells of a stage in lines, and in the record of its try.
struct Observing<'a> {
    lines: Lines<'a>,
    trying: Arc<Trying>,
}

impl Observer for Observing<'_> {
    fn begin(&self, stage: &Stage, number: usize, of: usize) -> Box<dyn Events> {
        let next = self.lines.begin(stage, number, of);
        Box::new(Recorded { trying: Arc::clone(&self.trying), next })
    }

    fn end(&self, stage: &Stage, seconds: Option<f64>) {
        if seconds.is_none() {
            self.lines.line(&format!("{} is in the store already", stage.title()));
        }
        self.lines.end(stage, seconds);
    }

    fn failed(&self, stage: &Stage, failure: &Failure) {
        self.lines.failed(stage, failure);
    }

    fn told(&self, stage: &Stage, told: &Told) {
        self.lines.told(stage, told);
    }
}
