//! A group of processes with an NVIDIA GPU each, which NCCL connects.
//!
//! Messages are in the memory of the host, and NCCL sends what is in that of a GPU: each message is copied to
//! the GPU, sent to the other one, and copied from there to the host. Where gradients are on the GPU they
//! pass the host on both sides.
//!
//! The communicator does not block: NCCL's functions return at once, and their end is asked for again and
//! again, so that a rank that is gone costs the patience of the others and no more.
//!
//! NCCL and the driver are loaded when they are asked for, so that the same program starts without them.

mod library;
mod link;
mod ranks;
mod said;

pub use link::Id;
pub use ranks::{Nccl, unique_id, version};

#[cfg(test)]
mod tests;
