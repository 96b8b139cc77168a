//! How long every kernel and product takes on the GPU, for who asks by `PROOFMARK_GPU_TIMES=FILE` in the environment.
//!
//! An event is recorded before and after each. Now and then, and when the GPU is no longer used, they are read, and the
//! sums of all GPUs of this process are written to the file as JSON: `{"NAME": {"count": 3, "milliseconds": 0.5}}`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::{env, fs};

use cudarc::driver::result::{self, DriverError};
use cudarc::driver::sys::{CUevent, CUevent_flags};

use super::context::Context;
use super::said::driver;
use crate::error::{GpuError, Result};

/// Pairs of events that may be under way.
const MOST: usize = 4096;

/// How often something was done, and its milliseconds, by what it was.
type Totals = BTreeMap<String, (u64, f64)>;

/// Those of this process.
static TOTALS: Mutex<Totals> = Mutex::new(Totals::new());

/// The events of a GPU.
#[derive(Debug)]
pub struct Times {
    file: PathBuf,
    begun: Option<CUevent>,
    /// What was done between two events.
    under_way: Vec<(String, [CUevent; 2])>,
    spare: Vec<CUevent>,
    context: Arc<Context>,
}

// SAFETY: nothing else has the events, and any thread may use them.
unsafe impl Send for Times {}

impl Times {
    /// If the environment asks for them. The context is bound.
    pub fn asked(context: &Arc<Context>) -> Result<Option<Self>> {
        let file = env::var_os("PROOFMARK_GPU_TIMES").filter(|file| !file.is_empty());
        let Some(file) = file.map(PathBuf::from) else { return Ok(None) };
        write(&file, &TOTALS.lock().unwrap_or_else(PoisonError::into_inner))?;
        let context = Arc::clone(context);
        Ok(Some(Self { file, begun: None, under_way: Vec::new(), spare: Vec::new(), context }))
    }

    /// Before something is started.
    pub fn begin(&mut self) -> Result<()> {
        if self.under_way.len() == MOST {
            self.read()?;
        }
        let event = self.record().map_err(driver("begin to measure time"))?;
        // What was begun and not ended was not started.
        self.spare.extend(self.begun.replace(event));
        Ok(())
    }

    /// After it.
    pub fn end(&mut self, what: String) -> Result<()> {
        let Some(begun) = self.begun.take() else { return Ok(()) };
        let ended = self.record().map_err(driver("end to measure time"))?;
        self.under_way.push((what, [begun, ended]));
        Ok(())
    }

    fn record(&mut self) -> std::result::Result<CUevent, DriverError> {
        let event = match self.spare.pop() {
            Some(event) => event,
            None => result::event::create(CUevent_flags::CU_EVENT_DEFAULT)?,
        };
        // SAFETY: the event and the stream are of the context, which is bound.
        unsafe { result::event::record(event, self.context.stream()) }?;
        Ok(event)
    }

    /// Waits for all that is under way, adds it, and writes the sums.
    fn read(&mut self) -> Result<()> {
        self.context.wait().map_err(driver("measure time"))?;
        let mut totals = TOTALS.lock().unwrap_or_else(PoisonError::into_inner);
        for (what, [begun, ended]) in self.under_way.drain(..) {
            // SAFETY: both were recorded on one stream, and are done.
            let took = unsafe { result::event::elapsed(begun, ended) };
            let total = totals.entry(what).or_default();
            total.0 += 1;
            total.1 += f64::from(took.map_err(driver("measure time"))?);
            self.spare.extend([begun, ended]);
        }
        write(&self.file, &totals)
    }
}

impl Drop for Times {
    fn drop(&mut self) {
        if self.context.bind().is_err() {
            return;
        }
        // Who asked sees that the file is not whole; nobody can be told here.
        let _read = self.read();
        let of_pairs = self.under_way.drain(..).flat_map(|(_, pair)| pair);
        for event in of_pairs.chain(self.spare.drain(..)).chain(self.begun.take()) {
            // SAFETY: it was made by this, and is not used any more.
            let _destroyed = unsafe { result::event::destroy(event) };
        }
    }
}

fn write(file: &Path, totals: &Totals) -> Result<()> {
    fs::write(file, text(totals)).map_err(|e| {
        GpuError::new(
            "have its times written",
            format!("PROOFMARK_GPU_TIMES is {}: {e}", file.display()),
        )
    })
}

/// As JSON. Names are of our own making, without anything that JSON spells otherwise than Rust.
fn text(totals: &Totals) -> String {
    let mut text = "{".to_owned();
    for (number, (what, (count, milliseconds))) in totals.iter().enumerate() {
        let comma = if number > 0 { "," } else { "" };
        write!(
            text,
            "{comma}\n  {what:?}: {{\"count\": {count}, \"milliseconds\": {milliseconds:.6}}}"
        )
        .expect("a text takes all that is written to it");
    }
    text + "\n}\n"
}

#[cfg(test)]
mod tests {
    use super::{Totals, text};

    #[test]
    fn totals_are_written_as_json() {
        assert_eq!(text(&Totals::new()), "{\n}\n");
        let totals = [("norm".to_owned(), (3, 0.5)), ("gelu".to_owned(), (1, 0.25))];
        let expected = "{\n  \"gelu\": {\"count\": 1, \"milliseconds\": 0.250000},\n  \
                        \"norm\": {\"count\": 3, \"milliseconds\": 0.500000}\n}\n";
        assert_eq!(text(&totals.into()), expected);
    }
}
