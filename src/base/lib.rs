//! What every room shares: random numbers, loops in wide registers, progress and failure, the store,
//! and how files of others are read.

pub mod foreign;
pub mod guard;
pub mod provenance;
pub mod rng;
pub mod seal;
pub mod store;
pub mod tar_members;
pub mod wide;
pub mod work;
