//! What an interrupted writer left: videos that need not be made again.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use arrow::array::{Array, BooleanArray, RecordBatch, StringArray};
use arrow::compute::filter_record_batch;
use arrow::error::ArrowError;
use arrow::ipc::reader::StreamReader;

use super::error::StoreError;
use super::face::schema;
use super::journal::{self, PreparedVideo};
use super::part::{OPEN, Part, SHARD, files};
use super::reader::open_shard;
use super::writer::{end, writer};

/// What is there already.
#[derive(Debug, Default)]
pub struct Recovered {
    /// The videos that are done, by key, whoever made them.
    pub videos: BTreeMap<String, PreparedVideo>,
}

/// Where a message of the IPC stream begins.
const CONTINUATION: [u8; 4] = [0xff; 4];
/// Where in a file the first message begins, at most.
const LEAD: usize = 128;

/// Ends the shards that an interrupted writer of this part left open, and lists what is done.
/// The whole owns the files of every share, too, so no other writer may be at work.
///
/// # Errors
/// Files that cannot be read or written.
pub fn recover(folder: &Path, part: Part, side: u32) -> Result<Recovered, StoreError> {
    let mine = |shard: &str| {
        !part.is_share() || shard.rsplit_once('.').is_some_and(|(stem, _)| stem == part.stem())
    };
    let unreadable = |e| StoreError::read(folder, e);
    let mut videos = journal::read(folder)?;
    for (name, path) in files(folder, OPEN).map_err(unreadable)? {
        if !mine(&name) {
            continue;
        }
        let target = folder.join(format!("{name}{SHARD}"));
        if !target.exists() {
            salvage(&path, &target, &name, &videos, side)?;
        }
        if path.exists() {
            std::fs::remove_file(&path).map_err(|e| StoreError::write(&path, e))?;
        }
    }
    // After a power failure a journal may know more than the disk.
    let mut stored: HashMap<String, HashMap<String, usize>> = HashMap::new();
    for (name, path) in files(folder, SHARD).map_err(unreadable)? {
        if mine(&name) {
            stored.insert(name, faces_of_videos(&path)?);
        }
    }
    videos.retain(|key, video| match &video.shard {
        Some(shard) if mine(shard) => {
            stored.get(shard).and_then(|faces| faces.get(key)) == Some(&video.faces)
        }
        _ => true,
    });
    Ok(Recovered { videos })
}

fn faces_of_videos(path: &Path) -> Result<HashMap<String, usize>, StoreError> {
    let mut faces = HashMap::new();
    for batch in open_shard(path)?.batches {
        for key in keys(&batch).iter().flatten() {
            match faces.get_mut(key) {
                Some(count) => *count += 1,
                None => {
                    faces.insert(key.to_owned(), 1);
                }
            }
        }
    }
    Ok(faces)
}

/// Copies the whole batches of a shard without an end into one that has an end, as far as the
/// journal says that their videos are done.
fn salvage(
    path: &Path,
    target: &Path,
    name: &str,
    videos: &BTreeMap<String, PreparedVideo>,
    side: u32,
) -> Result<(), StoreError> {
    let done = |key: &str| videos.get(key).is_some_and(|v| v.shard.as_deref() == Some(name));
    let copy = path.with_extension("copy");
    let mut out = writer(&copy, side)?;
    let mut rows = 0;
    let mut write = |batch: &RecordBatch| -> Result<(), ArrowError> {
        let kept: BooleanArray = keys(batch).iter().map(|key| key.map(done)).collect();
        let batch = filter_record_batch(batch, &kept)?;
        rows += batch.num_rows();
        if batch.num_rows() > 0 { out.write(&batch) } else { Ok(()) }
    };
    for batch in whole_batches(path, side).map_err(|e| StoreError::read(path, e))? {
        // The first that is cut off is the last that was begun.
        let Ok(batch) = batch else { break };
        write(&batch).map_err(|e| StoreError::write(&copy, e))?;
    }
    if rows > 0 {
        return end(out, &copy, target);
    }
    drop(out);
    std::fs::remove_file(&copy).map_err(|e| StoreError::write(&copy, e))
}

/// The batches of a file that may have no end, of this form.
fn whole_batches(
    path: &Path,
    side: u32,
) -> std::io::Result<Box<dyn Iterator<Item = Result<RecordBatch, ArrowError>>>> {
    let mut file = File::open(path)?;
    let mut lead = Vec::new();
    file.by_ref().take(LEAD as u64).read_to_end(&mut lead)?;
    // What stands before the messages is padded to a multiple of eight bytes.
    let first = (0..lead.len()).step_by(8).find(|at| lead[*at..].starts_with(&CONTINUATION));
    let Some(first) = first else { return Ok(Box::new(std::iter::empty())) };
    file.seek(SeekFrom::Start(first as u64))?;
    match StreamReader::try_new(BufReader::new(file), None) {
        Ok(reader) if reader.schema() == schema(side) => Ok(Box::new(reader)),
        _ => Ok(Box::new(std::iter::empty())),
    }
}

/// The videos of a batch's faces.
fn keys(batch: &RecordBatch) -> &StringArray {
    batch.column(0).as_any().downcast_ref().expect("the schema was checked on opening")
}
