//! A communicator of NCCL's that never blocks, and what it sends.

use std::ffi::c_char;
use std::ops::Range;
use std::ptr::null_mut;
use std::sync::Arc;
use std::time::{Duration, Instant};

use cudarc::driver::{CudaContext, CudaSlice, CudaStream, DevicePtr, DevicePtrMut};
use cudarc::nccl::result::{self, NcclError, NcclStatus};
use cudarc::nccl::sys;

use super::said::{cuda, refused};

/// How long to wait between two questions.
const PAUSE: Duration = Duration::from_micros(50);

/// How long a rank that is done waits for what it has sent last to be fetched.
const FAREWELL: Duration = Duration::from_secs(10);

/// The bytes of a length.
const LENGTH: usize = size_of::<u64>();

/// By what the ranks of one communicator find each other; rank 0 makes it.
pub type Id = [u8; 128];

/// A communicator, and the stream on which it sends.
#[derive(Debug)]
pub(super) struct Link {
    /// Null when it was given up.
    comm: sys::ncclComm_t,
    stream: Arc<CudaStream>,
    rank: usize,
    size: usize,
    pub(super) patience: Duration,
}

// SAFETY: NCCL lets any thread use a communicator, one at a time, and sets the thread's device itself. It is
// here alone, nothing hands it out, and whoever uses it holds the link by `&mut` or owns it.
unsafe impl Send for Link {}

impl Link {
    pub(super) fn join(
        device: usize,
        rank: usize,
        size: usize,
        id: &Id,
        patience: Duration,
    ) -> Result<Link, String> {
        let begin = Instant::now();
        // NCCL takes the device whose context is this thread's.
        let context = CudaContext::new(device)
            .map_err(|e| format!("the GPU cuda:{device} cannot be used: {e}"))?;
        let stream = context.new_stream().map_err(cuda)?;
        let mut link = Link { comm: null_mut(), stream, rank, size, patience };
        let id = sys::ncclUniqueId { internal: id.map(|byte| c_char::from_ne_bytes([byte])) };
        let mut config = not_blocking();
        // SAFETY: `comm` and `config` are valid for the call; NCCL copies what it needs of them.
        let begun = unsafe {
            let (size, rank) = (number(size)?, number(rank)?);
            result::comm_init_rank_config(&mut link.comm, size, id, rank, &mut config)
        };
        let joined = begun.map_err(|e| refused(&e)).and_then(|_| link.settle(begin));
        // There is nothing to end in peace.
        joined.inspect_err(|_| link.give_up())?;
        Ok(link)
    }

    /// What each rank has sent; nothing in place of this one.
    pub(super) fn exchange(&mut self, messages: &[Vec<u8>]) -> Result<Vec<Vec<u8>>, String> {
        let lengths = messages.iter().map(|message| (message.len() as u64).to_le_bytes().to_vec());
        let lengths: Vec<Vec<u8>> = lengths.collect();
        let lengths = self.round(&lengths, &vec![LENGTH; self.size])?;
        // There is none of this rank.
        let length = |bytes: &Vec<u8>| {
            bytes.as_chunks().0.first().map_or(0, |bytes| u64::from_le_bytes(*bytes) as usize)
        };
        self.round(messages, &lengths.iter().map(length).collect::<Vec<_>>())
    }

    /// One message to each rank, and one of this length from each.
    fn round(&mut self, messages: &[Vec<u8>], lengths: &[usize]) -> Result<Vec<Vec<u8>>, String> {
        if self.comm.is_null() {
            let (rank, size) = (self.rank, self.size);
            return Err(format!("rank {rank} of {size} has given up the other ranks before"));
        }
        let given = places(self.rank, messages.iter().map(Vec::len));
        let taken = places(self.rank, lengths.iter().copied());
        let mut to = self.room(&given)?;
        for (message, place) in messages.iter().zip(&given).filter(|(_, place)| !place.is_empty()) {
            let mut view = to.slice_mut(place.clone());
            self.stream.memcpy_htod(message, &mut view).map_err(cuda)?;
        }
        let mut from = self.room(&taken)?;
        if let Err(why) = self.send(&to, &given, &mut from, &taken) {
            // Before the buffers are freed, which the GPU may still read and write.
            self.give_up();
            return Err(why);
        }
        let copy = |place: &Range<usize>| match place.is_empty() {
            true => Ok(Vec::new()),
            false => self.stream.clone_dtoh(&from.slice(place.clone())).map_err(cuda),
        };
        taken.iter().map(copy).collect()
    }

    /// Memory of the GPU for them.
    fn room(&self, places: &[Range<usize>]) -> Result<CudaSlice<u8>, String> {
        let length = places.last().map_or(0, |place| place.end).max(1);
        self.stream.alloc_zeros(length).map_err(|e| {
            format!("the GPU has no room for {length} bytes of the other ranks' messages: {e}")
        })
    }

    /// Sends and receives, and waits until both are done.
    fn send(
        &self,
        to: &CudaSlice<u8>,
        given: &[Range<usize>],
        from: &mut CudaSlice<u8>,
        taken: &[Range<usize>],
    ) -> Result<(), String> {
        let begin = Instant::now();
        let (to, _reads) = to.device_ptr(&self.stream);
        let (from, _writes) = from.device_ptr_mut(&self.stream);
        result::group_start().map_err(|e| refused(&e))?;
        let queued = (0..self.size).try_for_each(|peer| {
            self.queue(peer, to, &given[peer], from, &taken[peer]).map_err(|e| refused(&e))
        });
        // In any case: what NCCL has begun it must end, or this thread's next call is part of it.
        let ended = result::group_end().map_err(|e| refused(&e));
        queued.and(ended.map(|_| ()))?;
        // Only then is it on the stream.
        self.settle(begin)?;
        let done = self.stream.record_event(None).map_err(cuda)?;
        let arrived = poll(self.patience.saturating_sub(begin.elapsed()), || {
            match done.try_is_complete().map_err(cuda)? {
                true => Ok(Some(())),
                false => self.state().map(|_| None),
            }
        })?;
        arrived.ok_or_else(|| self.silence())
    }

    /// Within a group: a message to this rank, and one from it.
    fn queue(
        &self,
        peer: usize,
        to: u64,
        given: &Range<usize>,
        from: u64,
        taken: &Range<usize>,
    ) -> Result<(), NcclError> {
        let (comm, stream) = (self.comm, self.stream.cu_stream() as sys::cudaStream_t);
        let bytes = sys::ncclDataType_t::ncclUint8;
        // The size is one that NCCL has taken as a number of ranks.
        let rank = peer as i32;
        if !given.is_empty() {
            let at = (to + given.start as u64) as *const _;
            // SAFETY: these bytes lie within a buffer of the GPU that lives until they are sent, or the
            // communicator is given up; the communicator and the stream are those of this link.
            unsafe { result::send(at, given.len(), bytes, rank, comm, stream) }?;
        }
        if !taken.is_empty() {
            let at = (from + taken.start as u64) as *mut _;
            // SAFETY: as above, in a buffer that nothing else uses meanwhile.
            unsafe { result::recv(at, taken.len(), bytes, rank, comm, stream) }?;
        }
        Ok(())
    }

    /// Waits until NCCL has done what was begun then.
    fn settle(&self, begin: Instant) -> Result<(), String> {
        let left = self.patience.saturating_sub(begin.elapsed());
        let settled = poll(left, || self.state().map(|done| done.then_some(())))?;
        settled.ok_or_else(|| self.silence())
    }

    /// Whether NCCL has done what was begun.
    fn state(&self) -> Result<bool, String> {
        let mut state = sys::ncclResult_t::ncclSuccess;
        // SAFETY: the communicator was made and not given up, and `state` is valid for the call.
        let asked = unsafe { sys::ncclCommGetAsyncError(self.comm, &mut state) };
        let state = asked.result().and_then(|_| state.result()).map_err(|e| {
            let (rank, size, says) = (self.rank, self.size, refused(&e));
            match e.0 {
                sys::ncclResult_t::ncclRemoteError | sys::ncclResult_t::ncclSystemError => format!(
                    "a rank other than {rank} of {size} has ended, or cannot be reached: {says}"
                ),
                _ => format!("rank {rank} of {size} cannot tell the others anything: {says}"),
            }
        })?;
        match state {
            NcclStatus::InProgress => Ok(false),
            NcclStatus::Success | NcclStatus::NumResults => Ok(true),
        }
    }

    fn silence(&self) -> String {
        format!(
            "a rank other than {} of {} has ended, or did not answer within {} s",
            self.rank,
            self.size,
            self.patience.as_secs()
        )
    }

    /// Ends what is under way, on the GPU too.
    fn give_up(&mut self) {
        let comm = std::mem::replace(&mut self.comm, null_mut());
        if !comm.is_null() {
            let _bound = self.stream.context().bind_to_thread();
            // SAFETY: the communicator was made, and is not used again: it is null from here on.
            let _ended = unsafe { result::comm_abort(comm) };
        }
    }
}

impl Drop for Link {
    /// Others may not have fetched yet what this rank has sent last: NCCL is asked to end in peace first.
    fn drop(&mut self) {
        if self.comm.is_null() {
            return;
        }
        let _bound = self.stream.context().bind_to_thread();
        self.patience = self.patience.min(FAREWELL);
        // SAFETY: the communicator was made and not given up.
        let begun = unsafe { result::comm_finalize(self.comm) }.is_ok();
        if !begun || self.settle(Instant::now()).is_err() {
            self.give_up();
            return;
        }
        // SAFETY: as above; nothing uses it after this.
        let _ended = unsafe { result::comm_destroy(self.comm) };
    }
}

/// Where messages of these lengths lie, one after the other, without that of this rank.
pub(super) fn places(rank: usize, lengths: impl Iterator<Item = usize>) -> Vec<Range<usize>> {
    let mut end = 0;
    let place = |(peer, length)| {
        let start = end;
        end += if peer == rank { 0 } else { length };
        start..end
    };
    lengths.enumerate().map(place).collect()
}

/// What `NCCL_CONFIG_INITIALIZER` of NCCL 2.30 says, and that no call blocks. Older and newer ones take as much
/// of it as they know.
fn not_blocking() -> sys::ncclConfig_t {
    const UNSET: i32 = i32::MIN;
    sys::ncclConfig_t {
        size: size_of::<sys::ncclConfig_t>(),
        magic: 0xcafe_beef,
        version: 2_30_00,
        blocking: 0,
        cgaClusterSize: UNSET,
        minCTAs: UNSET,
        maxCTAs: UNSET,
        netName: null_mut(),
        splitShare: UNSET,
        trafficClass: UNSET,
        commName: null_mut(),
        collnetEnable: UNSET,
        CTAPolicy: UNSET,
        shrinkShare: UNSET,
        nvlsCTAs: UNSET,
        nChannelsPerNetPeer: UNSET,
        nvlinkCentricSched: UNSET,
        graphUsageMode: UNSET,
        numRmaCtx: UNSET,
        maxP2pPeers: UNSET,
    }
}

/// Asks again and again until there is an answer or patience is at an end; once at least.
fn poll<T>(
    patience: Duration,
    mut ask: impl FnMut() -> Result<Option<T>, String>,
) -> Result<Option<T>, String> {
    let begin = Instant::now();
    loop {
        let last = begin.elapsed() >= patience;
        let answer = ask()?;
        if answer.is_some() || last {
            return Ok(answer);
        }
        std::thread::sleep(PAUSE);
    }
}

fn number(of_ranks: usize) -> Result<i32, String> {
    i32::try_from(of_ranks).map_err(|_| format!("{of_ranks} is no number of ranks for NCCL"))
}
