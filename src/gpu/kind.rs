//! What numbers are kept as.

/// What numbers are kept as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// 32-bit floating point.
    F32,
    /// The upper half of that.
    Bf16,
    /// 64-bit floating point.
    F64,
    /// Bytes, whatever they mean.
    Byte,
}

impl Kind {
    /// Bytes of a number.
    pub fn size(self) -> usize {
        match self {
            Self::F32 => 4,
            Self::Bf16 => 2,
            Self::F64 => 8,
            Self::Byte => 1,
        }
    }
}
