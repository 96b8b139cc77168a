//! What a job does: one stage of a plan that was submitted, or the tables at its end.

use std::path::{Path, PathBuf};

use super::attempts::{self, Attempt, End, Progress};
use super::records::{Made, Record};
use super::snapshot::Snapshot;
use crate::engine::kind::StageKind;
use crate::engine::session::Session;
use proofmark_base::slurm::SlurmTask;
use proofmark_base::store::{Store, StoreFailure};
use proofmark_base::work::Failure;
use proofmark_lang::Loaded;
use proofmark_prepare::store::FaceStoreError;

/// A task of an array, as the job that makes it finds it in the store.
#[derive(Debug)]
pub struct Job {
    store: PathBuf,
    number: u32,
    /// The array.
    pub record: Record,
    /// What the task makes.
    pub made: Made,
    /// The plan.
    pub snapshot: Snapshot,
}

/// Where and as what a job runs.
#[derive(Clone, Debug)]
pub struct Surroundings {
    /// What `squeue` calls it; the number of a process that is no job.
    pub task: String,
    /// How often it was begun before.
    pub restarts: u32,
    /// The node.
    pub node: String,
}

impl Surroundings {
    /// From the environment that Slurm gives a job.
    pub fn of(variable: impl Fn(&str) -> Option<String>) -> Self {
        let node = variable("SLURMD_NODENAME").or_else(|| variable("HOSTNAME"));
        let own = || SlurmTask { id: std::process::id().to_string(), restarts: 0 };
        let SlurmTask { id: task, restarts } = SlurmTask::of(variable).unwrap_or_else(own);
        Self { task, restarts, node: node.unwrap_or_else(|| "this machine".to_owned()) }
    }
}

impl Job {
    /// The task of this number of an array.
    ///
    /// # Errors
    /// An array or a task that the store does not know.
    pub fn open(store: &Path, name: &str, number: u32) -> Result<Self, Failure> {
        let record = Record::read(store, name)?;
        let made = record
            .tasks
            .get(&number)
            .cloned()
            .ok_or_else(|| Failure::data(format!("the array {name} has no task {number}")))?;
        let snapshot = Snapshot::read(store, &record.run)?;
        Ok(Self { store: store.to_owned(), number, record, made, snapshot })
    }

    /// A session with what the task needs, and the place of its stage in the plan: all data sets and
    /// no place for the tables.
    ///
    /// # Errors
    /// A store or a plan that cannot be read.
    pub fn session<'a>(&self, loaded: &'a Loaded) -> Result<(Session<'a>, Option<usize>), Failure> {
        let store = Store::open(&self.store)?;
        let Made::Stage { kind, key, name, .. } = &self.made else {
            return Ok((self.snapshot.session(loaded, store, None)?, None));
        };
        let of_word = |kind: &str| StageKind::ALL.into_iter().find(|other| other.word() == kind);
        let of_word = of_word(kind).ok_or_else(|| {
            Failure::data(format!("this proofmark knows no stages of the kind `{kind}`"))
        })?;
        let session = self.snapshot.session(loaded, store, Some(&[(of_word, key)]))?;
        let stages = &session.plan().stages;
        let place = stages.iter().position(|s| s.nature().kind == of_word && s.key == *key);
        let place = place.ok_or_else(|| {
            Failure::data(format!(
                "this proofmark plans {kind} {name} with another key than the one that submitted it; \
                 submit it again"
            ))
        })?;
        Ok((session, Some(place)))
    }

    /// The try at it that begins now.
    pub fn attempt(&self, at: &Surroundings) -> Attempt {
        let begun = attempts::now();
        Attempt {
            task: at.task.clone(),
            restarts: at.restarts,
            node: at.node.clone(),
            log: self.record.log(self.number),
            begun,
            written: begun,
            progress: Progress::default(),
            peak: None,
            end: None,
        }
    }

    /// How many tries at it, of this task, were killed or lost, and how many failed for a reason that
    /// may pass.
    pub fn lost(&self, at: &Surroundings) -> usize {
        let tries = attempts::of(&self.store, &self.made, &self.record.run);
        let of_task = tries.iter().filter(|attempt| attempt.task == at.task);
        of_task
            .filter(|attempt| attempt.restarts != at.restarts)
            .filter(|attempt| match &attempt.end {
                None | Some(End::Killed { .. } | End::Failed { .. }) => true,
                Some(End::Done | End::Stopped) => false,
            })
            .count()
    }

    /// That the task was killed too often, if it was.
    ///
    /// # Errors
    /// That.
    pub fn may_begin(&self, at: &Surroundings) -> Result<(), Failure> {
        let lost = self.lost(at);
        if lost <= self.record.retries as usize {
            return Ok(());
        }
        Err(Failure::run(format!(
            "{lost} tries at it were killed or lost, and `retries` of the cluster is {}; the logs are \
             {}; after the cause is mended, the same `run` submits it again",
            self.record.retries,
            self.record.log(self.number).display()
        )))
    }

    /// That everything the stage reads is in the store. A job that it depends on may have been
    /// forgotten by the controller, which then counts it as done.
    ///
    /// # Errors
    /// A result that is not there.
    pub fn inputs_are_there(&self, session: &Session<'_>, place: usize) -> Result<(), Failure> {
        let plan = session.plan();
        for need in &plan.stages[place].needs {
            let need = &plan.stages[*need];
            if session.store().find_fresh(need.word(), &need.key).is_none() {
                return Err(Failure::data(format!(
                    "it needs {}, which is not in the store {}; the same `run` submits both again",
                    need.title(),
                    session.store().root().display()
                )));
            }
        }
        Ok(())
    }

    /// The store.
    pub fn store(&self) -> &Path {
        &self.store
    }
}

/// Whether a failure may pass by itself: a file system that does not answer, but not a disk that is
/// full, data that are wrong, or a loss that is no number.
pub fn may_pass(failure: &Failure) -> bool {
    use std::io::ErrorKind as Kind;
    let kind_passes = |kind: Kind| {
        !matches!(
            kind,
            Kind::StorageFull
                | Kind::QuotaExceeded
                | Kind::FileTooLarge
                | Kind::PermissionDenied
                | Kind::ReadOnlyFilesystem
                | Kind::NotFound
                | Kind::InvalidData
                | Kind::UnexpectedEof
        )
    };
    let passes = |error: &std::io::Error| kind_passes(error.kind());
    match failure {
        Failure::At(declared) => may_pass(&declared.cause),
        Failure::Write { source, .. } | Failure::Read { source, .. } => passes(source),
        Failure::Store(StoreFailure::Io { source, .. }) => passes(source),
        Failure::Faces(error) => {
            let kind = error.downcast_ref::<FaceStoreError>().and_then(|error| error.kind);
            kind.is_some_and(kind_passes)
        }
        // A process of several was lost; what they had done is kept.
        Failure::Group(_) => true,
        // A share: whoever took it over makes it.
        Failure::Store(StoreFailure::Taken { .. }) => true,
        Failure::Interrupted
        | Failure::Data(_)
        | Failure::Weights(_)
        | Failure::Hub(_)
        | Failure::Store(_)
        | Failure::Diverged(_)
        | Failure::Run(_)
        | Failure::Budget(_)
        | Failure::Device(_)
        | Failure::Internal(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_that_is_no_job_is_known_by_its_number() {
        let of = |job: Option<&str>| {
            Surroundings::of(|name| match name {
                "SLURM_JOB_ID" => job.map(str::to_owned),
                "HOSTNAME" => Some("n1".to_owned()),
                _ => None,
            })
        };
        let (job, own) = (of(Some("21")), of(None));
        assert_eq!((job.task.as_str(), job.restarts, job.node.as_str()), ("21", 0, "n1"));
        assert_eq!(own.task, std::process::id().to_string());
    }

    #[test]
    fn what_is_wrong_with_data_does_not_pass() {
        let io = |kind| Failure::write(Path::new("x"), &std::io::Error::from(kind));
        assert!(may_pass(&io(std::io::ErrorKind::TimedOut)));
        assert!(!may_pass(&io(std::io::ErrorKind::StorageFull)));
        let faces = |kind| FaceStoreError::write(Path::new("x"), std::io::Error::from(kind));
        assert!(may_pass(&faces(std::io::ErrorKind::TimedOut).into()));
        assert!(!may_pass(&faces(std::io::ErrorKind::StorageFull).into()));
        assert!(!may_pass(&Failure::data("no")));
        assert!(!may_pass(&Failure::Interrupted));
    }
}
