//! What a JPEG file says of its image: size, components, how they are sampled.

use super::error::JpegError;
use crate::dct::BLOCK;

/// Most blocks of all components that lie in each other (ISO 10918-1, B.2.3).
const MOST_BLOCKS: usize = 10;

/// An image and its components.
#[derive(Clone, Debug)]
pub struct Frame {
    /// In pixels, at least 1.
    pub width: usize,
    /// In pixels, at least 1.
    pub height: usize,
    /// Whether detail comes scan by scan.
    pub progressive: bool,
    /// One, three or four.
    pub components: Vec<Component>,
    /// Greatest samplings of the components, across and down.
    pub sampling: (usize, usize),
}

/// One component of an image.
#[derive(Clone, Debug)]
pub struct Component {
    /// Its name in the file.
    pub id: u8,
    /// Blocks across and down in each unit of all components.
    pub sampling: (usize, usize),
    /// Which table of steps it has.
    pub table: usize,
    /// Its values, without what fills up blocks: columns and rows.
    pub size: (usize, usize),
    /// Blocks across and down, up to whole units.
    pub blocks: (usize, usize),
}

impl Component {
    /// Blocks across and down that hold values; a scan of this component alone has just these.
    pub fn filled(&self) -> (usize, usize) {
        (self.size.0.div_ceil(BLOCK), self.size.1.div_ceil(BLOCK))
    }
}

impl Frame {
    /// From the body of a frame header.
    pub fn parse(body: &[u8], progressive: bool) -> Result<Self, JpegError> {
        let short = || JpegError::damaged("the header of its frame is too short");
        let (head, rest) = body.split_first_chunk::<6>().ok_or_else(short)?;
        let [bits, height @ .., count] = *head;
        let [height, width] = [[height[0], height[1]], [height[2], height[3]]]
            .map(|two| usize::from(u16::from_be_bytes(two)));
        if bits != 8 {
            return Err(JpegError::Unsupported(format!("of {bits} bits a value, not 8")));
        }
        if height == 0 || width == 0 {
            return Err(JpegError::damaged(format!("it says {width} x {height} pixels")));
        }
        if ![1, 3, 4].contains(&count) {
            let why = format!("of {count} components, not of 1, 3 or 4");
            return Err(JpegError::Unsupported(why));
        }
        let (entries, []) = rest.as_chunks::<3>() else { return Err(short()) };
        if entries.len() != usize::from(count) {
            return Err(short());
        }
        let mut components = Vec::new();
        for &[id, sampling, table] in entries {
            let sampling = (usize::from(sampling >> 4), usize::from(sampling & 15));
            let known = (1..=4).contains(&sampling.0) && (1..=4).contains(&sampling.1);
            if !known || table > 3 {
                return Err(JpegError::damaged("a component is sampled in no known way"));
            }
            let table = usize::from(table);
            components.push(Component { id, sampling, table, size: (0, 0), blocks: (0, 0) });
        }
        let most = |of: fn(&Component) -> usize| components.iter().map(of).max().unwrap_or(1);
        let sampling = (most(|c| c.sampling.0), most(|c| c.sampling.1));
        let mut frame = Self { width, height, progressive, components, sampling };
        let units = frame.units();
        for component in &mut frame.components {
            let (across, down) = component.sampling;
            component.size =
                ((width * across).div_ceil(sampling.0), (height * down).div_ceil(sampling.1));
            component.blocks = (units.0 * across, units.1 * down);
            if sampling.0 % across != 0 || sampling.1 % down != 0 {
                let why = "sampled at a ratio that is no whole number".to_owned();
                return Err(JpegError::Unsupported(why));
            }
        }
        let blocks: usize = frame.components.iter().map(|c| c.sampling.0 * c.sampling.1).sum();
        if frame.components.len() > 1 && blocks > MOST_BLOCKS {
            return Err(JpegError::damaged("a unit has more than 10 blocks"));
        }
        Ok(frame)
    }

    /// Units of all components, across and down.
    pub fn units(&self) -> (usize, usize) {
        let (across, down) = self.sampling;
        (self.width.div_ceil(BLOCK * across), self.height.div_ceil(BLOCK * down))
    }

    /// Blocks of all components.
    pub fn blocks(&self) -> usize {
        self.components.iter().map(|c| c.blocks.0 * c.blocks.1).sum()
    }
}
