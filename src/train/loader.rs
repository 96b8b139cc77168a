//! Batches that are made ready, and are on their way to a GPU, while others are computed.

use std::ops::Range;
use std::sync::mpsc::sync_channel;

use super::batch::{Form, Inputs, Sample};
use super::mix::mix;
use proofmark_augmentations::Operation;
use proofmark_base::work::Failure;
use proofmark_lang::model::Mix;
use proofmark_model::failed::failed;
use proofmark_model::images::{Images, Upload, Uploaded, Uploads};

/// Batches that are made ready while one is computed.
const PREFETCH: usize = 2;

/// Makes things by their numbers on a thread of its own, in order and a few ahead of `take`, which gets one each
/// time that it asks. A thing that cannot be made is an error when it is asked for.
pub fn ahead<T: Send, R>(
    count: usize,
    make: impl Fn(usize) -> Result<T, Failure> + Send,
    take: impl FnOnce(&mut dyn FnMut() -> Result<T, Failure>) -> R,
) -> R {
    std::thread::scope(|scope| {
        // The receiver lives in here: when nothing is taken any more it goes first, which is how the thread learns
        // of it.
        let (sender, receiver) = sync_channel(PREFETCH);
        scope.spawn(move || {
            for number in 0..count {
                if sender.send(make(number)).is_err() {
                    return;
                }
            }
        });
        let early = |_| Failure::Internal("the loader stopped early".to_owned());
        take(&mut move || receiver.recv().map_err(early)?)
    })
}

/// [`ahead`] for a network on a GPU, which leaves the cores alone. For one on the CPU a thing is made when it is asked
/// for: cores and memory have enough to do.
pub fn ahead_of_gpu<T: Send, R>(
    form: Form,
    count: usize,
    make: impl Fn(usize) -> Result<T, Failure> + Send,
    take: impl FnOnce(&mut dyn FnMut() -> Result<T, Failure>) -> R,
) -> R {
    match form {
        Form::Bytes => ahead(count, make, take),
        Form::Planes => {
            let mut numbers = 0..count;
            let none =
                || Failure::Internal("more batches were asked for than there are".to_owned());
            take(&mut move || make(numbers.next().ok_or_else(none)?))
        }
    }
}

/// Makes the batches of an epoch.
#[derive(Clone, Debug)]
pub struct Loader<'a> {
    /// How faces become inputs.
    pub inputs: &'a Inputs<'a>,
    /// What is done to them.
    pub augment: &'a [Operation],
    /// How they are mixed.
    pub mix: Option<&'a Mix>,
    /// Of the random numbers.
    pub seed: u64,
    /// Of the random numbers.
    pub epoch: u32,
    /// Rows of a batch that are needed.
    pub rows: Range<usize>,
    /// Where images are sent, if the network is on a GPU.
    pub uploads: Option<&'a Uploads>,
}

/// The images of a step.
#[derive(Debug)]
pub struct Loaded {
    images: Sent,
    /// The weight of each face's own class; the rest is that of the one with which it is mixed.
    pub own: f64,
}

#[derive(Debug)]
enum Sent {
    Planes(Vec<f32>),
    Upload(Upload),
}

/// The images of a step where the network is.
#[derive(Debug)]
pub enum There {
    /// Normalised planes (B, 3, S, S) on the CPU.
    Planes(Vec<f32>),
    /// On a GPU.
    Uploaded(Uploaded),
}

impl Loader<'_> {
    /// Makes the batch of a step, and begins to send it.
    ///
    /// # Errors
    /// A damaged face; those of the GPU.
    pub fn load(&self, step: u64, samples: &[Sample]) -> Result<Loaded, Failure> {
        let Self { inputs, augment, seed, epoch, rows, .. } = self;
        let needed = &samples[rows.clone()];
        let planes = |images| Loaded { images: Sent::Planes(images), own: 1.0 };
        match (self.mix, self.uploads) {
            (None, None) => Ok(planes(inputs.training(needed, augment, *seed, *epoch)?)),
            (None, Some(uploads)) => {
                let bytes = inputs.training_bytes(needed, augment, *seed, *epoch)?;
                let upload = uploads.begin(&bytes).map_err(failed)?;
                Ok(Loaded { images: Sent::Upload(upload), own: 1.0 })
            }
            // A face is mixed with another, which may be in any part of the batch, and what comes of two is no byte.
            (Some(rule), _) => {
                let mut images = inputs.training(samples, augment, *seed, *epoch)?;
                let own = mix(&mut images, samples.len(), rule, *seed, *epoch, step);
                let one = images.len() / samples.len();
                images.truncate(rows.end * one);
                images.drain(..rows.start * one);
                Ok(Loaded { own, ..planes(images) })
            }
        }
    }

    /// Takes back what no step needs that is computed from now on.
    ///
    /// # Errors
    /// Those of the GPU.
    pub fn give_back(&self, images: There) -> Result<(), Failure> {
        match (images, self.uploads) {
            (There::Uploaded(images), Some(uploads)) => Ok(uploads.end(images).map_err(failed)?),
            (There::Uploaded(_), None) | (There::Planes(_), _) => Ok(()),
        }
    }
}

impl Loaded {
    /// Has the step that is computed next wait for the images.
    ///
    /// # Errors
    /// Those of the GPU.
    pub fn arrive(self) -> Result<There, Failure> {
        Ok(match self.images {
            Sent::Planes(planes) => There::Planes(planes),
            Sent::Upload(upload) => There::Uploaded(upload.arrive().map_err(failed)?),
        })
    }
}

impl There {
    /// They, for a network.
    pub fn images(&self) -> Images<'_> {
        match self {
            Self::Planes(planes) => planes.into(),
            Self::Uploaded(images) => images.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn things_come_in_order_and_a_few_ahead_until_nobody_takes_them() {
        for form in [Form::Bytes, Form::Planes] {
            let made = AtomicUsize::new(0);
            let make = |number: usize| {
                made.fetch_add(1, Ordering::Relaxed);
                match number {
                    7 => Err(Failure::Internal("seven".to_owned())),
                    _ => Ok(number),
                }
            };
            let taken: Vec<usize> = ahead_of_gpu(form, 100, make, |next| {
                (0..100).map(|_| next()).take_while(Result::is_ok).map(Result::unwrap).collect()
            });
            assert_eq!(taken, [0, 1, 2, 3, 4, 5, 6]);
            // The error, those that wait, and the one that nobody takes.
            let most = if form == Form::Bytes { 8 + PREFETCH + 1 } else { 8 };
            assert!((8..=most).contains(&made.into_inner()), "{form:?}");
        }
    }
}
