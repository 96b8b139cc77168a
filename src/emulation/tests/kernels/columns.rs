//! Sums over rows, and the work that they come with.

use crate::bench::{SIZES, assert_close, everywhere, numbers, total, wide};
use proofmark_base::math::exp;
use proofmark_gpu::kernels::chunks;
use proofmark_gpu::kernels::columns::{Join, column_sums, gelu, gelu_backward};

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
            let kept = bench.read(&z);
            bench.assert_close("z", &kept, &given);
            let z_kept = wide(&kept);
            let expected: Vec<f64> = z_kept.iter().map(|z| z * cdf(*z)).collect();
            let result = bench.read(&out);
            bench.assert_close("gelu", &result, &expected);
            let partial = bench.wide(chunks(rows) * width);
            gelu_backward(gpu, z.all(), dz.all(), again.all(), partial.all(), width).unwrap();
            assert_eq!(bench.read(&again), result);
            let density = |z: f64| exp(-0.5 * z * z) / (2.0 * std::f64::consts::PI).sqrt();
            let slopes = z_kept.iter().zip(&dout);
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

#[test]
fn branches_join_with_layer_scale_and_drop_path_and_without() {
    for ((rows, width), parts) in SIZES.into_iter().zip([0, 1, 2, 3, 3]) {
        let tokens = 5;
        let images = rows.div_ceil(tokens);
        everywhere(|bench| {
            let gpu = &*bench.gpu;
            let [x, y, dout] = [11, 12, 13].map(|seed| numbers(seed, rows * width));
            let [bias, gamma] = [14, 15].map(|seed| numbers(seed, width));
            let scales: Vec<f32> = (0..images).map(|i| [0.0, 1.25][i % 2]).collect();
            let gamma_of =
                |at: usize| if parts & 1 == 1 { f64::from(gamma[at % width]) } else { 1.0 };
            let scale_of = |at: usize| {
                if parts & 2 == 2 { f64::from(scales[at / width / tokens]) } else { 1.0 }
            };
            let branch = |at: usize| f64::from(y[at]) + f64::from(bias[at % width]);
            let forward: Vec<f64> = (0..rows * width)
                .map(|at| f64::from(x[at]) + scale_of(at) * gamma_of(at) * branch(at))
                .collect();
            let backward: Vec<f64> = (0..rows * width)
                .map(|at| f64::from(dout[at]) * scale_of(at) * gamma_of(at))
                .collect();
            let (mut dbias, mut dgamma) = (vec![0f64; width], vec![0f64; width]);
            for at in 0..rows * width {
                dbias[at % width] += backward[at];
                dgamma[at % width] += f64::from(dout[at]) * scale_of(at) * branch(at);
            }
            let [x, dout, bias, gamma, scales] =
                [&x, &dout, &bias, &gamma, &scales].map(|values| bench.of(values));
            let (y, dy, out) =
                (bench.typed(&y), bench.room(rows * width), bench.wide(rows * width));
            let partial = [bench.wide(chunks(rows) * width), bench.wide(chunks(rows) * width)];
            let join = Join {
                bias: bias.all(),
                gamma: (parts & 1 == 1).then(|| gamma.all()),
                scales: (parts & 2 == 2).then(|| scales.all()),
                tokens,
            };
            join.forward(gpu, x.all(), y.all(), out.all()).unwrap();
            join.backward(gpu, dout.all(), y.all(), dy.all(), [partial[0].all(), partial[1].all()])
                .unwrap();
            let mut results = vec![bench.read(&out), bench.read(&dy)];
            assert_close("join", &results[0], &forward, 1e-6);
            bench.assert_close("dy", &results[1], &backward);
            results.push(total(bench, &partial[0], chunks(rows), width));
            assert_close("dbias", &results[2], &dbias, 1e-5);
            if parts & 1 == 1 {
                results.push(total(bench, &partial[1], chunks(rows), width));
                assert_close("dgamma", &results[3], &dgamma, 1e-5);
            }
            results
        });
    }
}
