//! Self-blended images (Shiohara and Yamasaki 2022): a face blended into itself, with
//! seams and colours as a swap would leave them. Each step is a function of its numbers;
//! [`pair`] draws them and has the order.

mod crop;
mod deform;
mod field;
mod hull;
mod mask;
mod pair;
mod part;
mod soften;
mod texture;

pub use crop::{around_box, around_points};
pub use deform::{Affine, elastic};
pub use field::Field;
pub use hull::{Outline, hull};
pub use mask::Mask;
pub use pair::{Pair, PseudoSet, Use, pair};
pub use soften::{Share, Softening, blend, soften};
pub use texture::{coarsen, sharpen};
