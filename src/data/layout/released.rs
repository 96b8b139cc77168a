//! What the layouts of released data sets share: finding their parts, making their videos,
//! and telling what is not as it should be.

use std::collections::{BTreeMap, HashMap};

use super::{
    Finding, Listing, celebdf, df40, dfdc, dfeval, fakeavceleb, ffpp, forgerynet, tree, wdf,
};
use crate::data::error::DataError;
use crate::data::files::Files;
use crate::data::manifest::{Frame, Kind, Video};
use crate::data::methods::Methods;
use crate::data::root::{Env, Want, locate, say_otherwise};
use crate::lang::model::{Dataset, Label, Released, ReleasedLayout};

/// Lists the videos of a released data set.
///
/// # Errors
/// Everything that stops reading: parts that are not there, lists that cannot be used.
pub fn read(dataset: &Dataset, layout: &ReleasedLayout, env: Env) -> Result<Listing, DataError> {
    let mut release = Release::open(dataset, layout, env)?;
    match layout.name.value {
        Released::Faceforensics => ffpp::read(&mut release),
        Released::Celebdf => celebdf::read(&mut release),
        Released::Dfdc => dfdc::read(&mut release),
        Released::Fakeavceleb => fakeavceleb::read(&mut release),
        Released::Forgerynet => forgerynet::read(&mut release),
        Released::Df40 => df40::read(&mut release, env),
        Released::Wilddeepfake => wdf::read(&mut release),
        Released::DeepfakeEval2024 => dfeval::read(&mut release),
    }?;
    Ok(Listing { files: Some(release.files), ..release.listing })
}

/// A released data set that is being read.
pub(super) struct Release<'a> {
    /// Its declaration.
    pub dataset: &'a Dataset,
    /// Its layout.
    pub layout: &'a ReleasedLayout,
    /// Where its files lie.
    pub files: Files,
    /// What has been found so far.
    pub listing: Listing,
    methods: Methods<'a>,
    places: HashMap<String, usize>,
}

impl<'a> Release<'a> {
    fn open(dataset: &'a Dataset, layout: &'a ReleasedLayout, env: Env) -> Result<Self, DataError> {
        let root = locate(&dataset.name.value, &layout.root, Want::Folder, env)?;
        let mut listing = Listing::default();
        if !layout.switches.is_empty() {
            let switches = layout.switches.iter().map(|(name, to)| format!("{name}={}", to.value));
            listing.remarks.push(switches.collect::<Vec<_>>().join(" "));
        }
        let (methods, places) = (Methods::of(dataset), HashMap::new());
        Ok(Self { dataset, layout, files: Files::at(root), listing, methods, places })
    }

    /// The position of a switch.
    pub fn switch(&self, name: &str) -> &'a str {
        self.layout.switches.get(name).map_or("", |switch| &switch.value)
    }

    /// Names of the declared manipulations.
    pub fn declared(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.dataset.manipulations.iter().map(|m| m.name.value.as_str())
    }

    /// Where each part lies that the release must have, given in the spellings seen.
    ///
    /// # Errors
    /// [`DataError::NotFound`] with all parts that are not there.
    pub fn need(&self, parts: &[Vec<String>]) -> Result<Vec<String>, DataError> {
        let mut found = Vec::new();
        let mut looked_for = Vec::new();
        for spellings in parts {
            let file = || spellings.iter().find(|part| self.files.file(part).is_file()).cloned();
            match tree::find(&self.files, spellings).or_else(file) {
                Some(part) => found.push(part),
                None => looked_for.push(tree::spelled(&self.files, spellings)),
            }
        }
        if looked_for.is_empty() { Ok(found) } else { Err(self.not_found(looked_for)) }
    }

    /// The error that parts are not there.
    pub fn not_found(&self, looked_for: Vec<String>) -> DataError {
        let name = &self.dataset.name.value;
        DataError::NotFound {
            dataset: name.clone(),
            looked_for,
            say_otherwise: say_otherwise(name, &self.layout.root.value),
            origin: self.layout.root.origin,
        }
    }

    /// All videos anywhere below a folder, with their sizes.
    ///
    /// # Errors
    /// A folder that cannot be read.
    pub fn videos_below(&mut self, folder: &str) -> Result<BTreeMap<String, u64>, DataError> {
        tree::walk(&mut self.listing, &self.files, folder, tree::VIDEOS)
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
        kind: Kind,
    ) -> Result<Video, DataError> {
        let method = method.filter(|_| label == Label::Fake);
        let family = match label {
            Label::Real => None,
            Label::Fake => Some(self.methods.family(method).map_err(|undeclared| {
                DataError::UndeclaredManipulation {
                    dataset: self.dataset.name.value.clone(),
                    name: method.unwrap_or_default().to_owned(),
                    nearest: undeclared.nearest,
                    origin: self.layout.name.origin,
                }
            })?),
        };
        Ok(Video {
            dataset: self.dataset.name.value.clone(),
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
        for (key, kind) in tree::entries(&mut self.listing, &self.files, folder, tree::IMAGES)? {
            match kind {
                tree::Kind::Folder => found.push((key.clone(), self.images(&key)?)),
                tree::Kind::File(_) => self.listing.note(Finding::LooseImage, key),
            }
        }
        Ok(found)
    }

    /// The images of a folder.
    fn images(&mut self, folder: &str) -> Result<Images, DataError> {
        let mut images = Vec::new();
        for (path, kind) in tree::entries(&mut self.listing, &self.files, folder, tree::IMAGES)? {
            match kind {
                tree::Kind::File(size) => images.push((path, size)),
                tree::Kind::Folder => self.listing.note(Finding::DeeperFolder, path),
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

#[cfg(test)]
#[path = "released_tests.rs"]
mod tests;
