//! Matrix products: factors and results of both kinds, transposed or not, alone and in batches.

use crate::bench::{assert_close, everywhere, numbers, wide};
use proofmark_gpu::kind::Kind;
use proofmark_gpu::matrix::{Mat, product};
use proofmark_gpu::product::{Factors, Sizes};

/// The matrix (rows, columns) that begins at a place, row by row.
fn matrix(
    numbers: &[f64],
    at: usize,
    stride: usize,
    [rows, columns]: [usize; 2],
    transposed: bool,
) -> Vec<f64> {
    let place =
        |row, column| if transposed { column * stride + row } else { row * stride + column };
    let places = (0..rows).flat_map(|row| (0..columns).map(move |column| place(row, column)));
    places.map(|place| numbers[at + place]).collect()
}

/// `out + alpha a b`.
fn multiplied(out: &mut [f64], alpha: f64, a: &[f64], b: &[f64], [m, n, k]: [usize; 3]) {
    for row in 0..m {
        for column in 0..n {
            let sum: f64 = (0..k).map(|i| a[row * k + i] * b[i * n + column]).sum();
            out[row * n + column] += alpha * sum;
        }
    }
}

fn turned(mat: Mat<'_>, transposed: bool) -> Mat<'_> {
    if transposed { mat.t() } else { mat }
}

#[test]
fn products_are_as_in_a_textbook() {
    for [m, n, k] in [[1, 1, 1], [5, 7, 3], [64, 24, 40], [197, 8, 133]] {
        for (transposed, add, alpha) in [
            ([false, false], false, 1.0),
            ([false, true], true, 0.5),
            ([true, false], true, 1.0),
            ([true, true], false, 2.0),
        ] {
            everywhere(|bench| {
                let gpu = &*bench.gpu;
                // With numbers between the rows, a multiple of eight behind each other as products want it.
                let stride = |columns: usize| columns.next_multiple_of(8) + 8;
                let lies = |rows, columns, transposed| {
                    if transposed { (columns, rows) } else { (rows, columns) }
                };
                let ((a_rows, a_wide), (b_rows, b_wide)) =
                    (lies(m, k, transposed[0]), lies(k, n, transposed[1]));
                let (a, b) =
                    (numbers(21, a_rows * stride(a_wide)), numbers(22, b_rows * stride(b_wide)));
                let before = numbers(23, m * stride(n));
                let of = |values: &[f32], stride, shape, transposed| {
                    matrix(&wide(values), 0, stride, shape, transposed)
                };
                let mut expected = of(&before, stride(n), [m, n], false);
                if !add {
                    expected.fill(0.0);
                }
                let (a64, b64) = (
                    of(&a, stride(a_wide), [m, k], transposed[0]),
                    of(&b, stride(b_wide), [k, n], transposed[1]),
                );
                multiplied(&mut expected, f64::from(alpha), &a64, &b64, [m, n, k]);
                let [a, b] = [&a, &b].map(|values| bench.typed(values));
                let a = turned(Mat::new(a.all(), stride(a_wide)), transposed[0]);
                let b = turned(Mat::new(b.all(), stride(b_wide)), transposed[1]);
                let sizes = Sizes { alpha, add, ..Sizes::new(m, n, k) };
                let (typed, float) = (bench.typed(&before), bench.of(&before));
                let results = [typed, float].map(|out| {
                    product(gpu, Mat::new(out.all(), stride(n)), a, b, sizes).unwrap();
                    bench.read(&out)
                });
                let [typed, float] = [0, 1].map(|i| of(&results[i], stride(n), [m, n], false));
                let narrow =
                    |values: Vec<f64>| values.into_iter().map(|v| v as f32).collect::<Vec<_>>();
                bench.assert_close("product", &narrow(typed), &expected);
                assert_close("product in f32", &narrow(float), &expected, 3e-6);
                // What lies between the rows is as it was.
                for (at, value) in
                    results[1].iter().enumerate().filter(|(at, _)| at % stride(n) >= n)
                {
                    assert_eq!(*value, before[at], "behind a row, at {at}");
                }
                results.to_vec()
            });
        }
    }
}

/// Attention as a network asks for it: q k^T of heads that lie side by side, then the products back.
#[test]
fn batches_lie_apart_in_two_ways() {
    let (images, heads, tokens, size, stride) = (3, 2, 5, 8, 16);
    let row = 3 * heads * size;
    everywhere(|bench| {
        let gpu = &*bench.gpu;
        let qkv = numbers(24, images * tokens * row);
        let probabilities = numbers(25, images * heads * tokens * stride);
        let (mut scores, mut mixed) = (
            vec![0.0; images * heads * tokens * stride],
            vec![0.0; images * tokens * heads * size],
        );
        let (all, p) = (wide(&qkv), wide(&probabilities));
        for (image, head) in (0..images).flat_map(|i| (0..heads).map(move |j| (i, j))) {
            let of = |part: usize, transposed| {
                let at = image * tokens * row + (part * heads + head) * size;
                let shape = if transposed { [size, tokens] } else { [tokens, size] };
                matrix(&all, at, row, shape, transposed)
            };
            let mut one = vec![0.0; tokens * tokens];
            multiplied(&mut one, 0.25, &of(0, false), &of(1, true), [tokens, tokens, size]);
            let from = (image * heads + head) * tokens * stride;
            for (at, value) in one.iter().enumerate() {
                scores[from + at / tokens * stride + at % tokens] = *value;
            }
            let weights = matrix(&p, from, stride, [tokens, tokens], false);
            let mut one = vec![0.0; tokens * size];
            multiplied(&mut one, 1.0, &weights, &of(2, false), [tokens, size, tokens]);
            for (at, value) in one.iter().enumerate() {
                mixed[((image * tokens + at / size) * heads + head) * size + at % size] = *value;
            }
        }
        let qkv = bench.typed(&qkv);
        let probabilities = bench.typed(&probabilities);
        let part = |part: usize| {
            let from = part * heads * size;
            Mat::new(qkv.all().part(from..qkv.all().len), row).apart(tokens * row, size)
        };
        let batch = [images, heads];
        let out = bench.of(&vec![0.0; scores.len()]);
        let square = [heads * tokens * stride, tokens * stride];
        let sizes = Sizes { batch, alpha: 0.25, ..Sizes::new(tokens, tokens, size) };
        let mut results = Vec::new();
        // The second time all that is kept of the first is used.
        for _ in 0..2 {
            product(
                gpu,
                Mat::new(out.all(), stride).apart(square[0], square[1]),
                part(0),
                part(1).t(),
                sizes,
            )
            .unwrap();
            results.push(bench.read(&out));
            assert_close("scores", &results[results.len() - 1], &scores, 3e-6);
            let heads_out = bench.room(mixed.len());
            let to = Mat::new(heads_out.all(), heads * size).apart(tokens * heads * size, size);
            let sizes = Sizes { batch, ..Sizes::new(tokens, size, tokens) };
            product(
                gpu,
                to,
                Mat::new(probabilities.all(), stride).apart(square[0], square[1]),
                part(2),
                sizes,
            )
            .unwrap();
            results.push(bench.read(&heads_out));
            bench.assert_close("mixed", &results[results.len() - 1], &mixed);
        }
        results
    });
}

#[test]
fn batches_that_lie_evenly_may_share_a_factor() {
    let (count, m, n, k) = (4, 6, 8, 16);
    for batch in [[count, 1], [1, count], [2, 2]] {
        everywhere(|bench| {
            let (a, b) = (numbers(26, count * m * k), numbers(27, k * n));
            let mut expected = vec![0.0; count * m * n];
            for (i, out) in expected.chunks_mut(m * n).enumerate() {
                multiplied(out, 1.0, &wide(&a)[i * m * k..(i + 1) * m * k], &wide(&b), [m, n, k]);
            }
            let (a, b, out) = (bench.typed(&a), bench.typed(&b), bench.wide(count * m * n));
            let apart = |each: usize| [batch[1] * each, each];
            let [a, out_mat] = [(&a, k, m * k), (&out, n, m * n)].map(|(buffer, width, each)| {
                let [outer, inner] = apart(each);
                Mat::new(buffer.all(), width).apart(outer, inner)
            });
            let sizes = Sizes { batch, ..Sizes::new(m, n, k) };
            product(&*bench.gpu, out_mat, a, Mat::new(b.all(), n), sizes).unwrap();
            let result = bench.read(&out);
            assert_eq!(out.all().kind, Kind::F32);
            assert_close("products", &result, &expected, 3e-6);
            vec![result]
        });
    }
}

#[test]
fn tf32_is_a_property_of_a_product_and_rounds_its_factors() {
    let [m, n, k] = [64, 128, 64];
    // Numbers that TF32 does not have.
    let odd = |seed, len| -> Vec<f32> { numbers(seed, len).iter().map(|v| v * 0.7001).collect() };
    everywhere(|bench| {
        let (a, b) = (odd(28, m * k), odd(29, k * n));
        let mut expected = vec![0.0; m * n];
        multiplied(&mut expected, 1.0, &wide(&a), &wide(&b), [m, n, k]);
        let [a, b] = [&a, &b].map(|values| bench.of(values));
        let results = [Factors::Tf32, Factors::F32, Factors::Tf32].map(|factors| {
            let out = bench.wide(m * n);
            let sizes = Sizes { factors, ..Sizes::new(m, n, k) };
            let [a, b] = [Mat::new(a.all(), k), Mat::new(b.all(), n)];
            product(&*bench.gpu, Mat::new(out.all(), n), a, b, sizes).unwrap();
            bench.read(&out)
        });
        assert_close("products in tf32", &results[0], &expected, 1e-3);
        assert_close("products in f32", &results[1], &expected, 3e-6);
        assert_eq!(results[0], results[2]);
        let top = expected.iter().fold(0f64, |top, v| top.max(v.abs()));
        let off = results[0].iter().zip(&expected).map(|(got, v)| (f64::from(*got) - v).abs());
        let off = off.fold(0f64, f64::max) / top;
        assert!(off > 2e-5, "nothing was rounded: {off}");
        results.to_vec()
    });
}
