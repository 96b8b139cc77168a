//! A plan as it was submitted: the texts of its files, and what was found of data and weights. A job
//! reads it and looks at nothing else, so that a file that is edited meanwhile changes no job, and
//! thousands of jobs do not all list the same folders.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::engine::graph::{Plan, Until, WantedEmbeddings};
use crate::engine::kind::StageKind;
use crate::engine::planners::with_embeddings;
use crate::engine::session::Session;
use crate::engine::world::World;
use proofmark_base::store::{Store, write_whole};
use proofmark_base::work::Failure;
use proofmark_data::Scan;
use proofmark_lang::{Loaded, MemoryFiles, load};
use proofmark_plan::facts::Facts;

/// Folder of the submitted plans in a store.
pub(super) const RUNS: &str = "runs";
/// The description in the folder of one.
const CARD: &str = "run.json";
/// Folder of its scans.
const SETS: &str = "sets";
/// Folder of what its jobs print.
const LOGS: &str = "logs";
/// Raised when what is written means something else.
const FORMAT: u32 = 2;
/// Letters of a plan's name.
const NAME: usize = 16;
/// How the folder of one is called that is being written, or removed.
pub(super) const DRAFT: &str = ".tmp";

/// A plan as it was submitted.
#[derive(Debug, Serialize, Deserialize)]
struct Card {
    format: u32,
    /// Version of Proofmark.
    proofmark: String,
    /// The experiment file.
    entry: PathBuf,
    /// The folder in which it was submitted, by which relative paths are found.
    folder: PathBuf,
    /// The texts of the file and of what it imports.
    sources: Vec<(PathBuf, String)>,
    /// Up to where it is carried out.
    until: Until,
    /// The embeddings that are wanted besides what the file says.
    embeddings: Option<WantedEmbeddings>,
    facts: Facts,
    weights: BTreeMap<String, PathBuf>,
    detectors: BTreeMap<String, PathBuf>,
    landmarks: BTreeMap<String, PathBuf>,
    /// Where the files of each data set lie; its scan is in the folder of its number.
    sets: Vec<(String, Option<PathBuf>)>,
}

/// A plan that was submitted, in a store.
#[derive(Debug)]
pub struct Snapshot {
    /// Its name.
    pub id: String,
    /// Its folder.
    folder: PathBuf,
    card: Card,
}

impl Snapshot {
    /// The plan of a session, not written yet.
    ///
    /// # Errors
    /// Files that are not whole without others.
    pub fn of(session: &Session<'_>, entry: &Path, until: Until) -> Result<Self, Failure> {
        let world = session.world();
        let folder = std::env::current_dir().map_err(|e| Failure::read(Path::new("."), &e))?;
        let texts = session.loaded().sources.texts();
        let root = |scan: &Scan| scan.files.as_ref().map(|files| files.root().to_owned());
        let card = Card {
            format: FORMAT,
            proofmark: env!("CARGO_PKG_VERSION").to_owned(),
            entry: entry.to_owned(),
            folder,
            sources: texts.map(|(path, text)| (path.to_owned(), text.to_owned())).collect(),
            until,
            embeddings: session.plan().wanted.clone(),
            facts: world.facts.clone(),
            weights: world.weights.clone(),
            detectors: world.detectors.clone(),
            landmarks: world.landmarks.clone(),
            sets: world.scans.iter().map(|(name, scan)| (name.clone(), root(scan))).collect(),
        };
        let keys = |plan: &Plan| -> Vec<String> {
            plan.stages.iter().map(|stage| stage.key.clone()).collect()
        };
        let loaded = card.load()?;
        if keys(&card.plan(&loaded)) != keys(session.plan()) {
            return Err(Failure::data(format!(
                "{} cannot be submitted: read on its own it is not the same; it imports a file \
                 through a link, or in two ways",
                entry.display()
            )));
        }
        let id = blake3::hash(&card.text()?).to_hex()[..NAME].to_owned();
        let folder = session.store().root().join(RUNS).join(&id);
        let folder = std::path::absolute(&folder).map_err(|e| Failure::read(&folder, &e))?;
        Ok(Self { id, folder, card })
    }

    /// Writes it into the store of its session, unless it is there already.
    ///
    /// # Errors
    /// A store that cannot be written to.
    pub fn save(&self, session: &Session<'_>) -> Result<(), Failure> {
        let (world, place) = (session.world(), &self.folder);
        if place.join(CARD).is_file() {
            return Ok(());
        }
        let runs = place.parent().unwrap_or(place).to_owned();
        fs::create_dir_all(&runs).map_err(|e| Failure::write(&runs, &e))?;
        let draft = tempfile::Builder::new().prefix(DRAFT).tempdir_in(&runs);
        let draft = draft.map_err(|e| Failure::write(&runs, &e))?;
        for (number, scan) in world.scans.values().enumerate() {
            let folder = draft.path().join(SETS).join(number.to_string());
            fs::create_dir_all(&folder).map_err(|e| Failure::write(&folder, &e))?;
            scan.save(&folder)?;
        }
        let logs = draft.path().join(LOGS);
        fs::create_dir_all(&logs).map_err(|e| Failure::write(&logs, &e))?;
        write_whole(&draft.path().join(CARD), &self.card.text()?)?;
        // Readers are of the same group, where there is one; the folder of a draft is private.
        readable(draft.path())?;
        // Another process may have written the same meanwhile.
        match fs::rename(draft.path(), place) {
            Err(_) if place.join(CARD).is_file() => Ok(()),
            Err(error) => Err(Failure::write(place, &error)),
            Ok(()) => Ok(()),
        }
    }

    /// Reads one of a store.
    ///
    /// # Errors
    /// One that is not there, is damaged, or was written by another version.
    pub fn read(store: &Path, id: &str) -> Result<Self, Failure> {
        let folder = store.join(RUNS).join(id);
        let path = folder.join(CARD);
        let text = fs::read(&path).map_err(|e| Failure::read(&path, &e))?;
        let damaged = |why: String| Failure::data(format!("{}: {why}", path.display()));
        let card: Card = serde_json::from_slice(&text).map_err(|e| damaged(e.to_string()))?;
        let version = env!("CARGO_PKG_VERSION");
        if card.format != FORMAT || card.proofmark != version {
            let other = &card.proofmark;
            return Err(damaged(format!(
                "it was submitted by proofmark {other}, and this one is {version}; submit it again"
            )));
        }
        Ok(Self { id: id.to_owned(), folder, card })
    }

    /// Folder of what its jobs print.
    pub fn logs(&self) -> PathBuf {
        self.folder.join(LOGS)
    }

    /// The folder in which it was submitted.
    pub fn submitted_in(&self) -> &Path {
        &self.card.folder
    }

    /// Its files, as they were when it was submitted.
    ///
    /// # Errors
    /// Errors in them, which there were none of.
    pub fn load(&self) -> Result<Loaded, Failure> {
        self.card.load()
    }

    /// Up to where it is carried out.
    pub fn until(&self) -> Until {
        self.card.until
    }

    /// Its stages.
    ///
    /// # Errors
    /// As [`Snapshot::load`].
    pub fn plan(&self) -> Result<Plan, Failure> {
        Ok(self.card.plan(&self.load()?))
    }

    /// Data and weights as they were found, without scans.
    fn world(&self) -> World {
        World {
            weights: self.card.weights.clone(),
            detectors: self.card.detectors.clone(),
            landmarks: self.card.landmarks.clone(),
            facts: self.card.facts.clone(),
            ..World::default()
        }
    }

    /// A session of its files, with the data sets that some stages of the plan read: all of them
    /// where no stage is given.
    ///
    /// # Errors
    /// A scan that cannot be read.
    pub fn session<'a>(
        &self,
        loaded: &'a Loaded,
        store: Store,
        stages: Option<&[(StageKind, &str)]>,
    ) -> Result<Session<'a>, Failure> {
        let mut world = self.world();
        let plan = self.card.plan(loaded);
        let wanted = stages.map(|stages| sets_of(&plan, stages));
        for (number, (name, _)) in self.card.sets.iter().enumerate() {
            if wanted.as_ref().is_none_or(|wanted| wanted.contains(name.as_str())) {
                let folder = self.folder.join(SETS).join(number.to_string());
                world.scans.insert(name.clone(), Scan::restore(&folder)?);
            }
        }
        Ok(Session::restored(loaded, store, world, plan))
    }
}

impl Card {
    fn text(&self) -> Result<Vec<u8>, Failure> {
        serde_json::to_vec(self).map_err(|e| Failure::Internal(e.to_string()))
    }

    /// The stages of its files.
    fn plan(&self, loaded: &Loaded) -> Plan {
        with_embeddings(&loaded.project, &self.facts, self.embeddings.as_ref())
    }

    fn load(&self) -> Result<Loaded, Failure> {
        let files = self.sources.iter();
        let files = files
            .fold(MemoryFiles::default(), |files, (path, text)| files.with(path, text.as_bytes()));
        let loaded = load(&self.entry, &files);
        if loaded.has_errors() {
            return Err(Failure::data(format!(
                "{} cannot be submitted: it imports a file by an absolute path or through a link; \
                 write paths relative to the file that imports",
                self.entry.display()
            )));
        }
        Ok(loaded)
    }
}

/// Names of the data sets whose faces some stages read, or make.
fn sets_of<'p>(plan: &'p Plan, stages: &[(StageKind, &str)]) -> BTreeSet<&'p str> {
    let mut needed: BTreeSet<usize> = BTreeSet::new();
    let mut faces = BTreeSet::new();
    for (place, stage) in plan.stages.iter().enumerate().rev() {
        let kind = stage.nature().kind;
        if needed.contains(&place) || stages.contains(&(kind, stage.key.as_str())) {
            needed.extend(&stage.needs);
            faces.extend((kind == StageKind::Faces).then_some(stage.key.as_str()));
        }
    }
    let sets = plan.sets.faces.iter().filter(|(_, key)| faces.contains(key.as_str()));
    sets.map(|(name, _)| name.as_str()).collect()
}

/// Lets others look into a folder, as far as the process's mask lets them.
fn readable(folder: &Path) -> Result<(), Failure> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let permissions = fs::Permissions::from_mode(0o755);
        fs::set_permissions(folder, permissions).map_err(|e| Failure::write(folder, &e))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::session::Purpose;
    use proofmark_base::work::Silent;

    const FILE: &str = include_str!("../../../tests/cli/tiny.kdl");

    #[test]
    fn a_plan_with_embeddings_is_read_as_it_was_written() {
        let dir = tempfile::tempdir().unwrap();
        let path = Path::new("x.kdl");
        let loaded = load(path, &MemoryFiles::default().with(path, FILE));
        let mut session = Session::open(&loaded, dir.path(), Purpose::Results, &Silent).unwrap();
        let without = Snapshot::of(&session, path, Until::Evaluate).unwrap();
        let experiment = Some("ba".to_owned());
        session.add_embeddings(WantedEmbeddings { experiment, ..WantedEmbeddings::default() });
        let with = Snapshot::of(&session, path, Until::Embed).unwrap();
        assert_ne!(with.id, without.id);
        with.save(&session).unwrap();

        let read = Snapshot::read(dir.path(), &with.id).unwrap();
        let keys = |plan: &Plan| -> Vec<String> {
            plan.stages.iter().map(|stage| stage.key.clone()).collect()
        };
        let plan = read.plan().unwrap();
        assert_eq!(plan.embeddings.len(), 2);
        assert_eq!(plan.embeddings, session.plan().embeddings);
        assert_eq!(keys(&plan), keys(session.plan()));
        let asked = plan.stages.iter().zip(plan.asked(read.until())).filter(|(_, asked)| *asked);
        let asked: Vec<&str> = asked.map(|(stage, _)| stage.word()).collect();
        assert_eq!(asked, ["faces", "faces", "sample", "train", "embed", "embed"]);
        // So has the session of a job.
        let (again, key) = (read.load().unwrap(), &plan.embeddings[0].2);
        let stages = [(StageKind::Embed, key.as_str())];
        let store = Store::open(dir.path()).unwrap();
        let job = read.session(&again, store, Some(&stages)).unwrap();
        assert_eq!(keys(job.plan()), keys(session.plan()));
        assert_eq!(job.world().scans.keys().collect::<Vec<_>>(), ["seen"]);
    }
}
