//! Size and shape of an EfficientNet, and its parameters.

use serde::{Deserialize, Serialize};

use crate::bounds::check_ends;
use crate::params::{Begin, ParamSpec};
use proofmark_lang::limits::FACTOR;

/// Stages of B0: side of the window, stride of the first block, expansion, channels, blocks.
const STAGES: [(usize, usize, usize, usize, usize); 7] = [
    (3, 1, 1, 16, 1),
    (3, 2, 6, 24, 2),
    (5, 2, 6, 40, 2),
    (3, 2, 6, 80, 3),
    (5, 1, 6, 112, 3),
    (5, 2, 6, 192, 4),
    (3, 1, 6, 320, 1),
];
/// Channels of B0's first and last convolution.
const ENDS: (usize, usize) = (32, 1280);

/// Size and shape of an EfficientNet.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EfficientNetConfig {
    /// Factor on B0's channels; 1.4 for B4.
    pub width: f64,
    /// Factor on B0's blocks; 1.8 for B4.
    pub depth: f64,
    /// Side of the input in pixels.
    pub image: usize,
    /// Share of the embedding's values that are dropped while training.
    pub dropout: f64,
    /// Share of batch norm's running statistics that a step replaces.
    pub momentum: f64,
    /// Drop-path rate that the last block's follows; linear from 0 at the first.
    pub drop_path: f64,
    /// Number of classes C.
    pub classes: usize,
}

/// One block.
#[derive(Clone, Debug, PartialEq)]
pub struct Block {
    /// `blocks.STAGE.PLACE`.
    pub name: String,
    /// Stage, from 0.
    pub stage: usize,
    /// Side of the window of its convolution by channel.
    pub kernel: usize,
    /// Of that convolution.
    pub stride: usize,
    /// Channels that come in, are convolved, and go out.
    pub inputs: usize,
    /// Channels within.
    pub hidden: usize,
    /// Channels that go out.
    pub outputs: usize,
    /// Channels between squeeze and excitation.
    pub reduced: usize,
    /// Drop-path rate.
    pub drop_rate: f64,
}

impl Block {
    /// Whether channels are expanded first.
    pub fn expands(&self) -> bool {
        self.hidden != self.inputs
    }

    /// Whether the input is added to what goes out.
    pub fn joins(&self) -> bool {
        self.stride == 1 && self.inputs == self.outputs
    }
}

impl EfficientNetConfig {
    /// Whether it can be. The error says what is wrong.
    pub(crate) fn check(&self) -> Result<(), String> {
        for (what, factor) in [("width", self.width), ("depth", self.depth)] {
            if !(factor > 0.0 && factor <= FACTOR) {
                return Err(format!("a factor of {factor:?} on its {what} is not up to {FACTOR}"));
            }
        }
        if !(0.0..1.0).contains(&self.dropout) || !(0.0..=1.0).contains(&self.momentum) {
            return Err("its dropout or its momentum is not in 0 to 1".to_owned());
        }
        check_ends(self.image, self.classes, self.drop_path)
    }

    /// A number of channels times the width, to a multiple of eight.
    fn channels(&self, base: usize) -> usize {
        let exact = base as f64 * self.width;
        let rounded = ((exact + 4.0) as usize / 8 * 8).max(8);
        if (rounded as f64) < 0.9 * exact { rounded + 8 } else { rounded }
    }

    /// Channels after the first convolution.
    pub fn stem(&self) -> usize {
        self.channels(ENDS.0)
    }

    /// Width D of the embedding.
    pub fn features(&self) -> usize {
        self.channels(ENDS.1)
    }

    /// The blocks, in order.
    pub fn blocks(&self) -> Vec<Block> {
        let repeats = |base: usize| (base as f64 * self.depth).ceil() as usize;
        let total: usize = STAGES.iter().map(|stage| repeats(stage.4)).sum();
        let mut inputs = self.stem();
        let mut blocks = Vec::new();
        for (stage, (kernel, stride, expansion, base, count)) in STAGES.into_iter().enumerate() {
            let outputs = self.channels(base);
            for place in 0..repeats(count) {
                blocks.push(Block {
                    name: format!("blocks.{stage}.{place}"),
                    stage,
                    kernel,
                    stride: if place == 0 { stride } else { 1 },
                    inputs,
                    hidden: inputs * expansion,
                    outputs,
                    reduced: inputs / 4,
                    drop_rate: self.drop_path * blocks.len() as f64 / total as f64,
                });
                inputs = outputs;
            }
        }
        blocks
    }

    /// Every parameter, in order. B4 with two classes has 17,552,202 trained scalars.
    pub fn parameters(&self) -> Vec<ParamSpec> {
        let mut specs = Vec::new();
        let mut add = |name: String, shape: &[usize], begin| {
            specs.push(ParamSpec { name, shape: shape.to_vec(), begin });
        };
        let norm = |add: &mut dyn FnMut(String, &[usize], Begin), name: &str, n: usize| {
            add(format!("{name}.weight"), &[n], Begin::Constant(1.0));
            add(format!("{name}.bias"), &[n], Begin::Constant(0.0));
            add(format!("{name}.running_mean"), &[n], Begin::Statistic(0.0));
            add(format!("{name}.running_var"), &[n], Begin::Statistic(1.0));
        };
        add("conv_stem.weight".into(), &[self.stem(), 3, 3, 3], Begin::Matrix);
        norm(&mut add, "bn1", self.stem());
        let blocks = self.blocks();
        for block in &blocks {
            let Block { hidden, inputs, outputs, reduced, kernel, .. } = *block;
            let name = |part: &str| format!("{}.{part}", block.name);
            let (depthwise, last, expand) = if block.expands() {
                add(name("conv_pw.weight"), &[hidden, inputs, 1, 1], Begin::Matrix);
                norm(&mut add, &name("bn1"), hidden);
                ("bn2", "conv_pwl", "bn3")
            } else {
                ("bn1", "conv_pw", "bn2")
            };
            add(name("conv_dw.weight"), &[hidden, 1, kernel, kernel], Begin::Matrix);
            norm(&mut add, &name(depthwise), hidden);
            add(name("se.conv_reduce.weight"), &[reduced, hidden, 1, 1], Begin::Matrix);
            add(name("se.conv_reduce.bias"), &[reduced], Begin::Constant(0.0));
            add(name("se.conv_expand.weight"), &[hidden, reduced, 1, 1], Begin::Matrix);
            add(name("se.conv_expand.bias"), &[hidden], Begin::Constant(0.0));
            add(name(&format!("{last}.weight")), &[outputs, hidden, 1, 1], Begin::Matrix);
            norm(&mut add, &name(expand), outputs);
        }
        let last = blocks.last().map_or(self.stem(), |block| block.outputs);
        add("conv_head.weight".into(), &[self.features(), last, 1, 1], Begin::Matrix);
        norm(&mut add, "bn2", self.features());
        add("classifier.weight".into(), &[self.classes, self.features()], Begin::Head);
        add("classifier.bias".into(), &[self.classes], Begin::Constant(0.0));
        specs
    }

    /// Layer of a parameter for layer-wise rates: the first convolution 0, stage k at k + 1,
    /// everything after on top.
    pub fn layer_of(&self, name: &str) -> usize {
        if let Some(rest) = name.strip_prefix("blocks.") {
            let stage = rest.split('.').next().and_then(|stage| stage.parse::<usize>().ok());
            return stage.map_or(Self::LAYERS, |stage| stage + 1);
        }
        if name.starts_with("conv_stem.") || name.starts_with("bn1.") { 0 } else { Self::LAYERS }
    }

    /// The uppermost layer.
    pub const LAYERS: usize = STAGES.len() + 1;

    /// Multiplications and additions of one image's forward pass.
    pub fn flops(&self) -> f64 {
        let mut side = self.image.div_ceil(2);
        let area = |side: usize| (side * side) as f64;
        let mut products = area(side) * (27 * self.stem()) as f64;
        for block in self.blocks() {
            if block.expands() {
                products += area(side) * (block.inputs * block.hidden) as f64;
            }
            side = side.div_ceil(block.stride);
            let window = block.kernel * block.kernel;
            products += area(side) * (block.hidden * (window + block.outputs)) as f64;
            products += (2 * block.hidden * block.reduced) as f64;
        }
        let last = self.blocks().last().map_or(0, |block| block.outputs);
        2.0 * (products + area(side) * (last * self.features()) as f64)
    }

    /// Numbers that the graphs of all blocks keep of one image: each convolution's output, and what
    /// norm and activation make of it.
    pub fn activations(&self) -> usize {
        let mut side = self.image.div_ceil(2);
        let mut kept = side * side * 5 * self.stem();
        for block in self.blocks() {
            if block.expands() {
                kept += side * side * 5 * block.hidden;
            }
            side = side.div_ceil(block.stride);
            kept += side * side * (6 * block.hidden + 4 * block.outputs);
        }
        kept + side * side * 5 * self.features()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn b4_has_its_published_size() {
        let b4 = EfficientNetConfig {
            width: 1.4,
            depth: 1.8,
            image: 380,
            dropout: 0.4,
            momentum: 0.01,
            drop_path: 0.2,
            classes: 1000,
        };
        let trained = |spec: &&ParamSpec| !matches!(spec.begin, Begin::Statistic(_));
        let count: usize = b4.parameters().iter().filter(trained).map(ParamSpec::count).sum();
        // timm's tf_efficientnet_b4.
        assert_eq!(count, 19_341_616);
        assert_eq!((b4.stem(), b4.features(), b4.blocks().len()), (48, 1792, 32));
        // 4.2 billion products (Tan and Le, table 2), a little more with what is counted here.
        assert!((4.2e9..4.7e9).contains(&(b4.flops() / 2.0)), "{}", b4.flops());
        assert_eq!(b4.layer_of("blocks.6.1.bn3.weight"), 7);
        assert_eq!((b4.layer_of("bn1.bias"), b4.layer_of("bn2.bias")), (0, 8));
    }
}
