//! Convolution of each channel, and its gradients.

use crate::bench::{assert_close, in_f32, numbers, total};
use proofmark_gpu::kernels::depthwise::Depthwise;

/// Images, side, channels: one pixel; an odd map; two tiles of channels, of which the second is not full, and more than
/// one chunk.
const MAPS: [(usize, usize, usize); 4] = [(2, 1, 4), (1, 4, 8), (2, 7, 20), (4, 13, 148)];
/// Side of the window, pixels to the next, pixels around, in front and behind.
const WINDOWS: [(usize, usize, usize, usize); 6] =
    [(3, 1, 1, 1), (3, 2, 0, 1), (3, 2, 1, 1), (5, 1, 2, 2), (5, 2, 1, 2), (5, 2, 2, 2)];

/// Places where numbers of x, of the weights and of the result meet.
fn meetings(of: Depthwise) -> Vec<[usize; 3]> {
    let Depthwise { images, channels, side, outs, kernel, stride, before } = of;
    let mut found = Vec::new();
    for out in 0..images * outs * outs * channels {
        let (pixel, c) = (out / channels, out % channels);
        let (image, y, x) = (pixel / outs / outs, pixel / outs % outs, pixel % outs);
        for (ky, kx) in (0..kernel * kernel).map(|k| (k / kernel, k % kernel)) {
            let (row, column) = (y * stride + ky, x * stride + kx);
            let inside = before..before + side;
            if inside.contains(&row) && inside.contains(&column) {
                let from = (image * side + row - before) * side + column - before;
                let weight = (c * kernel + ky) * kernel + kx;
                found.push([from * channels + c, weight, out]);
            }
        }
    }
    found
}

#[test]
fn each_channel_is_convolved_with_its_window() {
    for ((images, side, channels), (kernel, stride, before, behind)) in
        MAPS.into_iter().flat_map(|maps| WINDOWS.into_iter().map(move |window| (maps, window)))
    {
        let Some(room) = (side + before + behind).checked_sub(kernel) else { continue };
        let outs = room / stride + 1;
        let of = Depthwise { images, channels, side, outs, kernel, stride, before };
        let what = format!("{of:?}");
        let (ins, weights) = (images * side * side * channels, channels * kernel * kernel);
        let count = images * outs * outs * channels;
        let [x, weight, dout, there] =
            [(1, ins), (2, weights), (3, count), (4, ins)].map(|(seed, n)| numbers(seed, n));
        let (mut out, mut dx, mut dw) = (vec![0f64; count], vec![0f64; ins], vec![0f64; weights]);
        for [from, place, to] in meetings(of) {
            out[to] += f64::from(x[from]) * f64::from(weight[place]);
            dx[from] += f64::from(dout[to]) * f64::from(weight[place]);
            dw[place] += f64::from(dout[to]) * f64::from(x[from]);
        }
        let added: Vec<f64> = dx.iter().zip(&there).map(|(d, v)| d + f64::from(*v)).collect();
        in_f32(|bench| {
            let gpu = &*bench.gpu;
            let [x, weight, dout, onto] = [&x, &weight, &dout, &there].map(|v| bench.of(v));
            let (result, gradient) = (bench.wide(count), bench.wide(ins));
            of.forward(gpu, x.all(), weight.all(), result.all()).unwrap();
            of.backward(gpu, dout.all(), weight.all(), gradient.all(), false).unwrap();
            of.backward(gpu, dout.all(), weight.all(), onto.all(), true).unwrap();
            let partial = bench.wide(of.chunks() * weights);
            of.of_weights(gpu, x.all(), dout.all(), partial.all()).unwrap();
            let results = [
                bench.read(&result),
                bench.read(&gradient),
                bench.read(&onto),
                total(bench, &partial, of.chunks(), weights),
            ];
            assert_close(&format!("{what}: out"), &results[0], &out, 3e-6);
            assert_close(&format!("{what}: dx"), &results[1], &dx, 3e-6);
            assert_close(&format!("{what}: dx added"), &results[2], &added, 3e-6);
            assert_close(&format!("{what}: dw"), &results[3], &dw, 3e-6);
            results.to_vec()
        });
    }
}

#[test]
fn large_maps_are_cut_into_chunks() {
    let (images, side, channels) = MAPS[3];
    let of = Depthwise { images, channels, side, outs: side, kernel: 3, stride: 1, before: 1 };
    assert!(of.chunks() > 1, "{} chunk", of.chunks());
}
