//! Batch normalisation, its gradient, and what is behind it.

use crate::bench::{assert_close, in_f32, numbers, wide};
use proofmark_base::math::exp;
use proofmark_gpu::kernels::batch::{Activation, Affine, Backward, Batch};

const EPS: f64 = 1e-3;
/// One row; fewer rows than threads; several chunks, of which the last is short; several tiles.
const SIZES: [(usize, usize); 5] = [(1, 4), (7, 20), (3000, 24), (700, 148), (33, 1632)];
const ACTIVATIONS: [Activation; 3] = [Activation::Identity, Activation::Silu, Activation::Relu];

fn sigmoid(n: f64) -> f64 {
    1.0 / (1.0 + exp(-n))
}

/// Values behind a norm, and their slopes.
fn activated(n: f64, activation: Activation) -> (f64, f64) {
    match activation {
        Activation::Identity => (n, 1.0),
        Activation::Silu => {
            let s = sigmoid(n);
            (n * s, s * (1.0 + n * (1.0 - s)))
        }
        Activation::Relu => (n.max(0.0), f64::from(u8::from(n > 0.0))),
    }
}

/// Of every channel mean and variance.
fn moments(x: &[f64], channels: usize) -> [Vec<f64>; 2] {
    let rows = (x.len() / channels) as f64;
    let sum = |c: usize, f: &dyn Fn(f64) -> f64| -> f64 {
        x.iter().skip(c).step_by(channels).map(|v| f(*v)).sum::<f64>() / rows
    };
    let mean: Vec<f64> = (0..channels).map(|c| sum(c, &|v| v)).collect();
    let variance = (0..channels).map(|c| sum(c, &|v| (v - mean[c]).powi(2))).collect();
    [mean, variance]
}

/// Rows that do not lie about zero.
fn rows(seed: u64, len: usize) -> Vec<f32> {
    numbers(seed, len).into_iter().enumerate().map(|(i, v)| v + 20.0 * (i % 4) as f32).collect()
}

#[test]
fn moments_are_those_of_all_rows() {
    for (rows_of, channels) in SIZES {
        let x = rows(1, rows_of * channels);
        let [mean, variance] = moments(&wide(&x), channels);
        let batch = Batch { rows: rows_of, channels };
        in_f32(|bench| {
            let gpu = &*bench.gpu;
            let (x, room) = (bench.of(&x), bench.wide(batch.partial()));
            let (found, known) = (bench.wide(3 * channels), bench.wide(3 * channels));
            batch.moments(gpu, x.all(), room.all(), found.all(), EPS as f32).unwrap();
            let given = found.all().part(0..channels);
            let spread = found.all().part(channels..2 * channels);
            batch.known(gpu, [given, spread], known.all(), EPS as f32).unwrap();
            let results = bench.read(&found);
            assert_eq!(bench.read(&known), results);
            assert_close("mean", &results[..channels], &mean, 1e-6);
            assert_close("variance", &results[channels..2 * channels], &variance, 3e-6);
            let scale: Vec<f64> = variance.iter().map(|v| 1.0 / (v + EPS).sqrt()).collect();
            assert_close("scale", &results[2 * channels..], &scale, 3e-6);

            let running = [2, 3].map(|seed| numbers(seed, channels));
            let of = running.each_ref().map(|values| bench.of(values));
            let to = [of[0].all(), of[1].all()];
            batch.move_towards(gpu, found.all(), to, 0.25).unwrap();
            let unbiased = rows_of as f64 / (rows_of as f64 - 1.0).max(1.0);
            let moved = [(&mean, 1.0), (&variance, unbiased)].into_iter().zip(&running);
            for (((now, factor), before), of) in moved.zip(&of) {
                let moved = now.iter().zip(before);
                let moved: Vec<f64> =
                    moved.map(|(n, b)| 0.75 * f64::from(*b) + 0.25 * factor * n).collect();
                assert_close("running", &bench.read(of), &moved, 3e-6);
            }
            vec![results]
        });
    }
}

#[test]
fn norms_and_their_gradients_are_their_formulas() {
    let ways =
        ACTIVATIONS.into_iter().flat_map(|activation| [(activation, true), (activation, false)]);
    for ((rows_of, channels), (activation, own)) in
        SIZES.into_iter().skip(1).flat_map(|sizes| ways.clone().map(move |way| (sizes, way)))
    {
        let len = rows_of * channels;
        let (x, dout, there) = (rows(4, len), numbers(5, len), numbers(6, len));
        let [gamma, beta] = [7, 8].map(|seed| numbers(seed, channels));
        let all = wide(&x);
        let [mean, variance] =
            if own { moments(&all, channels) } else { [vec![0.5; channels], vec![2.0; channels]] };
        let scale = |c: usize| 1.0 / (variance[c] + EPS).sqrt();
        let (mut out, mut d, mut normal) = (vec![0.0; len], vec![0.0; len], vec![0.0; len]);
        let [mut dbeta, mut dgamma] = [vec![0.0; channels], vec![0.0; channels]];
        for at in 0..len {
            let c = at % channels;
            normal[at] = (all[at] - mean[c]) * scale(c);
            let n = normal[at] * f64::from(gamma[c]) + f64::from(beta[c]);
            let (value, slope) = activated(n, activation);
            (out[at], d[at]) = (value, slope * f64::from(dout[at]));
            dbeta[c] += d[at];
            dgamma[c] += d[at] * normal[at];
        }
        let count = if own { rows_of as f64 } else { f64::INFINITY };
        let dx: Vec<f64> = (0..len)
            .map(|at| {
                let c = at % channels;
                let less = dbeta[c] / count + normal[at] * dgamma[c] / count;
                f64::from(there[at]) + f64::from(gamma[c]) * scale(c) * (d[at] - less)
            })
            .collect();
        let batch = Batch { rows: rows_of, channels };
        in_f32(|bench| {
            let gpu = &*bench.gpu;
            let narrow =
                |values: &[f64]| bench.of(&values.iter().map(|v| *v as f32).collect::<Vec<_>>());
            let [given, spread] = [narrow(&mean), narrow(&variance)];
            let kept = bench.wide(3 * channels);
            batch.known(gpu, [given.all(), spread.all()], kept.all(), EPS as f32).unwrap();
            let [x, dout, onto, gamma, beta] =
                [&x, &dout, &there, &gamma, &beta].map(|values| bench.of(values));
            let affine = Affine { gamma: gamma.all(), beta: beta.all(), activation };
            let result = bench.wide(len);
            batch.forward(gpu, x.all(), kept.all(), affine, result.all()).unwrap();
            let room = [bench.wide(batch.partial()), bench.wide(2 * channels)];
            let sums = [bench.wide(channels), bench.of(&vec![1.0; channels])];
            let mut backward = Backward {
                dout: dout.all(),
                x: x.all(),
                moments: kept.all(),
                affine,
                own,
                room: [room[0].all(), room[1].all()],
                sums: [sums[0].all(), sums[1].all()],
                add_sums: false,
                dx: onto.all(),
                add: true,
            };
            batch.backward(gpu, backward).unwrap();
            let what = |part: &str| format!("{rows_of} {channels} {activation:?} {own}: {part}");
            let once = bench.read(&onto);
            assert_close(&what("dx"), &once, &dx, 2e-5);
            // Twice: sums are added, and the gradient of x is not.
            (backward.add_sums, backward.add) = (true, false);
            batch.backward(gpu, backward).unwrap();
            let results = [bench.read(&result), bench.read(&sums[0]), bench.read(&sums[1])];
            let alone: Vec<f64> = dx.iter().zip(&there).map(|(d, v)| d - f64::from(*v)).collect();
            assert_close(&what("dx alone"), &bench.read(&onto), &alone, 2e-5);
            let twice = |values: &[f64]| values.iter().map(|v| 2.0 * v).collect::<Vec<_>>();
            assert_close(&what("out"), &results[0], &out, 2e-5);
            assert_close(&what("dgamma"), &results[1], &twice(&dgamma), 2e-5);
            assert_close(&what("dbeta"), &results[2], &twice(&dbeta), 1e-5);
            [results.to_vec(), vec![once]].concat()
        });
    }
}
