//! How processes that do not know each other yet get one message of rank 0: through a file of a folder
//! that all of them see.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use proofmark_base::work::Failure;

/// The first line of a file; the second is the number of ranks, the third the message.
const HEAD: &str = "proofmark rendezvous 1";

/// How long to wait between two looks into the folder.
const PAUSE: Duration = Duration::from_millis(50);

/// A word that is the same for all ranks of one start and another for the next start, from variables
/// of the environment:
///
/// 1. `PROOFMARK_ATTEMPT`, for who starts the ranks by hand;
/// 2. `PMIX_NAMESPACE`, which `mpirun` and `srun --mpi=pmix` set, with the job of Slurm, if there is one;
/// 3. the job and step of Slurm.
///
/// A job that Slurm has requeued keeps its number and counts its steps from 0 again: the restart count is
/// in the word too.
///
/// # Errors
/// None of them is set.
pub fn attempt(variable: impl Fn(&str) -> Option<String>) -> Result<String, Failure> {
    if let Some(own) = variable("PROOFMARK_ATTEMPT").filter(|own| !own.is_empty()) {
        return Ok(clean(&own));
    }
    let job = variable("SLURM_JOB_ID");
    let (kind, start) = match (variable("PMIX_NAMESPACE"), variable("SLURM_STEP_ID")) {
        (Some(name), _) => ("pmix", name),
        (None, Some(step)) if job.is_some() => ("step", step),
        (None, _) => {
            return Err(Failure::Group(
                "the ranks have nothing to find each other by: neither srun nor mpirun started them; \
                 set PROOFMARK_ATTEMPT to a word that is the same for all ranks and new at each start"
                    .to_owned(),
            ));
        }
    };
    let restarts = variable("SLURM_RESTART_COUNT").unwrap_or_else(|| "0".to_owned());
    let job = job.map(|job| format!("job-{job}-{restarts}-")).unwrap_or_default();
    Ok(clean(&format!("{job}{kind}-{start}")))
}

/// The word with nothing in it that a name of a file cannot have.
fn clean(word: &str) -> String {
    let fit = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    word.chars().map(|c| if fit(c) { c } else { '_' }).collect()
}

/// The file in which ranks of one start meet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendezvous {
    folder: PathBuf,
    name: String,
    /// How many ranks there are.
    size: usize,
}

/// What rank 0 has told. The file is removed when this is dropped, so it is kept until all ranks are
/// known to have read it.
#[derive(Debug)]
#[must_use = "the file is removed when this is dropped"]
pub struct Told {
    path: PathBuf,
}

impl Drop for Told {
    fn drop(&mut self) {
        // One that stays is in nobody's way: its name is that of this start.
        let _stays = fs::remove_file(&self.path);
    }
}

impl Rendezvous {
    /// For so many ranks of the start with this [`attempt`], in a folder that exists.
    pub fn new(folder: &Path, attempt: &str, size: usize) -> Rendezvous {
        let name = format!("rendezvous-{}", clean(attempt));
        Rendezvous { folder: folder.to_owned(), name, size }
    }

    /// How many ranks there are.
    pub fn size(&self) -> usize {
        self.size
    }

    /// Where the file is.
    pub fn path(&self) -> PathBuf {
        self.folder.join(&self.name)
    }

    /// What rank 0 does: the file is there as a whole or not at all.
    ///
    /// # Errors
    /// The folder cannot be written. A file of this name is there: another start had the same word, and
    /// its message must not be taken for this one.
    pub fn tell(&self, message: &[u8]) -> Result<Told, Failure> {
        let path = self.path();
        if self.is_there()? {
            return Err(Failure::Group(format!(
                "{} is there already, from an earlier start of the ranks with the same name; if none of \
                 it runs any more, remove the file, or set PROOFMARK_ATTEMPT to a new word for all ranks",
                path.display()
            )));
        }
        let draft = self.folder.join(format!("{}.{}.part", self.name, std::process::id()));
        let hex: String = message.iter().map(|byte| format!("{byte:02x}")).collect();
        let text = format!("{HEAD}\n{}\n{hex}\n", self.size);
        let written = fs::write(&draft, text).and_then(|()| fs::rename(&draft, &path));
        written.map_err(|e| {
            let _gone = fs::remove_file(&draft);
            Failure::write(&path, &e)
        })?;
        Ok(Told { path })
    }

    /// What the others do: wait so long for the message of rank 0.
    ///
    /// # Errors
    /// It does not come, or is not for this number of ranks.
    pub fn hear(&self, patience: Duration) -> Result<Vec<u8>, Failure> {
        let heard = poll(patience, PAUSE, || match self.is_there()? {
            true => self.read(),
            false => Ok(None),
        })?;
        heard.ok_or_else(|| {
            Failure::Group(format!(
                "rank 0 of {} has ended, or did not write {} within {} s; all ranks must be started \
                 together, and see the same folder",
                self.size,
                self.path().display(),
                patience.as_secs()
            ))
        })
    }

    /// Whether the folder lists the file. A network file system remembers for a while that a file was not
    /// there when it was asked for by name; it is asked for the folder's list instead.
    fn is_there(&self) -> Result<bool, Failure> {
        let failed = |e: io::Error| Failure::read(&self.folder, &e);
        for entry in fs::read_dir(&self.folder).map_err(failed)? {
            if entry.map_err(failed)?.file_name() == self.name.as_str() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn read(&self) -> Result<Option<Vec<u8>>, Failure> {
        let path = self.path();
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            // The list is newer than what the system knows of the file.
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(Failure::read(&path, &e)),
        };
        let mut lines = text.lines();
        let (head, size, hex) = (lines.next(), lines.next(), lines.next());
        let message = hex.filter(|_| head == Some(HEAD)).and_then(bytes);
        let (Some(message), Some(size)) = (message, size) else {
            return Err(Failure::Group(format!(
                "{} is not a file in which ranks of this version meet; remove it",
                path.display()
            )));
        };
        if size != self.size.to_string() {
            return Err(Failure::Group(format!(
                "rank 0 is one of {size} ranks, says {}, and this is one of {}; all ranks must be \
                 started by one command",
                path.display(),
                self.size
            )));
        }
        Ok(Some(message))
    }
}

/// The bytes of pairs of hexadecimal digits.
fn bytes(hex: &str) -> Option<Vec<u8>> {
    let (pairs, []) = hex.as_bytes().as_chunks::<2>() else {
        return None;
    };
    let byte = |pair: &[u8; 2]| u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok();
    pairs.iter().map(byte).collect()
}

/// Asks, with a pause after each time, until there is an answer or patience is at an end; once at least.
pub(crate) fn poll<T, E>(
    patience: Duration,
    pause: Duration,
    mut ask: impl FnMut() -> Result<Option<T>, E>,
) -> Result<Option<T>, E> {
    let begin = Instant::now();
    loop {
        let last = begin.elapsed() >= patience;
        let answer = ask()?;
        if answer.is_some() || last {
            return Ok(answer);
        }
        std::thread::sleep(pause);
    }
}

#[cfg(test)]
#[path = "rendezvous_tests.rs"]
mod tests;
