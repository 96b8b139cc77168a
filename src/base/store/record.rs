//! What a result was made from and what lies in its folder: `stage.json`.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::failure::{Doing, RECORD, StoreFailure};
use super::write::write_whole;
use crate::provenance::Provenance;

/// Endings of files that have checksums of their own, because they are large and read in part.
const OWN_CHECKSUMS: [&str; 2] = ["arrow", "safetensors"];

/// What a result was made from, beside it in `stage.json`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct StageRecord {
    /// Kind of stage: `faces`, `landmarks`, `sample`, `train`, `predict`.
    pub stage: String,
    /// What it is called in the experiment, e.g. `fsfm-ba`.
    pub name: String,
    /// The key.
    pub key: String,
    /// The typed inputs from which the key was computed.
    pub inputs: Value,
    /// Version of Proofmark that made it.
    pub proofmark: String,
    /// Wall-clock seconds it took, in all processes that worked on it.
    pub seconds: f64,
    /// With what it was made; none in a result of an earlier version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made_with: Option<Provenance>,
    /// BLAKE3 digest of each file beside it that has no checksums of its own. None in a result
    /// of an earlier version, whose files are read as they are.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub files: BTreeMap<String, String>,
    /// Digest of this record as compact JSON without this entry; empty in earlier versions.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub digest: String,
}

impl StageRecord {
    /// The record in a result's folder; none if there is none.
    ///
    /// # Errors
    /// A record that cannot be read, or is damaged.
    pub fn read(folder: &Path) -> Result<Option<Self>, StoreFailure> {
        let path = folder.join(RECORD);
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(e).doing("read", &path),
        };
        let record: Self =
            serde_json::from_slice(&text).map_err(|e| StoreFailure::damaged(&path, e))?;
        if !record.digest.is_empty() && record.digest != record.own_digest() {
            return Err(StoreFailure::damaged(&path, "it is not as it was written"));
        }
        Ok(Some(record))
    }

    /// Writes the record into a folder, with the digests of what lies there.
    pub(super) fn write(&self, folder: &Path) -> Result<(), StoreFailure> {
        let mut record = Self { files: BTreeMap::new(), ..self.clone() };
        for entry in fs::read_dir(folder).doing("read", folder)? {
            let path = entry.doing("read", folder)?.path();
            let own = path.extension().is_some_and(|e| OWN_CHECKSUMS.iter().any(|own| e == *own));
            let name = path.file_name().and_then(|name| name.to_str());
            let Some(name) = name.filter(|name| *name != RECORD && !own && path.is_file()) else {
                continue;
            };
            let mut hasher = blake3::Hasher::new();
            let read = fs::File::open(&path).and_then(|file| hasher.update_reader(file).map(drop));
            read.doing("read", &path)?;
            record.files.insert(name.to_owned(), hasher.finalize().to_hex().to_string());
        }
        record.digest = record.own_digest();
        let text = serde_json::to_vec_pretty(&record).unwrap_or_default();
        write_whole(&folder.join(RECORD), &text)
    }

    fn own_digest(&self) -> String {
        let bare = Self { digest: String::new(), ..self.clone() };
        let text = serde_json::to_vec(&bare).unwrap_or_default();
        blake3::hash(&text).to_hex().to_string()
    }
}

/// What a file of a result holds, compared with its digest. What has none, in a result of an
/// earlier version or outside of a store, is taken as it is.
///
/// # Errors
/// A file that cannot be read, or is not as it was written.
pub fn contents(path: &Path) -> Result<Vec<u8>, StoreFailure> {
    let bytes = fs::read(path).doing("read", path)?;
    let record = path.parent().map(StageRecord::read).transpose()?.flatten();
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    match record.as_ref().and_then(|record| record.files.get(name)) {
        Some(digest) if *digest != blake3::hash(&bytes).to_hex().as_str() => {
            Err(StoreFailure::damaged(path, "it is not as it was written"))
        }
        _ => Ok(bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Claim, Store};

    fn made(dir: &Path) -> std::path::PathBuf {
        let store = Store::open(dir).unwrap();
        let Claim::Make(draft) = store.claim("predict", "k1").unwrap() else { panic!() };
        fs::write(draft.folder.join("scores.parquet"), [7; 100]).unwrap();
        fs::write(draft.folder.join("x.arrow"), b"has its own").unwrap();
        let inputs = serde_json::json!({"lr": 0.001_913_588_684_913_779_5, "b": 1, "a": 2});
        draft.commit(&StageRecord { name: "x".into(), inputs, ..Default::default() }).unwrap()
    }

    #[test]
    fn every_flipped_bit_of_a_file_is_told_with_what_to_do() {
        let dir = tempfile::tempdir().unwrap();
        let folder = made(dir.path());
        let path = folder.join("scores.parquet");
        assert_eq!(contents(&path).unwrap(), [7; 100]);
        let record = StageRecord::read(&folder).unwrap().unwrap();
        assert_eq!(record.files.keys().collect::<Vec<_>>(), ["scores.parquet"]);
        for bit in (0..800).step_by(7) {
            let mut bytes = [7; 100];
            bytes[bit / 8] ^= 1 << (bit % 8);
            fs::write(&path, bytes).unwrap();
            let error = contents(&path).unwrap_err().to_string();
            assert!(error.contains("scores.parquet is damaged"), "{error}");
            assert!(error.contains(&format!("remove the folder {}", folder.display())), "{error}");
        }
    }

    #[test]
    fn a_record_with_a_flipped_bit_is_damaged() {
        let dir = tempfile::tempdir().unwrap();
        let folder = made(dir.path());
        let path = folder.join(RECORD);
        let whole = fs::read(&path).unwrap();
        let before = StageRecord::read(&folder).unwrap();
        for bit in (0..8 * whole.len()).step_by(5) {
            let mut bytes = whole.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            fs::write(&path, &bytes).unwrap();
            match StageRecord::read(&folder) {
                Err(error) => {
                    assert!(error.to_string().contains("stage.json is damaged"), "{error}")
                }
                // White space means nothing, and a record that has no digest any more is as
                // those of earlier versions, with all that it says.
                Ok(read) => {
                    let digest = before.clone().unwrap().digest;
                    assert_eq!(read.map(|r| StageRecord { digest, ..r }), before, "bit {bit}");
                }
            }
        }
    }

    #[test]
    fn results_of_earlier_versions_are_read_as_they_are() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("a"), b"one").unwrap();
        assert_eq!(contents(&dir.path().join("a")).unwrap(), b"one");
        let old = r#"{"stage":"train","name":"x","key":"k","inputs":{},"proofmark":"0.1.0","seconds":1.5}"#;
        fs::write(dir.path().join(RECORD), old).unwrap();
        assert_eq!(contents(&dir.path().join("a")).unwrap(), b"one");
        assert_eq!(StageRecord::read(dir.path()).unwrap().unwrap().seconds, 1.5);
    }
}
