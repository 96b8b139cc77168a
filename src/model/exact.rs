//! Operations on the CPU of our own, where candle's give other bits on another processor: products,
//! and terms of a loss whose gradient is known.

use candle_core::{CpuStorage, CustomOp1, CustomOp2, DType, Layout, Result, Shape, Tensor, bail};
use proofmark_base::product::{Mat, Out, Threads, product};
use rayon::prelude::*;

/// Products of the matrices (.., M, K) and (.., K, N), whose first dimensions are the same, in the
/// type of the first. On the CPU they are computed in f32 by [`proofmark_base::product`].
pub fn matmul(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    if !a.device().is_cpu() {
        return a.matmul(b);
    }
    let (left, right) = (a.to_dtype(DType::F32)?, b.to_dtype(DType::F32)?);
    left.apply_op2(&right, Product)?.to_dtype(a.dtype())
}

struct Product;

/// The matrices of a tensor: its values, where each begins, their size and their strides.
struct Matrices<'a> {
    values: &'a [f32],
    begins: Vec<usize>,
    size: (usize, usize),
    strides: (usize, usize),
}

impl<'a> Matrices<'a> {
    fn of(storage: &'a CpuStorage, layout: &Layout) -> Result<Self> {
        let (CpuStorage::F32(values), [outer @ .., rows, columns]) = (storage, layout.dims())
        else {
            bail!("a product takes matrices in f32")
        };
        let (steps, [down, across]) = layout.stride().split_at(outer.len()) else {
            bail!("a matrix has two strides")
        };
        let mut begins = vec![layout.start_offset()];
        for (count, step) in outer.iter().zip(steps) {
            begins = begins
                .iter()
                .flat_map(|begin| (0..*count).map(move |i| begin + i * step))
                .collect();
        }
        Ok(Self { values, begins, size: (*rows, *columns), strides: (*down, *across) })
    }

    fn matrix(&self, number: usize) -> Mat<'a> {
        Mat::strided(&self.values[self.begins[number]..], self.size, self.strides)
    }
}

impl CustomOp2 for Product {
    fn name(&self) -> &'static str {
        "product"
    }

    fn cpu_fwd(
        &self,
        a: &CpuStorage,
        a_layout: &Layout,
        b: &CpuStorage,
        b_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (a, b) = (Matrices::of(a, a_layout)?, Matrices::of(b, b_layout)?);
        let ((rows, inner), (inner_too, columns)) = (a.size, b.size);
        let outer = &a_layout.dims()[..a_layout.dims().len() - 2];
        if inner != inner_too || outer != &b_layout.dims()[..b_layout.dims().len() - 2] {
            bail!("no product of {:?} and {:?}", a_layout.dims(), b_layout.dims());
        }
        let shape = Shape::from([outer, &[rows, columns]].concat());
        let mut out = vec![0f32; shape.elem_count()];
        let (one, size) = (a.begins.len() == 1, (rows * columns).max(1));
        out.par_chunks_mut(size).enumerate().for_each(|(number, out)| {
            let threads = if one { Threads::All } else { Threads::One };
            let out = Out::new(out, columns);
            product(out, a.matrix(number), b.matrix(number), 1.0, false, threads);
        });
        Ok((CpuStorage::F32(out), shape))
    }

    fn bwd(
        &self,
        a: &Tensor,
        b: &Tensor,
        _out: &Tensor,
        dy: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let da = matmul(dy, &b.detach().t()?)?;
        let db = matmul(&a.detach().t()?, dy)?;
        Ok((Some(da), Some(db)))
    }
}

/// The mean over places: x (B, P, C) to (B, C), as a product, whose order is the same everywhere.
pub fn mean_of_places(x: &Tensor) -> Result<Tensor> {
    let (batch, places, channels) = x.dims3()?;
    let shares = Tensor::full((1.0 / places as f64) as f32, (batch, 1, places), x.device())?;
    matmul(&shares, x)?.reshape((batch, channels))
}

/// A scalar of which value and gradient by x (as many numbers) are known.
pub fn known(x: &Tensor, value: f64, gradient: Vec<f32>) -> Result<Tensor> {
    if x.device().is_cpu() {
        return x.apply_op1(Known { value: value as f32, gradient });
    }
    let gradient = Tensor::from_vec(gradient, x.shape(), x.device())?;
    // The inner product has the gradient; the constant makes the value right.
    let inner = (x * gradient)?.sum_all()?;
    &inner + (value - f64::from(inner.to_scalar::<f32>()?))
}

struct Known {
    value: f32,
    gradient: Vec<f32>,
}

impl CustomOp1 for Known {
    fn name(&self) -> &'static str {
        "known"
    }

    fn cpu_fwd(&self, _: &CpuStorage, _: &Layout) -> Result<(CpuStorage, Shape)> {
        Ok((CpuStorage::F32(vec![self.value]), Shape::from(())))
    }

    fn bwd(&self, x: &Tensor, _value: &Tensor, dy: &Tensor) -> Result<Option<Tensor>> {
        let gradient = Tensor::from_slice(&self.gradient, x.shape(), x.device())?;
        Ok(Some(gradient.broadcast_mul(dy)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{off, random};

    #[test]
    fn products_and_their_gradients_are_candles() {
        for (a, b) in [(&[5, 7][..], &[7, 3][..]), (&[2, 3, 5, 70], &[2, 3, 70, 9])] {
            let (a, b) = (random(a, 1), random(b, 2));
            let turned = |x: &Tensor| x.t().unwrap().contiguous().unwrap().t().unwrap();
            for (left, right) in
                [(a.as_tensor().clone(), b.as_tensor().clone()), (turned(&a), turned(&b))]
            {
                let (ours, theirs) = (matmul(&left, &right).unwrap(), left.matmul(&right).unwrap());
                assert!(off(&ours, &theirs) < 1e-4);
                let upstream = random(ours.dims(), 3);
                let backward = |y: &Tensor| {
                    let store =
                        (y * upstream.as_tensor()).unwrap().sum_all().unwrap().backward().unwrap();
                    [&a, &b].map(|v| store.get(v).unwrap().clone())
                };
                for (ours, theirs) in backward(&ours).iter().zip(&backward(&theirs)) {
                    assert!(off(ours, theirs) < 1e-4);
                }
            }
        }
    }

    #[test]
    fn a_known_term_has_its_value_and_gradient() {
        let x = random(&[2, 3], 1);
        let gradient: Vec<f32> = (0..6).map(|i| i as f32).collect();
        let value = (known(&x, 0.1, gradient).unwrap() * 2.0).unwrap();
        assert_eq!(value.to_scalar::<f32>().unwrap(), 0.1f32 * 2.0);
        let got = value.backward().unwrap().get(&x).unwrap().to_vec2::<f32>().unwrap();
        assert_eq!(got, [[0.0, 2.0, 4.0], [6.0, 8.0, 10.0]]);
    }

    #[test]
    fn a_mean_of_places_is_the_mean() {
        let x = random(&[2, 35, 3], 1);
        let ours = mean_of_places(&x).unwrap();
        assert!(off(&ours, &x.mean(1).unwrap()) < 1e-6);
    }
}
