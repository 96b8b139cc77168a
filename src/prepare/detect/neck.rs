//! What RetinaFace has above its backbone: a feature pyramid, a context module on each
//! level, and the heads.

use super::builder::Builder;
use super::error::DetectorError;
use super::network::{Filter, HEAD, Map, MapPart};

/// Plain ReLU.
const RELU: f32 = 0.0;

/// The backbone's three maps to the heads of the three levels; `width` channels in between.
pub fn neck(net: &mut Builder, levels: [Map; 3], width: usize) -> Result<[Map; 3], DetectorError> {
    // Wide pyramids have plain ReLU.
    let slope = if width <= 64 { 0.1 } else { RELU };
    let mut heads = pyramid(net, levels, width, slope)?;
    for (level, map) in heads.iter_mut().enumerate() {
        let context = context(net, *map, &format!("ssh{}", level + 1), width, slope)?;
        *map = head(net, context, level, width)?;
    }
    Ok(heads)
}

/// Brings the maps to one width and adds the coarser ones to the finer ones (FPN, Lin et
/// al. 2017).
fn pyramid(
    net: &mut Builder,
    mut levels: [Map; 3],
    width: usize,
    slope: f32,
) -> Result<[Map; 3], DetectorError> {
    let filter = |net: &Builder, name: &str, inputs: usize, kernel: usize| {
        let (conv, norm) = (format!("fpn.{name}.0"), format!("fpn.{name}.1"));
        net.tensors.filter(&conv, &norm, [width, inputs, kernel, kernel], slope)
    };
    for (level, map) in levels.iter_mut().enumerate() {
        let output = filter(net, &format!("output{}", level + 1), net.channels(*map), 1)?;
        *map = net.conv(*map, output, 1, None);
    }
    for level in [1, 0] {
        let merge = filter(net, &format!("merge{}", level + 1), width, 3)?;
        let sum = net.enlarge(levels[level + 1], levels[level]);
        levels[level] = net.conv(sum, merge, 1, None);
    }
    Ok(levels)
}

/// One, two and three 3x3 convolutions side by side (SSH, Najibi et al. 2017). They share
/// the first ones, and where two have the same input they are carried out as one.
fn context(
    net: &mut Builder,
    input: Map,
    name: &str,
    width: usize,
    slope: f32,
) -> Result<Vec<MapPart>, DetectorError> {
    let (half, quarter) = (width / 2, width / 4);
    let filter = |net: &Builder, part: &str, outputs: usize, inputs: usize, slope: f32| {
        let (conv, norm) = (format!("{name}.{part}.0"), format!("{name}.{part}.1"));
        net.tensors.filter(&conv, &norm, [outputs, inputs, 3, 3], slope)
    };
    // What is concatenated has ReLU, what is only on the way has LeakyReLU.
    let one = filter(net, "conv3X3", half, width, RELU)?;
    let shared = filter(net, "conv5X5_1", quarter, width, slope)?;
    let two = filter(net, "conv5X5_2", quarter, quarter, RELU)?;
    let on = filter(net, "conv7X7_2", quarter, quarter, slope)?;
    let three = filter(net, "conv7x7_3", quarter, quarter, RELU)?;

    let first = net.conv(input, Filter::beside(&[one, shared])?, 1, None);
    let shared = MapPart { map: first, from: half, channels: quarter };
    let second = net.conv_of(vec![shared], Filter::beside(&[two, on])?);
    let on = MapPart { map: second, from: quarter, channels: quarter };
    let third = net.conv_of(vec![on], three);
    Ok(vec![
        MapPart { map: first, from: 0, channels: half },
        MapPart { map: second, from: 0, channels: quarter },
        net.whole(third),
    ])
}

/// Boxes, classes and landmarks of every anchor.
fn head(
    net: &mut Builder,
    input: Vec<MapPart>,
    level: usize,
    width: usize,
) -> Result<Map, DetectorError> {
    let names = ["BboxHead", "ClassHead", "LandmarkHead"].into_iter().zip(HEAD);
    let filters: Vec<Filter> = names
        .map(|(name, outputs)| {
            net.tensors.linear(&format!("{name}.{level}.conv1x1"), outputs, width)
        })
        .collect::<Result<_, _>>()?;
    Ok(net.conv_of(input, Filter::beside(&filters)?))
}
