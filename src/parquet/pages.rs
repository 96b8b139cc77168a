//! What a Parquet file says of its sizes, compared: the footer with the file, and the header of
//! each page with the footer. One number that is wrong by damage contradicts another.

use polars::prelude::FileMetadata;

/// Most rows of a row group that are believed. Writers make them of a million, old ones of 64.
const MOST_ROWS: usize = 1 << 27;
/// How deep structures of a header may be nested.
const DEPTH: u32 = 8;

/// Compares the sizes.
///
/// # Errors
/// What contradicts what, in words.
pub(super) fn check(file: &[u8], metadata: &FileMetadata) -> Result<(), String> {
    let mut rows = 0usize;
    for (number, group) in metadata.row_groups.iter().enumerate() {
        if group.num_rows() > MOST_ROWS {
            return Err(format!("its row group {number} claims {} rows", group.num_rows()));
        }
        rows += group.num_rows();
        for column in group.parquet_columns() {
            let name = column.descriptor().path_in_schema.join(".");
            let wrong = |what: &str| format!("row group {number} of column `{name}` {what}");
            let flat = column.descriptor().descriptor.max_rep_level == 0;
            let values = usize::try_from(column.num_values()).map_err(|_| wrong("is damaged"))?;
            if values > MOST_ROWS || flat && values != group.num_rows() {
                return Err(wrong(&format!("claims {values} values")));
            }
            let range = column.byte_range();
            let range = usize::try_from(range.start).ok().zip(usize::try_from(range.end).ok());
            let chunk = range.and_then(|(start, end)| file.get(start..end));
            let chunk = chunk.ok_or_else(|| wrong("lies outside of the file"))?;
            let most = usize::try_from(column.uncompressed_size()).unwrap_or(0);
            if walk(chunk, most).is_none_or(|found| found != values) {
                return Err(wrong("is not as long as the file says"));
            }
        }
    }
    match rows == metadata.num_rows {
        true => Ok(()),
        false => Err(format!("it has {rows} rows and claims {}", metadata.num_rows)),
    }
}

/// Values of the data pages of a column chunk whose pages have `most` bytes together when they are
/// unpacked; none where that cannot be.
fn walk(chunk: &[u8], most: usize) -> Option<usize> {
    let (mut rest, mut values, mut unpacked) = (chunk, 0usize, 0usize);
    while !rest.is_empty() {
        let mut header = Thrift { bytes: rest };
        let page = header.page()?;
        let packed = usize::try_from(page.packed?).ok()?;
        let size = usize::try_from(page.unpacked?).ok()?;
        let of_page = usize::try_from(page.values.unwrap_or(0)).ok()?;
        match page.kind? {
            // A value of a dictionary takes a byte or more.
            DICTIONARY if of_page > size.max(1) => return None,
            DICTIONARY | INDEX => {}
            DATA | DATA_2 => values = values.checked_add(of_page)?,
            _ => return None,
        }
        unpacked = unpacked.checked_add(size)?;
        rest = header.bytes.get(packed..)?;
    }
    // Some writers do not count the headers.
    (unpacked <= most).then_some(values)
}

// Kinds of pages (`parquet.thrift`).
const DATA: i64 = 0;
const INDEX: i64 = 1;
const DICTIONARY: i64 = 2;
const DATA_2: i64 = 3;

/// What the header of a page says.
#[derive(Default)]
struct Page {
    kind: Option<i64>,
    unpacked: Option<i64>,
    packed: Option<i64>,
    values: Option<i64>,
}

/// Reads Thrift's compact protocol, as far as page headers use it.
struct Thrift<'a> {
    bytes: &'a [u8],
}

// Types of the compact protocol.
const TRUE: u8 = 1;
const FALSE: u8 = 2;
const BYTE: u8 = 3;
const I16: u8 = 4;
const I32: u8 = 5;
const I64: u8 = 6;
const DOUBLE: u8 = 7;
const BINARY: u8 = 8;
const LIST: u8 = 9;
const SET: u8 = 10;
const STRUCT: u8 = 12;

impl Thrift<'_> {
    /// The header of a page.
    fn page(&mut self) -> Option<Page> {
        let (mut page, mut last) = (Page::default(), 0);
        while let Some((field, kind)) = self.field(&mut last)? {
            match (field, kind) {
                (1, I32) => page.kind = Some(self.number()?),
                (2, I32) => page.unpacked = Some(self.number()?),
                (3, I32) => page.packed = Some(self.number()?),
                // The headers of data, dictionaries and data of the second version all begin
                // with the number of values.
                (5 | 7 | 8, STRUCT) => {
                    let mut inner = 0;
                    while let Some((field, kind)) = self.field(&mut inner)? {
                        match (field, kind) {
                            (1, I32) => page.values = Some(self.number()?),
                            (_, kind) => self.skip(kind, DEPTH)?,
                        }
                    }
                }
                (_, kind) => self.skip(kind, DEPTH)?,
            }
        }
        Some(page)
    }

    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.bytes.split_first()?;
        self.bytes = rest;
        Some(*first)
    }

    /// The number and type of the next field; none at the end of a structure.
    fn field(&mut self, last: &mut i64) -> Option<Option<(i64, u8)>> {
        let head = self.byte()?;
        if head == 0 {
            return Some(None);
        }
        *last = match head >> 4 {
            0 => self.number()?,
            more => last.checked_add(more.into())?,
        };
        Some(Some((*last, head & 15)))
    }

    fn unsigned(&mut self) -> Option<u64> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 127) << shift;
            if byte < 128 {
                return Some(value);
            }
        }
        None
    }

    /// A number in zigzag form.
    fn number(&mut self) -> Option<i64> {
        let value = self.unsigned()?;
        Some((value >> 1) as i64 ^ -((value & 1) as i64))
    }

    fn pass(&mut self, length: u64) -> Option<()> {
        self.bytes = self.bytes.get(usize::try_from(length).ok()?..)?;
        Some(())
    }

    /// Passes over a value.
    fn skip(&mut self, kind: u8, depth: u32) -> Option<()> {
        let depth = depth.checked_sub(1)?;
        match kind {
            TRUE | FALSE => Some(()),
            BYTE => self.pass(1),
            I16 | I32 | I64 => self.unsigned().map(drop),
            DOUBLE => self.pass(8),
            BINARY => {
                let length = self.unsigned()?;
                self.pass(length)
            }
            LIST | SET => {
                let head = self.byte()?;
                let length = match head >> 4 {
                    15 => self.unsigned()?,
                    length => length.into(),
                };
                for _ in 0..length {
                    match head & 15 {
                        // In a list they take a byte.
                        TRUE | FALSE => self.pass(1)?,
                        kind => self.skip(kind, depth)?,
                    }
                }
                Some(())
            }
            STRUCT => {
                let mut last = 0;
                while let Some((_, kind)) = self.field(&mut last)? {
                    self.skip(kind, depth)?;
                }
                Some(())
            }
            // Page headers have no maps.
            _ => None,
        }
    }
}
