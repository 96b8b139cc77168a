//! `layout`: how the files of a data set lie on disk, one file per layout.

mod choose;
mod deepfakebench;
mod demo;
mod folder;
mod released;
mod table;

pub use choose::Layout;
pub(super) use choose::{LAYOUT, released_as};
pub use deepfakebench::BenchLayout;
pub(super) use demo::demo_family;
pub use demo::{DemoCapture, DemoLayout};
pub use folder::{FolderClass, FolderLayout};
pub use released::{Cloned, Domain, Identities, Mixed, Released, ReleasedLayout, Validation};
pub use table::TableLayout;
