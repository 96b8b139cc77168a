//! Images as bytes against the planes that the CPU makes of them.

use std::sync::Arc;

use candle_core::{DType, Device::Cpu, Tensor};

use super::{Affine, ByteImages, Images, Room, Uploads};
use crate::architecture::Architecture;
use crate::backbone::{Backbone as _, Trunk};
use crate::drop_path::DropPath;
use crate::gradients::Gradients;
use crate::init::{Scheme, randomize};
use crate::params::Params;
use crate::vit::VitConfig;
use proofmark_base::rng::{Rng, Stream};
use proofmark_emulation::{Emulation, Order};
use proofmark_gpu::device::Device;
use proofmark_gpu::gpu::Gpu;
use proofmark_lang::model::{Pool, Precision};

const SIDE: usize = 12;
const COUNT: usize = 5;

fn config() -> VitConfig {
    VitConfig {
        patch: 4,
        width: 12,
        depth: 2,
        heads: 3,
        image: SIDE,
        hidden: 20,
        layer_scale: None,
        registers: 0,
        pool: Pool::PatchMean,
        drop_path: 0.4,
        classes: 2,
    }
}

fn gpu() -> Arc<dyn Gpu> {
    Arc::new(Emulation::new(Order::Forwards))
}

fn params(device: &Device) -> Params {
    let params = Architecture::from(config()).params(device).unwrap();
    randomize(&params, Scheme::TruncatedNormal(0.2), 5, |_| true).unwrap();
    params
}

/// Images of noise, of which some are mirrored and some have regions.
fn images(seed: u64) -> ByteImages {
    let mut rng = Rng::new(seed, Stream::Demo, 0, 0);
    let rgb = (0..COUNT * 3 * SIDE * SIDE).map(|_| rng.below(256) as u8).collect();
    let by = Affine { scale: [0.011, 0.013, 0.017], shift: [1.3, 0.7, 2.1] };
    let mut images = ByteImages::new(SIDE, by, rgb);
    images.mirror(1);
    images.mirror(4);
    for (image, region) in [(1, [2, 3, 5, 4]), (3, [0, 0, 12, 1]), (3, [1, 0, 3, 9])] {
        let values: Vec<f32> =
            (0..3 * region[2] * region[3]).map(|_| rng.normal() as f32).collect();
        images.fill(image, region, values.chunks_exact(region[2]));
    }
    images
}

fn values(tensor: &Tensor) -> Vec<u32> {
    let values = tensor.flatten_all().unwrap().to_vec1::<f32>().unwrap();
    values.into_iter().map(f32::to_bits).collect()
}

/// The bits of embeddings and of all gradients.
fn pass(trunk: &mut dyn Trunk, params: &Params, images: Images<'_>) -> Vec<Vec<u32>> {
    let drop = Some(DropPath { seed: 1, epoch: 0, step: 7, offset: 0 });
    let embedding = trunk.embed_keeping(params, images, drop).unwrap();
    let dembedding = Tensor::ones(embedding.shape(), DType::F32, &Cpu).unwrap();
    let mut grads = Gradients::new(params);
    trunk.backward(params, &dembedding, &mut grads).unwrap();
    let trained = (0..params.specs().len()).filter(|i| grads.is_written(*i));
    let gradients = trained.map(|i| values(&grads.tensor(i).unwrap()));
    std::iter::once(values(&embedding)).chain(gradients).collect()
}

#[test]
fn planes_are_normalised_mirrored_and_filled() {
    let by = Affine { scale: [0.5, 2.0, 1.0], shift: [1.0, 0.0, -1.0] };
    let mut images = ByteImages::new(2, by, (0..24).collect());
    images.mirror(1);
    images.fill(1, [1, 0, 1, 2], [70., 71., 80., 81., 90., 91.].chunks_exact(1));
    let first = [-1.0, 0.5, 2.0, 3.5, 2.0, 8.0, 14.0, 20.0, 3.0, 6.0, 9.0, 12.0];
    assert_eq!(images.planes(0..1), first);
    // Left is what was right: pixels 5 and 7 of all.
    let second = [6.5, 70.0, 9.5, 71.0, 32.0, 80.0, 44.0, 81.0, 18.0, 90.0, 24.0, 91.0];
    assert_eq!(images.planes(1..2), second);
    assert_eq!(images.planes(0..2), [first, second].concat());
}

#[test]
fn bytes_give_a_gpu_the_bits_of_the_planes_that_the_cpu_makes_of_them() {
    for precision in [Precision::F32, Precision::Bf16] {
        let gpu = gpu();
        let params = params(&Device::Gpu(Arc::clone(&gpu)));
        let mut trunk = config().trunk(Some(&gpu), precision);
        let uploads = Uploads::new(&gpu);
        // The next are on their way while these are computed, and places are used again.
        let mut next = Some(uploads.begin(&images(0)).unwrap());
        for seed in 0..4 {
            let there = next.take().unwrap().arrive().unwrap();
            next = Some(uploads.begin(&images(seed + 1)).unwrap());
            let bytes = images(seed);
            let planes = bytes.planes(0..COUNT);
            let expected = pass(&mut *trunk, &params, (&planes).into());
            assert_eq!(pass(&mut *trunk, &params, (&there).into()), expected);
            assert_eq!(pass(&mut *trunk, &params, (&bytes).into()), expected);
            let expected = pass(&mut *trunk, &params, Images::from(&planes).part(1..4, COUNT));
            assert_eq!(
                pass(&mut *trunk, &params, Images::from(&there).part(1..4, COUNT)),
                expected
            );
            assert_eq!(
                pass(&mut *trunk, &params, Images::from(&bytes).part(1..4, COUNT)),
                expected
            );
            uploads.end(there).unwrap();
        }
    }
}

#[test]
fn a_network_that_reads_planes_is_given_those_of_the_cpu() {
    let gpu = gpu();
    let (bytes, uploads) = (images(7), Uploads::new(&gpu));
    let planes = bytes.planes(0..COUNT);
    let there = uploads.begin(&bytes).unwrap().arrive().unwrap();
    let mut room = Room::new(&gpu);
    for images in [Images::from(&planes), Images::from(&bytes), Images::from(&there)] {
        for rows in [0..COUNT, 3..4] {
            let one = 3 * SIDE * SIDE;
            let found = room.planes(&images.part(rows.clone(), COUNT), SIDE).unwrap();
            assert_eq!(found.get(&*gpu).unwrap(), planes[rows.start * one..rows.end * one]);
        }
    }
}

#[test]
fn the_cpu_takes_bytes_as_the_planes_that_they_are_and_nothing_that_is_on_a_gpu() {
    let params = params(&Device::Cpu);
    let bytes = images(3);
    let planes = bytes.planes(0..COUNT);
    for precision in [Precision::F32, Precision::Bf16] {
        let mut trunk = config().trunk(None, precision);
        let expected = pass(&mut *trunk, &params, (&planes).into());
        assert_eq!(pass(&mut *trunk, &params, (&bytes).into()), expected);
        let there = Uploads::new(&gpu()).begin(&bytes).unwrap().arrive().unwrap();
        let error = trunk.embed(&params, (&there).into(), None).unwrap_err().to_string();
        assert!(
            error.starts_with("the images of a network on the CPU were sent to a GPU"),
            "{error}"
        );
    }
}

#[test]
fn images_of_another_side_are_refused() {
    let gpu = gpu();
    let uploads = Uploads::new(&gpu);
    let bytes = images(3);
    let there = uploads.begin(&bytes).unwrap().arrive().unwrap();
    for images in [Images::from(&bytes), Images::from(&there)] {
        let error = Room::count(&images, 16).unwrap_err().to_string();
        assert_eq!(error, "the GPU cannot embed: 2160 values are not images of 768");
    }
}
