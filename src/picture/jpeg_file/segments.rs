//! The segments of a JPEG file (ISO 10918-1, annex B): tables, headers, where scans begin.

use super::error::JpegError;
use super::frame::Frame;
use super::huffman::Codes;
use super::sequential::ZIGZAG;

/// What stands before the orientation in an APP1 segment.
const EXIF: &[u8] = b"Exif\0\0";

/// The header of a scan.
#[derive(Clone, Debug)]
pub struct ScanHeader {
    /// Places of its components in the frame, with their tables of codes for the means and for
    /// the rest.
    pub components: Vec<(usize, usize, usize)>,
    /// First and last place of the cosines, in the order of the file.
    pub band: (usize, usize),
    /// Lowest bit that was known before, and that is afterwards; 0 if none was.
    pub bits: (u32, u32),
}

/// What follows in a file.
#[derive(Debug)]
pub enum Segment {
    /// A scan, whose data begin at the place that was reached.
    Scan(ScanHeader),
    /// The end: with its marker, or of the file.
    End {
        /// Whether there is a marker.
        marked: bool,
    },
}

/// A file as far as it was read.
#[derive(Debug)]
pub struct Segments<'a> {
    /// All of the file.
    pub file: &'a [u8],
    /// The next byte.
    pub at: usize,
    /// The image, once it was told.
    pub frame: Option<Frame>,
    /// Steps of cosines, in order of columns within rows.
    pub steps: [Option<[u16; 64]>; 4],
    /// Codes of the means of blocks.
    pub means: [Option<Codes>; 4],
    /// Codes of the other cosines.
    pub others: [Option<Codes>; 4],
    /// Units from one restart to the next, 0 for none.
    pub restart: usize,
    /// Whether it says that it is a JFIF file.
    pub jfif: bool,
    /// Adobe's word on colours.
    pub adobe: Option<u8>,
    /// The Exif data, which begin like a TIFF file.
    pub exif: Option<&'a [u8]>,
}

impl<'a> Segments<'a> {
    /// A file whose first bytes are those of JPEG.
    pub fn new(file: &'a [u8]) -> Result<Self, JpegError> {
        if !file.starts_with(&[255, 0xD8, 255]) {
            return Err(JpegError::damaged("it does not begin like one"));
        }
        Ok(Self {
            file,
            at: 2,
            frame: None,
            steps: [None; 4],
            means: [const { None }; 4],
            others: [const { None }; 4],
            restart: 0,
            jfif: false,
            adobe: None,
            exif: None,
        })
    }

    /// Reads up to the next scan or the end.
    pub fn next(&mut self) -> Result<Segment, JpegError> {
        loop {
            let Some(marker) = self.marker() else { return Ok(Segment::End { marked: false }) };
            match marker {
                0xD9 => return Ok(Segment::End { marked: true }),
                // These have no body.
                0x01 | 0xD0..=0xD7 => {}
                0xD8 => return Err(JpegError::damaged("another file begins within it")),
                0xC0..=0xC2 if self.frame.is_some() => {
                    return Err(JpegError::damaged("it has a second frame"));
                }
                0xC0..=0xC2 => self.frame = Some(Frame::parse(self.body()?, marker == 0xC2)?),
                0xC4 => self.codes()?,
                0xC9 | 0xCA => {
                    return Err(JpegError::Unsupported("in arithmetic codes".to_owned()));
                }
                0xC3 | 0xC5..=0xC7 | 0xCB..=0xCF | 0xDE => {
                    let why = "of a form that is hardly ever used (lossless or in layers)";
                    return Err(JpegError::Unsupported(why.to_owned()));
                }
                0xDA => return Ok(Segment::Scan(self.scan()?)),
                0xDB => self.tables()?,
                0xDC => {
                    return Err(JpegError::Unsupported("one that tells its height last".into()));
                }
                0xDD => match *self.body()? {
                    [high, low] => self.restart = usize::from(u16::from_be_bytes([high, low])),
                    _ => return Err(JpegError::damaged("its restart interval is none")),
                },
                0xE0 => self.jfif |= self.body()?.starts_with(b"JFIF\0"),
                0xE1 => {
                    let exif = self.body()?.strip_prefix(EXIF);
                    self.exif = self.exif.or(exif);
                }
                0xEE => {
                    let body = self.body()?;
                    if body.starts_with(b"Adobe") && body.len() >= 12 {
                        self.adobe = Some(body[11]);
                    }
                }
                _ => drop(self.body()?),
            }
        }
    }

    /// Passes the next marker, and what stands before it. None at the end of the file.
    fn marker(&mut self) -> Option<u8> {
        loop {
            let (skipped, rest) = (self.at, self.file.get(self.at..)?);
            let first = rest.iter().position(|byte| *byte == 255)?;
            let filled = rest[first..].iter().take_while(|byte| **byte == 255).count();
            let marker = *rest.get(first + filled)?;
            self.at = skipped + first + filled + 1;
            if marker != 0 {
                return Some(marker);
            }
        }
    }

    /// Passes the body of a segment.
    fn body(&mut self) -> Result<&'a [u8], JpegError> {
        let cut = || JpegError::CutOff("within its header".to_owned());
        let rest = self.file.get(self.at..).unwrap_or_default();
        let (length, rest) = rest.split_first_chunk::<2>().ok_or_else(cut)?;
        let length = usize::from(u16::from_be_bytes(*length));
        let body =
            length.checked_sub(2).ok_or_else(|| JpegError::damaged("a segment has no length"))?;
        let body = rest.get(..body).ok_or_else(cut)?;
        self.at += length;
        Ok(body)
    }

    /// Steps of cosines.
    fn tables(&mut self) -> Result<(), JpegError> {
        let short = || JpegError::damaged("a table of steps is too short");
        let mut body = self.body()?;
        while let [kind, rest @ ..] = body {
            let wide = kind >> 4 != 0;
            let (bytes, rest) =
                rest.split_at_checked(if wide { 128 } else { 64 }).ok_or_else(short)?;
            let mut steps = [0; 64];
            for (i, place) in ZIGZAG[..64].iter().enumerate() {
                let step = match wide {
                    true => u16::from_be_bytes([bytes[2 * i], bytes[2 * i + 1]]),
                    false => u16::from(bytes[i]),
                };
                steps[usize::from(*place)] = step;
            }
            *self.steps.get_mut(usize::from(kind & 15)).ok_or_else(short)? = Some(steps);
            body = rest;
        }
        Ok(())
    }

    /// Tables of codes.
    fn codes(&mut self) -> Result<(), JpegError> {
        let short = || JpegError::damaged("a table of codes is too short");
        let mut body = self.body()?;
        while let [kind, rest @ ..] = body {
            let (counts, rest) = rest.split_first_chunk::<16>().ok_or_else(short)?;
            let count = counts.iter().map(|count| usize::from(*count)).sum();
            let (symbols, rest) = rest.split_at_checked(count).ok_or_else(short)?;
            let codes = Codes::new(counts, symbols)?;
            let tables = match kind >> 4 {
                0 if codes.largest() > 15 => {
                    return Err(JpegError::damaged("a mean has more than 15 bits"));
                }
                0 => &mut self.means,
                1 => &mut self.others,
                _ => return Err(JpegError::damaged("a table of codes is of no known kind")),
            };
            *tables.get_mut(usize::from(kind & 15)).ok_or_else(short)? = Some(codes);
            body = rest;
        }
        Ok(())
    }

    fn scan(&mut self) -> Result<ScanHeader, JpegError> {
        let bad = || JpegError::damaged("the header of a scan is none");
        let [count, rest @ ..] = self.body()? else { return Err(bad()) };
        let frame = self.frame.as_ref();
        let frame = frame.ok_or_else(|| JpegError::damaged("a scan comes before the frame"))?;
        let count = usize::from(*count);
        let (entries, rest) = rest.split_at_checked(2 * count).ok_or_else(bad)?;
        let &[first, last, bits] = rest else { return Err(bad()) };
        let mut components: Vec<(usize, usize, usize)> = Vec::new();
        for &[id, tables] in entries.as_chunks::<2>().0 {
            // Of components of one name the first that is not taken yet is meant.
            let taken = |place: usize| components.iter().any(|(other, ..)| *other == place);
            let named = |place: &usize| frame.components[*place].id == id && !taken(*place);
            let place = (0..frame.components.len()).find(named).ok_or_else(bad)?;
            if tables >> 4 > 3 || tables & 15 > 3 {
                return Err(bad());
            }
            components.push((place, usize::from(tables >> 4), usize::from(tables & 15)));
        }
        if components.is_empty() {
            return Err(bad());
        }
        let band = (usize::from(first), usize::from(last));
        Ok(ScanHeader { components, band, bits: (u32::from(bits >> 4), u32::from(bits & 15)) })
    }
}
