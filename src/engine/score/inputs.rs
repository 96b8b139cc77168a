//! Crops as the network's inputs, made as at evaluation.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::look::Crop;
use proofmark_augmentations::face::{Channels, Face};
use proofmark_train::checkpoint::ModelCard;
use proofmark_train::input::evaluation;

/// What inputs are made by.
pub(super) struct Inputs<'a> {
    card: &'a ModelCard,
    channels: Channels,
    /// Side of the crops in pixels.
    crop: u32,
}

impl<'a> Inputs<'a> {
    /// As the card of a model says, of crops of this side.
    pub fn new(card: &'a ModelCard, crop: u32) -> Self {
        Self { card, channels: card.channels(), crop }
    }

    /// The planes (B, 3, S, S) of crops.
    pub fn of(&self, crops: &[Crop]) -> Vec<f32> {
        let side = self.card.network.image();
        let planes = 3 * side * side;
        let mut inputs = vec![0f32; crops.len() * planes];
        inputs.par_chunks_mut(planes).zip(crops).for_each(|(out, crop)| {
            let face = Face { rgb: &crop.rgb, side: self.crop };
            evaluation(face, self.card.resize, &self.channels, out);
        });
        inputs
    }

    /// Probabilities by the names of their classes.
    pub fn named(&self, probabilities: Vec<f32>) -> BTreeMap<String, f32> {
        self.card.classes.iter().cloned().zip(probabilities).collect()
    }
}
