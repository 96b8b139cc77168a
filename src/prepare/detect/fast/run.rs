//! The layers of a network, made ready once and carried out for each frame.

use super::buffer::Buffer;
use super::conv::{Conv, Source};
use super::map::{Map, Shape};
use super::passes;
use super::plan::{PassPlan, by_tiles};
use super::separable::Separable;
use super::winograd::{Transformed, Winograd};
use crate::detect::network::{Layer, MapPart, Network};

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
pub struct Memory {
    /// The image is the first.
    maps: Vec<Map>,
    between: Buffer,
    transformed: Transformed,
}

/// A layer; maps are given by their place in memory.
#[derive(Debug)]
struct Step {
    kind: Kind,
    input: usize,
    out: usize,
    border: usize,
    /// Whether its rows pass straight to the next step.
    passing: bool,
}

#[derive(Debug)]
enum Kind {
    Conv(Conv),
    Separable(Separable),
    Pool,
    /// Not row by row.
    Winograd(Winograd),
    /// Not row by row; added to the map at this place.
    Enlarge(usize),
}

impl Fast {
    /// Makes a network ready.
    pub fn new(network: &Network) -> candle_core::Result<Self> {
        let PassPlan { places, passing } = PassPlan::new(network);
        let heads = network.heads.map(|map| places[map.0]);
        let step = |number: usize, layer: &Layer| {
            let map = number + 1;
            let is_head = network.heads.iter().any(|head| head.0 == map);
            Ok(Step {
                kind: Kind::new(layer, &places)?,
                input: places[layer.input().0],
                out: places[map],
                border: if is_head { 0 } else { BORDER },
                passing: passing[number],
            })
        };
        let steps = network.layers.iter().enumerate().map(|(number, layer)| step(number, layer));
        Ok(Self { steps: steps.collect::<candle_core::Result<_>>()?, heads })
    }

    /// The heads' values of each level for an image of `size` (width, height), place by
    /// place, row by row.
    pub fn run<'a>(
        &self,
        rgb: &[u8],
        (width, height): (usize, usize),
        memory: &'a mut Memory,
    ) -> [&'a [f32]; 3] {
        let most = self.steps.iter().map(|step| step.out).max().unwrap_or(0);
        let places = memory.maps.len().max(most + 1);
        memory.maps.resize_with(places, Map::default);
        let image = &mut memory.maps[0];
        image.fit(Shape { height, width, channels: 3, border: IMAGE_BORDER, passing: false });
        passes::image(rgb, image);
        // Steps between which rows pass work together.
        for chain in self.steps.chunk_by(|step, _| step.passing) {
            for step in chain {
                step.fit(&mut memory.maps);
            }
            pull(chain, &mut vec![0; chain.len()], usize::MAX, memory);
        }
        self.heads.map(|place| memory.maps[place].values())
    }
}

/// Carries the last step of a chain on until it has made `rows` rows, or all it has. The
/// steps before it are carried on as far as it needs them. `made` counts the rows of each.
fn pull(chain: &[Step], made: &mut [usize], rows: usize, memory: &mut Memory) {
    let (Some((step, before)), Some((made, made_before))) =
        (chain.split_last(), made.split_last_mut())
    else {
        return;
    };
    let height = memory.maps[step.out].shape().height;
    while *made < rows.min(height) {
        pull(before, made_before, step.needed(*made), memory);
        let mut out = std::mem::take(&mut memory.maps[step.out]);
        *made += step.make(*made, memory, &mut out);
        if *made == height {
            out.end();
        }
        memory.maps[step.out] = out;
    }
}

impl Step {
    /// Gives the result its shape.
    fn fit(&self, maps: &mut [Map]) {
        let input = maps[self.input].shape();
        let (channels, stride) = match &self.kind {
            Kind::Conv(conv) => conv.outputs(),
            Kind::Separable(conv) => conv.outputs(),
            Kind::Pool => (input.channels, 2),
            Kind::Winograd(conv) => (conv.outputs(), 1),
            Kind::Enlarge(plus) => {
                let shape = maps[*plus].shape();
                return maps[self.out].fit(shape);
            }
        };
        maps[self.out].fit(Shape {
            height: input.height.div_ceil(stride),
            width: input.width.div_ceil(stride),
            channels,
            border: self.border,
            passing: self.passing,
        });
    }

    /// Rows of the input that row `y` needs.
    fn needed(&self, y: usize) -> usize {
        match &self.kind {
            Kind::Conv(conv) => conv.needed(y),
            Kind::Separable(conv) => conv.needed(y),
            Kind::Pool => 2 * y + 2,
            Kind::Winograd(_) | Kind::Enlarge(_) => usize::MAX,
        }
    }

    /// Makes row `y`, or all of a map that is not made row by row. Returns the number of
    /// rows made.
    fn make(&self, y: usize, memory: &mut Memory, out: &mut Map) -> usize {
        let Memory { maps, between, transformed } = memory;
        let input = &maps[self.input];
        match &self.kind {
            Kind::Conv(conv) => conv.row(y, maps, out),
            Kind::Separable(conv) => conv.row(y, input, between, out),
            Kind::Pool => passes::pool_row(y, input, out),
            Kind::Winograd(conv) => {
                conv.run(input, transformed, out);
                return out.shape().height;
            }
            Kind::Enlarge(plus) => {
                passes::enlarge(input, &maps[*plus], out);
                return out.shape().height;
            }
        }
        1
    }
}

impl Kind {
    fn new(layer: &Layer, places: &[usize]) -> candle_core::Result<Self> {
        Ok(match layer {
            Layer::Conv { input, filter, .. } if by_tiles(layer) => {
                Self::Winograd(Winograd::new(filter, input[0].from)?)
            }
            Layer::Conv { input, filter, stride, plus } => {
                let source = |part: &MapPart| {
                    let MapPart { map, from, channels } = *part;
                    Source { map: places[map.0], from, channels }
                };
                let sources = input.iter().map(source).collect();
                let plus = plus.map(|map| places[map.0]);
                Self::Conv(Conv::new(filter, *stride, sources, plus)?)
            }
            Layer::Separable { depthwise, pointwise, stride, .. } => {
                Self::Separable(Separable::new(depthwise, pointwise, *stride)?)
            }
            Layer::Pool { .. } => Self::Pool,
            Layer::Enlarge { plus, .. } => Self::Enlarge(places[plus.0]),
        })
    }
}
