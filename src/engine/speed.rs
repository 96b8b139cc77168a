//! How fast this machine multiplies matrices: what a plan's minutes are estimated from.

use std::time::{Duration, Instant};

use proofmark_base::product::product_of;

/// How long is measured, after a first product that is not counted.
const MEASURED: Duration = Duration::from_millis(30);
/// A training step takes about this many times as long as its matrix products alone.
const STEP: f64 = 1.5;

/// Width beyond which products are hardly faster: larger ones would take memory, and seconds without
/// wide registers, for nothing.
const WIDEST: usize = 768;

/// Floating-point operations per second that a training of this width gets out of all cores of
/// the processor, roughly: measured for a moment on products of its shape.
pub fn training(width: usize) -> f64 {
    let width = width.min(WIDEST);
    let (rows, columns) = (1024, 4 * width);
    let (a, b) = (vec![0.5; rows * width], vec![0.25; width * columns]);
    let mut out = vec![0.0; rows * columns];
    product_of(&mut out, &a, &b, rows);
    let (begun, mut products) = (Instant::now(), 0u32);
    while begun.elapsed() < MEASURED {
        product_of(&mut out, &a, &b, rows);
        products += 1;
    }
    let operations = 2.0 * (rows * width * columns) as f64 * f64::from(products);
    operations / begun.elapsed().as_secs_f64() / STEP
}
