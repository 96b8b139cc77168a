//! Copies between the memory of the host and that of a GPU, by way of pinned memory: only from there does the GPU
//! fetch by itself, so that who uploads need not wait.

use std::collections::VecDeque;
use std::ffi::c_void;
use std::slice;
use std::sync::Arc;

use cudarc::driver::result::{self, DriverError};
use cudarc::driver::sys::{CUevent, CUevent_flags};

use super::context::Context;
use super::said::{driver, size};
use crate::error::Result;

/// Bytes of a piece.
const PIECE: usize = 8 << 20;
/// Pieces that may be under way.
const PIECES: usize = 8;

/// Pinned memory in pieces, which are used in turn.
#[derive(Debug)]
pub struct Staging {
    memory: *mut c_void,
    /// When the GPU is done with each piece.
    done: Vec<CUevent>,
    next: usize,
    context: Arc<Context>,
}

// SAFETY: nothing else has the memory and the events, and any thread may use them.
unsafe impl Send for Staging {}

impl Staging {
    /// For a context that is bound.
    pub fn new(context: &Arc<Context>) -> Result<Self> {
        let bytes = PIECES * PIECE;
        // SAFETY: what comes is only written to and then read.
        let memory = unsafe { result::malloc_host(bytes, 0) };
        let doing = format!("pin {} of the host's memory", size(bytes));
        let memory = memory.map_err(driver(doing))?;
        let mut made = Self { memory, done: Vec::new(), next: 0, context: Arc::clone(context) };
        for _ in 0..PIECES {
            let event = result::event::create(CUevent_flags::CU_EVENT_DISABLE_TIMING);
            made.done.push(event.map_err(driver("make an event"))?);
        }
        Ok(made)
    }

    /// Copies to the GPU, whose context is bound. The bytes are read when this returns.
    ///
    /// # Safety
    /// So many bytes are allocated there.
    pub unsafe fn upload(&mut self, to: u64, bytes: &[u8]) -> std::result::Result<(), DriverError> {
        let stream = self.context.stream();
        for (i, piece) in bytes.chunks(PIECE).enumerate() {
            let number = self.turn();
            // SAFETY: the event is this staging's.
            unsafe { result::event::synchronize(self.done[number]) }?;
            // SAFETY: no copy under way uses the piece any more: the one that did was waited for.
            let pinned = unsafe { self.piece(number, piece.len()) };
            pinned.copy_from_slice(piece);
            let at = to + (i * PIECE) as u64;
            // SAFETY: the place is the caller's; the piece is not written to before its event.
            unsafe { result::memcpy_htod_async(at, &*pinned, stream) }?;
            self.record(number)?;
        }
        Ok(())
    }

    /// Copies from the GPU, whose context is bound, and waits for that.
    ///
    /// # Safety
    /// So many bytes are allocated there.
    pub unsafe fn download(
        &mut self,
        from: u64,
        bytes: &mut [u8],
    ) -> std::result::Result<(), DriverError> {
        let stream = self.context.stream();
        let mut under_way = VecDeque::new();
        for (i, piece) in bytes.chunks_mut(PIECE).enumerate() {
            if under_way.len() == PIECES {
                self.finish(under_way.pop_front())?;
            }
            let number = self.turn();
            let at = from + (i * PIECE) as u64;
            // SAFETY: what an earlier upload reads of the piece is read before, since the stream is in order;
            // an earlier download was finished.
            let pinned = unsafe { self.piece(number, piece.len()) };
            // SAFETY: the place is the caller's; the piece is not read before its event.
            unsafe { result::memcpy_dtoh_async(pinned, at, stream) }?;
            self.record(number)?;
            under_way.push_back((number, piece));
        }
        under_way.into_iter().try_for_each(|piece| self.finish(Some(piece)))
    }

    /// Waits for a piece of a download, and takes it.
    fn finish(
        &mut self,
        piece: Option<(usize, &mut [u8])>,
    ) -> std::result::Result<(), DriverError> {
        let Some((number, to)) = piece else { return Ok(()) };
        // SAFETY: the event is this staging's.
        unsafe { result::event::synchronize(self.done[number]) }?;
        // SAFETY: what was under way to it has arrived.
        to.copy_from_slice(unsafe { self.piece(number, to.len()) });
        Ok(())
    }

    /// The piece whose turn it is.
    fn turn(&mut self) -> usize {
        let number = self.next;
        self.next = (number + 1) % PIECES;
        number
    }

    /// The first bytes of a piece.
    ///
    /// # Safety
    /// The GPU is done with the piece, or reads it before it writes to it.
    unsafe fn piece(&mut self, number: usize, len: usize) -> &mut [u8] {
        assert!(number < PIECES && len <= PIECE, "{len} bytes of piece {number}");
        // SAFETY: the memory is so long, and zero or whatever was copied to it.
        unsafe { slice::from_raw_parts_mut(self.memory.cast::<u8>().add(number * PIECE), len) }
    }

    /// Has the piece's event wait for all that was asked for so far.
    fn record(&self, number: usize) -> std::result::Result<(), DriverError> {
        // SAFETY: both are of this context.
        unsafe { result::event::record(self.done[number], self.context.stream()) }
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        if self.context.bind().is_err() {
            return;
        }
        let _done = self.context.wait();
        for event in self.done.drain(..) {
            // SAFETY: it is this staging's, and nothing waits for it any more.
            let _destroyed = unsafe { result::event::destroy(event) };
        }
        // SAFETY: it was allocated by this, and the GPU is done with it.
        let _freed = unsafe { result::free_host(self.memory) };
    }
}
