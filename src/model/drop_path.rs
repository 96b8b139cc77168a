//! What is left out at random while training: branches of blocks, and values of embeddings.

use proofmark_base::rng::{Rng, Stream};

/// The place in the random streams of one training step's drop path.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DropPath {
    /// Seed of the recipe.
    pub seed: u64,
    /// Epoch from 0.
    pub epoch: u32,
    /// Step within the epoch.
    pub step: u64,
    /// Place of the first image of a pass in the step's batch.
    pub offset: usize,
}

impl DropPath {
    /// The place `images` further into the batch.
    pub fn at(self, images: usize) -> Self {
        Self { offset: self.offset + images, ..self }
    }

    /// For each of `count` images what its branch is multiplied by: 0, or 1 / (1 - rate)
    /// with probability 1 - rate (Huang et al. 2016). None for a rate of 0.
    pub fn scales(self, rate: f64, branch: usize, count: usize) -> Option<Vec<f32>> {
        if rate == 0.0 {
            return None;
        }
        let sample = self.step << 8 | branch as u64;
        let mut rng = Rng::new(self.seed, Stream::DropPath, self.epoch, sample);
        let kept = (1.0 / (1.0 - rate)) as f32;
        let draws = (0..self.offset + count).map(|_| if rng.chance(rate) { 0.0 } else { kept });
        Some(draws.skip(self.offset).collect())
    }

    /// For each value of embeddings (B, D) what it is multiplied by (dropout): 0, or
    /// 1 / (1 - rate).
    pub fn values(self, rate: f64, count: usize, width: usize) -> Vec<f32> {
        let kept = (1.0 / (1.0 - rate)) as f32;
        let image = |i: usize| {
            let sample = self.step << 16 | (self.offset + i) as u64;
            let mut rng = Rng::new(self.seed, Stream::Dropout, self.epoch, sample);
            (0..width).map(move |_| if rng.chance(rate) { 0.0 } else { kept })
        };
        (0..count).flat_map(image).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drop_path_keeps_the_mean_and_is_drawn_for_each_branch() {
        let place = DropPath { seed: 1, epoch: 2, step: 3, offset: 0 };
        let scales = place.scales(0.25, 0, 400).unwrap();
        let kept = scales.iter().filter(|v| **v > 0.0).count();
        assert!((270..330).contains(&kept), "{kept}");
        assert!(scales.iter().all(|v| *v == 0.0 || *v == 1.0 / 0.75));
        assert_eq!(scales, place.scales(0.25, 0, 400).unwrap());
        assert_ne!(scales, place.scales(0.25, 1, 400).unwrap());
        assert_eq!(place.scales(0.0, 0, 400), None);
    }

    #[test]
    fn parts_of_a_batch_are_dropped_as_the_whole() {
        let place = DropPath { seed: 1, epoch: 2, step: 3, offset: 0 };
        let whole = place.scales(0.5, 4, 12).unwrap();
        let parts = [0, 5, 10].map(|at| place.at(at).scales(0.5, 4, 5.min(12 - at)).unwrap());
        assert_eq!(parts.concat(), whole);
    }
}
