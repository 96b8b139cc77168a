//! The rows of anybody's file of scores, read in batches and kept in few bytes.

use std::fs::File;
use std::path::Path;

use polars::prelude::*;
use rayon::prelude::*;

use super::aggregate::{self, LabelConflict};
use super::file::{FileError, Request};
use super::labels::LabelReader;
use super::statistics::bootstrap::Item;
use crate::lang::model::VideoScore;

/// Rows that are decoded together; whole row groups up to about this many.
const BATCH: usize = 1 << 20;
/// Rows whose scores are gathered by video together.
const GATHERED: usize = 1 << 24;
/// Texts that a thread looks up at a time.
const LOOKED_UP: usize = 1 << 14;
/// The group of a row that has none.
const NONE: u32 = u32::MAX;

/// The scored rows of a file.
#[derive(Debug, Default)]
pub(super) struct Rows {
    /// Score of each.
    pub scores: Vec<f64>,
    /// Whether it is fake.
    pub fakes: Vec<bool>,
    /// Its video, where the file names videos.
    pub videos: Option<Ids>,
    /// Its group, where groups are asked for.
    pub groups: Option<Ids>,
    /// Rows without a score.
    pub dropped: usize,
}

/// A column of text as numbers.
#[derive(Clone, Debug, Default)]
pub(super) struct Ids {
    /// Number of each row's text, or [`NONE`].
    pub of: Vec<u32>,
    /// The texts, in order of first appearance.
    pub names: Vec<Box<str>>,
    known: PlHashMap<Box<str>, u32>,
}

impl Ids {
    /// Adds rows.
    fn extend(&mut self, texts: &[Option<&str>]) {
        // Most texts of a batch are known; looking them up is most of the work.
        let known = |text: &Option<&str>| match text {
            None => Some(NONE),
            Some(text) => self.known.get(*text).copied(),
        };
        let found: Vec<Option<u32>> = texts.par_iter().with_min_len(LOOKED_UP).map(known).collect();
        for (text, found) in texts.iter().zip(found) {
            let id = found.unwrap_or_else(|| self.id(text.unwrap_or_default()));
            self.of.push(id);
        }
    }

    fn id(&mut self, text: &str) -> u32 {
        // Rows of one video often follow each other.
        if let Some(&last) = self.of.last()
            && last != NONE
            && *self.names[last as usize] == *text
        {
            return last;
        }
        if let Some(&id) = self.known.get(text) {
            return id;
        }
        let id = self.names.len() as u32;
        assert!(id < NONE, "fewer than 2^32 different texts");
        self.names.push(text.into());
        self.known.insert(text.into(), id);
        id
    }
}

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
    let mut first = 0;
    batches(request, |total, table| {
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

impl Rows {
    fn reserve(&mut self, rows: usize) {
        self.scores.reserve_exact(rows);
        self.fakes.reserve_exact(rows);
        for ids in [&mut self.videos, &mut self.groups].into_iter().flatten() {
            ids.of.reserve_exact(rows);
        }
    }

    /// (is fake, score) of each video.
    ///
    /// A mean is summed in ascending order of the scores, so that the order of rows
    /// changes no bit.
    pub(super) fn by_video(&self, rule: VideoScore) -> Vec<(bool, f64)> {
        let Some(ids) = &self.videos else { return Vec::new() };
        // Where each video's scores end, if all stood in order of their videos.
        let mut ends = vec![0usize; ids.names.len()];
        let mut fakes = vec![false; ids.names.len()];
        for (&id, &fake) in ids.of.iter().zip(&self.fakes) {
            ends[id as usize] += 1;
            fakes[id as usize] = fake;
        }
        let mut sum = 0;
        for end in &mut ends {
            sum += *end;
            *end = sum;
        }
        let mut videos = Vec::with_capacity(ends.len());
        let mut begin = 0;
        while begin < ends.len() {
            let start = if begin == 0 { 0 } else { ends[begin - 1] };
            // At least one video, then as many as fit.
            let fit = ends[begin..].partition_point(|end| end - start <= GATHERED).max(1);
            let block = begin..begin + fit;
            let mut gathered = vec![0.0; ends[block.end - 1] - start];
            let mut next: Vec<usize> =
                block.clone().map(|i| if i == 0 { 0 } else { ends[i - 1] } - start).collect();
            for (&id, &score) in ids.of.iter().zip(&self.scores) {
                if block.contains(&(id as usize)) {
                    let place = &mut next[id as usize - block.start];
                    gathered[*place] = score;
                    *place += 1;
                }
            }
            let mut rest = gathered.as_mut_slice();
            let mut slices = Vec::with_capacity(fit);
            for i in block.clone() {
                let len = ends[i] - if i == 0 { 0 } else { ends[i - 1] };
                let (slice, after) = rest.split_at_mut(len);
                slices.push((fakes[i], slice));
                rest = after;
            }
            // A group of rows has none of some videos.
            videos.par_extend(slices.into_par_iter().filter(|(_, s)| !s.is_empty()).map(
                |(fake, scores)| {
                    scores.sort_unstable_by(f64::total_cmp);
                    (fake, aggregate::score(scores, rule))
                },
            ));
            begin = block.end;
        }
        videos
    }

    /// The rows as items of their videos, reals first; where the file names none, each row
    /// is one.
    pub(super) fn items(&self) -> Vec<Item> {
        let mut places = PlHashMap::default();
        let mut items = Vec::with_capacity(self.scores.len());
        for class in [false, true] {
            for (row, (&fake, &score)) in self.fakes.iter().zip(&self.scores).enumerate() {
                if fake == class {
                    let id = self.videos.as_ref().map_or(row as u32, |ids| ids.of[row]);
                    let next = places.len() as u32;
                    let video = *places.entry(id).or_insert(next);
                    items.push(Item { video, fake, score });
                }
            }
        }
        items
    }

    /// The scores of reals and of fakes, parted in place; in no order.
    pub(super) fn classes(self) -> (Vec<f64>, Vec<f64>) {
        let Self { mut scores, mut fakes, .. } = self;
        let mut reals = 0;
        for row in 0..scores.len() {
            if !fakes[row] {
                scores.swap(row, reals);
                fakes.swap(row, reals);
                reals += 1;
            }
        }
        drop(fakes);
        let fakes = scores.split_off(reals);
        (scores, fakes)
    }

    /// The rows of a group. One without reals is compared with all reals of the file.
    pub(super) fn group(&self, group: u32) -> Self {
        let Some(groups) = &self.groups else { return Self::default() };
        let rows = || groups.of.iter().zip(&self.fakes).enumerate();
        let has_reals = rows().any(|(_, (&of, &fake))| of == group && !fake);
        let members: Vec<usize> = rows()
            .filter(|(_, (of, fake))| **of == group || !has_reals && !**fake)
            .map(|(row, _)| row)
            .collect();
        Self {
            scores: members.iter().map(|&row| self.scores[row]).collect(),
            fakes: members.iter().map(|&row| self.fakes[row]).collect(),
            videos: self.videos.as_ref().map(|ids| Ids {
                of: members.iter().map(|&row| ids.of[row]).collect(),
                names: ids.names.clone(),
                known: PlHashMap::default(),
            }),
            groups: None,
            dropped: 0,
        }
    }
}

/// Hands a file's batches on, with the number of all rows where it is known.
fn batches(
    request: &Request,
    mut take: impl FnMut(usize, DataFrame) -> Result<(), FileError>,
) -> Result<(), FileError> {
    let path = &request.path;
    let open = || File::open(path).map_err(|source| FileError::Open { path: path.clone(), source });
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
        FileError::Read { path: path.clone(), format, reason }
    };
    let mut wanted = vec![request.score.clone(), request.label.clone()];
    wanted.extend(request.video.clone());
    wanted.extend(request.by.clone());
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
        let scores = self.scores(&table[self.request.score.as_str()], first)?;
        let fakes = self.fakes(&table[self.request.label.as_str()], &scores, first)?;
        if let (Some(name), Some(ids)) = (&self.request.video, &mut rows.videos) {
            self.videos(name, &table[name.as_str()], &scores, &fakes, first, ids)?;
        }
        if let (Some(name), Some(ids)) = (&self.request.by, &mut rows.groups) {
            let texts = self.text(name, &table[name.as_str()], "groups")?;
            let texts = texts.str().expect(TEXT).iter().zip(&scores);
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

    /// The scores, `None` where missing.
    fn scores(&self, column: &Column, first: usize) -> Result<Vec<Option<f64>>, FileError> {
        let request = self.request;
        let bad = |row: usize, value: String| FileError::Score {
            path: request.path.clone(),
            column: request.score.clone(),
            row: first + row + 1,
            value,
        };
        if column.dtype().is_string() {
            return column
                .str()
                .expect(TEXT)
                .iter()
                .enumerate()
                .map(|(row, text)| match text.map(str::trim) {
                    None | Some("") => Ok(None),
                    Some(text) => match text.parse::<f64>() {
                        Ok(score) if score.is_finite() => Ok(Some(score)),
                        _ => Err(bad(row, text.to_owned())),
                    },
                })
                .collect();
        }
        let wrong_type = || self.wrong_type(&request.score, column, "numbers");
        if !column.dtype().is_primitive_numeric() {
            return Err(wrong_type());
        }
        let numbers = column.cast(&DataType::Float64).map_err(|_| wrong_type())?;
        numbers
            .f64()
            .expect("a column just cast to f64")
            .iter()
            .enumerate()
            .map(|(row, score)| match score {
                Some(score) if !score.is_finite() => Err(bad(row, score.to_string())),
                score => Ok(score),
            })
            .collect()
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
        let text = self.text(&name, column, "labels (whole numbers, booleans or text)")?;
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
        let texts = self.text(name, column, "names of videos")?;
        let texts = texts.str().expect(TEXT).iter().zip(scores).enumerate();
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

    /// A column as text.
    fn text(&self, name: &str, column: &Column, wanted: &'static str) -> Result<Column, FileError> {
        if column.dtype().is_nested() {
            return Err(self.wrong_type(name, column, wanted));
        }
        column.cast(&DataType::String).map_err(|_| self.wrong_type(name, column, wanted))
    }

    fn wrong_type(&self, name: &str, column: &Column, wanted: &'static str) -> FileError {
        FileError::Type {
            path: self.request.path.clone(),
            column: name.to_owned(),
            found: column.dtype().to_string(),
            wanted,
        }
    }

    fn label_error(&self, source: super::labels::LabelError) -> FileError {
        FileError::Label {
            path: self.request.path.clone(),
            column: self.request.label.clone(),
            source,
        }
    }
}

/// What a cast to text has given.
const TEXT: &str = "a column of text";
