//! Writes faces video by video. What was written of a video that is journalled stays, whatever
//! becomes of the process.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use arrow_ipc::writer::FileWriter;
use arrow_schema::Schema;

use super::error::FaceStoreError;
use super::face::{Face, batch, schema};
use super::journal::{Journal, PreparedVideo};
use super::part::{OPEN, SHARD, Share, files, shard_name};

/// Faces in a record batch.
const BATCH: usize = 256;
/// Bytes after which a shard is full.
const FULL: u64 = 256 << 20;

/// Writes the faces of one share of a data set's videos, in the order in which they come.
#[derive(Debug)]
pub struct FaceWriter {
    folder: PathBuf,
    part: Share,
    side: u32,
    journal: Journal,
    /// Bytes after which a shard is full.
    full: u64,
    shard: Option<Shard>,
    next: u32,
    pending: Vec<Face>,
    /// Videos that are journalled once the pending faces are written.
    waiting: Vec<PreparedVideo>,
    /// Videos of which a part is written: their shard has to stay open.
    begun: BTreeSet<String>,
}

/// A shard that is being written.
struct Shard {
    name: String,
    path: PathBuf,
    writer: FileWriter<BufWriter<File>>,
    bytes: u64,
}

impl FaceWriter {
    /// A writer for crops of `side` × `side`, which goes on after the shards in the folder.
    ///
    /// # Errors
    /// A folder that cannot be read or written.
    pub fn open(folder: &Path, part: Share, side: u32) -> Result<Self, FaceStoreError> {
        let stem = part.stem();
        let number = |name: &str| name.strip_prefix(&stem)?.strip_prefix('.')?.parse().ok();
        let shards = files(folder, SHARD).map_err(|e| FaceStoreError::read(folder, e))?;
        let last: Option<u32> = shards.iter().filter_map(|(name, _)| number(name)).max();
        Ok(Self {
            folder: folder.to_owned(),
            part,
            side,
            journal: Journal::open(folder, &stem)?,
            full: FULL,
            shard: None,
            next: last.map_or(0, |last| last + 1),
            pending: Vec::new(),
            waiting: Vec::new(),
            begun: BTreeSet::new(),
        })
    }

    /// Writes some faces of a video that goes on, so that they need not be kept in memory.
    pub fn begin(&mut self, video_key: &str, faces: Vec<Face>) -> Result<(), FaceStoreError> {
        self.begun.insert(video_key.to_owned());
        self.pending.extend(faces);
        self.flush()
    }

    /// Adds a video with the faces that are left of it. `now` puts it out of danger at once;
    /// else it may wait until some hundred faces are together.
    pub fn finish_video(
        &mut self,
        video: PreparedVideo,
        faces: Vec<Face>,
        now: bool,
    ) -> Result<(), FaceStoreError> {
        self.begun.remove(&video.video_key);
        self.pending.extend(faces);
        self.waiting.push(video);
        if now || self.pending.len() >= BATCH { self.flush() } else { Ok(()) }
    }

    /// Writes what is pending, then journals the videos that are complete by that.
    fn flush(&mut self) -> Result<(), FaceStoreError> {
        let faces = std::mem::take(&mut self.pending);
        for faces in faces.chunks(BATCH) {
            let side = self.side;
            let shard = self.shard()?;
            shard.write(faces, side)?;
        }
        for mut video in std::mem::take(&mut self.waiting) {
            let name = self.shard.as_ref().map(|shard| shard.name.clone());
            video.shard = name.filter(|_| video.faces > 0);
            self.journal.add(&video)?;
        }
        let full = self.shard.as_ref().is_some_and(|shard| shard.bytes >= self.full);
        if full && self.begun.is_empty() { self.close() } else { Ok(()) }
    }

    fn shard(&mut self) -> Result<&mut Shard, FaceStoreError> {
        match &mut self.shard {
            Some(shard) => Ok(shard),
            none => {
                let name = shard_name(&self.part.stem(), self.next);
                self.next += 1;
                Ok(none.insert(Shard::create(&self.folder, name, self.side)?))
            }
        }
    }

    /// Ends the shard. Its videos are on the disk before it has its name.
    fn close(&mut self) -> Result<(), FaceStoreError> {
        let Some(shard) = self.shard.take() else { return Ok(()) };
        self.journal.sync()?;
        shard.finish(&self.folder)
    }

    /// Writes what is left. A shard with a part of a video that was not finished stays open, so
    /// that [`super::recover()`] leaves that part out.
    ///
    /// # Errors
    /// A disk that is full, above all; what was journalled stays.
    pub fn finish(mut self) -> Result<(), FaceStoreError> {
        self.flush()?;
        if self.begun.is_empty() {
            self.close()?;
        }
        self.journal.sync()
    }
}

impl Shard {
    fn create(folder: &Path, name: String, side: u32) -> Result<Self, FaceStoreError> {
        let path = folder.join(format!("{name}{OPEN}"));
        let writer = writer(&path, &schema(side))?;
        Ok(Self { name, path, writer, bytes: 0 })
    }

    /// Writes a batch through to the system, where it outlives this process.
    fn write(&mut self, faces: &[Face], side: u32) -> Result<(), FaceStoreError> {
        let rows = batch(faces, side);
        let written = rows.and_then(|rows| {
            self.bytes += rows.get_array_memory_size() as u64;
            self.writer.write(&rows)?;
            self.writer.flush()
        });
        written.map_err(|e| FaceStoreError::write(&self.path, e))
    }

    fn finish(self, folder: &Path) -> Result<(), FaceStoreError> {
        let target = folder.join(format!("{}{SHARD}", self.name));
        end(self.writer, &self.path, &target)
    }
}

impl std::fmt::Debug for Shard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shard").field("path", &self.path).finish_non_exhaustive()
    }
}

/// A new file for faces in these columns. One that is there is never emptied: it may be another
/// writer's.
pub(super) fn writer(
    path: &Path,
    columns: &Schema,
) -> Result<FileWriter<BufWriter<File>>, FaceStoreError> {
    let file = File::create_new(path).map_err(|e| FaceStoreError::write(path, e))?;
    let writer = FileWriter::try_new(BufWriter::new(file), columns);
    writer.map_err(|e| FaceStoreError::write(path, e))
}

/// Writes the footer, waits for the disk, and gives the file its name.
pub(super) fn end(
    mut writer: FileWriter<BufWriter<File>>,
    path: &Path,
    target: &Path,
) -> Result<(), FaceStoreError> {
    let failed = |e| FaceStoreError::write(path, e);
    writer.finish().map_err(|e| FaceStoreError::write(path, e))?;
    let mut buffer = writer.into_inner().map_err(|e| FaceStoreError::write(path, e))?;
    buffer.flush().and_then(|()| buffer.get_ref().sync_all()).map_err(failed)?;
    std::fs::rename(path, target).map_err(failed)
}

#[cfg(test)]
#[path = "writer_tests.rs"]
mod tests;
