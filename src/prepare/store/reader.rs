//! The shards of a face store, read in place.

use std::collections::HashMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::{
    Array, BinaryArray, FixedSizeListArray, Float32Array, RecordBatch, StringArray, UInt32Array,
};
use arrow_buffer::Buffer;
use arrow_ipc::convert::try_fb_to_schema;
use arrow_ipc::reader::{FileDecoder, read_footer_length};
use arrow_ipc::root_as_footer;
use arrow_schema::ArrowError;
use arrow_schema::SchemaRef;

use super::error::FaceStoreError;
use super::face::{FORM, SIDE, damaged, is_form};
use super::part::SHARD;
use super::pixels;
use proofmark_base::guard::guarded;

/// Largest side of a crop that is believed.
const MAX_SIDE: u32 = 8192;

/// The faces of some videos of a data set, in the order of the videos.
#[derive(Debug)]
pub struct FaceFile {
    batches: Vec<RecordBatch>,
    /// The shards, each with the number of its first batch.
    shards: Vec<(u32, PathBuf)>,
    /// Batch and row of each face.
    rows: Vec<(u32, u32)>,
    side: u32,
}

/// The batches of one shard.
pub(super) struct OpenShard {
    pub(super) batches: Vec<RecordBatch>,
    side: u32,
}

impl FaceFile {
    /// Opens the faces of videos, of which each has a key, a number of faces, and the shard
    /// where they are. Nothing is copied. What is said of each face is compared with its checksum
    /// here, its pixels when they are read.
    ///
    /// # Errors
    /// A shard that is not there or damaged, or has other faces than the videos should have.
    pub fn open<'a>(
        folder: &Path,
        videos: impl Iterator<Item = (&'a str, usize, Option<&'a str>)>,
    ) -> Result<Self, FaceStoreError> {
        let mut indices: HashMap<&str, Index> = HashMap::new();
        let mut shards = Vec::new();
        let mut batches: Vec<RecordBatch> = Vec::new();
        let mut rows = Vec::new();
        let mut side = None;
        for (key, faces, shard) in videos {
            let Some(shard) = shard else { continue };
            let path = folder.join(format!("{shard}{SHARD}"));
            if !indices.contains_key(shard) {
                let opened = open_shard(&path)?;
                let expected = *side.get_or_insert(opened.side);
                if opened.side != expected {
                    let why = format!("its crops have {} pixels, others {expected}", opened.side);
                    return Err(FaceStoreError::damaged(&path, why));
                }
                let first = batches.len() as u32;
                indices.insert(shard, index(&opened.batches, first));
                shards.push((first, path.clone()));
                batches.extend(opened.batches);
            }
            let of = indices.get_mut(shard).and_then(|of| of.remove(key)).unwrap_or_default();
            if of.len() != faces {
                let why = format!("it has {} faces of {key} and should have {faces}", of.len());
                return Err(FaceStoreError::damaged(&path, why));
            }
            rows.extend(of);
        }
        Ok(Self { batches, shards, rows, side: side.unwrap_or(0) })
    }

    /// Number of faces.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Side of the crops in pixels; 0 if there are none.
    pub fn side(&self) -> u32 {
        self.side
    }

    fn at<T: 'static>(&self, index: usize, column: usize) -> (&T, usize) {
        let (batch, row) = self.rows[index];
        let column = self.batches[batch as usize].column(column);
        let column = column.as_any().downcast_ref();
        (column.expect("the schema was checked on opening"), row as usize)
    }

    /// Key of the video of face `index`.
    pub fn video_key(&self, index: usize) -> &str {
        let (column, row) = self.at::<StringArray>(index, 0);
        column.value(row)
    }

    /// Frame within the video, and face within the frame.
    pub fn place(&self, index: usize) -> (u32, u32) {
        let number = |column| {
            let (column, row) = self.at::<UInt32Array>(index, column);
            column.value(row)
        };
        (number(1), number(3))
    }

    /// The box of face `index` in pixels of its frame (left, top, right, bottom), if a
    /// detector found it.
    pub fn bbox(&self, index: usize) -> Option<[f32; 4]> {
        let (boxes, row) = self.at::<FixedSizeListArray>(index, 4);
        let edges = boxes.is_valid(row).then(|| boxes.value(row))?;
        let edges = edges.as_any().downcast_ref::<Float32Array>();
        let edges = edges.expect("the schema was checked on opening").values();
        Some([edges[0], edges[1], edges[2], edges[3]])
    }

    /// Area of the box of face `index` in pixels of its frame, if a detector found it.
    pub fn area(&self, index: usize) -> Option<f32> {
        let [left, top, right, bottom] = self.bbox(index)?;
        Some((right - left).max(0.0) * (bottom - top).max(0.0))
    }

    /// Width and height of the frame of face `index` in pixels.
    pub fn source(&self, index: usize) -> (u32, u32) {
        let side = |column| {
            let (column, row) = self.at::<UInt32Array>(index, column);
            column.value(row)
        };
        (side(7), side(8))
    }

    /// The shorter side of face `index` before it was cut, in pixels: of the box that the
    /// detector found, or of the whole image where there was none.
    pub fn shorter_side(&self, index: usize) -> f32 {
        match self.bbox(index) {
            Some([left, top, right, bottom]) => (right - left).min(bottom - top),
            None => {
                let (width, height) = self.source(index);
                width.min(height) as f32
            }
        }
    }

    /// Reads RGB pixels into `rgb`, side × side × 3 bytes.
    ///
    /// # Errors
    /// A crop that is damaged.
    pub fn crop(&self, index: usize, rgb: &mut Vec<u8>) -> Result<(), FaceStoreError> {
        let (column, row) = self.at::<BinaryArray>(index, 9);
        pixels::unpack(column.value(row), self.side, rgb).map_err(|e| {
            let ((frame, face), key) = (self.place(index), self.video_key(index));
            let why = format!("the crop of face {face} in frame {frame} of {key} is damaged ({e})");
            FaceStoreError::damaged(self.shard(index), why)
        })
    }

    /// The shard of face `index`.
    fn shard(&self, index: usize) -> &Path {
        let (batch, _) = self.rows[index];
        let before = self.shards.partition_point(|(first, _)| *first <= batch);
        &self.shards[before - 1].1
    }
}

/// Batch and row of every face, by video, in the order in which they were written.
type Index = HashMap<String, Vec<(u32, u32)>>;

/// The index of a shard whose first batch has this number.
fn index(batches: &[RecordBatch], first: u32) -> Index {
    let mut of = Index::new();
    for (batch, number) in batches.iter().zip(first..) {
        let keys = batch.column(0).as_any().downcast_ref::<StringArray>();
        let keys = keys.expect("the schema was checked on opening");
        for (key, row) in keys.iter().flatten().zip(0..) {
            match of.get_mut(key) {
                Some(rows) => rows.push((number, row)),
                None => {
                    of.insert(key.to_owned(), vec![(number, row)]);
                }
            }
        }
    }
    of
}

/// Opens one shard without copying it.
pub(super) fn open_shard(path: &Path) -> Result<OpenShard, FaceStoreError> {
    let fail = |why: &dyn std::fmt::Display| FaceStoreError::damaged(path, why);
    let file = File::open(path).map_err(|e| FaceStoreError::damaged(path, e))?;
    // SAFETY: shards are written under another name, renamed into place whole and never
    // changed afterwards.
    let map = unsafe { memmap2::Mmap::map(&file) }.map_err(|e| fail(&e))?;
    let buffer = Buffer::from(bytes::Bytes::from_owner(map));
    let decoded = guarded(|| decode(&buffer)).map_err(|e| fail(&e))?;
    let (schema, batches) = decoded.map_err(|e| fail(&e))?;
    let side = side(&schema).ok_or_else(|| fail(&"it does not say the size of its crops"))?;
    let mut before = 0;
    for batch in &batches {
        if let Some(row) = damaged(batch).first() {
            let row = before + row + 1;
            return Err(fail(&format!("what it says of the face in row {row} is damaged")));
        }
        before += batch.num_rows();
    }
    Ok(OpenShard { batches, side })
}

fn side(schema: &SchemaRef) -> Option<u32> {
    let side = schema.metadata().get(SIDE)?.parse().ok();
    side.filter(|side| *side <= MAX_SIDE)
}

fn decode(buffer: &Buffer) -> Result<(SchemaRef, Vec<RecordBatch>), ArrowError> {
    let broken = |what: &str| ArrowError::ParseError(what.to_owned());
    let trailer = buffer.len().checked_sub(10).ok_or_else(|| broken("the file is too short"))?;
    let length = read_footer_length(
        buffer[trailer..].try_into().map_err(|_| broken("the file is too short"))?,
    )?;
    let start = trailer.checked_sub(length).ok_or_else(|| broken("the footer is cut off"))?;
    let footer = root_as_footer(&buffer[start..trailer]).map_err(|e| broken(&e.to_string()))?;
    let stored = footer.schema().ok_or_else(|| broken("there is no schema"))?;
    let found: SchemaRef = Arc::new(try_fb_to_schema(stored)?);
    let form = found.metadata().get(FORM.0).map(String::as_str);
    if form != Some(FORM.1) || !side(&found).is_some_and(|side| is_form(&found, side)) {
        return Err(broken("its columns are not those of a face store"));
    }
    let decoder = FileDecoder::new(Arc::clone(&found), footer.version());
    let slice = |block: &arrow_ipc::Block| {
        let length = block.bodyLength() as usize + block.metaDataLength() as usize;
        match (block.offset() as usize).checked_add(length) {
            Some(end) if end <= buffer.len() => {
                Ok(buffer.slice_with_length(block.offset() as usize, length))
            }
            _ => Err(broken("a batch lies outside the file")),
        }
    };
    let mut batches = Vec::new();
    for block in footer.recordBatches().into_iter().flatten() {
        batches.extend(decoder.read_record_batch(block, &slice(block)?)?);
    }
    Ok((found, batches))
}
