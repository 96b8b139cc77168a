//! Mixup and cutmix: each face of a batch is mixed with that at the mirrored place, and
//! so is its class (Zhang et al. 2018, Yun et al. 2019; pairs as timm's batch mode).

use proofmark_base::rng::{Rng, Stream};
use proofmark_lang::model::Mix;

/// What is done to a batch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum MixPlan {
    /// Every pixel is blended; what is kept of a face.
    Blend(f64),
    /// A box is taken from the other face.
    Paste(Region),
}

/// A box in pixels: half open, inside the image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Region {
    /// From and to column.
    pub x: (usize, usize),
    /// From and to row.
    pub y: (usize, usize),
}

impl Region {
    /// The box of a cut that would keep `kept` of a square of `side`, around a centre,
    /// cut off at the borders.
    pub fn around((x, y): (usize, usize), side: usize, kept: f64) -> Self {
        let cut = (side as f64 * (1.0 - kept).max(0.0).sqrt()) as usize;
        let span = |c: usize| (c.saturating_sub(cut / 2), (c + cut.div_ceil(2)).min(side));
        Self { x: span(x), y: span(y) }
    }

    fn area(&self) -> usize {
        (self.x.1 - self.x.0) * (self.y.1 - self.y.0)
    }
}

/// Mixes the images (B, 3, S, S) of a step as the rule says. Returns the weight of each
/// face's own class; the rest is its partner's. 1 if nothing was mixed.
pub fn mix(images: &mut [f32], batch: usize, rule: &Mix, seed: u64, epoch: u32, step: u64) -> f64 {
    let mut rng = Rng::new(seed, Stream::Mix, epoch, step);
    let side = ((images.len() / batch.max(1) / 3) as f64).sqrt().round() as usize;
    match draw(rule, side, &mut rng) {
        Some(plan) => apply(plan, images, batch, side),
        None => 1.0,
    }
}

/// What the rule does to one batch.
pub fn draw(rule: &Mix, side: usize, rng: &mut Rng) -> Option<MixPlan> {
    let (mixup, cutmix) = (rule.mixup, rule.cutmix);
    if mixup == 0.0 && cutmix == 0.0 || !rng.chance(rule.probability) {
        return None;
    }
    let cut = cutmix > 0.0 && (mixup == 0.0 || rng.chance(rule.switch));
    let kept = rng.beta(if cut { cutmix } else { mixup });
    if !cut {
        return Some(MixPlan::Blend(kept));
    }
    let mut coordinate = || rng.below(side as u64) as usize;
    Some(MixPlan::Paste(Region::around((coordinate(), coordinate()), side, kept)))
}

/// Does it, and returns what is kept of each face.
pub fn apply(plan: MixPlan, images: &mut [f32], batch: usize, side: usize) -> f64 {
    let (one, middle) = (3 * side * side, batch / 2);
    let (first, rest) = images.split_at_mut(middle * one);
    // The face in the middle of an odd batch is its own partner.
    let last = &mut rest[(batch - 2 * middle) * one..];
    for (a, b) in first.chunks_exact_mut(one).zip(last.chunks_exact_mut(one).rev()) {
        match plan {
            MixPlan::Blend(kept) => blend(a, b, kept as f32),
            MixPlan::Paste(region) => swap(a, b, region, side),
        }
    }
    match plan {
        MixPlan::Blend(kept) => kept,
        MixPlan::Paste(region) => 1.0 - region.area() as f64 / (side * side) as f64,
    }
}

fn blend(a: &mut [f32], b: &mut [f32], kept: f32) {
    for (a, b) in a.iter_mut().zip(b) {
        let (x, y) = (*a, *b);
        *a = kept * x + (1.0 - kept) * y;
        *b = kept * y + (1.0 - kept) * x;
    }
}

fn swap(a: &mut [f32], b: &mut [f32], region: Region, side: usize) {
    for row in (0..3).flat_map(|c| (region.y.0..region.y.1).map(move |y| (c * side + y) * side)) {
        let columns = row + region.x.0..row + region.x.1;
        a[columns.clone()].swap_with_slice(&mut b[columns]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(mixup: f64, cutmix: f64, probability: f64, switch: f64) -> Mix {
        Mix { mixup, cutmix, probability, switch }
    }

    /// Blends, boxes and batches left alone, of 20 000.
    fn counts(rule: &Mix) -> (usize, usize, usize) {
        let (mut blends, mut pastes, mut none) = (0, 0, 0);
        for step in 0..20_000 {
            match draw(rule, 32, &mut Rng::new(1, Stream::Mix, 0, step)) {
                Some(MixPlan::Blend(kept)) => {
                    assert!((0.0..=1.0).contains(&kept));
                    blends += 1;
                }
                Some(MixPlan::Paste(region)) => {
                    assert!(region.x.0 <= region.x.1 && region.x.1 <= 32);
                    assert!(region.y.0 <= region.y.1 && region.y.1 <= 32);
                    pastes += 1;
                }
                None => none += 1,
            }
        }
        (blends, pastes, none)
    }

    #[test]
    fn batches_are_mixed_as_often_as_declared() {
        let near = |count: usize, share: f64| (count as f64 / 20_000.0 - share).abs() < 0.015;
        let (blends, pastes, none) = counts(&rule(0.8, 1.0, 0.9, 0.3));
        assert!(near(blends, 0.63) && near(pastes, 0.27) && near(none, 0.1));
        assert_eq!(counts(&rule(0.8, 0.0, 1.0, 0.9)), (20_000, 0, 0));
        assert_eq!(counts(&rule(0.0, 1.0, 1.0, 0.1)), (0, 20_000, 0));
        assert_eq!(counts(&rule(0.0, 0.0, 1.0, 0.5)), (0, 0, 20_000));
    }

    #[test]
    fn the_middle_of_an_odd_batch_stays_as_it_is() {
        let images: Vec<f32> = (0..3 * 12).map(|i| i as f32).collect();
        let mut mixed = images.clone();
        assert_eq!(apply(MixPlan::Blend(0.75), &mut mixed, 3, 2), 0.75);
        assert_eq!(mixed[12..24], images[12..24]);
        assert_eq!(mixed[0], 0.75 * images[0] + 0.25 * images[24]);
        assert_eq!(mixed[24], 0.75 * images[24] + 0.25 * images[0]);
    }

    #[test]
    fn a_step_is_mixed_the_same_way_each_time() {
        let rule = rule(0.8, 1.0, 1.0, 0.5);
        let images: Vec<f32> = (0..4 * 3 * 64).map(|i| i as f32).collect();
        let run = |step| {
            let mut images = images.clone();
            (mix(&mut images, 4, &rule, 1, 2, step), images)
        };
        assert_eq!(run(5), run(5));
        assert_ne!(run(5), run(6));
    }
}
