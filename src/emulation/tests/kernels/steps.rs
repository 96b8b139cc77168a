//! What moves parameters.

use crate::bench::{assert_close, everywhere, numbers};
use proofmark_gpu::kernels::steps::{
    AdamW, PIECE, adamw, cast, move_towards, multiply, square_chunks, squares,
};
use proofmark_gpu::memory::{Buffer, Kind};

#[test]
fn a_step_of_adamw_is_its_formula_and_leaves_alone_what_has_no_rate() {
    let count = 3 * PIECE;
    let step = AdamW { beta1: 0.9, beta2: 0.999, root: 3.0, eps: 1e-8 };
    everywhere(|bench| {
        let gpu = &*bench.gpu;
        let [values, gradient, first] = [30, 31, 32].map(|seed| numbers(seed, count));
        let second: Vec<f32> = numbers(33, count).iter().map(|v| v * v).collect();
        let rates = [1e-2f32, 0.99, 0.0, 0.5, 1e-3, 1.0];
        let mut expected = Vec::new();
        for at in 0..count {
            let (lr, keep) =
                (f64::from(rates[at / PIECE * 2]), f64::from(rates[at / PIECE * 2 + 1]));
            let [value, g, m, v] = [values[at], gradient[at], first[at], second[at]].map(f64::from);
            let (m, v) = (0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g);
            let moved = value * keep - lr * m / (v.sqrt() * 3.0 + 1e-8);
            expected.push(if lr == 0.0 { value } else { moved });
        }
        let [values, gradient, first, second, rates] =
            [&values, &gradient, &first, &second, &rates.to_vec()].map(|v| bench.of(v));
        let copy = bench.room(count);
        cast(gpu, values.all(), copy.all()).unwrap();
        let moments = [first.all(), second.all()];
        adamw(gpu, values.all(), gradient.all(), moments, rates.all(), Some(copy.all()), step)
            .unwrap();
        let results = [&values, &copy, &first, &second].map(|buffer| bench.read(buffer));
        assert_close("values", &results[0], &expected, 1e-6);
        bench.assert_close("copy", &results[1], &expected);
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
        results.to_vec()
    });
}
