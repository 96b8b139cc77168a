//! CSV (RFC 4180) of others and our own: a strict reader that knows the line of every row, and a
//! writer whose cells are safe to look at.
//!
//! Where a row must be found again, or a flaw told, no library serves: Polars' reader gives no line
//! numbers and fills short rows with nulls, and the csv crate takes a quote that is never closed to go
//! on to the end of the file, and text behind a closing quote as a part of the field. Here a row
//! either is well formed or an error with its line. Files of scores, which may have many millions of
//! rows, are read by Polars (`src/evaluate/score_file.rs`).

use thiserror::Error;

use crate::show::{from_cell, to_cell};

/// What can be wrong with the form of a CSV file.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CsvFlaw {
    /// Bytes that are no UTF-8.
    #[error("the text is not UTF-8; save the file as UTF-8")]
    NotUtf8,
    /// A NUL byte.
    #[error("a NUL byte, which no text file has")]
    Nul,
    /// A quote that is never closed.
    #[error("a quoted field is never closed")]
    OpenQuote,
    /// Text between a closing quote and the next comma.
    #[error("`{0}` follows a closing quote; double the quotes inside a quoted field")]
    AfterQuote(char),
    /// A quote inside a field that does not begin with one, where that is refused.
    #[error("a quotation mark stands inside a field; quote the field and double the mark")]
    InsideField,
    /// A row of another width than the header.
    #[error("{found} field{}, but the header has {expected}", if *found == 1 { "" } else { "s" })]
    Ragged {
        /// Fields in this row.
        found: usize,
        /// Fields in the header.
        expected: usize,
    },
}

/// The rows of a CSV text, header included.
#[derive(Clone, Debug)]
pub struct CsvRows<'a> {
    rest: &'a str,
    line: u32,
    /// Whether a quote inside a field that does not begin with one is a flaw.
    is_strict: bool,
}

/// A flaw and the line it is on, from 1.
pub type FlawAt = (u32, CsvFlaw);

impl<'a> CsvRows<'a> {
    /// The rows of `bytes`, which may begin with a byte-order mark.
    ///
    /// # Errors
    /// Text that is not UTF-8 or has a NUL byte, with the line.
    pub fn new(bytes: &'a [u8]) -> Result<Self, FlawAt> {
        let line_at = |end: usize| 1 + bytes[..end].iter().filter(|&&b| b == b'\n').count() as u32;
        let text =
            std::str::from_utf8(bytes).map_err(|e| (line_at(e.valid_up_to()), CsvFlaw::NotUtf8))?;
        if let Some(nul) = text.find('\0') {
            return Err((line_at(nul), CsvFlaw::Nul));
        }
        let rest = text.strip_prefix('\u{feff}').unwrap_or(text);
        Ok(Self { rest, line: 1, is_strict: false })
    }

    /// The same, where a quote inside a field that does not begin with one is a flaw, too.
    #[must_use]
    pub fn strict(self) -> Self {
        Self { is_strict: true, ..self }
    }

    /// Reads the next row into `fields` and gives its line; `None` after the last. Empty
    /// lines are no rows.
    ///
    /// # Errors
    /// Broken quoting, with the line of the row.
    pub fn next_into(&mut self, fields: &mut Vec<String>) -> Result<Option<u32>, FlawAt> {
        while let Some(rest) =
            self.rest.strip_prefix('\n').or_else(|| self.rest.strip_prefix("\r\n"))
        {
            self.rest = rest;
            self.line += 1;
        }
        fields.clear();
        if self.rest.is_empty() {
            return Ok(None);
        }
        let line = self.line;
        loop {
            let field = match self.rest.strip_prefix('"') {
                Some(rest) => self.quoted(rest).map_err(|flaw| (line, flaw))?,
                None => self.bare().map_err(|flaw| (line, flaw))?,
            };
            fields.push(field);
            match self.rest.strip_prefix(',') {
                Some(rest) => self.rest = rest,
                None => break,
            }
        }
        let rest = self.rest.strip_prefix('\r').unwrap_or(self.rest);
        self.rest = rest.strip_prefix('\n').unwrap_or(rest);
        self.line += 1;
        Ok(Some(line))
    }

    /// A field without quotes: everything up to the comma or the end of the line.
    fn bare(&mut self) -> Result<String, CsvFlaw> {
        let end = self.rest.find([',', '\n']).unwrap_or(self.rest.len());
        let (field, rest) = self.rest.split_at(end);
        // The carriage return belongs to the end of the line.
        let field = match rest.starts_with(',') {
            true => field,
            false => field.strip_suffix('\r').unwrap_or(field),
        };
        if self.is_strict && field.contains('"') {
            return Err(CsvFlaw::InsideField);
        }
        self.rest = &self.rest[field.len()..];
        Ok(field.to_owned())
    }

    /// A quoted field; `text` follows the opening quote.
    fn quoted(&mut self, mut text: &'a str) -> Result<String, CsvFlaw> {
        let mut field = String::new();
        loop {
            let (part, rest) = text.split_once('"').ok_or(CsvFlaw::OpenQuote)?;
            field.push_str(part);
            match rest.strip_prefix('"') {
                Some(after) => {
                    field.push('"');
                    text = after;
                }
                None => {
                    self.rest = rest;
                    break;
                }
            }
        }
        self.line += field.matches('\n').count() as u32;
        let ends = ["", "\r"].contains(&self.rest)
            || [",", "\n", "\r\n"].iter().any(|end| self.rest.starts_with(end));
        match self.rest.chars().next() {
            Some(other) if !ends => Err(CsvFlaw::AfterQuote(other)),
            _ => Ok(field),
        }
    }
}

/// A record and the line it begins on, from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Line.
    pub line: u32,
    /// The texts of its cells.
    pub fields: Vec<String>,
}

/// All records of a strict text such as [`write`] makes, with the texts that its cells stand for.
///
/// # Errors
/// What is wrong with its form, with the line.
pub fn records(text: &[u8]) -> Result<Vec<Record>, FlawAt> {
    let mut rows = CsvRows::new(text)?.strict();
    let (mut records, mut fields) = (Vec::new(), Vec::new());
    while let Some(line) = rows.next_into(&mut fields)? {
        let fields: Vec<String> = fields.iter().map(|f| from_cell(f).into_owned()).collect();
        // A single empty cell is written as an empty line, which is none.
        if fields != [""] {
            records.push(Record { line, fields });
        }
    }
    Ok(records)
}

/// Appends a record of cells, quoting what needs it.
pub fn write<'a>(out: &mut String, fields: impl IntoIterator<Item = &'a str>) {
    for (i, field) in fields.into_iter().enumerate() {
        if i > 0 {
            out.push(',');
        }
        let field = to_cell(field);
        if field.contains([',', '"', '\n']) {
            out.push('"');
            out.push_str(&field.replace('"', "\"\""));
            out.push('"');
        } else {
            out.push_str(&field);
        }
    }
    out.push_str("\r\n");
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rows(bytes: &[u8]) -> Result<Vec<(u32, Vec<String>)>, FlawAt> {
        let mut rows = CsvRows::new(bytes)?;
        let (mut out, mut fields) = (Vec::new(), Vec::new());
        while let Some(line) = rows.next_into(&mut fields)? {
            out.push((line, fields.clone()));
        }
        Ok(out)
    }

    fn row(line: u32, fields: &[&str]) -> (u32, Vec<String>) {
        (line, fields.iter().map(|f| (*f).to_owned()).collect())
    }

    #[test]
    fn quotes_line_ends_and_marks() {
        let text = "\u{feff}a,b\r\n\r\n\"x, \"\"y\"\"\n2nd\",\r\n1,2\" disk\n,\"\"";
        assert_eq!(
            rows(text.as_bytes()).unwrap(),
            [
                row(1, &["a", "b"]),
                row(3, &["x, \"y\"\n2nd", ""]),
                row(5, &["1", "2\" disk"]),
                row(6, &["", ""]),
            ]
        );
        assert_eq!(rows(b"").unwrap(), []);
        assert_eq!(rows(b"\n\r\n").unwrap(), []);
    }

    #[test]
    fn broken_text_is_an_error_with_its_line() {
        for (text, flaw) in [
            (&b"a\nb\xff"[..], (2, CsvFlaw::NotUtf8)),
            (b"a,b\n\n\0", (3, CsvFlaw::Nul)),
            (b"a\n\"b\nc", (2, CsvFlaw::OpenQuote)),
            (b"a\n\"b\"c", (2, CsvFlaw::AfterQuote('c'))),
            (b"a\n\"b\"\rc", (2, CsvFlaw::AfterQuote('\r'))),
        ] {
            assert_eq!(rows(text), Err(flaw));
        }
    }

    #[test]
    fn records_are_strict_and_know_their_lines() {
        let text = b"a,b\r\n\"x\ny\",\"say \"\"hi\"\"\"\n\nlast,\r";
        let read = records(text).unwrap();
        assert_eq!(read.iter().map(|record| record.line).collect::<Vec<_>>(), [1, 2, 5]);
        assert_eq!(read[1].fields, ["x\ny", "say \"hi\""]);
        assert_eq!(read[2].fields, ["last", ""]);
        assert_eq!(records(b"a\n\"open"), Err((2, CsvFlaw::OpenQuote)));
        assert_eq!(records(b"a\nb\"c"), Err((2, CsvFlaw::InsideField)));
        assert_eq!(records(b"\"a\"b"), Err((1, CsvFlaw::AfterQuote('b'))));
    }

    proptest! {
        #[test]
        fn what_we_write_is_read(rows in prop::collection::vec(
            prop::collection::vec("[a,\"\r\n é'=\u{1b}-]{0,6}", 2..5), 0..6),
        ) {
            let mut text = String::new();
            for row in &rows {
                write(&mut text, row.iter().map(String::as_str));
            }
            let read = records(text.as_bytes()).unwrap();
            let read: Vec<Vec<String>> = read.into_iter().map(|record| record.fields).collect();
            prop_assert_eq!(read, rows);
        }

        #[test]
        fn what_is_written_is_read(table in prop::collection::vec(
            prop::collection::vec("[a,\"\r\n é]{0,5}", 2..4), 0..6), crlf: bool,
        ) {
            let quote = |f: &String| format!("\"{}\"", f.replace('"', "\"\""));
            let end = if crlf { "\r\n" } else { "\n" };
            let text: String = table
                .iter()
                .map(|r| r.iter().map(quote).collect::<Vec<_>>().join(",") + end)
                .collect();
            let read: Vec<_> = rows(text.as_bytes()).unwrap().into_iter().map(|r| r.1).collect();
            prop_assert_eq!(read, table);
        }

        #[test]
        fn any_bytes_give_rows_or_a_flaw(bytes in prop::collection::vec(
            prop::sample::select(b"ab,\"\r\n\0\xff".to_vec()), 0..20),
        ) {
            let lines = 1 + bytes.iter().filter(|&&b| b == b'\n').count() as u32;
            match rows(&bytes) {
                Ok(rows) => prop_assert!(rows.is_sorted_by(|a, b| a.0 < b.0)),
                Err((line, _)) => prop_assert!((1..=lines).contains(&line)),
            }
        }
    }
}
