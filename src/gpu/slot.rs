//! A place on a GPU to which data are sent beside its work, again and again.

use std::sync::Arc;

use super::error::Result;
use super::gpu::Gpu;
use super::kind::Kind;
use super::lane::Lane;
use super::memory::{Buffer, Slice};

/// Memory of a GPU, and the way to it.
#[derive(Debug)]
pub struct Slot {
    // First: what is under way has arrived when it is dropped.
    lane: Box<dyn Lane>,
    buffer: Buffer,
}

impl Slot {
    /// Without room yet.
    ///
    /// # Errors
    /// Those of the driver.
    pub fn new(gpu: &Arc<dyn Gpu>) -> Result<Self> {
        Ok(Self { lane: gpu.lane()?, buffer: Buffer::empty(gpu, Kind::Byte) })
    }

    /// Begins to send so many bytes, which `fill` writes, when they were released that were sent before. Waits for
    /// nothing but those to have arrived.
    ///
    /// # Errors
    /// There is not so much memory, and those of the driver.
    pub fn send(&mut self, bytes: usize, fill: impl FnOnce(&mut [u8])) -> Result<()> {
        let room = self.lane.room(bytes)?;
        fill(&mut room[..bytes]);
        // Nothing is under way to it.
        self.buffer.fit(bytes)?;
        let to = self.buffer.first(bytes).address;
        // SAFETY: so many bytes are there on both sides; who has a slice of it borrows this.
        unsafe { self.lane.send(to, bytes) }
    }

    /// Has all that is asked of the GPU from now on wait for the bytes.
    ///
    /// # Errors
    /// Those of the driver.
    pub fn receive(&mut self) -> Result<()> {
        self.lane.receive()
    }

    /// Says that nothing reads the bytes that is asked of the GPU from now on.
    ///
    /// # Errors
    /// Those of the driver.
    pub fn release(&mut self) -> Result<()> {
        self.lane.release()
    }

    /// The first bytes.
    pub fn first(&self, bytes: usize) -> Slice<'_> {
        self.buffer.first(bytes)
    }
}
