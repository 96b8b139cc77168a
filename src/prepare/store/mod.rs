//! The face store: Arrow IPC files of faces, written by several processes, read in place.

mod error;
mod face;
mod journal;
mod part;
pub mod pixels;
mod reader;
mod recover;
mod writer;

pub use error::FaceStoreError;
pub use face::{Face, FoundFace};
pub use journal::{Look, PreparedVideo, Status, remove_journals};
pub use part::Share;
pub use reader::FaceFile;
pub use recover::{Recovered, recover};
pub use writer::FaceWriter;
