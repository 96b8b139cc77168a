//! Which values share a buffer, because none of them is needed while another is.

use std::sync::Arc;

use super::tape::Tape;
use proofmark_gpu::error::Result;
use proofmark_gpu::gpu::Gpu;
use proofmark_gpu::kind::Kind;
use proofmark_gpu::memory::{Buffer, Slice};

/// From when to when a value is needed, both included.
type Life = (usize, usize);

/// A buffer for every value.
#[derive(Debug)]
pub struct Rooms {
    /// Of each value the number of its buffer, if it has one.
    of: Vec<Option<usize>>,
    /// Numbers of each value for each image.
    lens: Vec<usize>,
    /// Numbers of each buffer for each image.
    sizes: Vec<usize>,
    buffers: Vec<Buffer>,
}

impl Rooms {
    /// Those of the values of a forward pass. If it `keeps`, what the backward pass looks at stays.
    pub fn forward(gpu: &Arc<dyn Gpu>, tape: &Tape, keeps: bool) -> Self {
        let end = tape.steps.len() + 1;
        let needed = |value| tape.steps.iter().any(|step| step.needed() == Some(value));
        let life = |value: usize| {
            // The operation of number n is at n + 1.
            let born = tape.steps.iter().position(|step| step.output == value).map_or(0, |n| n + 1);
            let last = tape.last_use(value).filter(|_| !(keeps && needed(value)));
            Some((born, last.map_or(end, |n| n + 1)))
        };
        Self::new(gpu, tape, life)
    }

    /// Those of the gradients of a backward pass. What the first operation is given has none.
    pub fn backward(gpu: &Arc<dyn Gpu>, tape: &Tape) -> Self {
        let end = tape.steps.len();
        let life = |value: usize| {
            let made = tape.steps.iter().position(|step| step.output == value)?;
            Some((tape.last_use(value).map_or(0, |n| end - n), end - made))
        };
        Self::new(gpu, tape, life)
    }

    fn new(gpu: &Arc<dyn Gpu>, tape: &Tape, life: impl Fn(usize) -> Option<Life>) -> Self {
        let lens: Vec<usize> = tape.values.iter().map(|value| value.len()).collect();
        let mut lives: Vec<(Life, usize)> =
            (0..lens.len()).filter_map(|value| Some((life(value)?, value))).collect();
        lives.sort_unstable();
        let mut of = vec![None; lens.len()];
        // Of each buffer its size, and until when it is taken.
        let mut taken: Vec<(usize, usize)> = Vec::new();
        for ((born, last), value) in lives {
            // Of those that are free the one whose size is nearest.
            let free = taken.iter().enumerate().filter(|(_, (_, until))| *until < born);
            let near = free.min_by_key(|(_, (size, _))| size.abs_diff(lens[value]));
            let room = match near.map(|(room, _)| room) {
                Some(room) => room,
                None => {
                    taken.push((0, 0));
                    taken.len() - 1
                }
            };
            taken[room] = (taken[room].0.max(lens[value]), last);
            of[value] = Some(room);
        }
        let buffers = taken.iter().map(|_| Buffer::empty(gpu, Kind::F32)).collect();
        Self { of, lens, sizes: taken.into_iter().map(|(size, _)| size).collect(), buffers }
    }

    /// Makes room for so many images.
    pub fn fit(&mut self, images: usize) -> Result<()> {
        for (buffer, size) in self.buffers.iter_mut().zip(&self.sizes) {
            buffer.fit(size * images)?;
        }
        Ok(())
    }

    /// A value of so many images, if it has a room.
    pub fn find(&self, value: usize, images: usize) -> Option<Slice<'_>> {
        self.of[value].map(|room| self.buffers[room].first(self.lens[value] * images))
    }

    /// The same. Panics if it has none: that would be a mistake of ours.
    pub fn of(&self, value: usize, images: usize) -> Slice<'_> {
        match self.find(value, images) {
            Some(slice) => slice,
            None => panic!("value {value} has no room"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backbone::Backbone as _;
    use crate::xception::XceptionConfig;
    use proofmark_emulation::{Emulation, Order};

    /// Numbers of all buffers for an image.
    fn size(rooms: &Rooms) -> usize {
        rooms.sizes.iter().sum()
    }

    #[test]
    fn values_share_rooms_unless_they_are_needed_at_a_time() {
        let gpu: Arc<dyn Gpu> = Arc::new(Emulation::new(Order::Forwards));
        let config = XceptionConfig { image: 71, dropout: 0.2, momentum: 0.1, classes: 2 };
        let tape = Tape::of(&config, &config.parameters());
        let (kept, passing) =
            (Rooms::forward(&gpu, &tape, true), Rooms::forward(&gpu, &tape, false));
        let all: usize = tape.values.iter().map(|value| value.len()).sum();
        assert!(size(&kept) < all && size(&kept) > all / 2, "{} of {all}", size(&kept));
        assert!(size(&passing) < all / 8, "{} of {all}", size(&passing));
        assert!(size(&Rooms::backward(&gpu, &tape)) < all / 8);
        // A block's input is there when its convolutions are added to it.
        for step in &tape.steps {
            let inputs: Vec<usize> = step.inputs().chain([step.output]).collect();
            for (i, value) in inputs.iter().enumerate() {
                let mut before = inputs[..i].iter();
                assert!(before.all(|o| passing.of[*o] != passing.of[*value]), "{step:?}");
            }
        }
    }
}
