//! PPM images one after the other, as ffmpeg writes frames into a pipe.

use std::io::{BufRead, Read};

use proofmark_base::work::Failure;

/// Longest line of a header.
const LINE: u64 = 64;
/// Largest image that is read, in pixels; see the limit given to ffmpeg.
const MAX_PIXELS: u64 = 1 << 26;

/// Reads the next image into `rgb`, height × width × 3 bytes. Returns its width and height;
/// none at the end of the stream, and if it ends within an image.
///
/// # Errors
/// A stream that is not of 8-bit PPM images, or cannot be read.
pub fn read(stream: &mut dyn BufRead, rgb: &mut Vec<u8>) -> Result<Option<(u32, u32)>, Failure> {
    // None where the stream ends within the line.
    let mut line = || -> Result<Option<String>, Failure> {
        let mut text = Vec::new();
        let read = (&mut *stream).take(LINE).read_until(b'\n', &mut text);
        let read = read.map_err(|e| broken(&e.to_string()))?;
        let whole = read as u64 == LINE || text.ends_with(b"\n");
        Ok(whole.then(|| String::from_utf8_lossy(&text).trim_end().to_owned()))
    };
    let (Some(magic), Some(size), Some(depth)) = (line()?, line()?, line()?) else {
        return Ok(None);
    };
    let mut numbers = size.split(' ').map(str::parse::<u32>);
    let (Some(Ok(width)), Some(Ok(height))) = (numbers.next(), numbers.next()) else {
        return Err(broken(&size));
    };
    let pixels = u64::from(width) * u64::from(height);
    if magic != "P6" || depth != "255" || pixels == 0 || pixels > MAX_PIXELS {
        return Err(broken(&format!("{magic} {size} {depth}")));
    }
    rgb.resize(3 * pixels as usize, 0);
    match stream.read_exact(rgb) {
        Ok(()) => Ok(Some((width, height))),
        Err(e) if e.kind() == std::io::ErrorKind::UnexpectedEof => Ok(None),
        Err(e) => Err(broken(&e.to_string())),
    }
}

fn broken(what: &str) -> Failure {
    Failure::run(format!("what ffmpeg wrote is not a PPM image: {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    type Image = ((u32, u32), Vec<u8>);

    fn all(mut stream: &[u8]) -> Result<Vec<Image>, Failure> {
        let (mut images, mut rgb) = (Vec::new(), Vec::new());
        while let Some(size) = read(&mut stream, &mut rgb)? {
            images.push((size, rgb.clone()));
        }
        Ok(images)
    }

    #[test]
    fn images_follow_each_other_and_may_end_early() {
        let stream = b"P6\n2 1\n255\nabcdefP6\n1 1\n255\n\n\n\n";
        let images = all(stream).unwrap();
        assert_eq!(images, [((2, 1), b"abcdef".to_vec()), ((1, 1), b"\n\n\n".to_vec())]);
        for end in 17..stream.len() {
            assert_eq!(all(&stream[..end]).unwrap(), images[..1], "{end} bytes");
        }
        assert_eq!(all(b"").unwrap(), []);
    }

    #[test]
    fn other_streams_are_refused() {
        for stream in [
            "hello\nworld\n!\n",
            "P6\n1 1\n65535\nabcdef",
            "P6\n0 1\n255\n",
            "P6\n99999 99999\n255\n",
            "P6\n-1 1\n255\nabc",
            &"P".repeat(1000),
        ] {
            assert!(all(stream.as_bytes()).is_err(), "{stream:.20}");
        }
    }
}
