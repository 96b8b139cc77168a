//! Weights from a file: safetensors or what `torch.save` wrote, in timm's and FSFM's key names.
//!
//! Nothing from the file is executed: a pickle is read as data.

mod archive;
mod choose;
mod error;
mod expected;
mod file;
mod fill;
mod legacy;
mod missing;
mod pickle;
mod report;
mod source;
mod tensors;
mod unlike;

pub use choose::{Undecided, Wanted, choose};
pub use error::WeightsError;
pub use error::shortened;
pub use expected::Expected;
pub use file::{Entry, WeightsFile};
pub use fill::{check, load, matches};
pub use report::LoadReport;
