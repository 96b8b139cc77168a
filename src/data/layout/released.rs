//! The released layouts: what each must hold. Reading them is left to a later version.

use std::path::Path;

use crate::data::error::DataError;
use crate::data::root::{Env, Want, locate, say_otherwise};
use crate::lang::model::{Dataset, Released, ReleasedLayout};

/// Looks for a released data set, and says that this version does not read it.
///
/// # Errors
/// Always: [`DataError::NotFound`] with every path that is not there, else
/// [`DataError::NotInThisVersion`].
pub fn find(dataset: &Dataset, layout: &ReleasedLayout, env: Env) -> DataError {
    let name = &dataset.name.value;
    let root = match locate(name, &layout.root, Want::Folder, env) {
        Ok(root) => root,
        Err(error) => return error,
    };
    let looked_for: Vec<String> = parts(dataset, layout)
        .into_iter()
        .filter(|spellings| !spellings.iter().any(|part| root.join(part).exists()))
        .map(|spellings| missing(&root, &spellings))
        .collect();
    if looked_for.is_empty() {
        let origin = layout.name.origin;
        let layout = word(layout.name.value);
        return DataError::NotInThisVersion { dataset: name.clone(), layout, root, origin };
    }
    DataError::NotFound {
        dataset: name.clone(),
        looked_for,
        say_otherwise: say_otherwise(name, &layout.root.value),
        origin: layout.root.origin,
    }
}

fn missing(root: &Path, spellings: &[String]) -> String {
    let paths: Vec<_> = spellings.iter().map(|s| root.join(s).display().to_string()).collect();
    paths.join(" or ")
}

/// The files and folders that the layout must hold, each with the spellings seen.
fn parts(dataset: &Dataset, layout: &ReleasedLayout) -> Vec<Vec<String>> {
    let methods = || dataset.manipulations.iter().map(|m| m.name.value.as_str());
    let fixed = |parts: &[&[&str]]| {
        parts.iter().map(|p| p.iter().map(|s| (*s).to_owned()).collect()).collect::<Vec<_>>()
    };
    match layout.name.value {
        Released::Faceforensics => {
            let compression = layout.switches.get("compression").map_or("c23", |c| &c.value);
            let mut parts = vec![vec![format!("original_sequences/youtube/{compression}/videos")]];
            parts.extend(
                methods().map(|m| vec![format!("manipulated_sequences/{m}/{compression}/videos")]),
            );
            for split in ["train", "val", "test"] {
                parts.push(vec![format!("{split}.json"), format!("splits/{split}.json")]);
            }
            parts
        }
        Released::Celebdf => fixed(&[
            &["Celeb-real"],
            &["YouTube-real", "Youtube-real"],
            &["Celeb-synthesis"],
            &["List_of_testing_videos.txt"],
        ]),
        Released::Dfdc => fixed(&[
            &["train/dfdc_train_part_0/metadata.json"],
            &["validation/labels.csv"],
            &["test/labels.csv"],
        ]),
        Released::Fakeavceleb => fixed(&[
            &["RealVideo-RealAudio"],
            &["FakeVideo-RealAudio"],
            &["FakeVideo-FakeAudio"],
            &["meta_data.csv"],
        ]),
        Released::Forgerynet => fixed(&[
            &["Training/video"],
            &["Training/video_list.txt"],
            &["Validation/video"],
            &["Validation/video_list.txt"],
        ]),
        Released::Df40 => {
            let mut parts: Vec<_> = methods()
                .map(|m| ["cdf", "cdfv2"].iter().flat_map(|cdf| spelled(m, cdf)).collect())
                .collect();
            for reals in ["Celeb-real", "YouTube-real"] {
                let below = format!("Celeb-DF-v2/{reals}/frames");
                parts.push(vec![below.clone(), format!("../{below}")]);
            }
            parts
        }
        Released::Wilddeepfake => fixed(&[
            &["real_train", "real train"],
            &["real_test", "real test"],
            &["fake_train", "fake train"],
            &["fake_test", "fake test"],
        ]),
        Released::DeepfakeEval2024 => fixed(&[
            &["video-data"],
            &["video-metadata-publish.csv", "video-metadata-publish-with-links.csv"],
        ]),
    }
}

/// The folder of a DF40 method, which some archives hold doubled.
fn spelled(method: &str, domain: &str) -> [String; 2] {
    [format!("{method}/{domain}/frames"), format!("{method}/{method}/{domain}/frames")]
}

/// The word of a released layout in the language.
fn word(released: Released) -> &'static str {
    match released {
        Released::Faceforensics => "faceforensics",
        Released::Celebdf => "celebdf",
        Released::Dfdc => "dfdc",
        Released::Fakeavceleb => "fakeavceleb",
        Released::Forgerynet => "forgerynet",
        Released::Df40 => "df40",
        Released::Wilddeepfake => "wilddeepfake",
        Released::DeepfakeEval2024 => "deepfake-eval-2024",
    }
}

#[cfg(test)]
#[path = "released_tests.rs"]
mod tests;
