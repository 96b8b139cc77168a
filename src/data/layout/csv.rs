//! A strict reader of CSV (RFC 4180) that knows the line of every row.
//!
//! Polars' own reader gives no line numbers and fills short rows with nulls; here a row
//! either has exactly the header's fields or is an error with its line.

use crate::flaw::CsvFlaw;

/// The rows of a CSV text, header included.
#[derive(Clone, Debug)]
pub struct Rows<'a> {
    rest: &'a str,
    line: u32,
}

/// A flaw and the line it is on, from 1.
pub type Flaw = (u32, CsvFlaw);

impl<'a> Rows<'a> {
    /// The rows of `bytes`, which may begin with a byte-order mark.
    ///
    /// # Errors
    /// Text that is not UTF-8 or has a NUL byte, with the line.
    pub fn new(bytes: &'a [u8]) -> Result<Self, Flaw> {
        let line_at = |end: usize| 1 + bytes[..end].iter().filter(|&&b| b == b'\n').count() as u32;
        let text =
            std::str::from_utf8(bytes).map_err(|e| (line_at(e.valid_up_to()), CsvFlaw::NotUtf8))?;
        if let Some(nul) = text.find('\0') {
            return Err((line_at(nul), CsvFlaw::Nul));
        }
        Ok(Self { rest: text.strip_prefix('\u{feff}').unwrap_or(text), line: 1 })
    }

    /// Reads the next row into `fields` and gives its line; `None` after the last. Empty
    /// lines are no rows.
    ///
    /// # Errors
    /// Broken quoting, with the line of the row.
    pub fn next_into(&mut self, fields: &mut Vec<String>) -> Result<Option<u32>, Flaw> {
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
                None => self.bare(),
            };
            fields.push(field);
            match self.rest.strip_prefix(',') {
                Some(rest) => self.rest = rest,
                None => break,
            }
        }
        if let Some(rest) = self.rest.strip_prefix("\r\n").or_else(|| self.rest.strip_prefix('\n'))
        {
            self.rest = rest;
            self.line += 1;
        }
        Ok(Some(line))
    }

    /// A field without quotes: everything up to the comma or the end of the line.
    fn bare(&mut self) -> String {
        let end = self.rest.find([',', '\n']).unwrap_or(self.rest.len());
        let end = match self.rest[end..].starts_with('\n') && self.rest[..end].ends_with('\r') {
            true => end - 1,
            false => end,
        };
        let (field, rest) = self.rest.split_at(end);
        self.rest = rest;
        field.to_owned()
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
        let ends = self.rest.is_empty()
            || [",", "\n", "\r\n"].iter().any(|end| self.rest.starts_with(end));
        match self.rest.chars().next() {
            Some(other) if !ends => Err(CsvFlaw::AfterQuote(other)),
            _ => Ok(field),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rows(bytes: &[u8]) -> Result<Vec<(u32, Vec<String>)>, Flaw> {
        let mut rows = Rows::new(bytes)?;
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

    proptest! {
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
