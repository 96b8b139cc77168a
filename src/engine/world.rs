//! What a plan has to know of the world: where data and weights lie, and their digests.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use rayon::prelude::*;

use proofmark_base::store::Store;
use proofmark_base::work::{Events, Failure};
use proofmark_data::copies::{self, Content};
use proofmark_data::files::Files;
use proofmark_data::{DataError, Frame, MediaKind, Scan, Video, demo, scan};
use proofmark_lang::model::{
    DataPath, Dataset, Experiment, Layout, Placed, Project, Split, Weights,
};
use proofmark_lang::span::Origin;
use proofmark_model::hub::HubFile;
use proofmark_plan::facts::{DatasetDigests, Digest, Facts};
use proofmark_plan::scope::{datasets, experiments, marked};
use proofmark_text::show::shown;

/// The data sets and weights of a project as they are now.
#[derive(Debug, Default)]
pub struct World {
    /// Each data set as it lies on disk.
    pub scans: BTreeMap<String, Scan>,
    /// Local file of the first weights of each experiment that begins at one, by its name.
    pub weights: BTreeMap<String, PathBuf>,
    /// Local file of each declared face detector, by name of the data set.
    pub detectors: BTreeMap<String, PathBuf>,
    /// Local file of declared landmarks, by name of the data set.
    pub landmarks: BTreeMap<String, PathBuf>,
    /// Digests of all of it.
    pub facts: Facts,
    /// What each video of a data set is known by, by name of the data set.
    pub contents: BTreeMap<String, Vec<Known>>,
    /// What was noticed across data sets.
    pub notes: Vec<String>,
    /// What was looked for and is not there.
    pub missing: Vec<Missing>,
}

/// A video, by which copies of it in other data sets are found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// Its key.
    pub key: String,
    /// Its split.
    pub split: Option<Split>,
    /// The digest of its file, or of its first image.
    pub digest: String,
}

/// Something that was looked for and is not there.
#[derive(Debug)]
pub struct Missing {
    /// What it is.
    pub what: Sought,
    /// The data set, init or row that it is of.
    pub of: String,
    /// What was looked for, where it is declared, and what to do.
    pub why: Failure,
}

/// What a plan looks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sought {
    /// A data set.
    DataSet,
    /// Weights of a model or a face detector.
    Weights,
    /// Landmarks of one's own.
    Landmarks,
    /// The scores of another tool.
    Scores,
}

impl Sought {
    /// So many of it, in words.
    pub fn counted(self, n: usize) -> String {
        let s = if n == 1 { "" } else { "s" };
        match self {
            Self::DataSet => format!("{n} data set{s}"),
            Self::Weights => format!("{n} file{s} of weights"),
            Self::Landmarks => format!("{n} file{s} of landmarks"),
            Self::Scores => format!("{n} file{s} of scores"),
        }
    }
}

impl World {
    /// A data set that was looked at.
    ///
    /// # Errors
    /// One that is not there.
    pub fn scan(&self, dataset: &str) -> Result<&Scan, Failure> {
        let scan = self.scans.get(dataset);
        scan.ok_or_else(|| Failure::data(format!("data set `{dataset}` is not there")))
    }

    /// The file of an experiment's weights.
    ///
    /// # Errors
    /// One that is still to be downloaded.
    pub fn weights_of(&self, experiment: &Experiment) -> Result<&Path, Failure> {
        let name = &experiment.name;
        let file = self.weights.get(name).map(PathBuf::as_path);
        file.ok_or_else(|| Failure::data(format!("the weights of `{name}` are not there")))
    }

    /// What was found of the data sets, and noticed in and across them, each on one line whatever
    /// files are called.
    pub fn all_notes(&self) -> impl Iterator<Item = String> {
        let of_sets = self.scans.values().flat_map(|scan| {
            let report = &scan.report;
            let notes = report.summary().into_iter().chain(report.notes());
            notes.map(|note| format!("data set {}: {note}", report.dataset)).collect::<Vec<_>>()
        });
        of_sets.chain(self.notes.iter().cloned()).map(|note| shown(&note).into_owned())
    }

    fn miss(&mut self, what: Sought, of: &str, why: Failure) {
        self.missing.push(Missing { what, of: of.to_owned(), why });
    }

    /// All that is not there as one failure.
    pub fn lacks(&self) -> Failure {
        let texts: Vec<String> =
            self.missing.iter().map(|missing| missing.why.to_string()).collect();
        let marks = self.missing.iter().flat_map(|missing| missing.why.marks());
        let failure = Failure::data(texts.join("\n"));
        marks.fold(failure, |failure, mark| failure.at(mark.origin, mark.text.clone()))
    }

    /// Why a data set is not there, if it was looked for and is not.
    pub fn lacking(&self, dataset: &str) -> Option<&Failure> {
        self.missing.iter().find(|missing| missing.is_data_set(dataset)).map(|missing| &missing.why)
    }

    /// The same, taken out.
    pub fn take_lacking(&mut self, dataset: &str) -> Option<Failure> {
        let place = self.missing.iter().position(|missing| missing.is_data_set(dataset))?;
        Some(self.missing.swap_remove(place).why)
    }
}

impl Missing {
    fn is_data_set(&self, name: &str) -> bool {
        self.what == Sought::DataSet && self.of == name
    }
}

/// What is said at the declaration of a file that is not there.
const HERE: &str = "declared here";

/// What is wrong with a data set, at what it is about: else at how it is divided, or the path of its
/// files.
fn declared(error: DataError, dataset: &Placed<Dataset>) -> Failure {
    let (at, text) = match (&error, dataset.layout.files_at()) {
        (DataError::NoSplits { .. } | DataError::TooFewGroups { .. }, _) => {
            (dataset.split.origin(), "divided here")
        }
        (_, Some(at)) => (at, "read as declared here"),
        (_, None) => (Origin::DEFAULT, HERE),
    };
    Failure::from(error).or_at(at, text).or_at(dataset.at.name, HERE)
}

/// Environment variables of this process.
pub fn environment(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}

/// Looks at all data sets that the project's plan needs.
///
/// # Errors
/// As [`look_at`].
pub fn look(project: &Project, store: &Store, events: &dyn Events) -> Result<World, Failure> {
    let mut world = look_at(&datasets(project), store, events)?;
    for row in project.tables.iter().flat_map(|table| &table.rows) {
        let Some(declared) = &row.predictions else { continue };
        let path = declared.file.base.join(&declared.file.written);
        match store.digest(&path) {
            Ok(digest) => {
                world.facts.outside.insert(path, digest);
            }
            Err(error) => {
                let name = &row.experiment;
                let why = Failure::data(format!(
                    "the scores of row `{name}` were not found\n  looked for: {} ({error})\n  to say \
                     otherwise: write another path in `row .. predictions=..`",
                    path.display()
                ));
                world.miss(Sought::Scores, name, why.at(declared.at.file, HERE));
            }
        }
    }
    store.save_digests()?;
    Ok(world)
}

/// Looks at data sets. Those that are not there are all listed in [`World::missing`].
///
/// # Errors
/// Only what makes the rest meaningless: a store that cannot be written.
pub fn look_at(
    datasets: &[&Placed<Dataset>],
    store: &Store,
    events: &dyn Events,
) -> Result<World, Failure> {
    let mut world = World::default();
    world.facts.demo_version = demo::GENERATOR_VERSION;
    for dataset in datasets {
        let name = dataset.name.clone();
        match read(dataset, store, events) {
            Ok((scan, digests, contents)) => {
                let manifest = &scan.manifest;
                let (videos, frames) = (manifest.video_rows().len(), manifest.frame_rows().len());
                let files = scan.files.as_ref().map_or(Path::new("drawn"), Files::root);
                tracing::info!(dataset = %name, files = %files.display(), videos, frames, "is there");
                world.facts.datasets.insert(name.clone(), digests);
                world.contents.insert(name.clone(), contents);
                world.scans.insert(name, scan);
            }
            Err(error) => world.miss(Sought::DataSet, &name, declared(error, dataset)),
        }
    }
    store.save_digests()?;
    Ok(world)
}

impl World {
    /// Looks for the weights that the plan needs. With `download` they are fetched from a hub until
    /// it is set; without it they are only looked for in its cache.
    ///
    /// # Errors
    /// A location that is not understood, or a download that failed.
    pub fn find_weights(
        &mut self,
        project: &Project,
        store: &Store,
        download: Option<&AtomicBool>,
        events: &dyn Events,
    ) -> Result<(), Failure> {
        // Several experiments may share a file, and an `override` may give one of them another file
        // than its `init` has for others.
        let mut files: BTreeMap<(&Path, &str), Wanted<'_>> = BTreeMap::new();
        let mut order = Vec::new();
        for experiment in experiments(project) {
            let Weights::File(weights) = &experiment.init.weights else { continue };
            let path = &weights.path;
            let place = (path.base.as_path(), path.written.as_str());
            let wanted = files.entry(place).or_insert_with(|| {
                order.push(place);
                Wanted {
                    path,
                    at: weights.at.path,
                    inits: Vec::new(),
                    known: BTreeSet::new(),
                    experiments: Vec::new(),
                }
            });
            let init = experiment.init.name.as_str();
            if wanted.known.insert(init) {
                wanted.inits.push(init);
            }
            wanted.experiments.push(&experiment.name);
        }
        for Wanted { path, at, inits, experiments, .. } in order.iter().map(|place| &files[place]) {
            let named: Vec<String> = inits.iter().map(|name| format!("`{name}`")).collect();
            let whose = format!("weights of init {}", named.join(", "));
            let first = inits.first().copied().unwrap_or_default();
            let node = format!("init {first} {{ weights .. }}");
            match find((path, *at), &whose, &node, store, download, events)? {
                Looked::Found { digest, file } => {
                    for name in experiments {
                        self.facts.weights.insert((*name).to_owned(), digest.clone());
                        self.weights.extend(file.clone().map(|file| ((*name).to_owned(), file)));
                    }
                }
                Looked::Lacking(why) => self.miss(Sought::Weights, first, why),
            }
        }
        for dataset in datasets(project) {
            if let Some(why) = self.find_detector(dataset, store, download, events)? {
                self.miss(Sought::Weights, &dataset.name, why);
            }
        }
        for dataset in marked(project) {
            let (name, Some(path)) = (&dataset.name, &dataset.landmarks) else { continue };
            let node = format!("dataset {name} {{ landmarks .. }}");
            let whose = format!("landmarks of `{name}`");
            match find((path, dataset.at.landmarks), &whose, &node, store, download, events)? {
                Looked::Found { digest, file } => {
                    self.facts.landmarks.insert(name.clone(), digest);
                    self.landmarks.extend(file.map(|file| (name.clone(), file)));
                }
                Looked::Lacking(why) => self.miss(Sought::Landmarks, name, why),
            }
        }
        Ok(store.save_digests()?)
    }

    /// Looks for the weights of a data set's face detector, if it declares any. Returns why they
    /// are not there, if they are not.
    ///
    /// # Errors
    /// As [`World::find_weights`].
    pub fn find_detector(
        &mut self,
        dataset: &Placed<Dataset>,
        store: &Store,
        download: Option<&AtomicBool>,
        events: &dyn Events,
    ) -> Result<Option<Failure>, Failure> {
        let (name, Some(path)) = (&dataset.name, &dataset.faces.weights) else {
            return Ok(None);
        };
        let whose = format!("weights of the face detector of `{name}`");
        let node = format!("dataset {name} {{ faces weights=.. }}");
        match find((path, dataset.faces.at.weights), &whose, &node, store, download, events)? {
            Looked::Found { digest, file } => {
                self.facts.detectors.insert(name.clone(), digest);
                self.detectors.extend(file.map(|file| (name.clone(), file)));
                Ok(None)
            }
            Looked::Lacking(why) => Ok(Some(why)),
        }
    }
}

/// A file of weights with those that declare it.
struct Wanted<'a> {
    path: &'a DataPath,
    at: Origin,
    /// In the order of the experiments, and the same to look one up.
    inits: Vec<&'a str>,
    known: BTreeSet<&'a str>,
    experiments: Vec<&'a str>,
}

/// What came of looking for weights, or for landmarks.
enum Looked {
    /// They are here, or still to be downloaded and then in no file.
    Found { digest: Digest, file: Option<PathBuf> },
    /// They are not there.
    Lacking(Failure),
}

/// Looks for declared weights, or landmarks. `whose` they are and the `node` that declares them are
/// for the message.
fn find(
    (path, at): (&DataPath, Origin),
    whose: &str,
    node: &str,
    store: &Store,
    download: Option<&AtomicBool>,
    events: &dyn Events,
) -> Result<Looked, Failure> {
    let written = &path.written;
    let place = locate(path, download, events);
    let looked_for = match place.map_err(|failure| failure.at(at, HERE))? {
        Place::ToCome => {
            let digest = Digest::ToCome { from: written.clone() };
            return Ok(Looked::Found { digest, file: None });
        }
        Place::Here(file) => match store.digest(&file) {
            Ok(digest) => {
                tracing::info!(%written, file = %file.display(), %digest, "is there");
                return Ok(Looked::Found { digest: Digest::Known(digest), file: Some(file) });
            }
            Err(error) => format!("{} ({error})", file.display()),
        },
        Place::Unset(name) => format!("the environment variable {name} (not set)"),
    };
    let why = Failure::data(format!(
        "{whose} were not found\n  looked for: {looked_for}\n  to say otherwise: write another path \
         in `{node}`"
    ));
    Ok(Looked::Lacking(why.at(at, HERE)))
}

/// Where declared weights are.
enum Place {
    /// In this file, if it is there.
    Here(PathBuf),
    /// Still to be downloaded.
    ToCome,
    /// Below a variable of the environment that is not set.
    Unset(String),
}

fn locate(
    path: &DataPath,
    download: Option<&AtomicBool>,
    events: &dyn Events,
) -> Result<Place, Failure> {
    match HubFile::parse(&path.written) {
        None => match path.written.strip_prefix("env:") {
            None => Ok(Place::Here(path.base.join(&path.written))),
            Some(rest) => {
                let (name, below) = rest.split_once('/').unwrap_or((rest, ""));
                let root = environment(name).filter(|value| !value.is_empty());
                let Some(root) = root else { return Ok(Place::Unset(name.to_owned())) };
                let root = PathBuf::from(root);
                Ok(Place::Here(if below.is_empty() { root } else { root.join(below) }))
            }
        },
        Some(file) => {
            let file = file?;
            if let Some(cached) = file.cached() {
                return Ok(Place::Here(cached));
            }
            let Some(stop) = download else { return Ok(Place::ToCome) };
            events.note(&format!("downloading {file}"));
            Ok(Place::Here(file.fetch(events, stop)?))
        }
    }
}

/// A data set's manifest with digests of its labels, of its pixels and of each video.
fn read(
    dataset: &Placed<Dataset>,
    store: &Store,
    events: &dyn Events,
) -> Result<(Scan, DatasetDigests, Vec<Known>), DataError> {
    let mut scan = scan(dataset, &environment)?;
    let (videos, frames) = (scan.manifest.video_rows(), scan.manifest.frame_rows());
    let mut hasher = blake3::Hasher::new();
    // The demo's pixels follow from its declaration.
    let digests = match &scan.files {
        None => HashMap::new(),
        Some(files) => digests(files, &frames, &videos, store, events),
    };
    let mut contents = Vec::new();
    if let Some(files) = &scan.files {
        let found = found(files, &frames, &videos, &digests);
        contents = known(&found);
        scan.report.findings.extend(copies::find(found.into_iter().map(|(_, content)| content)));
    }
    let digest = |path: &str| {
        let file = scan.files.as_ref().map(|files| files.file(path));
        match file.and_then(|file| digests.get(&file)) {
            None => "",
            Some(Ok(digest)) => digest.as_str(),
            Some(Err(unread)) => unread.word(),
        }
    };
    for frame in &frames {
        for part in [frame.video_key.as_str(), digest(&frame.path)] {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part.as_bytes());
        }
        hasher.update(&frame.frame.to_le_bytes());
    }
    // Videos without a frame are part of the preparation's result, too.
    for video in videos {
        hasher.update(video.key.as_bytes());
        if video.kind == MediaKind::Video {
            hasher.update(digest(&video.key).as_bytes());
        }
        hasher.update(b"\0");
    }
    let manifest = match &dataset.layout {
        Layout::Released(_) => scan.manifest.digest_without_attributes(),
        Layout::Demo(_) | Layout::Folder(_) | Layout::Table(_) | Layout::Deepfakebench(_) => {
            scan.manifest.digest()
        }
    };
    let digests = DatasetDigests {
        pixels: hasher.finalize().to_hex()[..32].to_owned(),
        jpeg: scan.files.is_some() && frames.iter().any(|frame| is_jpeg(&frame.path)),
        manifest: manifest.to_hex()[..32].to_owned(),
    };
    Ok((scan, digests, contents))
}

/// The files of each video of a data set, in their order. An archive is not looked into, and a
/// file that is empty or cannot be read is none.
fn found<'a>(
    files: &Files,
    frames: &'a [Frame],
    videos: &'a [Video],
    digests: &'a HashMap<PathBuf, Result<String, Unread>>,
) -> Vec<(&'a Video, Content<'a>)> {
    let of: HashMap<&str, &Video> = videos.iter().map(|v| (v.key.as_str(), v)).collect();
    let images = frames.iter().filter(|frame| files.place(&frame.path).part.is_none());
    let images = images.filter_map(|f| Some((f.path.as_str(), *of.get(f.video_key.as_str())?)));
    let whole = videos.iter().filter(|v| v.kind == MediaKind::Video).map(|v| (v.key.as_str(), v));
    let content = |(path, video): (&'a str, &'a Video)| {
        let digest = digests.get(&files.file(path))?.as_ref().ok()?;
        let content = Content { digest, path, label: video.label, split: video.split };
        (!is_nothing(digest)).then_some((video, content))
    };
    images.chain(whole).filter_map(content).collect()
}

/// Each video by its first file.
fn known(found: &[(&Video, Content<'_>)]) -> Vec<Known> {
    let mut known: Vec<Known> = Vec::new();
    for (video, content) in found {
        if known.last().is_none_or(|last| last.key != video.key) {
            let (key, digest) = (video.key.clone(), content.digest.to_owned());
            known.push(Known { key, split: video.split, digest });
        }
    }
    known
}

/// Whether a digest is that of no bytes.
fn is_nothing(digest: &str) -> bool {
    let of = |bytes: &[u8]| blake3::hash(bytes).to_hex()[..32].to_owned();
    digest == of(b"") || digest == of(&0u64.to_le_bytes())
}

/// Why a file has no digest: it is in the key in place of one, so that a file that can be read
/// again is prepared again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unread {
    NotFound,
    Denied,
    Otherwise,
}

impl Unread {
    fn of(error: &std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::NotFound => Self::NotFound,
            std::io::ErrorKind::PermissionDenied => Self::Denied,
            _ => Self::Otherwise,
        }
    }

    /// What stands in the key: no words of the system's, which another version may change.
    fn word(self) -> &'static str {
        match self {
            Self::NotFound => "entity not found",
            Self::Denied => "permission denied",
            Self::Otherwise => "unreadable",
        }
    }
}

/// Whether a path is called like a JPEG file.
fn is_jpeg(path: &str) -> bool {
    let extension = Path::new(path).extension();
    extension.is_some_and(|e| ["jpg", "jpeg"].iter().any(|jpeg| e.eq_ignore_ascii_case(jpeg)))
}

/// The digest of each file that frames lie in, and the fingerprint of each video. An archive is
/// one file.
fn digests(
    files: &Files,
    frames: &[Frame],
    videos: &[Video],
    store: &Store,
    events: &dyn Events,
) -> HashMap<PathBuf, Result<String, Unread>> {
    let of_videos = videos.iter().filter(|v| v.kind == MediaKind::Video);
    let of_videos = of_videos.map(|v| (files.file(&v.key), true));
    let of_frames = frames.iter().map(|f| (files.file(&f.path), false));
    let distinct: BTreeMap<PathBuf, bool> = of_frames.chain(of_videos).collect();
    events.begin("files", distinct.len() as u64);
    let digest = |(file, video): (PathBuf, bool)| {
        let digest = if video { store.fingerprint(&file) } else { store.digest(&file) };
        events.advance(1);
        // A file that cannot be read gets its status when it is prepared.
        (file, digest.map_err(|error| Unread::of(&error)))
    };
    distinct.into_par_iter().map(digest).collect()
}

#[cfg(test)]
#[path = "world_tests.rs"]
mod tests;
