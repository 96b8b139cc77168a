//! An NVIDIA GPU as the program sees it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cudarc::driver::result::{self, DriverError};

use super::context::Context;
use super::lane::CudaLane;
use super::module::Module;
use super::products::{Products, doing};
use super::said::{driver, size, words};
use super::staging::Staging;
use super::times::Times;
use crate::error::{GpuError, Result};
use crate::gpu::{Argument, Gpu, Grid};
use crate::lane::Lane;
use crate::product::Product;

/// A GPU that is open.
#[derive(Debug)]
pub struct Device {
    name: String,
    number: usize,
    /// Whether everything is waited for.
    waits: bool,
    state: Mutex<State>,
    // Last: what is above is given back while it is there.
    context: Arc<Context>,
}

/// What one call at a time uses.
#[derive(Debug)]
struct State {
    module: Module,
    staging: Staging,
    products: Products,
    /// If somebody asks for them.
    times: Option<Times>,
    /// What was started last, after "cannot".
    last: String,
}

impl State {
    /// Before something is started.
    fn begin(&mut self) -> Result<()> {
        self.times.as_mut().map_or(Ok(()), Times::begin)
    }

    /// After it.
    fn end(&mut self, what: impl FnOnce() -> String) -> Result<()> {
        self.times.as_mut().map_or(Ok(()), |times| times.end(what()))
    }
}

impl Device {
    /// All that a GPU needs, on that of a context.
    pub fn new(number: usize, context: Context, waits: bool) -> Result<Self> {
        let context = Arc::new(context);
        let state = State {
            module: Module::new(&context)?,
            staging: Staging::new(&context)?,
            products: Products::new(&context)?,
            times: Times::asked(&context)?,
            last: String::new(),
        };
        Ok(Self { name: context.name()?, number, waits, state: Mutex::new(state), context })
    }

    /// What a call uses, with the context as this thread's.
    fn state(&self) -> Result<MutexGuard<'_, State>> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        self.context.bind()?;
        Ok(state)
    }

    /// After something was started: waits for it, if everything is waited for.
    fn settle(&self, doing: impl FnOnce() -> String) -> Result<()> {
        if !self.waits {
            return Ok(());
        }
        self.context.wait().map_err(|e| GpuError::new(doing(), format!("CUDA says: {}", words(e))))
    }

    /// A copy that failed, or something before it.
    fn copied(&self, copy: &str, bytes: usize, state: &State, error: DriverError) -> GpuError {
        let mut why = format!("CUDA says: {}", words(error));
        if !self.waits && !state.last.is_empty() {
            why += &format!(
                "; it may be of earlier work, of which the last was to {}: PROOFMARK_GPU_SYNC=1 in the environment \
                 waits for everything, and names what fails",
                state.last
            );
        }
        GpuError::new(format!("copy {} {copy}", size(bytes)), why)
    }
}

impl Gpu for Device {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn number(&self) -> Option<usize> {
        Some(self.number)
    }

    fn allocate(&self, bytes: usize) -> Result<u64> {
        let _state = self.state()?;
        // SAFETY: what comes is handed out as unspecified.
        let address = unsafe { result::malloc_sync(bytes.max(1)) };
        address.map_err(|e| {
            let mut error = driver(format!("allocate {}", size(bytes)))(e);
            if let Ok((free, total)) = result::mem_get_info() {
                error.why += &format!("; of {}, {} are free", size(total), size(free));
            }
            error
        })
    }

    unsafe fn free(&self, address: u64) {
        if let Ok(_state) = self.state() {
            // What fails here was told before, or will be.
            let _done = self.context.wait();
            // SAFETY: the caller's; all that used it is done.
            let _freed = unsafe { result::free_sync(address) };
        }
    }

    unsafe fn upload(&self, to: u64, bytes: &[u8]) -> Result<()> {
        let mut state = self.state()?;
        // SAFETY: the caller's.
        let done = unsafe { state.staging.upload(to, bytes) };
        done.map_err(|e| self.copied("to it", bytes.len(), &state, e))?;
        self.settle(|| format!("copy {} to it", size(bytes.len())))
    }

    fn lane(&self) -> Result<Box<dyn Lane>> {
        self.context.bind()?;
        Ok(Box::new(CudaLane::new(&self.context, self.waits)?))
    }

    unsafe fn download(&self, from: u64, bytes: &mut [u8]) -> Result<()> {
        let mut state = self.state()?;
        // SAFETY: the caller's.
        let done = unsafe { state.staging.download(from, bytes) };
        done.map_err(|e| self.copied("from it", bytes.len(), &state, e))
    }

    unsafe fn launch(&self, kernel: &str, grid: Grid, arguments: &[Argument]) -> Result<()> {
        let mut state = self.state()?;
        state.begin()?;
        // SAFETY: the caller's.
        unsafe { state.module.launch(kernel, grid, arguments) }?;
        state.end(|| kernel.to_owned())?;
        state.last.clear();
        state.last.push_str("run `");
        state.last.push_str(kernel);
        state.last.push('`');
        self.settle(|| format!("run `{kernel}` as {grid:?} with {arguments:?}"))
    }

    unsafe fn product(&self, product: &Product) -> Result<()> {
        let mut state = self.state()?;
        state.begin()?;
        let State { products, staging, last, .. } = &mut *state;
        // SAFETY: the caller's.
        unsafe { products.product(product, staging) }?;
        last.clear();
        last.push_str("multiply matrices");
        state.end(|| doing(product))?;
        self.settle(|| doing(product))
    }
}
