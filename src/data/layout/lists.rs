//! The lists that releases come with: text and JSON, with the place of each entry.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::de::{DeserializeOwned, Deserializer, MapAccess, Visitor};

use crate::error::DataError;
use crate::flaw::{Nothing, Place, RowFlaw, RowProblem};
use proofmark_base::foreign::{self, LIST_FILE};
use proofmark_text::csv::CsvFlaw;

/// How many problems of a list are kept; all are counted.
const PROBLEMS: usize = 20;

/// A JSON object as it is written: in order, and with keys that are repeated.
#[derive(Clone, Debug, PartialEq)]
pub struct Entries<T>(pub Vec<(String, T)>);

impl<'de, T: serde::Deserialize<'de>> serde::Deserialize<'de> for Entries<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Each<T>(std::marker::PhantomData<T>);
        impl<'de, T: serde::Deserialize<'de>> Visitor<'de> for Each<T> {
            type Value = Entries<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Entries(entries))
            }
        }
        deserializer.deserialize_map(Each(std::marker::PhantomData))
    }
}

/// Reads a JSON file.
///
/// # Errors
/// A file that cannot be read, is no JSON, or is of another form.
pub fn json<T: DeserializeOwned>(file: &Path) -> Result<T, DataError> {
    let bytes = read(file)?;
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    serde_json::from_slice(text)
        .map_err(|e| DataError::Json { file: file.to_owned(), why: e.to_string() })
}

/// The lines of a text file that are not empty, without the space around them, and their
/// numbers.
///
/// # Errors
/// A file that cannot be read, is no UTF-8, or has no lines.
pub fn lines(file: &Path) -> Result<Vec<(u32, String)>, DataError> {
    let bytes = read(file)?;
    let text = std::str::from_utf8(&bytes).map_err(|e| {
        let line = 1 + bytes[..e.valid_up_to()].iter().filter(|&&b| b == b'\n').count() as u32;
        DataError::Csv { file: file.to_owned(), line, flaw: CsvFlaw::NotUtf8 }
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let lines: Vec<_> = (1..)
        .zip(text.lines())
        .map(|(number, line)| (number, line.trim().to_owned()))
        .filter(|(_, line)| !line.is_empty())
        .collect();
    if lines.is_empty() {
        return Err(DataError::EmptyTable { file: file.to_owned(), what: Nothing::Text });
    }
    Ok(lines)
}

fn read(file: &Path) -> Result<Vec<u8>, DataError> {
    foreign::file(file, LIST_FILE)
        .map_err(|source| DataError::Unreadable { path: file.to_owned(), source })
}

/// What is wrong with the entries of one list.
#[derive(Debug)]
pub struct Problems {
    file: PathBuf,
    some: Vec<RowProblem>,
    total: usize,
}

impl Problems {
    /// Nothing yet of this file.
    pub fn of(file: &Path) -> Self {
        Self { file: file.to_owned(), some: Vec::new(), total: 0 }
    }

    /// Adds a problem.
    pub fn add(&mut self, unit: &'static str, number: u32, what: RowFlaw) {
        self.total += 1;
        // One flaw of many rows is told once.
        if let Some(known) = self.some.iter_mut().find(|problem| problem.what == what) {
            known.more += 1;
        } else if self.some.len() < PROBLEMS {
            self.some.push(RowProblem { at: Place { unit, number }, what, more: 0 });
        }
    }

    /// An error if there was any.
    ///
    /// # Errors
    /// [`DataError::Rows`] with the first problems and their number.
    pub fn check(self) -> Result<(), DataError> {
        if self.total == 0 {
            return Ok(());
        }
        Err(DataError::Rows { file: self.file, problems: self.some, total: self.total })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_flaw_of_many_rows_is_told_once() {
        let mut problems = Problems::of(Path::new("l.csv"));
        for line in 2..60 {
            let (real, fake) = ("`real`".to_owned(), "`fake`".to_owned());
            let value = (line % 2).to_string();
            problems.add("line", line, RowFlaw::UndeclaredLabel { value, real, fake });
        }
        problems.add("line", 61, RowFlaw::EmptyPath);
        assert_eq!(
            problems.check().unwrap_err().to_string(),
            "l.csv has 59 rows that cannot be used\n  line 2 and 28 others: the label `0` is \
             declared neither as real (`real`) nor as fake (`fake`); write `real \"0\"` or `fake \
             \"0\"` in the block of the layout\n  line 3 and 28 others: the label `1` is declared \
             neither as real (`real`) nor as fake (`fake`); write `real \"1\"` or `fake \"1\"` in \
             the block of the layout\n  line 61: the path is empty"
        );
    }
    use crate::testing::{tree, words};

    #[test]
    fn objects_keep_order_and_repeated_keys() {
        let (_dir, root) =
            tree(&["a.json={\"b\": 1, \"a\": 2, \"b\": 3}", "b.json=[1]", "c.json="]);
        let entries: Entries<u32> = json(&root.join("a.json")).unwrap();
        assert_eq!(entries.0, [("b".into(), 1), ("a".into(), 2), ("b".into(), 3)]);
        for (file, why) in [("b.json", "expected an object"), ("c.json", "EOF")] {
            let error = words(&json::<Entries<u32>>(&root.join(file)).unwrap_err(), &root);
            assert!(error.starts_with(&format!("ROOT/{file} ")) && error.contains(why), "{error}");
        }
    }

    #[test]
    fn lines_are_numbered_and_the_last_needs_no_end() {
        let (_dir, root) = tree(&["a.txt=\u{feff}one \r\n\n  two", "b.txt=\n\n"]);
        let numbered = lines(&root.join("a.txt")).unwrap();
        assert_eq!(numbered, [(1, "one".to_owned()), (3, "two".to_owned())]);
        assert!(matches!(lines(&root.join("b.txt")), Err(DataError::EmptyTable { .. })));
        std::fs::write(root.join("b.txt"), b"a\n\xff\n").unwrap();
        assert!(matches!(lines(&root.join("b.txt")), Err(DataError::Csv { line: 2, .. })));
    }
}
