//! Why a JPEG file gives no image.

/// Why a JPEG file gives no image.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JpegError {
    /// The file ends before its image does.
    #[error("the JPEG file is cut off: it ends {0}")]
    CutOff(String),
    /// What the file says cannot be.
    #[error("the JPEG file is damaged: {0}")]
    Damaged(String),
    /// A form of JPEG that is not read.
    #[error("the JPEG file is {0}; save it as an ordinary JPEG or a PNG")]
    Unsupported(String),
    /// More memory than an image may take.
    #[error(
        "the JPEG file has {width} x {height} pixels, which would take {needed} MiB; {most} are \
         the most"
    )]
    TooLarge {
        /// In pixels.
        width: usize,
        /// In pixels.
        height: usize,
        /// Memory for decoding, in MiB.
        needed: u64,
        /// How much may be taken, in MiB.
        most: u64,
    },
}

impl JpegError {
    /// A file that is damaged.
    pub(super) fn damaged(why: impl Into<String>) -> Self {
        Self::Damaged(why.into())
    }
}
