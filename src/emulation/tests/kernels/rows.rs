//! Layer normalisation and its gradient.

use crate::bench::{Bench, SIZES, assert_close, everywhere, numbers, total, wide};
use crate::columns::{Branch, OnBench, PARTS};
use proofmark_gpu::kernels::rows::{Norm, norm_chunks};
use proofmark_gpu::memory::Buffer;

const EPS: f32 = 1e-6;

/// Normalised rows, with their moments.
fn normalised(x: &[f64], width: usize) -> (Vec<f64>, Vec<(f64, f64)>) {
    let rows = x.chunks(width).map(|row| {
        let mean = row.iter().sum::<f64>() / width as f64;
        let variance = row.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / width as f64;
        (mean, 1.0 / (variance + f64::from(EPS)).sqrt())
    });
    let moments: Vec<(f64, f64)> = rows.collect();
    let values = x.iter().enumerate().map(|(at, v)| {
        let (mean, scale) = moments[at / width];
        (v - mean) * scale
    });
    (values.collect(), moments)
}

#[test]
fn layer_normalisation_is_its_formula() {
    for (rows, width) in SIZES {
        everywhere(|bench| {
            let gpu = &*bench.gpu;
            let [x, gamma, beta] =
                [(1, rows * width), (2, width), (3, width)].map(|(seed, n)| numbers(seed, n));
            let (normal, moments) = normalised(&wide(&x), width);
            let affine =
                |at: usize| f64::from(gamma[at % width]) * normal[at] + f64::from(beta[at % width]);
            let expected: Vec<f64> = (0..rows * width).map(affine).collect();
            let [x, gamma, beta] = [&x, &gamma, &beta].map(|values| bench.of(values));
            let (out, again, kept) =
                (bench.room(rows * width), bench.room(rows * width), bench.wide(2 * rows));
            let affine = [gamma.all(), beta.all()];
            let norm = Norm { affine, eps: EPS, moments: kept.all() };
            norm.forward(gpu, x.all(), out.all()).unwrap();
            norm.again(gpu, x.all(), again.all()).unwrap();
            let result = bench.read(&out);
            bench.assert_close("norm", &result, &expected);
            assert_eq!(bench.read(&again), result);
            let flat: Vec<f64> = moments.iter().flat_map(|(mean, scale)| [*mean, *scale]).collect();
            let kept = bench.read(&kept);
            for (got, expected) in kept.iter().zip(&flat) {
                let off = (f64::from(*got) - expected).abs();
                assert!(off <= 1e-5 * expected.abs().max(1.0), "{got} for {expected}");
            }
            vec![result, kept]
        });
    }
}

/// Rows of an input and what comes back to them, and what becomes of it in f64.
struct Backward {
    x: Vec<f32>,
    gamma: Vec<f32>,
    dout: Vec<f32>,
    before: Vec<f32>,
    moments: Vec<f32>,
    /// The gradients of x (added to what was there before), gamma and beta.
    expected: [Vec<f64>; 3],
}

impl Backward {
    fn new(rows: usize, width: usize) -> Self {
        let x = numbers(1, rows * width);
        let (gamma, dout) = (numbers(2, width), numbers(4, rows * width));
        let before = numbers(5, rows * width);
        let (normal, moments) = normalised(&wide(&x), width);
        let scaled: Vec<f64> = (0..rows * width)
            .map(|at| f64::from(dout[at]) * f64::from(gamma[at % width]))
            .collect();
        let mut dx = Vec::new();
        let (mut dgamma, mut dbeta) = (vec![0f64; width], vec![0f64; width]);
        for (row, (_, scale)) in moments.iter().enumerate() {
            let of = row * width..(row + 1) * width;
            let mean = scaled[of.clone()].iter().sum::<f64>() / width as f64;
            let products = scaled[of.clone()].iter().zip(&normal[of.clone()]);
            let along = products.map(|(d, n)| d * n).sum::<f64>() / width as f64;
            for at in of {
                dgamma[at % width] += f64::from(dout[at]) * normal[at];
                dbeta[at % width] += f64::from(dout[at]);
                let gradient = (scaled[at] - mean - normal[at] * along) * scale;
                dx.push(f64::from(before[at]) + gradient);
            }
        }
        let flat = moments.iter().flat_map(|(mean, scale)| [*mean as f32, *scale as f32]);
        let (moments, expected) = (flat.collect(), [dx, dgamma, dbeta]);
        Self { x, gamma, dout, before, moments, expected }
    }

    /// Goes back on a bench, to a branch, too, if there is one.
    fn run(&self, bench: &Bench, to: Option<&OnBench>) -> Vec<Vec<f32>> {
        let gpu = &*bench.gpu;
        let [x, moments, gamma, dx] =
            [&self.x, &self.moments, &self.gamma, &self.before].map(|values| bench.of(values));
        let (dout, width) = (bench.typed(&self.dout), self.gamma.len());
        let partial = norm_chunks(self.x.len() / width);
        let sums = [0; 2].map(|_| bench.wide(partial * width));
        let of = sums.each_ref().map(Buffer::all);
        let affine = [gamma.all(), gamma.all()];
        let norm = Norm { affine, eps: EPS, moments: moments.all() };
        match to {
            None => norm.backward(gpu, dout.all(), x.all(), dx.all(), of).unwrap(),
            Some(to) => {
                let join = (to.join(), to.back());
                norm.backward_to_join(gpu, dout.all(), x.all(), dx.all(), of, join).unwrap();
            }
        }
        let [gamma, beta] = sums.map(|sum| total(bench, &sum, partial, width));
        let results = vec![bench.read(&dx), gamma, beta];
        for ((what, got), expected) in
            ["dx", "dgamma", "dbeta"].into_iter().zip(&results).zip(&self.expected)
        {
            assert_close(what, got, expected, 1e-5);
        }
        results
    }
}

#[test]
fn the_gradient_of_layer_normalisation_is_its_formula() {
    for (rows, width) in SIZES {
        let backward = Backward::new(rows, width);
        everywhere(|bench| backward.run(bench, None));
    }
}

#[test]
fn what_joins_is_normalised_at_once_and_goes_back_at_once() {
    // The last is too wide for registers.
    for ((rows, width), (layer_scale, drops)) in SIZES.into_iter().zip(PARTS) {
        let branch = Branch::new(rows, width, layer_scale, drops);
        let x = numbers(11, rows * width);
        let [gamma, beta] = [2, 3].map(|seed| numbers(seed, width));
        let joined = branch.joined(&x);
        let (normal, _) = normalised(&joined, width);
        let affine =
            |at: usize| f64::from(gamma[at % width]) * normal[at] + f64::from(beta[at % width]);
        let expected: Vec<f64> = (0..rows * width).map(affine).collect();
        let backward = Backward::new(rows, width);
        let of_branch = branch.backward(&backward.expected[0]);
        everywhere(|bench| {
            let there = branch.on(bench, norm_chunks(rows));
            let [x, gamma, beta] = [&x, &gamma, &beta].map(|values| bench.of(values));
            let [sum, moments] = [rows * width, 2 * rows].map(|len| bench.wide(len));
            let out = bench.room(rows * width);
            let affine = [gamma.all(), beta.all()];
            let norm = Norm { affine, eps: EPS, moments: moments.all() };
            let from = [x.all(), there.y.all()];
            norm.of_join(&*bench.gpu, there.join(), from, sum.all(), out.all()).unwrap();
            let mut results = [&sum, &out, &moments].map(|buffer| bench.read(buffer)).to_vec();
            assert_close("joined", &results[0], &joined, 1e-6);
            bench.assert_close("normalised", &results[1], &expected);
            results.extend(backward.run(bench, Some(&there)));
            results.extend(there.read_back(bench, &of_branch));
            results
        });
    }
}
