//! `layout fakeavceleb`: FakeAVCeleb v1.2 as its `meta_data.csv` says. The column `path` holds
//! the file name, and one without a name the folder. What was done to the sound counts for
//! nothing: a video is fake if its pictures are.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use super::Finding;
use super::lists::Problems;
use super::paths;
use super::release::{Release, ReleasePart};
use crate::error::DataError;
use crate::flaw::{Entry, Nothing, RowFlaw};
use crate::video::{MediaKind, Video};
use proofmark_base::foreign::{self, LIST_FILE};
use proofmark_lang::model::{Cloned, Identities, Label, Mixed};
use proofmark_text::csv::{CsvFlaw, CsvRows};

const TABLE: &str = "meta_data.csv";

/// The categories and their folders.
const TYPES: [(&str, &str); 4] = [
    ("A", "RealVideo-RealAudio"),
    ("B", "RealVideo-FakeAudio"),
    ("C", "FakeVideo-RealAudio"),
    ("D", "FakeVideo-FakeAudio"),
];

/// The columns in use.
const COLUMNS: [&str; 9] =
    ["source", "target1", "target2", "method", "category", "type", "race", "gender", "path"];

/// Lists the videos of the table.
pub(super) fn read(release: &mut Release) -> Result<(), DataError> {
    let cloned = release.choose("real-video-fake-audio", Cloned::of)? == Cloned::Real;
    let wanted = |category: &str| category != "B" || cloned;
    let types: Vec<_> = TYPES.iter().filter(|(category, _)| wanted(category)).collect();
    let mut parts: Vec<_> = types.iter().map(|(_, name)| ReleasePart::of(&[name])).collect();
    parts.push(ReleasePart::of(&[TABLE]));
    let found = release.need(&parts)?;
    let mut on_disk = BTreeMap::new();
    let mut folders = HashMap::new();
    for ((_, name), folder) in types.iter().zip(&found) {
        on_disk.extend(release.videos_below(folder)?);
        folders.insert(*name, folder.clone());
    }
    let file = release.files.file(TABLE);
    let mut problems = Problems::of(&file);
    // The method of each video as the table spells it.
    let mut spelled: HashMap<String, String> = HashMap::new();
    for row in rows(&file)? {
        if !wanted(row.get("category")) {
            let file = format!("line {}: {}", row.line, row.get("path"));
            release.listing.note(Finding::Excluded, file);
            continue;
        }
        let line = row.line;
        match video(release, &row, &folders)? {
            Entry::Flawed(what) => problems.add("line", line, what),
            Entry::Read(video) => match spelled.get(&video.key).cloned() {
                None => {
                    spelled.insert(video.key.clone(), row.get("method").to_owned());
                    let size = on_disk.get(&video.key).copied();
                    release.add(video, size);
                }
                Some(earlier) => repeated(release, &mut spelled, &earlier, &row, video),
            },
        }
    }
    problems.check()?;
    release.note_unlisted(&on_disk, Finding::Unlisted);
    release.settle_pairs();
    Ok(())
}

/// A file that the table lists twice. The release has 22 of them, as a swap followed by
/// wav2lip and as wav2lip alone: what says more is taken.
fn repeated(
    release: &mut Release,
    spelled: &mut HashMap<String, String>,
    earlier: &str,
    row: &Row,
    video: Video,
) {
    let here = row.get("method");
    if earlier == here {
        release.listing.note(Finding::Duplicated, video.key);
        return;
    }
    let taken = if here.contains('-') && !earlier.contains('-') { here } else { earlier };
    release.listing.note(
        Finding::Conflicting,
        format!("{}: {earlier} and {here}, taken as {taken}", video.key),
    );
    if taken == here {
        spelled.insert(video.key.clone(), here.to_owned());
        if let Some(listed) = release.listed(&video.key) {
            (listed.method, listed.family) = (video.method, video.family);
        }
    }
}

/// The video of a row, or what is wrong with the row.
fn video(
    release: &Release,
    row: &Row,
    folders: &HashMap<&str, String>,
) -> Result<Entry<Video>, DataError> {
    let (category, kind) = (row.get("category"), row.get("type"));
    let Some((_, folder)) = TYPES.iter().find(|(c, _)| *c == category) else {
        let wanted = "A, B, C or D, the category";
        return Ok(Entry::Flawed(RowFlaw::Form { found: category.to_owned(), wanted }));
    };
    if kind != *folder {
        let what = format!("category {category} is {folder}, but the type is `{kind}`");
        return Ok(Entry::Flawed(RowFlaw::Disagree(what)));
    }
    // The folder as the table gives it begins with the name of the release.
    let place = row.folder();
    let Some((_, below)) = place.split_once(&format!("{kind}/")) else {
        let what = format!("the type is `{kind}`, but the folder `{place}`");
        return Ok(Entry::Flawed(RowFlaw::Disagree(what)));
    };
    let key = format!("{}/{below}/{}", folders[kind], row.get("path"));
    if paths::below(Path::new(""), &key).as_deref() != Some(&key) {
        return Ok(Entry::Flawed(RowFlaw::OutsideRoot(key)));
    }
    let label = if matches!(category, "A" | "B") { Label::Real } else { Label::Fake };
    let mixed = release.choose("mixed", Mixed::of)?;
    let Some(method) = method(mixed, label, row.get("method")) else {
        let wanted = "faceswap, fsgan, wav2lip or one of the first two followed by -wav2lip";
        return Ok(Entry::Flawed(RowFlaw::Form { found: row.get("method").to_owned(), wanted }));
    };
    let mut video = release.video(&key, label, method.as_deref(), MediaKind::Video)?;
    let people: &[&str] = match release.choose("identities", Identities::of)? {
        Identities::Source => &["source"],
        Identities::All => &["source", "target1", "target2"],
    };
    let is_id =
        |id: &&str| id.strip_prefix("id").is_some_and(|n| n.bytes().all(|b| b.is_ascii_digit()));
    video.groups = (people.iter().map(|who| row.get(who)).filter(is_id))
        .map(|id| format!("fakeavceleb:{id}"))
        .collect();
    video.groups.dedup();
    let audio = if matches!(category, "B" | "D") { Label::Fake } else { Label::Real };
    let said = [("audio", audio.word()), ("gender", row.get("gender")), ("race", row.get("race"))];
    video.attributes = said.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    video.source_line = Some(row.line);
    if category != "A"
        && let Some(originals) = folders.get(TYPES[0].1)
    {
        let name = paths::stem(row.get("path"));
        let original = name.split('_').next().unwrap_or(name);
        video.pair = Some(format!("{originals}/{below}/{original}.mp4"));
    }
    Ok(Entry::Read(video))
}

/// The method as declared: a swap followed by wav2lip counts as one of the two.
fn method(mixed: Mixed, label: Label, spelled: &str) -> Option<Option<String>> {
    if label == Label::Real {
        return Some(None);
    }
    let swap = spelled.strip_suffix("-wav2lip");
    match swap.unwrap_or(spelled) {
        "faceswap" | "fsgan" => {}
        "wav2lip" if swap.is_none() => {}
        _ => return None,
    }
    Some(Some(match (swap, mixed) {
        (None, _) => spelled.to_owned(),
        (Some(swap), Mixed::FaceSwap) => swap.to_owned(),
        (Some(_), Mixed::Reenactment) => "wav2lip".to_owned(),
    }))
}

/// A row of the table.
struct Row {
    line: u32,
    cells: Vec<String>,
    /// The folder, if the table has it.
    folder: Option<String>,
}

impl Row {
    fn get(&self, column: &str) -> &str {
        let place = COLUMNS.iter().position(|c| *c == column);
        place.map_or("", |place| self.cells[place].trim())
    }

    /// The folder, or what it must be.
    fn folder(&self) -> String {
        let parts = ["type", "race", "gender", "source"].map(|column| self.get(column));
        let folder = self.folder.clone().unwrap_or_else(|| parts.join("/"));
        folder.replace('\\', "/").trim_end_matches('/').to_owned()
    }
}

/// The rows of the table. Its last column has no name in the release, and in copies not even
/// a place in the header.
fn rows(file: &Path) -> Result<Vec<Row>, DataError> {
    let broken = |(line, flaw)| DataError::Csv { file: file.to_owned(), line, flaw };
    let bytes = foreign::file(file, LIST_FILE)
        .map_err(|source| DataError::Unreadable { path: file.to_owned(), source })?;
    let mut text = CsvRows::new(&bytes).map_err(broken)?;
    let mut header = Vec::new();
    if text.next_into(&mut header).map_err(broken)?.is_none() {
        return Err(DataError::EmptyTable { file: file.to_owned(), what: Nothing::Text });
    }
    let column = |name: &'static str| {
        header.iter().position(|h| h.trim() == name).ok_or_else(|| DataError::NoColumn {
            file: file.to_owned(),
            column: name.to_owned(),
            role: "videos",
            available: header.clone(),
            nearest: None,
            origin: proofmark_lang::span::Origin::DEFAULT,
        })
    };
    let places: Vec<usize> = COLUMNS.into_iter().map(column).collect::<Result<_, _>>()?;
    let unnamed = header.iter().position(|h| h.trim().is_empty());
    let mut rows = Vec::new();
    let mut fields = Vec::new();
    while let Some(line) = text.next_into(&mut fields).map_err(broken)? {
        let folder = match unnamed {
            Some(place) if fields.len() == header.len() => Some(fields[place].clone()),
            None if fields.len() == header.len() + 1 => Some(fields[header.len()].clone()),
            None if fields.len() == header.len() => None,
            _ => {
                let flaw = CsvFlaw::Ragged { found: fields.len(), expected: header.len() };
                return Err(broken((line, flaw)));
            }
        };
        let cells = places.iter().map(|&place| fields[place].clone()).collect();
        rows.push(Row { line, cells, folder });
    }
    match rows.is_empty() {
        true => Err(DataError::EmptyTable { file: file.to_owned(), what: Nothing::Rows }),
        false => Ok(rows),
    }
}

#[cfg(test)]
#[path = "fakeavceleb_tests.rs"]
mod tests;
