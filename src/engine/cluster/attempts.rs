//! Tries at a stage, each with a file in the store: who tries, since when, how far it is, and how it
//! ended. Accounting of the cluster's, which may be missing or late, is not needed.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use super::records::Made;
use proofmark_base::store::write_whole;
use proofmark_base::work::{Events, Failure};

/// Folder of the tries in a store.
pub(super) const FOLDER: &str = "attempts";
/// How often it is written down how far a try is.
const BEAT: Duration = Duration::from_secs(30);
/// The same in the beginning, for one who waits to see it begin.
const FIRST_BEATS: Duration = Duration::from_secs(2);
/// How many of those there are.
const EARLY: u32 = 10;

/// A try at a stage.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Attempt {
    /// The task: `ID` or `ID_NUMBER`.
    pub task: String,
    /// How often the task was begun before.
    pub restarts: u32,
    /// The node.
    pub node: String,
    /// The file that it prints to.
    pub log: PathBuf,
    /// Seconds since 1970 when it began.
    pub begun: u64,
    /// Seconds since 1970 when this was written.
    pub written: u64,
    /// How far it is.
    pub progress: Progress,
    /// Most bytes of memory that its process took so far.
    pub peak: Option<u64>,
    /// How it ended; none while it runs, and of one that was killed.
    pub end: Option<End>,
}

/// How far a try is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// What is counted.
    pub unit: String,
    /// Units done, those of earlier tries included.
    pub done: u64,
    /// Units in all.
    pub total: u64,
    /// Units that this try has done.
    pub own: u64,
    /// How the work goes, in a few words.
    pub status: String,
}

/// How a try ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "how")]
pub enum End {
    /// The result is in the store.
    Done,
    /// It was stopped, and goes on from there.
    Stopped,
    /// It failed.
    Failed {
        /// The exit code.
        exit: u8,
        /// What was said.
        why: String,
    },
    /// It was killed, as the queue told afterwards.
    Killed {
        /// The state in Slurm's word.
        state: String,
    },
}

/// Seconds since 1970.
pub fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// Name of the folder of the tries at what a task makes.
pub(super) fn name(made: &Made, run: &str) -> String {
    match made {
        Made::Stage { kind, key, .. } => format!("{kind}-{key}"),
        Made::Report(_) => format!("report-{run}"),
    }
}

fn folder(store: &Path, made: &Made, run: &str) -> PathBuf {
    store.join(FOLDER).join(name(made, run))
}

/// All tries at what a task makes, the first first. What cannot be read was being written when a node
/// died, and is left out.
pub fn of(store: &Path, made: &Made, run: &str) -> Vec<Attempt> {
    let share = made.part().map_or(String::new(), |part| format!("{}.", part.stem()));
    let entries = fs::read_dir(folder(store, made, run)).into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| {
        let name = entry.file_name().into_string().ok()?;
        let rest = name.strip_prefix(&share)?;
        // Without a share: those of the whole alone.
        (rest.ends_with(".json") && rest.matches('.').count() == 2).then(|| entry.path())
    });
    let read = |path: PathBuf| serde_json::from_slice(&fs::read(path).ok()?).ok();
    let mut attempts: Vec<Attempt> = names.filter_map(read).collect();
    attempts.sort_by(|a, b| (a.begun, a.restarts, &a.task).cmp(&(b.begun, b.restarts, &b.task)));
    attempts
}

/// Writes down how a try ended that could not do it itself.
///
/// # Errors
/// A store that cannot be written to.
pub fn close(
    store: &Path,
    made: &Made,
    run: &str,
    attempt: Attempt,
    end: End,
) -> Result<(), Failure> {
    let path = folder(store, made, run).join(file(made, &attempt));
    write(&path, &Attempt { end: Some(end), ..attempt })
}

fn file(made: &Made, attempt: &Attempt) -> String {
    let share = made.part().map_or(String::new(), |part| format!("{}.", part.stem()));
    format!("{share}{}.{}.json", attempt.task, attempt.restarts)
}

fn write(path: &Path, attempt: &Attempt) -> Result<(), Failure> {
    let text = serde_json::to_vec(attempt).map_err(|e| Failure::Internal(e.to_string()))?;
    Ok(write_whole(path, &text)?)
}

/// A try of this process, which is written down now and then until it ends.
#[derive(Debug)]
pub struct Trying {
    path: PathBuf,
    attempt: Mutex<Attempt>,
    ended: Condvar,
}

impl Trying {
    /// Writes down that a try begins.
    ///
    /// # Errors
    /// A store that cannot be written to.
    pub fn begin(store: &Path, made: &Made, run: &str, attempt: Attempt) -> Result<Self, Failure> {
        let folder = folder(store, made, run);
        fs::create_dir_all(&folder).map_err(|e| Failure::write(&folder, &e))?;
        let path = folder.join(file(made, &attempt));
        write(&path, &attempt)?;
        Ok(Self { path, attempt: Mutex::new(attempt), ended: Condvar::new() })
    }

    fn lock(&self) -> MutexGuard<'_, Attempt> {
        self.attempt.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes down how far it is until it ends. That this fails for a while does no harm.
    pub fn keep_writing(&self) {
        let mut attempt = self.lock();
        let mut beats = 0;
        while attempt.end.is_none() {
            let beat = if beats < EARLY { FIRST_BEATS } else { BEAT };
            beats += 1;
            let waited = self.ended.wait_timeout(attempt, beat);
            attempt = waited.unwrap_or_else(PoisonError::into_inner).0;
            if attempt.end.is_none() {
                (attempt.written, attempt.peak) = (now(), peak());
                let (path, copy) = (&self.path, attempt.clone());
                drop(attempt);
                if let Err(failure) = write(path, &copy) {
                    tracing::info!(%failure, "how far it is cannot be written down");
                }
                attempt = self.lock();
            }
        }
    }

    /// Writes down that it failed, when this is dropped before it has ended.
    pub fn ends_in_any_case(&self) -> Unended<'_> {
        Unended(self)
    }

    /// How far it is.
    pub fn progress(&self) -> Progress {
        self.lock().progress.clone()
    }

    /// Writes down how it ended.
    ///
    /// # Errors
    /// A store that cannot be written to.
    pub fn end(&self, end: End) -> Result<(), Failure> {
        let mut attempt = self.lock();
        (attempt.end, attempt.written, attempt.peak) = (Some(end), now(), peak());
        self.ended.notify_all();
        write(&self.path, &attempt)
    }
}

/// A try that is to end before this is dropped.
pub struct Unended<'a>(&'a Trying);

impl Drop for Unended<'_> {
    fn drop(&mut self) {
        if self.0.lock().end.is_none() {
            let why = "it ended by a mistake of ours: see its log".to_owned();
            // The process ends by that mistake, whatever the disk says.
            let _ = self.0.end(End::Failed { exit: FAILED, why });
        }
    }
}

/// The exit code of a mistake of ours.
const FAILED: u8 = 20;

/// Most bytes of memory that this process took so far, if the system tells.
fn peak() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}

/// Hears of a stage's progress for the file of its try, and passes it on.
pub struct Recorded {
    /// The try.
    pub trying: Arc<Trying>,
    /// Who else hears.
    pub next: Box<dyn Events>,
}

impl Events for Recorded {
    fn begin(&self, unit: &'static str, total: u64) {
        let progress = Progress { unit: unit.to_owned(), total, ..Progress::default() };
        self.trying.lock().progress = progress;
        self.next.begin(unit, total);
    }

    fn advance(&self, done: u64) {
        {
            let progress = &mut self.trying.lock().progress;
            progress.done += done;
            progress.own += done;
        }
        self.next.advance(done);
    }

    fn resume(&self, done: u64) {
        self.trying.lock().progress.done += done;
        self.next.resume(done);
    }

    fn status(&self, text: &str) {
        text.clone_into(&mut self.trying.lock().progress.status);
        self.next.status(text);
    }

    fn note(&self, text: &str) {
        self.next.note(text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proofmark_base::work::Silent;

    fn made(share: Option<&str>) -> Made {
        let share = share.map(str::to_owned);
        Made::Stage { kind: "faces".into(), key: "k".into(), name: "n".into(), share }
    }

    fn attempt(task: &str, restarts: u32, begun: u64) -> Attempt {
        Attempt {
            task: task.into(),
            restarts,
            node: "n1".into(),
            log: "log".into(),
            begun,
            written: begun,
            progress: Progress::default(),
            peak: None,
            end: None,
        }
    }

    #[test]
    fn tries_are_told_apart_by_task_restart_and_share() {
        let dir = tempfile::tempdir().unwrap();
        let begin = |made: &Made, attempt| Trying::begin(dir.path(), made, "r", attempt).unwrap();
        let whole = Arc::new(begin(&made(None), attempt("7_0", 0, 10)));
        begin(&made(None), attempt("7_0", 1, 20));
        begin(&made(Some("2/3")), attempt("8_1", 0, 5));
        let heard = Recorded { trying: Arc::clone(&whole), next: Box::new(Silent) };
        heard.begin("videos", 9);
        heard.resume(2);
        heard.advance(3);
        whole.end(End::Stopped).unwrap();
        let found = of(dir.path(), &made(None), "r");
        assert_eq!(found.iter().map(|a| a.restarts).collect::<Vec<_>>(), [0, 1]);
        let progress = &found[0].progress;
        assert_eq!((progress.done, progress.own, progress.total), (5, 3, 9));
        assert_eq!((&found[0].end, &found[1].end), (&Some(End::Stopped), &None));
        let share = of(dir.path(), &made(Some("2/3")), "r");
        assert_eq!((share.len(), share[0].task.as_str()), (1, "8_1"));
        assert!(of(dir.path(), &made(Some("1/3")), "r").is_empty());
        let killed = End::Killed { state: "NODE_FAIL".into() };
        close(dir.path(), &made(None), "r", found[1].clone(), killed.clone()).unwrap();
        assert_eq!(of(dir.path(), &made(None), "r")[1].end, Some(killed));
    }

    #[test]
    fn a_try_that_ends_by_a_mistake_is_written_down_and_keeps_nobody_waiting() {
        let dir = tempfile::tempdir().unwrap();
        let begun = attempt("7_0", 0, 10);
        let trying = Trying::begin(dir.path(), &made(None), "r", begun).unwrap();
        std::thread::scope(|scope| {
            scope.spawn(|| trying.keep_writing());
            let _ends = trying.ends_in_any_case();
        });
        let found = of(dir.path(), &made(None), "r");
        assert!(matches!(found[0].end, Some(End::Failed { exit: FAILED, .. })), "{found:?}");
    }
}
