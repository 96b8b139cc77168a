//! How layers are carried out and where their maps lie in memory.

use crate::detect::network::{Layer, Map, Network};

/// A network's plan.
#[derive(Debug)]
pub struct PassPlan {
    /// The place of each map. One that is not needed any more leaves its place to another,
    /// which finds it in the cache.
    pub places: Vec<usize>,
    /// Of each layer, whether its rows pass straight to the next: that one alone needs them,
    /// takes them one after the other, and asks for each when it needs it. So they never
    /// leave the cache, and few are kept.
    pub passing: Vec<bool>,
}

/// Whether a layer is a 3x3 convolution for Winograd's algorithm.
pub fn by_tiles(layer: &Layer) -> bool {
    match layer {
        Layer::Conv { input, filter, stride, plus } => {
            filter.kernel() == 3 && *stride == 1 && input.len() == 1 && plus.is_none()
        }
        Layer::Separable { .. } | Layer::Pool { .. } | Layer::Enlarge { .. } => false,
    }
}

impl PassPlan {
    /// Plans a network.
    pub fn new(network: &Network) -> Self {
        // The last layer that needs a map, and how often it is needed; heads are always.
        let mut last = vec![0; network.layers.len() + 1];
        let mut uses = vec![0; network.layers.len() + 1];
        for (number, layer) in network.layers.iter().enumerate() {
            for Map(map) in inputs(layer) {
                last[map] = number;
                uses[map] += 1;
            }
        }
        for Map(head) in network.heads {
            last[head] = network.layers.len();
            uses[head] = usize::MAX;
        }
        let neighbours = network.layers.iter().zip(network.layers[1..].iter().zip(1..));
        let mut passing: Vec<bool> = neighbours
            .map(|(layer, (next, map))| {
                by_rows(layer) && next_takes(next, Map(map)) && uses[map] == 1
            })
            .collect();
        passing.push(false);

        let mut places = vec![0];
        let (mut taken, mut free, mut done) = (1, Vec::new(), Vec::new());
        for (number, layer) in network.layers.iter().enumerate() {
            places.push(free.pop().unwrap_or_else(|| {
                taken += 1;
                taken - 1
            }));
            let ended = |map: &usize| last[*map] == number;
            done.extend(inputs(layer).map(|Map(map)| map).filter(ended));
            // Layers between which rows pass work at the same time.
            if !passing[number] {
                done.sort_unstable();
                done.dedup();
                free.extend(done.drain(..).map(|map| places[map]));
            }
        }
        Self { places, passing }
    }
}

/// Whether a layer makes one row after the other.
fn by_rows(layer: &Layer) -> bool {
    !by_tiles(layer) && !matches!(layer, Layer::Enlarge { .. })
}

/// Whether a layer takes a map row by row, no more than three at a time.
fn next_takes(layer: &Layer, map: Map) -> bool {
    by_rows(layer)
        && match layer {
            Layer::Conv { input, filter, .. } => {
                filter.kernel() <= 3 && input.len() == 1 && input[0].map == map
            }
            Layer::Separable { input, .. } | Layer::Pool { input } => *input == map,
            Layer::Enlarge { .. } => false,
        }
}

/// The maps that a layer needs.
fn inputs(layer: &Layer) -> impl Iterator<Item = Map> {
    let maps = match layer {
        Layer::Conv { input, plus, .. } => input.iter().map(|part| part.map).chain(*plus).collect(),
        Layer::Separable { input, .. } | Layer::Pool { input } => vec![*input],
        Layer::Enlarge { small, plus } => vec![*small, *plus],
    };
    maps.into_iter()
}
