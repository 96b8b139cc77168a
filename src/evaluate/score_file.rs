//! Anybody's file of scores, opened: Parquet, or CSV in whatever form a spreadsheet left it.
//!
//! CSV may be compressed by gzip, in UTF-8 or UTF-16, with commas, semicolons or tabs between
//! fields, and decimal commas where fields are not separated by commas. What was found is told.

use std::fs::File;
use std::io::{BufReader, Cursor, Read, Seek};
use std::path::{Path, PathBuf};

use polars::io::mmap::MmapBytesReader;
use polars::prelude::*;

use super::repeated::repeated;
use super::request::FileError;
use proofmark_base::foreign::{self, LIST_FILE};
use proofmark_base::guard::guarded;
use proofmark_parquet::{ParquetError, ParquetFile};
use proofmark_text::near::near;
use proofmark_text::show::from_cell;

/// Rows that are decoded together; whole row groups up to about this many.
const BATCH: usize = 1 << 20;
/// Most bytes that a compressed file may hold, and how many for each of its own: numbers and
/// names become a tenth of their length, and what becomes far less was made to fill memory.
const MOST_BYTES: u64 = 16 << 30;
const RATIO: u64 = 100;
/// Bytes that any compressed file may hold.
const ANY_BYTES: u64 = 64 << 20;
/// What may stand between fields, the likeliest first.
const DELIMITERS: [(u8, &str); 4] =
    [(b',', "commas"), (b';', "semicolons"), (b'\t', "tabs"), (b'|', "vertical bars")];

/// A file whose columns are known.
pub(super) struct ScoreFile {
    path: PathBuf,
    form: Form,
    /// Its columns, in order.
    pub columns: Vec<String>,
    /// What was found of its form, for readers.
    pub notes: Vec<String>,
}

enum Form {
    Csv {
        text: Text,
        delimiter: u8,
        skipped: usize,
    },
    Parquet(ParquetFile),
    /// Nothing was looked at yet.
    Unknown,
}

/// The bytes of a CSV in UTF-8.
enum Text {
    /// The file is that.
    File,
    /// What was decoded from it.
    Decoded(Arc<[u8]>),
}

/// Some rows of the wanted columns.
pub(super) struct Batch {
    /// The rows.
    pub table: DataFrame,
    /// How many rows the file has, where that is known.
    pub total: usize,
    /// Whether numbers may have a decimal comma.
    pub decimal_comma: bool,
}

impl ScoreFile {
    /// Opens a file and reads its columns' names.
    ///
    /// # Errors
    /// A file that cannot be opened, or is not what its name says.
    pub(super) fn open(path: &Path) -> Result<Self, FileError> {
        let path = path.to_owned();
        let mut file = Self { path, form: Form::Unknown, columns: Vec::new(), notes: Vec::new() };
        if file.is_parquet() {
            let opened = ParquetFile::open(&file.path).map_err(|e| file.broken(e))?;
            file.columns = opened.columns();
            file.form = Form::Parquet(opened);
            return Ok(file);
        }
        let text = file.text()?;
        let mut start = vec![0; 1 << 16];
        let length = match &text {
            Text::File => {
                let mut handle = file.handle()?.take(start.len() as u64);
                read_fully(&mut handle, &mut start).map_err(|source| file.unreadable(source))?
            }
            Text::Decoded(bytes) => {
                let length = bytes.len().min(start.len());
                start[..length].copy_from_slice(&bytes[..length]);
                length
            }
        };
        let start = &start[..length];
        // Excel's own first line.
        let named = start.strip_prefix(b"sep=").and_then(|rest| rest.first());
        let named = named.and_then(|sign| DELIMITERS.iter().find(|(known, _)| known == sign));
        let skipped = usize::from(named.is_some());
        let (delimiter, name) = named.copied().unwrap_or_else(|| delimiter(start));
        if delimiter != DELIMITERS[0].0 {
            file.notes.push(format!("its fields are separated by {name}"));
        }
        file.form = Form::Csv { text, delimiter, skipped };
        // The header as a row of its own, since Polars renames columns of one name.
        let header = file.csv(|options| options.with_has_header(false).with_n_rows(Some(1)))?;
        let name = |column: &Column| Some(column.str().ok()?.get(0)?.to_owned());
        file.columns = header.columns().iter().map(|c| name(c).unwrap_or_default()).collect();
        Ok(file)
    }

    /// Hands on the wanted columns in batches.
    ///
    /// # Errors
    /// A column that is missing or there twice, and what the file's reader says.
    pub(super) fn batches(
        &self,
        mut wanted: Vec<String>,
        mut take: impl FnMut(Batch) -> Result<(), FileError>,
    ) -> Result<(), FileError> {
        wanted.sort_unstable();
        wanted.dedup();
        self.find(&wanted)?;
        let Form::Parquet(opened) = &self.form else {
            // All columns as text, so that a flaw has a row.
            let columns: Arc<[PlSmallStr]> = wanted.iter().map(PlSmallStr::from).collect();
            let table = self.csv(|options| options.with_columns(Some(columns)))?;
            let table = table.columns().iter().map(texts_of_cells).collect();
            let table = DataFrame::new_infer_height(table).map_err(|e| self.flaw(&e))?;
            let decimal_comma =
                matches!(self.form, Form::Csv { delimiter, .. } if delimiter != b',');
            return take(Batch { total: table.height(), table, decimal_comma });
        };
        let mut first = 0;
        let mut groups = opened.groups().peekable();
        loop {
            let mut rows = 0;
            while let Some(more) = groups.next_if(|more| rows == 0 || rows + more <= BATCH) {
                rows += more;
            }
            let table = opened.read(Some(&wanted), Some((first, rows)));
            let table = table.map_err(|e| self.broken(e))?;
            take(Batch { table, total: opened.height(), decimal_comma: false })?;
            first += rows;
            if groups.peek().is_none() {
                return Ok(());
            }
        }
    }

    /// How many of its rows equal an earlier one in every column; none where that is not known, as
    /// of Parquet.
    ///
    /// # Errors
    /// A file that cannot be read any more.
    pub(super) fn repeated(&self, rows: usize) -> Result<Option<usize>, FileError> {
        let found = match &self.form {
            Form::Parquet(_) | Form::Unknown => return Ok(None),
            Form::Csv { text: Text::File, .. } => repeated(BufReader::new(self.handle()?), rows),
            Form::Csv { text: Text::Decoded(bytes), .. } => repeated(&**bytes, rows),
        };
        found.map_err(|source| self.unreadable(source))
    }

    /// The CSV with every column as text.
    fn csv(
        &self,
        change: impl FnOnce(CsvReadOptions) -> CsvReadOptions,
    ) -> Result<DataFrame, FileError> {
        let Form::Csv { text, delimiter, skipped } = &self.form else {
            unreachable!("asked of CSV alone")
        };
        let options = CsvReadOptions::default().with_infer_schema_length(Some(0));
        let options = options.with_skip_rows(*skipped);
        let options = options.map_parse_options(|parse| parse.with_separator(*delimiter));
        match text {
            Text::File => self.finish(change(options), self.handle()?),
            Text::Decoded(bytes) => self.finish(change(options), Cursor::new(Arc::clone(bytes))),
        }
    }

    fn finish<R: MmapBytesReader + Seek>(
        &self,
        options: CsvReadOptions,
        reader: R,
    ) -> Result<DataFrame, FileError> {
        let read = guarded(|| options.into_reader_with_file_handle(reader).finish());
        read.map_err(|e| self.damaged(e.to_string()))?.map_err(|e| self.flaw(&e))
    }

    /// The text of the file, decoded where it is compressed or in UTF-16.
    fn text(&mut self) -> Result<Text, FileError> {
        let mut start = [0; 4];
        let length = read_fully(&mut self.handle()?, &mut start);
        let length = length.map_err(|source| self.unreadable(source))?;
        let mut bytes = None;
        let mut first = start[..length].to_vec();
        if first.starts_with(&[0x1f, 0x8b]) {
            let mut decoded = Vec::new();
            let file = self.handle()?;
            let length = file.metadata().map_err(|source| self.unreadable(source))?.len();
            let most = length.saturating_mul(RATIO).clamp(ANY_BYTES, MOST_BYTES);
            flate2::read::MultiGzDecoder::new(file)
                .take(most + 1)
                .read_to_end(&mut decoded)
                .map_err(|e| self.damaged(format!("its gzip compression is damaged: {e}")))?;
            if decoded.len() as u64 > most {
                return Err(self.damaged(format!(
                    "its {length} compressed bytes hold more than {most}; decompress it if they \
                     are scores"
                )));
            }
            first = decoded[..decoded.len().min(4)].to_vec();
            bytes = Some(decoded);
        }
        if let Some(order) = utf16(&first) {
            let raw = match bytes {
                Some(bytes) => bytes,
                None => {
                    let raw = foreign::file(&self.path, LIST_FILE);
                    raw.map_err(|source| self.unreadable(source))?
                }
            };
            let units = raw.chunks_exact(2).map(|pair| order([pair[0], pair[1]]));
            let text: Result<String, _> = char::decode_utf16(units).collect();
            let text = text.map_err(|_| self.damaged("its UTF-16 is damaged".into()))?;
            self.notes.push("it is in UTF-16".into());
            bytes = Some(text.trim_start_matches('\u{feff}').as_bytes().to_vec());
        }
        Ok(bytes.map_or(Text::File, |bytes| Text::Decoded(bytes.into())))
    }

    fn handle(&self) -> Result<File, FileError> {
        foreign::open(&self.path).map_err(|source| self.unreadable(source))
    }

    fn unreadable(&self, source: std::io::Error) -> FileError {
        FileError::Open { path: self.path.clone(), source }
    }

    fn is_parquet(&self) -> bool {
        self.path.extension().is_some_and(|e| e.eq_ignore_ascii_case("parquet"))
    }

    fn damaged(&self, reason: String) -> FileError {
        let format = if self.is_parquet() { "Parquet" } else { "CSV" };
        FileError::Read { path: self.path.clone(), format, reason }
    }

    fn broken(&self, error: ParquetError) -> FileError {
        match error {
            ParquetError::Io(source) => self.unreadable(source),
            ParquetError::Store(why) => self.damaged(why.to_string()),
            ParquetError::Broken(why) => self.damaged(why),
        }
    }

    fn flaw(&self, error: &PolarsError) -> FileError {
        let reason = error.to_string();
        self.damaged(if reason.contains("more fields than defined") {
            "a row has more fields than the header".to_owned()
        } else {
            // What follows the first line is advice to callers of Polars.
            reason.lines().next().unwrap_or_default().to_owned()
        })
    }

    /// Checks that the wanted columns are there, each once.
    fn find(&self, wanted: &[String]) -> Result<(), FileError> {
        let count = |name: &String| self.columns.iter().filter(|column| *column == name).count();
        if let Some(name) = wanted.iter().find(|name| count(name) > 1) {
            let places = self.columns.iter().enumerate().filter(|(_, column)| *column == name);
            let places: Vec<String> = places.map(|(place, _)| (place + 1).to_string()).collect();
            return Err(FileError::Twice {
                path: self.path.clone(),
                column: name.clone(),
                places: places.join(" and "),
            });
        }
        let unread = |name: &String| match &self.form {
            Form::Parquet(opened) => Some((name.clone(), opened.unread(name)?)),
            Form::Csv { .. } | Form::Unknown => None,
        };
        if let Some((column, found)) = wanted.iter().find_map(unread) {
            return Err(FileError::Type {
                path: self.path.clone(),
                column,
                found,
                wanted: "a type that is read here; write it as float64, int64 or text",
            });
        }
        let Some(missing) = wanted.iter().find(|name| count(name) == 0) else { return Ok(()) };
        let nearest = near(missing, self.columns.iter().map(String::as_str)).map(str::to_owned);
        Err(FileError::MissingColumn {
            path: self.path.clone(),
            column: missing.clone(),
            nearest,
            present: self.columns.clone(),
        })
    }
}

/// A column of a CSV with the texts that its cells stand for.
fn texts_of_cells(column: &Column) -> Column {
    // What stands for another text is longer than it.
    let is_coded = |cell: &str| from_cell(cell).len() != cell.len();
    match column.str() {
        Ok(cells) if cells.iter().flatten().any(is_coded) => {
            cells.apply_values(from_cell).into_column()
        }
        _ => column.clone(),
    }
}

/// Fills a buffer as far as the bytes go.
fn read_fully(reader: &mut impl Read, buffer: &mut [u8]) -> std::io::Result<usize> {
    let mut length = 0;
    while length < buffer.len() {
        match reader.read(&mut buffer[length..])? {
            0 => break,
            more => length += more,
        }
    }
    Ok(length)
}

/// How two bytes make a unit, where a text begins as UTF-16 does: with its mark, or with a plain
/// letter beside a zero.
fn utf16(start: &[u8]) -> Option<fn([u8; 2]) -> u16> {
    match start {
        [0xff, 0xfe, ..] => Some(u16::from_le_bytes),
        [0xfe, 0xff, ..] => Some(u16::from_be_bytes),
        [a, 0, b, 0] if *a > 0 && *b > 0 => Some(u16::from_le_bytes),
        [0, a, 0, b] if *a > 0 && *b > 0 => Some(u16::from_be_bytes),
        _ => None,
    }
}

/// What separates the fields of the first line: what stands there most often, outside of quotes.
fn delimiter(text: &[u8]) -> (u8, &'static str) {
    let mut quoted = false;
    let mut counts = [0usize; DELIMITERS.len()];
    for &byte in text {
        match byte {
            b'"' => quoted = !quoted,
            b'\n' if !quoted => break,
            byte if !quoted => {
                let found = DELIMITERS.iter().position(|(delimiter, _)| *delimiter == byte);
                counts[found.unwrap_or(0)] += usize::from(found.is_some());
            }
            _ => {}
        }
    }
    let most = counts.iter().copied().max().unwrap_or(0);
    let first = counts.iter().position(|&count| count == most).unwrap_or(0);
    DELIMITERS[first]
}
