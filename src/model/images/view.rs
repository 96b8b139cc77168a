//! Images as a trunk is given them.

use std::borrow::Cow;
use std::ops::Range;

use candle_core::{Result, bail};

use super::bytes::ByteImages;
use super::upload::Uploaded;

/// Some images.
#[derive(Clone, Debug)]
pub enum Images<'a> {
    /// Normalised planes (B, 3, S, S), row-major.
    Normalised(&'a [f32]),
    /// Some of those that are bytes, on the CPU.
    Bytes(&'a ByteImages, Range<usize>),
    /// Some of those on the GPU that the network is on.
    Uploaded(&'a Uploaded, Range<usize>),
}

impl<'a> From<&'a [f32]> for Images<'a> {
    fn from(planes: &'a [f32]) -> Self {
        Self::Normalised(planes)
    }
}

impl<'a> From<&'a Vec<f32>> for Images<'a> {
    fn from(planes: &'a Vec<f32>) -> Self {
        Self::Normalised(planes)
    }
}

impl<'a> From<&'a ByteImages> for Images<'a> {
    fn from(images: &'a ByteImages) -> Self {
        Self::Bytes(images, 0..images.count())
    }
}

impl<'a> From<&'a Uploaded> for Images<'a> {
    fn from(images: &'a Uploaded) -> Self {
        Self::Uploaded(images, 0..images.count())
    }
}

impl<'a> Images<'a> {
    /// Some of these, which are `of` images.
    #[must_use]
    pub fn part(&self, rows: Range<usize>, of: usize) -> Self {
        let within = |all: &Range<usize>| {
            assert!(rows.end <= all.len(), "images {rows:?} of {}", all.len());
            all.start + rows.start..all.start + rows.end
        };
        match self {
            Self::Normalised(planes) => {
                let one = planes.len() / of.max(1);
                Self::Normalised(&planes[rows.start * one..rows.end * one])
            }
            Self::Bytes(images, all) => Self::Bytes(images, within(all)),
            Self::Uploaded(images, all) => Self::Uploaded(images, within(all)),
        }
    }

    /// Normalised planes on the CPU (B, 3, S, S).
    ///
    /// # Errors
    /// They are on a GPU.
    pub fn planes(&self) -> Result<Cow<'a, [f32]>> {
        match self {
            Self::Normalised(planes) => Ok(Cow::Borrowed(planes)),
            Self::Bytes(images, rows) => Ok(Cow::Owned(images.planes(rows.clone()))),
            Self::Uploaded(..) => bail!("the images of a network on the CPU were sent to a GPU"),
        }
    }
}
