//! The windows of images as rows, so that a convolution of them is a matrix product.

use candle_core::{Device, Result, Tensor};
use rayon::prelude::*;

use super::Window;

/// Images (B, 3, S, S) to the windows around their output pixels, (B, H', W', 3 k k), in
/// the order of a weight (O, 3, k, k). There is no gradient of images.
pub fn patches(images: &[f32], side: usize, window: Window, device: &Device) -> Result<Tensor> {
    let (out, kernel) = (window.outputs(side), window.kernel);
    let (row, image) = (out * 3 * kernel * kernel, 3 * side * side);
    let mut rows = vec![0f32; images.len() / image * out * row];
    rows.par_chunks_exact_mut(row).enumerate().for_each(|(line, row)| {
        let (image, y) = (&images[line / out * image..][..image], line % out);
        for (x, patch) in row.chunks_exact_mut(3 * kernel * kernel).enumerate() {
            let mut values = patch.iter_mut();
            for plane in image.chunks_exact(side * side) {
                for from in (0..kernel).map(|k| window.input(y, k, side)) {
                    let columns = (0..kernel).map(|k| window.input(x, k, side));
                    // In this order: the other way round a value would be lost at the end.
                    for (at, value) in columns.zip(values.by_ref()) {
                        *value = from.zip(at).map_or(0.0, |(y, x)| plane[y * side + x]);
                    }
                }
            }
        }
    });
    let shape = (images.len() / image, out, out, 3 * kernel * kernel);
    Tensor::from_vec(rows, shape, device)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_times_a_weight_are_the_convolution() {
        let side = 7;
        let images: Vec<f32> =
            (0..2 * 3 * 49).map(|i| (i * 37 % 101) as f32 / 50.0 - 1.0).collect();
        let weight: Vec<f32> = (0..4 * 27).map(|i| (i * 23 % 71) as f32 / 35.0 - 1.0).collect();
        let weight = Tensor::from_vec(weight, (4, 3, 3, 3), &Device::Cpu).unwrap();
        let rows = patches(&images, side, Window::same(3, 2), &Device::Cpu).unwrap();
        let ours = rows.reshape((2 * 16, 27)).unwrap();
        let ours = ours.matmul(&weight.reshape((4, 27)).unwrap().t().unwrap()).unwrap();
        let x = Tensor::from_vec(images, (2, 3, side, side), &Device::Cpu).unwrap();
        // Seven pixels at stride 2: one zero on each side.
        let expected = x.conv2d(&weight, 1, 2, 1, 1).unwrap().permute((0, 2, 3, 1)).unwrap();
        let off = (ours - expected.reshape((32, 4)).unwrap()).unwrap().abs().unwrap();
        assert!(off.max_all().unwrap().to_scalar::<f32>().unwrap() < 1e-5);
    }
}
