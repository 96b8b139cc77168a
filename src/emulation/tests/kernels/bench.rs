//! What the tests of kernels stand on: a GPU, numbers on it, and how near results are to what is expected. With the
//! feature `cuda` it is the first NVIDIA GPU, and what is the same in both orders is the same twice.

use std::sync::Arc;

use proofmark_emulation::Order;
use proofmark_gpu::gpu::Gpu;
use proofmark_gpu::kernels::columns::add_up;
use proofmark_gpu::kernels::steps::cast;
use proofmark_gpu::kind::Kind;
use proofmark_gpu::memory::Buffer;

/// Rows and widths that kernels are tried with.
pub const SIZES: [(usize, usize); 5] = [(1, 4), (3, 20), (37, 132), (131, 64), (150, 1092)];
const KINDS: [Kind; 2] = [Kind::F32, Kind::Bf16];

/// A GPU that works in this order.
#[cfg(not(feature = "cuda"))]
pub fn gpu(order: Order) -> Arc<dyn Gpu> {
    Arc::new(proofmark_emulation::Emulation::new(order))
}

/// The GPU that all tests share.
#[cfg(feature = "cuda")]
pub fn gpu(_order: Order) -> Arc<dyn Gpu> {
    use proofmark_gpu::cuda::open;
    static SHARED: std::sync::OnceLock<Arc<dyn Gpu>> = std::sync::OnceLock::new();
    Arc::clone(SHARED.get_or_init(|| open(0).unwrap()))
}

/// A GPU, and what is put on it and read from it.
pub struct Bench {
    pub gpu: Arc<dyn Gpu>,
    kind: Kind,
}

impl Bench {
    fn new(kind: Kind, order: Order) -> Self {
        Self { gpu: gpu(order), kind }
    }

    pub fn of(&self, values: &[f32]) -> Buffer {
        Buffer::of(&self.gpu, values).unwrap()
    }

    /// In the kind of the bench.
    pub fn typed(&self, values: &[f32]) -> Buffer {
        let wide = self.of(values);
        let buffer = self.room(values.len());
        cast(&*self.gpu, wide.all(), buffer.all()).unwrap();
        buffer
    }

    pub fn room(&self, len: usize) -> Buffer {
        Buffer::new(&self.gpu, self.kind, len).unwrap()
    }

    pub fn wide(&self, len: usize) -> Buffer {
        Buffer::new(&self.gpu, Kind::F32, len).unwrap()
    }

    /// What a buffer of any kind holds.
    pub fn read(&self, buffer: &Buffer) -> Vec<f32> {
        let slice = buffer.all();
        match slice.kind {
            Kind::F32 => slice.get(&*self.gpu).unwrap(),
            Kind::Bf16 => slice.get_half(&*self.gpu).unwrap(),
            Kind::F64 | Kind::Byte => panic!("{:?} are no numbers to read here", slice.kind),
        }
    }

    /// How far a result may be off, relative to the largest number.
    fn tolerance(&self) -> f64 {
        match self.kind {
            Kind::F32 => 3e-6,
            // Half of the last place of eight bits.
            Kind::Bf16 | Kind::F64 | Kind::Byte => 4e-3,
        }
    }

    /// A result is the expected one.
    pub fn assert_close(&self, what: &str, got: &[f32], expected: &[f64]) {
        assert_close(what, got, expected, self.tolerance());
    }
}

pub fn assert_close(what: &str, got: &[f32], expected: &[f64], tolerance: f64) {
    assert_eq!(got.len(), expected.len(), "{what}");
    let top = expected.iter().fold(1e-3f64, |top, v| top.max(v.abs()));
    for (at, (got, expected)) in got.iter().zip(expected).enumerate() {
        let off = (f64::from(*got) - expected).abs() / top;
        assert!(off <= tolerance, "{what} at {at}: {got} for {expected}");
    }
}

/// Numbers about zero, which bf16 has, too: results differ by what is computed alone.
pub fn numbers(seed: u64, len: usize) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let value = (state >> 40) as f32 / (1u64 << 24) as f32 * 4.0 - 2.0;
        f32::from_bits(value.to_bits() & 0xffff_0000)
    };
    std::iter::repeat_with(next).take(len).collect()
}

pub fn wide(values: &[f32]) -> Vec<f64> {
    values.iter().map(|v| f64::from(*v)).collect()
}

/// Runs something on benches of both kinds and orders; what it returns is equal in both orders.
pub fn everywhere(run: impl Fn(&Bench) -> Vec<Vec<f32>>) {
    KINDS.into_iter().for_each(|kind| in_both_orders(kind, &run));
}

/// The same of what is there in bf16 alone.
pub fn halves(run: impl Fn(&Bench) -> Vec<Vec<f32>>) {
    in_both_orders(Kind::Bf16, run);
}

/// The same of what is there in f32 alone.
pub fn in_f32(run: impl Fn(&Bench) -> Vec<Vec<f32>>) {
    in_both_orders(Kind::F32, run);
}

fn in_both_orders(kind: Kind, run: impl Fn(&Bench) -> Vec<Vec<f32>>) {
    let [forwards, backwards] = [Order::Forwards, Order::Backwards].map(|order| {
        let results = run(&Bench::new(kind, order));
        let bits = |values: Vec<f32>| values.into_iter().map(f32::to_bits).collect::<Vec<_>>();
        results.into_iter().map(bits).collect::<Vec<_>>()
    });
    assert!(!forwards.is_empty() && forwards == backwards, "{kind:?}: the order counts");
}

/// Sums of partial rows.
pub fn total(bench: &Bench, partial: &Buffer, chunks: usize, width: usize) -> Vec<f32> {
    let out = bench.of(&vec![0.5; width]);
    add_up(&*bench.gpu, partial.all(), chunks, out.all(), false).unwrap();
    add_up(&*bench.gpu, partial.all(), chunks, out.all(), true).unwrap();
    bench.read(&out).into_iter().map(|twice| twice / 2.0).collect()
}
