//! `layout deepfakebench`: what DeepfakeBench prepares, a JSON that lists the frames of each
//! video by label and split, and the frames. The paths in it are of somebody's machine: what
//! leads to them is taken off until they are found below the root.
//!
//! The lists of most sets repeat videos: Celeb-DF's train holds its test videos, too, and all of
//! DeepFakeDetection is in each split. Such a video is tested on, or else selects, and is never
//! trained on.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::path::Path;

use rayon::prelude::*;

use super::bench::{FRAMES, Json, Node, first_frames, is_copy};
use super::lists::{Entries, Problems, json};
use super::{Finding, Listing, celebdf, ffpp, paths};
use crate::error::DataError;
use crate::files::Files;
use crate::flaw::{Entry, RowFlaw, quoted};
use crate::methods::Methods;
use crate::natural;
use crate::root::{Env, Want, locate, say_otherwise};
use crate::video::{Frame, MediaKind, Video};
use crate::words::Word;
use proofmark_lang::model::{BenchLayout, Dataset, Label, Placed, Split};
use proofmark_lang::span::each;
use proofmark_text::near::near;

/// A video by its name, and its frames.
type Listed = (String, Vec<String>);

/// Lists the videos of the declared labels; others are counted and left out.
///
/// # Errors
/// A file or folder that is not there, a JSON of another form, labels or a compression that
/// it does not have, entries that contradict each other.
pub fn read(
    dataset: &Dataset,
    layout: &Placed<BenchLayout>,
    env: Env,
) -> Result<Listing, DataError> {
    let name = &dataset.name;
    let file = locate(name, (&layout.file, layout.at.file), Want::File, env)?;
    let root = locate(name, (&layout.root, layout.at.root), Want::Folder, env)?;
    let mut reader = Reader {
        dataset,
        layout,
        methods: Methods::of(dataset),
        prefixes: Vec::new(),
        files: Files::at(root),
        listing: Listing::default(),
        problems: Problems::of(&file),
        places: HashMap::new(),
        twice: HashSet::new(),
        number: 0,
    };
    let Entries(sets) = json::<Json>(&file)?;
    let labels: Vec<_> = sets.into_iter().flat_map(|(_, Entries(labels))| labels).collect();
    reader
        .check_labels(&file, &labels.iter().map(|(label, _)| label.as_str()).collect::<Vec<_>>())?;
    reader.learn(&first_frames(&labels));
    for (label, Entries(splits)) in labels {
        for (split, Entries(nodes)) in splits {
            reader.split(&label, &split, nodes)?;
        }
    }
    reader.finish()
}

/// Where a video is in the listing, and its frames.
#[derive(Clone, Debug)]
struct Seen {
    video: usize,
    frames: Range<usize>,
}

struct Reader<'a> {
    dataset: &'a Dataset,
    layout: &'a Placed<BenchLayout>,
    methods: Methods<'a>,
    /// What was taken off the paths that were found.
    prefixes: Vec<String>,
    files: Files,
    listing: Listing,
    problems: Problems,
    places: HashMap<String, Seen>,
    /// Videos that are listed in several splits.
    twice: HashSet<String>,
    /// Videos looked at, which stand for lines.
    number: u32,
}

impl Reader<'_> {
    /// The declared labels must occur: a slip of the pen must not leave a class out.
    fn check_labels(&self, file: &Path, known: &[&str]) -> Result<(), DataError> {
        let (layout, at) = (self.layout, &self.layout.at);
        for (declared, at) in each(&layout.real, &at.real).chain(each(&layout.fake, &at.fake)) {
            if !known.contains(&declared.as_str()) {
                return Err(DataError::UnknownValue {
                    file: file.to_owned(),
                    what: "label",
                    value: declared.clone(),
                    known: quoted(known),
                    nearest: near(declared, known.iter().copied()).map(str::to_owned),
                    origin: at,
                });
            }
        }
        Ok(())
    }

    fn split(
        &mut self,
        label: &str,
        split: &str,
        nodes: Vec<(String, Node)>,
    ) -> Result<(), DataError> {
        let among = |list: &[String]| list.iter().any(|l| l == label);
        let class = match (among(&self.layout.real), among(&self.layout.fake)) {
            (true, _) => Some(Label::Real),
            (_, true) => Some(Label::Fake),
            _ => None,
        };
        let (copies, nodes): (Vec<_>, Vec<_>) =
            nodes.into_iter().partition(|(name, node)| is_copy(name, node));
        let names: Vec<&str> = copies.iter().map(|(name, _)| name.as_str()).collect();
        let copy = self.layout.compression.as_deref().unwrap_or("");
        if !names.is_empty() && !names.contains(&copy) {
            self.number += 1;
            let what = format!(
                "`{label}`, {split} has the compressions {}; declare one of them as `compression`",
                quoted(&names)
            );
            self.problems.add("video", self.number, RowFlaw::Disagree(what));
            return Ok(());
        }
        let mut videos = self.videos(nodes);
        for (name, node) in copies {
            if let (true, Node::Inside(Entries(nodes))) = (name == copy, node) {
                videos.extend(self.videos(nodes));
            }
        }
        let split = match split {
            "train" => Split::Train,
            "val" => Split::Val,
            "test" => Split::Test,
            other => {
                self.number += 1;
                self.problems.add("video", self.number, RowFlaw::UnknownSplit(other.to_owned()));
                return Ok(());
            }
        };
        for (name, frames) in videos {
            self.number += 1;
            match class {
                None => {
                    self.listing.note(Finding::Excluded, format!("{label} {name}"));
                }
                Some(class) => {
                    let number = self.number;
                    if let Entry::Flawed(what) = self.video(class, label, split, &name, &frames)? {
                        self.problems.add("video", number, what);
                    }
                }
            }
        }
        Ok(())
    }

    /// The videos of a split or of one of its copies.
    fn videos(&mut self, nodes: Vec<(String, Node)>) -> Vec<Listed> {
        let mut videos = Vec::new();
        for (name, node) in nodes {
            match node {
                Node::Frames(frames) if name == FRAMES => {
                    videos.push(("without a name".to_owned(), frames));
                }
                Node::Inside(Entries(inside)) => {
                    let frames = inside.into_iter().find_map(|(part, node)| match node {
                        Node::Frames(frames) if part == FRAMES => Some(frames),
                        Node::Frames(_) | Node::Inside(_) | Node::Other(_) => None,
                    });
                    if let Some(frames) = frames {
                        videos.push((name, frames));
                        continue;
                    }
                    self.number += 1;
                    let what = RowFlaw::Form { found: name, wanted: "{\"frames\": [..]}" };
                    self.problems.add("video", self.number, what);
                }
                Node::Frames(_) | Node::Other(_) => {}
            }
        }
        videos
    }

    /// Lists one video. Its key is the folder of its frames.
    fn video(
        &mut self,
        class: Label,
        label: &str,
        split: Split,
        name: &str,
        listed: &[String],
    ) -> Result<Entry<()>, DataError> {
        let mut frames = Vec::with_capacity(listed.len());
        for written in listed {
            match self.resolve(written) {
                Some(path) => frames.push(path),
                None => return Ok(Entry::Flawed(RowFlaw::OutsideRoot(written.clone()))),
            }
        }
        let folder = |path: &String| path.rsplit_once('/').map(|(folder, _)| folder.to_owned());
        let Some(key) = frames.first().and_then(folder) else {
            self.listing.note(Finding::EmptyVideo, format!("{label} {name}"));
            return Ok(Entry::Read(()));
        };
        if let Some(other) = frames.iter().find(|path| folder(path).as_ref() != Some(&key)) {
            let what = format!("`{name}` has frames in `{key}` and elsewhere, as `{other}`");
            return Ok(Entry::Flawed(RowFlaw::Disagree(what)));
        }
        let before = frames.len();
        frames.sort_by(|a, b| natural::compare(a, b));
        frames.dedup();
        let repeated = before - frames.len();
        let method = (class == Label::Fake).then(|| label.to_owned());
        if let Some(seen) = self.places.get(&key).cloned() {
            return Ok(match self.again(&seen, class, method, split, &frames) {
                Ok(()) => Entry::Read(()),
                Err(what) => Entry::Flawed(what),
            });
        }
        let family = match &method {
            None => None,
            Some(method) => Some(self.methods.family(Some(method)).map_err(|undeclared| {
                DataError::UndeclaredManipulation {
                    dataset: self.dataset.name.clone(),
                    name: method.clone(),
                    nearest: undeclared.nearest,
                    origin: self.layout.at.file,
                }
            })?),
        };
        let from = self.listing.frames.len();
        let seen = Seen { video: self.listing.videos.len(), frames: from..from + frames.len() };
        self.places.insert(key.clone(), seen);
        self.listing.videos.push(Video {
            dataset: self.dataset.name.clone(),
            label: class,
            method,
            family,
            split: Some(split),
            groups: identities(&key),
            pair: None,
            kind: MediaKind::Frames,
            source_line: None,
            attributes: Default::default(),
            key: key.clone(),
        });
        for _ in 0..repeated {
            self.listing.note(Finding::Duplicated, key.as_str());
        }
        let frames = (0..).zip(frames);
        self.listing.frames.extend(frames.map(|(frame, path)| Frame {
            video_key: key.clone(),
            frame,
            path,
        }));
        Ok(Entry::Read(()))
    }

    /// A video that is listed before, which is kept from training: test goes before val, and val
    /// before train. A data set that is divided otherwise has it once.
    fn again(
        &mut self,
        seen: &Seen,
        class: Label,
        method: Option<String>,
        split: Split,
        frames: &[String],
    ) -> Result<(), RowFlaw> {
        let earlier = &mut self.listing.videos[seen.video];
        let key = earlier.key.clone();
        let before = earlier.split.unwrap_or(split);
        if (earlier.label, &earlier.method) != (class, &method) {
            let said = |label: Label, method: &Option<String>| match method {
                Some(method) => format!("{} by {method}", label.word()),
                None => label.word().to_owned(),
            };
            let (there, here) = (said(earlier.label, &earlier.method), said(class, &method));
            return Err(RowFlaw::Disagree(format!("`{key}` is {there} before and here {here}")));
        }
        earlier.split = Some(before.max(split));
        let same = self.listing.frames[seen.frames.clone()].iter().map(|f| &f.path).eq(frames);
        if !same {
            let what = format!("{key}: other frames in {} than before", Some(split).word());
            self.listing.note(Finding::Conflicting, format!("{what}, the first are taken"));
        }
        if before == split {
            self.listing.note(Finding::Duplicated, key);
        } else if self.dataset.split.is_official() && self.twice.insert(key.clone()) {
            self.listing.note(Finding::ListedTwice, key);
        }
        Ok(())
    }

    /// Learns from the first frame that is on disk what leads to all of them, so that a key does
    /// not depend on which video is listed first.
    fn learn(&mut self, frames: &[&str]) {
        for written in frames {
            let path = self.resolve(written);
            if path.is_some_and(|path| self.files.file(&path).is_file()) {
                return;
            }
        }
    }

    /// The path below the root that a written one means.
    fn resolve(&mut self, written: &str) -> Option<String> {
        let written = written.replace('\\', "/");
        let written = written.trim_start_matches("./");
        for prefix in &self.prefixes {
            if let Some(rest) = written.strip_prefix(prefix.as_str()) {
                return paths::below(Path::new(""), rest);
            }
        }
        // A frame and its folder, at least, must be left.
        let slashes: Vec<usize> = written.match_indices('/').map(|(i, _)| i + 1).collect();
        let last = slashes.len().saturating_sub(1);
        for start in std::iter::once(0).chain(slashes[..last].iter().copied()) {
            let rest = paths::below(Path::new(""), &written[start..]);
            if let Some(path) = rest.filter(|path| self.files.file(path).is_file()) {
                if start > 0 {
                    self.prefixes.push(written[..start].to_owned());
                }
                return Some(path);
            }
        }
        let relative = written.trim_start_matches('/');
        paths::below(Path::new(""), relative)
    }

    /// Looks for the frames on disk.
    fn finish(self) -> Result<Listing, DataError> {
        let Self { mut listing, files, .. } = self;
        self.problems.check()?;
        let sizes: Vec<Option<u64>> = (listing.frames.par_iter())
            .map(|frame| {
                files.file(&frame.path).metadata().ok().filter(|m| m.is_file()).map(|m| m.len())
            })
            .collect();
        if sizes.iter().all(Option::is_none) {
            let name = self.dataset.name.clone();
            let looked_for = listing.frames.first().map(|f| files.file(&f.path)).into_iter();
            return Err(DataError::NotFound {
                looked_for: looked_for.map(|path| path.display().to_string()).collect(),
                say_otherwise: say_otherwise(&name, &self.layout.root),
                dataset: name,
                origin: self.layout.at.root,
            });
        }
        listing.absent = listing.videos.iter().map(|v| v.key.clone()).collect();
        for (frame, size) in listing.frames.clone().iter().zip(sizes) {
            match size {
                None => listing.note(Finding::Missing, frame.path.as_str()),
                Some(size) => {
                    listing.absent.remove(&frame.video_key);
                    if size == 0 {
                        listing.note(Finding::Empty, frame.path.as_str());
                    }
                }
            }
        }
        Ok(Listing { files: Some(files), ..listing })
    }
}

/// The identities of a folder of frames, where its names are those of a release.
fn identities(key: &str) -> Vec<String> {
    let name = key.rsplit('/').next().unwrap_or(key);
    let below = |folders: &[&str]| key.split('/').any(|part| folders.contains(&part));
    if below(&["Celeb-real", "Celeb-synthesis", "YouTube-real", "Youtube-real"]) {
        celebdf::identities(name)
    } else if below(&["youtube", "manipulated_sequences"]) {
        ffpp::identities(name)
    } else {
        Vec::new()
    }
}

#[cfg(test)]
#[path = "deepfakebench_tests.rs"]
mod tests;
