//! Windows as rows, pooling, ReLU, branches that join, dropout.

use crate::bench::{Bench, assert_close, in_f32, numbers};
use proofmark_gpu::kernels::maps::{Lie, Windows, join_images, relu, relu_backward, times};
use proofmark_gpu::memory::Buffer;

/// Side, channels, side of the window, pixels to the next, pixels around.
const SIZES: [(usize, usize, usize, usize, usize); 6] = [
    (1, 4, 1, 1, 0),
    (7, 3, 3, 2, 0),
    (5, 20, 3, 1, 1),
    (8, 12, 1, 2, 0),
    (6, 8, 3, 2, 1),
    (9, 36, 3, 1, 0),
];

fn of((side, channels, kernel, stride, before): (usize, usize, usize, usize, usize)) -> Windows {
    let outs = (side + 2 * before - kernel) / stride + 1;
    Windows { images: 2, channels, side, outs, kernel, stride, before }
}

/// The input (image, y, x) that place k of the window at a pixel meets, if there is one.
fn input(of: &Windows, pixel: usize, k: usize) -> Option<[usize; 3]> {
    let (image, y, x) = (pixel / of.outs / of.outs, pixel / of.outs % of.outs, pixel % of.outs);
    let of_axis = |o: usize, k: usize| {
        (o * of.stride + k).checked_sub(of.before).filter(|from| *from < of.side)
    };
    Some([image, of_axis(y, k / of.kernel)?, of_axis(x, k % of.kernel)?])
}

/// Where a channel of an input lies.
fn lies(of: &Windows, [image, y, x]: [usize; 3], channel: usize, lie: Lie) -> usize {
    match lie {
        Lie::Pixels => ((image * of.side + y) * of.side + x) * of.channels + channel,
        Lie::Planes => ((image * of.channels + channel) * of.side + y) * of.side + x,
    }
}

#[test]
fn windows_become_rows_and_their_gradients_come_back() {
    for of in SIZES.map(of) {
        let places = of.kernel * of.kernel;
        let ins = of.images * of.side * of.side * of.channels;
        let (x, there) = (numbers(1, ins), numbers(2, ins));
        let drows = numbers(3, of.len());
        for lie in [Lie::Pixels, Lie::Planes] {
            let mut rows = vec![0f32; of.len()];
            let mut dx: Vec<f64> = there.iter().map(|v| f64::from(*v)).collect();
            for (at, row) in rows.iter_mut().enumerate() {
                let (pixel, place) = (at / of.channels / places, at % (of.channels * places));
                if let Some(from) = input(&of, pixel, place % places) {
                    *row = x[lies(&of, from, place / places, lie)];
                    dx[lies(&of, from, place / places, Lie::Pixels)] += f64::from(drows[at]);
                }
            }
            in_f32(|bench| {
                let gpu = &*bench.gpu;
                let [x, drows, onto] = [&x, &drows, &there].map(|values| bench.of(values));
                let (out, alone) = (bench.wide(of.len()), bench.wide(ins));
                of.rows(gpu, x.all(), lie, out.all()).unwrap();
                assert_eq!(bench.read(&out), rows, "{of:?}");
                of.rows_backward(gpu, drows.all(), onto.all(), true).unwrap();
                of.rows_backward(gpu, drows.all(), alone.all(), false).unwrap();
                let results = [bench.read(&onto), bench.read(&alone)];
                assert_close(&format!("{of:?}"), &results[0], &dx, 1e-6);
                let less: Vec<f64> =
                    dx.iter().zip(&there).map(|(d, v)| d - f64::from(*v)).collect();
                assert_close(&format!("{of:?}, alone"), &results[1], &less, 1e-6);
                results.to_vec()
            });
        }
    }
}

/// The largest value of the window at a pixel, and its place.
fn largest(of: &Windows, x: &[f32], pixel: usize, channel: usize) -> (f32, usize) {
    let mut found = (f32::NEG_INFINITY, 0);
    for place in 0..of.kernel * of.kernel {
        let Some(from) = input(of, pixel, place) else { continue };
        let value = x[lies(of, from, channel, Lie::Pixels)];
        if value > found.0 || value.is_nan() {
            found = (value, place);
        }
    }
    found
}

#[test]
fn the_largest_of_windows_gets_the_gradient() {
    for of in SIZES.into_iter().filter(|sizes| sizes.1 % 4 == 0).map(of) {
        let ins = of.images * of.side * of.side * of.channels;
        // Few different numbers, so that some are equal, all below 0: what is around is not the largest.
        let x: Vec<f32> = numbers(4, ins).iter().map(|v| v.round() - 3.0).collect();
        let count = of.images * of.outs * of.outs * of.channels;
        let (dout, there) = (numbers(5, count), numbers(6, ins));
        let mut dx: Vec<f64> = there.iter().map(|v| f64::from(*v)).collect();
        let mut out = vec![0f32; count];
        for (at, out) in out.iter_mut().enumerate() {
            let (value, place) = largest(&of, &x, at / of.channels, at % of.channels);
            *out = value;
            let from = input(&of, at / of.channels, place).unwrap();
            dx[lies(&of, from, at % of.channels, Lie::Pixels)] += f64::from(dout[at]);
        }
        in_f32(|bench| {
            let gpu = &*bench.gpu;
            let [x, dout, onto] = [&x, &dout, &there].map(|values| bench.of(values));
            let (result, places, alone) = (bench.wide(count), bench.wide(count), bench.wide(ins));
            of.largest(gpu, x.all(), result.all(), places.all()).unwrap();
            assert_eq!(bench.read(&result), out, "{of:?}");
            of.largest_backward(gpu, dout.all(), places.all(), onto.all(), true).unwrap();
            of.largest_backward(gpu, dout.all(), places.all(), alone.all(), false).unwrap();
            let results = [bench.read(&onto), bench.read(&alone)];
            assert_close(&format!("{of:?}"), &results[0], &dx, 1e-6);
            let less: Vec<f64> = dx.iter().zip(&there).map(|(d, v)| d - f64::from(*v)).collect();
            assert_close(&format!("{of:?}, alone"), &results[1], &less, 1e-6);
            results.to_vec()
        });
    }
}

fn bits(bench: &Bench, buffer: &Buffer) -> Vec<u32> {
    bench.read(buffer).into_iter().map(f32::to_bits).collect()
}

#[test]
fn what_is_no_number_stays_that() {
    let windows =
        Windows { images: 1, channels: 4, side: 2, outs: 1, kernel: 3, stride: 2, before: 1 };
    in_f32(|bench| {
        let gpu = &*bench.gpu;
        let mut given = [-1.0, 0.0, -0.0, f32::INFINITY].repeat(4);
        (given[4], given[13]) = (f32::NAN, 7.0);
        let (x, d) = (bench.of(&given), bench.of(&[2.0; 16]));
        let (out, dx) = (bench.wide(16), bench.wide(16));
        relu(gpu, x.all(), out.all()).unwrap();
        relu_backward(gpu, d.all(), x.all(), dx.all(), false).unwrap();
        let expected = given.iter().map(|v| if *v < 0.0 { 0.0 } else { *v }.to_bits());
        assert_eq!(bits(bench, &out), expected.collect::<Vec<_>>());
        let slopes: Vec<f32> = given.iter().map(|v| if *v > 0.0 { 2.0 } else { 0.0 }).collect();
        assert_eq!(bench.read(&dx), slopes);
        relu_backward(gpu, d.all(), x.all(), dx.all(), true).unwrap();
        assert_eq!(bench.read(&dx), slopes.iter().map(|v| 2.0 * v).collect::<Vec<_>>());

        let (largest, places) = (bench.wide(4), bench.wide(4));
        windows.largest(gpu, x.all(), largest.all(), places.all()).unwrap();
        let largest = bench.read(&largest);
        assert!(largest[0].is_nan() && largest[1..] == [7.0, 0.0, f32::INFINITY], "{largest:?}");
        // Places of a window of nine whose middle is the first pixel.
        assert_eq!(bench.read(&places), [5.0, 8.0, 4.0, 4.0]);
        vec![largest]
    });
}

#[test]
fn branches_join_and_values_are_dropped() {
    for (images, image) in [(1, 4), (3, 20), (5, 1200)] {
        let len = images * image;
        let [x, y] = [7, 8].map(|seed| numbers(seed, len));
        let scales: Vec<f32> = (0..images).map(|i| [1.25, 0.0][i % 2]).collect();
        let joined = |given: bool, scaled: bool| -> Vec<f64> {
            let from = |at: usize| if given { f64::from(x[at]) } else { 0.0 };
            let scale = |at: usize| if scaled { f64::from(scales[at / image]) } else { 1.0 };
            (0..len).map(|at| from(at) + scale(at) * f64::from(y[at])).collect()
        };
        in_f32(|bench| {
            let gpu = &*bench.gpu;
            let [from, y_on, scales_on] = [&x, &y, &scales].map(|values| bench.of(values));
            let out = bench.wide(len);
            let mut results = Vec::new();
            for (given, scaled) in [(true, true), (true, false), (false, true), (false, false)] {
                let (x, scales) = (given.then(|| from.all()), scaled.then(|| scales_on.all()));
                join_images(gpu, x, y_on.all(), scales, out.all(), image).unwrap();
                results.push(bench.read(&out));
                assert_close("joined", &results[results.len() - 1], &joined(given, scaled), 1e-6);
            }
            let onto = bench.of(&x);
            join_images(gpu, Some(onto.all()), y_on.all(), None, onto.all(), image).unwrap();
            assert_eq!(bench.read(&onto), results[1]);
            times(gpu, from.all(), y_on.all(), out.all()).unwrap();
            let product: Vec<f64> = x.iter().zip(&y).map(|(a, b)| f64::from(a * b)).collect();
            assert_close("times", &bench.read(&out), &product, 1e-7);
            results
        });
    }
}
