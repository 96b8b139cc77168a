//! Everything that can be wrong with data, and the words for it.

use std::path::PathBuf;

use thiserror::Error;

use proofmark_lang::span::Origin;
use proofmark_text::csv::CsvFlaw;

use super::demo::DemoError;
use super::flaw::{
    EmptyClassHint, Nothing, RowProblem, columns, counted, did_you_mean, listed, overlap,
    table_problems, unattributed,
};

/// Something wrong with the data of an experiment.
#[derive(Debug, Error)]
pub enum DataError {
    /// The files of a data set are not where its declaration says.
    #[error(
        "data set `{dataset}` was not found\n{}  to say otherwise: {say_otherwise}",
        listed("looked for", looked_for)
    )]
    NotFound {
        /// The data set.
        dataset: String,
        /// What was looked for and is not there: paths or environment variables.
        looked_for: Vec<String>,
        /// Where the user can say otherwise.
        say_otherwise: String,
        /// Where the path was written.
        origin: Origin,
    },
    /// Some parts of a data set are there, and others that it needs are not.
    #[error(
        "data set `{dataset}` is there, but not all that it needs\n{}{}",
        listed("looked for", looked_for),
        listed("to go on", cures).trim_end()
    )]
    Incomplete {
        /// The data set.
        dataset: String,
        /// What was looked for and is not there.
        looked_for: Vec<String>,
        /// What to do, one way each.
        cures: Vec<String>,
        /// Where the path was written.
        origin: Origin,
    },
    /// A file or folder that cannot be read.
    #[error("{} cannot be read: {source}", path.display())]
    Unreadable {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A file that cannot be written.
    #[error("{} cannot be written: {why}", path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        why: String,
    },
    /// A CSV file whose form is broken.
    #[error("{}, line {line}: {flaw}", file.display())]
    Csv {
        /// The file.
        file: PathBuf,
        /// The line, from 1.
        line: u32,
        /// What is wrong.
        flaw: CsvFlaw,
    },
    /// A Parquet file that is damaged or of another form.
    #[error("{} is no readable Parquet file: {why}", file.display())]
    Parquet {
        /// The file.
        file: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// A JSON file that is broken or of another form.
    #[error("{} cannot be used: {why}", file.display())]
    Json {
        /// The file.
        file: PathBuf,
        /// What is wrong, and where.
        why: String,
    },
    /// An archive that cannot be read.
    #[error("{} cannot be read as a tar archive: {why}", file.display())]
    Archive {
        /// The archive.
        file: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// A column that the table does not have.
    #[error(
        "{} has no column `{column}` for the {role}; {}{}",
        file.display(), columns(available), did_you_mean(nearest)
    )]
    NoColumn {
        /// The table.
        file: PathBuf,
        /// The column wanted.
        column: String,
        /// What it is wanted for.
        role: &'static str,
        /// The columns there are.
        available: Vec<String>,
        /// The one most like the wanted one.
        nearest: Option<String>,
        /// Where the column was named.
        origin: Origin,
    },
    /// A declared value that a file does not have.
    #[error(
        "{} has no {what} `{value}`; it has {known}{}", file.display(), did_you_mean(nearest)
    )]
    UnknownValue {
        /// The file.
        file: PathBuf,
        /// What the value is.
        what: &'static str,
        /// The value.
        value: String,
        /// The values that there are.
        known: String,
        /// The one most like it.
        nearest: Option<String>,
        /// Where it was declared.
        origin: Origin,
    },
    /// A wanted column that the table has twice.
    #[error("{} has {count} columns named `{column}`; rename all but one", file.display())]
    RepeatedColumn {
        /// The table.
        file: PathBuf,
        /// The column.
        column: String,
        /// How often it occurs.
        count: usize,
    },
    /// A column whose values are no text, number or truth value.
    #[error("{}: column `{column}` holds {dtype}; text, numbers or booleans are needed", file.display())]
    ColumnType {
        /// The table.
        file: PathBuf,
        /// The column.
        column: String,
        /// The type it has.
        dtype: String,
    },
    /// A table that says nothing.
    #[error("{} {what}", file.display())]
    EmptyTable {
        /// The table.
        file: PathBuf,
        /// What it lacks.
        what: Nothing,
    },
    /// Rows of a table that cannot be used.
    #[error("{}", table_problems(file, problems, *total))]
    Rows {
        /// The table.
        file: PathBuf,
        /// The first problems.
        problems: Vec<RowProblem>,
        /// How many problems there are.
        total: usize,
    },
    /// A label value that is declared as both real and fake.
    #[error("the value `{value}` is declared as both real and fake in data set `{dataset}`")]
    TwoFacedLabel {
        /// The data set.
        dataset: String,
        /// The value.
        value: String,
        /// Where it was declared as fake.
        origin: Origin,
    },
    /// A class folder outside its root.
    #[error("the class folder `{folder}` of data set `{dataset}` is not below its root")]
    ClassOutsideRoot {
        /// The data set.
        dataset: String,
        /// The folder as written.
        folder: String,
        /// Where it was written.
        origin: Origin,
    },
    /// A class folder declared twice, perhaps by way of a link.
    #[error(
        "the class folders `{first}` and `{second}` of data set `{dataset}` are the same folder"
    )]
    RepeatedClass {
        /// The data set.
        dataset: String,
        /// One spelling.
        first: String,
        /// The other.
        second: String,
        /// Where the second was written.
        origin: Origin,
    },
    /// A class folder without images.
    #[error("the class folder {} of data set `{dataset}` holds no images{hint}", path.display())]
    EmptyClass {
        /// The data set.
        dataset: String,
        /// The folder.
        path: PathBuf,
        /// What it holds instead, and what to do.
        hint: EmptyClassHint,
        /// Where it was written.
        origin: Origin,
    },
    /// A manipulation that the data set does not declare.
    #[error(
        "data set `{dataset}` does not declare the manipulation `{name}`{}",
        did_you_mean(nearest)
    )]
    UndeclaredManipulation {
        /// The data set.
        dataset: String,
        /// The manipulation.
        name: String,
        /// The declared one most like it.
        nearest: Option<String>,
        /// Where it was written.
        origin: Origin,
    },
    /// A demo that cannot be drawn.
    #[error("data set `{dataset}`: {source}")]
    Demo {
        /// The data set.
        dataset: String,
        /// What the demo says.
        source: DemoError,
    },
    /// A demo data set with fakes but no method to draw them with.
    #[error("the demo data set `{dataset}` has fakes but no `manipulation` to draw them with")]
    DemoWithoutMethods {
        /// The data set.
        dataset: String,
        /// Where the fakes were asked for.
        origin: Origin,
    },
    /// No video has a split, although the data set says that they have.
    #[error(
        "nothing assigns the {} of data set `{dataset}` to train, val or test; \
         declare `split only=...` or `split train=... val=... test=... seed=...`",
        counted(*videos, "video")
    )]
    NoSplits {
        /// The data set.
        dataset: String,
        /// How many videos it has.
        videos: usize,
    },
    /// A validation split to be carved where the release has one.
    #[error(
        "data set `{dataset}` has a validation split of its own, which holds `{example}`; \
         remove `val` from `split official`"
    )]
    HasValidation {
        /// The data set.
        dataset: String,
        /// A video of that split.
        example: String,
        /// Where `val` was written.
        origin: Origin,
    },
    /// Identities or originals in several splits.
    #[error("{}", overlap(ensemble, counted, some, *more, datasets))]
    Overlap {
        /// The ensemble.
        ensemble: String,
        /// How many there are, in words.
        counted: String,
        /// The first of them, and the videos they are in.
        some: Vec<String>,
        /// How many more there are.
        more: usize,
        /// The data sets that they are in.
        datasets: Vec<String>,
        /// Where these are declared.
        origins: Vec<Origin>,
    },
    /// Fractions that do not make a whole.
    #[error(
        "the split of data set `{dataset}` gives train {train}, val {val} and test {test}; \
         fractions from 0 to 1 that add up to 1 are needed"
    )]
    Fractions {
        /// The data set.
        dataset: String,
        /// Fraction in train.
        train: f64,
        /// Fraction in val.
        val: f64,
        /// Fraction in test.
        test: f64,
        /// Where the first was written.
        origin: Origin,
    },
    /// Fewer groups than splits.
    #[error(
        "data set `{dataset}` has {groups} groups of videos that belong together, too few for \
         {splits} splits"
    )]
    TooFewGroups {
        /// The data set.
        dataset: String,
        /// How many groups it has.
        groups: usize,
        /// How many splits are wanted.
        splits: usize,
    },
    /// A rule by time for images that have none.
    #[error(
        "data set `{dataset}` asks for {fps} frames per second, but its images have no times; \
         declare `frames every=...`, `frames count=...` or `frames all`"
    )]
    NoTimes {
        /// The data set.
        dataset: String,
        /// Frames per second asked for.
        fps: f64,
        /// Where it was written.
        origin: Origin,
    },
    /// A number in a rule that has no meaning.
    #[error("{what} must be {must}, not {value}")]
    Rule {
        /// What the number is.
        what: &'static str,
        /// What it must be.
        must: &'static str,
        /// What it is.
        value: String,
        /// Where it was written.
        origin: Origin,
    },
    /// The same video offered twice for sampling.
    #[error("the video `{video}` of data set `{dataset}` is offered twice for sampling")]
    RepeatedVideo {
        /// The data set.
        dataset: String,
        /// The video.
        video: String,
    },
    /// Fakes without the class that attribution needs.
    #[error("{}", unattributed(by, dataset, manipulation.as_deref(), *videos, example))]
    Unattributed {
        /// `category` or `manipulation`.
        by: &'static str,
        /// The data set.
        dataset: String,
        /// The manipulation, if known.
        manipulation: Option<String>,
        /// How many videos lack a class.
        videos: usize,
        /// One of them.
        example: String,
    },
    /// A manifest that breaks its own rules.
    #[error("the manifest {place} is damaged: {why}")]
    Manifest {
        /// The file, or the data set before it is written.
        place: String,
        /// What is wrong.
        why: String,
    },
}
