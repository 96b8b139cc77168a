//! Common corruptions of stored faces, to see how a model bears them: in the wild, faces
//! are compressed, shrunk and noisy (paper section 1).

use image::{ImageBuffer, Rgb, imageops};

use proofmark_base::rng::{Rng, Stream};
use proofmark_lang::model::{Corruption, CorruptionKind};
use proofmark_picture::resize::resize;
use proofmark_picture::resize::{Filter, Window};
use proofmark_picture::{self, Pixels};

/// A square face of `side` pixels, RGB bytes, after a corruption. `id` is the face's number for
/// random streams: its noise is the same for every model.
pub fn corrupt(rgb: &[u8], side: u32, corruption: Corruption, id: u64) -> Vec<u8> {
    let at = corruption.at;
    match corruption.kind {
        CorruptionKind::Jpeg => jpeg(rgb, side, at as u32),
        CorruptionKind::Resize => shrink(rgb, side, at),
        CorruptionKind::Blur => blur(rgb, side, at),
        CorruptionKind::Noise => noise(rgb, at, id),
    }
}

/// Through JPEG with 4:2:0 and the standard's tables, as Pillow and OpenCV write it.
fn jpeg(rgb: &[u8], side: u32, quality: u32) -> Vec<u8> {
    proofmark_picture::jpeg(&Pixels::square(rgb.to_vec(), side as usize), quality).rgb
}

fn shrink(rgb: &[u8], side: u32, to: f64) -> Vec<u8> {
    let small = ((f64::from(side) * to).round() as u32).max(1);
    let shrunk = resize(rgb, side, Window::whole(side, side), small, Filter::Bicubic);
    resize(&shrunk, small, Window::whole(small, small), side, Filter::Bicubic)
}

fn blur(rgb: &[u8], side: u32, sigma: f64) -> Vec<u8> {
    let image: ImageBuffer<Rgb<u8>, _> =
        ImageBuffer::from_raw(side, side, rgb).expect("a face has side x side pixels");
    imageops::blur(&image, sigma as f32).into_raw()
}

fn noise(rgb: &[u8], deviation: f64, id: u64) -> Vec<u8> {
    let mut normal = vec![0f32; rgb.len()];
    Rng::new(0, Stream::Corruption, 0, id).fill_normal(&mut normal);
    let noisy = |(&byte, n): (&u8, f32)| (f32::from(byte) + deviation as f32 * n).round() as u8;
    rgb.iter().zip(normal).map(noisy).collect()
}
