//! A scan in a folder, so that another process need not look at the data set again.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use polars::prelude::*;
use serde::{Deserialize, Serialize};

use super::error::DataError;
use super::files::{Files, Members};
use super::layout;
use super::manifest::Manifest;
use super::scan::{Scan, ScanReport};
use proofmark_base::store::write_whole;

/// All but the manifest and the members of archives.
const CARD: &str = "scan.json";
/// Where each member of an archive begins and how long it is.
const MEMBERS: &str = "members.parquet";
const ARCHIVE: &str = "archive";
const MEMBER: &str = "member";
const START: &str = "start";
const LENGTH: &str = "length";

/// What a scan has besides its manifest.
#[derive(Serialize, Deserialize)]
struct Card {
    /// Where its files lie; none for the demo.
    files: Option<Roots>,
    absent: HashSet<String>,
    report: ScanReport,
}

/// Where files lie.
#[derive(Serialize, Deserialize)]
struct Roots {
    root: PathBuf,
    elsewhere: BTreeMap<String, PathBuf>,
    archives: bool,
}

impl Scan {
    /// Writes it into a folder that exists.
    ///
    /// # Errors
    /// [`DataError::Unwritable`] names the file.
    pub fn save(&self, folder: &Path) -> Result<(), DataError> {
        self.manifest.write(folder)?;
        let files = self.files.as_ref().map(|files| Roots {
            root: files.root().to_owned(),
            elsewhere: files.elsewhere().clone(),
            archives: !files.archives().is_empty(),
        });
        if let Some(files) = self.files.as_ref().filter(|files| !files.archives().is_empty()) {
            write_members(&folder.join(MEMBERS), files.archives())?;
        }
        let card = Card { files, absent: self.absent.clone(), report: self.report.clone() };
        let path = folder.join(CARD);
        let text = serde_json::to_vec(&card).map_err(|e| unwritable(&path, &e))?;
        write_whole(&path, &text).map_err(|e| unwritable(&path, &e))
    }

    /// Reads what [`Scan::save`] wrote.
    ///
    /// # Errors
    /// The file and what is wrong with it.
    pub fn restore(folder: &Path) -> Result<Self, DataError> {
        let path = folder.join(CARD);
        let damaged = |why: &dyn std::fmt::Display| DataError::Manifest {
            place: path.display().to_string(),
            why: why.to_string(),
        };
        let text = fs::read(&path).map_err(|e| damaged(&e))?;
        let card: Card = serde_json::from_slice(&text).map_err(|e| damaged(&e))?;
        let files = match card.files {
            None => None,
            Some(roots) => {
                let mut files = Files::at(roots.root);
                for (name, folder) in roots.elsewhere {
                    files.mount(&name, folder);
                }
                if roots.archives {
                    for (archive, members) in read_members(&folder.join(MEMBERS))? {
                        files.add_archive(archive, members);
                    }
                }
                Some(files)
            }
        };
        let manifest = Manifest::read(folder)?;
        Ok(Self { files, absent: card.absent, manifest, report: card.report })
    }
}

fn unwritable(path: &Path, why: &dyn std::fmt::Display) -> DataError {
    DataError::Unwritable { path: path.to_owned(), why: why.to_string() }
}

/// An archive, a member of it, and where that begins and how long it is.
type Row<'a> = (&'a str, &'a str, (u64, u64));

fn write_members(path: &Path, archives: &BTreeMap<String, Members>) -> Result<(), DataError> {
    let rows = archives.iter().flat_map(|(archive, members)| {
        members.iter().map(move |(member, place)| (archive.as_str(), member.as_str(), *place))
    });
    let mut rows: Vec<Row<'_>> = rows.collect();
    rows.sort_unstable();
    let text = |name: &str, value: fn(&Row<'_>) -> String| {
        Column::new(name.into(), rows.iter().map(value).collect::<Vec<_>>())
    };
    let number = |name: &str, value: fn(&Row<'_>) -> u64| {
        Column::new(name.into(), rows.iter().map(value).collect::<Vec<_>>())
    };
    let columns = vec![
        text(ARCHIVE, |row| row.0.to_owned()),
        text(MEMBER, |row| row.1.to_owned()),
        number(START, |row| row.2.0),
        number(LENGTH, |row| row.2.1),
    ];
    let table = DataFrame::new(rows.len(), columns);
    let mut table = table.map_err(|e| unwritable(path, &e))?;
    let file = File::create(path).map_err(|e| unwritable(path, &e))?;
    ParquetWriter::new(file).finish(&mut table).map_err(|e| unwritable(path, &e))?;
    Ok(())
}

fn read_members(path: &Path) -> Result<BTreeMap<String, Members>, DataError> {
    let table = layout::cells::read_parquet(path)?;
    let damaged = |why: String| DataError::Manifest { place: path.display().to_string(), why };
    let text = |name: &str| table.column(name).and_then(|column| column.str());
    let number = |name: &str| table.column(name).and_then(|column| column.u64());
    let columns = (text(ARCHIVE), text(MEMBER), number(START), number(LENGTH));
    let (Ok(archives), Ok(members), Ok(starts), Ok(lengths)) = columns else {
        return Err(damaged("it has other columns than the members of archives".to_owned()));
    };
    let mut found: BTreeMap<String, Members> = BTreeMap::new();
    for row in 0..table.height() {
        let cells = (archives.get(row), members.get(row), starts.get(row), lengths.get(row));
        let (Some(archive), Some(member), Some(start), Some(length)) = cells else {
            return Err(damaged(format!("row {} has an empty cell", row + 1)));
        };
        let members: &mut HashMap<_, _> = found.entry(archive.to_owned()).or_default();
        members.insert(member.to_owned(), (start, length));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::{Finding, Lacking};
    use crate::testing::video;
    use proofmark_lang::model::{Label, Split};

    #[test]
    fn a_scan_is_restored_as_it_was() {
        let dir = tempfile::tempdir().unwrap();
        let mut files = Files::at("/data/set".into());
        files.mount("reals", "/data/other".into());
        files.add_archive("a.tar".into(), [("m/1.png".to_owned(), (512, 7))].into());
        files.add_archive("b.tar".into(), [("m/1.png".to_owned(), (1024, 9))].into());
        let manifest =
            Manifest::new(vec![video("x/1", Label::Real), video("x/2", Label::Fake)], Vec::new())
                .unwrap();
        let report = ScanReport {
            dataset: "set".into(),
            found: Default::default(),
            missing: Default::default(),
            expected: Default::default(),
            frames_found: 4,
            frames_used: 3,
            findings: [(Finding::Missing, Default::default())].into(),
            remarks: vec!["one".into()],
            lacking: vec![Lacking { split: Split::Val, looked_for: "v".into() }],
        };
        let absent = HashSet::from(["x/2".to_owned()]);
        let scan = Scan { files: Some(files), absent, manifest, report };
        scan.save(dir.path()).unwrap();
        let again = Scan::restore(dir.path()).unwrap();
        assert_eq!(again.manifest.digest(), scan.manifest.digest());
        assert_eq!((&again.absent, &again.report), (&scan.absent, &scan.report));
        let (files, before) = (again.files.unwrap(), scan.files.unwrap());
        for path in ["a.tar!/m/1.png", "b.tar!/m/1.png", "reals/z.png", "q.png"] {
            assert_eq!(files.place(path), before.place(path), "{path}");
        }
        // A damaged one is named.
        fs::write(dir.path().join(MEMBERS), b"no").unwrap();
        let error = Scan::restore(dir.path()).unwrap_err().to_string();
        assert!(error.contains(MEMBERS), "{error}");
    }
}
