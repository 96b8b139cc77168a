//! MobileNetV1 (Howard et al. 2017) of a quarter of the width, LeakyReLU instead of ReLU.

use super::builder::Builder;
use super::error::DetectorError;
use super::network::Map;

/// Slope of every LeakyReLU.
const SLOPE: f32 = 0.1;
/// Outputs and stride of the separable convolutions of each stage; the first stage begins
/// with a full one.
const STAGES: [&[(usize, usize)]; 3] = [
    &[(16, 1), (32, 2), (32, 1), (64, 2), (64, 1)],
    &[(128, 2), (128, 1), (128, 1), (128, 1), (128, 1), (128, 1)],
    &[(256, 2), (256, 1)],
];

/// The image to maps of 64, 128 and 256 channels at strides 8, 16 and 32.
pub fn body(net: &mut Builder) -> Result<[Map; 3], DetectorError> {
    let stem = net.tensors.filter("body.stage1.0.0", "body.stage1.0.1", [8, 3, 3, 3], SLOPE)?;
    let mut map = net.conv(net.image(), stem.of_rgb()?, 2, None);
    let mut levels = [map; 3];
    for (number, blocks) in STAGES.iter().enumerate() {
        let full = usize::from(number == 0);
        for (block, (outputs, stride)) in blocks.iter().enumerate() {
            let name = format!("body.stage{}.{}", number + 1, full + block);
            let part = |i: usize| format!("{name}.{i}");
            let inputs = net.channels(map);
            let (depthwise, pointwise) = ([inputs, 1, 3, 3], [*outputs, inputs, 1, 1]);
            let depthwise = net.tensors.filter(&part(0), &part(1), depthwise, SLOPE)?;
            let pointwise = net.tensors.filter(&part(3), &part(4), pointwise, SLOPE)?;
            map = net.separable(map, depthwise, pointwise, *stride);
        }
        levels[number] = map;
    }
    Ok(levels)
}
