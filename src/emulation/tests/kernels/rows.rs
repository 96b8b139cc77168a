//! Layer normalisation and its gradient.

use crate::bench::{SIZES, assert_close, everywhere, numbers, total, wide};
use proofmark_gpu::kernels::rows::{norm, norm_again, norm_backward, norm_chunks};

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
            let parameters = [gamma.all(), beta.all()];
            norm(gpu, x.all(), parameters, EPS, out.all(), kept.all()).unwrap();
            norm_again(gpu, x.all(), parameters, kept.all(), again.all()).unwrap();
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

#[test]
fn the_gradient_of_layer_normalisation_is_its_formula() {
    for (rows, width) in SIZES {
        everywhere(|bench| {
            let gpu = &*bench.gpu;
            let x = numbers(1, rows * width);
            let (gamma, dout) = (numbers(2, width), numbers(4, rows * width));
            let before = numbers(5, rows * width);
            let (normal, moments) = normalised(&wide(&x), width);
            let scaled: Vec<f64> = (0..rows * width)
                .map(|at| f64::from(dout[at]) * f64::from(gamma[at % width]))
                .collect();
            let mut expected = Vec::new();
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
                    expected.push(f64::from(before[at]) + gradient);
                }
            }
            let kept: Vec<f32> =
                moments.iter().flat_map(|(mean, scale)| [*mean as f32, *scale as f32]).collect();
            let [x, kept, gamma, dx] = [&x, &kept, &gamma, &before].map(|values| bench.of(values));
            let dout = bench.typed(&dout);
            let partial = norm_chunks(rows);
            let sums = [bench.wide(partial * width), bench.wide(partial * width)];
            let [of_gamma, of_beta] = [sums[0].all(), sums[1].all()];
            norm_backward(
                gpu,
                dout.all(),
                x.all(),
                kept.all(),
                gamma.all(),
                dx.all(),
                [of_gamma, of_beta],
            )
            .unwrap();
            let dx = bench.read(&dx);
            assert_close("dx", &dx, &expected, 1e-5);
            let sums = sums.map(|sum| total(bench, &sum, partial, width));
            assert_close("dgamma", &sums[0], &dgamma, 1e-5);
            assert_close("dbeta", &sums[1], &dbeta, 1e-5);
            let [dgamma, dbeta] = sums;
            vec![dx, dgamma, dbeta]
        });
    }
}
