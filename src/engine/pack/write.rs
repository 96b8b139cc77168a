//! Writing a pack.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use serde_json::json;

use super::card::{CARD, Card, FINDINGS, FORMAT, LOCK, PREDICTIONS, PROJECT, Packed, TABLES};
use crate::engine::common::common;
use crate::engine::graph::Plan;
use crate::engine::tables::texts;
use proofmark_base::store::readable_temporary;
use proofmark_base::work::Failure;
use proofmark_lang::{Loaded, MemoryFiles, load, normalized};
use proofmark_report::findings::Findings;
use proofmark_report::table::TableData;

/// Zstandard's own default: predictions are compressed already.
const LEVEL: i32 = 3;

/// What a pack holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Summary {
    /// Number of files.
    pub files: usize,
    /// Their size in bytes, before compression.
    pub bytes: u64,
}

/// Where the content of a packed file is.
enum Content {
    Text(Vec<u8>),
    File(PathBuf),
}

/// Packs what `tables` were built from into the file `to`. `entry` is the experiment file.
///
/// # Errors
/// A file that cannot be read or written; a project that is not whole without other files.
pub fn write(
    to: &Path,
    entry: &Path,
    loaded: &Loaded,
    plan: &Plan,
    findings: &Findings,
    tables: &[TableData],
) -> Result<Summary, Failure> {
    let (experiment, mut files) = project(entry, loaded)?;
    let mut findings = findings.clone();
    findings.forget_times();
    for scores in &mut findings.scores {
        if let Some(file) = scores.file.take() {
            let name = format!("{PREDICTIONS}/{}.parquet", scores.key);
            files.insert(name.clone(), Content::File(file));
            scores.file = Some(name.into());
        }
    }
    let stages = plan.stages.iter().map(|stage| {
        json!({
            "stage": stage.word(),
            "name": stage.name,
            "key": stage.key,
            "inputs": stage.inputs.values,
        })
    });
    let stages: Vec<_> = stages.collect();
    files.insert(LOCK.to_owned(), Content::Text(pretty(&stages)?));
    files.insert(FINDINGS.to_owned(), Content::Text(pretty(&findings)?));
    for table in tables {
        for (extension, text) in texts(table) {
            let name = format!("{TABLES}/{}.{extension}", table.name);
            files.insert(name, Content::Text(text.into_bytes()));
        }
    }
    let mut card = Card {
        format: FORMAT,
        proofmark: env!("CARGO_PKG_VERSION").to_owned(),
        experiment,
        files: BTreeMap::new(),
    };
    for (name, content) in &files {
        card.files.insert(name.clone(), content.digest()?);
    }
    archive(to, &card, &files)?;
    let bytes = card.files.values().map(|file| file.bytes).sum();
    Ok(Summary { files: card.files.len(), bytes })
}

/// The experiment file, its imports and the published numbers, by their names in the pack, with
/// the name of the first.
fn project(entry: &Path, loaded: &Loaded) -> Result<(String, BTreeMap<String, Content>), Failure> {
    let whole = |path: &Path| std::path::absolute(path).map_err(|e| Failure::read(path, &e));
    // What was loaded is packed, whatever the disk says by now.
    let mut texts = Vec::new();
    for (path, text) in loaded.sources.texts() {
        texts.push((normalized(&whole(path)?), text));
    }
    let mut references = Vec::new();
    for reference in loaded.project.tables.iter().flat_map(|table| &table.references) {
        let file = &reference.file;
        references.push(normalized(&whole(&file.base.join(&file.written))?));
    }
    let paths = texts.iter().map(|(path, _)| path).chain(&references);
    let paths: Vec<PathBuf> = paths.cloned().collect();
    let base = common(&paths);
    let named = |path: &Path| -> Result<String, Failure> {
        let below = path.strip_prefix(&base).unwrap_or(path);
        let parts: Option<Vec<&str>> = below.iter().map(|part| part.to_str()).collect();
        let parts = parts.ok_or_else(|| {
            Failure::data(format!("{} cannot be packed: its name is not UTF-8", path.display()))
        })?;
        Ok(format!("{PROJECT}/{}", parts.join("/")))
    };
    let mut files = BTreeMap::new();
    let mut memory = MemoryFiles::default();
    for (path, text) in texts {
        let name = named(&path)?;
        memory = memory.with(&name, text);
        files.insert(name, Content::Text(text.as_bytes().to_vec()));
    }
    for path in references {
        files.insert(named(&path)?, Content::File(path));
    }
    let first = named(&normalized(&whole(entry)?))?;
    // Read from the pack alone, the project must be whole.
    if load(Path::new(&first), &memory).has_errors() {
        return Err(Failure::data(format!(
            "{} cannot be packed: it imports a file by an absolute path or through a link; write \
             paths relative to the file that imports",
            entry.display()
        )));
    }
    let experiment = first.trim_start_matches(PROJECT).trim_start_matches('/').to_owned();
    Ok((experiment, files))
}

fn pretty(value: &impl serde::Serialize) -> Result<Vec<u8>, Failure> {
    serde_json::to_vec_pretty(value).map_err(|e| Failure::Internal(e.to_string()))
}

impl Content {
    fn digest(&self) -> Result<Packed, Failure> {
        let mut hasher = blake3::Hasher::new();
        match self {
            Self::Text(text) => {
                hasher.update(text);
            }
            Self::File(path) => {
                let file = File::open(path).map_err(|e| Failure::read(path, &e))?;
                hasher.update_reader(file).map_err(|e| Failure::read(path, &e))?;
            }
        }
        let blake3 = hasher.finalize().to_hex().to_string();
        Ok(Packed { bytes: hasher.count(), blake3 })
    }

    fn open(&self) -> std::io::Result<Box<dyn Read + '_>> {
        Ok(match self {
            Self::Text(text) => Box::new(text.as_slice()),
            Self::File(path) => Box::new(File::open(path)?),
        })
    }
}

/// Writes the archive whole or not at all. The same content gives the same bytes.
fn archive(to: &Path, card: &Card, files: &BTreeMap<String, Content>) -> Result<(), Failure> {
    let folder = to.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let written = || -> std::io::Result<()> {
        std::fs::create_dir_all(folder)?;
        let file = readable_temporary(folder)?;
        let mut encoder = zstd::Encoder::new(file, LEVEL)?;
        encoder.include_checksum(true)?;
        let mut archive = tar::Builder::new(encoder);
        let text = serde_json::to_vec_pretty(card)?;
        append(&mut archive, CARD, text.len() as u64, text.as_slice())?;
        for (name, content) in files {
            append(&mut archive, name, card.files[name].bytes, content.open()?)?;
        }
        let file = archive.into_inner()?.finish()?;
        file.as_file().sync_all()?;
        file.persist(to).map_err(|e| e.error)?;
        Ok(())
    };
    written().map_err(|e| Failure::write(to, &e))
}

fn append(
    archive: &mut tar::Builder<impl std::io::Write>,
    name: &str,
    bytes: u64,
    content: impl Read,
) -> std::io::Result<()> {
    let mut header = tar::Header::new_gnu();
    header.set_size(bytes);
    header.set_mode(0o644);
    header.set_mtime(0);
    archive.append_data(&mut header, name, content)
}
