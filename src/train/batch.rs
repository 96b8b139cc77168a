//! Batches of faces: who is in a batch is a function of (seed, epoch), what a face
//! looks like of (seed, epoch, face); neither of the number of threads.

use std::borrow::Cow;

use rayon::prelude::*;

use super::blend::{Pair, PseudoSet, Use, pair};
use super::input::resized;
use proofmark_augmentations::face::{Channels, Face, Patch, normalize};
use proofmark_augmentations::{Augmented, Operation, augmented, training};
use proofmark_base::rng::{Rng, Stream};
use proofmark_lang::model::{Corruption, Resize};
use proofmark_model::images::{Affine, ByteImages, Images};
use proofmark_model::params::Params;
use proofmark_picture::Pixels;
use proofmark_prepare::faces::Faces;
use proofmark_prepare::store::FaceStoreError;

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
    /// What is shown of it.
    pub role: Role,
}

/// What a sample shows of a face.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The face as it is stored.
    Stored,
    /// The real of a pair; its fake is the next sample.
    Target,
    /// The fake that is made of the sample before.
    Blend,
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

/// The order in which an epoch visits the samples. A real stays with its own fake: they
/// take two places that begin at an even one, and so do other faces, two by two.
pub fn epoch_order(samples: &[Sample], seed: u64, epoch: u32) -> Vec<usize> {
    let mut rng = Rng::new(seed, Stream::Shuffle, epoch, 0);
    let (mut single, paired): (Vec<usize>, Vec<usize>) =
        (0..samples.len()).partition(|i| samples[*i].role == Role::Stored);
    rng.shuffle(&mut single);
    if paired.is_empty() {
        return single;
    }
    let twos = paired.as_chunks::<2>().0.iter().chain(single.as_chunks::<2>().0);
    let mut twos: Vec<[usize; 2]> = twos.copied().collect();
    rng.shuffle(&mut twos);
    twos.concat()
}

/// How faces become inputs.
#[derive(Clone, Debug)]
pub struct Inputs<'a> {
    /// Open face stores.
    pub sets: &'a [Faces],
    /// What pseudo-fakes are made with, for the data sets that have any.
    pub pseudo: &'a [Option<PseudoSet>],
    /// Side of an input in pixels.
    pub image: usize,
    /// What inputs are normalised by.
    pub channels: Channels,
}

/// What is left to be done to an image.
#[derive(Clone, Debug, Default)]
struct Changes {
    mirrored: bool,
    patches: Vec<Patch>,
}

/// How inputs are handed to a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// As normalised planes (B, 3, S, S).
    Planes,
    /// As bytes, which the network's GPU normalises to the same numbers.
    Bytes,
}

impl Form {
    /// For a network with these parameters.
    pub fn of(params: &Params) -> Self {
        match params.resident() {
            Some(_) => Self::Bytes,
            None => Self::Planes,
        }
    }
}

/// Inputs in a form.
#[derive(Clone, Debug)]
pub enum Prepared {
    /// Normalised planes (B, 3, S, S).
    Planes(Vec<f32>),
    /// Bytes, with what is done to them.
    Bytes(ByteImages),
}

impl Prepared {
    /// They, for a network.
    pub fn images(&self) -> Images<'_> {
        match self {
            Self::Planes(planes) => planes.into(),
            Self::Bytes(bytes) => bytes.into(),
        }
    }
}

impl Inputs<'_> {
    /// Inputs (B, 3, S, S) as planes, augmented by these operations.
    pub fn training(
        &self,
        samples: &[Sample],
        augment: &[Operation],
        seed: u64,
        epoch: u32,
    ) -> Result<Vec<f32>, FaceStoreError> {
        self.planes(samples, (Use::Training, epoch), |sample, face, out| {
            let mut rng = Rng::new(seed, Stream::Augment, epoch, sample.id);
            training(face, augment, &self.channels, &mut rng, out);
        })
    }

    /// The same as bytes.
    pub fn training_bytes(
        &self,
        samples: &[Sample],
        augment: &[Operation],
        seed: u64,
        epoch: u32,
    ) -> Result<ByteImages, FaceStoreError> {
        let side = self.image as u32;
        self.bytes(samples, (Use::Training, epoch), |sample, face, (out, changes)| {
            let mut rng = Rng::new(seed, Stream::Augment, epoch, sample.id);
            let made = augmented(face, augment, &self.channels, side, &mut rng);
            let Augmented { image, mirrored, patches } = made;
            out.copy_from_slice(&image.rgb);
            **changes = Changes { mirrored, patches };
        })
    }

    /// Inputs as at evaluation, of faces as they are or corrupted.
    pub fn evaluation(
        &self,
        samples: &[Sample],
        resize: Resize,
        corruption: Option<Corruption>,
        form: Form,
    ) -> Result<Prepared, FaceStoreError> {
        let usage = (Use::Selection, 0);
        match form {
            Form::Planes => {
                let planes = self.planes(samples, usage, |sample, face, out| {
                    let shown = self.shown(sample, face, resize, corruption);
                    normalize(&shown, &self.channels, out);
                });
                planes.map(Prepared::Planes)
            }
            Form::Bytes => {
                let bytes = self.bytes(samples, usage, |sample, face, (out, _)| {
                    out.copy_from_slice(&self.shown(sample, face, resize, corruption));
                });
                bytes.map(Prepared::Bytes)
            }
        }
    }

    /// What evaluation sees of a face: RGB bytes of an input's side.
    fn shown<'f>(
        &self,
        sample: &Sample,
        face: Face<'f>,
        rule: Resize,
        corruption: Option<Corruption>,
    ) -> Cow<'f, [u8]> {
        let side = self.image as u32;
        if sample.role != Role::Stored {
            // Cut to the input's size already.
            return Cow::Borrowed(face.rgb);
        }
        Cow::Owned(match corruption {
            None => resized(face, rule, side),
            Some(corruption) => {
                // The same for every model.
                let mut rng = Rng::new(0, Stream::Corruption, 0, sample.id);
                let image = Pixels::square(face.rgb.to_vec(), face.side as usize);
                let rgb = corruption.apply(&image, &mut rng).rgb;
                resized(Face { rgb: &rgb, ..face }, rule, side)
            }
        })
    }

    /// Normalised planes of samples, which `write` makes of faces.
    fn planes(
        &self,
        samples: &[Sample],
        usage: (Use, u32),
        write: impl Fn(&Sample, Face<'_>, &mut [f32]) + Sync,
    ) -> Result<Vec<f32>, FaceStoreError> {
        let one = 3 * self.image * self.image;
        let mut out = vec![0f32; samples.len() * one];
        let mut places: Vec<&mut [f32]> = out.chunks_exact_mut(one).collect();
        self.each(samples, usage, &mut places, |sample, face, out| write(sample, face, out))?;
        Ok(out)
    }

    /// Bytes of samples, which `write` makes of faces, with what is left to be done to them.
    fn bytes(
        &self,
        samples: &[Sample],
        usage: (Use, u32),
        write: impl Fn(&Sample, Face<'_>, &mut (&mut [u8], &mut Changes)) + Sync,
    ) -> Result<ByteImages, FaceStoreError> {
        let one = 3 * self.image * self.image;
        let mut rgb = vec![0u8; samples.len() * one];
        let mut changes = vec![Changes::default(); samples.len()];
        let mut places: Vec<_> = rgb.chunks_exact_mut(one).zip(&mut changes).collect();
        self.each(samples, usage, &mut places, write)?;
        let (scale, shift) = self.channels.affine();
        let mut images = ByteImages::new(self.image, Affine { scale, shift }, rgb);
        for (number, Changes { mirrored, patches }) in changes.iter().enumerate() {
            if *mirrored {
                images.mirror(number);
            }
            for patch in patches {
                let region = [patch.x, patch.y, patch.width, patch.height];
                let rows = patch.values.chunks_exact(patch.stride.max(1));
                images.fill(number, region, rows.map(|row| &row[..patch.width]));
            }
        }
        Ok(images)
    }

    /// Two samples at a time, so that a pair is made once.
    fn each<P: Send>(
        &self,
        samples: &[Sample],
        usage: (Use, u32),
        places: &mut [P],
        write: impl Fn(&Sample, Face<'_>, &mut P) + Sync,
    ) -> Result<(), FaceStoreError> {
        let twos = places.par_chunks_mut(2).zip(samples.par_chunks(2));
        twos.try_for_each_init(Vec::new, |rgb, (places, samples)| {
            let mut made: Option<Pair> = None;
            for (sample, place) in samples.iter().zip(places) {
                let file = &self.sets[sample.set].file;
                if sample.role == Role::Stored {
                    file.crop(sample.face, rgb)?;
                    write(sample, Face { rgb, side: file.side() }, place);
                    continue;
                }
                let pair = match made.take().filter(|_| sample.role == Role::Blend) {
                    Some(pair) => pair,
                    None => {
                        file.crop(sample.face, rgb)?;
                        self.pair(sample, Face { rgb, side: file.side() }, usage)
                    }
                };
                let shown = if sample.role == Role::Target { &pair.real } else { &pair.fake };
                write(sample, Face { rgb: &shown.rgb, side: self.image as u32 }, place);
                made = Some(pair);
            }
            Ok(())
        })
    }

    /// The pair of a face, drawn from the numbers of (seed, epoch, face).
    pub fn pair(&self, sample: &Sample, face: Face<'_>, (usage, epoch): (Use, u32)) -> Pair {
        let set = self.pseudo[sample.set].as_ref().expect("only sets with pseudo-fakes have pairs");
        let stream = match usage {
            Use::Training => Stream::Blend,
            Use::Selection => Stream::BlendSelection,
        };
        let mut rng = Rng::new(set.seed, stream, epoch, sample.id);
        let mark = &set.marks.0[sample.face];
        pair(face, mark, &set.settings, usage, self.image as u32, &mut rng)
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

    fn samples(stored: usize, pairs: usize) -> Vec<Sample> {
        let sample = |face, role| Sample { set: 0, face, class: 0, id: 0, role };
        let pairs = (0..pairs).flat_map(|i| [sample(i, Role::Target), sample(i, Role::Blend)]);
        pairs.chain((0..stored).map(|i| sample(i, Role::Stored))).collect()
    }

    #[test]
    fn an_epoch_visits_everyone_once_in_its_own_order() {
        let samples = samples(100, 0);
        let first = epoch_order(&samples, 7, 0);
        let mut sorted = first.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, (0..100).collect::<Vec<_>>());
        assert_eq!(first, epoch_order(&samples, 7, 0));
        assert_ne!(first, epoch_order(&samples, 7, 1));
        assert_ne!(first, epoch_order(&samples, 8, 0));
    }

    #[test]
    fn a_real_stays_with_its_own_fake() {
        let samples = samples(31, 40);
        let order = epoch_order(&samples, 7, 3);
        // One of the others is left over.
        assert_eq!(order.len(), 110);
        let mut moved = 0;
        for (place, two) in order.chunks(2).enumerate() {
            let roles = [samples[two[0]].role, samples[two[1]].role];
            if roles.contains(&Role::Stored) {
                assert_eq!(roles, [Role::Stored; 2]);
            } else {
                assert_eq!(roles, [Role::Target, Role::Blend]);
                assert_eq!(two[1], two[0] + 1);
                moved += usize::from(place != two[0] / 2);
            }
        }
        assert!(moved > 30, "pairs are shuffled");
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
