//! The lists of operations that have a name.

use super::definition::{Operation, Value};
use super::{CROP, ERASE, FLIP, RANDAUGMENT};

/// FSFM's whole recipe (paper section 4.3; recipe 3): random resized crop, horizontal flip, RandAugment and
/// random erasing. `interpolation` is a word, how pixels between pixels are looked up.
pub fn fsfm(interpolation: &'static str) -> Vec<Operation> {
    let interpolation = ("interpolation", Value::Word(interpolation));
    vec![
        CROP.but(&[interpolation]),
        FLIP.but(&[]),
        RANDAUGMENT.but(&[interpolation]),
        ERASE.but(&[]),
    ]
}

/// Random resized crop of at least half of the face, and horizontal flip.
pub fn flip_crop() -> Vec<Operation> {
    vec![CROP.but(&[("smallest", Value::Number(0.5))]), FLIP.but(&[])]
}
