//! Processes that train one model together: what they tell each other, and sums that do not depend
//! on how many they are.

pub mod alone;
pub mod group;
#[cfg(feature = "nccl")]
pub mod nccl;
pub mod reduce;
pub mod rendezvous;
pub mod threads;
pub mod tree;
