//! Images as a network on a GPU reads them, however they were given.

use std::sync::Arc;

use super::bytes::ByteImages;
use super::view::Images;
use proofmark_gpu::error::{GpuError, Result};
use proofmark_gpu::gpu::Gpu;
use proofmark_gpu::kernels::ends::patches;
use proofmark_gpu::kernels::pixels::Pixels;
use proofmark_gpu::kind::Kind;
use proofmark_gpu::memory::{Buffer, Slice};

/// Memory of a GPU for the images of one pass.
#[derive(Debug)]
pub struct Room {
    gpu: Arc<dyn Gpu>,
    planes: Buffer,
    bytes: Buffer,
}

impl Room {
    /// Without room yet.
    pub fn new(gpu: &Arc<dyn Gpu>) -> Self {
        let [planes, bytes] = [Kind::F32, Kind::Byte].map(|kind| Buffer::empty(gpu, kind));
        Self { gpu: Arc::clone(gpu), planes, bytes }
    }

    /// How many images of this side are given.
    ///
    /// # Errors
    /// They are none of this side.
    pub fn count(images: &Images<'_>, side: usize) -> Result<usize> {
        let one = 3 * side * side;
        let (values, count) = match images {
            Images::Normalised(planes) => (planes.len(), planes.len() / one),
            Images::Bytes(images, rows) => {
                (rows.len() * images.rgb().len() / images.count().max(1), rows.len())
            }
            Images::Uploaded(images, rows) => {
                (rows.len() * 3 * images.pixels().side.pow(2), rows.len())
            }
        };
        if count == 0 || values != count * one {
            let why = format!("{values} values are not images of {one}");
            return Err(GpuError::new("embed", why));
        }
        Ok(count)
    }

    /// Every patch of images as a row of `out` (B G G, 3 P P). What is not there yet is brought there in the order
    /// of the GPU's work.
    ///
    /// # Errors
    /// Those of the GPU.
    pub fn patches(
        &mut self,
        images: &Images<'_>,
        side: usize,
        patch: usize,
        out: Slice<'_>,
    ) -> Result<()> {
        let gpu = &*self.gpu;
        match images {
            Images::Normalised(given) => {
                patches(gpu, planes(gpu, &mut self.planes, given)?, out, side, patch)
            }
            Images::Bytes(images, rows) => {
                pixels(gpu, &mut self.bytes, images)?.patches(gpu, rows.clone(), patch, out)
            }
            Images::Uploaded(images, rows) => {
                images.pixels().patches(gpu, rows.clone(), patch, out)
            }
        }
    }

    /// Images as planes (B, 3, S, S) in f32, for networks that read those.
    ///
    /// # Errors
    /// Those of the GPU.
    pub fn planes(&mut self, images: &Images<'_>, side: usize) -> Result<Slice<'_>> {
        let (gpu, len) = (&*self.gpu, 3 * side * side * Self::count(images, side)?);
        let (pixels, rows) = match images {
            Images::Normalised(given) => return planes(gpu, &mut self.planes, given),
            Images::Bytes(images, rows) => (pixels(gpu, &mut self.bytes, images)?, rows),
            Images::Uploaded(images, rows) => (images.pixels(), rows),
        };
        self.planes.fit(len)?;
        pixels.planes(gpu, rows.clone(), self.planes.first(len))?;
        Ok(self.planes.first(len))
    }
}

/// Copies planes to the GPU.
fn planes<'a>(gpu: &dyn Gpu, to: &'a mut Buffer, planes: &[f32]) -> Result<Slice<'a>> {
    to.fit(planes.len())?;
    let place = to.first(planes.len());
    place.set(gpu, planes)?;
    Ok(place)
}

/// Copies bytes to the GPU.
fn pixels<'a>(gpu: &dyn Gpu, to: &'a mut Buffer, images: &ByteImages) -> Result<Pixels<'a>> {
    let layout = images.layout();
    to.fit(layout.len())?;
    let place = to.first(layout.len());
    let mut rest = vec![0; layout.len() - layout.rest()];
    images.write_rest(&layout, &mut rest);
    place.part(0..images.rgb().len()).set_bytes(gpu, images.rgb())?;
    place.part(layout.rest()..layout.len()).set_bytes(gpu, &rest)?;
    Ok(layout.pixels(place))
}
