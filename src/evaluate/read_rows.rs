//! Reads the scored rows of anybody's file.

use std::collections::BTreeSet;
use std::path::Path;

use polars::prelude::*;

use super::aggregate::LabelConflict;
use super::labels::LabelReader;
use super::request::{FileError, Request};
use super::rows::{Ids, Rows};
use super::score_file::ScoreFile;
use proofmark_base::guard::guarded;

/// Between the parts of a video's key.
const PARTED: &str = "\u{1f}";

/// Columns that often tell videos of one name apart, in lower case.
const TELLING: [&str; 9] = [
    "method",
    "manipulation",
    "forgery",
    "generator",
    "dataset",
    "data_set",
    "source",
    "compression",
    "quality",
];

/// Reads the columns that a request names. Also gives what readers must know of the file.
///
/// # Errors
/// [`FileError`] names the file, column and row.
pub(super) fn read(request: &Request) -> Result<(Rows, Vec<String>), FileError> {
    let file = ScoreFile::open(&request.path)?;
    let mut rows = Rows {
        videos: (!request.video.is_empty()).then(Ids::default),
        groups: request.by.as_ref().map(|_| Ids::default()),
        ..Rows::default()
    };
    let telling = |column: &&String| {
        TELLING.contains(&column.to_lowercase().as_str()) && !request.video.contains(column)
    };
    let telling = file.columns.iter().find(telling).filter(|_| !request.video.is_empty()).cloned();
    let mut reading = Reading {
        request,
        labels: LabelReader::new(request.fake_is.as_deref()),
        firsts: Vec::new(),
        told_apart: telling.clone().map(ToldApart::new),
        decimal_comma: false,
    };
    let mut wanted = vec![request.score.clone(), request.label.clone()];
    wanted.extend(request.video.clone());
    wanted.extend(request.by.clone());
    wanted.extend(telling);
    let mut first = 0;
    file.batches(wanted, |batch| {
        if first == 0 {
            rows.reserve(batch.total);
        }
        reading.decimal_comma = batch.decimal_comma;
        reading.batch(&batch.table, first, &mut rows)?;
        first += batch.table.height();
        Ok(())
    })?;
    reading.labels.finish().map_err(|source| reading.label_error(source))?;
    let repeated = repeated_rows(request, &file, &rows, first)?;
    let mut notes = file.notes;
    notes.extend(repeated);
    notes.extend(reading.labels.note());
    notes.extend(reading.told_apart.and_then(|found| found.note(request, rows.videos.as_ref())));
    Ok((rows, notes))
}

/// That rows are there more than once, where equal rows are not likely to be frames of equal
/// scores: another column, such as a path or a frame's number, tells rows apart, or the file has
/// about one row a video.
fn repeated_rows(
    request: &Request,
    file: &ScoreFile,
    rows: &Rows,
    lines: usize,
) -> Result<Option<String>, FileError> {
    let known = |column: &&String| {
        [&request.score, &request.label].contains(column)
            || request.video.contains(column)
            || request.by.as_ref() == Some(*column)
            || TELLING.contains(&column.to_lowercase().as_str())
    };
    let told_apart = !file.columns.iter().all(|column| known(&column));
    let videos = rows.videos.as_ref().map_or(0, |ids| ids.names.len());
    if !told_apart && 2 * rows.scores.len() >= 3 * videos {
        return Ok(None);
    }
    let repeated = file.repeated(lines)?.filter(|repeated| *repeated > 0);
    Ok(repeated.map(|repeated| {
        format!(
            "{repeated} of its {lines} rows equal an earlier row in every column and count again; a \
             sampler that pads the last batch leaves such rows. Remove them if they are that"
        )
    }))
}

/// Videos of one name that another column tells apart.
struct ToldApart {
    /// The column.
    column: String,
    ids: Ids,
    /// Its value in the first row of each video.
    firsts: Vec<u32>,
    /// Other values with their videos.
    others: BTreeSet<(u32, u32)>,
}

impl ToldApart {
    fn new(column: String) -> Self {
        Self { column, ids: Ids::default(), firsts: Vec::new(), others: BTreeSet::new() }
    }

    /// Adds the values of rows beside their videos.
    fn extend(&mut self, videos: &[u32], values: &[Option<&str>]) {
        let before = self.ids.of.len();
        self.ids.extend(values);
        for (&video, &value) in videos.iter().zip(&self.ids.of[before..]) {
            match self.firsts.get(video as usize) {
                None => self.firsts.push(value),
                Some(&first) if first != value => {
                    self.others.insert((video, value));
                }
                Some(_) => {}
            }
        }
    }

    fn note(&self, request: &Request, videos: Option<&Ids>) -> Option<String> {
        let names = videos?.names.len();
        (!self.others.is_empty()).then(|| {
            let repeated: BTreeSet<u32> = self.others.iter().map(|(video, _)| *video).collect();
            format!(
                "{} of the {names} names in \"{}\" stand with several values of \"{column}\"; if \
                 these are different videos, {} in all, add `--video {column}`",
                repeated.len(),
                request.video.join("/"),
                names + self.others.len(),
                column = self.column,
            )
        })
    }
}

/// What reading remembers from batch to batch.
struct Reading<'a> {
    request: &'a Request,
    labels: LabelReader<'a>,
    /// Of each video, its first row and whether that is fake.
    firsts: Vec<(usize, bool)>,
    /// A column that may tell videos of one name apart.
    told_apart: Option<ToldApart>,
    /// Whether numbers may have a decimal comma.
    decimal_comma: bool,
}

impl Reading<'_> {
    /// Adds the scored rows of a batch, whose first row has the number `first`, from 0.
    fn batch(&mut self, table: &DataFrame, first: usize, rows: &mut Rows) -> Result<(), FileError> {
        let scores = numbers(
            &self.request.path,
            &self.request.score,
            &table[self.request.score.as_str()],
            first,
            self.decimal_comma,
        )?;
        let fakes = self.fakes(&table[self.request.label.as_str()], &scores, first)?;
        if let Some(ids) = &mut rows.videos {
            self.videos(table, &scores, &fakes, first, ids)?;
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
            let wide = cast(column, &DataType::Int64).filter(|wide| !wide.has_nulls());
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
        table: &DataFrame,
        scores: &[Option<f64>],
        fakes: &[bool],
        first: usize,
        ids: &mut Ids,
    ) -> Result<(), FileError> {
        let path = || self.request.path.clone();
        let text = |name: &String| {
            texts(&self.request.path, name, &table[name.as_str()], "names of videos")
        };
        let columns = self.request.video.iter().map(text).collect::<Result<Vec<_>, _>>()?;
        let scored = |column: &Column| -> Vec<Option<String>> {
            let texts = column.str().expect(TEXT).iter().zip(scores);
            texts
                .filter(|(_, s)| s.is_some())
                .map(|(text, _)| text.map(ToOwned::to_owned))
                .collect()
        };
        let rows: Vec<usize> =
            (0..scores.len()).filter(|&row| scores[row].is_some()).map(|row| first + row).collect();
        let missing = |column: &Column| {
            let mut texts = column.str().expect(TEXT).iter().zip(scores);
            texts.position(|(text, score)| score.is_some() && text.is_none())
        };
        for (column, name) in columns.iter().zip(&self.request.video) {
            if let Some(place) = missing(column) {
                let (column, row) = (name.clone(), first + place + 1);
                return Err(FileError::NoVideo { path: path(), column, row });
            }
        }
        let before = ids.of.len();
        match columns.as_slice() {
            [column] => {
                let texts = column.str().expect(TEXT).iter().zip(scores);
                let texts = texts.filter(|(_, score)| score.is_some()).map(|(text, _)| text);
                ids.extend(&texts.collect::<Vec<_>>());
            }
            columns => {
                // Parts are joined by what no name has, so that two keys are never one.
                let parts: Vec<Vec<Option<String>>> = columns.iter().map(scored).collect();
                let key = |row: usize| {
                    let parts = parts.iter().map(|part| part[row].as_deref().unwrap_or_default());
                    parts.collect::<Vec<_>>().join(PARTED)
                };
                let keys: Vec<String> = (0..rows.len()).map(key).collect();
                ids.extend(&keys.iter().map(|key| Some(key.as_str())).collect::<Vec<_>>());
            }
        }
        if let Some(told_apart) = &mut self.told_apart {
            let name = told_apart.column.clone();
            let column = texts(&self.request.path, &name, &table[name.as_str()], "text")?;
            let values = column.str().expect(TEXT).iter().zip(scores);
            let values = values.filter(|(_, score)| score.is_some()).map(|(text, _)| text);
            told_apart.extend(&ids.of[before..], &values.collect::<Vec<_>>());
        }
        for ((&id, &row), &fake) in ids.of[before..].iter().zip(&rows).zip(fakes) {
            if id as usize == self.firsts.len() {
                self.firsts.push((row, fake));
            }
            let (other, was) = self.firsts[id as usize];
            if was != fake {
                let (real, fake) = if fake { (other, row) } else { (row, other) };
                let video = ids.names[id as usize].replace(PARTED, "/");
                let source = LabelConflict { video, real_row: real + 1, fake_row: fake + 1 };
                let column = self.request.video.join("/");
                return Err(FileError::Videos { path: path(), column, source });
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

/// The numbers of a column, `None` where missing. `first` is the number of its first row, from 0;
/// text may have a decimal comma where the file's fields are not separated by commas.
pub(super) fn numbers(
    path: &Path,
    name: &str,
    column: &Column,
    first: usize,
    decimal_comma: bool,
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
            Some(text) => match number_of(text, decimal_comma) {
                Ok(score) if score.is_finite() => Ok(Some(score)),
                _ => Err(bad(row, text.to_owned())),
            },
        };
        return texts.map(number).collect();
    }
    if !column.dtype().is_primitive_numeric() {
        return Err(wrong_type(path, name, column, "numbers"));
    }
    let numbers = cast(column, &DataType::Float64);
    let numbers = numbers.ok_or_else(|| wrong_type(path, name, column, "numbers"))?;
    let number = |(row, score): (usize, Option<f64>)| match score {
        Some(score) if !score.is_finite() => Err(bad(row, score.to_string())),
        score => Ok(score),
    };
    numbers.f64().expect("a column just cast to f64").iter().enumerate().map(number).collect()
}

fn number_of(text: &str, decimal_comma: bool) -> Result<f64, std::num::ParseFloatError> {
    match text.parse() {
        Err(_) if decimal_comma && text.matches(',').count() == 1 && !text.contains('.') => {
            text.replace(',', ".").parse()
        }
        number => number,
    }
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
    cast(column, &DataType::String).ok_or_else(|| wrong_type(path, name, column, wanted))
}

/// A column in another type, where there is a way to it.
fn cast(column: &Column, dtype: &DataType) -> Option<Column> {
    guarded(|| column.cast(dtype)).ok()?.ok()
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
