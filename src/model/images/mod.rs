//! Images as a network is given them: normalised, or as bytes that a GPU normalises, where they may be before a pass
//! begins.

mod bytes;
mod room;
mod upload;
mod view;

pub use bytes::{Affine, ByteImages};
pub use room::Room;
pub use upload::{Upload, Uploaded, Uploads};
pub use view::Images;

#[cfg(test)]
mod tests;
