//! Records of fields separated by commas (RFC 4180), each a cell that is safe to look at.

use proofmark_text::show::{from_cell, to_cell};

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

/// A record and the line it begins on, from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Record {
    /// Line.
    pub line: usize,
    /// The texts of its cells.
    pub fields: Vec<String>,
}

/// A quote that is not closed, or not where it may be; the line, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BadQuote {
    /// Line.
    pub line: usize,
}

/// Reads records; either line ending will do, empty lines are none.
pub(super) fn read(text: &str) -> Result<Vec<Record>, BadQuote> {
    let mut records = Vec::new();
    let mut rest = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut line = 1;
    while !rest.is_empty() {
        let mut record = Record { line, fields: Vec::new() };
        loop {
            let field = match rest.strip_prefix('"') {
                Some(quoted) => {
                    let (field, after) = unquote(quoted).ok_or(BadQuote { line })?;
                    line += field.matches('\n').count();
                    rest = after;
                    field
                }
                None => {
                    let end = rest.find([',', '\n']).unwrap_or(rest.len());
                    let (field, after) = rest.split_at(end);
                    rest = after;
                    // The carriage return belongs to the line's end.
                    let ends_line = !rest.starts_with(',');
                    let bare = field.strip_suffix('\r').filter(|_| ends_line).unwrap_or(field);
                    if bare.contains('"') {
                        return Err(BadQuote { line });
                    }
                    bare.to_owned()
                }
            };
            record.fields.push(from_cell(&field).into_owned());
            if let Some(after) = rest.strip_prefix(',') {
                rest = after;
                continue;
            }
            rest = rest.strip_prefix('\r').unwrap_or(rest);
            match rest.strip_prefix('\n') {
                Some(after) => rest = after,
                None if rest.is_empty() => {}
                None => return Err(BadQuote { line }),
            }
            line += 1;
            break;
        }
        if record.fields != [""] {
            records.push(record);
        }
    }
    Ok(records)
}

/// The text up to the closing quote, and what follows it.
fn unquote(quoted: &str) -> Option<(String, &str)> {
    let mut field = String::new();
    let mut rest = quoted;
    loop {
        let (before, after) = rest.split_once('"')?;
        field.push_str(before);
        match after.strip_prefix('"') {
            Some(after) => {
                field.push('"');
                rest = after;
            }
            None => return Some((field, after)),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lines_are_counted_through_quotes_and_either_ending() {
        let records = read("a,b\r\n\"x\ny\",\"say \"\"hi\"\"\"\n\nlast,").unwrap();
        let lines: Vec<_> = records.iter().map(|record| record.line).collect();
        assert_eq!(lines, [1, 2, 5]);
        assert_eq!(records[1].fields, ["x\ny", "say \"hi\""]);
        assert_eq!(records[2].fields, ["last", ""]);
    }

    #[test]
    fn a_stray_quote_names_its_line() {
        assert_eq!(read("a\n\"open"), Err(BadQuote { line: 2 }));
        assert_eq!(read("a\nb\"c"), Err(BadQuote { line: 2 }));
        assert_eq!(read("\"a\"b"), Err(BadQuote { line: 1 }));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            rows in prop::collection::vec(prop::collection::vec("[a,\"\r\n é'=\u{1b}-]{0,6}", 2..5), 0..6)
        ) {
            let mut text = String::new();
            for row in &rows {
                write(&mut text, row.iter().map(String::as_str));
            }
            let read: Vec<Vec<String>> =
                read(&text).unwrap().into_iter().map(|record| record.fields).collect();
            prop_assert_eq!(read, rows);
        }
    }
}
