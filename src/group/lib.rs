//! Processes that train one model together: what they tell each other, and sums that do not depend
//! on how many they are.

pub mod alone;
pub mod begin;
pub mod cards;
pub mod group;
pub mod launch;
#[cfg(feature = "mpi")]
mod mpi;
#[cfg(feature = "nccl")]
pub mod nccl;
pub mod reduce;
pub mod round;
pub mod threads;
pub mod tree;
