//! What a queueing system tells a job by signals, and how a job goes back into the queue.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::output::Printer;
use crate::engine::cluster::slurm;
use crate::engine::cluster::work::Surroundings;
use proofmark_base::work::Failure;

/// Time that a job waits for its end after it was queued again.
const UNTIL_KILLED: Duration = Duration::from_secs(60);

/// Flags that signals set. None of them ends the process at once: what saves when the time limit comes
/// is to be left to save.
#[derive(Default)]
pub struct Signals {
    /// Everything is to stop.
    pub stop: Arc<AtomicBool>,
    /// Time is nearly up.
    pub warned: Arc<AtomicBool>,
    /// Time is up, or somebody cancelled the job.
    pub over: Arc<AtomicBool>,
}

/// Those of this process, from now on.
pub fn signals() -> Result<Signals, Failure> {
    let signals = Signals::default();
    #[cfg(unix)]
    {
        use signal_hook::consts::{SIGINT, SIGTERM, SIGUSR2};
        let Signals { stop, warned, over } = &signals;
        let pairs = [(SIGUSR2, warned), (SIGTERM, over), (SIGINT, over)];
        for (signal, flag) in pairs.into_iter().chain([SIGUSR2, SIGTERM, SIGINT].map(|s| (s, stop)))
        {
            signal_hook::flag::register(signal, Arc::clone(flag))
                .map_err(|e| Failure::Internal(e.to_string()))?;
        }
    }
    Ok(signals)
}

/// Queues this job again, and waits for the end that Slurm makes of it.
pub fn again_in_the_queue(at: &Surroundings, signals: &Signals, printer: Printer) {
    match slurm::requeue(&at.task) {
        Ok(()) => {
            let begun = Instant::now();
            while begun.elapsed() < UNTIL_KILLED && !signals.over.load(Ordering::Relaxed) {
                std::thread::sleep(Duration::from_millis(50));
            }
        }
        Err(failure) => {
            printer.error(&format!("{failure}; the same `run` goes on from here"), None)
        }
    }
}
