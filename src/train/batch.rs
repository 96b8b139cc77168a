//! Batches of faces: who is in a batch is a function of (seed, epoch), what a face
//! looks like of (seed, epoch, face); neither of the number of threads.

use rayon::prelude::*;

use super::augment::face::{Face, evaluation, training};
use crate::lang::model::{Augment, Corruption, Normalize, Resize};
use crate::prepare::corrupt::corrupt;
use crate::prepare::faces::Faces;
use crate::prepare::store::StoreError;
use crate::rng::{Rng, Stream};

/// One face of a training or validation set.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    /// Which data set, as an index into the open face stores.
    pub set: usize,
    /// Which face of it.
    pub face: usize,
    /// Class index; 0 is real.
    pub class: u32,
    /// A number of this face for the random streams, from its data set and key.
    pub id: u64,
}

/// A face's number for the random streams: 56 bits of a hash of what it is.
pub fn face_id(dataset: &str, video_key: &str, frame: u32, face: u32) -> u64 {
    let mut hasher = blake3::Hasher::new();
    for part in [dataset, video_key] {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    hasher.update(&frame.to_le_bytes());
    hasher.update(&face.to_le_bytes());
    let mut bytes = [0; 8];
    bytes[..7].copy_from_slice(&hasher.finalize().as_bytes()[..7]);
    u64::from_le_bytes(bytes)
}

/// The order in which an epoch visits `n` samples.
pub fn epoch_order(n: usize, seed: u64, epoch: u32) -> Vec<usize> {
    let mut order: Vec<usize> = (0..n).collect();
    Rng::new(seed, Stream::Shuffle, epoch, 0).shuffle(&mut order);
    order
}

/// How faces become inputs.
#[derive(Clone, Debug)]
pub struct Inputs<'a> {
    /// Open face stores.
    pub sets: &'a [Faces],
    /// Side of an input in pixels.
    pub image: usize,
    /// Mean and standard deviation.
    pub normalize: &'a Normalize,
}

impl Inputs<'_> {
    /// Augmented inputs (B, 3, S, S) as planes.
    pub fn training(
        &self,
        samples: &[Sample],
        augment: &Augment,
        seed: u64,
        epoch: u32,
    ) -> Result<Vec<f32>, StoreError> {
        self.planes(samples, |sample, face, out| {
            let mut rng = Rng::new(seed, Stream::Augment, epoch, sample.id);
            training(face, augment, self.normalize, &mut rng, out);
        })
    }

    /// Inputs as at evaluation, of faces as they are or corrupted.
    pub fn evaluation(
        &self,
        samples: &[Sample],
        resize: Resize,
        corruption: Option<Corruption>,
    ) -> Result<Vec<f32>, StoreError> {
        self.planes(samples, |sample, face, out| match corruption {
            None => evaluation(face, resize, self.normalize, out),
            Some(corruption) => {
                let rgb = corrupt(face.rgb, face.side, corruption, sample.id);
                evaluation(Face { rgb: &rgb, ..face }, resize, self.normalize, out);
            }
        })
    }

    fn planes(
        &self,
        samples: &[Sample],
        write: impl Fn(&Sample, Face<'_>, &mut [f32]) + Sync,
    ) -> Result<Vec<f32>, StoreError> {
        let mut out = vec![0f32; samples.len() * 3 * self.image * self.image];
        let planes = out.par_chunks_exact_mut(3 * self.image * self.image).zip(samples);
        planes.try_for_each_init(Vec::new, |rgb, (out, sample)| {
            let file = &self.sets[sample.set].file;
            file.crop(sample.face, rgb)?;
            write(sample, Face { rgb, side: file.side() }, out);
            Ok::<(), StoreError>(())
        })?;
        Ok(out)
    }

    /// A face as an error names it: video, frame and face.
    pub fn describe(&self, sample: &Sample) -> String {
        let file = &self.sets[sample.set].file;
        let (frame, face) = file.place(sample.face);
        let video = file.video_key(sample.face);
        format!("{video} frame {frame} face {face}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_epoch_visits_everyone_once_in_its_own_order() {
        let first = epoch_order(100, 7, 0);
        let mut sorted = first.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, (0..100).collect::<Vec<_>>());
        assert_eq!(first, epoch_order(100, 7, 0));
        assert_ne!(first, epoch_order(100, 7, 1));
        assert_ne!(first, epoch_order(100, 8, 0));
    }

    #[test]
    fn faces_are_numbered_by_all_that_they_are() {
        let base = face_id("ffpp", "a/b", 1, 0);
        assert_eq!(base, face_id("ffpp", "a/b", 1, 0));
        assert!(base < 1 << 56);
        for other in [
            face_id("ffppa", "/b", 1, 0),
            face_id("ffpp", "a/b", 0, 1),
            face_id("ffpp", "a/b", 2, 0),
        ] {
            assert_ne!(base, other);
        }
    }
}
