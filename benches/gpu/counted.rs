//! A GPU that counts the memory that is allocated on it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use proofmark_gpu::error::Result;
use proofmark_gpu::gpu::{Argument, Gpu, Grid};
use proofmark_gpu::lane::Lane;
use proofmark_gpu::product::Product;

/// Another GPU, and what lies on it.
#[derive(Debug)]
pub struct Counted {
    gpu: Arc<dyn Gpu>,
    memory: Mutex<Memory>,
}

/// Bytes by address, their sum and the largest that it was.
#[derive(Debug, Default)]
struct Memory {
    sizes: BTreeMap<u64, usize>,
    now: usize,
    peak: usize,
}

impl Counted {
    pub fn new(gpu: Arc<dyn Gpu>) -> Self {
        Self { gpu, memory: Mutex::default() }
    }

    /// The most bytes that were allocated at a time.
    pub fn peak(&self) -> usize {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner).peak
    }
}

impl Gpu for Counted {
    fn name(&self) -> String {
        self.gpu.name()
    }

    fn number(&self) -> Option<usize> {
        self.gpu.number()
    }

    fn allocate(&self, bytes: usize) -> Result<u64> {
        let address = self.gpu.allocate(bytes)?;
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        memory.sizes.insert(address, bytes);
        memory.now += bytes;
        memory.peak = memory.peak.max(memory.now);
        Ok(address)
    }

    fn lane(&self) -> Result<Box<dyn Lane>> {
        self.gpu.lane()
    }

    unsafe fn free(&self, address: u64) {
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        memory.now -= memory.sizes.remove(&address).unwrap_or(0);
        // SAFETY: the caller's.
        unsafe { self.gpu.free(address) };
    }

    unsafe fn upload(&self, to: u64, bytes: &[u8]) -> Result<()> {
        // SAFETY: the caller's.
        unsafe { self.gpu.upload(to, bytes) }
    }

    unsafe fn download(&self, from: u64, bytes: &mut [u8]) -> Result<()> {
        // SAFETY: the caller's.
        unsafe { self.gpu.download(from, bytes) }
    }

    unsafe fn launch(&self, kernel: &str, grid: Grid, arguments: &[Argument]) -> Result<()> {
        // SAFETY: the caller's.
        unsafe { self.gpu.launch(kernel, grid, arguments) }
    }

    unsafe fn product(&self, product: &Product) -> Result<()> {
        // SAFETY: the caller's.
        unsafe { self.gpu.product(product) }
    }
}
