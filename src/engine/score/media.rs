//! The photographs, videos and face crops below the paths that are to be scored.

use std::path::{Path, PathBuf};

use serde::Serialize;

use proofmark_base::work::Failure;
use proofmark_data::media::{IMAGES, VIDEOS};

/// Folders deeper than this are not entered.
const MAX_DEPTH: usize = 64;

/// A file that is to be scored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Medium {
    /// The file.
    pub path: PathBuf,
    /// What it is, by its name.
    pub sort: Sort,
}

/// Images and videos.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sort {
    /// An image.
    Image,
    /// A video.
    Video,
}

/// Images and videos below the paths, in order. A folder is searched to the bottom, without
/// following links.
///
/// # Errors
/// A path that is not there, or a folder without any.
pub fn media(paths: &[PathBuf]) -> Result<Vec<Medium>, Failure> {
    let mut media = Vec::new();
    for path in paths {
        let meta = std::fs::metadata(path)
            .map_err(|e| Failure::data(format!("cannot score {}: {e}", path.display())))?;
        if meta.is_dir() {
            let before = media.len();
            walk(path, 0, &mut media)?;
            if media.len() == before {
                let of = |extensions: &[&str]| {
                    extensions.iter().map(|e| format!("*.{e}")).collect::<Vec<_>>().join(", ")
                };
                return Err(Failure::data(format!(
                    "{} holds no image and no video; looked for {}, {}",
                    path.display(),
                    of(IMAGES),
                    of(VIDEOS)
                )));
            }
        } else {
            // What somebody names is an image unless its name says otherwise.
            let sort = sort(path).unwrap_or(Sort::Image);
            media.push(Medium { path: path.clone(), sort });
        }
    }
    Ok(media)
}

/// What a file is by its name.
fn sort(path: &Path) -> Option<Sort> {
    let extension = path.extension()?.to_string_lossy().to_lowercase();
    let of = |extensions: &[&str]| extensions.contains(&extension.as_str());
    match (of(IMAGES), of(VIDEOS)) {
        (true, _) => Some(Sort::Image),
        (_, true) => Some(Sort::Video),
        (false, false) => None,
    }
}

fn walk(folder: &Path, depth: usize, media: &mut Vec<Medium>) -> Result<(), Failure> {
    let entries = std::fs::read_dir(folder).map_err(|e| Failure::read(folder, &e))?;
    let mut paths = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|e| Failure::read(folder, &e))?;
        let kind = entry.file_type().map_err(|e| Failure::read(&entry.path(), &e))?;
        paths.push((entry.path(), kind));
    }
    paths.sort_by(|a, b| a.0.cmp(&b.0));
    for (path, kind) in paths {
        if kind.is_dir() && depth < MAX_DEPTH {
            walk(&path, depth + 1, media)?;
        } else if kind.is_file()
            && let Some(sort) = sort(&path)
        {
            media.push(Medium { path, sort });
        }
    }
    Ok(())
}
