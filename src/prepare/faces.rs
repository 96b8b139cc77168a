//! The prepared faces of one data set together with what became of each video.
//!
//! Beside the shards lie two tables: `videos.parquet` with a row for every video of the
//! manifest, and `frames.parquet` with a row for every frame that was looked at.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::path::{Path, PathBuf};

use polars::prelude::*;

use super::store::{FaceFile, Look, PreparedVideo, Status};
use proofmark_data::Manifest;

const VIDEOS: &str = "videos.parquet";
const FRAMES: &str = "frames.parquet";

/// One video of a face store.
#[derive(Clone, Debug, PartialEq)]
pub struct FaceVideo {
    /// What became of it.
    pub status: Status,
    /// Frames that were looked at.
    pub frames: u32,
    /// First of its faces in the face store.
    pub first_face: usize,
    /// Number of its faces.
    pub faces: usize,
}

/// The prepared faces of one data set.
#[derive(Debug)]
pub struct Faces {
    /// The crops.
    pub file: FaceFile,
    /// Every video of the manifest, by key.
    pub videos: BTreeMap<String, FaceVideo>,
    folder: PathBuf,
}

impl Faces {
    /// Opens the result of a preparation.
    ///
    /// # Errors
    /// A table or shard that is not there or damaged, or does not fit the others.
    pub fn open(folder: &Path) -> Result<Self, String> {
        let path = folder.join(VIDEOS);
        let table = read(&path)?;
        let rows = rows(&table).map_err(|e| unreadable(&path, &e))?;
        let shards = rows.iter().map(|row| (row.key, row.video.faces, row.shard));
        let file = FaceFile::open(folder, shards).map_err(|e| e.to_string())?;
        let mut first_face = 0;
        let place = |row: Row<'_>| {
            let video = FaceVideo { first_face, ..row.video };
            first_face += video.faces;
            (row.key.to_owned(), video)
        };
        let videos = rows.into_iter().map(place).collect();
        Ok(Self { file, videos, folder: folder.to_owned() })
    }

    /// A video of the manifest.
    ///
    /// # Errors
    /// Tables that lack it, and so are of another manifest.
    pub fn video(&self, key: &str) -> Result<&FaceVideo, String> {
        self.videos.get(key).ok_or_else(|| {
            format!(
                "{} has no video {key}, although it was prepared from a list that has it; remove \
                 the folder, and it is made again",
                self.folder.display()
            )
        })
    }
}

/// A row of the table of videos.
struct Row<'a> {
    key: &'a str,
    shard: Option<&'a str>,
    video: FaceVideo,
}

fn rows(table: &DataFrame) -> PolarsResult<Vec<Row<'_>>> {
    let (keys, words) = (table.column("video_key")?.str()?, table.column("status")?.str()?);
    let (reasons, shards) = (table.column("why")?.str()?, table.column("shard")?.str()?);
    let (frames, faces) = (table.column("frames")?.u32()?, table.column("faces")?.u32()?);
    let row = |i: usize| {
        let status = words.get(i).and_then(|word| Status::from_word(word, reasons.get(i)));
        let (frames, faces) = (frames.get(i)?, faces.get(i)? as usize);
        let video = FaceVideo { status: status?, frames, first_face: 0, faces };
        Some(Row { key: keys.get(i)?, shard: shards.get(i), video })
    };
    let damaged = |i: usize| polars_err!(ComputeError: "row {} is damaged", i + 1);
    (0..table.height()).map(|i| row(i).ok_or_else(|| damaged(i))).collect()
}

/// Writes both tables: the columns of the manifest and what became of each of its videos.
/// `videos` has all of them, in the order of the manifest.
///
/// # Errors
/// What the disk says.
pub fn write_tables(
    folder: &Path,
    manifest: &Manifest,
    videos: &[&PreparedVideo],
) -> Result<(), String> {
    let mut table = manifest.videos().clone();
    let text = |name: &str, value: fn(&PreparedVideo) -> Option<&str>| {
        Column::new(name.into(), videos.iter().map(|v| value(v)).collect::<Vec<_>>())
    };
    let number = |name: &str, value: fn(&PreparedVideo) -> u32| {
        Column::new(name.into(), videos.iter().map(|v| value(v)).collect::<Vec<_>>())
    };
    let columns = [
        text("status", |v| Some(v.status.word())),
        text("why", |v| v.status.why()),
        text("trouble", |v| v.trouble.as_deref()),
        number("frames", |v| v.looks.len() as u32),
        number("unreadable_frames", PreparedVideo::unreadable_frames),
        number("frames_without_face", PreparedVideo::frames_without_face),
        number("faces", |v| v.faces as u32),
        text("shard", |v| v.shard.as_deref()),
    ];
    // pandas cannot read lists of text that Polars writes.
    let groups: Vec<String> =
        manifest.video_rows().iter().map(|video| video.groups.join(" | ")).collect();
    let widened = table
        .with_column(Column::new("groups".into(), groups))
        .and_then(|table| table.hstack_mut(&columns).map(|_| ()));
    widened.map_err(|e| e.to_string())?;
    write(&folder.join(VIDEOS), &mut table)?;
    write(&folder.join(FRAMES), &mut frames(manifest, videos).map_err(|e| e.to_string())?)
}

/// Every frame that was looked at, with its time and the path of its image where it has them.
fn frames(manifest: &Manifest, videos: &[&PreparedVideo]) -> PolarsResult<DataFrame> {
    let listed = manifest.frame_rows();
    let paths: HashMap<(&str, u32), &str> =
        listed.iter().map(|f| ((f.video_key.as_str(), f.frame), f.path.as_str())).collect();
    let looks: Vec<_> = videos
        .iter()
        .flat_map(|v| v.looks.iter().map(|look| (v.video_key.as_str(), look)))
        .collect();
    let path = |(key, look): &(&str, &Look)| paths.get(&(*key, look.frame)).copied();
    let columns = vec![
        Column::new("video_key".into(), looks.iter().map(|(key, _)| *key).collect::<Vec<_>>()),
        Column::new("frame".into(), looks.iter().map(|(_, l)| l.frame).collect::<Vec<_>>()),
        Column::new("seconds".into(), looks.iter().map(|(_, l)| l.seconds).collect::<Vec<_>>()),
        Column::new("faces".into(), looks.iter().map(|(_, l)| l.faces).collect::<Vec<_>>()),
        Column::new("path".into(), looks.iter().map(path).collect::<Vec<_>>()),
    ];
    DataFrame::new(looks.len(), columns)
}

/// Reads what became of each video from both tables, without opening a shard.
///
/// # Errors
/// A table that is not there or damaged.
pub fn read_tables(folder: &Path) -> Result<Vec<PreparedVideo>, String> {
    let (videos, frames) = (folder.join(VIDEOS), folder.join(FRAMES));
    let mut looks = looks(&read(&frames)?).map_err(|e| unreadable(&frames, &e))?;
    let table = read(&videos)?;
    let mut prepared = || -> PolarsResult<Vec<PreparedVideo>> {
        let troubles = table.column("trouble")?.str()?;
        let video = |(row, trouble): (Row<'_>, Option<&str>)| PreparedVideo {
            video_key: row.key.to_owned(),
            status: row.video.status,
            trouble: trouble.map(str::to_owned),
            looks: looks.remove(row.key).unwrap_or_default(),
            faces: row.video.faces,
            shard: row.shard.map(str::to_owned),
        };
        Ok(rows(&table)?.into_iter().zip(troubles.iter()).map(video).collect())
    };
    prepared().map_err(|e| unreadable(&videos, &e))
}

/// The frames that were looked at, by video.
fn looks(table: &DataFrame) -> PolarsResult<HashMap<String, Vec<Look>>> {
    let keys = table.column("video_key")?.str()?;
    let (frames, seconds) = (table.column("frame")?.u32()?, table.column("seconds")?.f64()?);
    let faces = table.column("faces")?.u32()?;
    let mut looks: HashMap<String, Vec<Look>> = HashMap::new();
    for i in 0..table.height() {
        let (Some(key), Some(frame)) = (keys.get(i), frames.get(i)) else {
            polars_bail!(ComputeError: "row {} is damaged", i + 1);
        };
        let look = Look { frame, seconds: seconds.get(i), faces: faces.get(i) };
        match looks.get_mut(key) {
            Some(of) => of.push(look),
            None => drop(looks.insert(key.to_owned(), vec![look])),
        }
    }
    Ok(looks)
}

fn read(path: &Path) -> Result<DataFrame, String> {
    proofmark_parquet::stored(path).map_err(|e| e.told(path))
}

fn unreadable(path: &Path, why: &dyn std::fmt::Display) -> String {
    format!("cannot read {}: {why}", path.display())
}

fn write(path: &Path, table: &mut DataFrame) -> Result<(), String> {
    let failed = |e: &dyn std::fmt::Display| format!("cannot write {}: {e}", path.display());
    let file = File::create(path).map_err(|e| failed(&e))?;
    ParquetWriter::new(file).finish(table).map(|_| ()).map_err(|e| failed(&e))
}

#[cfg(test)]
#[path = "faces_tests.rs"]
mod tests;
