//! Coarser and sharper images.

use proofmark_base::wide::wide;
use proofmark_picture::Pixels;
use proofmark_picture::linear::{byte, resize};
use proofmark_picture::resize::Window;

/// Every `factor`-th pixel, brought back to the size linearly.
pub fn coarsen(image: &Pixels, factor: usize) -> Pixels {
    let (width, height) = ((image.width / factor).max(1), (image.height / factor).max(1));
    // The nearest pixel of OpenCV: places are cut off, not rounded.
    let place = |i: usize, to: usize, n: usize| i * n / to;
    let mut small = Pixels { width, height, rgb: Vec::with_capacity(width * height * 3) };
    for y in 0..height {
        let row = &image.rgb[place(y, height, image.height) * image.width * 3..];
        for x in 0..width {
            small.rgb.extend_from_slice(&row[place(x, width, image.width) * 3..][..3]);
        }
    }
    let whole = Window::whole(width as u32, height as u32);
    resize(&small, whole, (image.width, image.height))
}

/// `alpha` of the image gives way to itself less its eight neighbours, times 8 + `lightness`
/// in the middle. At the border the neighbours are those inside, mirrored.
pub fn sharpen(image: &Pixels, alpha: f32, lightness: f32) -> Pixels {
    let (width, height) = (image.width, image.height);
    let middle = (1.0 - alpha) + alpha * (8.0 + lightness);
    // The neighbours' sum comes from the sum of nine, less the middle.
    let middle = middle + alpha;
    let mirrored = |i: isize, n: usize| {
        if n == 1 { 0 } else { i.unsigned_abs().min(2 * (n - 1) - i.unsigned_abs()) }
    };
    let mut rgb = vec![0u8; image.rgb.len()];
    let mut column = vec![0f32; (width + 2) * 3];
    let rows = |y: isize| &image.rgb[mirrored(y, height) * width * 3..][..width * 3];
    let second = 3 * (1 + mirrored(-1, width));
    let last = 3 * (1 + mirrored(width as isize, width));
    for (y, out) in rgb.chunks_exact_mut(width * 3).enumerate() {
        let (above, here, below) = (rows(y as isize - 1), rows(y as isize), rows(y as isize + 1));
        wide(
            #[inline(always)]
            || {
                let inner = &mut column[3..3 + width * 3];
                for (((sum, a), b), c) in inner.iter_mut().zip(above).zip(here).zip(below) {
                    *sum = f32::from(*a) + f32::from(*b) + f32::from(*c);
                }
            },
        );
        column.copy_within(second..second + 3, 0);
        column.copy_within(last..last + 3, 3 * (width + 1));
        wide(
            #[inline(always)]
            || {
                let (left, centre) = (&column[..width * 3], &column[3..3 + width * 3]);
                let sums = left.iter().zip(centre).zip(&column[6..]);
                for ((out, here), ((a, b), c)) in out.iter_mut().zip(here).zip(sums) {
                    let value = middle * f32::from(*here) - alpha * (a + b + c);
                    *out = byte(value.clamp(0.0, 255.0));
                }
            },
        );
    }
    Pixels { width, height, rgb }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_coarse_image_keeps_its_size_and_loses_what_is_fine() {
        let image = Pixels {
            width: 8,
            height: 8,
            rgb: (0..64).flat_map(|i| [if i % 2 == 0 { 200 } else { 10 }; 3]).collect(),
        };
        let coarse = coarsen(&image, 2);
        assert_eq!((coarse.width, coarse.height), (8, 8));
        assert!(coarse.rgb.iter().all(|v| *v == 200), "every other column is left");
    }

    #[test]
    fn sharpening_leaves_the_brightness_of_flat_parts_to_lightness() {
        let flat = Pixels { width: 5, height: 4, rgb: vec![100; 60] };
        // (1 - a) 100 + a (8 + l - 8) 100.
        assert!(sharpen(&flat, 0.5, 1.0).rgb.iter().all(|v| *v == 100));
        assert!(sharpen(&flat, 0.4, 0.5).rgb.iter().all(|v| *v == 80));
    }
}
