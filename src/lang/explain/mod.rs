//! What each code means, with a wrong and a right example.

mod all;
mod explanation;
mod files;
mod meaning;
mod shape;
mod values;

pub use all::explain;
pub use explanation::Explanation;
