//! The shape of a KDL file: its top-level nodes, found even between mistakes.
//!
//! The KDL parser answers one mistake with several errors and no partial result, and
//! recurses once per stray character. This pass goes first: it words the common
//! mistakes, bounds the nesting, and hands on only nodes of a sound shape, each by
//! itself, so that a mistake in one declaration hides no other. What `/-` switches off
//! it finds as well: the parser's time doubles with each `/-` inside another, and it
//! does not know `;` after a node that is switched off.

mod chunk;
mod chunks;
mod scan;

pub(crate) use chunk::{Chunk, TOP_LEVEL};
pub(crate) use chunks::chunks;
#[cfg(test)]
pub(crate) use chunks::lexed;
