//! Softmax and its gradient.

use crate::bench::{SIZES, assert_close, everywhere, numbers};
use proofmark_base::math::{exp, ln};
use proofmark_gpu::kernels::attention::{Scores, add_bias};

#[test]
fn a_bias_is_added_to_every_row() {
    for (rows, width) in SIZES {
        everywhere(|bench| {
            let (x, bias) = (numbers(16, rows * width), numbers(17, width));
            let expected: Vec<f64> = (0..rows * width)
                .map(|at| f64::from(x[at]) + f64::from(bias[at % width]))
                .collect();
            let (x, bias) = (bench.typed(&x), bench.of(&bias));
            add_bias(&*bench.gpu, x.all(), bias.all()).unwrap();
            let sums = bench.read(&x);
            bench.assert_close("sums", &sums, &expected);
            vec![sums]
        });
    }
}

#[test]
fn softmax_and_its_gradient_are_their_formulas() {
    for (images, heads, tokens, head) in
        [(1, 1, 1, 4), (2, 3, 5, 8), (3, 2, 37, 12), (1, 2, 70, 64)]
    {
        let stride = usize::next_multiple_of(tokens, 8);
        let scores = Scores { images, heads, tokens, stride, head };
        everywhere(|bench| {
            let gpu = &*bench.gpu;
            let given: Vec<f32> = numbers(18, scores.len()).iter().map(|v| v * 8.0).collect();
            let dprobabilities = numbers(19, scores.len());
            let mixed = images * tokens * heads * head;
            let [out, dout] = [20, 21].map(|seed| numbers(seed, mixed));
            let (mut logs, mut p, mut ds) =
                (Vec::new(), vec![0f64; scores.len()], vec![0f64; scores.len()]);
            for row in 0..scores.rows() {
                let of = row * stride..row * stride + tokens;
                let sum: f64 = given[of.clone()].iter().map(|v| exp(f64::from(*v))).sum();
                logs.push(ln(sum));
                let (n, head_of, image) =
                    (row % tokens, row / tokens % heads, row / tokens / heads);
                let at = ((image * tokens + n) * heads + head_of) * head;
                let mean: f64 =
                    (at..at + head).map(|i| f64::from(out[i]) * f64::from(dout[i])).sum();
                for at in of {
                    p[at] = exp(f64::from(given[at])) / sum;
                    ds[at] = p[at] * (f64::from(dprobabilities[at]) - mean);
                }
            }
            let [given, dprobabilities] = [&given, &dprobabilities].map(|values| bench.of(values));
            let [out, dout] = [&out, &dout].map(|values| bench.typed(values));
            let [probabilities, again, dscores] = [0; 3].map(|_| bench.room(scores.len()));
            let kept = bench.wide(scores.rows());
            scores.softmax(gpu, given.all(), probabilities.all(), kept.all()).unwrap();
            let of_scores = [given.all(), kept.all(), dprobabilities.all()];
            scores
                .backward(gpu, of_scores, [out.all(), dout.all()], [again.all(), dscores.all()])
                .unwrap();
            let results =
                [&probabilities, &kept, &again, &dscores].map(|buffer| bench.read(buffer));
            bench.assert_close("probabilities", &results[0], &p);
            assert_close("logs", &results[1], &logs, 1e-6);
            assert_eq!(results[0], results[2]);
            bench.assert_close("dscores", &results[3], &ds);
            results.to_vec()
        });
    }
}
