//! The landmark network against the network as described, in PyTorch.

use std::collections::BTreeMap;

use candle_core::{Device, Tensor};
use proofmark_prepare::crop::read_image;
use proofmark_prepare::landmarks::{LandmarkNet, SIDE, Square};

fn golden() -> BTreeMap<String, Tensor> {
    let path = "tests/golden/landmarks/landmarks.safetensors";
    candle_core::safetensors::load(path, &Device::Cpu).unwrap().into_iter().collect()
}

fn values(tensor: &Tensor) -> Vec<f32> {
    tensor.to_dtype(candle_core::DType::F32).unwrap().flatten_all().unwrap().to_vec1().unwrap()
}

fn largest(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).fold(0.0, |top, (a, b)| top.max((a - b).abs()))
}

#[test]
fn every_block_and_all_points_are_those_of_pytorch() {
    let golden = golden();
    let net = LandmarkNet::embedded().unwrap();
    let input: Vec<u8> = golden["input"].flatten_all().unwrap().to_vec1().unwrap();
    for block in 0..4 {
        let ours = values(&net.features(&input, block + 1).unwrap());
        let theirs = values(&golden[&format!("maps.{block}")]);
        let scale = theirs.iter().fold(0f32, |top, v| top.max(v.abs()));
        assert!(largest(&ours, &theirs) < 2e-5 * scale, "block {block}");
    }
    let ours = net.run(&input).unwrap().concat();
    assert!(largest(&ours, &values(&golden["points"])) < 1e-5);
}

/// From the photograph on: OpenCV's area resampling rounds each pixel, ours does too, so
/// that inputs differ by a grey level at most and points by a hundredth of the face at most.
#[test]
fn points_of_a_photograph_are_those_of_the_described_pipeline() {
    let golden = golden();
    let image = read_image("tests/golden/retinaface/astronaut.png".as_ref()).unwrap();
    let square = values(&golden["square"]).iter().map(|v| f64::from(*v)).collect::<Vec<_>>();
    let square = Square { x: square[0], y: square[1], side: square[2] };
    let width = image.width() as usize;
    let cut = square.cut(image.as_raw(), width, SIDE);
    let input: Vec<u8> = golden["input"].flatten_all().unwrap().to_vec1().unwrap();
    let off = cut.iter().zip(&input).map(|(a, b)| a.abs_diff(*b)).max();
    assert!(off <= Some(1), "{off:?}");
    let points = LandmarkNet::embedded().unwrap().points(image.as_raw(), width, square).unwrap();
    let relative: Vec<f32> = points
        .iter()
        .flat_map(|[x, y]| [(x - square.x) / square.side, (y - square.y) / square.side])
        .map(|v| v as f32)
        .collect();
    let off = largest(&relative, &values(&golden["points"]));
    assert!(off < 1e-3, "{off}");
}
