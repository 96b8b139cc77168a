//! The faces of one data set: an Arrow IPC file, written once, read in place.

use std::collections::HashMap;
use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{
    Array, FixedSizeBinaryArray, FixedSizeBinaryBuilder, RecordBatch, StringArray, StringBuilder,
    UInt32Array, UInt32Builder,
};
use arrow::buffer::Buffer;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::error::ArrowError;
use arrow::ipc::convert::try_fb_to_schema;
use arrow::ipc::reader::{FileDecoder, read_footer_length};
use arrow::ipc::root_as_footer;
use arrow::ipc::writer::FileWriter;

/// Faces in a record batch.
const BATCH: usize = 256;

/// Why a face store cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the face store {} cannot be {doing}: {why}", path.display())]
pub struct StoreError {
    /// The file.
    pub path: PathBuf,
    /// `read` or `written`.
    pub doing: &'static str,
    /// What went wrong.
    pub why: String,
}

/// One face to be stored.
#[derive(Clone, Debug, PartialEq)]
pub struct Face {
    /// Key of the video in its data set.
    pub video_key: String,
    /// Frame within the video.
    pub frame: u32,
    /// Face within the frame.
    pub face: u32,
    /// Size of the frame in pixels.
    pub source: (u32, u32),
    /// RGB, side × side × 3 bytes.
    pub crop: Vec<u8>,
}

fn schema(side: u32) -> SchemaRef {
    let bytes = (side * side * 3) as i32;
    let field = |name: &str, data_type| Field::new(name, data_type, false);
    Arc::new(Schema::new_with_metadata(
        vec![
            field("video_key", DataType::Utf8),
            field("frame", DataType::UInt32),
            field("face", DataType::UInt32),
            field("source_width", DataType::UInt32),
            field("source_height", DataType::UInt32),
            field("crop", DataType::FixedSizeBinary(bytes)),
        ],
        HashMap::from([("proofmark.side".to_owned(), side.to_string())]),
    ))
}

/// Writes faces in the order in which they come.
pub struct FaceWriter {
    path: PathBuf,
    writer: FileWriter<BufWriter<File>>,
    side: u32,
    pending: Vec<Face>,
}

impl FaceWriter {
    /// A new file for crops of `side` × `side`.
    pub fn create(path: &Path, side: u32) -> Result<Self, StoreError> {
        let fail = |why: String| StoreError { path: path.to_owned(), doing: "written", why };
        let file = File::create(path).map_err(|e| fail(e.to_string()))?;
        let writer = FileWriter::try_new(BufWriter::new(file), &schema(side))
            .map_err(|e| fail(e.to_string()))?;
        Ok(Self { path: path.to_owned(), writer, side, pending: Vec::new() })
    }

    /// Adds a face.
    pub fn push(&mut self, face: Face) -> Result<(), StoreError> {
        self.pending.push(face);
        if self.pending.len() == BATCH { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), StoreError> {
        let faces = std::mem::take(&mut self.pending);
        self.write(&faces).map_err(|e| StoreError {
            path: self.path.clone(),
            doing: "written",
            why: e.to_string(),
        })
    }

    fn write(&mut self, faces: &[Face]) -> Result<(), ArrowError> {
        if faces.is_empty() {
            return Ok(());
        }
        let mut key = StringBuilder::new();
        let mut numbers: [UInt32Builder; 4] = Default::default();
        let mut crop = FixedSizeBinaryBuilder::new((self.side * self.side * 3) as i32);
        for face in faces {
            key.append_value(&face.video_key);
            let values = [face.frame, face.face, face.source.0, face.source.1];
            numbers.iter_mut().zip(values).for_each(|(column, value)| column.append_value(value));
            crop.append_value(&face.crop)?;
        }
        let [frame, face, width, height] = numbers.each_mut().map(UInt32Builder::finish);
        let batch = RecordBatch::try_new(
            schema(self.side),
            vec![
                Arc::new(key.finish()),
                Arc::new(frame),
                Arc::new(face),
                Arc::new(width),
                Arc::new(height),
                Arc::new(crop.finish()),
            ],
        )?;
        self.writer.write(&batch)
    }

    /// Writes what is left and the footer.
    pub fn finish(mut self) -> Result<(), StoreError> {
        self.flush()?;
        let fail = |why: String| StoreError { path: self.path.clone(), doing: "written", why };
        self.writer.finish().map_err(|e| fail(e.to_string()))?;
        let file = self.writer.into_inner().map_err(|e| fail(e.to_string()))?;
        file.into_inner()
            .map_err(|e| fail(e.to_string()))?
            .sync_all()
            .map_err(|e| fail(e.to_string()))
    }
}

/// The faces of a data set, read in place.
#[derive(Debug)]
pub struct FaceFile {
    batches: Vec<RecordBatch>,
    /// First face of each batch.
    starts: Vec<usize>,
    len: usize,
    side: u32,
}

impl FaceFile {
    /// Opens a store without copying it.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let fail = |why: String| StoreError { path: path.to_owned(), doing: "read", why };
        let file = File::open(path).map_err(|e| fail(e.to_string()))?;
        // SAFETY: results in the store are written under another name, renamed into
        // place whole and never changed afterwards.
        let map = unsafe { memmap2::Mmap::map(&file) }.map_err(|e| fail(e.to_string()))?;
        let buffer = Buffer::from(bytes::Bytes::from_owner(map));
        let (schema, batches) = decode(&buffer).map_err(|e| fail(e.to_string()))?;
        let side = schema.metadata().get("proofmark.side").and_then(|s| s.parse().ok());
        let side = side.ok_or_else(|| fail("it does not say the size of its crops".to_owned()))?;
        let mut starts = Vec::with_capacity(batches.len());
        let mut len = 0;
        for batch in &batches {
            starts.push(len);
            len += batch.num_rows();
        }
        Ok(Self { batches, starts, len, side })
    }

    /// Number of faces.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Side of the crops in pixels.
    pub fn side(&self) -> u32 {
        self.side
    }

    fn at(&self, index: usize) -> (&RecordBatch, usize) {
        let batch = self.starts.partition_point(|&start| start <= index) - 1;
        (&self.batches[batch], index - self.starts[batch])
    }

    fn column<T: 'static>(batch: &RecordBatch, index: usize) -> &T {
        batch.column(index).as_any().downcast_ref().expect("the schema was checked on opening")
    }

    /// Key of the video of face `index`.
    pub fn video_key(&self, index: usize) -> &str {
        let (batch, row) = self.at(index);
        Self::column::<StringArray>(batch, 0).value(row)
    }

    /// Frame within the video, and face within the frame.
    pub fn place(&self, index: usize) -> (u32, u32) {
        let (batch, row) = self.at(index);
        let number = |column| Self::column::<UInt32Array>(batch, column).value(row);
        (number(1), number(2))
    }

    /// RGB pixels, side × side × 3 bytes.
    pub fn crop(&self, index: usize) -> &[u8] {
        let (batch, row) = self.at(index);
        Self::column::<FixedSizeBinaryArray>(batch, 5).value(row)
    }
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
    let found = Arc::new(try_fb_to_schema(stored)?);
    let side = found.metadata().get("proofmark.side").and_then(|s| s.parse::<u32>().ok());
    if side.is_none_or(|side| side > 8192 || found.fields() != schema(side).fields()) {
        return Err(broken("its columns are not those of a face store"));
    }
    let decoder = FileDecoder::new(found.clone(), footer.version());
    let slice = |block: &arrow::ipc::Block| {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn face(i: u32) -> Face {
        Face {
            video_key: format!("real/v{}", i / 3),
            frame: i % 3,
            face: 0,
            source: (64, 48),
            crop: vec![(i % 251) as u8; 4 * 4 * 3],
        }
    }

    #[test]
    fn faces_come_back_by_index_across_batches() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("faces.arrow");
        let mut writer = FaceWriter::create(&path, 4).unwrap();
        for i in 0..600 {
            writer.push(face(i)).unwrap();
        }
        writer.finish().unwrap();
        let file = FaceFile::open(&path).unwrap();
        assert_eq!((file.len(), file.side()), (600, 4));
        for i in [0, 1, 255, 256, 511, 512, 599] {
            let expected = face(i);
            let i = i as usize;
            assert_eq!(file.video_key(i), expected.video_key);
            assert_eq!(file.place(i), (expected.frame, 0));
            assert_eq!(file.crop(i), expected.crop);
        }
    }

    #[test]
    fn a_store_without_faces_is_a_store() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("faces.arrow");
        FaceWriter::create(&path, 8).unwrap().finish().unwrap();
        assert!(FaceFile::open(&path).unwrap().is_empty());
    }

    #[test]
    fn damaged_files_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("faces.arrow");
        let mut writer = FaceWriter::create(&path, 4).unwrap();
        (0..300).for_each(|i| writer.push(face(i)).unwrap());
        writer.finish().unwrap();
        let whole = std::fs::read(&path).unwrap();
        for cut in [0, 5, 100, whole.len() / 2, whole.len() - 1] {
            std::fs::write(&path, &whole[..cut]).unwrap();
            assert!(FaceFile::open(&path).is_err(), "cut at {cut}");
        }
        std::fs::write(&path, vec![7; 4096]).unwrap();
        let error = FaceFile::open(&path).unwrap_err().to_string();
        assert!(error.contains("faces.arrow") && error.contains("cannot be read"), "{error}");
    }
}
