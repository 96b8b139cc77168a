//! What the layouts of released data sets share: finding their parts, making their videos,
//! and telling what is not as it should be.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;

use super::{Finding, Lacking, Listing, tree};
use crate::error::DataError;
use crate::files::Files;
use crate::media;
use crate::methods::Methods;
use crate::root::{Env, Want, locate, say_otherwise};
use crate::video::{Frame, MediaKind, Video};
use proofmark_lang::model::{Dataset, Label, Placed, ReleasedLayout, Split};

/// A released data set that is being read.
pub(super) struct Release<'a> {
    /// Its declaration.
    pub dataset: &'a Dataset,
    /// Its layout.
    pub layout: &'a Placed<ReleasedLayout>,
    /// Environment variables.
    pub env: Env<'a>,
    /// Where its files lie.
    pub files: Files,
    /// What has been found so far.
    pub listing: Listing,
    methods: Methods<'a>,
    places: HashMap<String, usize>,
    /// Whether any part of it was found.
    found: bool,
}

/// A part that a release must have.
pub(super) struct ReleasePart {
    pub spellings: Vec<String>,
    cure: Option<String>,
}

impl ReleasePart {
    /// A part in its spellings.
    pub fn of(list: &[&str]) -> Self {
        Self::spelled(spellings(list))
    }

    /// The same of owned spellings.
    pub fn spelled(spellings: Vec<String>) -> Self {
        Self { spellings, cure: None }
    }

    /// With what to do if it is not there.
    pub fn or(self, cure: impl Into<String>) -> Self {
        Self { cure: Some(cure.into()), ..self }
    }

    /// A folder of a declared manipulation.
    pub fn of_method(spellings: Vec<String>, method: &str) -> Self {
        Self::spelled(spellings).or(format!("remove `manipulation {method}` from the data set"))
    }
}

impl<'a> Release<'a> {
    /// A release whose root is there, nothing of it read.
    ///
    /// # Errors
    /// A root that is not there.
    pub fn open(
        dataset: &'a Dataset,
        layout: &'a Placed<ReleasedLayout>,
        env: Env<'a>,
    ) -> Result<Self, DataError> {
        let root = locate(&dataset.name, (&layout.root, layout.at.root), Want::Folder, env)?;
        let mut listing = Listing::default();
        if !layout.switches.is_empty() {
            let switches = layout.switches.iter().map(|(name, to)| format!("{name}={to}"));
            listing.remarks.push(switches.collect::<Vec<_>>().join(" "));
        }
        let (methods, places) = (Methods::of(dataset), HashMap::new());
        let files = Files::at(root);
        Ok(Self { dataset, layout, env, files, listing, methods, places, found: false })
    }

    /// The position of a switch.
    pub fn switch(&self, name: &str) -> &'a str {
        self.layout.switch(name).unwrap_or("")
    }

    /// What a switch chooses, by its words.
    ///
    /// # Errors
    /// Another word, which only a program can have put there: it is not taken for one of these.
    pub fn choose<T>(&self, name: &'static str, of: fn(&str) -> Option<T>) -> Result<T, DataError> {
        let word = self.switch(name);
        of(word).ok_or_else(|| DataError::Rule {
            what: name,
            must: "a word that this layout knows",
            value: word.to_owned(),
            origin: self.layout.at.switches.get(name).copied().unwrap_or_default(),
        })
    }

    /// Names of the declared manipulations.
    pub fn declared(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.dataset.manipulations.iter().map(|m| m.name.as_str())
    }

    /// Where each part lies that the release must have.
    ///
    /// # Errors
    /// [`DataError::NotFound`] if none of the release is there, [`DataError::Incomplete`] if
    /// some of it is, each with all parts that are not.
    pub fn need(&mut self, parts: &[ReleasePart]) -> Result<Vec<String>, DataError> {
        let places: Vec<Option<String>> =
            parts.iter().map(|part| self.find(&part.spellings)).collect();
        let lacking: Vec<&ReleasePart> = parts
            .iter()
            .zip(&places)
            .filter(|(_, place)| place.is_none())
            .map(|(p, _)| p)
            .collect();
        if lacking.is_empty() {
            return Ok(places.into_iter().flatten().collect());
        }
        let looked_for =
            lacking.iter().map(|part| tree::spelled(&self.files, &part.spellings)).collect();
        if !self.found {
            return Err(self.not_found(parts, looked_for));
        }
        let mut cures: Vec<String> = vec!["put there what is missing".to_owned()];
        cures.extend(lacking.into_iter().filter_map(|part| part.cure.clone()));
        cures.dedup();
        Err(self.incomplete(looked_for, cures))
    }

    /// Where a part lies, if it is there.
    pub fn find(&mut self, spellings: &[String]) -> Option<String> {
        let file = || spellings.iter().find(|part| self.files.file(part).is_file()).cloned();
        let place = tree::find(&self.files, spellings).or_else(file);
        self.found |= place.is_some();
        place
    }

    /// Notes a split that is not on disk.
    pub fn lacks(&mut self, split: Split, spellings: &[String]) {
        let looked_for = tree::spelled(&self.files, spellings);
        self.listing.lacking.push(Lacking { split, looked_for });
    }

    /// The error that some parts are not there.
    pub fn incomplete(&self, looked_for: Vec<String>, cures: Vec<String>) -> DataError {
        DataError::Incomplete {
            dataset: self.dataset.name.clone(),
            looked_for,
            cures,
            origin: self.layout.at.root,
        }
    }

    /// The error that no part is there, and the folder below the root that has one.
    fn not_found(&self, parts: &[ReleasePart], looked_for: Vec<String>) -> DataError {
        let name = &self.dataset.name;
        let root = &self.layout.root;
        let below = std::fs::read_dir(self.files.root()).into_iter().flatten().flatten();
        let mut below: Vec<_> = below.map(|entry| entry.path()).collect();
        below.sort();
        let has = |folder: &PathBuf| {
            parts.iter().flat_map(|part| &part.spellings).any(|part| folder.join(part).exists())
        };
        let say_otherwise = match below.into_iter().find(has) {
            Some(folder) => {
                format!("its parts are in {}; {}", folder.display(), say_otherwise(name, root))
            }
            None => say_otherwise(name, root),
        };
        let origin = self.layout.at.root;
        DataError::NotFound { dataset: name.clone(), looked_for, say_otherwise, origin }
    }

    /// All videos anywhere below a folder, with their sizes.
    ///
    /// # Errors
    /// A folder that cannot be read.
    pub fn videos_below(&mut self, folder: &str) -> Result<BTreeMap<String, u64>, DataError> {
        tree::walk(&mut self.listing, &self.files, folder, media::VIDEOS)
    }

    /// A video without split, groups and original.
    ///
    /// # Errors
    /// A manipulation that is not declared, where any is.
    pub fn video(
        &self,
        key: &str,
        label: Label,
        method: Option<&str>,
        kind: MediaKind,
    ) -> Result<Video, DataError> {
        let method = method.filter(|_| label == Label::Fake);
        let family = match label {
            Label::Real => None,
            Label::Fake => Some(self.methods.family(method).map_err(|undeclared| {
                DataError::UndeclaredManipulation {
                    dataset: self.dataset.name.clone(),
                    name: method.unwrap_or_default().to_owned(),
                    nearest: undeclared.nearest,
                    origin: self.layout.at.name,
                }
            })?),
        };
        Ok(Video {
            dataset: self.dataset.name.clone(),
            key: key.to_owned(),
            label,
            method: method.map(str::to_owned),
            family,
            split: None,
            groups: Vec::new(),
            pair: None,
            kind,
            source_line: None,
            attributes: Default::default(),
        })
    }

    /// The video listed under a key.
    pub fn listed(&mut self, key: &str) -> Option<&mut Video> {
        self.places.get(key).map(|&place| &mut self.listing.videos[place])
    }

    /// Lists a video whose key is new. `size` is that of its file, if it is on disk.
    pub fn add(&mut self, video: Video, size: Option<u64>) {
        match size {
            None => {
                self.listing.note(Finding::Missing, video.key.as_str());
                self.listing.absent.insert(video.key.clone());
            }
            Some(0) => self.listing.note(Finding::Empty, video.key.as_str()),
            Some(_) => {}
        }
        self.places.insert(video.key.clone(), self.listing.videos.len());
        self.listing.videos.push(video);
    }

    /// The folders of a folder, each with the images in it in natural order and their sizes.
    ///
    /// # Errors
    /// A folder that cannot be read.
    pub fn image_folders(&mut self, folder: &str) -> Result<Vec<(String, Images)>, DataError> {
        let mut found = Vec::new();
        for (key, kind) in tree::entries(&mut self.listing, &self.files, folder, media::IMAGES)? {
            match kind {
                tree::EntryKind::Folder => found.push((key.clone(), self.images(&key)?)),
                tree::EntryKind::File(_) => self.listing.note(Finding::LooseImage, key),
            }
        }
        Ok(found)
    }

    /// The images of a folder.
    fn images(&mut self, folder: &str) -> Result<Images, DataError> {
        let mut images = Vec::new();
        for (path, kind) in tree::entries(&mut self.listing, &self.files, folder, media::IMAGES)? {
            match kind {
                tree::EntryKind::File(size) => images.push((path, size)),
                tree::EntryKind::Folder => self.listing.note(Finding::DeeperFolder, path),
            }
        }
        Ok(images)
    }

    /// Lists a video of images; none if its folder is not on disk.
    pub fn add_images(&mut self, video: Video, images: Option<Images>) {
        let key = video.key.clone();
        self.add(video, images.as_ref().map(|_| 1));
        let images = images.unwrap_or_default();
        if images.is_empty() && !self.listing.absent.contains(&key) {
            self.listing.note(Finding::EmptyVideo, key.as_str());
        }
        for (frame, (path, size)) in (0..).zip(images) {
            if size == 0 {
                self.listing.note(Finding::Empty, path.as_str());
            }
            self.listing.frames.push(Frame { video_key: key.clone(), frame, path });
        }
    }

    /// Notes the files on disk that are not listed.
    pub fn note_unlisted(&mut self, on_disk: &BTreeMap<String, u64>, finding: Finding) {
        for path in on_disk.keys() {
            if !self.places.contains_key(path) {
                self.listing.note(finding, path.as_str());
            }
        }
    }

    /// Drops the originals that are not in the data set.
    pub fn settle_pairs(&mut self) {
        for video in &mut self.listing.videos {
            video.pair = video.pair.take().filter(|pair| self.places.contains_key(pair));
        }
    }
}

/// Images and their sizes, in natural order.
pub(super) type Images = Vec<(String, u64)>;

/// Owned spellings of a part.
pub(super) fn spellings(list: &[&str]) -> Vec<String> {
    list.iter().map(|s| (*s).to_owned()).collect()
}
