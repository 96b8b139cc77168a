//! Why weights cannot be loaded, and what to do about it.

use std::io;
use std::path::{Path, PathBuf};

/// Why weights could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum WeightsError {
    /// The file cannot be read.
    #[error("cannot read the weights {}: {why}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        why: String,
    },
    /// A `.pth` file that is damaged, or of a kind that is not read.
    #[error("cannot read the weights {}: {why}{}", path.display(), conversion(path))]
    Broken {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// A pickle that is not in a zip archive.
    #[error(
        "{} is a legacy PyTorch file (a bare pickle), which Proofmark does not read{}",
        path.display(), conversion(path)
    )]
    Legacy {
        /// The file.
        path: PathBuf,
    },
    /// Objects of classes that only a Python program has.
    #[error(
        "{} holds what only Python's `{class}` can make, and no tensors by name; Proofmark runs \
         nothing from a file{}",
        path.display(), conversion(path)
    )]
    Foreign {
        /// The file.
        path: PathBuf,
        /// Full name of the class.
        class: String,
    },
    /// Neither format.
    #[error(
        "{} is neither safetensors nor a zip `.pth` file; its first bytes are {start:02x?}",
        path.display()
    )]
    UnknownFormat {
        /// The file.
        path: PathBuf,
        /// Its first bytes.
        start: Vec<u8>,
    },
    /// A `.pth` file without tensors where they are looked for.
    #[error(
        "{} holds no tensors at its top level or under `model`, `state_dict` or \
         `model_state_dict`",
        path.display()
    )]
    NoTensors {
        /// The file.
        path: PathBuf,
    },
    /// A tensor of another shape.
    #[error(
        "{}: tensor `{name}` has shape {found:?}, but the declared backbone needs {needed:?}; \
         do patch, width, depth and heads match the file?",
        path.display()
    )]
    Shape {
        /// The file.
        path: PathBuf,
        /// The tensor.
        name: String,
        /// Its shape in the file.
        found: Vec<usize>,
        /// The shape of the model.
        needed: Vec<usize>,
    },
    /// Values that are not numbers.
    #[error("{}: tensor `{name}` contains NaN or infinite values", path.display())]
    NotFinite {
        /// The file.
        path: PathBuf,
        /// The tensor.
        name: String,
    },
    /// Parameters that the file should have.
    #[error(
        "{} lacks {} of the model's tensors that `missing` does not allow: {}; does the \
         declared backbone match the file?",
        path.display(), names.len(), shortened(names)
    )]
    Missing {
        /// The file.
        path: PathBuf,
        /// The parameters.
        names: Vec<String>,
    },
    /// A failure inside candle.
    #[error(transparent)]
    Candle(#[from] candle_core::Error),
}

impl WeightsError {
    /// A failed read of `path`.
    pub(super) fn read(path: &Path, error: &io::Error) -> Self {
        Self::Read { path: path.to_owned(), why: error.to_string() }
    }
}

/// The first few names and how many more.
pub(crate) fn shortened(names: &[String]) -> String {
    let shown = names.iter().take(6).cloned().collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(6) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// How to turn a file that PyTorch reads into one that we do.
fn conversion(path: &Path) -> String {
    let new = path.with_extension("safetensors");
    format!(
        "\nif PyTorch reads it and you trust it, convert it (torch.load runs code from the file):
    import torch, safetensors.torch
    s = torch.load({:?}, map_location=\"cpu\", weights_only=False)
    s = s.state_dict() if hasattr(s, \"state_dict\") else s.get(\"model\", s)
    s = {{k: v.contiguous() for k, v in s.items() if torch.is_tensor(v)}}
    safetensors.torch.save_file(s, {:?})",
        path.display().to_string(),
        new.display().to_string()
    )
}
