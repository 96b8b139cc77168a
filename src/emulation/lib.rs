//! A GPU on the CPU, for tests alone: the kernels compiled as C++, and plain matrix products.
//!
//! It looks for mistakes that a GPU would not tell: fresh memory is NaN, what lies around it is watched, and
//! blocks and threads run in the order that is asked for, on which nothing may depend.

mod lane;
mod launch;
mod memory;
mod order;
mod product;

use std::sync::{Arc, Mutex, PoisonError};

use lane::EmulatedLane;
use memory::Memory;
pub use order::Order;
use proofmark_gpu::error::{GpuError, Result};
use proofmark_gpu::gpu::{Argument, Gpu, Grid};
use proofmark_gpu::lane::Lane;
use proofmark_gpu::product::Product;

/// A GPU on the CPU.
#[derive(Debug)]
pub struct Emulation {
    order: Order,
    memory: Arc<Mutex<Memory>>,
    /// The most bytes that it gives at a time.
    most: usize,
}

impl Emulation {
    /// One with nothing in its memory.
    pub fn new(order: Order) -> Self {
        Self { order, memory: Arc::default(), most: usize::MAX }
    }

    /// One that has not so many bytes as are more than this.
    pub fn of_memory(most: usize) -> Self {
        Self { most, ..Self::new(Order::Forwards) }
    }

    fn memory(&self) -> std::sync::MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Gpu for Emulation {
    fn name(&self) -> String {
        "a GPU on the CPU".to_owned()
    }

    fn number(&self) -> Option<usize> {
        None
    }

    fn allocate(&self, bytes: usize) -> Result<u64> {
        match bytes > self.most {
            true => Err(GpuError::of_memory(format!("allocate {bytes} bytes"), "it is full")),
            false => Ok(self.memory().allocate(bytes)),
        }
    }

    unsafe fn free(&self, address: u64) {
        self.memory().free(address);
    }

    unsafe fn upload(&self, to: u64, bytes: &[u8]) -> Result<()> {
        self.memory().at(to, bytes.len()).copy_from_slice(bytes);
        Ok(())
    }

    fn lane(&self) -> Result<Box<dyn Lane>> {
        Ok(Box::new(EmulatedLane::new(Arc::clone(&self.memory))))
    }

    unsafe fn download(&self, from: u64, bytes: &mut [u8]) -> Result<()> {
        bytes.copy_from_slice(self.memory().at(from, bytes.len()));
        Ok(())
    }

    unsafe fn launch(&self, kernel: &str, grid: Grid, arguments: &[Argument]) -> Result<()> {
        // Held, so that nothing is freed meanwhile.
        let _memory = self.memory();
        // SAFETY: as this method's.
        unsafe { launch::launch(kernel, grid, arguments, self.order) }
    }

    unsafe fn product(&self, asked: &Product) -> Result<()> {
        product::product(&mut self.memory(), asked);
        Ok(())
    }
}
