//! Slurm's commands: a job is submitted, the queue is read, jobs are cancelled, released and queued
//! again. Accounting is never asked, because many clusters have none.

use std::io::{Read, Write};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::nodes::{self, Node};
use super::queue::{FORMAT, Queue};
use proofmark_base::work::Failure;

/// How long a command may take. A controller that is busy answers after minutes, if at all.
const PATIENCE: Duration = Duration::from_secs(120);
/// Time between two looks at a command that runs.
const LOOK: Duration = Duration::from_millis(10);
/// How often the queue is asked, when the controller does not answer.
const TRIES: u32 = 4;

/// What came of a command.
#[derive(Clone, Debug)]
pub struct Said {
    /// Whether it ended well.
    pub well: bool,
    /// What it printed.
    pub out: String,
    /// What it complained of, or that it did not end.
    pub err: String,
}

/// Runs one of Slurm's commands with a text on its standard input.
///
/// # Errors
/// A command that is not there.
fn call(program: &str, args: &[String], input: &str, patience: Duration) -> Result<Said, Failure> {
    tracing::debug!(program, ?args, "is called");
    let spawned = Command::new(program)
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = spawned.map_err(|e| {
        Failure::run(format!(
            "cannot run `{program}`: {e}; a cluster is reached from a machine that has Slurm's \
             commands, such as its login node"
        ))
    })?;
    let (mut stdin, stdout, stderr) =
        (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let text = input.to_owned();
    // A command that reads no input, or is killed, breaks the pipe; its exit code tells.
    let write = std::thread::spawn(move || {
        stdin.as_mut().map(|stdin| stdin.write_all(text.as_bytes()));
    });
    let read = |stream: Option<Box<dyn Read + Send>>| {
        std::thread::spawn(move || {
            let mut bytes = Vec::new();
            // What was read before an error is kept.
            let _ = stream.map(|mut stream| stream.read_to_end(&mut bytes));
            String::from_utf8_lossy(&bytes).into_owned()
        })
    };
    let out = read(stdout.map(|s| Box::new(s) as Box<dyn Read + Send>));
    let err = read(stderr.map(|s| Box::new(s) as Box<dyn Read + Send>));
    let begun = Instant::now();
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break Some(status),
            Ok(None) if begun.elapsed() < patience => std::thread::sleep(LOOK),
            Ok(None) | Err(_) => {
                // It may have ended in the meantime.
                let _ = child.kill();
                let _ = child.wait();
                break None;
            }
        }
    };
    let late = || format!("{program} did not end within {} s", patience.as_secs());
    let Some(status) = status else {
        return Ok(Said { well: false, out: String::new(), err: late() });
    };
    let _ = write.join();
    let (out, err) = (out.join().unwrap_or_default(), err.join().unwrap_or_default());
    Ok(Said { well: status.success(), out, err: err.trim().to_owned() })
}

/// How long to wait before a command is tried again.
fn pause(tried: u32) {
    std::thread::sleep(Duration::from_millis(500) * 2u32.pow(tried));
}

/// Every job of this user that the controller knows, in one call.
///
/// # Errors
/// A controller that does not answer.
pub fn queue() -> Result<Queue, Failure> {
    listed(&["--me".to_owned()])
}

/// Jobs of these names that the controller knows, whoever submitted them.
///
/// # Errors
/// A controller that does not answer.
pub fn queue_of(names: &[String]) -> Result<Queue, Failure> {
    let mut queue = Queue::default();
    for names in names.chunks(AT_ONCE) {
        queue.extend(listed(&[format!("--name={}", names.join(","))])?);
    }
    Ok(queue)
}

fn listed(which: &[String]) -> Result<Queue, Failure> {
    let args = ["-h", "-r", "-a", "-t", "all", "-o", FORMAT].map(str::to_owned);
    let args = [which, &args].concat();
    let mut why = String::new();
    for tried in 0..TRIES {
        let said = call("squeue", &args, "", PATIENCE)?;
        if said.well {
            return Ok(Queue::read(&said.out));
        }
        why = said.err;
        pause(tried);
    }
    Err(Failure::run(format!("Slurm's controller does not answer: squeue says: {why}")))
}

/// Submits a script. None where that did not succeed for all that can be told, with what was said:
/// whether the job is in the queue all the same, only the queue knows.
///
/// # Errors
/// A command that is not there.
pub fn submit(script: &str) -> Result<Result<String, String>, Failure> {
    let said = call("sbatch", &["--parsable".to_owned()], script, PATIENCE)?;
    // `ID` or `ID;CLUSTER`.
    let id = said.out.trim().lines().last().unwrap_or_default();
    let id = id.split(';').next().unwrap_or_default();
    let is_id = !id.is_empty() && id.bytes().all(|b| b.is_ascii_digit());
    Ok(if said.well && is_id { Ok(id.to_owned()) } else { Err(said.err) })
}

/// Why no node of the cluster that is up could ever run a script, if that is so.
///
/// # Errors
/// A command that is not there.
pub fn impossible(script: &str) -> Result<Option<String>, Failure> {
    let said = call("sbatch", &["--test-only".to_owned()], script, PATIENCE)?;
    // When it would begin is told on stderr, too.
    Ok((!said.well).then_some(said.err))
}

/// Nodes that take no jobs now, of which `sbatch --test-only` knows nothing.
///
/// # Errors
/// A command that is not there.
pub fn down() -> Result<Vec<Node>, Failure> {
    let args = ["-h", "-a", "-N", "-o", nodes::FORMAT].map(str::to_owned);
    Ok(nodes::down(&call("sinfo", &args, "", PATIENCE)?.out))
}

/// Largest number of a task of an array, and most jobs that the controller keeps.
///
/// # Errors
/// A controller that does not answer.
pub fn limits() -> Result<Limits, Failure> {
    let args = ["show", "config"].map(str::to_owned);
    let mut limits = Limits::default();
    let said = call("scontrol", &args, "", PATIENCE)?;
    if !said.well {
        return Err(Failure::run(format!(
            "Slurm's controller does not answer: scontrol says: {}",
            said.err
        )));
    }
    for line in said.out.lines() {
        let Some((name, value)) = line.split_once('=') else { continue };
        let Ok(value) = value.trim().parse() else { continue };
        match name.trim() {
            "MaxArraySize" => limits.array = value,
            "MaxJobCount" => limits.jobs = value,
            _ => {}
        }
    }
    Ok(limits)
}

/// What the controller allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Tasks of an array: their numbers are below it.
    pub array: usize,
    /// Jobs of all users.
    pub jobs: usize,
}

impl Default for Limits {
    /// Slurm's own.
    fn default() -> Self {
        Self { array: 1001, jobs: 10_000 }
    }
}

/// Cancels jobs.
///
/// # Errors
/// A controller that does not answer.
pub fn cancel(jobs: &[String]) -> Result<(), Failure> {
    each("scancel", &[], jobs)
}

/// Lets jobs begin that the controller holds.
///
/// # Errors
/// A controller that does not answer.
pub fn release(jobs: &[String]) -> Result<(), Failure> {
    each("scontrol", &["release"], jobs)
}

/// Queues a running job again, under its own id: it ends and begins anew.
///
/// # Errors
/// A controller that does not answer.
pub fn requeue(job: &str) -> Result<(), Failure> {
    each("scontrol", &["requeue"], &[job.to_owned()])
}

/// Jobs named by one command.
const AT_ONCE: usize = 500;

fn each(program: &str, words: &[&str], jobs: &[String]) -> Result<(), Failure> {
    for jobs in jobs.chunks(AT_ONCE) {
        let words = words.iter().map(|word| (*word).to_owned());
        let args: Vec<String> = match program {
            // A list with commas is one argument of scontrol's.
            "scontrol" => words.chain([jobs.join(",")]).collect(),
            _ => words.chain(jobs.iter().cloned()).collect(),
        };
        let mut said = call(program, &args, "", PATIENCE)?;
        for tried in 0..TRIES {
            if said.well {
                break;
            }
            pause(tried);
            said = call(program, &args, "", PATIENCE)?;
        }
        if !said.well {
            return Err(Failure::run(format!("{program} failed: {}", said.err)));
        }
    }
    Ok(())
}
