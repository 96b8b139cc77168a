//! What a GPU has to be able to do.

use std::fmt::Debug;

use super::error::Result;
use super::lane::Lane;
use super::product::Product;

/// One argument of a kernel.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Argument {
    /// An address in the GPU's memory; 0 for none.
    Pointer(u64),
    /// A C `int`.
    Int(i32),
    /// A C `long long`.
    Long(i64),
    /// A C `float`.
    Float(f32),
}

/// How many blocks of a kernel run, and of how many threads.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Grid {
    /// Blocks, in x and y.
    pub blocks: [u32; 2],
    /// Threads of a block, a multiple of 32.
    pub threads: u32,
}

/// Memory, kernels and matrix products. Work is done in the order in which it is asked for, but for what goes
/// by a [`Lane`].
///
/// # Safety
/// Of all unsafe methods: addresses are of memory that [`Gpu::allocate`] of the same GPU gave and that was not
/// freed, and what is read or written lies within it.
pub trait Gpu: Debug + Send + Sync {
    /// What it is, for people.
    fn name(&self) -> String;

    /// Its number among the machine's, if it is a card of one.
    fn number(&self) -> Option<usize>;

    /// The address of memory of this size, at a multiple of 256. What it holds is unspecified.
    ///
    /// # Errors
    /// There is not so much.
    fn allocate(&self, bytes: usize) -> Result<u64>;

    /// Gives memory back.
    ///
    /// # Safety
    /// See [`Gpu`]; nothing uses it afterwards.
    unsafe fn free(&self, address: u64);

    /// Copies bytes to the GPU.
    ///
    /// # Safety
    /// See [`Gpu`].
    ///
    /// # Errors
    /// Those of the driver, of earlier work, too.
    unsafe fn upload(&self, to: u64, bytes: &[u8]) -> Result<()>;

    /// A way for data to it beside its work.
    ///
    /// # Errors
    /// Those of the driver.
    fn lane(&self) -> Result<Box<dyn Lane>>;

    /// Copies bytes from the GPU, when all that was asked for before is done.
    ///
    /// # Safety
    /// See [`Gpu`].
    ///
    /// # Errors
    /// Those of the driver, of earlier work, too.
    unsafe fn download(&self, from: u64, bytes: &mut [u8]) -> Result<()>;

    /// Starts a kernel of `kernels/entries.cu`.
    ///
    /// # Safety
    /// See [`Gpu`]; the arguments are those that the kernel takes.
    ///
    /// # Errors
    /// Those of the driver.
    unsafe fn launch(&self, kernel: &str, grid: Grid, arguments: &[Argument]) -> Result<()>;

    /// Computes a matrix product.
    ///
    /// # Safety
    /// See [`Gpu`].
    ///
    /// # Errors
    /// Those of the library of products.
    unsafe fn product(&self, product: &Product) -> Result<()>;
}
