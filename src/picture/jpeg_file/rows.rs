//! Pixels from the planes of a file's components: each row enlarged to the width of the image,
//! and its colours.

use super::blocks::Plane;
use super::colours::Colours;
use super::frame::{Component, Frame};
use crate::channels::Channels;
use crate::enlarge::{self, neighbour};
use crate::pixels::Pixels;

/// How a component becomes as large as the image.
#[derive(Clone, Copy, Debug)]
enum Enlarge {
    /// It is.
    Not,
    /// Twice as wide, by neighbours.
    Across,
    /// Twice as high, by neighbours.
    Down,
    /// Both.
    Both,
    /// By repetition, so many times across and down.
    Repeated(usize, usize),
}

impl Enlarge {
    /// As libjpeg does it: between two columns it sees no slope.
    fn of(component: &Component, frame: &Frame) -> Self {
        let (across, down) = component.sampling;
        let times = (frame.sampling.0 / across, frame.sampling.1 / down);
        match times {
            (1, 1) => Self::Not,
            (2, 1) if component.size.0 > 2 => Self::Across,
            (1, 2) => Self::Down,
            (2, 2) if component.size.0 > 2 => Self::Both,
            (across, down) => Self::Repeated(across, down),
        }
    }

    /// Row `y` of the image in `out`, which has room for it, or in the plane.
    fn row<'a>(
        self,
        y: usize,
        component: &Component,
        plane: &'a Plane,
        mixed: &mut Vec<u16>,
        out: &'a mut [u8],
    ) -> &'a [u8] {
        let (columns, rows) = component.size;
        let values = |row: usize| &plane.values[row * plane.width..][..columns];
        let (near, far) = neighbour(y, rows);
        match self {
            Self::Not => return values(y),
            Self::Across => enlarge::across(values(y), out),
            Self::Down => {
                let more = if y.is_multiple_of(2) { 1 } else { 2 };
                enlarge::down(values(near), values(far), more, out);
            }
            Self::Both => enlarge::both(values(near), values(far), mixed, out),
            Self::Repeated(across, down) => enlarge::repeated(values(y / down), across, out),
        }
        out
    }
}

/// The image of a frame.
pub fn pixels(frame: &Frame, planes: &[Plane], colours: Colours) -> Pixels {
    let (width, height) = (frame.width, frame.height);
    let mut rgb = vec![0; 3 * width * height];
    let mut channels = Channels::new(width);
    let mut mixed = Vec::new();
    let ways: Vec<Enlarge> = frame.components.iter().map(|c| Enlarge::of(c, frame)).collect();
    // A row may be longer by what is left of the last value.
    let mut buffers = vec![vec![0; width + frame.sampling.0]; ways.len()];
    let out = rgb.as_chunks_mut::<3>().0.chunks_exact_mut(width);
    for (y, out) in out.enumerate() {
        let components = frame.components.iter().zip(planes);
        let rows: Vec<&[u8]> = components
            .zip(&ways)
            .zip(&mut buffers)
            .map(|(((component, plane), way), buffer)| {
                way.row(y, component, plane, &mut mixed, buffer)
            })
            .collect();
        colours.row(&rows, &mut channels, out);
    }
    Pixels { width, height, rgb }
}
