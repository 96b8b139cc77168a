//! Weights from a model hub: `hf://OWNER/REPO/PATH`, kept in the cache of Python's
//! huggingface_hub, whose variables (`HF_HOME`, `HF_ENDPOINT` and so on) hold here too.

mod cache;
mod client;
mod download;
mod error;
mod fetch;
mod file;
mod settings;
mod wire;

pub use error::HubError;
pub use file::HubFile;
