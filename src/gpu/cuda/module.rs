//! The kernels on a GPU, found by their names, and how they are started.

use std::collections::BTreeMap;
use std::ffi::{CString, c_void};
use std::sync::Arc;

use cudarc::driver::result;
use cudarc::driver::sys::{self, CUfunction, CUmodule};

use super::context::Context;
use super::said::driver;
use crate::error::{GpuError, Result};
use crate::gpu::{Argument, Grid};

/// What nvcc made of `kernels/entries.cu`, for every GPU that it is meant for; see `build.rs`.
static KERNELS: &Aligned<[u8]> =
    &Aligned(*include_bytes!(concat!(env!("OUT_DIR"), "/kernels.fatbin")));

/// The driver reads words of it.
#[repr(C, align(64))]
struct Aligned<T: ?Sized>(T);

/// The kernels of a GPU.
#[derive(Debug)]
pub struct Module {
    module: CUmodule,
    found: BTreeMap<String, Kernel>,
    context: Arc<Context>,
}

/// A kernel, and the bytes of each of its parameters.
#[derive(Debug)]
struct Kernel {
    function: CUfunction,
    parameters: Vec<usize>,
}

// SAFETY: the driver lets any thread use a module and its functions; both are only handed to it.
unsafe impl Send for Module {}

impl Module {
    /// Loads the kernels to the GPU of a context that is bound.
    pub fn new(context: &Arc<Context>) -> Result<Self> {
        let image = KERNELS.0.as_ptr().cast();
        // SAFETY: it is a whole image as nvcc made it, whose header says how long it is.
        let module =
            unsafe { result::module::load_data(image) }.map_err(driver("load the kernels"))?;
        Ok(Self { module, found: BTreeMap::new(), context: Arc::clone(context) })
    }

    /// Starts a kernel on the stream of the context, which is bound.
    ///
    /// # Safety
    /// What the kernel reads and writes is allocated.
    pub unsafe fn launch(&mut self, name: &str, grid: Grid, arguments: &[Argument]) -> Result<()> {
        let stream = self.context.stream();
        let kernel = self.kernel(name)?;
        let mut values: Vec<u64> = arguments.iter().map(bits).collect();
        let sizes = arguments.iter().map(bytes);
        if !kernel.parameters.iter().copied().eq(sizes) {
            let takes =
                format!("it takes parameters of {:?} bytes, not {arguments:?}", kernel.parameters);
            return Err(GpuError::new(format!("start `{name}`"), takes));
        }
        let mut pointers: Vec<*mut c_void> =
            values.iter_mut().map(|value| (&raw mut *value).cast()).collect();
        let [columns, rows] = grid.blocks;
        if columns == 0 || rows == 0 {
            return Ok(());
        }
        // SAFETY: the function is of this module, and takes as many bytes of each argument as were compared;
        // the driver copies them before it returns. The rest is the caller's.
        let started = unsafe {
            let (blocks, threads) = ((columns, rows, 1), (grid.threads, 1, 1));
            result::launch_kernel(kernel.function, blocks, threads, 0, stream, &mut pointers)
        };
        started.map_err(driver(format!("start `{name}` as {grid:?}")))
    }

    /// The kernel of a name.
    fn kernel(&mut self, name: &str) -> Result<&Kernel> {
        if !self.found.contains_key(name) {
            let kernel = self.look_up(name)?;
            self.found.insert(name.to_owned(), kernel);
        }
        Ok(&self.found[name])
    }

    fn look_up(&self, name: &str) -> Result<Kernel> {
        let text = CString::new(name).expect("names of kernels have no zero in them");
        // SAFETY: the module is loaded.
        let function = unsafe { result::module::get_function(self.module, text) };
        let function = function.map_err(driver(format!("find `{name}`")))?;
        let mut parameters = Vec::new();
        let (mut offset, mut size) = (0, 0);
        // SAFETY: the function is of the module, and both numbers are valid for the call, which says so when
        // there is no such parameter.
        while unsafe {
            let index = parameters.len();
            sys::cuFuncGetParamInfo(function, index, &raw mut offset, &raw mut size)
        } == sys::CUresult::CUDA_SUCCESS
        {
            parameters.push(size);
        }
        Ok(Kernel { function, parameters })
    }
}

impl Drop for Module {
    fn drop(&mut self) {
        if self.context.bind().is_ok() {
            // SAFETY: it was loaded, and nothing starts its kernels any more.
            let _unloaded = unsafe { result::module::unload(self.module) };
        }
    }
}

/// Bytes of an argument.
fn bytes(argument: &Argument) -> usize {
    match argument {
        Argument::Pointer(_) | Argument::Long(_) => 8,
        Argument::Int(_) | Argument::Float(_) => 4,
    }
}

/// A number whose first bytes are those of an argument.
fn bits(argument: &Argument) -> u64 {
    let short = |[a, b, c, d]: [u8; 4]| u64::from_ne_bytes([a, b, c, d, 0, 0, 0, 0]);
    match argument {
        Argument::Pointer(address) => *address,
        Argument::Long(number) => number.cast_unsigned(),
        Argument::Int(number) => short(number.to_ne_bytes()),
        Argument::Float(number) => short(number.to_ne_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use super::{Argument, KERNELS, bits};

    #[test]
    fn the_kernels_are_an_image_that_the_driver_reads() {
        let image = &KERNELS.0;
        assert_eq!(image.as_ptr().addr() % 64, 0);
        // What fat binaries begin with, their version, the bytes of the header and those behind it.
        let (words, halves) = (image.as_chunks::<4>().0, image.as_chunks::<2>().0);
        assert_eq!(u32::from_le_bytes(words[0]), 0xba55_ed50);
        let header = usize::from(u16::from_le_bytes(halves[3]));
        let rest = u64::from_le_bytes(image.as_chunks::<8>().0[1]) as usize;
        assert_eq!(header + rest, image.len());
    }

    #[test]
    fn the_bytes_of_an_argument_come_first() {
        let first = |argument| bits(&argument).to_ne_bytes();
        assert_eq!(first(Argument::Int(-2))[..4], (-2i32).to_ne_bytes());
        assert_eq!(first(Argument::Float(1.5))[..4], 1.5f32.to_ne_bytes());
        assert_eq!(first(Argument::Long(-2)), (-2i64).to_ne_bytes());
        assert_eq!(first(Argument::Pointer(1 << 40)), (1u64 << 40).to_ne_bytes());
    }
}
