//! A GPU of the driver's: its context, the stream on which all of its work is done in order, and that beside it.

use cudarc::driver::result::{self, DriverError};
use cudarc::driver::sys::{CUcontext, CUdevice, CUdevice_attribute, CUstream};

use super::said::{driver, size};
use crate::error::Result;

/// A GPU's context and streams.
#[derive(Debug)]
pub struct Context {
    device: CUdevice,
    context: CUcontext,
    stream: CUstream,
    aside: CUstream,
}

// SAFETY: the driver lets any thread use a context and a stream; both are only handed to it.
unsafe impl Send for Context {}
// SAFETY: as above, and several at the same time.
unsafe impl Sync for Context {}

impl Context {
    /// That of a GPU, as the driver counts them. The driver is there and has begun.
    pub fn new(number: i32) -> Result<Self> {
        let failed = || driver("be used");
        let device = result::device::get(number).map_err(failed())?;
        // SAFETY: the driver gave this device. It is the context that other libraries of the process use, too.
        let context = unsafe { result::primary_ctx::retain(device) }.map_err(failed())?;
        // From here on it is released when this is dropped.
        let none = std::ptr::null_mut();
        let mut made = Self { device, context, stream: none, aside: none };
        made.bind()?;
        for stream in [&mut made.stream, &mut made.aside] {
            let kind = result::stream::StreamKind::NonBlocking;
            *stream = result::stream::create(kind).map_err(driver("begin a stream"))?;
        }
        Ok(made)
    }

    /// Makes it the calling thread's, which all that follows is about.
    pub fn bind(&self) -> Result<()> {
        // SAFETY: the context was retained and is not released before this is dropped.
        unsafe { result::ctx::set_current(self.context) }.map_err(driver("be used by this thread"))
    }

    /// Its stream.
    pub fn stream(&self) -> CUstream {
        self.stream
    }

    /// The stream of what goes on beside all that.
    pub fn aside(&self) -> CUstream {
        self.aside
    }

    /// Waits until all that was asked for on its stream is done.
    pub fn wait(&self) -> std::result::Result<(), DriverError> {
        // SAFETY: the stream is of this context and lives as long as it.
        unsafe { result::stream::synchronize(self.stream) }
    }

    /// Its compute capability.
    pub fn capability(&self) -> Result<[i32; 2]> {
        let ask = |attribute| {
            // SAFETY: the driver gave this device.
            unsafe { result::device::get_attribute(self.device, attribute) }
                .map_err(driver("say what it can do"))
        };
        Ok([
            ask(CUdevice_attribute::CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR)?,
            ask(CUdevice_attribute::CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR)?,
        ])
    }

    /// What it is, for people: its name, compute capability and memory.
    pub fn name(&self) -> Result<String> {
        let name = result::device::get_name(self.device).map_err(driver("say its name"))?;
        // SAFETY: the driver gave this device.
        let memory = unsafe { result::device::total_mem(self.device) };
        let memory = size(memory.map_err(driver("say how much memory it has"))?);
        let [major, minor] = self.capability()?;
        Ok(format!("{name} (compute capability {major}.{minor}, {memory})"))
    }
}

impl Drop for Context {
    fn drop(&mut self) {
        if self.bind().is_ok() {
            for stream in [self.stream, self.aside].into_iter().filter(|stream| !stream.is_null()) {
                // What cannot be given back is given back when the process ends.
                // SAFETY: the stream is of this context, and nobody else has it any more.
                let _destroyed = unsafe { result::stream::destroy(stream) };
            }
        }
        // SAFETY: it was retained once, by this.
        let _released = unsafe { result::primary_ctx::release(self.device) };
    }
}
