//! Reading a pack, which may be broken or hostile.

use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use super::card::{CARD, Card, FINDINGS, FORMAT, PROJECT, is_inside};
use crate::lang::{DiskFiles, Loaded, load};
use crate::report::findings::Findings;
use crate::work::Failure;

/// Largest description, in bytes.
const CARD_LIMIT: u64 = 64 << 20;
/// Largest pack, unpacked, in bytes.
const LIMIT: u64 = 256 << 30;

/// How every Zstandard stream begins, and no experiment file.
const MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// Whether a file looks like a pack rather than text.
pub fn is_pack(path: &Path) -> bool {
    let mut start = [0; 4];
    File::open(path).and_then(|mut file| file.read_exact(&mut start)).is_ok() && start == MAGIC
}

/// A pack, unpacked into a folder that goes with it.
#[derive(Debug)]
pub struct Pack {
    /// Its description.
    pub card: Card,
    /// What was found, with files in the folder.
    pub findings: Findings,
    /// The experiment file with its imports.
    pub loaded: Loaded,
    folder: tempfile::TempDir,
    path: PathBuf,
}

impl Pack {
    /// Unpacks a file. What differs from its description, in name, size or digest, is an error.
    ///
    /// # Errors
    /// A file that is not there, is no pack, or is damaged.
    pub fn open(path: &Path) -> Result<Self, Failure> {
        let folder = tempfile::tempdir().map_err(|e| Failure::Run(e.to_string()))?;
        let card = unpack(path, folder.path())?;
        let file = folder.path().join(FINDINGS);
        let text = std::fs::read(&file).map_err(|e| flaw(path, &format!("{FINDINGS}: {e}")))?;
        let mut findings: Findings =
            serde_json::from_slice(&text).map_err(|e| flaw(path, &format!("{FINDINGS}: {e}")))?;
        for scores in &mut findings.scores {
            let Some(name) = scores.file.as_ref().and_then(|file| file.to_str()) else { continue };
            if !card.files.contains_key(name) {
                return Err(flaw(path, &format!("it lacks {name}")));
            }
            scores.file = Some(folder.path().join(name));
        }
        let entry = format!("{PROJECT}/{}", card.experiment);
        if !card.files.contains_key(&entry) {
            return Err(flaw(path, &format!("it lacks {entry}")));
        }
        let mut loaded = load(&folder.path().join(&entry), &DiskFiles);
        let inside = |file: &Path| file.starts_with(folder.path());
        if let Some(outside) = loaded.sources.paths().find(|file| !inside(file)) {
            return Err(flaw(path, &format!("it reads {}, outside of it", outside.display())));
        }
        for reference in loaded.project.tables.iter().flat_map(|table| &table.references) {
            let file = &reference.file.value;
            let file = crate::lang::normalized(&file.base.join(&file.written));
            if !inside(&file) {
                return Err(flaw(path, &format!("it refers to {}, outside of it", file.display())));
            }
        }
        loaded.sources.show_below(&folder.path().join(PROJECT));
        for found in &mut loaded.diagnostics {
            let texts = [&mut found.title, &mut found.text].into_iter().chain(&mut found.help);
            for text in texts.chain(found.labels.iter_mut().map(|label| &mut label.text)) {
                below(text, folder.path()).into_iter().for_each(|below| *text = below);
            }
        }
        Ok(Self { card, findings, loaded, folder, path: path.to_owned() })
    }

    /// A packed file as it was packed; none if there is none of that name.
    ///
    /// # Errors
    /// What the disk says.
    pub fn file(&self, name: &str) -> Result<Option<Vec<u8>>, Failure> {
        if !self.card.files.contains_key(name) {
            return Ok(None);
        }
        let path = self.folder.path().join(name);
        std::fs::read(&path).map(Some).map_err(|e| Failure::read(&path, &e))
    }

    /// A failure with the pack and names in it, where it would name files of the folder, which
    /// has another name each time and is gone when somebody reads this.
    pub fn named(&self, failure: Failure) -> Failure {
        let within = |text: String| match below(&text, self.folder.path()) {
            Some(text) => format!("{}: {text}", self.path.display()),
            None => text,
        };
        match failure {
            Failure::Data(text) => Failure::Data(within(text)),
            Failure::Run(text) => Failure::Run(within(text)),
            Failure::Read { path, source } if path.starts_with(self.folder.path()) => {
                Failure::Data(within(format!("cannot read {}: {source}", path.display())))
            }
            other => other,
        }
    }

    /// The file that was opened.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// A text without the path of a folder in it, if it is there.
fn below(text: &str, folder: &Path) -> Option<String> {
    let folder = format!("{}{}", folder.display(), std::path::MAIN_SEPARATOR);
    text.contains(&folder).then(|| text.replace(&folder, ""))
}

fn flaw(path: &Path, why: &str) -> Failure {
    Failure::Data(format!("{} is not a pack of Proofmark's, or is damaged: {why}", path.display()))
}

/// Unpacks into a folder. Only files that the description lists are written, and each is what
/// it says.
fn unpack(path: &Path, folder: &Path) -> Result<Card, Failure> {
    let broken = |e: &std::io::Error| flaw(path, &e.to_string());
    let file = File::open(path).map_err(|e| Failure::read(path, &e))?;
    let decoder = zstd::Decoder::new(file).map_err(|e| broken(&e))?;
    let mut archive = tar::Archive::new(decoder);
    let mut card: Option<Card> = None;
    let mut seen = 0;
    for entry in archive.entries().map_err(|e| broken(&e))? {
        let mut entry = entry.map_err(|e| broken(&e))?;
        let name = entry.path_bytes();
        let name = String::from_utf8_lossy(&name).into_owned();
        if !entry.header().entry_type().is_file() || !is_inside(&name) {
            return Err(flaw(path, &format!("it holds \"{}\"", name.escape_debug())));
        }
        let Some(card) = &card else {
            card = Some(description(path, &name, &mut entry)?);
            continue;
        };
        let Some(packed) = card.files.get(&name) else {
            return Err(flaw(path, &format!("{name} is not in its description")));
        };
        let target = folder.join(&name);
        if target.exists() {
            return Err(flaw(path, &format!("{name} is there twice")));
        }
        if let Some(parent) = target.parent() {
            std::fs::create_dir_all(parent).map_err(|e| Failure::write(parent, &e))?;
        }
        let mut out = File::create(&target).map_err(|e| Failure::write(&target, &e))?;
        let (mut hasher, mut buffer) = (blake3::Hasher::new(), vec![0; 1 << 16]);
        // One byte more than it may have tells of a file that is too long.
        let mut limited = entry.take(packed.bytes + 1);
        loop {
            let n = limited.read(&mut buffer).map_err(|e| broken(&e))?;
            if n == 0 {
                break;
            }
            hasher.update(&buffer[..n]);
            out.write_all(&buffer[..n]).map_err(|e| Failure::write(&target, &e))?;
        }
        if hasher.count() != packed.bytes || *hasher.finalize().to_hex() != *packed.blake3 {
            return Err(flaw(path, &format!("{name} is not as its description says")));
        }
        seen += 1;
    }
    let card = card.ok_or_else(|| flaw(path, "it is empty"))?;
    if seen != card.files.len() {
        return Err(flaw(path, &format!("it has {seen} of {} files", card.files.len())));
    }
    Ok(card)
}

/// The description, which is the first file.
fn description(path: &Path, name: &str, entry: &mut impl Read) -> Result<Card, Failure> {
    if name != CARD {
        return Err(flaw(path, &format!("it begins with {name}, not with {CARD}")));
    }
    let mut text = Vec::new();
    entry.take(CARD_LIMIT).read_to_end(&mut text).map_err(|e| flaw(path, &e.to_string()))?;
    let value: serde_json::Value =
        serde_json::from_slice(&text).map_err(|e| flaw(path, &format!("{CARD}: {e}")))?;
    if value["format"].as_u64().is_some_and(|format| format > u64::from(FORMAT)) {
        return Err(Failure::Data(format!(
            "{} was packed by Proofmark {}, which is newer; this one is {}",
            path.display(),
            value["proofmark"].as_str().unwrap_or("of another version"),
            env!("CARGO_PKG_VERSION")
        )));
    }
    let card: Card =
        serde_json::from_value(value).map_err(|e| flaw(path, &format!("{CARD}: {e}")))?;
    let size = card.files.values().fold(0u64, |sum, file| sum.saturating_add(file.bytes));
    if size > LIMIT {
        return Err(flaw(path, &format!("it would unpack to {size} bytes")));
    }
    Ok(card)
}
