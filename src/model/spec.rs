//! What parameters are, apart from their values.

/// What a parameter is, apart from its values.
#[derive(Clone, Debug, PartialEq)]
pub struct ParamSpec {
    /// Name as timm spells it, e.g. `blocks.0.attn.qkv.weight`.
    pub name: String,
    /// Shape.
    pub shape: Vec<usize>,
    /// How it begins when no file gives it.
    pub begin: Begin,
}

impl ParamSpec {
    /// Number of scalars.
    pub fn count(&self) -> usize {
        self.shape.iter().product()
    }

    /// Whether gradients move it.
    pub fn trained(&self) -> bool {
        !matches!(self.begin, Begin::Statistic(_))
    }
}

/// The parameters and statistics of a batch norm of this name, in PyTorch's names, each a vector.
pub(crate) fn batch_norm(name: &str) -> [(String, Begin); 4] {
    [
        ("weight", Begin::Constant(1.0)),
        ("bias", Begin::Constant(0.0)),
        ("running_mean", Begin::Statistic(0.0)),
        ("running_var", Begin::Statistic(1.0)),
    ]
    .map(|(part, begin)| (format!("{name}.{part}"), begin))
}

/// How a parameter begins.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Begin {
    /// A matrix: the declared random scheme. A convolution counts as a matrix of
    /// shape (out, everything else).
    Matrix,
    /// A token or position table: truncated normal, standard deviation 0.02.
    Token,
    /// The classifier: truncated normal, standard deviation 2e-5 (recipe 2.1), so
    /// that logits begin near zero and cross-entropy at ln C.
    Head,
    /// A constant.
    Constant(f32),
    /// What batch norm counts, beginning at a constant: it is not trained.
    Statistic(f32),
}
