//! What submissions leave in a store, and what of it nobody needs any more.
//!
//! A plan is needed while it is the last that was submitted of a file, while anything of its arrays is
//! in the queue, and while `status` of another plan tells of one of its tasks. Records of arrays are
//! kept with their plan, tries with the records of their stage.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::attempts;
use super::queue::Queue;
use super::records::{self, Made, Record};
use super::snapshot::{DRAFT, RUNS, Snapshot};
use proofmark_base::store::{Store, measured};
use proofmark_base::work::Failure;

/// A kind of what a submission leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A submitted plan, with what its jobs printed.
    Plan,
    /// The record of an array.
    Array,
    /// The tries at a stage.
    Tries,
}

impl Kind {
    /// All of them, in the order in which they are removed: what is left by a command that is killed
    /// is still found to be needed by nobody.
    const ALL: [Self; 3] = [Self::Array, Self::Tries, Self::Plan];

    /// The folder of a store that has them.
    fn folder(self) -> &'static str {
        match self {
            Self::Plan => RUNS,
            Self::Array => records::FOLDER,
            Self::Tries => attempts::FOLDER,
        }
    }
}

/// What nobody needs.
#[derive(Clone, Debug, PartialEq)]
pub struct Leftover {
    /// Its kind.
    pub kind: Kind,
    /// What it is of, for people; none where that is not known any more.
    pub name: Option<String>,
    /// Name of its file or folder.
    pub key: String,
    /// That.
    pub path: PathBuf,
    /// Bytes on disk.
    pub bytes: u64,
    /// How long ago it was last written.
    pub age: Duration,
}

/// What submissions have left in a store.
#[derive(Debug, Default)]
pub struct Leftovers {
    /// What nobody needs.
    pub unneeded: Vec<Leftover>,
    /// Why the queue could not be asked, if it could not: all that may be in it counts as needed.
    pub unasked: Option<Failure>,
}

impl Leftovers {
    /// Looks into a store; `ask` lists the jobs of some names, and is called only if it matters.
    ///
    /// # Errors
    /// A store that cannot be read; a record that is damaged.
    pub fn look(
        store: &Store,
        ask: impl FnOnce(&[String]) -> Result<Queue, Failure>,
    ) -> Result<Self, Failure> {
        let records = Record::all(store.root())?;
        let mut needed = told_of(store, &records);
        let others = records.iter().filter(|record| !needed.contains(record.run.as_str()));
        let names: Vec<String> = others.map(|record| record.name.clone()).collect();
        let asked = if names.is_empty() { Ok(Queue::default()) } else { ask(&names) };
        let may_be_open = |record: &&Record| match &asked {
            Ok(queue) => queue.has_open(&record.name),
            Err(_) => true,
        };
        needed.extend(records.iter().filter(may_be_open).map(|record| record.run.as_str()));
        let unneeded = Known::of(&records, &needed).unneeded(store.root())?;
        Ok(Self { unneeded, unasked: asked.err() })
    }
}

/// Plans that were submitted last of a file, and those whose tasks `status` tells of for them.
fn told_of<'r>(store: &Store, records: &'r [Record]) -> BTreeSet<&'r str> {
    let last: BTreeMap<&Path, &str> =
        records.iter().map(|record| (record.entry.as_path(), record.run.as_str())).collect();
    let last: BTreeSet<&str> = last.into_values().collect();
    // What is not in the store is told of by the last task that was to make it, whoever submitted it.
    let mut missing: BTreeSet<(String, String)> = BTreeSet::new();
    for run in &last {
        // A plan that cannot be read, of another version, is one that `status` does not tell of.
        let read = Snapshot::read(store.root(), run);
        let Ok((plan, until)) = read.and_then(|run| Ok((run.plan()?, run.until()))) else {
            continue;
        };
        let asked = plan.asked(until);
        let stages = plan.stages.into_iter().zip(asked);
        let stages = stages.filter_map(|(stage, asked)| asked.then_some(stage));
        let stages = stages.filter(|stage| store.find(stage.word(), &stage.key).is_none());
        missing.extend(stages.map(|stage| (stage.word().to_owned(), stage.key)));
    }
    let mut runs = last;
    let mut seen = BTreeSet::new();
    for record in records.iter().rev() {
        for made in record.tasks.values() {
            let Made::Stage { kind, key, share, .. } = made else { continue };
            let stage = (kind.clone(), key.clone());
            if missing.contains(&stage) && seen.insert((stage, share.is_some())) {
                runs.insert(&record.run);
            }
        }
    }
    runs
}

/// What records say of what is in a store.
struct Known {
    /// What each file or folder is of.
    names: BTreeMap<(Kind, String), String>,
    /// Those that are needed.
    needed: BTreeSet<(Kind, String)>,
}

impl Known {
    /// `runs` are the plans that are needed.
    fn of(records: &[Record], runs: &BTreeSet<&str>) -> Self {
        let (mut names, mut needed) = (BTreeMap::new(), BTreeSet::new());
        for record in records {
            let file = record.entry.file_name().unwrap_or_default().to_string_lossy();
            let mut of_record = vec![
                ((Kind::Plan, record.run.clone()), file.into_owned()),
                ((Kind::Array, record.name.clone()), record.words()),
            ];
            of_record.extend(record.tasks.values().map(|made| {
                let name = match made {
                    Made::Stage { kind, name, .. } => format!("{kind} {name}"),
                    Made::Report(_) => "tables".to_owned(),
                };
                ((Kind::Tries, attempts::name(made, &record.run)), name)
            }));
            if runs.contains(record.run.as_str()) {
                needed.extend(of_record.iter().map(|(which, _)| which.clone()));
            }
            names.extend(of_record);
        }
        Self { names, needed }
    }

    /// All in a store that is not needed.
    fn unneeded(&self, root: &Path) -> Result<Vec<Leftover>, Failure> {
        let mut found = Vec::new();
        for kind in Kind::ALL {
            let folder = root.join(kind.folder());
            for (key, path) in entries(&folder)? {
                let which = (kind, key.strip_suffix(".json").unwrap_or(&key).to_owned());
                if self.needed.contains(&which) {
                    continue;
                }
                let (bytes, written) = size(&path).map_err(|e| Failure::read(&path, &e))?;
                let age = SystemTime::now().duration_since(written).unwrap_or_default();
                let name = self.names.get(&which).cloned();
                found.push(Leftover { kind, name, key: which.1, path, bytes, age });
            }
        }
        Ok(found)
    }
}

impl Leftover {
    /// Removes it. What is half removed is nobody's plan any more, and a leftover itself.
    ///
    /// # Errors
    /// What cannot be removed.
    pub fn remove(&self) -> Result<(), Failure> {
        let of = |path: &Path, removed: io::Result<()>| match removed {
            // Its user removed it meanwhile.
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            removed => removed.map_err(|e| Failure::write(path, &e)),
        };
        if !self.path.is_dir() {
            return of(&self.path, fs::remove_file(&self.path));
        }
        let aside = self.path.with_file_name(format!("{DRAFT}-{}", self.key));
        match self.key.starts_with(DRAFT) {
            true => of(&self.path, fs::remove_dir_all(&self.path)),
            false => {
                of(&self.path, fs::rename(&self.path, &aside))?;
                of(&aside, fs::remove_dir_all(&aside))
            }
        }
    }
}

/// Names and paths in a folder, sorted; none if it is not there.
fn entries(folder: &Path) -> Result<Vec<(String, PathBuf)>, Failure> {
    let read = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        read => read.map_err(|e| Failure::read(folder, &e))?,
    };
    let of_entry = |entry: io::Result<fs::DirEntry>| {
        let entry = entry.map_err(|e| Failure::read(folder, &e))?;
        Ok((entry.file_name().to_string_lossy().into_owned(), entry.path()))
    };
    let mut found = read.map(of_entry).collect::<Result<Vec<_>, Failure>>()?;
    found.sort();
    Ok(found)
}

/// Bytes of a file or a folder, and when it was last written.
fn size(path: &Path) -> io::Result<(u64, SystemTime)> {
    // Links lead out of the store.
    let about = fs::symlink_metadata(path)?;
    match about.is_dir() {
        true => measured(path),
        false => Ok((about.len(), about.modified()?)),
    }
}
