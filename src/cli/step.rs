//! `work --step-ended`: what becomes of a task after its several processes have ended. The first of them has
//! written down how, unless it was killed.

use super::args::WorkArgs;
use super::exit::Exit;
use super::output::Printer;
use super::project::{Stop, ended};
use super::signals::{again_in_the_queue, signals};
use crate::engine::cluster::attempts::{self, End, Trying};
use crate::engine::cluster::work::{Job, Surroundings};
use proofmark_lang::Sources;

/// Says how a task has ended whose processes ended with a code, and queues it again where one of them was
/// killed.
pub fn after(args: &WorkArgs, code: u8, at: &Surroundings, printer: Printer) -> Exit {
    ended(conclude(args, code, at, printer), &Sources::default(), printer)
}

fn conclude(args: &WorkArgs, code: u8, at: &Surroundings, printer: Printer) -> Result<Exit, Stop> {
    let signals = signals()?;
    let job = Job::open(&args.store.store, &args.array, args.number)?;
    let mut tries = attempts::of(job.store(), &job.made, &job.record.run);
    tries.retain(|attempt| attempt.task == at.task && attempt.restarts == at.restarts);
    let Some(attempt) = tries.pop() else {
        let why = format!(
            "srun ended with {code} before its processes had begun: see its log; `srun --mpi=list` shows \
             whether this Slurm can begin processes of MPI (pmix)"
        );
        printer.error(&why, None);
        let trying = Trying::begin(job.store(), &job.made, &job.record.run, job.attempt(at))?;
        trying.end(End::Failed { exit: Exit::Failed as u8, why })?;
        return Ok(Exit::Failed);
    };
    match &attempt.end {
        Some(End::Done) => return Ok(Exit::Ok),
        Some(End::Failed { exit, .. }) => return Ok(Exit::of(*exit).unwrap_or(Exit::Failed)),
        Some(End::Stopped | End::Killed { .. }) => return Ok(Exit::Interrupted),
        None => {}
    }
    let why = "one of its processes was killed".to_owned();
    printer.error(&why, None);
    let again = job.lost(at) < job.record.retries as usize;
    let end = End::Failed { exit: Exit::Interrupted as u8, why };
    attempts::close(job.store(), &job.made, &job.record.run, attempt, end)?;
    if again {
        printer.line("what is done is kept, and the job is queued again");
        again_in_the_queue(at, &signals, printer);
    }
    Ok(Exit::Interrupted)
}
