//! ResNet-50 (He et al. 2016) as torchvision has it: a bottleneck's stride lies in its
//! 3x3 convolution.

use super::builder::Builder;
use super::error::DetectorError;
use super::network::Map;

/// Blocks of each layer.
const BLOCKS: [usize; 4] = [3, 4, 6, 3];
/// What a bottleneck widens by.
const EXPANSION: usize = 4;
/// Plain ReLU, and no activation.
const RELU: f32 = 0.0;
const NONE: f32 = 1.0;

/// The image to maps of 512, 1024 and 2048 channels at strides 8, 16 and 32.
pub fn body(net: &mut Builder) -> Result<[Map; 3], DetectorError> {
    let stem = net.tensors.filter("body.conv1", "body.bn1", [64, 3, 7, 7], RELU)?;
    let stem = net.conv(net.image(), stem.of_rgb()?, 2, None);
    let mut map = net.pool(stem);
    let mut levels = [map; 4];
    for (layer, blocks) in BLOCKS.iter().enumerate() {
        for block in 0..*blocks {
            let stride = if layer > 0 && block == 0 { 2 } else { 1 };
            let name = format!("body.layer{}.{block}", layer + 1);
            map = bottleneck(net, map, &name, 64 << layer, stride)?;
        }
        levels[layer] = map;
    }
    let [_, first, second, third] = levels;
    Ok([first, second, third])
}

/// 1x1 to `width` channels, 3x3, 1x1 to four times as many, added to the input, which is
/// brought to the same size if it has another.
fn bottleneck(
    net: &mut Builder,
    input: Map,
    name: &str,
    width: usize,
    stride: usize,
) -> Result<Map, DetectorError> {
    let (inputs, outputs) = (net.channels(input), EXPANSION * width);
    let filter = |net: &Builder, i: usize, shape: [usize; 4], slope: f32| {
        net.tensors.filter(&format!("{name}.conv{i}"), &format!("{name}.bn{i}"), shape, slope)
    };
    let first = filter(net, 1, [width, inputs, 1, 1], RELU)?;
    let second = filter(net, 2, [width, width, 3, 3], RELU)?;
    let third = filter(net, 3, [outputs, width, 1, 1], RELU)?;
    let residual = match inputs == outputs {
        true => input,
        false => {
            let part = |i: usize| format!("{name}.downsample.{i}");
            let shape = [outputs, inputs, 1, 1];
            let filter = net.tensors.filter(&part(0), &part(1), shape, NONE)?;
            net.conv(input, filter, stride, None)
        }
    };
    let map = net.conv(input, first, 1, None);
    let map = net.conv(map, second, stride, None);
    Ok(net.conv(map, third, 1, Some(residual)))
}
