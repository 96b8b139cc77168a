//! The content-addressed store: a result appears whole or not at all, under a key
//! that says what it was made from.
//!
//! ```text
//! .proofmark/store.json          format number
//! .proofmark/objects/train/KEY/  one folder per result, with its stage.json
//! .proofmark/work/train-KEY/     a result in the making; training resumes from here
//! .proofmark/work/train-KEY~2/   the same, taken over from a process that may come back
//! .proofmark/locks/train-KEY     locked while a process makes that result
//! .proofmark/locks/train-KEY.claims/whole.2  who makes it, with a heartbeat
//! .proofmark/last/NAME.json      inputs of the last result of that name, for `plan`
//! .proofmark/digests.json        digests of data files by size and time; in digests/ what was found since
//! .proofmark/aside/train-KEY.1/  what stood in the place of a result, or was none
//! ```

mod aside;
mod claims;
mod clock;
mod digests;
mod draft;
mod failure;
mod hold;
mod identity;
mod inventory;
mod page;
mod record;
mod results;
mod size;
mod write;

pub use aside::set_aside;
pub use draft::Draft;
pub use failure::{StoreFailure, cure};
pub use identity::Holder;
pub use inventory::{Held, Quiet};
pub use record::{StageRecord, contents};
pub use results::{Claim, Exclusive, Store};
pub use size::measured;
pub use write::{readable_temporary, write_whole};
