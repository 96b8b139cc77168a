//! Products against their definition, in every width and with several threads.

use proptest::prelude::*;

use super::*;
use crate::rng::{Rng, Stream};
use crate::width::Width;

/// The definition in the module's first lines, an element at a time.
fn element(
    a: impl Fn(usize) -> f32,
    b: impl Fn(usize) -> f32,
    k: usize,
    scale: f32,
    old: Option<f32>,
) -> f32 {
    let mut value = old;
    for ks in parts(k, DEPTH) {
        let sum = ks.fold(0f32, |sum, k| a(k).mul_add(b(k), sum));
        value = Some(value.map_or(sum * scale, |value| sum.mul_add(scale, value)));
    }
    value.unwrap_or(0.0)
}

fn random(count: usize, sample: u64) -> Vec<f32> {
    let mut rng = Rng::new(1, Stream::Demo, 0, sample);
    (0..count).map(|_| rng.uniform() as f32 * 2.0 - 1.0).collect()
}

/// Sizes and layouts of a product.
#[derive(Clone, Copy, Debug)]
struct Case {
    m: usize,
    n: usize,
    k: usize,
    a_across: bool,
    b_across: bool,
    /// Columns that lie beside those of the matrices.
    beside: usize,
    add: bool,
}

impl Case {
    /// The result and what lies beside it.
    fn compute(&self, threads: Threads) -> Vec<f32> {
        let Self { m, n, k, beside, .. } = *self;
        let (a, b) = (self.a(), self.b());
        let mut out = random(m * (n + beside), 3);
        let to = Out::columns(&mut out, n + beside, beside / 2, n);
        product(to, self.left(&a), self.right(&b), 0.5, self.add, threads);
        let _ = k;
        out
    }

    fn a(&self) -> Vec<f32> {
        random((self.m + self.beside) * (self.k + self.beside), 1)
    }

    fn b(&self) -> Vec<f32> {
        random((self.n + self.beside) * (self.k + self.beside), 2)
    }

    fn left<'a>(&self, a: &'a [f32]) -> Mat<'a> {
        let Self { m, k, beside, .. } = *self;
        match self.a_across {
            false => Mat::columns(a, m, k + beside, beside, k),
            true => Mat::columns(a, k, m + beside, beside, m).t(),
        }
    }

    fn right<'a>(&self, b: &'a [f32]) -> Mat<'a> {
        let Self { n, k, beside, .. } = *self;
        match self.b_across {
            false => Mat::columns(b, k, n + beside, beside, n),
            true => Mat::columns(b, n, k + beside, beside, k).t(),
        }
    }

    fn by_definition(&self) -> Vec<f32> {
        let Self { m, n, k, beside, .. } = *self;
        let (a, b) = (self.a(), self.b());
        let (left, right) = (self.left(&a), self.right(&b));
        let mut out = random(m * (n + beside), 3);
        for i in 0..m {
            for j in 0..n {
                let place = i * (n + beside) + beside / 2 + j;
                let a = |k: usize| left.values[i * left.row_stride + k * left.col_stride];
                let b = |k: usize| right.values[k * right.row_stride + j * right.col_stride];
                out[place] = element(a, b, k, 0.5, self.add.then_some(out[place]));
            }
        }
        out
    }
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|v| v.to_bits()).collect()
}

fn check(case: Case) {
    let expected = bits(&case.by_definition());
    for width in Width::here() {
        width.choose();
        let one = bits(&case.compute(Threads::One));
        assert!(one == expected, "{case:?} in {}", width.name());
        for threads in [2, 3] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let all = bits(&pool.install(|| case.compute(Threads::All)));
            assert!(all == expected, "{case:?} in {} with {threads} threads", width.name());
        }
    }
}

/// Sizes on both sides of those at which copies, tasks and threads begin.
#[test]
fn elements_are_those_of_the_definition_to_the_bit() {
    for (m, n, k) in [
        (1, 1, 1),
        (1, 2, 768),
        (8, 2, 300),
        (15, 33, 256),
        (29, 65, 257),
        (3, 700, 513),
        (197, 197, 64),
        (197, 64, 197),
        (24, 144, 2000),
        (500, 260, 100),
        (230, 129, 600),
    ] {
        for (a_across, b_across) in [(false, false), (false, true), (true, false), (true, true)] {
            for (beside, add) in [(0, false), (3, true)] {
                check(Case { m, n, k, a_across, b_across, beside, add });
            }
        }
    }
}

#[test]
fn products_of_nothing_are_zero_or_what_was_there() {
    let mut out = [1f32, 2.0];
    let b = Mat::strided(&[], (0, 2), (2, 1));
    product(Out::new(&mut out, 2), Mat::new(&[], 1), b, 1.0, true, Threads::One);
    assert_eq!(out, [1.0, 2.0]);
    product(Out::new(&mut out, 2), Mat::new(&[], 1), b, 1.0, false, Threads::All);
    assert_eq!(out, [0.0, 0.0]);
    let a = Mat::strided(&[], (0, 0), (0, 1));
    product(Out::new(&mut [], 2), a, b, 1.0, false, Threads::One);
}

#[test]
fn products_are_near_those_in_double_precision() {
    let case =
        Case { m: 30, n: 40, k: 3000, a_across: false, b_across: true, beside: 0, add: false };
    let (a, b, out) = (case.a(), case.b(), case.compute(Threads::All));
    for (place, got) in out.iter().enumerate() {
        let (i, j) = (place / 40, place % 40);
        let terms = (0..3000).map(|k| f64::from(a[i * 3000 + k]) * f64::from(b[j * 3000 + k]));
        let exact = 0.5 * terms.sum::<f64>();
        assert!((exact - f64::from(*got)).abs() < 2e-5, "{i} {j}: {exact} {got}");
    }
}

#[test]
#[should_panic(expected = "lies within its slice")]
fn a_matrix_that_ends_outside_its_slice_is_refused() {
    let (a, mut out) = ([0f32; 6], [0f32; 4]);
    let (left, right) = (Mat::columns(&a, 2, 4, 0, 3), Mat::columns(&a, 3, 2, 0, 2));
    product(Out::new(&mut out, 2), left, right, 1.0, false, Threads::One);
}

#[test]
#[should_panic(expected = "agree")]
fn sizes_that_do_not_agree_are_refused() {
    let a = [0f32; 6];
    product(
        Out::new(&mut [0f32; 4], 2),
        Mat::new(&a, 2),
        Mat::new(&a, 2),
        1.0,
        false,
        Threads::One,
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]
    #[test]
    fn any_product_is_that_of_the_definition(
        m in 0usize..70,
        n in 0usize..90,
        k in 0usize..300,
        a_across: bool,
        b_across: bool,
        beside in 0usize..5,
        add: bool,
    ) {
        if n + beside > 0 && (m > 0 || beside == 0) {
            check(Case { m, n, k, a_across, b_across, beside, add });
        }
    }
}
