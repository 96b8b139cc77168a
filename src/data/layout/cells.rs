//! The wanted columns of a CSV or Parquet file, as text with line numbers.

use std::io;
use std::path::Path;

use polars::prelude::*;

use crate::error::DataError;
use crate::flaw::Nothing;
use proofmark_base::foreign::{self, LIST_CELLS, LIST_FILE};
use proofmark_lang::span::Origin;
use proofmark_parquet::{ParquetError, ParquetFile};
use proofmark_text::csv::{CsvFlaw, CsvRows};
use proofmark_text::near::near;
use proofmark_text::show::from_cell;

/// Some columns of a table as text; an empty cell is an empty text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cells {
    /// What `lines` counts: `line` of a CSV file or `row` of a Parquet file.
    pub unit: &'static str,
    /// The names of all columns of the file, in its order.
    pub names: Vec<String>,
    /// Where each row begins, from 1.
    pub lines: Vec<u32>,
    /// The wanted columns, in the order asked for.
    pub columns: Vec<Vec<String>>,
}

/// A wanted column, what it is wanted for, and where it is declared.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// What it is wanted for.
    pub role: &'static str,
    column: &'a str,
    at: Origin,
}

impl<'a> Wanted<'a> {
    /// A column that a layout declares.
    pub fn declared(role: &'static str, column: &'a str, at: Origin) -> Self {
        Self { role, column, at }
    }

    /// A column that a release has.
    pub fn fixed(role: &'static str, column: &'a str) -> Self {
        Self::declared(role, column, Origin::DEFAULT)
    }
}

impl Cells {
    /// Reads the wanted columns of a file: Parquet if its name ends so, else CSV.
    ///
    /// # Errors
    /// An unreadable file, broken form, missing or repeated columns, no rows.
    pub fn read(file: &Path, wanted: &[Wanted]) -> Result<Self, DataError> {
        let parquet = file.extension().is_some_and(|e| e.eq_ignore_ascii_case("parquet"));
        let cells =
            if parquet { Self::of_parquet(file, wanted) } else { Self::of_csv(file, wanted) };
        cells.and_then(|cells| match cells.lines.is_empty() {
            true => Err(DataError::EmptyTable { file: file.to_owned(), what: Nothing::Rows }),
            false => Ok(cells),
        })
    }

    fn of_csv(file: &Path, wanted: &[Wanted]) -> Result<Self, DataError> {
        let broken = |(line, flaw)| DataError::Csv { file: file.to_owned(), line, flaw };
        let bytes = foreign::file(file, LIST_FILE)
            .map_err(|source| DataError::Unreadable { path: file.to_owned(), source })?;
        let mut rows = CsvRows::new(&bytes).map_err(broken)?;
        let mut fields = Vec::new();
        if rows.next_into(&mut fields).map_err(broken)?.is_none() {
            return Err(DataError::EmptyTable { file: file.to_owned(), what: Nothing::Text });
        }
        let places = find(file, &fields, wanted)?;
        let width = fields.len();
        let mut cells = Self {
            unit: "line",
            names: fields.clone(),
            lines: Vec::new(),
            columns: vec![Vec::new(); wanted.len()],
        };
        while let Some(line) = rows.next_into(&mut fields).map_err(broken)? {
            if fields.len() != width {
                let flaw = CsvFlaw::Ragged { found: fields.len(), expected: width };
                return Err(broken((line, flaw)));
            }
            cells.lines.push(line);
            check_size(file, cells.lines.len(), wanted.len())?;
            for (column, &place) in cells.columns.iter_mut().zip(&places) {
                column.push(from_cell(&fields[place]).into_owned());
            }
        }
        Ok(cells)
    }

    fn of_parquet(file: &Path, wanted: &[Wanted]) -> Result<Self, DataError> {
        let mut names: Vec<String> = wanted.iter().map(|w| w.column.to_owned()).collect();
        let opened = ParquetFile::open(file).map_err(|e| flaw(file, e))?;
        find(file, &opened.columns(), wanted)?;
        if let Some((name, dtype)) = names.iter().find_map(|n| Some((n, opened.unread(n)?))) {
            let (file, column) = (file.to_owned(), name.clone());
            return Err(DataError::ColumnType { file, column, dtype });
        }
        check_size(file, opened.height(), wanted.len())?;
        let wanted = names.clone();
        names.sort_unstable();
        names.dedup();
        let table = opened.read(Some(&names), None).map_err(|e| flaw(file, e))?;
        let columns: Result<Vec<_>, _> = wanted.iter().map(|n| texts(file, &table, n)).collect();
        let lines = (1..=table.height() as u32).collect();
        Ok(Self { unit: "row", names: opened.columns(), lines, columns: columns? })
    }
}

/// Checks that so many cells fit into memory: a small file may hold very many of them.
fn check_size(file: &Path, rows: usize, columns: usize) -> Result<(), DataError> {
    match rows as u64 * columns as u64 <= LIST_CELLS {
        true => Ok(()),
        false => Err(DataError::Unreadable {
            path: file.to_owned(),
            source: io::Error::other(format!(
                "{rows} rows of {columns} columns are more than the {LIST_CELLS} cells that are \
                 read; leave out rows that are not needed"
            )),
        }),
    }
}

/// Where the wanted columns are in the header.
fn find(file: &Path, header: &[String], wanted: &[Wanted]) -> Result<Vec<usize>, DataError> {
    let place = |&Wanted { role, column, at }: &Wanted| {
        let count = header.iter().filter(|h| *h == column).count();
        match (count, header.iter().position(|h| h == column)) {
            (1, Some(place)) => Ok(place),
            (0, _) => Err(DataError::NoColumn {
                file: file.to_owned(),
                column: column.to_owned(),
                role,
                available: header.to_vec(),
                nearest: near(column, header.iter().map(String::as_str))
                    .map(str::to_owned)
                    .filter(|_| header.len() > 1),
                origin: at,
            }),
            _ => Err(DataError::RepeatedColumn {
                file: file.to_owned(),
                column: column.to_owned(),
                count,
            }),
        }
    };
    wanted.iter().map(place).collect()
}

/// A column as text.
fn texts(file: &Path, table: &DataFrame, name: &str) -> Result<Vec<String>, DataError> {
    let broken = |e: PolarsError| DataError::Parquet { file: file.to_owned(), why: e.to_string() };
    let column = table.column(name).map_err(broken)?;
    let dtype = column.dtype();
    if !(dtype.is_string() || dtype.is_bool() || dtype.is_primitive_numeric()) {
        return Err(DataError::ColumnType {
            file: file.to_owned(),
            column: name.to_owned(),
            dtype: dtype.to_string(),
        });
    }
    let text = column.cast(&DataType::String).map_err(broken)?;
    let text = text.str().map_err(broken)?;
    Ok(text.iter().map(|cell| cell.unwrap_or_default().to_owned()).collect())
}

/// All columns of a Parquet file.
///
/// # Errors
/// [`DataError::Unreadable`] or [`DataError::Parquet`].
pub fn read_parquet(file: &Path) -> Result<DataFrame, DataError> {
    let opened = ParquetFile::open(file).map_err(|e| flaw(file, e))?;
    check_size(file, opened.height(), opened.columns().len())?;
    opened.read(None, None).map_err(|e| flaw(file, e))
}

fn flaw(file: &Path, error: ParquetError) -> DataError {
    match error {
        ParquetError::Io(source) => DataError::Unreadable { path: file.to_owned(), source },
        ParquetError::Store(why) => {
            DataError::Parquet { file: file.to_owned(), why: why.to_string() }
        }
        ParquetError::Broken(why) => DataError::Parquet { file: file.to_owned(), why },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_file_of_very_many_cells_is_not_read() {
        assert!(check_size("x.csv".as_ref(), 1 << 26, 2).is_ok());
        let error = check_size("x.csv".as_ref(), (1 << 26) + 1, 2).unwrap_err().to_string();
        assert!(error.contains("x.csv") && error.contains("67108865 rows of 2 columns"), "{error}");
    }
}
