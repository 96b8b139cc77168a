//! Images on their way to a GPU while it computes, and there.

use std::sync::{Arc, Mutex, PoisonError};

use super::bytes::{ByteImages, Layout};
use proofmark_gpu::error::Result;
use proofmark_gpu::gpu::Gpu;
use proofmark_gpu::kernels::pixels::Pixels;
use proofmark_gpu::slot::Slot;

/// Places on a GPU for batches of images, which are used in turn.
#[derive(Debug)]
pub struct Uploads {
    gpu: Arc<dyn Gpu>,
    spare: Mutex<Vec<Slot>>,
}

/// Images on their way.
#[derive(Debug)]
pub struct Upload(Uploaded);

/// Images that are there, for all work that is asked for after.
#[derive(Debug)]
pub struct Uploaded {
    slot: Slot,
    layout: Layout,
    count: usize,
}

impl Uploads {
    /// None yet.
    pub fn new(gpu: &Arc<dyn Gpu>) -> Self {
        Self { gpu: Arc::clone(gpu), spare: Mutex::default() }
    }

    /// Begins to send images, beside what the GPU does.
    ///
    /// # Errors
    /// There is not so much memory, and those of the driver.
    pub fn begin(&self, images: &ByteImages) -> Result<Upload> {
        let spare = self.spare().pop();
        let mut slot = spare.map_or_else(|| Slot::new(&self.gpu), Ok)?;
        let layout = images.layout();
        slot.send(layout.len(), |to| {
            let (rgb, rest) = to.split_at_mut(layout.rest());
            rgb[..images.rgb().len()].copy_from_slice(images.rgb());
            images.write_rest(&layout, rest);
        })?;
        Ok(Upload(Uploaded { slot, layout, count: images.count() }))
    }

    /// Takes back the place of images that nothing reads which is asked for from now on.
    ///
    /// # Errors
    /// Those of the driver.
    pub fn end(&self, mut images: Uploaded) -> Result<()> {
        images.slot.release()?;
        self.spare().push(images.slot);
        Ok(())
    }

    fn spare(&self) -> std::sync::MutexGuard<'_, Vec<Slot>> {
        self.spare.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Upload {
    /// Has all that is asked of the GPU from now on wait for the images.
    ///
    /// # Errors
    /// Those of the driver.
    pub fn arrive(mut self) -> Result<Uploaded> {
        self.0.slot.receive()?;
        Ok(self.0)
    }
}

impl Uploaded {
    /// How many there are.
    pub fn count(&self) -> usize {
        self.count
    }

    /// They, as kernels read them.
    pub(super) fn pixels(&self) -> Pixels<'_> {
        self.layout.pixels(self.slot.first(self.layout.len()))
    }
}
