//! `layout deepfake-eval-2024`: Deepfake-Eval-2024 as its table of videos says. What the sound
//! is counts for nothing.

use std::collections::HashMap;

use super::Finding;
use super::cells::{Cells, Wanted};
use super::lists::Problems;
use super::paths;
use super::release::{Release, ReleasePart};
use crate::error::DataError;
use crate::flaw::RowFlaw;
use crate::video::MediaKind;
use proofmark_lang::model::{Label, Split};

/// The column that says what the sound is; copies may lack it.
const AUDIO: &str = "Audio Ground Truth";

/// Lists the videos whose label is known.
pub(super) fn read(release: &mut Release) -> Result<(), DataError> {
    let found = release.need(&[
        ReleasePart::of(&["video-data"]),
        ReleasePart::of(&["video-metadata-publish.csv", "video-metadata-publish-with-links.csv"]),
    ])?;
    let on_disk = release.videos_below(&found[0])?;
    let file = release.files.file(&found[1]);
    let columns =
        [("video", "Filename"), ("label", "Video Ground Truth"), ("split", "Finetuning Set")];
    let cells = Cells::read(&file, &columns.map(|(role, name)| Wanted::fixed(role, name)))?;
    // What the sound is counts for nothing but as what is said of a video.
    let audio = match cells.names.iter().any(|name| name == AUDIO) {
        true => Cells::read(&file, &[Wanted::fixed("audio", AUDIO)])?.columns.remove(0),
        false => vec![String::new(); cells.lines.len()],
    };
    let mut problems = Problems::of(&file);
    let mut seen: HashMap<String, (Option<Label>, u32)> = HashMap::new();
    for (row, &line) in cells.lines.iter().enumerate() {
        let [name, label, split] = [0, 1, 2].map(|column| cells.columns[column][row].trim());
        let mut wrong = |what| problems.add("line", line, what);
        let label = match label {
            "Real" => Some(Label::Real),
            "Fake" => Some(Label::Fake),
            "Unknown" => None,
            "" => {
                release.listing.note(Finding::Unlabelled, format!("line {line}: {name}"));
                continue;
            }
            other => {
                let (value, real) = (other.to_owned(), "`Real`".to_owned());
                wrong(RowFlaw::UnknownLabel { value, real, fake: "`Fake`".to_owned() });
                continue;
            }
        };
        let split = match split {
            "train" | "Train" => Some(Split::Train),
            "test" | "Test" => Some(Split::Test),
            "" => None,
            other => {
                wrong(RowFlaw::UnknownSplit(other.to_owned()));
                continue;
            }
        };
        let Some(name) = paths::below(std::path::Path::new(""), name) else {
            wrong(if name.is_empty() {
                RowFlaw::EmptyPath
            } else {
                RowFlaw::OutsideRoot(name.to_owned())
            });
            continue;
        };
        let key = format!("{}/{name}", found[0]);
        match seen.insert(key.clone(), (label, line)) {
            None => {}
            Some((earlier, _)) if earlier == label => {
                release.listing.note(Finding::Duplicated, format!("line {line}: {name}"));
                continue;
            }
            Some((_, at)) => {
                wrong(RowFlaw::Disagree(format!("`{name}` has another label in line {at}")));
                continue;
            }
        }
        let Some(label) = label else {
            release.listing.note(Finding::Excluded, format!("line {line}: {name}"));
            continue;
        };
        let mut video = release.video(&key, label, None, MediaKind::Video)?;
        video.split = split;
        video.attributes = [("audio".to_owned(), audio[row].trim().to_ascii_lowercase())].into();
        video.source_line = Some(line);
        release.add(video, on_disk.get(&key).copied());
    }
    problems.check()?;
    for path in on_disk.keys().filter(|path| !seen.contains_key(*path)) {
        release.listing.note(Finding::Unlabelled, path.as_str());
    }
    Ok(())
}

#[cfg(test)]
#[path = "dfeval_tests.rs"]
mod tests;
