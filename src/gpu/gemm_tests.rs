//! What a BLAS is asked for, carried out column by column, gives what was meant row by row.

use super::{Batch, Columns, Gemm, call};
use crate::kind::Kind;
use crate::product::{Operand, Product, Sizes};

/// Numbers that differ, small enough for sums to be exact.
fn numbers(len: usize) -> Vec<f32> {
    (0..len).map(|at| ((at * 7 + at / 11) % 23) as f32 - 11.0).collect()
}

/// What stands at a place of an operand, row by row.
fn at(operand: &Operand, [i, j]: [usize; 2], row: usize, column: usize) -> usize {
    let (row, column) = if operand.transposed { (column, row) } else { (row, column) };
    let first = operand.address as usize / 4 + i * operand.apart[0] + j * operand.apart[1];
    first + row * operand.stride + column
}

fn by_rows(memory: &mut [f32], asked: &Product) {
    let [m, n, k] = asked.sizes.sizes;
    for (i, j) in pairs(asked.sizes.batch) {
        for (row, column) in pairs([m, n]) {
            let terms = (0..k).map(|inner| {
                memory[at(&asked.a, [i, j], row, inner)]
                    * memory[at(&asked.b, [i, j], inner, column)]
            });
            let sum = asked.sizes.alpha * terms.sum::<f32>();
            let out = &mut memory[at(&asked.out, [i, j], row, column)];
            *out = if asked.sizes.add { *out + sum } else { sum };
        }
    }
}

fn pairs([outer, inner]: [usize; 2]) -> impl Iterator<Item = (usize, usize)> {
    (0..outer).flat_map(move |i| (0..inner).map(move |j| (i, j)))
}

/// One product as a BLAS defines it: no leading dimension is smaller than a column.
fn by_columns(memory: &mut [f32], gemm: &Gemm, [first, second, out]: [usize; 3]) {
    let [m, n, k] = gemm.sizes;
    let number =
        |matrix: &Columns, from: usize, [rows, columns]: [usize; 2], row: usize, column: usize| {
            let (height, row, column) = match matrix.transposed {
                true => (columns, column, row),
                false => (rows, row, column),
            };
            assert!(
                matrix.lies.stride >= height.max(1),
                "a leading dimension of {}",
                matrix.lies.stride
            );
            from + column * matrix.lies.stride + row
        };
    assert!(!gemm.out.transposed);
    for (row, column) in pairs([m, n]) {
        let terms = (0..k).map(|inner| {
            memory[number(&gemm.first, first, [m, k], row, inner)]
                * memory[number(&gemm.second, second, [k, n], inner, column)]
        });
        let sum = gemm.alpha * terms.sum::<f32>();
        let at = number(&gemm.out, out, [m, n], row, column);
        // A BLAS does not look at what is there if it is not added to.
        memory[at] = if gemm.beta == 0.0 { sum } else { sum + gemm.beta * memory[at] };
    }
}

/// Carries it out, and says whether the matrices lay evenly.
fn carry_out(memory: &mut [f32], gemm: &Gemm) -> bool {
    let numbers = |address: u64| address as usize / 4;
    let places: Vec<usize> = gemm.places().into_iter().map(numbers).collect();
    let [first, second, out] = [0, 1, 2].map(|of| &places[of * places.len() / 3..]);
    let starts = [gemm.first, gemm.second, gemm.out].map(|matrix| numbers(matrix.lies.address));
    match gemm.together() {
        Batch::Even(count, apart) => {
            assert_eq!(count, places.len() / 3);
            for i in 0..count {
                let from = [0, 1, 2].map(|of| starts[of] + i * apart[of]);
                assert_eq!(from, [first[i], second[i], out[i]]);
                by_columns(memory, gemm, from);
            }
            true
        }
        Batch::Scattered => {
            for i in 0..places.len() / 3 {
                by_columns(memory, gemm, [first[i], second[i], out[i]]);
            }
            false
        }
    }
}

/// How the batches of an operand lie: `(outer, inner)` numbers for a matrix of so many.
type Apart = fn(usize, [usize; 2]) -> [usize; 2];

/// One matrix behind the other; the same for all of the outer batch; heads side by side in rows.
const EVEN: Apart = |numbers, [_, inner]| [inner * numbers, numbers];
const SHARED: Apart = |numbers, _| [0, numbers];

fn operand(address: usize, rows: usize, columns: usize, pad: usize, transposed: bool) -> Operand {
    let (_, width) = if transposed { (columns, rows) } else { (rows, columns) };
    let (address, stride) = (4 * address as u64, width + pad);
    Operand { address, kind: Kind::F32, stride, transposed, apart: [0, 0] }
}

/// Runs both ways, and returns whether the matrices lay evenly.
fn agrees(sizes: Sizes, transposed: [bool; 2], pads: [usize; 3], apart: [Apart; 3]) -> bool {
    let [m, n, k] = sizes.sizes;
    let room = 4096;
    let mut operands = [
        operand(3, m, n, pads[0], false),
        operand(room + 5, m, k, pads[1], transposed[0]),
        operand(2 * room + 1, k, n, pads[2], transposed[1]),
    ];
    for (operand, apart) in operands.iter_mut().zip(apart) {
        let height = [m, n, k].into_iter().max().unwrap();
        operand.apart = apart(height * operand.stride, sizes.batch);
    }
    let [out, a, b] = operands;
    let asked = Product { sizes, out, a, b };
    let mut expected = numbers(3 * room);
    let mut got = expected.clone();
    by_rows(&mut expected, &asked);
    let even = carry_out(&mut got, &call(&asked));
    assert!(expected == got, "{asked:?}");
    even
}

#[test]
fn every_layout_gives_the_product_that_was_meant() {
    let mut even = [0, 0];
    for sizes in [[1, 1, 1], [1, 5, 3], [4, 1, 2], [3, 2, 1], [5, 7, 3], [7, 5, 9]] {
        for transposed in [[false, false], [false, true], [true, false], [true, true]] {
            for pads in [[0, 0, 0], [3, 0, 1], [1, 2, 5]] {
                for (batch, add, alpha) in [
                    ([1, 1], false, 1.0),
                    ([1, 1], true, 0.5),
                    ([3, 1], true, 2.0),
                    ([1, 3], false, 1.0),
                    ([2, 3], true, 1.0),
                ] {
                    let [m, n, k] = sizes;
                    let asked = Sizes { batch, alpha, add, ..Sizes::new(m, n, k) };
                    for apart in [[EVEN; 3], [EVEN, EVEN, SHARED], [EVEN, SHARED, EVEN]] {
                        even[usize::from(agrees(asked, transposed, pads, apart))] += 1;
                    }
                }
            }
        }
    }
    // Both ways were gone.
    assert!(even.into_iter().all(|times| times > 100), "{even:?}");
}

/// q k^T of attention, as it lies in (images, N, 3, heads, size), into (images, heads, N, stride).
#[test]
fn heads_that_lie_side_by_side_are_scattered() {
    let (images, tokens, heads, size, stride) = (2, 3, 2, 4, 8);
    let row = 3 * heads * size;
    let of = |address: usize, stride, transposed, apart| Operand {
        address: 4 * address as u64,
        kind: Kind::F32,
        stride,
        transposed,
        apart,
    };
    let sizes = Sizes { batch: [images, heads], ..Sizes::new(tokens, tokens, size) };
    let a = of(0, row, false, [tokens * row, size]);
    let b = of(heads * size, row, true, [tokens * row, size]);
    let out = of(1000, stride, false, [heads * tokens * stride, tokens * stride]);
    let asked = Product { sizes, out, a, b };
    let mut expected = numbers(2000);
    let mut got = expected.clone();
    by_rows(&mut expected, &asked);
    assert!(!carry_out(&mut got, &call(&asked)));
    assert_eq!(expected, got);
}
