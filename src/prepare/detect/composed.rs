//! The network composed of candle's operations, for any device: the reference that
//! [`super::fast`] is compared with.

use candle_core::{Device, Result, Tensor};

use super::network::{Filter, Layer, Map, MapPart, Network, OUTPUTS};

/// The image (1, 3, H, W) to the heads of the levels, each (places, [`OUTPUTS`]) with
/// places row by row.
pub fn run(network: &Network, image: &Tensor) -> Result<[Tensor; 3]> {
    let mut maps = vec![image.clone()];
    for layer in &network.layers {
        maps.push(apply(layer, &maps)?);
    }
    let rows = |Map(map): Map| maps[map].permute((0, 2, 3, 1))?.reshape(((), OUTPUTS));
    let [first, second, third] = network.heads;
    Ok([rows(first)?, rows(second)?, rows(third)?])
}

fn apply(layer: &Layer, maps: &[Tensor]) -> Result<Tensor> {
    let get = |map: &Map| &maps[map.0];
    match layer {
        Layer::Conv { input, filter, stride, plus } => {
            let part = |p: &MapPart| get(&p.map).narrow(1, p.from, p.channels);
            let input = Tensor::cat(&input.iter().map(part).collect::<Result<Vec<_>>>()?, 1)?;
            let out = convolve(&input, filter, *stride, 1)?;
            activate(&plus.as_ref().map_or(Ok(out.clone()), |plus| out + get(plus))?, filter)
        }
        Layer::Separable { input, depthwise, pointwise, stride } => {
            let out = convolve(get(input), depthwise, *stride, depthwise.outputs())?;
            let out = convolve(&activate(&out, depthwise)?, pointwise, 1, 1)?;
            activate(&out, pointwise)
        }
        // Nothing is below 0, so that zeros around the map change no maximum.
        Layer::Pool { input } => {
            let padded = get(input).pad_with_zeros(2, 1, 1)?.pad_with_zeros(3, 1, 1)?;
            padded.max_pool2d_with_stride(3, 2)
        }
        Layer::Enlarge { small, plus } => {
            let (_, _, height, width) = get(plus).dims4()?;
            get(small).upsample_nearest2d(height, width)? + get(plus)
        }
    }
}

fn convolve(x: &Tensor, filter: &Filter, stride: usize, groups: usize) -> Result<Tensor> {
    let weight = filter.weight.to_device(x.device())?;
    let out = x.conv2d(&weight, filter.kernel() / 2, stride, 1, groups)?;
    out.broadcast_add(&by_channel(&filter.bias, x.device())?)
}

/// The larger of x and slope x.
fn activate(x: &Tensor, filter: &Filter) -> Result<Tensor> {
    x.maximum(&x.broadcast_mul(&by_channel(&filter.slopes, x.device())?)?)
}

fn by_channel(values: &[f32], device: &Device) -> Result<Tensor> {
    Tensor::from_slice(values, (1, values.len(), 1, 1), device)
}
