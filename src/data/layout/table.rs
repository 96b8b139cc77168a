//! `layout table`: a CSV or Parquet file with one row per image or video file.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::path::Path;

use rayon::prelude::*;

use super::cells::{Cells, Wanted};
use super::lists::Problems;
use super::{Finding, Listing, paths};
use crate::error::DataError;
use crate::flaw::{Nothing, Place, RowFlaw, quoted};
use crate::media;
use crate::methods::Methods;
use crate::natural;
use crate::root::{Env, Want, locate};
use crate::video::{Frame, MediaKind, Video};
use crate::words::Word;
use proofmark_lang::model::{Dataset, Label, Placed, Split, TableLayout};
use proofmark_lang::span::each;

/// What the columns of attributes are wanted for.
const ATTRIBUTE: &str = "attribute";

/// Lists the videos of a table. Files that are not on disk stay listed and are counted.
///
/// A row that repeats another one exactly is left out and counted, as is one whose label is
/// empty; everything else that is wrong with a row is an error.
///
/// # Errors
/// A file or folder that is not there, a broken table, missing columns, and all rows that
/// cannot be used, with their lines.
pub fn read(
    dataset: &Dataset,
    layout: &Placed<TableLayout>,
    env: Env,
) -> Result<Listing, DataError> {
    let name = &dataset.name;
    let mut fakes = each(&layout.fake, &layout.at.fake);
    if let Some((value, origin)) = fakes.find(|(fake, _)| layout.real.contains(fake)) {
        return Err(DataError::TwoFacedLabel {
            dataset: name.clone(),
            value: value.clone(),
            origin,
        });
    }
    let file = locate(name, (&layout.file, layout.at.file), Want::File, env)?;
    let root = match &layout.root {
        Some(root) => locate(name, (root, layout.at.root), Want::Folder, env)?,
        None => file.parent().unwrap_or(Path::new("")).to_owned(),
    };
    let columns = Columns::read(&file, layout)?;
    let mut reader = Reader {
        dataset,
        layout,
        root: &root,
        methods: Methods::of(dataset),
        listing: Listing::at(root.clone()),
        problems: Problems::of(&file),
        videos: HashMap::new(),
        paths: HashMap::new(),
    };
    for row in 0..columns.cells.lines.len() {
        let at = Place { unit: columns.cells.unit, number: columns.cells.lines[row] };
        if let Err(what) = reader.row(at, &columns.row(row)) {
            reader.problems.add(at.unit, at.number, what);
        }
    }
    let Reader { mut listing, problems, .. } = reader;
    problems.check()?;
    if listing.videos.is_empty() {
        return Err(DataError::EmptyTable { file, what: Nothing::Labels });
    }
    number_frames(&mut listing);
    let missing: Vec<String> = (listing.frames.par_iter())
        .filter(|frame| !root.join(&frame.path).is_file())
        .map(|frame| frame.path.clone())
        .collect();
    missing.into_iter().for_each(|path| listing.note(Finding::Missing, path));
    let absent: Vec<String> = (listing.videos.par_iter())
        .filter(|video| video.kind == MediaKind::Video && !root.join(&video.key).is_file())
        .map(|video| video.key.clone())
        .collect();
    absent.iter().for_each(|key| listing.note(Finding::Missing, key.as_str()));
    listing.absent.extend(absent);
    Ok(listing)
}

/// Numbers the frames of each video in natural order of their paths.
fn number_frames(listing: &mut Listing) {
    listing.frames.par_sort_by(|a, b| {
        a.video_key.cmp(&b.video_key).then_with(|| natural::compare(&a.path, &b.path))
    });
    for video in listing.frames.chunk_by_mut(|a, b| a.video_key == b.video_key) {
        video.iter_mut().zip(0..).for_each(|(frame, index)| frame.frame = index);
    }
}

/// The wanted columns of the file, by what they are wanted for.
struct Columns {
    cells: Cells,
    roles: Vec<&'static str>,
}

/// One row; columns that are not declared are `None`.
#[derive(Clone, Debug, PartialEq)]
struct Row<'a> {
    path: &'a str,
    label: &'a str,
    video: Option<&'a str>,
    manipulation: Option<&'a str>,
    split: Option<&'a str>,
    group: Option<&'a str>,
    /// In the order of their declaration.
    attributes: Vec<&'a str>,
}

impl Columns {
    fn read(file: &Path, layout: &Placed<TableLayout>) -> Result<Self, DataError> {
        let at = &layout.at;
        let attributes = each(&layout.attributes, &at.attributes);
        let wanted: Vec<Wanted> = [
            ("path", Some(&layout.path), at.path),
            ("label", Some(&layout.label), at.label),
            ("video", layout.video.as_ref(), at.video),
            ("manipulation", layout.manipulation.as_ref(), at.manipulation),
            ("split", layout.split.as_ref(), at.split),
            ("group", layout.group.as_ref(), at.group),
        ]
        .into_iter()
        .chain(attributes.map(|(column, at)| (ATTRIBUTE, Some(column), at)))
        .filter_map(|(role, column, at)| Some(Wanted::declared(role, column?, at)))
        .collect();
        let roles = wanted.iter().map(|w| w.role).collect();
        Ok(Self { cells: Cells::read(file, &wanted)?, roles })
    }

    fn row(&self, row: usize) -> Row<'_> {
        let cell = |role| {
            let column = self.roles.iter().position(|r| *r == role)?;
            Some(self.cells.columns[column][row].as_str())
        };
        let columns = self.roles.iter().zip(&self.cells.columns);
        let attributes = columns.filter(|(role, _)| **role == ATTRIBUTE);
        let attributes = attributes.map(|(_, cells)| cells[row].as_str());
        Row {
            path: cell("path").unwrap_or_default(),
            label: cell("label").unwrap_or_default(),
            video: cell("video"),
            manipulation: cell("manipulation").filter(|m| !m.is_empty()),
            split: cell("split"),
            group: cell("group").filter(|g| !g.is_empty()),
            attributes: attributes.collect(),
        }
    }
}

/// The reading of one table.
struct Reader<'a> {
    dataset: &'a Dataset,
    layout: &'a Placed<TableLayout>,
    root: &'a Path,
    methods: Methods<'a>,
    listing: Listing,
    problems: Problems,
    /// Where each video is in the listing, by its key.
    videos: HashMap<String, usize>,
    /// The row that first names each path, and what it says.
    paths: HashMap<String, (Place, Video)>,
}

impl Reader<'_> {
    fn row(&mut self, at: Place, row: &Row) -> Result<(), RowFlaw> {
        if row.label.is_empty() {
            self.listing.note(Finding::Unlabelled, format!("`{}`", row.path));
            return Ok(());
        }
        if row.path.is_empty() {
            return Err(RowFlaw::EmptyPath);
        }
        let path = paths::below(self.root, row.path)
            .ok_or_else(|| RowFlaw::OutsideRoot(row.path.to_owned()))?;
        let video = self.video(at.number, row, &path)?;
        match self.paths.entry(path) {
            Entry::Occupied(entry) => {
                let (first, earlier) = entry.get();
                let same = Video { source_line: earlier.source_line, ..video } == *earlier;
                let path = entry.key().clone();
                if !same {
                    return Err(RowFlaw::RepeatedPath { path, first: *first });
                }
                self.listing.note(Finding::Duplicated, path);
                return Ok(());
            }
            Entry::Vacant(entry) => {
                if video.kind != MediaKind::Video {
                    let (video_key, path) = (video.key.clone(), entry.key().clone());
                    self.listing.frames.push(Frame { video_key, frame: 0, path });
                }
                entry.insert((at, video.clone()));
            }
        }
        match self.videos.get(&video.key) {
            Some(&place) => agree(&self.listing.videos[place], &video, at.unit),
            None => {
                self.videos.insert(video.key.clone(), self.listing.videos.len());
                self.listing.videos.push(video);
                Ok(())
            }
        }
    }

    /// The video as this row describes it.
    fn video(&self, line: u32, row: &Row, path: &str) -> Result<Video, RowFlaw> {
        let label = self.label(row.label)?;
        let method = row.manipulation.filter(|_| label == Label::Fake);
        let family = match label {
            Label::Real => None,
            Label::Fake => Some(self.methods.family(method).map_err(|undeclared| {
                RowFlaw::UndeclaredManipulation {
                    name: method.unwrap_or_default().to_owned(),
                    nearest: undeclared.nearest,
                }
            })?),
        };
        let (key, kind) = match row.video {
            Some(_) if media::has_extension(path, media::VIDEOS) => {
                return Err(RowFlaw::VideoOfVideo(path.to_owned()));
            }
            None if media::has_extension(path, media::VIDEOS) => (path, MediaKind::Video),
            None => (path, MediaKind::Image),
            Some("") => return Err(RowFlaw::EmptyVideo),
            Some(video) => (video, MediaKind::Frames),
        };
        Ok(Video {
            dataset: self.dataset.name.clone(),
            key: key.to_owned(),
            label,
            method: method.map(str::to_owned),
            family,
            split: row.split.map_or(Ok(None), split)?,
            groups: row.group.map(str::to_owned).into_iter().collect(),
            pair: None,
            kind,
            source_line: Some(line),
            attributes: self
                .layout
                .attributes
                .iter()
                .zip(&row.attributes)
                .map(|(name, value)| (name.clone(), (*value).to_owned()))
                .collect(),
        })
    }

    fn label(&self, value: &str) -> Result<Label, RowFlaw> {
        let among = |list: &[String]| list.iter().any(|known| same(known, value));
        let list = |list: &[String]| quoted(&list.iter().map(String::as_str).collect::<Vec<_>>());
        match (among(&self.layout.real), among(&self.layout.fake)) {
            (true, _) => Ok(Label::Real),
            (_, true) => Ok(Label::Fake),
            _ => Err(RowFlaw::UndeclaredLabel {
                value: value.to_owned(),
                real: list(&self.layout.real),
                fake: list(&self.layout.fake),
            }),
        }
    }
}

/// Whether two labels are one: the same text, but for blanks around it, or the same number.
fn same(a: &str, b: &str) -> bool {
    let number = |text: &str| text.trim().parse::<f64>().ok();
    a.trim() == b.trim() || number(a).is_some_and(|a| number(b) == Some(a))
}

fn split(value: &str) -> Result<Option<Split>, RowFlaw> {
    match value {
        "" => Ok(None),
        "train" => Ok(Some(Split::Train)),
        "val" | "valid" | "validation" => Ok(Some(Split::Val)),
        "test" => Ok(Some(Split::Test)),
        _ => Err(RowFlaw::UnknownSplit(value.to_owned())),
    }
}

/// Two rows of one video must describe it alike.
fn agree(earlier: &Video, here: &Video, unit: &'static str) -> Result<(), RowFlaw> {
    let none = || "(none)".to_owned();
    let of = |text: &Option<String>| text.clone().unwrap_or_else(none);
    let group = |video: &Video| of(&video.groups.first().cloned());
    let attributes = |video: &Video| {
        let each = video.attributes.iter().map(|(name, value)| format!("{name}={value}"));
        each.collect::<Vec<_>>().join(" ")
    };
    let word = |video: &Video| [video.label.word().to_owned(), video.split.word().to_owned()];
    let [label, split] = word(earlier);
    let [label_here, split_here] = word(here);
    [
        ("label", label, label_here),
        ("split", split, split_here),
        ("manipulation", of(&earlier.method), of(&here.method)),
        ("group", group(earlier), group(here)),
        ("attribute", attributes(earlier), attributes(here)),
    ]
    .into_iter()
    .find(|(_, earlier, here)| earlier != here)
    .map_or(Ok(()), |(what, before, value)| {
        Err(RowFlaw::Conflict {
            video: here.key.clone(),
            what,
            value,
            earlier: before,
            first: Place { unit, number: earlier.source_line.unwrap_or_default() },
        })
    })
}

#[cfg(test)]
#[path = "table_tests.rs"]
mod tests;
