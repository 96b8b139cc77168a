//! The way through a scan: unit by unit, from one restart to the next.

use super::bits::Bits;
use super::blocks::Blocks;
use super::error::JpegError;
use super::huffman::Codes;
use crate::dct::Group;

/// Bytes that may be left before a marker. Some cameras leave one or two.
const LEFT: usize = 2;

/// The data of a scan.
#[derive(Debug)]
pub struct Scan<'a> {
    file: &'a [u8],
    /// From one marker to the next.
    bits: Bits,
    /// Where the marker is that ends the bits.
    end: usize,
    /// Units from one restart to the next, 0 for none.
    restart: usize,
    /// Units before the next restart.
    to_go: usize,
    /// Number of the next restart, 0 to 7.
    next: u8,
    /// Units across and down.
    units: (usize, usize),
}

/// What a scan has of a component.
#[derive(Debug)]
pub struct Part<'a> {
    /// Place of the component in the frame.
    pub place: usize,
    /// Blocks across and down in a unit of the scan.
    pub sampling: (usize, usize),
    /// The codes of means, if they are read.
    pub means: Option<&'a Codes>,
    /// The codes of the other cosines, if they are read.
    pub others: Option<&'a Codes>,
    /// Mean of the block before.
    pub mean: i32,
    /// Blocks to come of which the scan has nothing.
    pub zero_blocks: u32,
}

impl<'a> Scan<'a> {
    /// A scan of so many units whose data begin at a place in the file.
    pub fn begin(file: &'a [u8], at: usize, restart: usize, units: (usize, usize)) -> Self {
        let mut bits = Bits::default();
        let end = bits.begin(file, at);
        Self { file, bits, end, restart, to_go: restart, next: 0, units }
    }

    /// Reads a row of units: all parts of each, with `block` for a block, which says whether
    /// there was one. The first row of units is laid down in row `top` of each part's blocks.
    #[inline(always)]
    pub fn row(
        &mut self,
        row: usize,
        top: usize,
        parts: &mut [Part<'a>],
        blocks: &mut [Blocks],
        mut block: impl FnMut(&mut Bits, &mut Part<'a>, (&mut Group, usize)) -> bool,
    ) -> Result<(), JpegError> {
        for unit in 0..self.units.0 {
            if self.restart > 0 {
                if self.to_go == 0 {
                    self.restart(row)?;
                    for part in parts.iter_mut() {
                        (part.mean, part.zero_blocks) = (0, 0);
                    }
                }
                self.to_go -= 1;
            }
            for part in parts.iter_mut() {
                let (across, down) = part.sampling;
                for y in 0..down {
                    for x in 0..across {
                        let to = blocks[part.place].block(top * down + y, unit * across + x);
                        if !block(&mut self.bits, part, to) {
                            return Err(self.lost(row));
                        }
                    }
                }
            }
        }
        Ok(())
    }

    /// Passes the marker between two restarts.
    #[cold]
    fn restart(&mut self, row: usize) -> Result<(), JpegError> {
        self.ended()?;
        match self.file.get(self.end + 1) {
            Some(marker) if *marker == 0xD0 + self.next => {}
            Some(_) => return Err(JpegError::damaged("its restarts are out of order")),
            None => return Err(self.lost(row)),
        }
        self.next = (self.next + 1) % 8;
        self.to_go = self.restart;
        self.end = self.bits.begin(self.file, self.end + 2);
        Ok(())
    }

    /// Why there is no block in a row of units.
    #[cold]
    fn lost(&self, row: usize) -> JpegError {
        let percent = 100 * row / self.units.1;
        if self.bits.overrun(self.bits.cursor) && self.end == self.file.len() {
            return JpegError::CutOff(format!("after {percent} % of its rows"));
        }
        JpegError::damaged(format!("its data make no sense after {percent} % of its rows"))
    }

    /// That the last block ends where the data do. More data than blocks come of data that are
    /// damaged before, but for what some programs fill up with.
    fn ended(&self) -> Result<(), JpegError> {
        let rest = self.bits.rest();
        let same = rest.windows(2).all(|two| two[0] == two[1]);
        if rest.len() <= LEFT || same {
            return Ok(());
        }
        let count = rest.len();
        Err(JpegError::damaged(format!("{count} bytes are left where its last block ends")))
    }

    /// Ends the scan. Returns where the next marker is.
    pub fn finish(self) -> Result<usize, JpegError> {
        self.ended()?;
        Ok(self.end)
    }
}
