//! Patches, tokens, pooling.

use crate::bench::{assert_close, everywhere, numbers, wide};
use proofmark_gpu::kernels::ends::{Tokens, patches};

#[test]
fn patches_are_copied_and_become_tokens() {
    let (images, side, patch, registers, width) = (3, 12, 4, 2, 20);
    let grid = side / patch;
    let tokens = Tokens { images, patches: grid * grid, registers, width };
    let count = tokens.count();
    everywhere(|bench| {
        let gpu = &*bench.gpu;
        let pixels = numbers(22, images * 3 * side * side);
        let inputs = 3 * patch * patch;
        let mut expected = Vec::new();
        for image in 0..images {
            for place in 0..grid * grid {
                for (channel, y, x) in
                    (0..inputs).map(|i| (i / (patch * patch), i / patch % patch, i % patch))
                {
                    let (y, x) = (place / grid * patch + y, place % grid * patch + x);
                    expected.push(pixels[((image * 3 + channel) * side + y) * side + x]);
                }
            }
        }
        let pixels = bench.of(&pixels);
        let gathered = bench.room(expected.len());
        patches(gpu, pixels.all(), gathered.all(), side, patch).unwrap();
        assert_eq!(bench.read(&gathered), expected);

        let projected = numbers(23, images * grid * grid * width);
        let [bias, cls, reg, positions] =
            [(24, 1), (25, 1), (26, registers), (27, 1 + grid * grid)]
                .map(|(seed, rows)| numbers(seed, rows * width));
        let expected: Vec<f64> = (0..tokens.len())
            .map(|at| {
                let (image, n, d) = (at / width / count, at / width % count, at % width);
                let value = match n {
                    0 => cls[d] + positions[d],
                    n if n <= registers => reg[(n - 1) * width + d],
                    n => {
                        let patch = n - 1 - registers;
                        projected[(image * grid * grid + patch) * width + d]
                            + bias[d]
                            + positions[(1 + patch) * width + d]
                    }
                };
                f64::from(value)
            })
            .collect();
        let [bias, cls, reg, positions] =
            [&bias, &cls, &reg, &positions].map(|values| bench.of(values));
        let projected = bench.typed(&projected);
        let (x, of_patches) = (bench.wide(tokens.len()), bench.room(images * grid * grid * width));
        let parameters = [bias.all(), cls.all(), positions.all()];
        tokens.begin(gpu, projected.all(), parameters, Some(reg.all()), x.all()).unwrap();
        let result = bench.read(&x);
        assert_close("tokens", &result, &expected, 1e-6);
        tokens.of_patches(gpu, x.all(), of_patches.all()).unwrap();
        let expected: Vec<f64> = result
            .chunks(count * width)
            .flat_map(|image| wide(&image[(1 + registers) * width..]))
            .collect();
        bench.assert_close("patches", &bench.read(&of_patches), &expected);
        vec![result]
    });
}

#[test]
fn pooling_is_a_mean_and_its_gradient_is_shared() {
    let tokens = Tokens { images: 3, patches: 6, registers: 1, width: 12 };
    let (count, width) = (tokens.count(), tokens.width);
    for of in [0..1, 2..count] {
        everywhere(|bench| {
            let gpu = &*bench.gpu;
            let (x, dout) = (numbers(28, tokens.len()), numbers(29, tokens.images * width));
            let (mut means, mut shared) = (vec![0f64; dout.len()], vec![0f64; x.len()]);
            for at in 0..x.len() {
                let (image, n, d) = (at / width / count, at / width % count, at % width);
                if of.contains(&n) {
                    means[image * width + d] += f64::from(x[at]) / of.len() as f64;
                    shared[at] = f64::from(dout[image * width + d]) / of.len() as f64;
                }
            }
            let [x, dout] = [&x, &dout].map(|values| bench.of(values));
            let (out, dx) = (bench.wide(means.len()), bench.wide(shared.len()));
            tokens.pool(gpu, x.all(), out.all(), of.clone()).unwrap();
            tokens.unpool(gpu, dout.all(), dx.all(), of.clone()).unwrap();
            let results = [bench.read(&out), bench.read(&dx)];
            assert_close("means", &results[0], &means, 1e-6);
            assert_close("shared", &results[1], &shared, 1e-6);
            results.to_vec()
        });
    }
}
