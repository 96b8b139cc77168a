//! Hostile images: always an error or the picture, and no more memory than that takes.

use std::io::Write;
use std::path::Path;

use image::codecs::png::PngEncoder;
use image::{ExtendedColorType, ImageEncoder, RgbImage};
use proofmark_prepare::crop::{decode, read_image};

#[path = "memory/counting.rs"]
mod counting;

use counting::peak;

/// Memory that any small image may take: the largest colour profile that is read, and what holds it
/// while it grows.
const MOST: isize = 200 << 20;

/// Decodes within a bound.
#[track_caller]
fn bounded(what: &str, file: &[u8]) -> Result<RgbImage, String> {
    let (used, result) = peak(|| decode(file));
    assert!(used < MOST, "{what}: {used} bytes for a file of {}", file.len());
    result
}

/// A PNG of one pixel, and the place behind its header where chunks may stand.
fn pixel() -> (Vec<u8>, usize) {
    let mut png = Vec::new();
    PngEncoder::new(&mut png).write_image(&[1, 2, 3], 1, 1, ExtendedColorType::Rgb8).unwrap();
    (png, 33)
}

fn chunk(name: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let mut hashed = name.to_vec();
    hashed.extend_from_slice(content);
    let sum = crc32fast::hash(&hashed);
    let length = content.len() as u32;
    [&length.to_be_bytes()[..], &hashed, &sum.to_be_bytes()].concat()
}

/// So many zeros as zlib has them.
fn zeros(count: usize) -> Vec<u8> {
    let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    let block = vec![0; 1 << 20];
    (0..count >> 20).for_each(|_| zlib.write_all(&block).unwrap());
    zlib.finish().unwrap()
}

/// Profiles and texts of a gigabyte in a megabyte: nobody asks for them.
#[test]
fn what_is_beside_the_pixels_of_a_png_takes_little() {
    let huge = zeros(1 << 30);
    assert!(huge.len() < 2 << 20);
    for (name, before) in [
        (b"iCCP", &b"p\0\0"[..]),
        (b"zTXt", b"Comment\0\0"),
        (b"zTXt", b"Raw profile type iptc\0\0"),
        (b"iTXt", b"XML:com.adobe.xmp\0\x01\0\0\0"),
    ] {
        let (mut png, at) = pixel();
        png.splice(at..at, chunk(name, &[before, &huge].concat()));
        let image = bounded(std::str::from_utf8(name).unwrap(), &png).unwrap();
        assert_eq!(image.as_raw(), &[1, 2, 3]);
    }
}

/// Sides that a file of that length cannot have, in every format.
#[test]
fn small_files_that_say_they_are_huge_are_refused() {
    let (mut png, _) = pixel();
    let header =
        [&16_000u32.to_be_bytes()[..], &16_000u32.to_be_bytes(), &[8, 2, 0, 0, 0]].concat();
    png.splice(8..33, chunk(b"IHDR", &header));
    let error = bounded("png", &png).unwrap_err();
    assert!(error.starts_with("16000 x 16000 pixels cannot be in a file of"), "{error}");

    let mut bmp = b"BM\0\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0".to_vec();
    bmp.extend([16_000i32.to_le_bytes(), 16_000i32.to_le_bytes()].concat());
    bmp.extend([1, 0, 24, 0]);
    bmp.resize(54, 0);
    let error = bounded("bmp", &bmp).unwrap_err();
    assert!(error.starts_with("16000 x 16000 pixels cannot be in a file of"), "{error}");

    let riff = |chunks: &[u8]| [&b"RIFF"[..], &[0xff, 0, 0, 0], b"WEBP", chunks].concat();
    let part = |name: &[u8; 4], content: &[u8]| {
        [&name[..], &(content.len() as u32).to_le_bytes(), content].concat()
    };
    let lossy = |side: u16| {
        let sides = [side.to_le_bytes(), side.to_le_bytes()].concat();
        part(b"VP8 ", &[&[0x10, 0, 0, 0x9d, 0x01, 0x2a][..], &sides, &[0; 22]].concat())
    };
    let error = bounded("webp", &riff(&lossy(16_000))).unwrap_err();
    assert!(error.starts_with("16000 x 16000 pixels cannot be in a file of"), "{error}");
    // The whole is small, the picture in it is not.
    let whole = part(b"VP8X", &[0, 0, 0, 0, 7, 0, 0, 7, 0, 0]);
    let error = bounded("webp", &riff(&[whole.clone(), lossy(16_000)].concat())).unwrap_err();
    assert_eq!(error, "a picture of 16000 x 16000 pixels is in one of 8 x 8");
    // Exif data of four gigabytes, by their own word.
    let exif = [&b"EXIF"[..], &[0xf0, 0xff, 0xff, 0xff], b"Exif"].concat();
    let error = bounded("webp", &riff(&[whole, lossy(8), exif].concat())).unwrap_err();
    assert_eq!(error, "it is cut off within its chunk `EXIF`");

    let mut jpeg = Vec::new();
    RgbImage::new(8, 8)
        .write_to(&mut std::io::Cursor::new(&mut jpeg), image::ImageFormat::Jpeg)
        .unwrap();
    let frame = jpeg.windows(2).position(|w| w == [0xff, 0xc0]).unwrap();
    jpeg[frame + 5..frame + 9].copy_from_slice(&[0x3e, 0x80, 0x3e, 0x80]);
    assert!(bounded("jpeg", &jpeg).unwrap_err().contains("16000 x 16000"));
}

/// A name may lead to anything: a device never ends, and a file may have holes.
#[cfg(unix)]
#[test]
fn what_is_no_file_of_an_image_is_not_read() {
    let folder = tempfile::tempdir().unwrap();
    let link = folder.path().join("x.png");
    std::os::unix::fs::symlink("/dev/zero", &link).unwrap();
    if Path::new("/dev/zero").exists() {
        assert_eq!(read_image(&link).unwrap_err(), "it is not a regular file");
    }
    let holes = folder.path().join("y.png");
    std::fs::File::create(&holes).unwrap().set_len(1 << 40).unwrap();
    let error = read_image(&holes).unwrap_err();
    assert_eq!(error, "1099511627776 bytes are more than 1073741824");
}
