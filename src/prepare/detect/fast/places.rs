//! Where maps lie in memory: one that is not needed any more leaves its place to another,
//! which finds it in the cache.

use crate::prepare::detect::network::{Layer, Map, Network};

/// The place of each map.
pub fn places(network: &Network) -> Vec<usize> {
    // The last layer that needs a map; none needs the heads, which stay.
    let mut last = vec![0; network.layers.len() + 1];
    for (number, layer) in network.layers.iter().enumerate() {
        for Map(map) in inputs(layer) {
            last[map] = number;
        }
    }
    for Map(head) in network.heads {
        last[head] = network.layers.len();
    }
    let mut places = vec![0];
    let mut taken = 1;
    let mut free = Vec::new();
    for (number, layer) in network.layers.iter().enumerate() {
        places.push(free.pop().unwrap_or_else(|| {
            taken += 1;
            taken - 1
        }));
        let mut done: Vec<usize> = inputs(layer).map(|Map(map)| map).collect();
        done.sort_unstable();
        done.dedup();
        free.extend(done.into_iter().filter(|map| last[*map] == number).map(|map| places[map]));
    }
    places
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
