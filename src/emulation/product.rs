//! Matrix products as they stand in a textbook, summed in f64.

use super::memory::Memory;
use proofmark_gpu::kind::Kind;
use proofmark_gpu::product::{Factors, Operand, Product};

/// Computes a product.
pub fn product(memory: &mut Memory, asked: &Product) {
    let [m, n, k] = asked.sizes.sizes;
    let [outer, inner] = asked.sizes.batch;
    for batch in (0..outer).flat_map(|i| (0..inner).map(move |j| [i, j])) {
        let factor =
            |operand: &Operand, numbers: Vec<f32>| match (operand.kind, asked.sizes.factors) {
                (Kind::F32, Factors::Tf32) => numbers.into_iter().map(as_tf32).collect(),
                (Kind::F32, Factors::F32) | (Kind::Bf16 | Kind::F64 | Kind::Byte, _) => numbers,
            };
        let a = factor(&asked.a, matrix(memory, &asked.a, batch, m, k));
        let b = factor(&asked.b, matrix(memory, &asked.b, batch, k, n));
        for row in 0..m {
            let mut sums = vec![0f64; n];
            for (at, a) in a[row * k..(row + 1) * k].iter().enumerate() {
                let terms = b[at * n..(at + 1) * n].iter().map(|b| f64::from(*a) * f64::from(*b));
                sums.iter_mut().zip(terms).for_each(|(sum, term)| *sum += term);
            }
            let mut line: Vec<f32> =
                sums.iter().map(|sum| (f64::from(asked.sizes.alpha) * sum) as f32).collect();
            if asked.sizes.add {
                let before = line_of(memory, &asked.out, batch, row, n);
                line.iter_mut().zip(before).for_each(|(value, before)| *value += before);
            }
            write_line(memory, &asked.out, batch, row, &line);
        }
    }
}

/// The numbers of an operand's matrix, row by row as it is meant.
fn matrix(
    memory: &mut Memory,
    operand: &Operand,
    batch: [usize; 2],
    rows: usize,
    columns: usize,
) -> Vec<f32> {
    let mut numbers = vec![0.0; rows * columns];
    let (lines, length) = if operand.transposed { (columns, rows) } else { (rows, columns) };
    for line in 0..lines {
        let read = line_of(memory, operand, batch, line, length);
        for (at, number) in read.into_iter().enumerate() {
            let (row, column) = if operand.transposed { (at, line) } else { (line, at) };
            numbers[row * columns + column] = number;
        }
    }
    numbers
}

/// The numbers of a row as it lies in memory.
fn line_of(
    memory: &mut Memory,
    operand: &Operand,
    batch: [usize; 2],
    line: usize,
    length: usize,
) -> Vec<f32> {
    let size = operand.kind.size();
    let bytes = memory.at(begin(operand, batch, line), length * size).chunks_exact(size);
    match operand.kind {
        Kind::F32 => bytes.map(|b| f32::from_ne_bytes(b.try_into().expect("four bytes"))).collect(),
        Kind::Bf16 => bytes
            .map(|b| u16::from_ne_bytes(b.try_into().expect("two bytes")))
            .map(|bits| f32::from_bits(u32::from(bits) << 16))
            .collect(),
        Kind::F64 | Kind::Byte => panic!("there are no products in {:?}", operand.kind),
    }
}

/// Where a row begins.
fn begin(operand: &Operand, batch: [usize; 2], line: usize) -> u64 {
    let apart = batch[0] * operand.apart[0] + batch[1] * operand.apart[1];
    operand.address + ((apart + line * operand.stride) * operand.kind.size()) as u64
}

fn write_line(memory: &mut Memory, operand: &Operand, batch: [usize; 2], line: usize, row: &[f32]) {
    let size = operand.kind.size();
    let bytes = memory.at(begin(operand, batch, line), row.len() * size);
    for (bytes, value) in bytes.chunks_exact_mut(size).zip(row) {
        match operand.kind {
            Kind::F32 => bytes.copy_from_slice(&value.to_ne_bytes()),
            Kind::Bf16 => bytes.copy_from_slice(&rounded(*value).to_ne_bytes()),
            Kind::F64 | Kind::Byte => panic!("there are no products in {:?}", operand.kind),
        }
    }
}

/// The number with 10 bits behind the point that is nearest to a number, the one farther from zero of two that are as
/// near (PTX ISA, `cvt.rna.tf32.f32`).
fn as_tf32(value: f32) -> f32 {
    match value.is_finite() {
        true => f32::from_bits((value.to_bits() + 0x1000) & !0x1fff),
        false => value,
    }
}

/// The bf16 that is nearest to a number, the even one of two that are as near.
fn rounded(value: f32) -> u16 {
    let bits = value.to_bits();
    match value.is_nan() {
        true => 0x7fff,
        false => (bits.wrapping_add(0x7fff + (bits >> 16 & 1)) >> 16) as u16,
    }
}

#[cfg(test)]
mod tests {
    use super::as_tf32;

    #[test]
    fn tf32_has_ten_bits_behind_the_point() {
        let step = f32::from_bits(1 << 13 | 127 << 23);
        assert_eq!(step, 1.0 + 1.0 / 1024.0);
        for (value, rounded) in [
            (step, step),
            (1.0 + 0.49 / 1024.0, 1.0),
            (1.0 + 0.5 / 1024.0, step),
            (-1.0 - 0.5 / 1024.0, -step),
            (1.9999, 2.0),
            (0.0, 0.0),
            (f32::INFINITY, f32::INFINITY),
        ] {
            assert_eq!(as_tf32(value), rounded, "{value}");
        }
        assert!(as_tf32(f32::NAN).is_nan());
    }
}
