//! An image file, which may be broken or hostile, to upright RGB pixels and square crops.

use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageReader, Limits, RgbImage};

use super::resample::resize;
use crate::picture::jpeg_file;

/// Largest side of an image that is decoded, in pixels.
const MAX_SIDE: u32 = 16_384;
/// Memory that decoding one image may take.
const MAX_BYTES: u64 = 1 << 30;
/// Memory for what is not pixels. A colour profile that is larger is passed over.
const MAX_EXTRA_BYTES: u64 = 1 << 26;
/// What a JPEG file begins with.
const JPEG: [u8; 3] = [0xFF, 0xD8, 0xFF];

/// A decoded image, upright, or why there is none.
pub fn read_image(path: &Path) -> Result<RgbImage, String> {
    let bytes = std::fs::read(path).map_err(|e| e.to_string())?;
    decode(&bytes)
}

/// Decodes an image by its content, not its name, and turns it upright as its Exif data say.
/// What is cut off or damaged has a reason in its place.
pub fn decode(bytes: &[u8]) -> Result<RgbImage, String> {
    if bytes.is_empty() {
        return Err("the file is empty".to_owned());
    }
    // Decoders of other people's formats may meet a case their authors did not; a
    // broken file must not end the run.
    let decoded = catch_unwind(AssertUnwindSafe(|| match bytes.starts_with(&JPEG) {
        true => jpeg(bytes),
        false => other(bytes),
    }));
    decoded.unwrap_or_else(|_| Err("the decoder gave up on it".to_owned()))
}

/// A JPEG file, to the byte as libjpeg-turbo decodes it.
fn jpeg(bytes: &[u8]) -> Result<RgbImage, String> {
    let file = jpeg_file::read(bytes, MAX_BYTES).map_err(|e| e.to_string())?;
    let (width, height) = (file.pixels.width as u32, file.pixels.height as u32);
    let pixels = RgbImage::from_raw(width, height, file.pixels.rgb);
    let pixels = pixels.ok_or("the decoder gave too few pixels")?;
    match file.exif.and_then(Orientation::from_exif_chunk) {
        None | Some(Orientation::NoTransforms) => Ok(pixels),
        Some(orientation) => {
            let mut image = DynamicImage::ImageRgb8(pixels);
            image.apply_orientation(orientation);
            Ok(image.into_rgb8())
        }
    }
}

/// A file of another format.
fn other(bytes: &[u8]) -> Result<RgbImage, String> {
    let mut reader =
        ImageReader::new(Cursor::new(bytes)).with_guessed_format().map_err(|e| e.to_string())?;
    let mut limits = Limits::default();
    (limits.max_image_width, limits.max_image_height) = (Some(MAX_SIDE), Some(MAX_SIDE));
    limits.max_alloc = Some(MAX_EXTRA_BYTES);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(|e| e.to_string())?;
    let (width, height) = decoder.dimensions();
    if width == 0 || height == 0 {
        return Err("the image has no pixels".to_owned());
    }
    if width > MAX_SIDE || height > MAX_SIDE || decoder.total_bytes() > MAX_BYTES {
        return Err(format!("{width} x {height} pixels are too many"));
    }
    // Exif data that cannot be read say nothing.
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let mut image = DynamicImage::from_decoder(decoder).map_err(|e| e.to_string())?;
    image.apply_orientation(orientation);
    Ok(image.into_rgb8())
}

/// A part of an image, in whole pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Left edge.
    pub x: u32,
    /// Top edge.
    pub y: u32,
    /// Width.
    pub width: u32,
    /// Height.
    pub height: u32,
}

impl Window {
    /// All of an image.
    pub fn whole(width: u32, height: u32) -> Self {
        Self { x: 0, y: 0, width, height }
    }

    /// The largest centred square.
    pub fn centre_square(width: u32, height: u32) -> Self {
        let side = width.min(height);
        Self { x: (width - side) / 2, y: (height - side) / 2, width: side, height: side }
    }
}

/// How pixels are interpolated, with antialiasing when shrinking, as Pillow does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Filter {
    /// Triangle, support 1.
    Bilinear,
    /// Keys cubic with a = -0.5, support 2.
    Bicubic,
}

/// The largest centred square of an image at `side` × `side`, bicubic.
pub fn square(image: &RgbImage, side: u32) -> Vec<u8> {
    let (width, height) = image.dimensions();
    resize(image.as_raw(), width, Window::centre_square(width, height), side, Filter::Bicubic)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broken_images_give_a_reason() {
        assert_eq!(decode(b"").unwrap_err(), "the file is empty");
        assert!(decode(b"not an image").is_err());
        let mut png = Vec::new();
        let image = RgbImage::from_fn(9, 7, |x, y| image::Rgb([x as u8 * 20, y as u8 * 30, 7]));
        image.write_to(&mut Cursor::new(&mut png), image::ImageFormat::Png).unwrap();
        assert_eq!(decode(&png).unwrap(), image);
        for cut in [1, 8, 20, png.len() / 2] {
            assert!(decode(&png[..cut]).is_err(), "cut at {cut}");
        }
    }

    #[test]
    fn a_png_that_claims_to_be_huge_is_refused() {
        let mut png = Vec::new();
        RgbImage::new(2, 2).write_to(&mut Cursor::new(&mut png), image::ImageFormat::Png).unwrap();
        // Width and height lie at bytes 16..24; the checksum no longer fits either way.
        png[16..20].copy_from_slice(&60_000u32.to_be_bytes());
        assert!(decode(&png).is_err());
    }

    #[test]
    fn squares_keep_the_centre_and_its_shape() {
        let image = RgbImage::from_fn(40, 20, |x, _| {
            if (10..30).contains(&x) { image::Rgb([200, 100, 50]) } else { image::Rgb([0, 0, 0]) }
        });
        let crop = square(&image, 10);
        assert_eq!(crop.len(), 300);
        assert!(crop.chunks(3).all(|p| p == [200, 100, 50]));
    }
}
