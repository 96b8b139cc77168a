//! The order in which an emulated GPU works.

/// The order in which blocks, and the threads of a block, run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Order {
    /// That of their numbers.
    Forwards,
    /// The last first.
    Backwards,
}
