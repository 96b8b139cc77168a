//! Sums over rows, and the work that they come with.

use crate::bench::{Bench, SIZES, assert_close, everywhere, numbers, total, wide};
use proofmark_base::math::exp;
use proofmark_gpu::kernels::chunks;
use proofmark_gpu::kernels::columns::{Back, Join, add_all, column_sums, gelu, gelu_backward};
use proofmark_gpu::memory::Buffer;

#[test]
fn columns_are_summed() {
    for (rows, width) in SIZES {
        everywhere(|bench| {
            let x = numbers(7, rows * width);
            let mut expected = vec![0f64; width];
            x.iter().enumerate().for_each(|(at, v)| expected[at % width] += f64::from(*v));
            let x = bench.typed(&x);
            let partial = bench.wide(chunks(rows) * width);
            column_sums(&*bench.gpu, x.all(), partial.all(), width).unwrap();
            let sums = total(bench, &partial, chunks(rows), width);
            assert_close("sums", &sums, &expected, 3e-6);
            vec![sums]
        });
    }
}

#[test]
fn several_sums_are_added_up_at_once() {
    for (chunks, width) in [(1, 4), (40, 100)] {
        everywhere(|bench| {
            let given: Vec<Vec<f32>> = (0..4).map(|i| numbers(30 + i, chunks * width)).collect();
            let partial: Vec<Buffer> = given.iter().map(|values| bench.of(values)).collect();
            let out: Vec<Buffer> = (0..4).map(|_| bench.of(&vec![0.5; width])).collect();
            let all: Vec<_> =
                partial.iter().map(Buffer::all).zip(out.iter().map(Buffer::all)).collect();
            // Three, and then all, so that the last has been added once.
            add_all(&*bench.gpu, &all[..3], chunks, true).unwrap();
            add_all(&*bench.gpu, &all, chunks, true).unwrap();
            let results: Vec<Vec<f32>> = out.iter().map(|buffer| bench.read(buffer)).collect();
            for (i, result) in results.iter().enumerate() {
                let times = if i < 3 { 2.0 } else { 1.0 };
                let mut expected = vec![0.5; width];
                for (at, v) in given[i].iter().enumerate() {
                    expected[at % width] += times * f64::from(*v);
                }
                assert_close("sums", result, &expected, 3e-6);
            }
            results
        });
    }
}

/// The error function by its series, or its continued fraction where that is better.
fn erf(x: f64) -> f64 {
    let a = x.abs();
    let value = if a < 3.0 {
        let mut term = a;
        let mut sum = a;
        for n in 1..200 {
            term *= -a * a / f64::from(n);
            sum += term / f64::from(2 * n + 1);
        }
        sum * 2.0 / std::f64::consts::PI.sqrt()
    } else {
        let fraction = (1..100).rev().fold(a, |below, n| a + f64::from(n) / 2.0 / below);
        1.0 - exp(-a * a) / (fraction * std::f64::consts::PI.sqrt())
    };
    value.copysign(x)
}

fn cdf(x: f64) -> f64 {
    0.5 * (1.0 + erf(x / 2f64.sqrt()))
}

#[test]
fn gelu_and_its_gradient_are_their_formulas() {
    for (rows, width) in SIZES {
        everywhere(|bench| {
            let gpu = &*bench.gpu;
            let (z, bias) = (numbers(8, rows * width), numbers(9, width));
            let dout = numbers(10, rows * width);
            let [z, dz] = [bench.typed(&z), bench.typed(&dout)];
            let bias = bench.of(&bias);
            let (out, again) = (bench.room(rows * width), bench.room(rows * width));
            let given: Vec<f64> = wide(&bench.read(&z))
                .iter()
                .zip(bench.read(&bias).iter().cycle())
                .map(|(z, bias)| z + f64::from(*bias))
                .collect();
            gelu(gpu, z.all(), bias.all(), out.all()).unwrap();
            let expected: Vec<f64> = given.iter().map(|z| z * cdf(*z)).collect();
            let result = bench.read(&out);
            bench.assert_close("gelu", &result, &expected);
            let partial = bench.wide(chunks(rows) * width);
            let from = [z.all(), bias.all()];
            gelu_backward(gpu, from, dz.all(), again.all(), partial.all()).unwrap();
            assert_eq!(bench.read(&again), result);
            let density = |z: f64| exp(-0.5 * z * z) / (2.0 * std::f64::consts::PI).sqrt();
            let slopes = given.iter().zip(&dout);
            let expected: Vec<f64> =
                slopes.map(|(z, d)| f64::from(*d) * (cdf(*z) + z * density(*z))).collect();
            let dz = bench.read(&dz);
            bench.assert_close("dz", &dz, &expected);
            let mut dbias = vec![0f64; width];
            expected.iter().enumerate().for_each(|(at, d)| dbias[at % width] += d);
            let sums = total(bench, &partial, chunks(rows), width);
            assert_close("dbias", &sums, &dbias, 1e-5);
            vec![result, dz, sums]
        });
    }
}

/// A branch of random numbers, with what there may be of LayerScale and drop path, and what becomes of it in f64.
pub struct Branch {
    tokens: usize,
    width: usize,
    y: Vec<f32>,
    bias: Vec<f32>,
    gamma: Option<Vec<f32>>,
    scales: Option<Vec<f32>>,
}

impl Branch {
    pub fn new(rows: usize, width: usize, layer_scale: bool, drops: bool) -> Self {
        let tokens = 5;
        Self {
            tokens,
            width,
            y: numbers(12, rows * width),
            bias: numbers(14, width),
            gamma: layer_scale.then(|| numbers(15, width)),
            scales: drops.then(|| (0..rows.div_ceil(tokens)).map(|i| [0.0, 1.25][i % 2]).collect()),
        }
    }

    fn scale(&self, at: usize) -> f64 {
        self.scales.as_ref().map_or(1.0, |s| f64::from(s[at / self.width / self.tokens]))
    }

    fn gamma(&self, at: usize) -> f64 {
        self.gamma.as_ref().map_or(1.0, |gamma| f64::from(gamma[at % self.width]))
    }

    fn value(&self, at: usize) -> f64 {
        f64::from(self.y[at]) + f64::from(self.bias[at % self.width])
    }

    pub fn joined(&self, x: &[f32]) -> Vec<f64> {
        let of = |at: usize| f64::from(x[at]) + self.scale(at) * self.gamma(at) * self.value(at);
        (0..x.len()).map(of).collect()
    }

    /// The gradients of y, of the bias and of gamma.
    pub fn backward(&self, dout: &[f64]) -> [Vec<f64>; 3] {
        let dy = dout.iter().enumerate().map(|(at, d)| d * self.scale(at) * self.gamma(at));
        let dy: Vec<f64> = dy.collect();
        let (mut dbias, mut dgamma) = (vec![0f64; self.width], vec![0f64; self.width]);
        for at in 0..dout.len() {
            dbias[at % self.width] += dy[at];
            dgamma[at % self.width] += dout[at] * self.scale(at) * self.value(at);
        }
        [dy, dbias, dgamma]
    }

    pub fn on(&self, bench: &Bench, chunks: usize) -> OnBench {
        OnBench {
            tokens: self.tokens,
            y: bench.typed(&self.y),
            bias: bench.of(&self.bias),
            gamma: self.gamma.as_ref().map(|gamma| bench.of(gamma)),
            scales: self.scales.as_ref().map(|scales| bench.of(scales)),
            dy: bench.room(self.y.len()),
            sums: [0; 2].map(|_| bench.wide(chunks * self.width)),
            chunks,
        }
    }
}

/// A branch on a GPU, with room for its gradients.
pub struct OnBench {
    tokens: usize,
    pub y: Buffer,
    bias: Buffer,
    gamma: Option<Buffer>,
    scales: Option<Buffer>,
    dy: Buffer,
    sums: [Buffer; 2],
    chunks: usize,
}

impl OnBench {
    pub fn join(&self) -> Join<'_> {
        Join {
            bias: self.bias.all(),
            gamma: self.gamma.as_ref().map(Buffer::all),
            scales: self.scales.as_ref().map(Buffer::all),
            tokens: self.tokens,
        }
    }

    pub fn back(&self) -> Back<'_> {
        Back { y: self.y.all(), dy: self.dy.all(), sums: self.sums.each_ref().map(Buffer::all) }
    }

    /// What was left of going back, which is what is expected.
    pub fn read_back(&self, bench: &Bench, [dy, dbias, dgamma]: &[Vec<f64>; 3]) -> Vec<Vec<f32>> {
        let mut results = vec![bench.read(&self.dy)];
        bench.assert_close("dy", &results[0], dy);
        let expected = [("dbias", dbias), ("dgamma", dgamma)];
        let there = if self.gamma.is_some() { 2 } else { 1 };
        for ((what, expected), sum) in expected.into_iter().zip(&self.sums).take(there) {
            let sums = total(bench, sum, self.chunks, expected.len());
            assert_close(what, &sums, expected, 1e-5);
            results.push(sums);
        }
        results
    }
}

/// Which of LayerScale and drop path there are, for each of the sizes.
pub const PARTS: [(bool, bool); 5] =
    [(false, false), (true, false), (false, true), (true, true), (true, true)];

#[test]
fn branches_join_with_layer_scale_and_drop_path_and_without() {
    for ((rows, width), (layer_scale, drops)) in SIZES.into_iter().zip(PARTS) {
        let branch = Branch::new(rows, width, layer_scale, drops);
        everywhere(|bench| {
            let gpu = &*bench.gpu;
            let [x, dout] = [11, 13].map(|seed| numbers(seed, rows * width));
            let there = branch.on(bench, chunks(rows));
            let out = bench.wide(rows * width);
            let given = bench.of(&x);
            there.join().forward(gpu, given.all(), there.y.all(), out.all()).unwrap();
            there.join().backward(gpu, bench.of(&dout).all(), there.back()).unwrap();
            let mut results = vec![bench.read(&out)];
            assert_close("join", &results[0], &branch.joined(&x), 1e-6);
            results.extend(there.read_back(bench, &branch.backward(&wide(&dout))));
            results
        });
    }
}
