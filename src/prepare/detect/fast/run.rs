//! The layers of a network, made ready once and carried out for each frame.

use super::buffer::Buffer;
use super::conv::{Conv, Source};
use super::map::Map;
use super::separable::Separable;
use super::winograd::{Transformed, Winograd};
use super::{passes, places::places};
use crate::prepare::detect::network::{Layer, Network, Part};

/// Zeros around the image: half of a 7x7 kernel.
const IMAGE_BORDER: usize = 3;
/// Zeros around what layers give: half of a 3x3 kernel.
const BORDER: usize = 1;

/// A network that is ready to run.
#[derive(Debug)]
pub struct Fast {
    steps: Vec<Step>,
    /// Where the heads lie among the maps.
    heads: [usize; 3],
}

/// Maps and other memory, kept from frame to frame.
#[derive(Debug, Default)]
pub struct Maps {
    maps: Vec<Map>,
    row: Buffer,
    transformed: Transformed,
}

/// A layer; maps are given by the place in memory that they have at that time.
#[derive(Debug)]
struct Step {
    kind: Kind,
    out: usize,
    border: usize,
}

#[derive(Debug)]
enum Kind {
    /// The parts of its input are (place, first channel, channels).
    Conv {
        conv: Conv,
        input: Vec<(usize, usize, usize)>,
        plus: Option<usize>,
    },
    Winograd {
        conv: Winograd,
        input: usize,
    },
    Separable {
        conv: Separable,
        input: usize,
    },
    Pool {
        input: usize,
    },
    Enlarge {
        small: usize,
        plus: usize,
    },
}

impl Fast {
    /// Makes a network ready.
    pub fn new(network: &Network) -> candle_core::Result<Self> {
        let places = places(network);
        let heads = network.heads.map(|map| places[map.0]);
        let steps = network.layers.iter().zip(1..).map(|(layer, map)| {
            let border = if network.heads.iter().any(|head| head.0 == map) { 0 } else { BORDER };
            Ok(Step { kind: Kind::new(layer, &places)?, out: places[map], border })
        });
        Ok(Self { steps: steps.collect::<candle_core::Result<_>>()?, heads })
    }

    /// The heads' values of each level for an image of `size` (width, height), place by
    /// place, row by row.
    pub fn run<'a>(
        &self,
        rgb: &[u8],
        size: (usize, usize),
        memory: &'a mut Maps,
    ) -> [&'a [f32]; 3] {
        let Maps { maps, row, transformed } = memory;
        let most = self.steps.iter().map(|step| step.out).max().unwrap_or(0);
        maps.resize_with(maps.len().max(most + 1), Map::default);
        passes::image(rgb, size, &mut maps[0], IMAGE_BORDER);
        for Step { kind, out: place, border } in &self.steps {
            let mut out = std::mem::take(&mut maps[*place]);
            match kind {
                Kind::Conv { conv, input, plus } => {
                    let source =
                        |&(place, from, channels)| Source { map: &maps[place], from, channels };
                    let input: Vec<Source<'_>> = input.iter().map(source).collect();
                    conv.run(&input, plus.map(|place| &maps[place]), &mut out, *border);
                }
                Kind::Winograd { conv, input } => {
                    conv.run(&maps[*input], transformed, &mut out, *border);
                }
                Kind::Separable { conv, input } => {
                    conv.run(&maps[*input], row, &mut out, *border);
                }
                Kind::Pool { input } => passes::pool(&maps[*input], &mut out, *border),
                Kind::Enlarge { small, plus } => {
                    passes::enlarge(&maps[*small], &maps[*plus], &mut out, *border);
                }
            }
            maps[*place] = out;
        }
        self.heads.map(|place| maps[place].values())
    }
}

impl Kind {
    fn new(layer: &Layer, places: &[usize]) -> candle_core::Result<Self> {
        Ok(match layer {
            Layer::Conv { input, filter, stride, plus } => match input.as_slice() {
                [part] if filter.kernel() == 3 && *stride == 1 && plus.is_none() => {
                    let conv = Winograd::new(filter, part.from)?;
                    Self::Winograd { conv, input: places[part.map.0] }
                }
                parts => {
                    let channels: Vec<usize> = parts.iter().map(|part| part.channels).collect();
                    let conv = Conv::new(filter, *stride, &channels)?;
                    let part = |part: &Part| (places[part.map.0], part.from, part.channels);
                    let input = parts.iter().map(part).collect();
                    Self::Conv { conv, input, plus: plus.map(|map| places[map.0]) }
                }
            },
            Layer::Separable { input, depthwise, pointwise, stride } => {
                let conv = Separable::new(depthwise, pointwise, *stride)?;
                Self::Separable { conv, input: places[input.0] }
            }
            Layer::Pool { input } => Self::Pool { input: places[input.0] },
            Layer::Enlarge { small, plus } => {
                Self::Enlarge { small: places[small.0], plus: places[plus.0] }
            }
        })
    }
}
