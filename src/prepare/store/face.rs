//! One face, and the columns in which faces are stored.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::builder::{
    BinaryBuilder, FixedSizeListBuilder, Float32Builder, Float64Builder, StringBuilder,
    UInt32Builder,
};
use arrow_array::cast::AsArray;
use arrow_array::types::{Float32Type, Float64Type, UInt32Type};
use arrow_array::{Array, ArrayRef, RecordBatch, UInt32Array};
use arrow_schema::ArrowError;
use arrow_schema::{DataType, Field, Schema, SchemaRef};

use super::pixels;

/// The entry of the schema's metadata that names the form of the crops.
pub(super) const FORM: (&str, &str) = ("proofmark.crop", "rgb8-row-difference-zstd");
/// The entry with the side of the crops in pixels.
pub(super) const SIDE: &str = "proofmark.side";

/// One face to be stored.
#[derive(Clone, Debug, PartialEq)]
pub struct Face {
    /// Key of the video in its data set.
    pub video_key: String,
    /// Frame within the video.
    pub frame: u32,
    /// Seconds after the first frame, where frames have times.
    pub seconds: Option<f64>,
    /// Face within the frame.
    pub face: u32,
    /// What the detector found, if there was one.
    pub found: Option<FoundFace>,
    /// Width and height of the frame in pixels.
    pub source: (u32, u32),
    crop: Vec<u8>,
}

/// What a detector says of a face.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FoundFace {
    /// Left, top, right and bottom edge in pixels of the frame.
    pub bbox: [f32; 4],
    /// Confidence, from 0 to 1.
    pub score: f32,
    /// Eyes, nose and corners of the mouth: x and y of each, in pixels of the frame.
    pub landmarks: [f32; 10],
}

impl Face {
    /// A face with its pixels, RGB of `side` × `side`, which are packed here: by whoever
    /// cuts faces, not by the one who writes them.
    ///
    /// # Errors
    /// What the compressor says.
    pub fn new(
        video_key: &str,
        (frame, seconds, face): (u32, Option<f64>, u32),
        found: Option<FoundFace>,
        source: (u32, u32),
        rgb: &[u8],
        side: u32,
    ) -> std::io::Result<Self> {
        let (video_key, crop) = (video_key.to_owned(), pixels::pack(rgb, side)?);
        Ok(Self { video_key, frame, seconds, face, found, source, crop })
    }
}

/// Columns of a face store of an earlier version, which has no checksums.
const WITHOUT_SUMS: usize = 10;

/// The columns of a face store whose crops have this side.
pub(super) fn schema(side: u32) -> SchemaRef {
    let field = |name: &str, data_type| Field::new(name, data_type, false);
    let maybe = |name: &str, data_type| Field::new(name, data_type, true);
    let list = |length| {
        DataType::FixedSizeList(Arc::new(Field::new("item", DataType::Float32, true)), length)
    };
    Arc::new(Schema::new_with_metadata(
        vec![
            field("video_key", DataType::Utf8),
            field("frame", DataType::UInt32),
            maybe("seconds", DataType::Float64),
            field("face", DataType::UInt32),
            maybe("box", list(4)),
            maybe("score", DataType::Float32),
            maybe("landmarks", list(10)),
            field("source_width", DataType::UInt32),
            field("source_height", DataType::UInt32),
            field("crop", DataType::Binary),
            field("crc32", DataType::UInt32),
        ],
        HashMap::from([
            (SIDE.to_owned(), side.to_string()),
            (FORM.0.to_owned(), FORM.1.to_owned()),
        ]),
    ))
}

/// Whether columns are those of a face store, of this version or an earlier one.
pub(super) fn is_form(found: &Schema, side: u32) -> bool {
    let columns = schema(side);
    let (columns, found) = (columns.fields(), found.fields());
    columns == found || columns[..WITHOUT_SUMS] == found[..]
}

/// The checksum (CRC-32) of each row: of all that is said of a face. Of its crop only the length
/// counts, because its pixels have a checksum of their own.
fn sums(columns: &[ArrayRef]) -> Vec<u32> {
    let keys = columns[0].as_string::<i32>();
    let [frames, faces, widths, heights] =
        [1, 3, 7, 8].map(|column| columns[column].as_primitive::<UInt32Type>());
    let seconds = columns[2].as_primitive::<Float64Type>();
    let scores = columns[5].as_primitive::<Float32Type>();
    let lists = [4, 6].map(|column| columns[column].as_fixed_size_list());
    let crops = columns[9].as_binary::<i32>();
    let mut row = Vec::new();
    let sum = |i: usize| {
        row.clear();
        row.extend_from_slice(keys.value(i).as_bytes());
        for number in [frames, faces, widths, heights] {
            row.extend_from_slice(&number.value(i).to_le_bytes());
        }
        row.extend_from_slice(&crops.value_length(i).to_le_bytes());
        // What is null has a byte of 0 in its place.
        row.push(seconds.is_valid(i).into());
        if seconds.is_valid(i) {
            row.extend_from_slice(&seconds.value(i).to_le_bytes());
        }
        row.push(scores.is_valid(i).into());
        if scores.is_valid(i) {
            row.extend_from_slice(&scores.value(i).to_le_bytes());
        }
        for list in lists {
            row.push(list.is_valid(i).into());
            if list.is_valid(i) {
                let (numbers, length) = (list.values(), list.value_length() as usize);
                let numbers = numbers.as_primitive::<Float32Type>().values();
                let first = list.value_offset_at(i);
                for number in &numbers[first..first + length] {
                    row.extend_from_slice(&number.to_le_bytes());
                }
            }
        }
        crc32fast::hash(&row)
    };
    (0..keys.len()).map(sum).collect()
}

/// The rows of a batch that are not as they were written; none of an earlier version's, which
/// has no checksums.
pub(super) fn damaged(batch: &RecordBatch) -> Vec<usize> {
    let Some(stored) = batch.columns().get(WITHOUT_SUMS) else { return Vec::new() };
    let stored = stored.as_primitive::<UInt32Type>().values().iter();
    let pairs = sums(batch.columns()).into_iter().zip(stored).enumerate();
    pairs.filter(|(_, (sum, stored))| sum != *stored).map(|(row, _)| row).collect()
}

/// Faces as a record batch.
pub(super) fn batch(faces: &[Face], side: u32) -> Result<RecordBatch, ArrowError> {
    let mut key = StringBuilder::new();
    let mut seconds = Float64Builder::new();
    let mut score = Float32Builder::new();
    let mut bbox = FixedSizeListBuilder::new(Float32Builder::new(), 4);
    let mut landmarks = FixedSizeListBuilder::new(Float32Builder::new(), 10);
    let mut crop = BinaryBuilder::new();
    for face in faces {
        key.append_value(&face.video_key);
        seconds.append_option(face.seconds);
        score.append_option(face.found.map(|found| found.score));
        crop.append_value(&face.crop);
        numbers(&mut bbox, face.found.as_ref().map(|found| &found.bbox[..]));
        numbers(&mut landmarks, face.found.as_ref().map(|found| &found.landmarks[..]));
    }
    let number = |value: fn(&Face) -> u32| -> ArrayRef {
        let mut column = UInt32Builder::with_capacity(faces.len());
        faces.iter().for_each(|face| column.append_value(value(face)));
        Arc::new(column.finish())
    };
    let mut columns: Vec<ArrayRef> = vec![
        Arc::new(key.finish()),
        number(|face| face.frame),
        Arc::new(seconds.finish()),
        number(|face| face.face),
        Arc::new(bbox.finish()),
        Arc::new(score.finish()),
        Arc::new(landmarks.finish()),
        number(|face| face.source.0),
        number(|face| face.source.1),
        Arc::new(crop.finish()),
    ];
    columns.push(Arc::new(UInt32Array::from(sums(&columns))));
    RecordBatch::try_new(schema(side), columns)
}

/// Appends a list of numbers, or nulls.
fn numbers(column: &mut FixedSizeListBuilder<Float32Builder>, values: Option<&[f32]>) {
    let length = column.value_length() as usize;
    match values {
        Some(values) => column.values().append_slice(values),
        None => (0..length).for_each(|_| column.values().append_null()),
    }
    column.append(values.is_some());
}
