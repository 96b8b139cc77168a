//! Matrix products by cuBLAS, always with the same bytes: in one stream, with a workspace of their own, without
//! atomics, and with sums in f32.

use std::collections::BTreeMap;
use std::ffi::c_void;
use std::sync::Arc;

use cudarc::cublas::result::{self as blas, CublasError};
use cudarc::cublas::sys;
use cudarc::driver::result;

use super::context::Context;
use super::said;
use super::staging::Staging;
use crate::error::{GpuError, Result};
use crate::gemm::{Batch, Columns, Gemm, call};
use crate::kind::Kind;
use crate::product::{Factors, Operand, Product};

/// Bytes in which cuBLAS keeps parts of sums; it asks for 32 MiB on Hopper, and for less on others.
const WORKSPACE: usize = 64 << 20;
/// How many lists of places are kept; a network has some tens.
const LISTS: usize = 4096;
/// cuBLAS chooses the kernel.
const CHOSEN: sys::cublasGemmAlgo_t = sys::cublasGemmAlgo_t::CUBLAS_GEMM_DEFAULT;

/// cuBLAS on a GPU.
#[derive(Debug)]
pub struct Products {
    handle: sys::cublasHandle_t,
    workspace: u64,
    /// Where on the GPU the addresses of the matrices of scattered products are listed. What is in a list follows
    /// from its key, so that it stays true whatever becomes of the memory.
    lists: BTreeMap<Key, u64>,
    context: Arc<Context>,
}

/// By what the addresses of matrices are found: the first of each operand, how far they are apart, how many they are.
type Key = ([(u64, usize, [usize; 2]); 3], [usize; 2]);

// SAFETY: cuBLAS lets any thread use a handle, one at a time, and nothing else has it.
unsafe impl Send for Products {}

impl Products {
    /// For a context that is bound. cuBLAS is there.
    pub fn new(context: &Arc<Context>) -> Result<Self> {
        let handle = blas::create_handle().map_err(said::blas("begin cuBLAS"))?;
        let context = Arc::clone(context);
        let mut made = Self { handle, workspace: 0, lists: BTreeMap::new(), context };
        // SAFETY: what comes is only handed to cuBLAS.
        let workspace = unsafe { result::malloc_sync(WORKSPACE) };
        made.workspace = workspace.map_err(said::driver("give cuBLAS its workspace"))?;
        made.set_up().map_err(said::blas("set cuBLAS up"))?;
        Ok(made)
    }

    fn set_up(&self) -> std::result::Result<(), CublasError> {
        let math = sys::cublasMath_t::CUBLAS_MATH_DISALLOW_REDUCED_PRECISION_REDUCTION;
        let atomics = sys::cublasAtomicsMode_t::CUBLAS_ATOMICS_NOT_ALLOWED;
        let pointers = sys::cublasPointerMode_t::CUBLAS_POINTER_MODE_HOST;
        // The stream first: setting it takes the workspace away.
        // SAFETY: the handle was made, the stream is of the same context, and the workspace is as long as it says.
        unsafe {
            blas::set_stream(self.handle, self.context.stream().cast())?;
            sys::cublasSetWorkspace_v2(self.handle, pointer(self.workspace), WORKSPACE).result()?;
            sys::cublasSetMathMode(self.handle, math).result()?;
            sys::cublasSetAtomicsMode(self.handle, atomics).result()?;
            sys::cublasSetPointerMode_v2(self.handle, pointers).result()
        }
    }

    /// Starts a product on the stream of the context, which is bound.
    ///
    /// # Safety
    /// The matrices are allocated, and not freed before the product is done.
    pub unsafe fn product(&mut self, asked: &Product, staging: &mut Staging) -> Result<()> {
        let gemm = call(asked);
        if gemm.sizes[0] * gemm.sizes[1] * gemm.batch[0] * gemm.batch[1] == 0 {
            return Ok(());
        }
        let list = match gemm.together() {
            Batch::Even(..) => 0,
            Batch::Scattered => self.list(&gemm, staging)?,
        };
        let shape = Shape::of(&gemm)?;
        // SAFETY: the handle is this one's, and the list has the places of this product; the rest is the caller's.
        let started = unsafe { shape.start(self.handle, &gemm, list) };
        started.map_err(said::blas(doing(asked)))
    }

    /// Where the places of a product's matrices are listed on the GPU.
    fn list(&mut self, gemm: &Gemm, staging: &mut Staging) -> Result<u64> {
        let of = |Operand { address, kind, apart, .. }| (address, kind.size(), apart);
        let key = ([gemm.first.lies, gemm.second.lies, gemm.out.lies].map(of), gemm.batch);
        if let Some(list) = self.lists.get(&key) {
            return Ok(*list);
        }
        if self.lists.len() == LISTS {
            self.forget();
        }
        let places: Vec<u8> = gemm.places().into_iter().flat_map(u64::to_ne_bytes).collect();
        let failed = || said::driver("list the matrices of a product");
        // SAFETY: what comes is written to before it is read.
        let list = unsafe { result::malloc_sync(places.len()) }.map_err(failed())?;
        // Kept first, so that it is freed whatever happens; it is of no use if it was not filled.
        self.lists.insert(key, list);
        // SAFETY: it is as long as the bytes.
        unsafe { staging.upload(list, &places) }.inspect_err(|_| self.forget()).map_err(failed())?;
        Ok(list)
    }

    /// Frees all lists, when all that uses them is done.
    fn forget(&mut self) {
        let _done = self.context.wait();
        while let Some((_, list)) = self.lists.pop_first() {
            // SAFETY: it was allocated by this, and is not used any more.
            let _freed = unsafe { result::free_sync(list) };
        }
    }
}

impl Drop for Products {
    fn drop(&mut self) {
        if self.context.bind().is_err() {
            return;
        }
        let _done = self.context.wait();
        // SAFETY: it was made by this, and is not used any more; neither is the workspace afterwards.
        let _destroyed = unsafe { blas::destroy_handle(self.handle) };
        if self.workspace != 0 {
            // SAFETY: as above.
            let _freed = unsafe { result::free_sync(self.workspace) };
        }
        self.forget();
    }
}

/// What is asked for, as an error says it after "cannot".
pub fn doing(asked: &Product) -> String {
    let [m, n, k] = asked.sizes.sizes;
    let [outer, inner] = asked.sizes.batch;
    let word = |kind: Kind| format!("{kind:?}").to_lowercase();
    let from = match (asked.a.kind, asked.sizes.factors) {
        (Kind::F32, Factors::Tf32) => "tf32".to_owned(),
        (kind, _) => word(kind),
    };
    let to = word(asked.out.kind);
    format!("multiply ({m}, {k}) by ({k}, {n}) {outer} x {inner} times, from {from} to {to}")
}

/// The sizes and kinds of a product in the words of cuBLAS.
struct Shape {
    /// Rows, columns, inner dimension.
    sizes: [i32; 3],
    /// Numbers from column to column of the factors and the result.
    leading: [i32; 3],
    count: i32,
    factors: sys::cudaDataType,
    out: sys::cudaDataType,
    compute: sys::cublasComputeType_t,
}

impl Shape {
    fn of(gemm: &Gemm) -> Result<Self> {
        let number = |number: usize| {
            let why = || GpuError::new("multiply", format!("{number} is more than cuBLAS counts"));
            i32::try_from(number).map_err(|_| why())
        };
        let numbers = |[a, b, c]: [usize; 3]| Ok([number(a)?, number(b)?, number(c)?]);
        let kind = |kind: Kind| match kind {
            Kind::F32 => Ok(sys::cudaDataType::CUDA_R_32F),
            Kind::Bf16 => Ok(sys::cudaDataType::CUDA_R_16BF),
            Kind::F64 | Kind::Byte => {
                Err(GpuError::new("multiply", format!("there are no products in {kind:?}")))
            }
        };
        let from = gemm.first.lies.kind;
        let compute = match (from, gemm.factors) {
            (Kind::F32, Factors::Tf32) => sys::cublasComputeType_t::CUBLAS_COMPUTE_32F_FAST_TF32,
            (Kind::F32, Factors::F32) | (Kind::Bf16 | Kind::F64 | Kind::Byte, _) => {
                sys::cublasComputeType_t::CUBLAS_COMPUTE_32F
            }
        };
        Ok(Self {
            sizes: numbers(gemm.sizes)?,
            leading: numbers([gemm.first, gemm.second, gemm.out].map(|m| m.lies.stride))?,
            count: number(gemm.batch[0] * gemm.batch[1])?,
            factors: kind(from)?,
            out: kind(gemm.out.lies.kind)?,
            compute,
        })
    }

    /// # Safety
    /// The handle's context is bound; the matrices are allocated; where they are scattered, `list` has their places.
    unsafe fn start(
        &self,
        handle: sys::cublasHandle_t,
        gemm: &Gemm,
        list: u64,
    ) -> std::result::Result<(), CublasError> {
        let [m, n, k] = self.sizes;
        let [lda, ldb, ldc] = self.leading;
        let [first, second] = [gemm.first, gemm.second].map(operation);
        let at = [gemm.first, gemm.second, gemm.out].map(|m| pointer(m.lies.address));
        let alpha: *const c_void = (&raw const gemm.alpha).cast();
        let beta: *const c_void = (&raw const gemm.beta).cast();
        let (factors, out, compute) = (self.factors, self.out, self.compute);
        match gemm.together() {
            // SAFETY: the caller's; both numbers live until this returns, by which cuBLAS has read them.
            Batch::Even(1, _) => unsafe {
                blas::gemm_ex(
                    handle, first, second, m, n, k, alpha, at[0], factors, lda, at[1], factors,
                    ldb, beta, at[2], out, ldc, compute, CHOSEN,
                )
            },
            // SAFETY: as above.
            Batch::Even(_, apart) => unsafe {
                // Lengths of memory fit.
                let [a, b, c] = apart.map(|apart| apart as i64);
                blas::gemm_strided_batched_ex(
                    handle, first, second, m, n, k, alpha, at[0], factors, lda, a, at[1], factors,
                    ldb, b, beta, at[2], out, ldc, c, self.count, compute, CHOSEN,
                )
            },
            Batch::Scattered => {
                let each = self.count as u64 * size_of::<u64>() as u64;
                let [a, b, c] = [0, 1, 2].map(|of| pointer(list + of * each));
                // SAFETY: as above; each list has as many places as there are products.
                unsafe {
                    sys::cublasGemmBatchedEx(
                        handle,
                        first,
                        second,
                        m,
                        n,
                        k,
                        alpha,
                        a.cast(),
                        factors,
                        lda,
                        b.cast(),
                        factors,
                        ldb,
                        beta,
                        c.cast(),
                        out,
                        ldc,
                        self.count,
                        compute,
                        CHOSEN,
                    )
                    .result()
                }
            }
        }
    }
}

fn operation(matrix: Columns) -> sys::cublasOperation_t {
    match matrix.transposed {
        true => sys::cublasOperation_t::CUBLAS_OP_T,
        false => sys::cublasOperation_t::CUBLAS_OP_N,
    }
}

/// An address of the GPU's as cuBLAS takes it.
fn pointer(address: u64) -> *mut c_void {
    std::ptr::without_provenance_mut(address as usize)
}
