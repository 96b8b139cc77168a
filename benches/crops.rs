//! Compares lossless formats for the crops of the face store: how large, how fast to write and
//! how fast to read.
//!
//!     cargo bench --profile dev --bench crops -- FOLDER
//!
//! FOLDER holds photographs of faces, which are resized to 224 pixels first. Times are the least
//! of five rounds, per face, on one thread.

use std::error::Error;
use std::io::Cursor;
use std::path::PathBuf;
use std::time::Instant;

use image::codecs::png::{CompressionType, FilterType, PngDecoder, PngEncoder};
use image::codecs::webp::{WebPDecoder, WebPEncoder};
use image::{ExtendedColorType, ImageDecoder, ImageEncoder};
use proofmark_prepare::crop::{read_image, square};
use proofmark_prepare::store::pixels::{pack, unpack};

const SIDE: u32 = 224;
const ROUNDS: usize = 5;
const FACES: usize = 200;

type Encode = fn(&[u8]) -> Result<Vec<u8>, Box<dyn Error>>;
type Decode = fn(&[u8], &mut Vec<u8>) -> Result<(), Box<dyn Error>>;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args().skip(1).find(|a| a != "--bench").ok_or("usage: crops FOLDER")?;
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)?
        .map(|entry| Ok(entry?.path()))
        .collect::<std::io::Result<_>>()?;
    files.sort();
    let faces: Vec<Vec<u8>> = (files.iter().take(FACES))
        .map(|file| Ok(square(&read_image(file)?, SIDE)))
        .collect::<Result<_, String>>()?;
    let formats: [(&str, Encode, Decode); 5] = [
        (
            "uncompressed",
            |rgb| Ok(rgb.to_vec()),
            |bytes, rgb| {
                rgb.copy_from_slice(bytes);
                Ok(())
            },
        ),
        (
            "row difference, Zstandard 1",
            |rgb| Ok(pack(rgb, SIDE)?),
            |bytes, rgb| Ok(unpack(bytes, SIDE, rgb)?),
        ),
        (
            "QOI",
            |rgb| Ok(qoi::encode_to_vec(rgb, SIDE, SIDE)?),
            |bytes, rgb| {
                qoi::decode_to_buf(&mut rgb[..], bytes)?;
                Ok(())
            },
        ),
        ("PNG, fast, up", png, |bytes, rgb| {
            Ok(PngDecoder::new(Cursor::new(bytes))?.read_image(rgb)?)
        }),
        ("WebP, lossless", webp, |bytes, rgb| {
            Ok(WebPDecoder::new(Cursor::new(bytes))?.read_image(rgb)?)
        }),
    ];
    for (name, encode, decode) in formats {
        let mut encoded = Vec::new();
        let writing = fastest(|| {
            encoded = faces.iter().map(|rgb| encode(rgb)).collect::<Result<_, _>>()?;
            Ok(())
        })?;
        let mut rgb = vec![0; faces[0].len()];
        let reading = fastest(|| encoded.iter().try_for_each(|bytes| decode(bytes, &mut rgb)))?;
        if rgb != faces[faces.len() - 1] {
            return Err(format!("{name} is not lossless").into());
        }
        let size: usize = encoded.iter().map(Vec::len).sum();
        let share = size as f64 / (faces.len() * faces[0].len()) as f64;
        let [writing, reading] = [writing, reading].map(|s| 1e3 * s / faces.len() as f64);
        #[expect(clippy::print_stdout, reason = "its output is its purpose")]
        {
            println!("{name:28} size {share:.2}  write {writing:.2} ms  read {reading:.3} ms");
        }
    }
    Ok(())
}

/// The least of a few rounds, in seconds.
fn fastest(mut round: impl FnMut() -> Result<(), Box<dyn Error>>) -> Result<f64, Box<dyn Error>> {
    let mut least = f64::INFINITY;
    for _ in 0..ROUNDS {
        let begun = Instant::now();
        round()?;
        least = least.min(begun.elapsed().as_secs_f64());
    }
    Ok(least)
}

fn png(rgb: &[u8]) -> Result<Vec<u8>, Box<dyn Error>> {
    let mut bytes = Vec::new();
    let encoder = PngEncoder::new_with_quality(&mut bytes, CompressionType::Fast, FilterType::Up);
    encoder.write_image(rgb, SIDE, SIDE, ExtendedColorType::Rgb8)?;
    Ok(bytes)
}

fn webp(rgb: &[u8]) -> Result<Vec<u8>, Box<dyn Error>> {
    let mut bytes = Vec::new();
    let encoder = WebPEncoder::new_lossless(&mut bytes);
    encoder.write_image(rgb, SIDE, SIDE, ExtendedColorType::Rgb8)?;
    Ok(bytes)
}
