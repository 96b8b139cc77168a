//! Attention whose scores stay in registers, and its gradients.

use crate::bench::{assert_close, halves, numbers};
use proofmark_base::math::{exp, ln};
use proofmark_gpu::kernels::flash::{Flash, HEAD};

/// In f64: the result, logarithms to the base of two of the sums of exponentials, and the gradient of q, k and v.
fn formulas(flash: Flash, qkv: &[f64], dout: &[f64]) -> [Vec<f64>; 3] {
    let Flash { images, heads, tokens } = flash;
    let width = heads * HEAD;
    let scale = 1.0 / (HEAD as f64).sqrt();
    let (mut out, mut logs) = (vec![0f64; images * tokens * width], Vec::new());
    let mut dqkv = vec![0f64; qkv.len()];
    for image in 0..images {
        for head in 0..heads {
            let at =
                |n: usize, part: usize| ((image * tokens + n) * 3 + part) * width + head * HEAD;
            let plain = |n: usize| (image * tokens + n) * width + head * HEAD;
            let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
            for query in 0..tokens {
                let q = &qkv[at(query, 0)..][..HEAD];
                let powers: Vec<f64> =
                    (0..tokens).map(|k| exp(scale * dot(q, &qkv[at(k, 1)..][..HEAD]))).collect();
                let sum: f64 = powers.iter().sum();
                logs.push(ln(sum) / std::f64::consts::LN_2);
                let p: Vec<f64> = powers.iter().map(|power| power / sum).collect();
                for i in 0..HEAD {
                    out[plain(query) + i] =
                        (0..tokens).map(|k| p[k] * qkv[at(k, 2) + i]).sum::<f64>();
                }
                let d = &dout[plain(query)..][..HEAD];
                let mean = dot(d, &out[plain(query)..][..HEAD]);
                for key in 0..tokens {
                    let ds = p[key] * (dot(d, &qkv[at(key, 2)..][..HEAD]) - mean) * scale;
                    for i in 0..HEAD {
                        dqkv[at(query, 0) + i] += ds * qkv[at(key, 1) + i];
                        dqkv[at(key, 1) + i] += ds * qkv[at(query, 0) + i];
                        dqkv[at(key, 2) + i] += p[key] * d[i];
                    }
                }
            }
        }
    }
    [out, logs, dqkv]
}

/// Tokens around the edges of tiles of 16 and 64, of one block and of two. Biases of 8 and -8 make scores about -512,
/// whose exponentials are nothing: those of zeros, behind the last key, would be without end.
#[test]
fn results_and_gradients_are_their_formulas() {
    for ((images, heads, tokens), low) in [
        ((1, 1, 1), false),
        ((2, 1, 5), true),
        ((1, 2, 16), false),
        ((1, 2, 65), false),
        ((1, 1, 133), false),
    ] {
        let flash = Flash { images, heads, tokens };
        halves(|bench| {
            let gpu = &*bench.gpu;
            let width = heads * HEAD;
            // Sums that bf16 has, too: the kernel rounds them to it.
            let given: Vec<f32> = numbers(23, images * tokens * 3 * width)
                .iter()
                .map(|v| (v * 64.0).round() / 64.0)
                .collect();
            let mut bias: Vec<f32> =
                numbers(22, 3 * width).iter().map(|v| (v * 8.0).round() / 8.0).collect();
            if low {
                bias[..width].fill(8.0);
                bias[width..2 * width].fill(-8.0);
            }
            let with = |at: usize| {
                let sum = given[at] + bias[at % (3 * width)];
                let bits = sum.to_bits();
                f64::from(f32::from_bits((bits + 0x7fff + (bits >> 16 & 1)) & 0xffff_0000))
            };
            let exact: Vec<f64> = (0..given.len()).map(with).collect();
            let dout = numbers(24, images * tokens * width);
            let wide: Vec<f64> = dout.iter().map(|v| f64::from(*v)).collect();
            let [expected, of_logs, gradient] = formulas(flash, &exact, &wide);

            let (qkv, dout) = (bench.typed(&given), bench.typed(&dout));
            let bias = bench.of(&bias);
            let (out, dqkv) = (bench.room(expected.len()), bench.room(given.len()));
            let [logs, means] = [0; 2].map(|_| bench.wide(of_logs.len()));
            let from = [qkv.all(), bias.all()];
            flash.forward(gpu, from, [out.all(), logs.all()]).unwrap();
            let left = [out.all(), logs.all(), dout.all()];
            flash.backward(gpu, from, left, means.all(), dqkv.all()).unwrap();
            let results = [&out, &logs, &dqkv].map(|buffer| bench.read(buffer));
            assert_close("logs", &results[1], &of_logs, 1e-6);
            bench.assert_close("results", &results[0], &expected);
            // Probabilities and gradients of scores are rounded to eight bits before they are added up.
            assert_close("gradients", &results[2], &gradient, 1e-2);
            results.to_vec()
        });
    }
}
