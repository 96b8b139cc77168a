//! What a plan has to know of the world: where data and weights lie, and their digests.

use std::collections::{BTreeMap, HashMap};
use std::ffi::OsString;
use std::path::PathBuf;

use rayon::prelude::*;

use crate::data::files::Files;
use crate::data::{DataError, Frame, Kind, Scan, Video, demo, scan};
use crate::lang::model::{DataPath, Dataset, Project, Weights};
use crate::model::hub::HubFile;
use crate::plan::graph::{DatasetDigests, Facts, datasets, experiments, marked};
use crate::store::Store;
use crate::work::{Events, Failure};

/// The data sets and weights of a project as they are now.
#[derive(Debug, Default)]
pub struct World {
    /// Each data set as it lies on disk.
    pub scans: BTreeMap<String, Scan>,
    /// Local file of each `init` that has one, by name of the init.
    pub weights: BTreeMap<String, PathBuf>,
    /// Local file of each declared face detector, by name of the data set.
    pub detectors: BTreeMap<String, PathBuf>,
    /// Local file of declared landmarks, by name of the data set.
    pub landmarks: BTreeMap<String, PathBuf>,
    /// Digests of all of it.
    pub facts: Facts,
    /// What was noticed across data sets.
    pub notes: Vec<String>,
    /// What was looked for and is not there, one message each.
    pub missing: Vec<String>,
    /// The data sets among it, by name.
    pub lacking: BTreeMap<String, DataError>,
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
        let path = declared.file.value.base.join(&declared.file.value.written);
        match store.digest(&path) {
            Ok(digest) => {
                world.facts.outside.insert(path, digest);
            }
            Err(error) => world.missing.push(format!(
                "the scores of row `{}` were not found\n  looked for: {} ({error})\n  to say \
                 otherwise: write another path in `row .. predictions=..`",
                row.experiment.value,
                path.display()
            )),
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
    datasets: &[&Dataset],
    store: &Store,
    events: &dyn Events,
) -> Result<World, Failure> {
    let mut world = World::default();
    world.facts.demo_version = demo::GENERATOR_VERSION;
    for dataset in datasets {
        let name = dataset.name.value.clone();
        match read(dataset, store, events) {
            Ok((scan, digests)) => {
                world.facts.datasets.insert(name.clone(), digests);
                world.scans.insert(name, scan);
            }
            Err(error) => {
                world.missing.push(error.to_string());
                world.lacking.insert(name, error);
            }
        }
    }
    store.save_digests()?;
    Ok(world)
}

impl World {
    /// Looks for the weights that the plan needs. `download` fetches them from a hub;
    /// without it they are only looked for in its cache.
    ///
    /// # Errors
    /// A location that is not understood, or a download that failed.
    pub fn find_weights(
        &mut self,
        project: &Project,
        store: &Store,
        download: bool,
        events: &dyn Events,
    ) -> Result<(), Failure> {
        for experiment in experiments(project) {
            let init = &experiment.init;
            let (name, Weights::File { path, .. }) = (&init.name.value, &init.weights) else {
                continue;
            };
            if self.facts.weights.contains_key(name) {
                continue;
            }
            let node = format!("init {name} {{ weights .. }}");
            match find(
                &path.value,
                &format!("weights of init `{name}`"),
                &node,
                store,
                download,
                events,
            )? {
                Ok((digest, file)) => {
                    self.facts.weights.insert(name.clone(), digest);
                    self.weights.extend(file.map(|file| (name.clone(), file)));
                }
                Err(lacking) => self.missing.push(lacking),
            }
        }
        for dataset in datasets(project) {
            let lacking = self.find_detector(dataset, store, download, events)?;
            self.missing.extend(lacking);
        }
        for dataset in marked(project) {
            let (name, Some(path)) = (&dataset.name.value, &dataset.landmarks) else { continue };
            let node = format!("dataset {name} {{ landmarks .. }}");
            let whose = format!("landmarks of `{name}`");
            match find(&path.value, &whose, &node, store, download, events)? {
                Ok((digest, file)) => {
                    self.facts.landmarks.insert(name.clone(), digest);
                    self.landmarks.extend(file.map(|file| (name.clone(), file)));
                }
                Err(lacking) => self.missing.push(lacking),
            }
        }
        Ok(store.save_digests()?)
    }

    /// Looks for the weights of a data set's face detector, if it declares any. Returns what to
    /// say if they are not there.
    ///
    /// # Errors
    /// As [`World::find_weights`].
    pub fn find_detector(
        &mut self,
        dataset: &Dataset,
        store: &Store,
        download: bool,
        events: &dyn Events,
    ) -> Result<Option<String>, Failure> {
        let (name, Some(path)) = (&dataset.name.value, &dataset.faces.weights) else {
            return Ok(None);
        };
        let whose = format!("weights of the face detector of `{name}`");
        let node = format!("dataset {name} {{ faces weights=.. }}");
        match find(&path.value, &whose, &node, store, download, events)? {
            Ok((digest, file)) => {
                self.facts.detectors.insert(name.clone(), digest);
                self.detectors.extend(file.map(|file| (name.clone(), file)));
                Ok(None)
            }
            Err(lacking) => Ok(Some(lacking)),
        }
    }
}

/// The digest and the local file of declared weights, or of landmarks. Those still to be downloaded have a word
/// for a digest and no file; those that are not there, a message.
fn find(
    path: &DataPath,
    whose: &str,
    node: &str,
    store: &Store,
    download: bool,
    events: &dyn Events,
) -> Result<Result<(String, Option<PathBuf>), String>, Failure> {
    let file = match locate(path, download, events)? {
        Ok(file) => file,
        Err(later) => return Ok(Ok((later, None))),
    };
    Ok(match store.digest(&file) {
        Ok(digest) => Ok((digest, Some(file))),
        Err(error) => Err(format!(
            "{whose} were not found\n  looked for: {} ({error})\n  to say otherwise: \
             write another path in `{node}`",
            file.display()
        )),
    })
}

/// The local file of declared weights, or a word for weights still to be downloaded.
fn locate(
    path: &DataPath,
    download: bool,
    events: &dyn Events,
) -> Result<Result<PathBuf, String>, Failure> {
    match HubFile::parse(&path.written) {
        None => match path.written.strip_prefix("env:") {
            None => Ok(Ok(path.base.join(&path.written))),
            Some(rest) => {
                let (name, below) = rest.split_once('/').unwrap_or((rest, ""));
                let root =
                    environment(name).filter(|value| !value.is_empty()).ok_or_else(|| {
                        Failure::Data(format!("`{}`: the variable {name} is not set", path.written))
                    })?;
                let root = PathBuf::from(root);
                Ok(Ok(if below.is_empty() { root } else { root.join(below) }))
            }
        },
        Some(file) => {
            let file = file?;
            if let Some(cached) = file.cached() {
                return Ok(Ok(cached));
            }
            if !download {
                return Ok(Err(format!("to be downloaded: {}", path.written)));
            }
            events.note(&format!("downloading {}", path.written));
            Ok(Ok(file.fetch()?))
        }
    }
}

/// A data set's manifest with digests of its labels and of its pixels.
fn read(
    dataset: &Dataset,
    store: &Store,
    events: &dyn Events,
) -> Result<(Scan, DatasetDigests), DataError> {
    let scan = scan(dataset, &environment)?;
    let videos = scan.manifest.video_rows();
    let mut hasher = blake3::Hasher::new();
    // The demo's pixels follow from its declaration.
    let digests = match &scan.files {
        None => HashMap::new(),
        Some(files) => digests(files, &scan.manifest.frame_rows(), &videos, store, events),
    };
    let digest = |path: &str| {
        let file = scan.files.as_ref().map(|files| files.file(path));
        file.and_then(|file| digests.get(&file)).map_or("", String::as_str)
    };
    for frame in scan.manifest.frame_rows() {
        for part in [frame.video_key.as_str(), digest(&frame.path)] {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part.as_bytes());
        }
        hasher.update(&frame.frame.to_le_bytes());
    }
    // Videos without a frame are part of the preparation's result, too.
    for video in videos {
        hasher.update(video.key.as_bytes());
        if video.kind == Kind::Video {
            hasher.update(digest(&video.key).as_bytes());
        }
        hasher.update(b"\0");
    }
    let digests = DatasetDigests {
        pixels: hasher.finalize().to_hex()[..32].to_owned(),
        manifest: scan.manifest.digest().to_hex()[..32].to_owned(),
    };
    Ok((scan, digests))
}

/// The digest of each file that frames lie in, and the fingerprint of each video. An archive is
/// one file.
fn digests(
    files: &Files,
    frames: &[Frame],
    videos: &[Video],
    store: &Store,
    events: &dyn Events,
) -> HashMap<PathBuf, String> {
    let of_videos = videos.iter().filter(|v| v.kind == Kind::Video);
    let of_videos = of_videos.map(|v| (files.file(&v.key), true));
    let of_frames = frames.iter().map(|f| (files.file(&f.path), false));
    let distinct: BTreeMap<PathBuf, bool> = of_frames.chain(of_videos).collect();
    events.begin("files", distinct.len() as u64);
    let digest = |(file, video): (PathBuf, bool)| {
        let digest = if video { store.fingerprint(&file) } else { store.digest(&file) };
        events.advance(1);
        // A file that cannot be read gets its status when it is prepared.
        (file, digest.unwrap_or_else(|e| e.kind().to_string()))
    };
    distinct.into_par_iter().map(digest).collect()
}
