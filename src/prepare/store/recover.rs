//! What an interrupted writer left: videos that need not be made again.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use arrow_array::cast::AsArray;
use arrow_array::{BooleanArray, RecordBatch, StringArray};
use arrow_ipc::reader::StreamReader;
use arrow_select::filter::filter_record_batch;

use super::error::FaceStoreError;
use super::face::{damaged, is_form};
use super::journal::{self, Lines, PreparedVideo};
use super::part::{OPEN, SHARD, Share, files};
use super::pixels;
use super::reader::open_shard;
use super::writer::{end, writer};
use proofmark_base::guard::guarded;
use proofmark_base::store::set_aside;

/// What is there already.
#[derive(Debug, Default)]
pub struct Recovered {
    /// The videos that are done, by key, whoever made them.
    pub videos: BTreeMap<String, PreparedVideo>,
    /// What was lost, in words.
    pub notes: Vec<String>,
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
pub fn recover(folder: &Path, part: Share, side: u32) -> Result<Recovered, FaceStoreError> {
    let mine = |shard: &str| {
        !part.is_share() || shard.rsplit_once('.').is_some_and(|(stem, _)| stem == part.stem())
    };
    let unreadable = |e| FaceStoreError::read(folder, e);
    let Lines { mut videos, lost } = journal::read(folder)?;
    let mut notes = Vec::new();
    if let Some((path, line)) = lost.first() {
        let others = match lost.len() {
            1 => String::new(),
            several => format!(", and {} more", several - 1),
        };
        notes.push(format!(
            "{}, line {line}{others}: cut off or damaged; the videos of which it told are prepared \
             again",
            path.display()
        ));
    }
    for (name, path) in files(folder, OPEN).map_err(unreadable)? {
        if !mine(&name) {
            continue;
        }
        let target = folder.join(format!("{name}{SHARD}"));
        if !target.exists() {
            salvage(&path, &target, &name, &videos, side)?;
        }
        if path.exists() {
            std::fs::remove_file(&path).map_err(|e| FaceStoreError::write(&path, e))?;
        }
    }
    // After a power failure a journal may know more than the disk.
    let mut stored: HashMap<String, HashMap<String, usize>> = HashMap::new();
    for (name, path) in files(folder, SHARD).map_err(unreadable)? {
        if !mine(&name) {
            continue;
        }
        File::open(&path).map_err(|e| FaceStoreError::read(&path, e))?;
        match faces_of_videos(&path) {
            Ok(faces) => drop(stored.insert(name, faces)),
            Err(error) => {
                let aside = set_aside(&path).map_err(|e| FaceStoreError::write(&path, e))?;
                notes.push(format!("{} is damaged ({})", aside.display(), error.why));
            }
        }
    }
    let before = videos.len();
    let mut example = None;
    videos.retain(|key, video| match &video.shard {
        Some(shard) if mine(shard) => {
            let whole = stored.get(shard).and_then(|faces| faces.get(key)) == Some(&video.faces);
            if !whole {
                example.get_or_insert_with(|| key.clone());
            }
            whole
        }
        _ => true,
    });
    if let Some(example) = example {
        notes.push(format!(
            "of {} videos, such as {example}, an earlier run left damaged faces, or too few; they \
             are prepared again",
            before - videos.len()
        ));
    }
    Ok(Recovered { videos, notes })
}

fn faces_of_videos(path: &Path) -> Result<HashMap<String, usize>, FaceStoreError> {
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
/// journal says that their videos are done. Faces that are damaged stay out.
fn salvage(
    path: &Path,
    target: &Path,
    name: &str,
    videos: &BTreeMap<String, PreparedVideo>,
    side: u32,
) -> Result<(), FaceStoreError> {
    let done = |key: &str| videos.get(key).is_some_and(|v| v.shard.as_deref() == Some(name));
    let unreadable = |e: &dyn std::fmt::Display| FaceStoreError::read(path, e);
    let Some(mut batches) = whole_batches(path, side).map_err(|e| unreadable(&e))? else {
        return Ok(());
    };
    let copy = path.with_extension("copy");
    if copy.exists() {
        std::fs::remove_file(&copy).map_err(|e| FaceStoreError::write(&copy, e))?;
    }
    let mut out = writer(&copy, &batches.schema())?;
    let mut rows = 0;
    // The first that is cut off is the last that was begun.
    while let Ok(Some(Ok(batch))) = guarded(|| batches.next()) {
        let damaged = damaged(&batch);
        let crops = batch.column(9).as_binary::<i32>();
        let mut rgb = Vec::new();
        let mut whole = |row| {
            !damaged.contains(&row) && pixels::unpack(crops.value(row), side, &mut rgb).is_ok()
        };
        let wanted = keys(&batch).iter().map(|key| key.is_some_and(done)).enumerate();
        let kept: BooleanArray = wanted.map(|(row, done)| Some(done && whole(row))).collect();
        let written = filter_record_batch(&batch, &kept).and_then(|batch| {
            rows += batch.num_rows();
            if batch.num_rows() > 0 { out.write(&batch) } else { Ok(()) }
        });
        written.map_err(|e| FaceStoreError::write(&copy, e))?;
    }
    if rows > 0 {
        return end(out, &copy, target);
    }
    drop(out);
    std::fs::remove_file(&copy).map_err(|e| FaceStoreError::write(&copy, e))
}

/// The batches of a file that may have no end; none of a file that is none of faces.
fn whole_batches(path: &Path, side: u32) -> std::io::Result<Option<StreamReader<BufReader<File>>>> {
    let mut file = File::open(path)?;
    let mut lead = Vec::new();
    file.by_ref().take(LEAD as u64).read_to_end(&mut lead)?;
    // What stands before the messages is padded to a multiple of eight bytes.
    let first = (0..lead.len()).step_by(8).find(|at| lead[*at..].starts_with(&CONTINUATION));
    let Some(first) = first else { return Ok(None) };
    file.seek(SeekFrom::Start(first as u64))?;
    let reader = guarded(|| StreamReader::try_new(BufReader::new(file), None));
    let reader = reader.ok().and_then(Result::ok);
    Ok(reader.filter(|reader| is_form(&reader.schema(), side)))
}

/// The videos of a batch's faces.
fn keys(batch: &RecordBatch) -> &StringArray {
    batch.column(0).as_any().downcast_ref().expect("the schema was checked on opening")
}
