//! Compares a table with a committed one: structure exactly, numbers within a tolerance.
//!
//! Both are CSV as [`super::csv`] writes it. Offered to the tests of others, too:
//!
//! ```
//! use proofmark_report::compare::compare;
//! let committed = "metric,row,scenario,column,value\nauc,FSFM,In,FF++,0.953\n";
//! let now = "metric,row,scenario,column,value\nauc,FSFM,In,FF++,0.941\n";
//! let differences = compare(committed, now, 0.005).unwrap();
//! assert_eq!(
//!     differences[0].to_string(),
//!     "auc, row FSFM, In, column FF++: 95.3 to 94.1, outside 0.5"
//! );
//! ```

use std::collections::BTreeMap;
use std::fmt;

use super::text::percent;
use proofmark_text::csv;
use proofmark_text::show::{brief, shown};

/// The columns that say which number a record is.
const NAMES: [&str; 4] = ["metric", "row", "scenario", "column"];
/// The columns that belong to the name where they are there.
const MORE: [&str; 2] = ["level", "threshold"];

/// One difference between two tables.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// Which number, in words.
    pub cell: String,
    /// What is different.
    pub change: Change,
}

/// What is different about a number.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// It was not there before.
    New,
    /// It is no longer there.
    Gone,
    /// The cells stand in another order.
    Order,
    /// It is another number, by more than the tolerance.
    Value {
        /// The committed one; none if it was n/a.
        before: Option<f64>,
        /// The one now; none if it is n/a.
        after: Option<f64>,
        /// The largest difference that is accepted.
        tolerance: f64,
    },
}

impl Difference {
    /// The difference without the tolerance that it is outside of.
    pub fn plainly(&self) -> String {
        let text = self.to_string();
        text.split_once(", outside ").map_or(text.clone(), |(plain, _)| plain.to_owned())
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.cell)?;
        match self.change {
            Change::New => write!(f, "is new"),
            Change::Gone => write!(f, "is gone"),
            Change::Order => write!(f, "stands elsewhere"),
            Change::Value { before, after, tolerance } => {
                let said = |value: Option<f64>| value.map_or("n/a".to_owned(), percent);
                let (mut one, mut other) = (said(before), said(after));
                if let (Some(before), Some(after), true) = (before, after, one == other) {
                    // What looks the same at one digit is told with all of them.
                    (one, other) = ((100.0 * before).to_string(), (100.0 * after).to_string());
                }
                write!(f, "{one} to {other}")?;
                let outside = before.is_some() && after.is_some();
                if outside { write!(f, ", outside {}", 100.0 * tolerance) } else { Ok(()) }
            }
        }
    }
}

/// Differences of a table from a committed one, in the order of the committed one. Values are
/// fractions, and so is the tolerance.
///
/// # Errors
/// A text that is not such a CSV, with the line.
pub fn compare(committed: &str, now: &str, tolerance: f64) -> Result<Vec<Difference>, String> {
    let before = cells(committed).map_err(|e| format!("the committed table: {e}"))?;
    let after = cells(now).map_err(|e| format!("the new table: {e}"))?;
    let places: BTreeMap<&str, usize> =
        after.iter().enumerate().map(|(i, (cell, _))| (cell.as_str(), i)).collect();
    let known: BTreeMap<&str, usize> =
        before.iter().enumerate().map(|(i, (cell, _))| (cell.as_str(), i)).collect();
    let mut differences = Vec::new();
    let mut report = |cell: &str, change| {
        differences.push(Difference { cell: cell.to_owned(), change });
    };
    let mut last = 0;
    for (cell, value) in &before {
        let Some(&place) = places.get(cell.as_str()) else {
            report(cell, Change::Gone);
            continue;
        };
        if place < last {
            report(cell, Change::Order);
        }
        last = last.max(place);
        let new = after[place].1;
        let same = match (value, new) {
            (Some(a), Some(b)) => (a - b).abs() <= tolerance * (1.0 + 1e-9),
            (a, b) => a.is_none() && b.is_none(),
        };
        if !same {
            report(cell, Change::Value { before: *value, after: new, tolerance });
        }
    }
    for (cell, _) in after.iter().filter(|(cell, _)| !known.contains_key(cell.as_str())) {
        report(cell, Change::New);
    }
    Ok(differences)
}

/// How many numbers of the two have another interval although they are the same: drawn with
/// another number of draws or another seed, or at another level.
pub fn redrawn(committed: &str, now: &str) -> usize {
    let intervals = |text: &str| -> BTreeMap<String, (String, String)> {
        let Ok(records) = csv::records(text.as_bytes()) else { return BTreeMap::new() };
        let mut records = records.into_iter();
        let header = records.next().map(|header| header.fields).unwrap_or_default();
        let place = |name: &str| header.iter().position(|field| field == name);
        let (Some(value), Some(low), Some(high)) = (place("value"), place("low"), place("high"))
        else {
            return BTreeMap::new();
        };
        let names: Vec<usize> = NAMES.iter().chain(&MORE).filter_map(|name| place(name)).collect();
        let cell = |record: csv::Record| {
            let field = |place: usize| record.fields.get(place).cloned().unwrap_or_default();
            let name: Vec<String> = names.iter().map(|&place| field(place)).collect();
            let interval = format!("{} {}", field(low), field(high));
            (name.join("\n"), (field(value), interval))
        };
        records.map(cell).collect()
    };
    let before = intervals(committed);
    let other = |(name, (value, interval)): &(String, (String, String))| {
        before.get(name).is_some_and(|(old, drawn)| old == value && drawn != interval)
    };
    intervals(now).into_iter().filter(other).count()
}

/// Compares tables in insta's snapshot tests as `table --check` does: structure exactly, values
/// within a tolerance. To programs that depend on `proofmark` it is
/// `proofmark::report::compare::TableComparator`.
///
/// ```
/// use proofmark_report::compare::TableComparator;
/// let mut settings = insta::Settings::clone_current();
/// settings.set_comparator(Box::new(TableComparator { tolerance: 0.005 }));
/// // let csv = std::fs::read_to_string("reports/table3.csv")?;
/// // settings.bind(|| insta::assert_snapshot!(csv));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TableComparator {
    /// How far a value may lie from the snapshot's, as a fraction.
    pub tolerance: f64,
}

impl insta::Comparator for TableComparator {
    /// Text that is no table matches nothing but itself.
    fn matches(&self, reference: &insta::Snapshot, test: &insta::Snapshot) -> bool {
        let text = |snapshot: &insta::Snapshot| snapshot.as_text().map(ToString::to_string);
        let (Some(committed), Some(now)) = (text(reference), text(test)) else { return false };
        let differences = compare(&committed, &now, self.tolerance);
        committed == now || differences.is_ok_and(|differences| differences.is_empty())
    }

    fn dyn_clone(&self) -> Box<dyn insta::Comparator> {
        Box::new(*self)
    }
}

/// Every number of a table by its name in words, in order.
fn cells(text: &str) -> Result<Vec<(String, Option<f64>)>, String> {
    let records =
        csv::records(text.as_bytes()).map_err(|(line, flaw)| format!("line {line}: {flaw}"))?;
    let mut records = records.into_iter();
    let header = records.next().ok_or("it is empty")?;
    let place = |name: &str| header.fields.iter().position(|field| field == name);
    let needed = |name: &str| place(name).ok_or_else(|| format!("it has no column {name}"));
    let names = NAMES.map(needed).into_iter().collect::<Result<Vec<_>, _>>()?;
    let value = needed("value")?;
    let more: Vec<(&str, usize)> = MORE.iter().filter_map(|m| Some((*m, place(m)?))).collect();
    let cell = |record: csv::Record| {
        let field = |place: usize| record.fields.get(place).map_or("", String::as_str);
        let [metric, row, scenario, column] = [0, 1, 2, 3].map(|i| field(names[i]));
        let [row, scenario, column] = [row, scenario, column].map(shown);
        let mut name = format!("{metric}, row {row}, {scenario}, column {column}");
        for (what, place) in &more {
            let said = field(*place);
            // What is usual need not be said.
            if !said.is_empty() && said != "video" {
                name += &format!(", {what} {said}");
            }
        }
        let number = field(value);
        let number = match number {
            "" => None,
            text => Some(text.parse().map_err(|_| {
                format!("line {}: \"{}\" is not a number", record.line, brief(text))
            })?),
        };
        Ok((name, number))
    };
    records.map(cell).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_that_were_drawn_otherwise_are_counted() {
        let header = "metric,row,scenario,column,value,low,high\n";
        let table = |a: &str, b: &str| format!("{header}auc,X,In,a,{a}\nauc,X,In,b,{b}\n");
        let committed = table("0.5,0.4,0.6", "0.7,0.6,0.8");
        assert_eq!(redrawn(&committed, &committed), 0);
        assert_eq!(redrawn(&committed, &table("0.5,0.41,0.6", "0.7,0.6,0.8")), 1);
        // Another number is a difference of its own.
        assert_eq!(redrawn(&committed, &table("0.5,0.4,0.6", "0.71,0.61,0.8")), 0);
    }

    const HEADER: &str = "metric,row,scenario,column,value,level,threshold\n";

    fn differences(before: &str, after: &str, tolerance: f64) -> Vec<String> {
        let table = |lines: &str| format!("{HEADER}{lines}");
        let found = compare(&table(before), &table(after), tolerance).unwrap();
        found.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn numbers_may_move_as_far_as_is_declared() {
        let (a, b) = ("auc,A,In,X,0.953,video,\n", "auc,A,In,X,0.941,video,\n");
        assert_eq!(differences(a, a, 0.0), [""; 0]);
        assert_eq!(differences(a, b, 0.012), [""; 0]);
        let said = ["auc, row A, In, column X: 95.3 to 94.1, outside 0.5"];
        assert_eq!(differences(a, b, 0.005), said);
        let close = "auc,A,In,X,0.95301,video,\n";
        assert_eq!(
            differences(a, close, 0.0),
            ["auc, row A, In, column X: 95.3 to 95.301, outside 0"]
        );
    }

    #[test]
    fn insta_accepts_what_the_tolerance_does() {
        let folder = tempfile::tempdir().unwrap();
        let snapshot = |text: &str| {
            let path = folder.path().join("x.snap");
            std::fs::write(&path, format!("---\nsource: x.rs\n---\n{text}")).unwrap();
            insta::Snapshot::from_file(&path).unwrap()
        };
        let table = "metric,row,scenario,column,value\nauc,A,In,X,0.953\n";
        let passes = |tolerance, now: &str| {
            insta::Comparator::matches(
                &TableComparator { tolerance },
                &snapshot(table),
                &snapshot(now),
            )
        };
        assert!(passes(0.005, &table.replace("0.953", "0.949")));
        assert!(!passes(0.003, &table.replace("0.953", "0.949")));
        assert!(!passes(1.0, &table.replace("A,", "B,")));
        assert!(!passes(1.0, "no table"));
    }

    #[test]
    fn structure_is_compared_exactly() {
        let before = "auc,A,In,X,0.5,video,\nauc,A,In,Y,,video,\nauc,B,In,X,0.5,frame,0.3\n";
        let after = "auc,A,In,Y,0.7,video,\nauc,A,In,X,,video,\nauc,C,In,X,0.5,video,\n";
        assert_eq!(
            differences(before, after, 0.1),
            [
                "auc, row A, In, column X: 50.0 to n/a",
                "auc, row A, In, column Y: stands elsewhere",
                "auc, row A, In, column Y: n/a to 70.0",
                "auc, row B, In, column X, level frame, threshold 0.3: is gone",
                "auc, row C, In, column X: is new",
            ]
        );
    }

    #[test]
    fn what_is_no_table_says_why() {
        for (text, why) in [
            ("", "the committed table: it is empty"),
            ("metric,row,scenario,value\n", "the committed table: it has no column column"),
            ("metric,row,scenario,column,value\na,b,c,d,x\n", "line 2: \"x\" is not a number"),
            ("metric,row\n\"", "line 2: a quoted field is never closed"),
        ] {
            let error = compare(text, HEADER, 0.0).unwrap_err();
            assert!(error.contains(why), "{text}: {error}");
        }
    }
}
