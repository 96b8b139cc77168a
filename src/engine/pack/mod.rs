//! Packs: one archive with everything that tables are rebuilt from, without data, weights, GPU
//! or training.
//!
//! A pack is a tar archive compressed with Zstandard:
//!
//! | path | what |
//! |---|---|
//! | `pack.json` | the format, the version of Proofmark, the experiment file, and size and BLAKE3 digest of every other file |
//! | `lock.json` | every stage of the plan with its key and all that the key was computed from |
//! | `findings.json` | coverage, models, digests of data and manifests, statistics |
//! | `project/` | the experiment file, its imports and the published numbers it refers to |
//! | `predictions/KEY.parquet` | the scores |
//! | `tables/` | the tables as they were |

mod card;
mod differences;
mod read;
mod replay;
mod write;

pub use differences::differences;
pub use read::{Pack, is_pack};
pub use replay::{Rebuilt, Replayed, rebuild};
pub use write::write;
