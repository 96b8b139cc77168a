//! What an image file says of its size, against the file: a few bytes that say they are huge take
//! no memory. JPEG files are held to the same by their own decoder.

/// Bytes of pixels that a file may have however short it is: 22 million of them.
const ANY: u64 = 64 << 20;
/// Most bytes of pixels for each byte of a longer file. Deflate makes no more of one.
const RATIO: u64 = 1032;

/// That an image of these sides and bytes can be in a file of so many.
///
/// # Errors
/// One that cannot, in words.
pub fn check(width: u32, height: u32, bytes: u64, file: usize) -> Result<(), String> {
    match bytes <= ANY || bytes <= RATIO.saturating_mul(file as u64) {
        true => Ok(()),
        false => Err(format!("{width} x {height} pixels cannot be in a file of {file} bytes")),
    }
}

/// That the parts of a WebP file lie in it, and that no picture in it is larger than the whole,
/// which its decoder notices when it has decoded that.
///
/// # Errors
/// A part that does not fit, in words.
pub fn check_webp(file: &[u8], (width, height): (u32, u32)) -> Result<(), String> {
    // `RIFF`, length, `WEBP`.
    let mut rest = file.get(12..).unwrap_or_default();
    while let Some((name, content, after)) = chunk(rest)? {
        // Of an animation each picture is in a chunk of its own, behind its place.
        let (name, content) = match (name, content.get(16..)) {
            (b"ANMF", Some(inner)) => match chunk(inner)? {
                Some((name, content, _)) => (name, content),
                None => (name, content),
            },
            _ => (name, content),
        };
        if let Some((w, h)) = sides(name, content)
            && (w > width || h > height)
        {
            return Err(format!("a picture of {w} x {h} pixels is in one of {width} x {height}"));
        }
        rest = after;
    }
    Ok(())
}

/// Name and content of the first of several chunks, and what follows it.
type Chunk<'a> = (&'a [u8; 4], &'a [u8], &'a [u8]);

fn chunk(bytes: &[u8]) -> Result<Option<Chunk<'_>>, String> {
    let Some((name, rest)) = bytes.split_first_chunk::<4>() else { return Ok(None) };
    let Some((length, rest)) = rest.split_first_chunk::<4>() else { return Ok(None) };
    let length = u32::from_le_bytes(*length) as usize;
    let content = rest.get(..length).ok_or_else(|| {
        let name = String::from_utf8_lossy(name);
        format!("it is cut off within its chunk `{}`", name.escape_debug())
    })?;
    // Chunks begin at even places.
    Ok(Some((name, content, rest.get(length + length % 2..).unwrap_or_default())))
}

/// Width and height of a picture as its own first bytes have them.
fn sides(name: &[u8; 4], content: &[u8]) -> Option<(u32, u32)> {
    match name {
        b"VP8 " => {
            let side = |at: usize| {
                let side = content.get(at..at + 2)?;
                Some(u32::from(u16::from_le_bytes([side[0], side[1]]) & 0x3fff))
            };
            Some((side(6)?, side(8)?))
        }
        b"VP8L" => {
            let bits = u32::from_le_bytes(content.get(1..5)?.try_into().ok()?);
            Some((1 + (bits & 0x3fff), 1 + (bits >> 14 & 0x3fff)))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn webp(chunks: &[(&[u8; 4], &[u8])]) -> Vec<u8> {
        let mut file = b"RIFF\0\0\0\0WEBP".to_vec();
        for (name, content) in chunks {
            file.extend_from_slice(*name);
            file.extend_from_slice(&(content.len() as u32).to_le_bytes());
            file.extend_from_slice(content);
            file.resize(file.len().next_multiple_of(2), 0);
        }
        file
    }

    #[test]
    fn flat_images_may_be_short_and_huge_ones_not() {
        assert!(check(5000, 4000, 60_000_000, 100).is_ok());
        assert!(check(16_000, 16_000, 768_000_000, 800_000).is_ok());
        let error = check(16_000, 16_000, 768_000_000, 100).unwrap_err();
        assert_eq!(error, "16000 x 16000 pixels cannot be in a file of 100 bytes");
    }

    #[test]
    fn pictures_within_a_picture_are_no_larger() {
        let lossy = |w: u16, h: u16| [&[0; 6][..], &w.to_le_bytes(), &h.to_le_bytes()].concat();
        let small = lossy(8, 6);
        assert!(check_webp(&webp(&[(b"EXIF", b"odd"), (b"VP8 ", &small)]), (8, 6)).is_ok());
        let large = lossy(16_383, 16_383);
        let error = check_webp(&webp(&[(b"VP8 ", &large)]), (8, 6)).unwrap_err();
        assert_eq!(error, "a picture of 16383 x 16383 pixels is in one of 8 x 6");
        let inner = &webp(&[(b"VP8 ", &large)])[12..];
        let frame = [&[0; 16][..], inner].concat();
        assert!(check_webp(&webp(&[(b"VP8X", &[0; 10]), (b"ANMF", &frame)]), (8, 6)).is_err());
        let bits = 16_382u32 | 99 << 14;
        let lossless = [&[0x2f][..], &bits.to_le_bytes()].concat();
        let error = check_webp(&webp(&[(b"VP8L", &lossless)]), (8, 6)).unwrap_err();
        assert!(error.contains("16383 x 100"), "{error}");
        let cut = webp(&[(b"EXIF", &[7; 9])]);
        let error = check_webp(&cut[..20], (8, 6)).unwrap_err();
        assert_eq!(error, "it is cut off within its chunk `EXIF`");
    }
}
