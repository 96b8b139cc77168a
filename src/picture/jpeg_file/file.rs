//! A JPEG file to pixels.

use super::bits::Bits;
use super::blocks::{Blocks, Plane};
use super::colours::Colours;
use super::error::JpegError;
use super::frame::Frame;
use super::huffman::Codes;
use super::rows::pixels;
use super::scan::{Part, Scan};
use super::segments::{ScanHeader, Segment, Segments};
use super::{progressive, sequential};
use crate::dct::{BLOCK, Group};
use crate::pixels::Pixels;
use proofmark_base::wide::wide;

/// What a JPEG file holds.
#[derive(Clone, Debug)]
pub struct JpegFile<'a> {
    /// Its image as it is stored, whichever way up.
    pub pixels: Pixels,
    /// Its Exif data, which begin like a TIFF file.
    pub exif: Option<&'a [u8]>,
}

/// Reads a JPEG file, with no more than `most` bytes of memory.
///
/// # Errors
/// A file that is cut off, damaged, of a form that is not read, or too large.
pub fn read(file: &[u8], most: u64) -> Result<JpegFile<'_>, JpegError> {
    let mut segments = Segments::new(file)?;
    let none = || JpegError::CutOff("before its image begins".to_owned());
    let Segment::Scan(header) = segments.next()? else { return Err(none()) };
    let frame = segments.frame.clone().ok_or_else(none)?;
    let colours = Colours::of(&segments)?;
    let scans = frame.progressive || header.components.len() < frame.components.len();
    check_size(&frame, scans, file, most)?;
    let planes = match scans {
        true => many_scans(&mut segments, &frame, header)?,
        false => one_scan(&segments, &frame, &header)?,
    };
    Ok(JpegFile { pixels: pixels(&frame, &planes, colours), exif: segments.exif })
}

/// That the memory is enough, and that the file is not far too short for its size.
fn check_size(frame: &Frame, scans: bool, file: &[u8], most: u64) -> Result<(), JpegError> {
    let (width, height) = (frame.width, frame.height);
    let planes: u64 = frame.components.iter().map(Plane::bytes).sum();
    let blocks: u64 = frame.components.iter().map(Blocks::bytes).sum();
    let needed = 3 * width as u64 * height as u64 + planes + if scans { blocks } else { 0 };
    if needed > most {
        let [needed, most] = [needed, most].map(|bytes| bytes.div_ceil(1 << 20));
        return Err(JpegError::TooLarge { width, height, needed, most });
    }
    // Of each block the mean has a bit at least.
    if frame.blocks() > 8 * file.len() {
        return Err(JpegError::CutOff(format!(
            "long before the {width} x {height} pixels it says"
        )));
    }
    Ok(())
}

/// The only scan, of all components: a row of units becomes values at once.
fn one_scan(
    segments: &Segments<'_>,
    frame: &Frame,
    header: &ScanHeader,
) -> Result<Vec<Plane>, JpegError> {
    let mut parts = parts(segments, frame, header)?;
    let mut blocks = Vec::new();
    let mut planes = Vec::new();
    for component in &frame.components {
        blocks.push(Blocks::new(component.blocks.0, component.sampling.1));
        planes.push(Plane::new(component));
    }
    // A component that is alone is not padded to whole units.
    let alone = frame.components.len() == 1;
    let units = if alone { frame.components[0].filled() } else { frame.units() };
    let steps: Vec<[i16; 64]> =
        frame.components.iter().map(|c| steps(segments, c.table)).collect::<Result<_, _>>()?;
    let mut scan = Scan::begin(segments.file, segments.at, segments.restart, units);
    for row in 0..units.1 {
        wide(
            #[inline(always)]
            || scan.row(row, 0, &mut parts, &mut blocks, sequential_block),
        )?;
        for (place, component) in frame.components.iter().enumerate() {
            let down = if alone { 1 } else { component.sampling.1 };
            let top = row * down * BLOCK;
            blocks[place].unload(&steps[place], &mut planes[place], top, down);
        }
    }
    scan.finish()?;
    Ok(planes)
}

/// The scans from this one on: they leave cosines, which become values at the end.
fn many_scans(
    segments: &mut Segments<'_>,
    frame: &Frame,
    first: ScanHeader,
) -> Result<Vec<Plane>, JpegError> {
    let mut blocks: Vec<Blocks> =
        frame.components.iter().map(|c| Blocks::new(c.blocks.0, c.blocks.1)).collect();
    let mut known = Known::new(frame);
    // The steps are those of the first scan of a component.
    let mut in_steps: Vec<Option<[i16; 64]>> = vec![None; frame.components.len()];
    let mut next = Segment::Scan(first);
    while let Segment::Scan(header) = next {
        known.add(&header, frame)?;
        for (place, ..) in &header.components {
            if in_steps[*place].is_none() {
                in_steps[*place] = Some(steps(segments, frame.components[*place].table)?);
            }
        }
        segments.at = scan(segments, frame, &header, &mut blocks)?;
        if known.all() && !frame.progressive {
            break;
        }
        next = segments.next()?;
        if let Segment::End { marked } = next
            && !known.all()
        {
            return Err(match marked {
                true => JpegError::damaged("scans with its detail are missing"),
                false => JpegError::CutOff("between its scans".to_owned()),
            });
        }
    }
    let mut planes: Vec<Plane> = frame.components.iter().map(Plane::new).collect();
    for (((blocks, plane), component), steps) in
        blocks.iter_mut().zip(&mut planes).zip(&frame.components).zip(&in_steps)
    {
        let steps = steps.as_ref().ok_or_else(|| JpegError::damaged("a component has no scan"))?;
        blocks.unload(steps, plane, 0, component.blocks.1);
    }
    Ok(planes)
}

/// Reads one of several scans. Returns where it ends.
fn scan(
    segments: &Segments<'_>,
    frame: &Frame,
    header: &ScanHeader,
    blocks: &mut [Blocks],
) -> Result<usize, JpegError> {
    let mut parts = parts(segments, frame, header)?;
    let units = match header.components.as_slice() {
        [(only, ..)] => frame.components[*only].filled(),
        _ => frame.units(),
    };
    let mut scan = Scan::begin(segments.file, segments.at, segments.restart, units);
    for row in 0..units.1 {
        match frame.progressive {
            true => scan.row(row, row, &mut parts, blocks, |bits, part, to| {
                progressive::block(bits, header, part, to)
            }),
            false => scan.row(row, row, &mut parts, blocks, sequential_block),
        }?;
    }
    scan.finish()
}

/// A block of a scan that is not progressive.
#[inline(always)]
fn sequential_block(bits: &mut Bits, part: &mut Part<'_>, to: (&mut Group, usize)) -> bool {
    match (part.means, part.others) {
        (Some(means), Some(others)) => sequential::block(bits, (means, others), &mut part.mean, to),
        _ => false,
    }
}

/// The components of a scan with the codes that it needs.
fn parts<'a>(
    segments: &'a Segments<'_>,
    frame: &Frame,
    header: &ScanHeader,
) -> Result<Vec<Part<'a>>, JpegError> {
    let needed = |codes: &'a [Option<Codes>; 4], table: usize, needed: bool| {
        let missing = || JpegError::damaged("a scan has no table of codes");
        if needed { codes[table].as_ref().ok_or_else(missing).map(Some) } else { Ok(None) }
    };
    let (first, before) = (header.band.0, header.bits.0);
    let (means, others) = match frame.progressive {
        true => (first == 0 && before == 0, first > 0),
        false => (true, true),
    };
    let alone = header.components.len() == 1;
    let part = |&(place, mean_table, other_table): &(usize, usize, usize)| {
        Ok(Part {
            place,
            sampling: if alone { (1, 1) } else { frame.components[place].sampling },
            means: needed(&segments.means, mean_table, means)?,
            others: needed(&segments.others, other_table, others)?,
            mean: 0,
            zero_blocks: 0,
        })
    };
    header.components.iter().map(part).collect()
}

/// A table of steps, its numbers of 16 bits as libjpeg multiplies by them.
fn steps(segments: &Segments<'_>, table: usize) -> Result<[i16; 64], JpegError> {
    let table = segments.steps[table];
    let table = table.ok_or_else(|| JpegError::damaged("a component has no table of steps"))?;
    Ok(table.map(|step| step as i16))
}

/// How much is known of the cosines of each component: the lowest bit, if there is one.
struct Known(Vec<[Option<u32>; 64]>);

impl Known {
    fn new(frame: &Frame) -> Self {
        Self(vec![[None; 64]; frame.components.len()])
    }

    /// Takes a scan, which has to follow those before it.
    fn add(&mut self, header: &ScanHeader, frame: &Frame) -> Result<(), JpegError> {
        let bad = || JpegError::damaged("its scans do not follow each other");
        let ((first, last), (before, bit)) = match frame.progressive {
            true => (header.band, header.bits),
            false => ((0, 63), (0, 0)),
        };
        let known = before == 0 || before == bit + 1;
        let fits = if first == 0 {
            last == 0 || !frame.progressive
        } else {
            first <= last && last < 64 && header.components.len() == 1
        };
        if !known || !fits || bit > 13 {
            return Err(bad());
        }
        for (place, ..) in &header.components {
            let of = &mut self.0[*place];
            if first > 0 && of[0].is_none() {
                return Err(bad());
            }
            for known in &mut of[first..=last] {
                // A first scan has not been, a later one follows the one before.
                match known {
                    None if before == 0 => {}
                    Some(lowest) if before > 0 && *lowest == before => {}
                    None | Some(_) => return Err(bad()),
                }
                *known = Some(bit);
            }
        }
        Ok(())
    }

    /// Whether nothing is left to come.
    fn all(&self) -> bool {
        self.0.as_flattened().iter().all(|known| *known == Some(0))
    }
}
