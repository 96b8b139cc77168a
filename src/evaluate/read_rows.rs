//! Reads the scored rows of anybody's file in batches: CSV as text, Parquet by row groups.

use std::fs::File;
use std::path::Path;

use polars::prelude::*;

use super::aggregate::LabelConflict;
use super::file::{FileError, Request};
use super::labels::LabelReader;
use super::rows::{Ids, Rows};

/// Rows that are decoded together; whole row groups up to about this many.
const BATCH: usize = 1 << 20;

/// Reads the columns that a request names.
///
/// # Errors
/// [`FileError`] names the file, column and row.
pub(super) fn read(request: &Request) -> Result<Rows, FileError> {
    let mut rows = Rows {
        videos: request.video.as_ref().map(|_| Ids::default()),
        groups: request.by.as_ref().map(|_| Ids::default()),
        ..Rows::default()
    };
    let mut reading = Reading {
        request,
        labels: LabelReader::new(request.fake_is.as_deref()),
        firsts: Vec::new(),
    };
    let mut wanted = vec![request.score.clone(), request.label.clone()];
    wanted.extend(request.video.clone());
    wanted.extend(request.by.clone());
    let mut first = 0;
    batches(&request.path, wanted, |total, table| {
        if first == 0 {
            rows.reserve(total);
        }
        reading.batch(&table, first, &mut rows)?;
        first += table.height();
        Ok(())
    })?;
    reading.labels.finish().map_err(|source| reading.label_error(source))?;
    Ok(rows)
}

/// Hands on the wanted columns of a file in batches, with the number of all rows where it is
/// known.
pub(super) fn batches(
    path: &Path,
    mut wanted: Vec<String>,
    mut take: impl FnMut(usize, DataFrame) -> Result<(), FileError>,
) -> Result<(), FileError> {
    let open =
        || File::open(path).map_err(|source| FileError::Open { path: path.to_owned(), source });
    let is_parquet = path.extension().is_some_and(|e| e.eq_ignore_ascii_case("parquet"));
    let format = if is_parquet { "Parquet" } else { "CSV" };
    let flaw = |e: PolarsError| {
        let reason = e.to_string();
        let reason = if reason.contains("more fields than defined") {
            "a row has more fields than the header".to_owned()
        } else {
            // What follows the first line is advice to callers of Polars.
            reason.lines().next().unwrap_or_default().to_owned()
        };
        FileError::Read { path: path.to_owned(), format, reason }
    };
    wanted.sort_unstable();
    wanted.dedup();

    if !is_parquet {
        // All columns as text, so that a flaw has a row.
        let options = CsvReadOptions::default().with_infer_schema_length(Some(0));
        let header = options.clone().with_n_rows(Some(1));
        let header = header.into_reader_with_file_handle(open()?).finish().map_err(flaw)?;
        let present = header.get_column_names().into_iter().map(ToString::to_string).collect();
        find(path, &wanted, present)?;
        let columns: Arc<[PlSmallStr]> = wanted.iter().map(PlSmallStr::from).collect();
        let options = options.with_columns(Some(columns));
        let table = options.into_reader_with_file_handle(open()?).finish().map_err(flaw)?;
        return take(table.height(), table);
    }
    let mut reader = ParquetReader::new(open()?);
    let schema = reader.schema().map_err(flaw)?;
    find(path, &wanted, schema.iter_names().map(ToString::to_string).collect())?;
    let metadata = reader.get_metadata().map_err(flaw)?.clone();
    let mut first = 0;
    let mut groups = metadata.row_groups.iter().map(|group| group.num_rows()).peekable();
    loop {
        let mut rows = 0;
        while let Some(more) = groups.next_if(|more| rows == 0 || rows + more <= BATCH) {
            rows += more;
        }
        let mut reader = ParquetReader::new(open()?);
        reader.set_metadata(metadata.clone());
        let slice = reader.with_columns(Some(wanted.clone())).with_slice(Some((first, rows)));
        take(metadata.num_rows, slice.finish().map_err(flaw)?)?;
        first += rows;
        if groups.peek().is_none() {
            return Ok(());
        }
    }
}

/// Checks that the wanted columns are present.
fn find(path: &Path, wanted: &[String], present: Vec<String>) -> Result<(), FileError> {
    let Some(missing) = wanted.iter().find(|name| !present.contains(name)) else {
        return Ok(());
    };
    let likeness = |name: &str| strsim::jaro_winkler(&name.to_lowercase(), &missing.to_lowercase());
    let nearest = present
        .iter()
        .filter(|name| likeness(name) > 0.75)
        .max_by(|a, b| likeness(a).total_cmp(&likeness(b)))
        .cloned();
    Err(FileError::MissingColumn {
        path: path.to_owned(),
        column: missing.clone(),
        nearest,
        present,
    })
}

/// What reading remembers from batch to batch.
struct Reading<'a> {
    request: &'a Request,
    labels: LabelReader<'a>,
    /// Of each video, its first row and whether that is fake.
    firsts: Vec<(usize, bool)>,
}

impl Reading<'_> {
    /// Adds the scored rows of a batch, whose first row has the number `first`, from 0.
    fn batch(&mut self, table: &DataFrame, first: usize, rows: &mut Rows) -> Result<(), FileError> {
        let scores = numbers(
            &self.request.path,
            &self.request.score,
            &table[self.request.score.as_str()],
            first,
        )?;
        let fakes = self.fakes(&table[self.request.label.as_str()], &scores, first)?;
        if let (Some(name), Some(ids)) = (&self.request.video, &mut rows.videos) {
            self.videos(name, &table[name.as_str()], &scores, &fakes, first, ids)?;
        }
        if let (Some(name), Some(ids)) = (&self.request.by, &mut rows.groups) {
            let column = texts(&self.request.path, name, &table[name.as_str()], "groups")?;
            let texts = column.str().expect(TEXT).iter().zip(&scores);
            let scored = texts.filter(|(_, score)| score.is_some());
            let named = scored.map(|(text, _)| text.filter(|text| !text.is_empty()));
            ids.extend(&named.collect::<Vec<_>>());
        }
        rows.dropped += scores.iter().filter(|score| score.is_none()).count();
        rows.fakes.extend(fakes);
        // Adding zero turns -0.0 into 0.0, so that equal scores are tied.
        rows.scores.extend(scores.into_iter().flatten().map(|score| score + 0.0));
        Ok(())
    }

    /// The labels of the scored rows: true for fake.
    fn fakes(
        &mut self,
        column: &Column,
        scores: &[Option<f64>],
        first: usize,
    ) -> Result<Vec<bool>, FileError> {
        let name = self.request.label.clone();
        // Whole numbers and booleans are read as their texts, each value once.
        if column.dtype().is_integer() && !column.has_nulls() {
            let wide = column.cast(&DataType::Int64).ok().filter(|wide| !wide.has_nulls());
            if let Some(wide) = wide {
                return self.whole_numbers(wide.i64().expect("just cast"), scores, first);
            }
        }
        let wanted = "labels (whole numbers, booleans or text)";
        let text = texts(&self.request.path, &name, column, wanted)?;
        let text = text.str().expect(TEXT);
        let mut fakes = Vec::with_capacity(scores.len());
        for (row, (label, _)) in
            text.iter().zip(scores).enumerate().filter(|(_, (_, s))| s.is_some())
        {
            let later = || {
                let scored = |row: &usize| scores[*row].is_some();
                (row..scores.len()).filter(scored).map(|row| text.get(row)).collect()
            };
            let fake = self.labels.read(first + row, label, later);
            fakes.push(fake.map_err(|source| self.label_error(source))?);
        }
        Ok(fakes)
    }

    fn whole_numbers(
        &mut self,
        labels: &Int64Chunked,
        scores: &[Option<f64>],
        first: usize,
    ) -> Result<Vec<bool>, FileError> {
        let mut known: Vec<(i64, bool)> = Vec::new();
        let mut fakes = Vec::with_capacity(scores.len());
        for (row, (label, _)) in
            labels.into_no_null_iter().zip(scores).enumerate().filter(|(_, (_, s))| s.is_some())
        {
            if let Some((_, fake)) = known.iter().find(|(value, _)| *value == label) {
                fakes.push(*fake);
                continue;
            }
            let text = label.to_string();
            let fake = self.labels.read(first + row, Some(&text), Vec::new);
            let fake = fake.map_err(|source| self.label_error(source))?;
            if known.len() < 16 {
                known.push((label, fake));
            }
            fakes.push(fake);
        }
        Ok(fakes)
    }

    /// The videos of the scored rows.
    fn videos(
        &mut self,
        name: &str,
        column: &Column,
        scores: &[Option<f64>],
        fakes: &[bool],
        first: usize,
        ids: &mut Ids,
    ) -> Result<(), FileError> {
        let path = || self.request.path.clone();
        let column_texts = texts(&self.request.path, name, column, "names of videos")?;
        let texts = column_texts.str().expect(TEXT).iter().zip(scores).enumerate();
        let (rows, texts): (Vec<usize>, Vec<Option<&str>>) = texts
            .filter(|(_, (_, score))| score.is_some())
            .map(|(row, (text, _))| (first + row, text))
            .unzip();
        if let Some(place) = texts.iter().position(Option::is_none) {
            let (column, row) = (name.to_owned(), rows[place] + 1);
            return Err(FileError::NoVideo { path: path(), column, row });
        }
        let before = ids.of.len();
        ids.extend(&texts);
        for ((&id, &row), &fake) in ids.of[before..].iter().zip(&rows).zip(fakes) {
            if id as usize == self.firsts.len() {
                self.firsts.push((row, fake));
            }
            let (other, was) = self.firsts[id as usize];
            if was != fake {
                let (real, fake) = if fake { (other, row) } else { (row, other) };
                let video = ids.names[id as usize].to_string();
                let source = LabelConflict { video, real_row: real + 1, fake_row: fake + 1 };
                return Err(FileError::Videos { path: path(), column: name.to_owned(), source });
            }
        }
        Ok(())
    }

    fn label_error(&self, source: super::labels::LabelError) -> FileError {
        FileError::Label {
            path: self.request.path.clone(),
            column: self.request.label.clone(),
            source,
        }
    }
}

/// The numbers of a column, `None` where missing. `first` is the number of its first row, from 0.
pub(super) fn numbers(
    path: &Path,
    name: &str,
    column: &Column,
    first: usize,
) -> Result<Vec<Option<f64>>, FileError> {
    let bad = |row: usize, value: String| FileError::Score {
        path: path.to_owned(),
        column: name.to_owned(),
        row: first + row + 1,
        value,
    };
    if column.dtype().is_string() {
        let texts = column.str().expect(TEXT).iter().enumerate();
        let number = |(row, text): (usize, Option<&str>)| match text.map(str::trim) {
            None | Some("") => Ok(None),
            Some(text) => match text.parse::<f64>() {
                Ok(score) if score.is_finite() => Ok(Some(score)),
                _ => Err(bad(row, text.to_owned())),
            },
        };
        return texts.map(number).collect();
    }
    if !column.dtype().is_primitive_numeric() {
        return Err(wrong_type(path, name, column, "numbers"));
    }
    let numbers = column.cast(&DataType::Float64);
    let numbers = numbers.map_err(|_| wrong_type(path, name, column, "numbers"))?;
    let number = |(row, score): (usize, Option<f64>)| match score {
        Some(score) if !score.is_finite() => Err(bad(row, score.to_string())),
        score => Ok(score),
    };
    numbers.f64().expect("a column just cast to f64").iter().enumerate().map(number).collect()
}

/// A column as text.
pub(super) fn texts(
    path: &Path,
    name: &str,
    column: &Column,
    wanted: &'static str,
) -> Result<Column, FileError> {
    if column.dtype().is_nested() {
        return Err(wrong_type(path, name, column, wanted));
    }
    column.cast(&DataType::String).map_err(|_| wrong_type(path, name, column, wanted))
}

fn wrong_type(path: &Path, name: &str, column: &Column, wanted: &'static str) -> FileError {
    FileError::Type {
        path: path.to_owned(),
        column: name.to_owned(),
        found: column.dtype().to_string(),
        wanted,
    }
}

/// What a cast to text has given.
const TEXT: &str = "a column of text";
