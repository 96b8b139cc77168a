//! An image file, which may be broken or hostile, to upright RGB pixels and square crops.

use std::io::Cursor;
use std::path::Path;

use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits, RgbImage};

use super::claims;
use proofmark_base::foreign::{self, IMAGE_FILE};
use proofmark_base::guard::guarded;
use proofmark_picture::jpeg_file;
use proofmark_picture::resize::{Filter, Window, resize};

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
    let bytes = foreign::file(path, IMAGE_FILE).map_err(|e| e.to_string())?;
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
    let decoded = guarded(|| match bytes.starts_with(&JPEG) {
        true => jpeg(bytes),
        false => other(bytes),
    });
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

/// The decoder of a file of another format, for images of no more than [`MAX_BYTES`].
fn open(bytes: &[u8]) -> Result<impl ImageDecoder, String> {
    let mut reader =
        ImageReader::new(Cursor::new(bytes)).with_guessed_format().map_err(|e| e.to_string())?;
    let format = reader.format();
    let mut limits = Limits::default();
    (limits.max_image_width, limits.max_image_height) = (Some(MAX_SIDE), Some(MAX_SIDE));
    limits.max_alloc = Some(MAX_EXTRA_BYTES);
    reader.limits(limits);
    let decoder = reader.into_decoder().map_err(|e| e.to_string())?;
    let (width, height) = decoder.dimensions();
    if width == 0 || height == 0 {
        return Err("the image has no pixels".to_owned());
    }
    if width > MAX_SIDE || height > MAX_SIDE || decoder.total_bytes() > MAX_BYTES {
        return Err(format!("{width} x {height} pixels are too many"));
    }
    claims::check(width, height, decoder.total_bytes(), bytes.len())?;
    if format == Some(ImageFormat::WebP) {
        claims::check_webp(bytes, (width, height))?;
    }
    Ok(decoder)
}

/// A file of another format.
fn other(bytes: &[u8]) -> Result<RgbImage, String> {
    let mut decoder = open(bytes)?;
    // Exif data that cannot be read say nothing.
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let mut image = DynamicImage::from_decoder(decoder).map_err(|e| e.to_string())?;
    image.apply_orientation(orientation);
    let colour = image.color();
    if colour.bytes_per_pixel() == 2 * colour.channel_count() {
        // Of 16 bits Pillow and OpenCV keep the upper eight.
        let deep = image.into_rgb16();
        let upper = |x, y| image::Rgb(deep.get_pixel(x, y).0.map(|value| (value >> 8) as u8));
        return Ok(RgbImage::from_fn(deep.width(), deep.height(), upper));
    }
    Ok(image.into_rgb8())
}

/// The largest centred square of an image at `side` × `side`, bicubic.
pub fn square(image: &RgbImage, side: u32) -> Vec<u8> {
    let (width, height) = image.dimensions();
    resize(image.as_raw(), width, Window::centre_square(width, height), side, Filter::Bicubic)
}

#[cfg(test)]
mod tests {
    use image::ImageEncoder;
    use image::codecs::png::PngEncoder;

    use super::*;

    #[test]
    fn broken_images_give_a_reason() {
        assert_eq!(decode(b"").unwrap_err(), "the file is empty");
        assert!(decode(b"not an image").is_err());
        let mut png = Vec::new();
        let image = RgbImage::from_fn(9, 7, |x, y| image::Rgb([x as u8 * 20, y as u8 * 30, 7]));
        image.write_to(&mut Cursor::new(&mut png), ImageFormat::Png).unwrap();
        assert_eq!(decode(&png).unwrap(), image);
        for cut in [1, 8, 20, png.len() / 2] {
            assert!(decode(&png[..cut]).is_err(), "cut at {cut}");
        }
    }

    fn written(image: impl Into<DynamicImage>, format: ImageFormat) -> Vec<u8> {
        let mut bytes = Vec::new();
        image.into().write_to(&mut Cursor::new(&mut bytes), format).unwrap();
        bytes
    }

    #[test]
    fn whatever_is_cut_off_is_no_image() {
        let image = RgbImage::from_fn(31, 23, |x, y| image::Rgb([x as u8 * 8, y as u8 * 9, 7]));
        for format in [ImageFormat::Png, ImageFormat::WebP, ImageFormat::Bmp] {
            let bytes = written(image.clone(), format);
            assert_eq!(decode(&bytes).unwrap(), image, "{format:?}");
            for tenth in 0..10 {
                let cut = decode(&bytes[..bytes.len() * tenth / 10]);
                assert!(cut.is_err(), "{format:?}, {tenth} tenths");
            }
        }
    }

    #[test]
    fn of_16_bits_the_upper_eight_stay() {
        let deep = image::ImageBuffer::<image::Rgb<u16>, _>::from_fn(3, 2, |x, y| {
            image::Rgb([x as u16 * 0x1234 + 0xFF, y as u16 * 0xFEDC, 0x80FF])
        });
        let read = decode(&written(deep, ImageFormat::Png)).unwrap();
        let pixels: Vec<[u8; 3]> = read.pixels().map(|pixel| pixel.0).collect();
        let row = |y: u8| [[0, y, 0x80], [0x13, y, 0x80], [0x25, y, 0x80]];
        assert_eq!(pixels, [row(0), row(0xFE)].concat());
    }

    /// A few kilobytes can say that they are a profile of gigabytes.
    #[test]
    fn a_colour_profile_that_is_huge_is_passed_over() {
        let png = |profile: usize| {
            let mut bytes = Vec::new();
            let mut encoder = PngEncoder::new(&mut bytes);
            encoder.set_icc_profile(vec![0; profile]).unwrap();
            encoder.write_image(&[1, 2, 3], 1, 1, image::ExtendedColorType::Rgb8).unwrap();
            bytes
        };
        let (small, huge) = (png(1000), png(MAX_EXTRA_BYTES as usize + 1));
        let profile = |png| open(png).unwrap().icc_profile().unwrap().map(|found| found.len());
        assert_eq!((profile(&small), profile(&huge)), (Some(1000), None));
        assert_eq!(decode(&huge).unwrap().as_raw(), &[1, 2, 3]);
    }

    #[test]
    fn a_png_that_claims_to_be_huge_is_refused() {
        let mut png = Vec::new();
        RgbImage::new(2, 2).write_to(&mut Cursor::new(&mut png), ImageFormat::Png).unwrap();
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
