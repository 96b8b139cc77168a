//! Matrix products as they stand in a textbook, summed in f64.

use super::memory::Memory;
use proofmark_gpu::memory::Kind;
use proofmark_gpu::product::{Operand, Product};

/// Computes a product.
pub fn product(memory: &mut Memory, asked: &Product) {
    let [m, n, k] = asked.sizes.sizes;
    let [outer, inner] = asked.sizes.batch;
    for (i, j) in (0..outer).flat_map(|i| (0..inner).map(move |j| (i, j))) {
        let a = matrix(memory, &asked.a, [i, j], m, k);
        let b = matrix(memory, &asked.b, [i, j], k, n);
        for row in 0..m {
            for column in 0..n {
                let terms =
                    (0..k).map(|at| f64::from(a[row * k + at]) * f64::from(b[at * n + column]));
                let value = f64::from(asked.sizes.alpha) * terms.sum::<f64>();
                let at = place(&asked.out, [i, j], row, column);
                let before = if asked.sizes.add { read(memory, asked.out.kind, at) } else { 0.0 };
                write(memory, asked.out.kind, at, (value + f64::from(before)) as f32);
            }
        }
    }
}

/// Where a number of an operand lies.
fn place(operand: &Operand, batch: [usize; 2], row: usize, column: usize) -> u64 {
    let (row, column) = if operand.transposed { (column, row) } else { (row, column) };
    let apart = batch[0] * operand.apart[0] + batch[1] * operand.apart[1];
    operand.address + ((apart + row * operand.stride + column) * operand.kind.size()) as u64
}

/// The numbers of an operand's matrix, row by row.
fn matrix(
    memory: &mut Memory,
    operand: &Operand,
    batch: [usize; 2],
    rows: usize,
    columns: usize,
) -> Vec<f32> {
    let mut numbers = Vec::with_capacity(rows * columns);
    for row in 0..rows {
        for column in 0..columns {
            numbers.push(read(memory, operand.kind, place(operand, batch, row, column)));
        }
    }
    numbers
}

fn read(memory: &mut Memory, kind: Kind, at: u64) -> f32 {
    let bytes = memory.at(at, kind.size());
    match kind {
        Kind::F32 => f32::from_ne_bytes(bytes.try_into().expect("four bytes")),
        Kind::Bf16 => {
            let bits = u16::from_ne_bytes(bytes.try_into().expect("two bytes"));
            f32::from_bits(u32::from(bits) << 16)
        }
        Kind::F64 => panic!("there are no products in f64"),
    }
}

fn write(memory: &mut Memory, kind: Kind, at: u64, value: f32) {
    let bytes = memory.at(at, kind.size());
    match kind {
        Kind::F32 => bytes.copy_from_slice(&value.to_ne_bytes()),
        Kind::Bf16 => bytes.copy_from_slice(&rounded(value).to_ne_bytes()),
        Kind::F64 => panic!("there are no products in f64"),
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
