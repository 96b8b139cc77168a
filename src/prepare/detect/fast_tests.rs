//! Every step of the fast path against the same layer in candle's operations.

use candle_core::{Device, Tensor};
use proptest::prelude::*;

use super::composed;
use super::fast::Fast;
use super::network::{Filter, Layer, Map, MapPart, Network, OUTPUTS};
use proofmark_base::rng::{Rng, Stream};

/// Numbers from -1 to 1.
fn numbers(rng: &mut Rng, count: usize) -> Vec<f32> {
    (0..count).map(|_| rng.range(-1.0, 1.0) as f32).collect()
}

fn filter(rng: &mut Rng, outputs: usize, inputs: usize, kernel: usize) -> Filter {
    let weight = numbers(rng, outputs * inputs * kernel * kernel);
    let scale = (inputs as f32).sqrt() * kernel as f32;
    let weight: Vec<f32> = weight.into_iter().map(|v| v / scale).collect();
    Filter {
        weight: Tensor::from_vec(weight, (outputs, inputs, kernel, kernel), &Device::Cpu).unwrap(),
        bias: numbers(rng, outputs),
        slopes: (0..outputs).map(|i| [0.0, 0.1, 1.0][i % 3]).collect(),
    }
}

fn whole(map: usize, channels: usize) -> MapPart {
    MapPart { map: Map(map), from: 0, channels }
}

fn conv(input: Vec<MapPart>, filter: Filter, stride: usize, plus: Option<usize>) -> Layer {
    Layer::Conv { input, filter, stride, plus: plus.map(Map) }
}

/// A network with every kind of layer, where rows pass on, wait or are needed twice.
fn network(rng: &mut Rng) -> Network {
    let mut layers = Vec::new();
    let mut add = |layer: Layer| {
        layers.push(layer);
        layers.len()
    };
    // What is pooled is not below 0.
    let relu = Filter { slopes: vec![0.0; 8], ..filter(rng, 8, 3, 7) };
    let stem = add(conv(vec![whole(0, 3)], relu, 2, None));
    let pooled = add(Layer::Pool { input: Map(stem) });
    let near = add(Layer::Separable {
        input: Map(pooled),
        depthwise: filter(rng, 8, 1, 3),
        pointwise: filter(rng, 48, 8, 1),
        stride: 1,
    });
    let far = add(Layer::Separable {
        input: Map(near),
        depthwise: filter(rng, 48, 1, 3),
        pointwise: filter(rng, 64, 48, 1),
        stride: 2,
    });
    let part = MapPart { map: Map(near), from: 16, channels: 32 };
    let tiled = add(conv(vec![part], filter(rng, 32, 32, 3), 1, None));
    let large = add(conv(vec![whole(tiled, 32)], filter(rng, 64, 32, 1), 1, None));
    let small = add(conv(vec![whole(tiled, 32)], filter(rng, 32, 32, 3), 2, None));
    let small = add(conv(vec![whole(small, 32)], filter(rng, 64, 32, 1), 1, Some(far)));
    let sum = add(Layer::Enlarge { small: Map(small), plus: Map(large) });
    let parts = vec![whole(small, 64), MapPart { map: Map(far), from: 5, channels: 20 }];
    let heads = [
        add(conv(vec![whole(sum, 64)], filter(rng, OUTPUTS, 64, 3), 1, None)),
        add(conv(parts, filter(rng, OUTPUTS, 84, 1), 1, None)),
        add(conv(vec![whole(tiled, 32)], filter(rng, OUTPUTS, 32, 1), 2, None)),
    ];
    Network { layers, heads: heads.map(Map) }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn both_paths_agree_on_every_layer_and_size(
        seed: u64, sizes in prop::collection::vec((1usize..90, 1usize..90), 1..3),
    ) {
        let mut rng = Rng::new(seed, Stream::Augment, 0, 0);
        let network = network(&mut rng);
        let fast = Fast::new(&network).unwrap();
        let mut memory = Default::default();
        // What earlier frames left in memory changes nothing.
        for (width, height) in sizes {
            let rgb: Vec<u8> = (0..3 * width * height).map(|_| rng.next_u32() as u8).collect();
            let image = Tensor::from_slice(&rgb, (1, height, width, 3), &Device::Cpu).unwrap();
            let image = image.to_dtype(candle_core::DType::F32).unwrap();
            let mean = Tensor::new(&super::network::MEAN, &Device::Cpu).unwrap();
            let image = image.broadcast_sub(&mean).unwrap().permute((0, 3, 1, 2)).unwrap();
            let theirs = composed::run(&network, &image.contiguous().unwrap()).unwrap();
            for (ours, theirs) in fast.run(&rgb, (width, height), &mut memory).iter().zip(theirs) {
                let theirs: Vec<f32> = theirs.flatten_all().unwrap().to_vec1().unwrap();
                prop_assert_eq!(ours.len(), theirs.len());
                let largest = theirs.iter().fold(0f32, |largest, v| largest.max(v.abs()));
                for (ours, theirs) in ours.iter().zip(theirs) {
                    prop_assert!((ours - theirs).abs() <= 1e-5 * largest, "{ours} {theirs}");
                }
            }
        }
    }
}
