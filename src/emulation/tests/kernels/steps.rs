//! What moves parameters.

use crate::bench::{assert_close, everywhere, numbers};
use proofmark_gpu::kernels::steps::{
    AdamW, PIECE, adamw, add_scaled, move_towards, multiply, sgd, square_chunks, squares,
};
use proofmark_gpu::kind::Kind;
use proofmark_gpu::memory::Buffer;

/// Factors on the learning rate and weight decays of three pieces, of which the second stays as it is.
const RATES: [f32; 6] = [1.0, 0.5, 0.0, 0.5, 0.125, 0.0];

#[test]
fn a_step_of_adamw_is_its_formula_and_leaves_alone_what_has_no_rate() {
    let count = 3 * PIECE;
    let step = AdamW { lr: 1e-2, correction: 0.5, beta1: 0.9, beta2: 0.999, root: 3.0, eps: 1e-8 };
    everywhere(|bench| {
        let gpu = &*bench.gpu;
        let [values, gradient, first] = [30, 31, 32].map(|seed| numbers(seed, count));
        let second: Vec<f32> = numbers(33, count).iter().map(|v| v * v).collect();
        let mut expected = Vec::new();
        for at in 0..count {
            let [factor, decay] = [0, 1].map(|i| f64::from(RATES[at / PIECE * 2 + i]));
            let [value, g, m, v] = [values[at], gradient[at], first[at], second[at]].map(f64::from);
            let (m, v) = (0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g);
            let lr = 1e-2 * factor;
            let moved = value * (1.0 - lr * decay) - lr / 0.5 * m / (v.sqrt() * 3.0 + 1e-8);
            expected.push(if factor == 0.0 { value } else { moved });
        }
        let [values, gradient, first, second, rates] =
            [&values, &gradient, &first, &second, &RATES.to_vec()].map(|v| bench.of(v));
        let moments = [first.all(), second.all()];
        adamw(gpu, values.all(), gradient.all(), moments, rates.all(), step).unwrap();
        let results = [&values, &first, &second].map(|buffer| bench.read(buffer));
        assert_close("values", &results[0], &expected, 1e-6);
        results.to_vec()
    });
}

#[test]
fn a_step_of_sgd_is_its_formula_and_leaves_alone_what_has_no_rate() {
    let count = 3 * PIECE;
    everywhere(|bench| {
        let [values, gradient, velocity] = [36, 37, 38].map(|seed| numbers(seed, count));
        let (mut moved, mut velocities) = (Vec::new(), Vec::new());
        for at in 0..count {
            let [factor, decay] = [0, 1].map(|i| f64::from(RATES[at / PIECE * 2 + i]));
            let [w, g, v] = [values[at], gradient[at], velocity[at]].map(f64::from);
            let next = 0.75 * v + g + decay * w;
            velocities.push(if factor == 0.0 { v } else { next });
            moved.push(if factor == 0.0 { w } else { w - 0.1 * factor * next });
        }
        let [values, gradient, velocity, rates] =
            [&values, &gradient, &velocity, &RATES.to_vec()].map(|v| bench.of(v));
        let step = [0.1, 0.75];
        sgd(&*bench.gpu, values.all(), gradient.all(), velocity.all(), rates.all(), step).unwrap();
        let results = [&values, &velocity].map(|buffer| bench.read(buffer));
        assert_close("values", &results[0], &moved, 1e-6);
        assert_close("velocities", &results[1], &velocities, 1e-6);
        results.to_vec()
    });
}

#[test]
fn all_numbers_are_squared_averaged_and_multiplied() {
    let count = 150_001;
    everywhere(|bench| {
        let gpu = &*bench.gpu;
        let [values, average] = [34, 35].map(|seed| numbers(seed, count));
        let square: f64 = values.iter().map(|v| f64::from(*v).powi(2)).sum();
        let moved: Vec<f64> = average
            .iter()
            .zip(&values)
            .map(|(average, value)| 0.75 * f64::from(*average) + 0.25 * f64::from(*value))
            .collect();
        let halves: Vec<f64> = values.iter().map(|v| f64::from(*v) * 0.5).collect();
        let [values, average] = [&values, &average].map(|values| bench.of(values));
        let partial = Buffer::new(&bench.gpu, Kind::F64, square_chunks(count)).unwrap();
        squares(gpu, values.all(), partial.all()).unwrap();
        let got: f64 = partial.all().get_wide(gpu).unwrap().iter().sum();
        assert!((got / square - 1.0).abs() < 1e-12, "{got} for {square}");
        move_towards(gpu, average.all(), values.all(), 0.75).unwrap();
        multiply(gpu, values.all(), 0.5).unwrap();
        let results = [bench.read(&average), bench.read(&values)];
        assert_close("moved", &results[0], &moved, 1e-6);
        assert_close("halves", &results[1], &halves, 1e-7);
        let sums: Vec<f64> = moved.iter().zip(&halves).map(|(a, b)| a + 0.25 * b).collect();
        add_scaled(gpu, average.all(), values.all(), 0.25).unwrap();
        assert_close("sums", &bench.read(&average), &sums, 1e-6);
        results.to_vec()
    });
}
