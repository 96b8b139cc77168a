//! Text to a typed, checked experiment.

mod check;
mod cursor;
pub mod diagnostic;
mod elsewhere;
pub mod explain;
pub mod format;
mod lex;
pub mod limits;
mod lint;
pub mod load;
pub mod model;
pub mod node;
mod nodes;
mod overrides;
mod reference;
pub mod render;
mod resolve;
mod schema;
pub mod source;
pub mod span;
mod suggest;
mod synonyms;
mod syntax;
mod tree;
mod value;
pub mod vocabulary;
mod words;

pub use diagnostic::{Code, Diagnostic, Label, Severity};
pub use explain::{Explanation, explain};
pub use format::format;
pub use load::{Loaded, check_fragment, load};
pub use reference::reference;
pub use source::{DiskFiles, Files, MemoryFiles, Place, Sources, normalized};
pub use suggest::near;
