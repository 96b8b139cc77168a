//! What finished stages left in the store, opened by those that read it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::ensemble::sources;
use super::kind::{SetKeys, StageKind};
use super::marked::MarkedFaces;
use proofmark_base::store::Store;
use proofmark_base::work::Failure;
use proofmark_lang::model::{Ensemble, Project};
use proofmark_prepare::faces::Faces;
use proofmark_prepare::landmarks::Marks;

/// The results of a store.
#[derive(Clone, Copy, Debug)]
pub struct Results<'a>(pub &'a Store);

impl Results<'_> {
    /// The folder of a result.
    ///
    /// # Errors
    /// A result that is not there, although it was.
    pub fn folder(&self, kind: StageKind, key: &str) -> Result<PathBuf, Failure> {
        self.0.find(kind.word(), key).ok_or_else(|| {
            Failure::run(format!(
                "the result {}/{key} is no longer in the store {}; the same command makes it again",
                kind.word(),
                self.0.root().display()
            ))
        })
    }

    /// The faces of that key.
    ///
    /// # Errors
    /// Faces that are not there, or are damaged.
    pub fn faces(&self, key: &str) -> Result<Faces, Failure> {
        Faces::open(&self.folder(StageKind::Faces, key)?).map_err(Failure::data)
    }

    /// The faces of the data sets of an ensemble, by their names, with the landmarks that its
    /// pseudo-fakes need.
    ///
    /// # Errors
    /// Faces or landmarks that are not there, or are damaged.
    pub fn marked(
        &self,
        project: &Project,
        ensemble: &Ensemble,
        keys: &SetKeys,
    ) -> Result<BTreeMap<String, MarkedFaces>, Failure> {
        let mut opened = BTreeMap::new();
        for source in sources(project, ensemble) {
            let name = source.name();
            // A data set may be two sources.
            let (Some(key), false) = (keys.faces.get(name), opened.contains_key(name)) else {
                continue;
            };
            let faces = self.faces(key)?;
            let marks = match keys.landmarks.get(name) {
                Some(key) => {
                    let folder = self.folder(StageKind::Landmarks, key)?;
                    Some(Marks::read(&folder, &faces.file).map_err(Failure::data)?)
                }
                None => None,
            };
            opened.insert(name.to_owned(), MarkedFaces { faces, marks });
        }
        Ok(opened)
    }
}
