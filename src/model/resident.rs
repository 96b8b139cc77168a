//! Values of parameters that lie on a GPU, one parameter behind the other.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use candle_core::{Device, Tensor};

use super::failed::failed;
use super::spec::ParamSpec;
use proofmark_gpu::error::Result;
use proofmark_gpu::gpu::Gpu;
use proofmark_gpu::kernels::steps::{PIECE, cast};
use proofmark_gpu::kind::Kind;
use proofmark_gpu::memory::{Buffer, Slice};

/// Where each of some parameters lies among the numbers of all of them: each begins at a multiple of [`PIECE`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Places {
    ranges: BTreeMap<String, Range<usize>>,
    len: usize,
}

impl Places {
    /// The parameters in order.
    pub fn new<'a>(specs: impl IntoIterator<Item = &'a ParamSpec>) -> Self {
        let mut places = Self::default();
        for spec in specs {
            let end = places.len + spec.count();
            places.ranges.insert(spec.name.clone(), places.len..end);
            places.len = end.next_multiple_of(PIECE);
        }
        places
    }

    /// Numbers of all parameters, with what lies between them.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are no parameters.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Where a parameter lies, if it is one of these.
    pub fn find(&self, name: &str) -> Option<Range<usize>> {
        self.ranges.get(name).cloned()
    }

    /// Where a parameter lies. Panics if there is none of that name: that would be a mistake of ours.
    pub fn of(&self, name: &str) -> Range<usize> {
        match self.find(name) {
            Some(range) => range,
            None => panic!("no parameter `{name}` lies on the GPU"),
        }
    }

    /// Names and places.
    pub fn all(&self) -> impl Iterator<Item = (&str, Range<usize>)> {
        self.ranges.iter().map(|(name, range)| (name.as_str(), range.clone()))
    }
}

/// Values of parameters on a GPU.
#[derive(Debug)]
pub struct Resident {
    gpu: Arc<dyn Gpu>,
    places: Arc<Places>,
    values: Buffer,
    /// Counts how often they may have changed.
    changes: AtomicU64,
}

impl Resident {
    /// Zeros.
    ///
    /// # Errors
    /// The GPU has no room for them.
    pub fn zeros(gpu: &Arc<dyn Gpu>, places: Arc<Places>) -> Result<Self> {
        let values = zeros(gpu, places.len())?;
        Ok(Self { gpu: Arc::clone(gpu), places, values, changes: AtomicU64::new(1) })
    }

    /// The GPU.
    pub fn gpu(&self) -> &Arc<dyn Gpu> {
        &self.gpu
    }

    /// Where each parameter lies.
    pub fn places(&self) -> &Arc<Places> {
        &self.places
    }

    /// All values, to read.
    pub fn values(&self) -> Slice<'_> {
        self.values.all()
    }

    /// All values, to write.
    pub fn change(&self) -> Slice<'_> {
        self.changes.fetch_add(1, Ordering::Relaxed);
        self.values.all()
    }

    /// A number that is another one after every [`Resident::change`].
    pub fn version(&self) -> u64 {
        self.changes.load(Ordering::Relaxed)
    }

    /// The same values in memory of their own.
    ///
    /// # Errors
    /// The GPU has no room for them.
    pub fn copy(&self) -> Result<Self> {
        let copy = Self::zeros(&self.gpu, Arc::clone(&self.places))?;
        copy.set(self)?;
        Ok(copy)
    }

    /// Takes over the values of others at the same places.
    ///
    /// # Errors
    /// Those of the GPU.
    pub fn set(&self, other: &Self) -> Result<()> {
        cast(&*self.gpu, other.values(), self.change())
    }

    /// The values of a parameter, to read.
    pub fn get(&self, name: &str) -> Slice<'_> {
        self.values().part(self.places.of(name))
    }
}

/// Gradients of parameters, and whether they are added to.
#[derive(Clone, Copy, Debug)]
pub struct Sums<'a> {
    places: &'a Places,
    values: Slice<'a>,
    /// Whether what is found is added to what is there.
    pub add: bool,
}

impl<'a> Sums<'a> {
    /// Those of parameters at these places.
    pub fn new(places: &'a Places, values: Slice<'a>, add: bool) -> Self {
        Self { places, values, add }
    }

    /// Where the gradient of a parameter is to be.
    pub fn of(&self, name: &str) -> Slice<'a> {
        self.values.part(self.places.of(name))
    }
}

/// Numbers on a GPU that are zero.
///
/// # Errors
/// The GPU has no room for them.
pub fn zeros(gpu: &Arc<dyn Gpu>, len: usize) -> Result<Buffer> {
    // In pieces, so that the host needs no room for all of them.
    const AT_A_TIME: usize = 4 << 20;
    let buffer = Buffer::new(gpu, Kind::F32, len)?;
    let zeros = vec![0f32; len.min(AT_A_TIME)];
    for first in (0..len).step_by(AT_A_TIME) {
        let range = first..(first + AT_A_TIME).min(len);
        buffer.all().part(range.clone()).set(&**gpu, &zeros[..range.len()])?;
    }
    Ok(buffer)
}

/// Numbers on a GPU as a tensor of this shape on the CPU.
///
/// # Errors
/// Those of reading.
pub fn tensor(gpu: &dyn Gpu, numbers: Slice<'_>, shape: &[usize]) -> candle_core::Result<Tensor> {
    let values = numbers.get(gpu).map_err(failed)?;
    Tensor::from_vec(values, shape, &Device::Cpu)
}
