//! Bounds of what all networks have.

use std::ops::RangeInclusive;

use proofmark_base::foreign::within;
use proofmark_lang::limits::IMAGE;

/// Most classes.
const CLASSES: RangeInclusive<u64> = 2..=100_000;

/// What is wrong with the parts that all networks have.
pub(super) fn check_ends(image: usize, classes: usize, drop_path: f64) -> Result<(), String> {
    within("image", image, &IMAGE)?;
    within("number of classes", classes, &CLASSES)?;
    match (0.0..1.0).contains(&drop_path) {
        true => Ok(()),
        false => Err(format!("a drop-path rate of {drop_path} is not in 0 to 1")),
    }
}
