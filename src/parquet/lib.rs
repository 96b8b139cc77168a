//! Parquet files, ours and anybody's, whose bytes may be anything: whatever they are, what comes
//! out is a table or an error.
//!
//! Polars takes the sizes that a file tells at their word, and panics on some damage. So the sizes
//! are compared with each other and with the file first, and its panics are caught.

mod pages;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Cursor};
use std::path::Path;
use std::sync::Arc;

use polars::io::mmap::MmapBytesReader;
use polars::prelude::*;

use proofmark_base::foreign;
use proofmark_base::guard::{GaveUp, guarded};
use proofmark_base::store::{StoreFailure, contents};

/// Why a file gives no table.
#[derive(Debug, thiserror::Error)]
pub enum ParquetError {
    /// It cannot be opened.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// It is a file of the store that is not as it was written.
    #[error(transparent)]
    Store(#[from] StoreFailure),
    /// It is damaged, or no Parquet.
    #[error("{0}")]
    Broken(String),
}

impl ParquetError {
    /// A sentence about the file.
    pub fn told(&self, path: &Path) -> String {
        match self {
            // It names the file itself.
            Self::Store(why) => why.to_string(),
            Self::Io(why) => format!("cannot read {}: {why}", path.display()),
            Self::Broken(why) => format!("cannot read {} as Parquet: {why}", path.display()),
        }
    }
}

impl From<PolarsError> for ParquetError {
    fn from(error: PolarsError) -> Self {
        // What follows the first line is advice to callers of Polars.
        Self::Broken(error.to_string().lines().next().unwrap_or_default().to_owned())
    }
}

impl From<GaveUp> for ParquetError {
    fn from(error: GaveUp) -> Self {
        Self::Broken(error.to_string())
    }
}

/// A file whose footer was read and whose sizes were found sound.
pub struct ParquetFile {
    bytes: Bytes,
    metadata: FileMetadataRef,
    schema: Arc<ArrowSchema>,
    /// Columns of types that are not read, with the types.
    unread: BTreeMap<String, String>,
    /// What a writer noted in the footer, but for the types of Arrow.
    pub notes: Vec<(String, String)>,
}

/// Where the bytes are.
enum Bytes {
    /// In a file, which is mapped into memory.
    File(File),
    /// In memory.
    Memory(Arc<[u8]>),
}

type FileMetadataRef = Arc<FileMetadata>;

impl ParquetFile {
    /// Opens anybody's file.
    ///
    /// # Errors
    /// A file that cannot be opened, is no Parquet, or contradicts itself.
    pub fn open(path: &Path) -> Result<Self, ParquetError> {
        Self::new(Bytes::File(foreign::open(path)?))
    }

    /// Opens a file of the store, or of a pack, which is compared with its digest.
    ///
    /// # Errors
    /// As [`ParquetFile::open`]; a file that is not as it was written.
    pub fn stored(path: &Path) -> Result<Self, ParquetError> {
        Self::new(Bytes::Memory(contents(path)?.into()))
    }

    fn new(bytes: Bytes) -> Result<Self, ParquetError> {
        guarded(|| {
            let mut metadata = match &bytes {
                Bytes::File(file) => metadata(file.try_clone()?)?,
                Bytes::Memory(bytes) => metadata(Cursor::new(Arc::clone(bytes)))?,
            };
            let broken = ParquetError::Broken;
            match &bytes {
                Bytes::File(file) => {
                    // SAFETY: Polars reads the same file in the same way; a file that somebody
                    // shortens meanwhile ends either.
                    let map = unsafe { memmap2::Mmap::map(file) }?;
                    pages::check(&map, &metadata).map_err(broken)?;
                }
                Bytes::Memory(bytes) => pages::check(bytes, &metadata).map_err(broken)?,
            }
            // The Arrow types that a writer notes beside the Parquet types add only variants
            // that this build of Polars does not have, such as pandas' categories. They tell
            // half numbers, though, from bytes.
            let noted = guarded(|| bytes.schema(&Arc::new(metadata.clone())));
            let notes = metadata.key_value_metadata.take().unwrap_or_default().into_iter();
            let notes = notes.filter(|note| note.key != "ARROW:schema");
            let notes = notes.filter_map(|note| Some((note.key, note.value?))).collect();
            let metadata = Arc::new(metadata);
            let schema = bytes.schema(&metadata)?;
            let noted = noted.ok().and_then(Result::ok);
            let fields = schema.iter_values().chain(noted.iter().flat_map(|s| s.iter_values()));
            let unread = fields.filter(|field| is_unread(field.dtype()));
            let unread = unread.map(|f| (f.name.to_string(), format!("{:?}", f.dtype()))).collect();
            Ok(Self { bytes, metadata, schema, unread, notes })
        })?
    }

    /// The names of its columns, in order.
    pub fn columns(&self) -> Vec<String> {
        self.schema.iter_names().map(ToString::to_string).collect()
    }

    /// The type of a column, where this build of Polars does not read it.
    pub fn unread(&self, column: &str) -> Option<String> {
        self.unread.get(column).cloned()
    }

    /// Rows of all.
    pub fn height(&self) -> usize {
        self.metadata.num_rows
    }

    /// Rows of each of its row groups.
    pub fn groups(&self) -> impl Iterator<Item = usize> {
        self.metadata.row_groups.iter().map(|group| group.num_rows())
    }

    /// Some or all columns of some or all rows (first, number).
    ///
    /// # Errors
    /// Columns that are not there or damaged.
    pub fn read(
        &self,
        columns: Option<&[String]>,
        rows: Option<(usize, usize)>,
    ) -> Result<DataFrame, ParquetError> {
        let all;
        let columns = match columns {
            Some(columns) => columns,
            None => {
                all = self.columns();
                &all
            }
        };
        if let Some((name, found)) = columns.iter().find_map(|n| Some((n, self.unread(n)?))) {
            let why = format!("column `{name}` holds {found}, which is not read here");
            return Err(ParquetError::Broken(why));
        }
        guarded(|| match &self.bytes {
            Bytes::File(file) => self.table(file.try_clone()?, columns, rows),
            Bytes::Memory(bytes) => self.table(Cursor::new(Arc::clone(bytes)), columns, rows),
        })?
    }

    fn table<R: MmapBytesReader>(
        &self,
        source: R,
        columns: &[String],
        rows: Option<(usize, usize)>,
    ) -> Result<DataFrame, ParquetError> {
        let mut reader = ParquetReader::new(source);
        reader.set_metadata(Arc::clone(&self.metadata));
        Ok(reader.with_columns(Some(columns.to_vec())).with_slice(rows).finish()?)
    }
}

/// A whole table of the store, compared with its digest.
///
/// # Errors
/// As [`ParquetFile::stored`].
pub fn stored(path: &Path) -> Result<DataFrame, ParquetError> {
    ParquetFile::stored(path)?.read(None, None)
}

fn metadata<R: MmapBytesReader>(source: R) -> PolarsResult<FileMetadata> {
    Ok(ParquetReader::new(source).get_metadata()?.as_ref().clone())
}

impl Bytes {
    fn schema(&self, metadata: &FileMetadataRef) -> Result<Arc<ArrowSchema>, ParquetError> {
        Ok(match self {
            Self::File(file) => schema(file.try_clone()?, metadata)?,
            Self::Memory(bytes) => schema(Cursor::new(Arc::clone(bytes)), metadata)?,
        })
    }
}

fn schema<R: MmapBytesReader>(
    source: R,
    metadata: &FileMetadataRef,
) -> PolarsResult<Arc<ArrowSchema>> {
    let mut reader = ParquetReader::new(source);
    reader.set_metadata(Arc::clone(metadata));
    reader.schema()
}

/// Whether Polars, as it is built here, would fail on a type or panic.
fn is_unread(dtype: &ArrowDataType) -> bool {
    match dtype {
        ArrowDataType::Float16
        | ArrowDataType::Decimal(..)
        | ArrowDataType::Decimal32(..)
        | ArrowDataType::Decimal64(..)
        | ArrowDataType::Decimal256(..) => true,
        ArrowDataType::List(item)
        | ArrowDataType::LargeList(item)
        | ArrowDataType::FixedSizeList(item, _) => is_unread(item.dtype()),
        ArrowDataType::Struct(fields) => fields.iter().any(|field| is_unread(field.dtype())),
        _ => false,
    }
}

#[cfg(test)]
mod tests;
