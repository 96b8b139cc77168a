//! Faces with their landmarks.

use super::ensemble::Source;
use proofmark_base::work::Failure;
use proofmark_prepare::faces::Faces;
use proofmark_prepare::landmarks::Marks;

/// The faces of a data set, and their landmarks if pseudo-fakes are made of them.
#[derive(Debug)]
pub struct MarkedFaces {
    /// The faces.
    pub faces: Faces,
    /// Of every face.
    pub marks: Option<Marks>,
}

impl MarkedFaces {
    /// The faces of a video, by number within it, that a source can use.
    pub fn usable(&self, source: &Source<'_>, video: &str) -> Result<Vec<u32>, Failure> {
        let name = source.name();
        let prepared = self.faces.video(video).map_err(Failure::data)?;
        let all = 0..prepared.faces as u32;
        if source.pseudo_fake.is_none() {
            return Ok(all.collect());
        }
        let marks = self.marks.as_ref();
        let marks = marks.ok_or_else(|| Failure::Internal(format!("no landmarks of `{name}`")))?;
        let marked = |face: &u32| marks.0[prepared.first_face + *face as usize].points.is_some();
        Ok(all.filter(marked).collect())
    }
}
