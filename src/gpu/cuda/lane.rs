//! A way for data to an NVIDIA GPU beside its work: from pinned memory, on a stream of its own. Nothing of it takes the
//! lock of [`super::device::Device`], which a thread may hold while it waits for the end of a step.

use std::ffi::c_void;
use std::ptr::null_mut;
use std::slice;
use std::sync::Arc;

use cudarc::driver::result::{self, DriverError};
use cudarc::driver::sys::{CUevent, CUevent_flags, CUevent_wait_flags, CUstream};

use super::context::Context;
use super::said::{driver, size};
use crate::error::Result;
use crate::lane::Lane;

/// Memory of the host is pinned by so many bytes.
const PIECE: usize = 1 << 20;

/// Pinned memory, and what joins the streams.
#[derive(Debug)]
pub struct CudaLane {
    memory: *mut c_void,
    len: usize,
    /// When what was sent has arrived.
    arrived: CUevent,
    /// When what reads it is done.
    released: CUevent,
    /// Whether what is sent is waited for.
    waits: bool,
    context: Arc<Context>,
}

// SAFETY: nothing else has the memory and the events, and any thread may use them.
unsafe impl Send for CudaLane {}

impl CudaLane {
    /// For a context that is bound.
    pub fn new(context: &Arc<Context>, waits: bool) -> Result<Self> {
        let (arrived, released) = (null_mut(), null_mut());
        let context = Arc::clone(context);
        // From here on what was made is given back when this is dropped.
        let mut made = Self { memory: null_mut(), len: 0, arrived, released, waits, context };
        for event in [&mut made.arrived, &mut made.released] {
            let new = result::event::create(CUevent_flags::CU_EVENT_DISABLE_TIMING);
            *event = new.map_err(driver("make an event"))?;
        }
        Ok(made)
    }

    /// Has a stream wait for an event as it was recorded last, if it was.
    fn wait(&self, stream: CUstream, event: CUevent) -> std::result::Result<(), DriverError> {
        let flags = CUevent_wait_flags::CU_EVENT_WAIT_DEFAULT;
        // SAFETY: both are of this context, and alive.
        unsafe { result::stream::wait_event(stream, event, flags) }
    }

    fn free(&mut self) {
        if !self.memory.is_null() {
            // SAFETY: it was allocated by this, and the GPU is done with it.
            let _freed = unsafe { result::free_host(self.memory) };
        }
        (self.memory, self.len) = (null_mut(), 0);
    }
}

impl Lane for CudaLane {
    fn room(&mut self, bytes: usize) -> Result<&mut [u8]> {
        self.context.bind()?;
        // SAFETY: the event is this lane's. One that was never recorded is over.
        unsafe { result::event::synchronize(self.arrived) }
            .map_err(driver("fetch what was sent before"))?;
        if self.len < bytes {
            self.free();
            // More than is needed now, since batches differ and pinning takes milliseconds.
            let len = (bytes + bytes / 8).next_multiple_of(PIECE);
            // SAFETY: what comes is written to before it is read.
            let memory = unsafe { result::malloc_host(len, 0) };
            let doing = format!("pin {} of the host's memory", size(len));
            self.memory = memory.map_err(driver(doing))?;
            // SAFETY: it has so many bytes, which are this lane's alone.
            unsafe { self.memory.cast::<u8>().write_bytes(0, len) };
            self.len = len;
        }
        if bytes == 0 {
            return Ok(&mut []);
        }
        // SAFETY: so many bytes are there, all written to, and no copy is under way from them.
        Ok(unsafe { slice::from_raw_parts_mut(self.memory.cast(), self.len) })
    }

    unsafe fn send(&mut self, to: u64, bytes: usize) -> Result<()> {
        assert!(bytes <= self.len, "{bytes} bytes of a room of {}", self.len);
        self.context.bind()?;
        let aside = self.context.aside();
        let doing = || driver(format!("begin to copy {} to it", size(bytes)));
        self.wait(aside, self.released).map_err(doing())?;
        if bytes > 0 {
            // SAFETY: so many bytes are there, and nobody writes to them before they have arrived.
            let from = unsafe { slice::from_raw_parts(self.memory.cast::<u8>(), bytes) };
            // SAFETY: the place is the caller's.
            unsafe { result::memcpy_htod_async(to, from, aside) }.map_err(doing())?;
        }
        // SAFETY: both are of this context.
        unsafe { result::event::record(self.arrived, aside) }.map_err(doing())?;
        if self.waits {
            // SAFETY: the event is this lane's.
            unsafe { result::event::synchronize(self.arrived) }
                .map_err(driver(format!("copy {} to it", size(bytes))))?;
        }
        Ok(())
    }

    fn receive(&mut self) -> Result<()> {
        self.context.bind()?;
        self.wait(self.context.stream(), self.arrived).map_err(driver("wait for what is sent"))
    }

    fn release(&mut self) -> Result<()> {
        self.context.bind()?;
        // SAFETY: both are of this context.
        unsafe { result::event::record(self.released, self.context.stream()) }
            .map_err(driver("say when data are no longer needed"))
    }
}

impl Drop for CudaLane {
    fn drop(&mut self) {
        if self.context.bind().is_err() {
            return;
        }
        // What is under way is read from this memory, to memory that may be freed next.
        // SAFETY: the stream is of this context.
        let _done = unsafe { result::stream::synchronize(self.context.aside()) };
        for event in [self.arrived, self.released].into_iter().filter(|event| !event.is_null()) {
            // SAFETY: it is this lane's; what waits for it keeps what it needs.
            let _destroyed = unsafe { result::event::destroy(event) };
        }
        self.free();
    }
}
