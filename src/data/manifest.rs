//! The manifest of a data set: its videos and their frames, as Polars frames.

use std::collections::HashSet;
use std::fs::File;
use std::path::Path;

use polars::prelude::*;

use proofmark_lang::model::{Label, Split};

use super::columns::{frame_rows, frame_table, video_rows, video_table};
use super::error::DataError;
use super::video::{Frame, MediaKind, Video};
use super::words::Word;
use super::{layout, natural};

/// The videos of one data set and their frames, both in natural order of their keys.
///
/// `videos` has the columns `dataset`, `video_key`, `label`, `method`, `family`, `split`,
/// `groups` (list of text), `pair`, `kind` (text) and `source_line` (u32), and one of text for each
/// attribute, as `attribute.gender`; `frames` has `video_key`, `frame`
/// (u32) and `path`. Only `method`, `pair` and `source_line` may be null.
#[derive(Clone, Debug)]
pub struct Manifest {
    videos: DataFrame,
    frames: DataFrame,
}

const VIDEOS_FILE: &str = "videos.parquet";
const FRAMES_FILE: &str = "frames.parquet";

impl Manifest {
    /// Sorts the rows and checks them: one data set, unique keys, unique frames, each of a
    /// known video.
    ///
    /// # Errors
    /// [`DataError::Manifest`] names the first row that breaks a rule.
    pub fn new(mut videos: Vec<Video>, mut frames: Vec<Frame>) -> Result<Self, DataError> {
        videos.sort_by(|a, b| natural::compare(&a.key, &b.key));
        frames.sort_by(|a, b| {
            natural::compare(&a.video_key, &b.video_key).then(a.frame.cmp(&b.frame))
        });
        let place = videos.first().map_or_else(String::new, |v| format!("of `{}`", v.dataset));
        check(&videos, &frames).map_err(|why| DataError::Manifest { place, why })?;
        Ok(Self { videos: video_table(&videos), frames: frame_table(&frames) })
    }

    /// The videos as a Polars frame.
    pub fn videos(&self) -> &DataFrame {
        &self.videos
    }

    /// The frames as a Polars frame.
    pub fn frames(&self) -> &DataFrame {
        &self.frames
    }

    /// How many videos are in a split.
    pub fn in_split(&self, split: Split) -> usize {
        let splits = self.videos.column("split").and_then(|column| column.str());
        let splits = splits.expect("checked when the manifest was made");
        splits.iter().filter(|word| *word == Some(Some(split).word())).count()
    }

    /// Whether any video is stored in this way.
    pub fn has_kind(&self, kind: MediaKind) -> bool {
        let kinds = self.videos.column("kind").and_then(|column| column.str());
        let kinds = kinds.expect("checked when the manifest was made");
        kinds.iter().any(|word| word == Some(kind.word()))
    }

    /// The videos as rows.
    pub fn video_rows(&self) -> Vec<Video> {
        video_rows(&self.videos).expect("checked when the manifest was made")
    }

    /// The frames as rows.
    pub fn frame_rows(&self) -> Vec<Frame> {
        frame_rows(&self.frames).expect("checked when the manifest was made")
    }

    /// Each video with its frames.
    pub fn by_video(&self) -> Vec<(Video, Vec<Frame>)> {
        let mut frames = self.frame_rows().into_iter().peekable();
        let with_frames = |video: Video| {
            let mine = std::iter::from_fn(|| frames.next_if(|f| f.video_key == video.key));
            let mine = mine.collect();
            (video, mine)
        };
        self.video_rows().into_iter().map(with_frames).collect()
    }

    /// Digest of the content, whatever the order in which it was listed. The line that
    /// names a video is not content.
    pub fn digest(&self) -> blake3::Hash {
        self.digested(true)
    }

    /// The same without what is said of videos besides: of a release, whose results were made before
    /// anything was read of it that they do not depend on.
    pub fn digest_without_attributes(&self) -> blake3::Hash {
        self.digested(false)
    }

    fn digested(&self, attributes: bool) -> blake3::Hash {
        let mut hasher = blake3::Hasher::new_derive_key("proofmark manifest 2");
        let mut field = |text: Option<&str>| {
            let length = text.map_or(u64::MAX, |t| t.len() as u64);
            hasher.update(&length.to_le_bytes());
            hasher.update(text.unwrap_or_default().as_bytes());
        };
        let count = self.videos.height().to_string();
        field(Some(&count));
        for v in self.video_rows() {
            for text in [&v.dataset, &v.key] {
                field(Some(text));
            }
            for word in [v.label.word(), v.family.word(), v.split.word(), v.kind.word()] {
                field(Some(word));
            }
            field(Some(&v.groups.len().to_string()));
            for group in &v.groups {
                field(Some(group));
            }
            for text in [&v.method, &v.pair] {
                field(text.as_deref());
            }
            // Data sets without attributes keep their digests.
            for (name, value) in v.attributes.iter().filter(|_| attributes) {
                field(Some(name));
                field(Some(value));
            }
        }
        for f in self.frame_rows() {
            field(Some(&f.video_key));
            field(Some(&f.frame.to_string()));
            field(Some(&f.path));
        }
        hasher.finalize()
    }

    /// Writes `videos.parquet` and `frames.parquet` into a folder that exists.
    ///
    /// # Errors
    /// [`DataError::Unwritable`] names the file.
    pub fn write(&self, folder: &Path) -> Result<(), DataError> {
        for (table, name) in [(&self.videos, VIDEOS_FILE), (&self.frames, FRAMES_FILE)] {
            let path = folder.join(name);
            let unwritable = |why: String| DataError::Unwritable { path: path.clone(), why };
            let file = File::create(&path).map_err(|e| unwritable(e.to_string()))?;
            let mut table = table.clone();
            ParquetWriter::new(file).finish(&mut table).map_err(|e| unwritable(e.to_string()))?;
        }
        Ok(())
    }

    /// Reads what [`Manifest::write`] wrote, with every check of [`Manifest::new`].
    ///
    /// # Errors
    /// The file and what is wrong with it.
    pub fn read(folder: &Path) -> Result<Self, DataError> {
        let video_file = folder.join(VIDEOS_FILE);
        let frame_file = folder.join(FRAMES_FILE);
        let damaged = |path: &Path| {
            let place = path.display().to_string();
            move |why: String| DataError::Manifest { place, why }
        };
        let videos = layout::cells::read_parquet(&video_file)?;
        let videos = video_rows(&videos).map_err(damaged(&video_file))?;
        let frames = layout::cells::read_parquet(&frame_file)?;
        let frames = frame_rows(&frames).map_err(damaged(&frame_file))?;
        check(&videos, &frames).map_err(damaged(folder))?;
        Self::new(videos, frames)
    }
}

/// The rules of a manifest.
fn check(videos: &[Video], frames: &[Frame]) -> Result<(), String> {
    let mut keys = HashSet::with_capacity(videos.len());
    for video in videos {
        if video.dataset != videos[0].dataset {
            return Err(format!("data sets `{}` and `{}`", videos[0].dataset, video.dataset));
        }
        if video.key.is_empty() || !keys.insert(video.key.as_str()) {
            return Err(format!("the video key `{}` is empty or not unique", video.key));
        }
        if (video.label == Label::Real) != video.family.is_none() {
            return Err(format!("the label and family of video `{}` disagree", video.key));
        }
    }
    let mut seen = HashSet::with_capacity(frames.len());
    for frame in frames {
        if !keys.contains(frame.video_key.as_str()) {
            return Err(format!("the frame `{}` belongs to no video", frame.path));
        }
        if !seen.insert((frame.video_key.as_str(), frame.frame)) {
            return Err(format!("frame {} of `{}` occurs twice", frame.frame, frame.video_key));
        }
    }
    Ok(())
}

#[cfg(test)]
#[path = "manifest_tests.rs"]
mod tests;
