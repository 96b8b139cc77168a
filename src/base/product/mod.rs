//! Matrix products whose bits are the same on every machine, in f32.
//!
//! An element of a product is a sum along k in one order, whatever the width of registers, the
//! number of threads and the caches: k is cut into blocks of at most [`DEPTH`] whose lengths differ by
//! one at most, as [`parts`] has them; a block's sum begins at 0 and takes one fused multiply-add for each k, in order; the blocks' sums are added to the element in
//! order, each times the scale, by a fused multiply-add. Lanes of a register hold different elements,
//! never different k.

mod mat;
mod pack;
mod register;
mod run;
mod tile;

pub use mat::{Mat, Out, Threads};
pub use pack::parts;
pub use run::{product, product_of};
pub use tile::DEPTH;

#[cfg(test)]
mod tests;
