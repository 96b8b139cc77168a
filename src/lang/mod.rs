//! Text to a typed, checked experiment.

mod available;
mod check;
mod cursor;
mod decode;
pub mod diagnostic;
pub mod format;
mod lex;
mod lint;
pub mod load;
pub mod model;
mod overrides;
pub mod render;
mod resolve;
mod schema;
pub mod source;
pub mod span;
mod suggest;
mod syntax;
mod tree;
mod value;
pub mod vocabulary;
mod words;

pub use available::unavailable;
pub use diagnostic::{Code, Diagnostic, Label, Severity};
pub use format::format;
pub use load::{Loaded, load};
pub use source::{DiskFiles, Files, MemoryFiles, Place, Sources};
