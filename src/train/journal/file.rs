//! The journal's files in the folder of a training run: `journal.jsonl`, and one
//! TensorBoard event file for each time that the run was begun or taken up again.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::events;
use super::record::{EpochRecord, Record};
use proofmark_base::store::contents;
use proofmark_base::work::Failure;

/// The file of JSON lines.
pub const FILE: &str = "journal.jsonl";
/// How the names of event files begin: TensorBoard looks for it.
const EVENTS: &str = "events.out.tfevents.";

/// Where a run stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Position {
    /// Finished epochs.
    pub epochs: u32,
    /// Finished steps of the epoch after them.
    pub steps: u64,
}

/// An open journal.
#[derive(Debug)]
pub struct Journal {
    lines: (PathBuf, File),
    events: (PathBuf, File),
    steps_per_epoch: u64,
}

impl Journal {
    /// Opens the journal of the run in `folder` that stands at `position`, at `time` in
    /// seconds since 1970. What an earlier process wrote about later steps, or only in
    /// part, is forgotten: those steps will be taken again.
    ///
    /// # Errors
    /// A file that cannot be read or written.
    pub fn open(
        folder: &Path,
        position: Position,
        steps_per_epoch: u64,
        time: f64,
    ) -> Result<Self, Failure> {
        let path = folder.join(FILE);
        let lines = reopened(&path, position)?;
        let events = folder.join(format!("{EVENTS}{:05}", event_files(folder)? + 1));
        let file = File::options().append(true).create_new(true).open(&events);
        let file = file.map_err(|e| Failure::write(&events, &e))?;
        let mut journal = Self { lines: (path, lines), events: (events, file), steps_per_epoch };
        let first = u64::from(position.epochs) * steps_per_epoch + position.steps + 1;
        append(&mut journal.events, &events::beginning(time, first))?;
        Ok(journal)
    }

    /// Writes a record to both files.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn write(&mut self, record: &Record) -> Result<(), Failure> {
        let mut line = serde_json::to_vec(record).map_err(|e| Failure::Internal(e.to_string()))?;
        line.push(b'\n');
        append(&mut self.lines, &line)?;
        let event = match record {
            Record::Step(step) => {
                let before = u64::from(step.epoch.saturating_sub(1)) * self.steps_per_epoch;
                events::step(step, before + step.step)
            }
            Record::Epoch(epoch) => {
                events::epoch(epoch, u64::from(epoch.epoch) * self.steps_per_epoch)
            }
        };
        append(&mut self.events, &event)
    }
}

/// The epochs of a finished run.
///
/// # Errors
/// A journal that cannot be read.
pub fn epochs(folder: &Path) -> Result<Vec<EpochRecord>, Failure> {
    let path = folder.join(FILE);
    let text = contents(&path)?;
    let mut epochs = Vec::new();
    let lines = text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    for (i, line) in lines.enumerate() {
        let record = serde_json::from_slice(line)
            .map_err(|e| Failure::data(format!("{}, line {}: {e}", path.display(), i + 1)))?;
        if let Record::Epoch(epoch) = record {
            epochs.push(epoch);
        }
    }
    Ok(epochs)
}

fn append((path, file): &mut (PathBuf, File), bytes: &[u8]) -> Result<(), Failure> {
    file.write_all(bytes).map_err(|e| Failure::write(path, &e))
}

/// The lines up to a position, ready for more.
fn reopened(path: &Path, position: Position) -> Result<File, Failure> {
    let file = File::options().read(true).append(true).create(true).open(path);
    let file = file.map_err(|e| Failure::write(path, &e))?;
    let mut reader = BufReader::new(&file);
    let (mut kept, mut line) = (0, Vec::new());
    loop {
        line.clear();
        let length = reader.read_until(b'\n', &mut line).map_err(|e| Failure::read(path, &e))?;
        let whole = line.ends_with(b"\n");
        let place = serde_json::from_slice::<Place>(&line).ok();
        if !whole || !place.is_some_and(|place| place.is_within(position)) {
            break;
        }
        kept += length as u64;
    }
    file.set_len(kept).map_err(|e| Failure::write(path, &e))?;
    Ok(file)
}

/// What says where a record belongs.
#[derive(Deserialize)]
struct Place {
    epoch: u32,
    /// None for an epoch as a whole.
    step: Option<u64>,
}

impl Place {
    fn is_within(&self, position: Position) -> bool {
        let finished = self.epoch <= position.epochs;
        let current = self.epoch == position.epochs + 1;
        finished || current && self.step.is_some_and(|step| step <= position.steps)
    }
}

/// How many event files a folder has.
fn event_files(folder: &Path) -> Result<usize, Failure> {
    let entries = fs::read_dir(folder).map_err(|e| Failure::read(folder, &e))?;
    let mut files = 0;
    for entry in entries {
        let name = entry.map_err(|e| Failure::read(folder, &e))?.file_name();
        files += usize::from(name.to_string_lossy().starts_with(EVENTS));
    }
    Ok(files)
}
