//! Means over images, and squeeze and excitation.

use crate::bench::{assert_close, in_f32, numbers, wide};
use proofmark_base::math::exp;
use proofmark_gpu::kernels::images::{Images, bias_silu, silu_backward};

const SIZES: [Images; 4] = [
    Images { images: 1, pixels: 1, channels: 4 },
    Images { images: 3, pixels: 49, channels: 20 },
    Images { images: 2, pixels: 600, channels: 148 },
    Images { images: 5, pixels: 9, channels: 1632 },
];

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + exp(-x))
}

#[test]
fn images_are_averaged_and_gated() {
    for of in SIZES {
        let Images { images, pixels, channels } = of;
        let (len, rows) = (images * pixels * channels, images * channels);
        let [x, dout, there] = [1, 2, 3].map(|seed| numbers(seed, len));
        let [e, dmean] = [4, 5].map(|seed| numbers(seed, rows));
        let (mut mean, mut de) = (vec![0.0; rows], vec![0.0; rows]);
        let (mut gated, mut spread, mut dx) = (vec![0.0; len], vec![0.0; len], vec![0.0; len]);
        for at in 0..len {
            let of_image = at / channels / pixels * channels + at % channels;
            let s = sigmoid(f64::from(e[of_image]));
            let (v, d) = (f64::from(x[at]), f64::from(dout[at]));
            mean[of_image] += v / pixels as f64;
            de[of_image] += d * v * s * (1.0 - s);
            gated[at] = v * s;
            spread[at] = f64::from(there[at]) + f64::from(dmean[of_image]) / pixels as f64;
            dx[at] = spread[at] + d * s;
        }
        in_f32(|bench| {
            let gpu = &*bench.gpu;
            let [x, dout, e, dmean] = [&x, &dout, &e, &dmean].map(|values| bench.of(values));
            let [spread_on, gated_on] = [bench.of(&there), bench.of(&there)];
            let (means, of_e, result) = (bench.wide(rows), bench.wide(rows), bench.wide(len));
            let partial = bench.wide(of.partial());
            of.mean(gpu, x.all(), partial.all(), means.all()).unwrap();
            of.gate(gpu, x.all(), e.all(), result.all()).unwrap();
            of.of_gate(gpu, dout.all(), x.all(), e.all(), partial.all(), of_e.all()).unwrap();
            of.spread(gpu, dmean.all(), spread_on.all(), true).unwrap();
            let both = [e.all(), dmean.all()];
            of.gate_backward(gpu, dout.all(), both, gated_on.all(), true).unwrap();
            let results =
                [&means, &result, &of_e, &spread_on, &gated_on].map(|buffer| bench.read(buffer));
            let expected = [&mean, &gated, &de, &spread, &dx];
            let names = ["mean", "gate", "de", "spread", "dx"];
            for ((got, expected), name) in results.iter().zip(expected).zip(names) {
                assert_close(&format!("{of:?}: {name}"), got, expected, 3e-6);
            }
            // Not added to, they are the same less what was there.
            of.spread(gpu, dmean.all(), spread_on.all(), false).unwrap();
            of.gate_backward(gpu, dout.all(), both, gated_on.all(), false).unwrap();
            for (buffer, expected) in [(&spread_on, &spread), (&gated_on, &dx)] {
                let less = expected.iter().zip(&there).map(|(v, there)| v - f64::from(*there));
                assert_close("alone", &bench.read(buffer), &less.collect::<Vec<_>>(), 3e-6);
            }
            results.to_vec()
        });
    }
}

#[test]
fn what_excites_may_have_any_width() {
    for (rows, width) in [(1, 1), (3, 6), (40, 10)] {
        let [z, d] = [6, 7].map(|seed| numbers(seed, rows * width));
        let bias = numbers(8, width);
        let biased: Vec<f64> =
            wide(&z).iter().enumerate().map(|(at, z)| z + f64::from(bias[at % width])).collect();
        in_f32(|bench| {
            let gpu = &*bench.gpu;
            let [z, d, bias] = [&z, &d, &bias].map(|values| bench.of(values));
            let before = wide(&bench.read(&d));
            let out = bench.wide(rows * width);
            bias_silu(gpu, z.all(), bias.all(), out.all()).unwrap();
            silu_backward(gpu, z.all(), d.all()).unwrap();
            let results = [&z, &out, &d].map(|buffer| bench.read(buffer));
            let silu: Vec<f64> = biased.iter().map(|z| z * sigmoid(*z)).collect();
            let slopes = biased.iter().map(|z| sigmoid(*z) * (1.0 + z * (1.0 - sigmoid(*z))));
            let dz: Vec<f64> = slopes.zip(before).map(|(slope, d)| slope * d).collect();
            for (got, expected) in results.iter().zip([&biased, &silu, &dz]) {
                assert_close("excited", got, expected, 3e-6);
            }
            results.to_vec()
        });
    }
}
