//! Xception (Chollet 2017), in the parameter names of timm's `legacy_xception`, which are Cadene's.

use std::sync::Arc;

use candle_core::Result;
use serde::{Deserialize, Serialize};

use crate::backbone::{Backbone, FromFiles, LeftOver, Trunk};
use crate::bounds::check_ends;
use crate::convolution::{Activation, OnGpu, Operations, Segmented, Segments, Window};
use crate::gpu_trunk::GpuTrunk;
use crate::spec::{Begin, ParamSpec, batch_norm};
use proofmark_base::foreign::within;
use proofmark_gpu::gpu::Gpu;
use proofmark_lang::model::{Backbone as Declared, Precision, Xception};

/// The blocks: channels that come in and go out, how many convolutions, and the stride.
const BLOCKS: [(usize, usize, usize, usize); 12] = [
    (64, 128, 2, 2),
    (128, 256, 2, 2),
    (256, 728, 2, 2),
    (728, 728, 3, 1),
    (728, 728, 3, 1),
    (728, 728, 3, 1),
    (728, 728, 3, 1),
    (728, 728, 3, 1),
    (728, 728, 3, 1),
    (728, 728, 3, 1),
    (728, 728, 3, 1),
    (728, 1024, 2, 2),
];
/// Channels of the two convolutions below the blocks.
const STEM: [usize; 2] = [32, 64];
/// Channels of the two separable convolutions above them; the last are those of the embedding.
const TOP: [usize; 2] = [1536, 2048];

/// The windows of the first two convolutions, of the separable ones, of a block's way around its
/// convolutions, and of its pooling.
const FIRST: Window = Window::padded(3, 2, 0);
const SECOND: Window = Window::padded(3, 1, 0);
const SEPARABLE: Window = Window::padded(3, 1, 1);
const SKIP: Window = Window::padded(1, 2, 0);
const POOL: Window = Window::padded(3, 2, 1);

/// Size and shape of an Xception.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct XceptionConfig {
    /// Side of the input in pixels.
    pub image: usize,
    /// Share of the embedding's values that are dropped while training.
    pub dropout: f64,
    /// Share of batch norm's running statistics that a step replaces.
    pub momentum: f64,
    /// Number of classes C.
    pub classes: usize,
}

/// One block: separable convolutions, and a way around them.
#[derive(Clone, Copy, Debug)]
struct Block {
    /// From 1, as in names.
    number: usize,
    inputs: usize,
    outputs: usize,
    count: usize,
    stride: usize,
}

/// One convolution of a block, with the batch norm behind it.
struct Separable {
    /// `blockN.rep.PLACE`.
    name: String,
    norm: String,
    inputs: usize,
    outputs: usize,
    /// Whether a ReLU is before it: not where the one of the stem was.
    activated: bool,
}

impl Block {
    fn all() -> impl Iterator<Item = Self> {
        BLOCKS.into_iter().enumerate().map(|(i, (inputs, outputs, count, stride))| Self {
            number: i + 1,
            inputs,
            outputs,
            count,
            stride,
        })
    }

    /// Whether it ends with pooling, and the way around it is a convolution.
    fn reduces(&self) -> bool {
        self.stride != 1
    }

    /// Its convolutions. Each has a ReLU, itself and a batch norm in `rep`; in the first block there
    /// is no first ReLU. Channels grow in the first convolution, in the last block in its last.
    fn convolutions(&self) -> Vec<Separable> {
        let grows = if self.number == BLOCKS.len() { self.count - 1 } else { 0 };
        let first = usize::from(self.number > 1);
        let convolution = |i: usize| Separable {
            name: format!("block{}.rep.{}", self.number, first + 3 * i),
            norm: format!("block{}.rep.{}", self.number, first + 3 * i + 1),
            inputs: if i > grows { self.outputs } else { self.inputs },
            outputs: if i < grows { self.inputs } else { self.outputs },
            activated: i + first > 0,
        };
        (0..self.count).map(convolution).collect()
    }
}

impl XceptionConfig {
    /// The declared network with `classes` outputs.
    pub fn new(net: &Xception, _: &Declared, classes: usize) -> Self {
        Self { image: net.image, dropout: net.dropout, momentum: net.momentum, classes }
    }

    /// The sides of the maps: of the first two convolutions, and of what each block gives.
    fn sides(&self) -> ([usize; 2], Vec<usize>) {
        let first = FIRST.outputs(self.image);
        let second = SECOND.outputs(first);
        let after = |side: &mut usize, block: Block| {
            *side = side.div_ceil(block.stride);
            Some(*side)
        };
        ([first, second], Block::all().scan(second, after).collect())
    }
}

impl Backbone for XceptionConfig {
    fn check_sizes(&self) -> std::result::Result<(), String> {
        if !(0.0..1.0).contains(&self.dropout) || !(0.0..=1.0).contains(&self.momentum) {
            return Err("its dropout or its momentum is not in 0 to 1".to_owned());
        }
        within("image", self.image, &Xception::SIDES)?;
        check_ends(self.image, self.classes, 0.0)
    }

    fn classes(&self) -> usize {
        self.classes
    }

    fn image(&self) -> usize {
        self.image
    }

    fn embedding_width(&self) -> usize {
        TOP[1]
    }

    fn head(&self) -> [&'static str; 2] {
        ["fc.weight", "fc.bias"]
    }

    /// With two classes 20,811,050 trained scalars.
    fn parameters(&self) -> Vec<ParamSpec> {
        let mut specs = Vec::new();
        let mut add = |name: String, shape: &[usize], begin| {
            specs.push(ParamSpec { name, shape: shape.to_vec(), begin });
        };
        let norm = |add: &mut dyn FnMut(String, &[usize], Begin), name: &str, n: usize| {
            batch_norm(name).into_iter().for_each(|(name, begin)| add(name, &[n], begin));
        };
        let separable = |add: &mut dyn FnMut(String, &[usize], Begin), name: &str, i, o| {
            add(format!("{name}.conv1.weight"), &[i, 1, 3, 3], Begin::Matrix);
            add(format!("{name}.pointwise.weight"), &[o, i, 1, 1], Begin::Matrix);
        };
        let [first, second] = STEM;
        add("conv1.weight".into(), &[first, 3, 3, 3], Begin::Matrix);
        norm(&mut add, "bn1", first);
        add("conv2.weight".into(), &[second, first, 3, 3], Begin::Matrix);
        norm(&mut add, "bn2", second);
        for block in Block::all() {
            if block.reduces() {
                let name = format!("block{}", block.number);
                let shape = [block.outputs, block.inputs, 1, 1];
                add(format!("{name}.skip.weight"), &shape, Begin::Matrix);
                norm(&mut add, &format!("{name}.skipbn"), block.outputs);
            }
            for part in block.convolutions() {
                separable(&mut add, &part.name, part.inputs, part.outputs);
                norm(&mut add, &part.norm, part.outputs);
            }
        }
        let [third, fourth] = TOP;
        separable(&mut add, "conv3", BLOCKS[BLOCKS.len() - 1].1, third);
        norm(&mut add, "bn3", third);
        separable(&mut add, "conv4", third, fourth);
        norm(&mut add, "bn4", fourth);
        add("fc.weight".into(), &[self.classes, fourth], Begin::Head);
        add("fc.bias".into(), &[self.classes], Begin::Constant(0.0));
        specs
    }

    /// As timm has it: the first two convolutions 0, block k at k, the last two above, the
    /// classifier on top.
    fn layer_of(&self, name: &str) -> usize {
        let part = name.split('.').next().unwrap_or(name);
        if let Some(number) = part.strip_prefix("block") {
            return number.parse().unwrap_or(self.top_layer());
        }
        match part {
            "conv1" | "bn1" | "conv2" | "bn2" => 0,
            "conv3" | "bn3" | "conv4" | "bn4" => BLOCKS.len() + 1,
            _ => self.top_layer(),
        }
    }

    fn top_layer(&self) -> usize {
        BLOCKS.len() + 2
    }

    fn flops(&self) -> f64 {
        let area = |side: usize| (side * side) as f64;
        let ([first, second], sides) = self.sides();
        let mut products = area(first) * (27 * STEM[0]) as f64;
        products += area(second) * (9 * STEM[0] * STEM[1]) as f64;
        let separable = |side: usize, i: usize, o: usize| area(side) * (i * (9 + o)) as f64;
        let mut side = second;
        for (block, after) in Block::all().zip(&sides) {
            for part in block.convolutions() {
                products += separable(side, part.inputs, part.outputs);
            }
            side = *after;
            if block.reduces() {
                products += area(side) * (block.inputs * block.outputs) as f64;
            }
        }
        let last = BLOCKS[BLOCKS.len() - 1].1;
        products += separable(side, last, TOP[0]) + separable(side, TOP[0], TOP[1]);
        2.0 * (products + (TOP[1] * self.classes) as f64)
    }

    /// The windows of the first two convolutions; each convolution's output, and what norm and
    /// activation make of it.
    fn activations(&self) -> usize {
        let ([first, second], sides) = self.sides();
        let mut kept = first * first * (27 + 4 * STEM[0]);
        kept += second * second * (9 * STEM[0] + 5 * STEM[1]);
        let mut side = second;
        for (block, after) in Block::all().zip(&sides) {
            for part in block.convolutions() {
                kept += side * side * (2 * part.inputs + 2 * part.outputs);
            }
            side = *after;
            let skip = if block.reduces() { block.inputs + 2 * block.outputs } else { 0 };
            kept += side * side * (2 * block.outputs + skip);
        }
        let last = BLOCKS[BLOCKS.len() - 1].1;
        kept + side * side * (last + 4 * TOP[0] + 3 * TOP[1])
    }

    fn supports_micro_batches(&self) -> bool {
        false
    }

    /// Channels are multiples of four, and windows those that there are kernels for.
    fn not_on_gpu(&self) -> Option<String> {
        None
    }

    /// Its products are f32 or TF32, never bf16: what declares that is told so.
    fn trunk(&self, gpu: Option<&Arc<dyn Gpu>>, precision: Precision) -> Box<dyn Trunk> {
        match gpu {
            Some(gpu) => Box::new(GpuTrunk(OnGpu::new(gpu, self, &self.parameters(), precision))),
            None => Box::new(Segments::new(self.clone())),
        }
    }
}

impl FromFiles for XceptionConfig {
    /// Cadene's word for the classifier, which others have kept; FaceForensics++ puts it behind a
    /// dropout.
    fn aliases(&self, name: &str) -> Vec<String> {
        let Some(part) = name.strip_prefix("fc.") else { return Vec::new() };
        ["last_linear", "last_linear.1"].map(|front| format!("{front}.{part}")).to_vec()
    }

    fn unlike(&self, name: &str, _: &LeftOver<'_>) -> Option<String> {
        let block = name.starts_with("block") && !name.ends_with("num_batches_tracked");
        block.then(|| "its blocks have parts that those of an `xception` do not have".to_owned())
    }
}

/// The first two convolutions, the blocks, and what is on top.
impl Segmented for XceptionConfig {
    fn side(&self) -> usize {
        self.image
    }

    fn first(&self) -> Window {
        FIRST
    }

    fn count(&self) -> usize {
        BLOCKS.len() + 2
    }

    fn segment<O: Operations>(&self, segment: usize, x: &O::Map, with: &mut O) -> Result<O::Map> {
        if segment == 0 {
            let x = with.pointwise(x, "conv1.weight")?;
            let x = with.norm(&x, "bn1", Activation::Relu)?;
            let x = with.convolution(&x, "conv2.weight", SECOND)?;
            return with.norm(&x, "bn2", Activation::Relu);
        }
        match Block::all().nth(segment - 1) {
            Some(block) => within_block(&block, x, with),
            None => {
                let x = separable("conv3", x, with)?;
                let x = with.norm(&x, "bn3", Activation::Relu)?;
                let x = separable("conv4", &x, with)?;
                let x = with.norm(&x, "bn4", Activation::Relu)?;
                let x = with.mean(&x)?;
                with.dropout(&x, self.dropout)
            }
        }
    }

    fn eps(&self) -> f64 {
        1e-5
    }

    fn momentum(&self) -> f64 {
        self.momentum
    }
}

fn within_block<O: Operations>(block: &Block, input: &O::Map, with: &mut O) -> Result<O::Map> {
    let parts = block.convolutions();
    let mut x = input.clone();
    for (i, part) in parts.iter().enumerate() {
        // The ReLU before the others is that behind the norm before them.
        if i == 0 && part.activated {
            x = with.relu(&x)?;
        }
        let followed = parts.get(i + 1).is_some_and(|next| next.activated);
        let behind = if followed { Activation::Relu } else { Activation::Identity };
        let convolved = separable(&part.name, &x, with)?;
        x = with.norm(&convolved, &part.norm, behind)?;
    }
    if !block.reduces() {
        return with.join(input, &x, None);
    }
    let x = with.max_pool(&x, POOL)?;
    let name = format!("block{}", block.number);
    let around = with.convolution(input, &format!("{name}.skip.weight"), SKIP)?;
    let around = with.norm(&around, &format!("{name}.skipbn"), Activation::Identity)?;
    with.join(&x, &around, None)
}

/// A convolution of each channel, and one across them.
fn separable<O: Operations>(name: &str, x: &O::Map, with: &mut O) -> Result<O::Map> {
    let x = with.depthwise(x, &format!("{name}.conv1.weight"), SEPARABLE)?;
    with.pointwise(&x, &format!("{name}.pointwise.weight"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(image: usize) -> XceptionConfig {
        XceptionConfig { image, dropout: 0.0, momentum: 0.1, classes: 1000 }
    }

    #[test]
    fn it_has_its_published_size() {
        let whole = of(299);
        let trained = whole.parameters().into_iter().filter(ParamSpec::trained);
        // 22,855,952 (Chollet 2017, table 3), and 8.4 billion products (timm's table of results).
        assert_eq!(trained.map(|spec| spec.count()).sum::<usize>(), 22_855_952);
        assert!((8.35e9..8.45e9).contains(&(whole.flops() / 2.0)), "{}", whole.flops());
        assert_eq!(
            whole.sides(),
            ([149, 147], {
                let middle = [19; 9];
                [&[74, 37][..], &middle, &[10]].concat()
            })
        );
    }

    #[test]
    fn the_smallest_input_leaves_one_pixel() {
        assert_eq!(of(7).sides().0, [3, 1]);
        assert!(of(7).check_sizes().is_ok());
        let error = of(6).check_sizes().unwrap_err();
        assert!(error.contains("image is 6, which is not from 7 to 4096"), "{error}");
    }
}
