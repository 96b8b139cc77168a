//! Reading a pack, which may be broken or hostile.

use std::fs::File;
use std::io::{BufReader, Read, Write};
use std::path::{Path, PathBuf};

use super::card::{CARD, Card, FINDINGS, FORMAT, PREDICTIONS, PROJECT, TABLES, is_inside};
use proofmark_base::foreign;
use proofmark_base::tar_members::{Member, MemberKind, Members};
use proofmark_base::work::Failure;
use proofmark_lang::{DiskFiles, Loaded, load};
use proofmark_report::findings::Findings;

/// Largest description, in bytes.
const CARD_LIMIT: u64 = 16 << 20;
/// Largest other file that is held in memory, in bytes: all but the scores.
const TEXT_LIMIT: u64 = 256 << 20;
/// Bytes to which any pack may unpack, and how many more for each of its own. Scores hardly
/// become smaller by packing; what unpacks to far more was made to fill a disk.
const LIMIT: u64 = 1 << 30;
const RATIO: u64 = 64;
/// Most zeros after the last file, with which archives are filled up.
const PADDING: usize = 1 << 20;

/// How every Zstandard stream begins, and no experiment file.
const MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// Whether a file looks like a pack rather than text.
pub fn is_pack(path: &Path) -> bool {
    let mut start = [0; 4];
    foreign::open(path).and_then(|mut file| file.read_exact(&mut start)).is_ok() && start == MAGIC
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
        let folder = tempfile::tempdir().map_err(Failure::run)?;
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
            let file = &reference.file;
            let file = proofmark_lang::normalized(&file.base.join(&file.written));
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
        let within = |text: String| {
            let text = below(&text, self.folder.path())?;
            Some(format!("{}: {text}", self.path.display()))
        };
        let marks = failure.marks().to_vec();
        let named = match failure.cause() {
            Failure::Data(error) => within(error.to_string()).map(Failure::data),
            Failure::Run(error) => within(error.to_string()).map(Failure::run),
            Failure::Read { path, source } => {
                within(format!("cannot read {}: {source}", path.display())).map(Failure::data)
            }
            Failure::Interrupted
            | Failure::Write { .. }
            | Failure::Faces(_)
            | Failure::Weights(_)
            | Failure::Group(_)
            | Failure::Hub(_)
            | Failure::Store(_)
            | Failure::Diverged(_)
            | Failure::Budget(_)
            | Failure::Device(_)
            | Failure::Internal(_)
            | Failure::At(_) => None,
        };
        // What names no file of the folder keeps its type.
        named.map_or(failure, |named| {
            marks.into_iter().fold(named, |named, mark| named.at(mark.origin, mark.text))
        })
    }

    /// Names of the packed tables with their extensions: `tables/NAME.EXTENSION`.
    pub fn tables(&self) -> impl Iterator<Item = (&str, &str)> {
        let names = self.card.files.keys().filter_map(|name| name.strip_prefix(TABLES));
        names.filter_map(|name| name.strip_prefix('/')).map(|name| {
            // What has no extension is no table that could be rebuilt, but is told like one.
            name.rsplit_once('.').unwrap_or((name, ""))
        })
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
    Failure::data(format!("{} is not a pack of Proofmark's, or is damaged: {why}", path.display()))
}

/// Unpacks into a folder. Only files that the description lists are written, and each is what
/// it says.
fn unpack(path: &Path, folder: &Path) -> Result<Card, Failure> {
    let broken = |e: &std::io::Error| flaw(path, &e.to_string());
    let file = foreign::open(path).map_err(|e| Failure::read(path, &e))?;
    let length = file.metadata().map_err(|e| Failure::read(path, &e))?.len();
    let decoder = zstd::Decoder::new(file).map_err(|e| broken(&e))?.single_frame();
    let mut members = Members::streaming(decoder);
    let mut card: Option<Card> = None;
    let mut seen = 0;
    while let Some(member) = members.next_member().map_err(|e| broken(&e))? {
        let name = String::from_utf8_lossy(&member.name).into_owned();
        if member.kind != MemberKind::File || !is_inside(&name) {
            let name: String = name.chars().take(120).collect();
            return Err(flaw(path, &format!("it holds \"{}\"", name.escape_debug())));
        }
        let Some(card) = &card else {
            card = Some(description(path, &name, &member, &mut members, length)?);
            continue;
        };
        let Some(packed) = card.files.get(&name) else {
            return Err(flaw(path, &format!("{name} is not in its description")));
        };
        let otherwise = || flaw(path, &format!("{name} is not as its description says"));
        if member.size != packed.bytes {
            return Err(otherwise());
        }
        let target = folder.join(&name);
        if target.exists() {
            return Err(flaw(path, &format!("{name} is there twice")));
        }
        if let Some(parent) = target.parent() {
            std::fs::create_dir_all(parent).map_err(|e| Failure::write(parent, &e))?;
        }
        let mut out = File::create(&target).map_err(|e| Failure::write(&target, &e))?;
        let (mut hasher, mut buffer) = (blake3::Hasher::new(), vec![0; 1 << 16]);
        let mut content = members.content(&member);
        loop {
            let n = content.read(&mut buffer).map_err(|e| broken(&e))?;
            if n == 0 {
                break;
            }
            hasher.update(&buffer[..n]);
            out.write_all(&buffer[..n]).map_err(|e| Failure::write(&target, &e))?;
        }
        if hasher.count() != packed.bytes || *hasher.finalize().to_hex() != *packed.blake3 {
            return Err(otherwise());
        }
        seen += 1;
    }
    ends(members.into_source()).map_err(|e| broken(&e))?;
    let card = card.ok_or_else(|| flaw(path, "it is empty"))?;
    if seen != card.files.len() {
        return Err(flaw(path, &format!("it has {seen} of {} files", card.files.len())));
    }
    Ok(card)
}

/// Reads an archive to its end, and the file that it is in: what follows is no part of a pack, and
/// what is missing there is not missed before.
fn ends(mut decoder: zstd::Decoder<'_, BufReader<File>>) -> std::io::Result<()> {
    let more = || std::io::Error::other("something follows its end");
    let (mut buffer, mut left) = (vec![0; 1 << 16], PADDING);
    loop {
        match decoder.read(&mut buffer)? {
            0 => break,
            n if n > left || buffer[..n].iter().any(|byte| *byte != 0) => return Err(more()),
            n => left -= n,
        }
    }
    match decoder.finish().read(&mut buffer)? {
        0 => Ok(()),
        _ => Err(more()),
    }
}

/// The description, which is the first file of an archive of `length` bytes.
fn description(
    path: &Path,
    name: &str,
    member: &Member,
    members: &mut Members<impl Read>,
    length: u64,
) -> Result<Card, Failure> {
    if name != CARD {
        return Err(flaw(path, &format!("it begins with {name}, not with {CARD}")));
    }
    if member.size > CARD_LIMIT {
        return Err(flaw(path, &format!("its {CARD} has {} bytes", member.size)));
    }
    let mut text = Vec::new();
    members.content(member).read_to_end(&mut text).map_err(|e| flaw(path, &e.to_string()))?;
    let value: serde_json::Value =
        serde_json::from_slice(&text).map_err(|e| flaw(path, &format!("{CARD}: {e}")))?;
    if value["format"].as_u64().is_some_and(|format| format > u64::from(FORMAT)) {
        return Err(Failure::data(format!(
            "{} was packed by Proofmark {}, which is newer; this one is {}",
            path.display(),
            value["proofmark"].as_str().unwrap_or("of another version"),
            env!("CARGO_PKG_VERSION")
        )));
    }
    let card: Card =
        serde_json::from_value(value).map_err(|e| flaw(path, &format!("{CARD}: {e}")))?;
    for (name, file) in &card.files {
        let limit = if name.starts_with(PREDICTIONS) { u64::MAX } else { TEXT_LIMIT };
        if file.bytes > limit {
            return Err(flaw(path, &format!("{name} would unpack to {} bytes", file.bytes)));
        }
    }
    let size = card.files.values().fold(0u64, |sum, file| sum.saturating_add(file.bytes));
    let limit = LIMIT.saturating_add(length.saturating_mul(RATIO));
    if size > limit {
        return Err(flaw(
            path,
            &format!("it would unpack to {size} bytes, of {length}; {limit} are the most"),
        ));
    }
    Ok(card)
}
