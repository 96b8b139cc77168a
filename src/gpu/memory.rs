//! Memory of a GPU that is freed when it is dropped, and parts of it.

use std::marker::PhantomData;
use std::ops::Range;
use std::slice;
use std::sync::Arc;

use super::error::Result;
use super::gpu::Gpu;
use super::kind::Kind;

/// Memory of a GPU.
#[derive(Debug)]
pub struct Buffer {
    gpu: Arc<dyn Gpu>,
    address: u64,
    len: usize,
    kind: Kind,
}

/// Numbers within a [`Buffer`]. Like memory of the GPU, it is written through whoever holds it.
#[derive(Clone, Copy, Debug)]
pub struct Slice<'b> {
    /// Where they begin.
    pub(crate) address: u64,
    /// How many they are.
    pub len: usize,
    /// What they are kept as.
    pub kind: Kind,
    of: PhantomData<&'b Buffer>,
}

impl Buffer {
    /// Room for so many numbers, which are unspecified.
    ///
    /// # Errors
    /// There is not so much memory.
    pub fn new(gpu: &Arc<dyn Gpu>, kind: Kind, len: usize) -> Result<Self> {
        if len == 0 {
            return Ok(Self::empty(gpu, kind));
        }
        let address = gpu.allocate(len * kind.size())?;
        Ok(Self { gpu: Arc::clone(gpu), address, len, kind })
    }

    /// Without room yet.
    pub fn empty(gpu: &Arc<dyn Gpu>, kind: Kind) -> Self {
        Self { gpu: Arc::clone(gpu), address: 0, len: 0, kind }
    }

    /// Room in f32 for these numbers, with them.
    ///
    /// # Errors
    /// There is not so much memory, and those of copying.
    pub fn of(gpu: &Arc<dyn Gpu>, values: &[f32]) -> Result<Self> {
        let buffer = Self::new(gpu, Kind::F32, values.len())?;
        buffer.all().set(&**gpu, values)?;
        Ok(buffer)
    }

    /// Makes it at least so long. What it holds is unspecified if it was shorter.
    ///
    /// # Errors
    /// There is not so much memory.
    pub fn fit(&mut self, len: usize) -> Result<()> {
        if self.len < len {
            // What was there goes first: there may not be room for both.
            *self = Self::empty(&self.gpu, self.kind);
            *self = Self::new(&self.gpu, self.kind, len)?;
        }
        Ok(())
    }

    /// All of it.
    pub fn all(&self) -> Slice<'_> {
        Slice { address: self.address, len: self.len, kind: self.kind, of: PhantomData }
    }

    /// The first numbers of it.
    pub fn first(&self, len: usize) -> Slice<'_> {
        self.all().part(0..len)
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        if self.len > 0 {
            // SAFETY: it was allocated for this buffer, whose slices cannot outlive it.
            unsafe { self.gpu.free(self.address) };
        }
    }
}

impl<'b> Slice<'b> {
    /// Some of the numbers. Panics beyond them: that would be a mistake of ours.
    #[must_use]
    pub fn part(self, range: Range<usize>) -> Slice<'b> {
        assert!(range.start <= range.end && range.end <= self.len, "{range:?} of {}", self.len);
        let address = self.address + (range.start * self.kind.size()) as u64;
        Slice { address, len: range.len(), ..self }
    }

    /// Writes f32 numbers into it.
    ///
    /// # Errors
    /// Those of copying.
    pub fn set(self, gpu: &dyn Gpu, values: &[f32]) -> Result<()> {
        assert_eq!((self.kind, self.len), (Kind::F32, values.len()), "what is written");
        // SAFETY: the numbers are as many bytes, which may be anything.
        let bytes = unsafe { slice::from_raw_parts(values.as_ptr().cast(), size_of_val(values)) };
        // SAFETY: the slice lies within a live buffer, and has as many bytes.
        unsafe { gpu.upload(self.address, bytes) }
    }

    /// Writes bytes into it.
    ///
    /// # Errors
    /// Those of copying.
    pub fn set_bytes(self, gpu: &dyn Gpu, bytes: &[u8]) -> Result<()> {
        assert_eq!((self.kind, self.len), (Kind::Byte, bytes.len()), "what is written");
        // SAFETY: the slice lies within a live buffer, and has as many bytes.
        unsafe { gpu.upload(self.address, bytes) }
    }

    /// Reads f32 numbers from it.
    ///
    /// # Errors
    /// Those of copying, and of all that was asked for before.
    pub fn get(self, gpu: &dyn Gpu) -> Result<Vec<f32>> {
        assert_eq!(self.kind, Kind::F32, "what is read");
        let mut values = vec![0f32; self.len];
        let size = size_of_val(values.as_slice());
        // SAFETY: the numbers are as many bytes, and all bytes are numbers.
        let bytes = unsafe { slice::from_raw_parts_mut(values.as_mut_ptr().cast(), size) };
        // SAFETY: the slice lies within a live buffer, and has as many bytes.
        unsafe { gpu.download(self.address, bytes) }?;
        Ok(values)
    }

    /// Reads bf16 numbers from it.
    ///
    /// # Errors
    /// Those of copying, and of all that was asked for before.
    pub fn get_half(self, gpu: &dyn Gpu) -> Result<Vec<f32>> {
        assert_eq!(self.kind, Kind::Bf16, "what is read");
        let bytes = self.bytes(gpu)?;
        let numbers = bytes.as_chunks::<2>().0.iter();
        Ok(numbers.map(|b| f32::from_bits(u32::from(u16::from_ne_bytes(*b)) << 16)).collect())
    }

    /// Reads f64 numbers from it.
    ///
    /// # Errors
    /// Those of copying, and of all that was asked for before.
    pub fn get_wide(self, gpu: &dyn Gpu) -> Result<Vec<f64>> {
        assert_eq!(self.kind, Kind::F64, "what is read");
        let bytes = self.bytes(gpu)?;
        let numbers = bytes.as_chunks::<8>().0.iter();
        Ok(numbers.map(|bytes| f64::from_ne_bytes(*bytes)).collect())
    }

    fn bytes(self, gpu: &dyn Gpu) -> Result<Vec<u8>> {
        let mut bytes = vec![0; self.len * self.kind.size()];
        // SAFETY: the slice lies within a live buffer, and has as many bytes.
        unsafe { gpu.download(self.address, &mut bytes) }?;
        Ok(bytes)
    }
}
