//! The detector: weights from a file or built in, frames in, faces out.

use std::path::{Path, PathBuf};

use candle_core::{Device, Tensor};

use super::boxes::{Detection, Options, candidates, faces, probabilities};
use super::builder::Builder;
use super::error::DetectorError;
use super::fast::{Fast, Memory};
use super::network::{MEAN, Network};
use super::weights::{MOBILENET, RESNET, Tensors};
use super::{composed, mobilenet, neck, resnet};
use proofmark_picture::resize::resize_to;
use proofmark_picture::resize::{Filter, Window};

/// Weights of the MobileNet (NOTICE says whose).
const EMBEDDED: &[u8] = include_bytes!("mobilenet025.safetensors");

/// A face detector; threads may share it.
#[derive(Debug)]
pub struct Detector {
    network: Network,
    fast: Fast,
    /// What its weights are from.
    from: PathBuf,
}

/// Buffers that one thread keeps from frame to frame.
#[derive(Debug, Default)]
pub struct Scratch {
    memory: Memory,
}

/// What the network says about each prior, of all levels one after the other.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Raw {
    /// Offsets of centres and logarithms of sizes.
    pub loc: Vec<[f32; 4]>,
    /// Probabilities of background and face.
    pub conf: Vec<[f32; 2]>,
    /// Offsets of five points.
    pub landmarks: Vec<[f32; 10]>,
}

impl Detector {
    /// RetinaFace on a MobileNetV1 of a quarter of the width.
    pub fn embedded() -> Result<Self, DetectorError> {
        let path = Path::new("the built-in RetinaFace");
        Self::new(Tensors::from_memory(path, EMBEDDED.to_vec())?)
    }

    /// RetinaFace from safetensors or a `.pth` in the key names of its PyTorch
    /// implementations. The names say which backbone it is.
    pub fn open(path: &Path) -> Result<Self, DetectorError> {
        Self::new(Tensors::open(path)?)
    }

    /// Whether a file holds one of the networks, by the names in it alone.
    pub fn check(path: &Path) -> Result<(), DetectorError> {
        Body::of(&Tensors::open(path)?).map(|_| ())
    }

    fn new(tensors: Tensors) -> Result<Self, DetectorError> {
        let from = tensors.path().to_owned();
        let mut net = Builder::new(tensors);
        let (levels, width) = match Body::of(&net.tensors)? {
            Body::MobileNet => (mobilenet::body(&mut net)?, 64),
            Body::ResNet => (resnet::body(&mut net)?, 256),
        };
        let heads = neck::neck(&mut net, levels, width)?;
        let network = net.finish(heads);
        Ok(Self { fast: Fast::new(&network)?, network, from })
    }

    /// The faces in a frame of `width` x `height` pixels in red, green, blue, the best
    /// score first.
    pub fn detect(
        &self,
        rgb: &[u8],
        width: u32,
        height: u32,
        options: &Options,
        scratch: &mut Scratch,
    ) -> Result<Vec<Detection>, DetectorError> {
        check(rgb, width, height)?;
        let (columns, rows) = shrunk(width, height, options.long_side);
        let frame = (width as f32, height as f32);
        let smaller = ((columns, rows) != (width, height)).then(|| {
            let whole = Window::whole(width, height);
            resize_to(rgb, width, whole, (columns, rows), Filter::Bilinear)
        });
        let input = (columns as usize, rows as usize);
        let levels = self.fast.run(smaller.as_deref().unwrap_or(rgb), input, &mut scratch.memory);
        // A comparison with what is no number finds no face, as if there were none.
        if !levels.iter().all(|level| level.iter().all(|value| value.is_finite())) {
            return Err(DetectorError::Output { path: self.from.clone() });
        }
        Ok(faces(levels, input, frame, options))
    }

    /// The network's outputs for a frame as it is.
    pub fn raw(
        &self,
        rgb: &[u8],
        width: u32,
        height: u32,
        scratch: &mut Scratch,
    ) -> Result<Raw, DetectorError> {
        check(rgb, width, height)?;
        let size = (width as usize, height as usize);
        Ok(Raw::new(self.fast.run(rgb, size, &mut scratch.memory), size.0))
    }

    /// [`Self::raw`] by candle's operations on a device.
    pub fn raw_composed(
        &self,
        rgb: &[u8],
        width: u32,
        height: u32,
        device: &Device,
    ) -> Result<Raw, DetectorError> {
        check(rgb, width, height)?;
        let (width, height) = (width as usize, height as usize);
        let mean = Tensor::new(&MEAN, device)?;
        let image = Tensor::from_slice(rgb, (1, height, width, 3), device)?;
        let image = image.to_dtype(candle_core::DType::F32)?.broadcast_sub(&mean)?;
        let levels = composed::run(&self.network, &image.permute((0, 3, 1, 2))?.contiguous()?)?;
        let [first, second, third] = levels.map(|level| level.flatten_all()?.to_vec1::<f32>());
        Ok(Raw::new([&first?, &second?, &third?], width))
    }
}

/// What a file's names say that the network is made on.
enum Body {
    MobileNet,
    ResNet,
}

impl Body {
    fn of(tensors: &Tensors) -> Result<Self, DetectorError> {
        if tensors.has(MOBILENET) {
            Ok(Self::MobileNet)
        } else if tensors.has(RESNET) {
            Ok(Self::ResNet)
        } else {
            let path = tensors.path().to_owned();
            Err(DetectorError::Unknown { path, names: tensors.names() })
        }
    }
}

impl Raw {
    fn new(levels: [&[f32]; 3], width: usize) -> Self {
        let mut raw = Self::default();
        for candidate in candidates(levels, width) {
            let values = candidate.values();
            raw.loc.push(values.bbox);
            raw.conf.push(probabilities(values.classes));
            raw.landmarks.push(values.landmarks);
        }
        raw
    }
}

fn check(rgb: &[u8], width: u32, height: u32) -> Result<(), DetectorError> {
    let needed = 3 * u64::from(width) * u64::from(height);
    match needed == rgb.len() as u64 && needed > 0 {
        true => Ok(()),
        false => Err(DetectorError::Frame { width, height, bytes: rgb.len() }),
    }
}

/// The size in which faces are looked for.
fn shrunk(width: u32, height: u32, long_side: u32) -> (u32, u32) {
    let longest = width.max(height);
    if long_side == 0 || longest <= long_side {
        return (width, height);
    }
    let scaled = |side: u32| {
        let exact = f64::from(side) * f64::from(long_side) / f64::from(longest);
        (exact.round() as u32).max(1)
    };
    (scaled(width), scaled(height))
}

#[cfg(test)]
mod tests {
    use super::shrunk;

    #[test]
    fn the_longer_side_is_shrunk_and_the_shape_kept() {
        assert_eq!(shrunk(1920, 1080, 640), (640, 360));
        assert_eq!(shrunk(1080, 1920, 640), (360, 640));
        assert_eq!(shrunk(854, 480, 640), (640, 360));
        assert_eq!(shrunk(3, 1000, 100), (1, 100));
        assert_eq!(shrunk(640, 480, 640), (640, 480));
        assert_eq!(shrunk(640, 480, 0), (640, 480));
    }
}
