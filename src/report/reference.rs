//! Published numbers, from a CSV with columns `metric,row,scenario,column,value`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use thiserror::Error;

use proofmark_base::math::powi;
use proofmark_metrics::{ALL, Metric};
use proofmark_text::csv::{self, CsvFlaw};
use proofmark_text::show::brief;

/// The columns that a file of published numbers needs.
const COLUMNS: [&str; 5] = ["metric", "row", "scenario", "column", "value"];

/// The words of all metrics, for readers.
fn known() -> String {
    let words: Vec<&str> = ALL.iter().map(|metric| metric.word).collect();
    match words.split_last() {
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
        None => String::new(),
    }
}

/// Published numbers of one source.
#[derive(Clone, Debug, PartialEq)]
pub struct Published {
    /// Name of the source, for readers.
    pub name: String,
    /// The numbers, in the order of the file.
    pub values: Vec<PublishedValue>,
    /// One unit of the last digit that is printed, as a fraction.
    pub step: f64,
}

/// One published number.
#[derive(Clone, Debug, PartialEq)]
pub struct PublishedValue {
    /// The metric.
    pub metric: Metric,
    /// The row, by its label or its experiment.
    pub row: String,
    /// The scenario.
    pub scenario: String,
    /// The column, by its label or its data set.
    pub column: String,
    /// The value as a fraction.
    pub value: f64,
    /// Digits behind the point, as it is printed.
    pub digits: i32,
}

/// Why published numbers cannot be read.
#[derive(Debug, Error)]
pub enum ReferenceError {
    /// The file cannot be read.
    #[error("cannot read the published numbers of {path}: {source}")]
    Open {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A line is not as it should be.
    #[error("{path}, line {line}: {flaw}")]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: u32,
        /// What is wrong.
        flaw: Flaw,
    },
}

/// What is wrong with a line of published numbers.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum Flaw {
    /// The form of the CSV is broken.
    #[error(transparent)]
    Form(CsvFlaw),
    /// The header lacks a column.
    #[error("the header has no \"{0}\"; it needs metric, row, scenario, column and value")]
    Header(&'static str),
    /// A line is longer or shorter than the header.
    #[error("{found} fields where the header has {wanted}")]
    Fields {
        /// How many there are.
        found: usize,
        /// How many there should be.
        wanted: usize,
    },
    /// A metric that there is not.
    #[error(
        "there is no metric \"{}\"; there are {}",
        brief(.0),
        known()
    )]
    Metric(String),
    /// A value that is not a number.
    #[error("\"{}\" is not a number", brief(.0))]
    Number(String),
    /// A value that no metric can have.
    #[error("{value} is not in {least} to {most}{}",
        if *most == 1.0 && *value > 1.0 && *value <= 100.0 {
            "; say `unit=percent` if these are percentages"
        } else { "" })]
    Range {
        /// The value as written.
        value: f64,
        /// The lowest possible.
        least: f64,
        /// The highest possible.
        most: f64,
    },
    /// A number given twice.
    #[error("already given in line {0}")]
    Duplicate(u32),
}

/// Reads a file of published numbers; with `percent`, values are 0 to 100.
///
/// Columns beyond the five are ignored and an empty value is none, so that a CSV
/// report can serve as a reference.
///
/// # Errors
/// [`ReferenceError`] names the file, line and value.
pub fn read(path: &Path, name: &str, percent: bool) -> Result<Published, ReferenceError> {
    let text = std::fs::read(path)
        .map_err(|source| ReferenceError::Open { path: path.to_owned(), source })?;
    let values = parse(&text, percent).map_err(|(line, flaw)| ReferenceError::Line {
        path: path.to_owned(),
        line,
        flaw,
    })?;
    let unit = if percent { 0.01 } else { 1.0 };
    let step = unit * powi(0.1, values.iter().map(|value| value.digits).max().unwrap_or(0));
    Ok(Published { name: name.to_owned(), values, step })
}

fn parse(text: &[u8], percent: bool) -> Result<Vec<PublishedValue>, (u32, Flaw)> {
    let records = csv::records(text).map_err(|(line, flaw)| (line, Flaw::Form(flaw)))?;
    let mut records = records.into_iter();
    let header = records.next().ok_or((1, Flaw::Header(COLUMNS[0])))?;
    let mut places = [0; 5];
    for (place, name) in places.iter_mut().zip(COLUMNS) {
        let found = header.fields.iter().position(|field| field.trim() == name);
        *place = found.ok_or((header.line, Flaw::Header(name)))?;
    }
    let limit = if percent { 100.0 } else { 1.0 };
    let mut seen = BTreeMap::new();
    let mut values = Vec::new();
    for record in records {
        let flaw = |flaw| (record.line, flaw);
        let (found, wanted) = (record.fields.len(), header.fields.len());
        if found != wanted {
            return Err(flaw(Flaw::Fields { found, wanted }));
        }
        let [metric, row, scenario, column, value] =
            places.map(|place| record.fields[place].trim().to_owned());
        let key = (metric.clone(), row.clone(), scenario.clone(), column.clone());
        if let Some(line) = seen.insert(key, record.line) {
            return Err(flaw(Flaw::Duplicate(line)));
        }
        let metric = Metric::of(&metric).ok_or_else(|| flaw(Flaw::Metric(metric)))?;
        if value.is_empty() {
            continue;
        }
        let number: f64 = value.parse().map_err(|_| flaw(Flaw::Number(value.clone())))?;
        if number.is_nan() {
            return Err(flaw(Flaw::Number(value)));
        }
        let [least, most] = metric.range.map(|end| end * limit);
        if !(least..=most).contains(&number) {
            return Err(flaw(Flaw::Range { value: number, least, most }));
        }
        let digits = value.split_once('.').map_or(0, |(_, digits)| digits.len() as i32);
        let value = number / limit;
        values.push(PublishedValue { metric, row, scenario, column, value, digits });
    }
    Ok(values)
}

#[cfg(test)]
mod tests {
    use proofmark_metrics::AUC;

    use super::*;

    const HEADER: &str = "metric,row,scenario,column,value\n";

    fn flaw(lines: &str, percent: bool) -> (u32, String) {
        let (line, flaw) = parse(format!("{HEADER}{lines}").as_bytes(), percent).unwrap_err();
        (line, flaw.to_string())
    }

    #[test]
    fn percentages_become_fractions() {
        let values =
            parse(format!("{HEADER}auc,\"FSFM, BA\",In,FF++,96.5\n").as_bytes(), true).unwrap();
        assert_eq!(
            values,
            [PublishedValue {
                metric: AUC,
                row: "FSFM, BA".into(),
                scenario: "In".into(),
                column: "FF++".into(),
                value: 0.965,
                digits: 1,
            }]
        );
        assert_eq!(
            parse(format!("{HEADER}eer,a,b,c,0.5\n").as_bytes(), false).unwrap()[0].value,
            0.5
        );
    }

    #[test]
    fn columns_are_found_by_name_and_others_ignored() {
        let text = "value,note,column,scenario,row,metric\n0.5,x,c,s,r,auc\n,,d,s,r,auc\n";
        let values = parse(text.as_bytes(), false).unwrap();
        assert_eq!(values.len(), 1);
        assert_eq!((values[0].row.as_str(), values[0].column.as_str()), ("r", "c"));
    }

    #[test]
    fn a_flaw_names_its_line_and_value() {
        let cases = [
            ("auc,a,b,c,0.5\nauc,a,b,d,NaN\n", (3, "\"NaN\" is not a number")),
            ("auc,a,b,c,high\n", (2, "\"high\" is not a number")),
            ("auc,a,b,c,-0.1\n", (2, "-0.1 is not in 0 to 1")),
            ("auc,a,b,c,inf\n", (2, "inf is not in 0 to 1")),
            (
                "auc,a,b,c,96.4\n",
                (2, "96.4 is not in 0 to 1; say `unit=percent` if these are percentages"),
            ),
            ("auc,a,b,c,0.5\n\nauc,a,b,c,0.6\n", (4, "already given in line 2")),
            ("auc,a,b\n", (2, "3 fields where the header has 5")),
            (
                "auc,a\"b,b,c,1\n",
                (2, "a quotation mark stands inside a field; quote the field and double the mark"),
            ),
        ];
        for (lines, (line, message)) in cases {
            assert_eq!(flaw(lines, false), (line, message.to_owned()));
        }
        let (line, unknown) = flaw("f1,a,b,c,0.5\n", false);
        assert_eq!(
            (line, unknown.starts_with("there is no metric \"f1\"; there are auc, ")),
            (2, true)
        );
        assert!(ALL.iter().all(|metric| unknown.contains(metric.word)), "{unknown}");
        assert_eq!(flaw("auc,a,b,c,101\n", true), (2, "101 is not in 0 to 100".into()));
        assert_eq!(
            parse(b"metric,row,value\n", false).unwrap_err().1.to_string(),
            "the header has no \"scenario\"; it needs metric, row, scenario, column and value"
        );
        assert_eq!(parse(b"", false).unwrap_err(), (1, Flaw::Header("metric")));
    }

    #[test]
    fn a_file_that_is_not_there_is_named() {
        let error = read(Path::new("absent/published.csv"), "paper", true).unwrap_err();
        let text = error.to_string();
        assert!(text.starts_with("cannot read the published numbers of absent"), "{text}");
    }
}
