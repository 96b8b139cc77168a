//! Proofmark.
fn main() {}
