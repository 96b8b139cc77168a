//! A network is put together, layer by layer, from a file of weights.

use super::network::{Filter, Layer, Map, MapPart, Network};
use super::weights::Tensors;

/// The layers so far, and the file that they take their weights from.
pub struct Builder {
    /// The file.
    pub tensors: Tensors,
    layers: Vec<Layer>,
    /// Channels of each map.
    channels: Vec<usize>,
}

impl Builder {
    /// The image alone.
    pub fn new(tensors: Tensors) -> Self {
        Self { tensors, layers: Vec::new(), channels: vec![3] }
    }

    /// The image: red, green, blue, less their means.
    pub fn image(&self) -> Map {
        Map(0)
    }

    /// All channels of a map.
    pub fn whole(&self, map: Map) -> MapPart {
        MapPart { map, from: 0, channels: self.channels(map) }
    }

    /// How many channels a map has.
    pub fn channels(&self, map: Map) -> usize {
        self.channels[map.0]
    }

    /// A convolution of one map.
    pub fn conv(&mut self, input: Map, filter: Filter, stride: usize, plus: Option<Map>) -> Map {
        let input = vec![self.whole(input)];
        let outputs = filter.outputs();
        self.push(Layer::Conv { input, filter, stride, plus }, outputs)
    }

    /// A convolution of parts of maps, at stride 1.
    pub fn conv_of(&mut self, input: Vec<MapPart>, filter: Filter) -> Map {
        let outputs = filter.outputs();
        self.push(Layer::Conv { input, filter, stride: 1, plus: None }, outputs)
    }

    /// A separable convolution.
    pub fn separable(
        &mut self,
        input: Map,
        depthwise: Filter,
        pointwise: Filter,
        stride: usize,
    ) -> Map {
        let outputs = pointwise.outputs();
        self.push(Layer::Separable { input, depthwise, pointwise, stride }, outputs)
    }

    /// The largest of 3x3 at stride 2.
    pub fn pool(&mut self, input: Map) -> Map {
        self.push(Layer::Pool { input }, self.channels(input))
    }

    /// `plus` and `small`, enlarged.
    pub fn enlarge(&mut self, small: Map, plus: Map) -> Map {
        self.push(Layer::Enlarge { small, plus }, self.channels(plus))
    }

    /// The network, once its heads are known.
    pub fn finish(self, heads: [Map; 3]) -> Network {
        Network { layers: self.layers, heads }
    }

    fn push(&mut self, layer: Layer, channels: usize) -> Map {
        self.layers.push(layer);
        self.channels.push(channels);
        Map(self.layers.len())
    }
}
