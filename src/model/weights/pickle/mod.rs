//! Pickles as plain data: nothing that a pickle names is imported, called or run.
//!
//! Objects lie in one list and refer to each other by index, so that nesting, sharing
//! and cycles cost nothing: time and memory are bounded by the length of the pickle.

mod machine;
mod object;
mod read;

pub(super) use object::{Id, Object};
pub(super) use read::{LIMIT, Pickle};
