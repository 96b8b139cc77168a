//! `layout folder`: images and video files in class folders, or one level of video folders inside.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::{Finding, Listing, paths, tree};
use crate::error::DataError;
use crate::files::Files;
use crate::flaw::EmptyClassHint;
use crate::media;
use crate::methods::Methods;
use crate::root::{Env, Want, locate, say_otherwise};
use crate::video::{Frame, MediaKind, Video};
use proofmark_lang::model::{Dataset, FolderClass, FolderLayout, Label, Placed};

/// Lists the images and videos below the class folders. Links are followed; since no folder below the
/// video folders is entered, a link cannot lead into a loop.
///
/// # Errors
/// A root or class folder that is not there, lies outside the root, is declared twice or
/// holds no images and no videos; a manipulation that is not declared; a folder that cannot be read.
pub fn read(
    dataset: &Dataset,
    layout: &Placed<FolderLayout>,
    env: Env,
) -> Result<Listing, DataError> {
    let root = locate(&dataset.name, (&layout.root, layout.at.root), Want::Folder, env)?;
    let folders = class_folders(dataset, layout, &root)?;
    let mut listing = Listing::at(root.clone());
    let files = Files::at(root.clone());
    for (class, folder) in layout.classes.iter().zip(&folders) {
        let usable = |listing: &Listing| {
            let videos = listing.videos.iter().filter(|video| video.kind == MediaKind::Video);
            listing.frames.len() + videos.count()
        };
        let before = usable(&listing);
        let blank = blank_video(dataset, class)?;
        let found = if layout.videos {
            read_videos(&mut listing, &files, folder, &blank)?
        } else {
            read_images(&mut listing, &files, folder, &blank)?
        };
        if usable(&listing) == before {
            let hint = match (layout.videos, found) {
                (false, FolderContent { folders, .. }) if folders > 0 => {
                    EmptyClassHint::Folders(folders)
                }
                (true, FolderContent { images, .. }) if images > 0 => {
                    EmptyClassHint::LooseImages(images)
                }
                _ => EmptyClassHint::Nothing,
            };
            return Err(DataError::EmptyClass {
                dataset: dataset.name.clone(),
                path: root.join(folder),
                hint,
                origin: class.at.folder,
            });
        }
    }
    Ok(listing)
}

/// The class folders relative to the root, each of which exists once.
fn class_folders(
    dataset: &Dataset,
    layout: &Placed<FolderLayout>,
    root: &Path,
) -> Result<Vec<String>, DataError> {
    let name = &dataset.name;
    let mut folders = Vec::new();
    let (mut looked_for, mut lacking) = (Vec::new(), None);
    let mut known: HashMap<PathBuf, &str> = HashMap::new();
    for class in &layout.classes {
        let written = &class.folder;
        let folder = paths::below(root, written).ok_or_else(|| DataError::ClassOutsideRoot {
            dataset: name.clone(),
            folder: written.clone(),
            origin: class.at.folder,
        })?;
        let path = root.join(&folder);
        if !path.is_dir() {
            looked_for.push(path.display().to_string());
            lacking.get_or_insert(class.at.folder);
            continue;
        }
        let canonical = path.canonicalize().map_err(|e| tree::unreadable(&path, e))?;
        if let Some(first) = known.insert(canonical, written) {
            return Err(DataError::RepeatedClass {
                dataset: name.clone(),
                first: first.to_owned(),
                second: written.clone(),
                origin: class.at.folder,
            });
        }
        folders.push(folder);
    }
    if looked_for.is_empty() {
        return Ok(folders);
    }
    if !folders.is_empty() {
        let cures = ["put there what is missing", "remove its `class` from the layout"];
        return Err(DataError::Incomplete {
            dataset: name.clone(),
            looked_for,
            cures: cures.map(str::to_owned).to_vec(),
            origin: lacking.unwrap_or(layout.at.root),
        });
    }
    Err(DataError::NotFound {
        dataset: name.clone(),
        looked_for,
        say_otherwise: say_otherwise(name, &layout.root),
        origin: layout.at.root,
    })
}

/// What all videos of a class have in common.
fn blank_video(dataset: &Dataset, class: &Placed<FolderClass>) -> Result<Video, DataError> {
    let label = class.label;
    let method = class.manipulation.as_ref().filter(|_| label == Label::Fake);
    let family = match label {
        Label::Real => None,
        Label::Fake => {
            let known = Methods::of(dataset).family(method.map(String::as_str));
            Some(known.map_err(|undeclared| DataError::UndeclaredManipulation {
                dataset: dataset.name.clone(),
                name: method.cloned().unwrap_or_default(),
                nearest: undeclared.nearest,
                origin: method.map_or(class.at.folder, |_| class.at.manipulation),
            })?)
        }
    };
    Ok(Video {
        dataset: dataset.name.clone(),
        key: String::new(),
        label,
        method: method.cloned(),
        family,
        split: class.split,
        groups: Vec::new(),
        pair: None,
        kind: MediaKind::Image,
        source_line: None,
        attributes: Default::default(),
    })
}

/// How many images and folders a folder holds.
#[derive(Clone, Copy, Debug, Default)]
struct FolderContent {
    images: usize,
    folders: usize,
}

/// A class folder of images and video files, each a video.
fn read_images(
    listing: &mut Listing,
    files: &Files,
    folder: &str,
    blank: &Video,
) -> Result<FolderContent, DataError> {
    let mut found = FolderContent::default();
    for (path, kind) in tree::entries(listing, files, folder, media::MEDIA)? {
        match kind {
            tree::EntryKind::File(_) if media::has_extension(&path, media::VIDEOS) => {
                listing.videos.push(Video { key: path, kind: MediaKind::Video, ..blank.clone() });
            }
            tree::EntryKind::File(_) => {
                found.images += 1;
                listing.videos.push(Video { key: path.clone(), ..blank.clone() });
                listing.frames.push(Frame { video_key: path.clone(), frame: 0, path });
            }
            tree::EntryKind::Folder => {
                found.folders += 1;
                listing.note(Finding::DeeperFolder, path);
            }
        }
    }
    Ok(found)
}

/// A class folder of video files, and of folders, each with the images of one video.
fn read_videos(
    listing: &mut Listing,
    files: &Files,
    folder: &str,
    blank: &Video,
) -> Result<FolderContent, DataError> {
    let mut found = FolderContent::default();
    for (key, kind) in tree::entries(listing, files, folder, media::MEDIA)? {
        if kind != tree::EntryKind::Folder && media::has_extension(&key, media::VIDEOS) {
            listing.videos.push(Video { key, kind: MediaKind::Video, ..blank.clone() });
            continue;
        }
        if kind != tree::EntryKind::Folder {
            found.images += 1;
            listing.note(Finding::LooseImage, key);
            continue;
        }
        found.folders += 1;
        let mut index = 0;
        for (path, kind) in tree::entries(listing, files, &key, media::IMAGES)? {
            if kind == tree::EntryKind::Folder {
                listing.note(Finding::DeeperFolder, path);
                continue;
            }
            listing.frames.push(Frame { video_key: key.clone(), frame: index, path });
            index += 1;
        }
        if index == 0 {
            listing.note(Finding::EmptyVideo, key.clone());
        }
        listing.videos.push(Video { key, kind: MediaKind::Frames, ..blank.clone() });
    }
    Ok(found)
}

#[cfg(test)]
#[path = "folder_tests.rs"]
mod tests;
