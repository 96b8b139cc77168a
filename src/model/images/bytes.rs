//! Images as bytes, with what is done to them where they become a network's input: they are normalised and
//! mirrored, and rectangles of them get other values.

use std::ops::Range;

use proofmark_gpu::kernels::pixels::{MARK, Pixels, REGION};
use proofmark_gpu::memory::Slice;

/// Parts of what is sent begin at multiples of so many bytes.
const ALIGNED: usize = 16;

/// How a byte becomes a number: `byte * scale - shift` per channel, each operation rounded to f32.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Affine {
    /// What it is multiplied by.
    pub scale: [f32; 3],
    /// What is subtracted then.
    pub shift: [f32; 3],
}

/// Images (B, S, S, 3) that are not normalised yet.
#[derive(Clone, Debug, PartialEq)]
pub struct ByteImages {
    side: usize,
    by: Affine,
    rgb: Vec<u8>,
    /// One for each image.
    marks: Vec<Mark>,
    regions: Vec<Region>,
    /// (3, height, width) of each region.
    values: Vec<f32>,
}

#[derive(Clone, Debug, PartialEq)]
struct Mark {
    mirrored: bool,
    /// Its regions among those of all.
    regions: Range<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Region {
    x: usize,
    y: usize,
    width: usize,
    height: usize,
    /// Where its values begin.
    at: usize,
}

/// Where the parts lie in what is sent, in bytes.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    rgb: Range<usize>,
    marks: Range<usize>,
    regions: Range<usize>,
    values: Range<usize>,
    side: usize,
    by: Affine,
}

impl ByteImages {
    /// Images of this side, to which nothing else is done.
    ///
    /// # Panics
    /// If the bytes are no such images: that would be a mistake of ours.
    pub fn new(side: usize, by: Affine, rgb: Vec<u8>) -> Self {
        let one = 3 * side * side;
        assert!(rgb.len().is_multiple_of(one), "{} bytes as images of {one}", rgb.len());
        let marks = vec![Mark { mirrored: false, regions: 0..0 }; rgb.len() / one];
        Self { side, by, rgb, marks, regions: Vec::new(), values: Vec::new() }
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.marks.len()
    }

    /// Has left and right of an image change places.
    pub fn mirror(&mut self, image: usize) {
        self.marks[image].mirrored = true;
    }

    /// Has a rectangle (x, y, width, height) of an image, mirrored if it is, get other values: rows of all of the
    /// red plane's, the green, the blue. The later one counts of two that overlap. Images are given theirs in
    /// their order.
    ///
    /// # Panics
    /// If it does not lie within the image, there are too few rows or an earlier image comes later: that would be
    /// a mistake of ours.
    pub fn fill<'a>(
        &mut self,
        image: usize,
        [x, y, width, height]: [usize; 4],
        rows: impl Iterator<Item = &'a [f32]>,
    ) {
        assert!(x + width <= self.side && y + height <= self.side, "a region within the image");
        let at = self.values.len();
        rows.for_each(|row| self.values.extend_from_slice(row));
        assert_eq!(self.values.len() - at, 3 * width * height, "values of a region");
        let (number, of) = (self.regions.len(), &mut self.marks[image].regions);
        let first = if of.start == of.end { number } else { of.start };
        assert!(first == number || of.end == number, "images are given their regions in order");
        *of = first..number + 1;
        self.regions.push(Region { x, y, width, height, at });
    }

    /// Some of them as normalised planes (B, 3, S, S), made on the CPU.
    pub fn planes(&self, images: Range<usize>) -> Vec<f32> {
        let (side, area) = (self.side, self.side * self.side);
        let Affine { scale, shift } = self.by;
        let mut out = vec![0f32; 3 * area * images.len()];
        for (planes, image) in out.chunks_exact_mut(3 * area).zip(images) {
            let rgb = &self.rgb[3 * area * image..][..3 * area];
            let mark = &self.marks[image];
            for (at, place) in (0..area).map(|at| (at, (at / side, at % side))) {
                let column = if mark.mirrored { side - 1 - place.1 } else { place.1 };
                let pixel = &rgb[3 * (place.0 * side + column)..][..3];
                for c in 0..3 {
                    planes[c * area + at] = f32::from(pixel[c]) * scale[c] - shift[c];
                }
            }
            for Region { x, y, width, height, at } in &self.regions[mark.regions.clone()] {
                for line in 0..3 * height {
                    let (c, row) = (line / height, y + line % height);
                    let values = &self.values[at + line * width..][..*width];
                    planes[c * area + row * side + x..][..*width].copy_from_slice(values);
                }
            }
        }
        out
    }

    /// Where its parts lie in what is sent.
    pub(super) fn layout(&self) -> Layout {
        let mut end = 0usize;
        let mut part = |len: usize| {
            let begin = end.next_multiple_of(ALIGNED);
            end = begin + len;
            begin..end
        };
        Layout {
            rgb: part(self.rgb.len()),
            marks: part(MARK * self.marks.len()),
            regions: part(REGION * self.regions.len()),
            values: part(4 * self.values.len()),
            side: self.side,
            by: self.by,
        }
    }

    /// The bytes of the images.
    pub(super) fn rgb(&self) -> &[u8] {
        &self.rgb
    }

    /// Writes what is sent behind the images, which begins with the marks.
    pub(super) fn write_rest(&self, layout: &Layout, to: &mut [u8]) {
        let begin = layout.marks.start;
        let numbers =
            |numbers: &mut dyn Iterator<Item = u32>, part: &Range<usize>, to: &mut [u8]| {
                let words = to[part.start - begin..part.end - begin].as_chunks_mut::<4>().0;
                for (word, number) in words.iter_mut().zip(numbers) {
                    *word = number.to_ne_bytes();
                }
            };
        let number = |size: usize| u32::try_from(size).expect("sizes fit into 31 bits");
        let mut marks = self.marks.iter().flat_map(|Mark { mirrored, regions }| {
            [u32::from(*mirrored), number(regions.start), number(regions.end)]
        });
        numbers(&mut marks, &layout.marks, to);
        let mut regions = self.regions.iter().flat_map(|Region { x, y, width, height, at }| {
            [*x, *y, *width, *height, *at].map(number)
        });
        numbers(&mut regions, &layout.regions, to);
        numbers(&mut self.values.iter().map(|value| value.to_bits()), &layout.values, to);
    }
}

impl Layout {
    /// Bytes of all.
    pub(super) fn len(&self) -> usize {
        self.values.end
    }

    /// Where that begins which is behind the images.
    pub(super) fn rest(&self) -> usize {
        self.marks.start
    }

    /// What was sent, as kernels read it.
    pub(super) fn pixels<'b>(&self, sent: Slice<'b>) -> Pixels<'b> {
        Pixels {
            rgb: sent.part(self.rgb.clone()),
            marks: sent.part(self.marks.clone()),
            regions: sent.part(self.regions.clone()),
            values: sent.part(self.values.clone()),
            side: self.side,
            scale: self.by.scale,
            shift: self.by.shift,
        }
    }
}
