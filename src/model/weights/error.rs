//! Why weights cannot be loaded, and what to do about it.

use std::io;
use std::path::{Path, PathBuf};

use proofmark_base::work::Failure;

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
    /// A zip archive of something else.
    #[error(
        "{} is a zip archive that torch.save did not write: it has no `data.pkl`",
        path.display()
    )]
    NotTorch {
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
    /// No format that is read.
    #[error("{} holds no weights: {why}", path.display())]
    UnknownFormat {
        /// The file.
        path: PathBuf,
        /// What it is instead.
        why: String,
    },
    /// A `.pth` file without a tensor in any of its dictionaries.
    #[error("{} holds no tensors, in none of its dictionaries", path.display())]
    NoTensors {
        /// The file.
        path: PathBuf,
    },
    /// A declared key under which no weights are.
    #[error(
        "{} has no tensors of the declared backbone under `key={key}`; it has some under {}",
        path.display(), has.join(", ")
    )]
    Key {
        /// The file.
        path: PathBuf,
        /// The key.
        key: String,
        /// Keys under which there are some.
        has: Vec<String>,
    },
    /// Weights of several networks of the same form.
    #[error(
        "{} holds weights of several networks that fit: {}; say which with `weights .. key=..`",
        path.display(), has.join(", ")
    )]
    Several {
        /// The file.
        path: PathBuf,
        /// What stands before their names.
        has: Vec<String>,
    },
    /// Weights of a network that computes something else than the declared one.
    #[error(
        "the network of {} is not the declared one: {why}; it has {}",
        path.display(), shortened(names)
    )]
    Unlike {
        /// The file.
        path: PathBuf,
        /// What is different.
        why: String,
        /// The tensors that say so.
        names: Vec<String>,
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
    /// A tensor of whole numbers, or of a type that is too coarse.
    #[error(
        "{}: the elements of tensor `{name}` are `{elements}`; weights are f32, f16, bf16 or f64, \
         and a quantised file has to be converted to one of them by what quantised it",
        path.display()
    )]
    Elements {
        /// The file.
        path: PathBuf,
        /// The tensor.
        name: String,
        /// Type of its elements as the file calls it.
        elements: String,
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
        "{} lacks {} of the model's tensors{}:\n  {}\nits tensors are {}; does the declared \
         backbone match the file?",
        path.display(),
        names.len(),
        if *whole { ", all of which are needed where nothing is trained" }
        else { " that `missing` does not allow" },
        lines.join("\n  "),
        shortened(has)
    )]
    Missing {
        /// The file.
        path: PathBuf,
        /// The parameters.
        names: Vec<String>,
        /// The first of them, each with the tensor of the file that comes nearest.
        lines: Vec<String>,
        /// The names in the file.
        has: Vec<String>,
        /// Whether all are needed.
        whole: bool,
    },
    /// A failure inside candle.
    #[error(transparent)]
    Candle(#[from] candle_core::Error),
}

impl WeightsError {
    /// A file that begins with none of the formats that are read.
    pub(super) fn unknown(path: &Path, start: &[u8]) -> Self {
        let text = String::from_utf8_lossy(start);
        let text = text.trim_start().to_lowercase();
        let why = if start.is_empty() {
            "it is empty".to_owned()
        } else if text.starts_with("version https://git-lfs") {
            "it is a pointer of Git LFS, which stands in a repository for the file itself; \
             `git lfs pull` brings that, or download it from the repository's page"
                .to_owned()
        } else if text.starts_with("<!doctype") || text.starts_with("<html") {
            "it is a web page, as a download gives in place of a file that needs a login or a \
             confirmation"
                .to_owned()
        } else if text.starts_with('{') {
            "it is JSON, as an index of weights in several files is, which is not read".to_owned()
        } else if start.starts_with(&[0x80]) {
            "it is a pickle that torch.save did not write".to_owned()
        } else if start.starts_with(&[0x1f, 0x8b]) || start.get(257..262) == Some(b"ustar") {
            "it is an archive (tar or gzip); unpack it".to_owned()
        } else if start.starts_with(b"\x89HDF") {
            "it is HDF5, as Keras writes it".to_owned()
        } else {
            let shown = &start[..start.len().min(10)];
            format!(
                "it is neither safetensors nor what torch.save writes; its first bytes are \
                 {shown:02x?}"
            )
        };
        Self::UnknownFormat { path: path.to_owned(), why }
    }

    /// A failed read of `path`.
    pub(super) fn read(path: &Path, error: &io::Error) -> Self {
        Self::Read { path: path.to_owned(), why: error.to_string() }
    }
}

/// The first few names and how many more.
pub fn shortened(names: &[String]) -> String {
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

impl From<WeightsError> for Failure {
    fn from(error: WeightsError) -> Self {
        Self::Weights(Box::new(error))
    }
}
