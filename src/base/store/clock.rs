//! How long a result has been worked on, in all processes that worked on it.
//!
//! A file beside the result in the making says when the last of them began, and how much time went
//! before. A process that is killed cannot write when it ended: that was when anything in the
//! folder was last written.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use super::aside::CLOCK;
use super::failure::StoreFailure;
use super::size::measured;
use super::write::write_whole;

/// The clock of one process.
#[derive(Debug)]
pub(super) struct Clock {
    path: PathBuf,
    reading: Reading,
    running: bool,
}

/// What the file says.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Reading {
    /// Seconds of processes before.
    before: f64,
    /// When the last one began, in seconds since 1970 (UTC).
    begun: f64,
}

impl Clock {
    /// Goes on in the folder of a draft; each share has a clock of its own.
    pub(super) fn start(folder: &Path, share: &str) -> Result<Self, StoreFailure> {
        let path = folder.join(format!("{CLOCK}{share}.json"));
        let ended = measured(folder).map_or(UNIX_EPOCH, |(_, written)| written);
        let last = read(&path).map_or(0.0, |last| last.until(since_1970(ended)));
        let reading = Reading { before: last, begun: since_1970(SystemTime::now()) };
        write(&path, reading)?;
        Ok(Self { path, reading, running: true })
    }

    /// Seconds of all processes so far, those of shares that ended included.
    pub(super) fn seconds(&self) -> f64 {
        let folder = self.path.parent().unwrap_or(Path::new("."));
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        let others = entries.map(|entry| entry.path()).filter(|path| {
            *path != self.path
                && path.file_name().is_some_and(|n| n.to_string_lossy().starts_with(CLOCK))
        });
        let others: f64 = others.filter_map(|path| read(&path)).map(|other| other.before).sum();
        self.reading.until(since_1970(SystemTime::now())) + others
    }

    /// Stops it for good, because the result is finished.
    pub(super) fn finish(mut self) {
        self.running = false;
    }
}

impl Drop for Clock {
    fn drop(&mut self) {
        if self.running {
            let now = since_1970(SystemTime::now());
            // What is lost without it is some seconds.
            let _ = write(&self.path, Reading { before: self.reading.until(now), begun: now });
        }
    }
}

impl Reading {
    /// Seconds of all processes, if the last ended at `end`.
    fn until(self, end: f64) -> f64 {
        // The clock of a machine may be set back.
        self.before + (end - self.begun).max(0.0)
    }
}

fn write(path: &Path, reading: Reading) -> Result<(), StoreFailure> {
    write_whole(path, serde_json::to_string(&reading).unwrap_or_default().as_bytes())
}

fn read(path: &Path) -> Option<Reading> {
    let reading: Reading = serde_json::from_slice(&fs::read(path).ok()?).ok()?;
    let sound = |seconds: f64| seconds.is_finite() && seconds >= 0.0;
    Some(reading).filter(|reading| sound(reading.before) && sound(reading.begun))
}

fn since_1970(time: SystemTime) -> f64 {
    time.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs_f64()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_of_killed_and_of_stopped_processes_counts() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("clock.json");
        // One that was killed: it began 100 s ago, after 50 s of others, and wrote until now.
        let begun = since_1970(SystemTime::now()) - 100.0;
        write(&path, Reading { before: 50.0, begun }).unwrap();
        let clock = Clock::start(dir.path(), "").unwrap();
        assert!((149.0..160.0).contains(&clock.seconds()), "{}", clock.seconds());
        drop(clock);
        // One that stopped wrote down how long it was.
        let before = read(&path).unwrap().before;
        assert!((149.0..160.0).contains(&before), "{before}");
        let share = Clock::start(dir.path(), "-faces-1of2").unwrap();
        assert!(share.seconds() >= before);
        share.finish();
        // What makes no sense is as if it were not there.
        for text in ["", "{}", r#"{"before":-1e300,"begun":0}"#, r#"{"before":1e999,"begun":0}"#] {
            fs::write(&path, text).unwrap();
            let clock = Clock::start(dir.path(), "").unwrap();
            assert!(clock.seconds() < 10.0, "{text}");
            clock.finish();
        }
    }
}
