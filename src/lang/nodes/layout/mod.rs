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
pub use demo::{DemoCapture, DemoLayout};
pub(super) use demo::{check_demo, demo_family, demo_of};
pub use folder::{FolderClass, FolderLayout};
pub use released::{Cloned, Domain, Identities, Mixed, Released, ReleasedLayout, Validation};
pub use table::TableLayout;
