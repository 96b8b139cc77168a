//! What the program asks of an EfficientNet.

use std::sync::Arc;

use super::config::{Block, EfficientNetConfig};
use super::layers::Layers;
use crate::backbone::{Backbone, Trunk};
use crate::bounds::check_ends;
use crate::convolution::{OnGpu, Segments};
use crate::gpu_trunk::GpuTrunk;
use crate::spec::{Begin, ParamSpec, batch_norm};
use proofmark_gpu::gpu::Gpu;
use proofmark_lang::limits::FACTOR;
use proofmark_lang::model::Precision;

impl Backbone for EfficientNetConfig {
    fn check_sizes(&self) -> Result<(), String> {
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

    fn classes(&self) -> usize {
        self.classes
    }

    fn image(&self) -> usize {
        self.image
    }

    fn embedding_width(&self) -> usize {
        self.features()
    }

    fn head(&self) -> [&'static str; 2] {
        ["classifier.weight", "classifier.bias"]
    }

    /// B4 with two classes has 17,552,202 trained scalars.
    fn parameters(&self) -> Vec<ParamSpec> {
        let mut specs = Vec::new();
        let mut add = |name: String, shape: &[usize], begin| {
            specs.push(ParamSpec { name, shape: shape.to_vec(), begin });
        };
        let norm = |add: &mut dyn FnMut(String, &[usize], Begin), name: &str, n: usize| {
            batch_norm(name).into_iter().for_each(|(name, begin)| add(name, &[n], begin));
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

    /// The first convolution 0, stage k at k + 1,
    /// everything after on top.
    fn layer_of(&self, name: &str) -> usize {
        if let Some(rest) = name.strip_prefix("blocks.") {
            let stage = rest.split('.').next().and_then(|stage| stage.parse::<usize>().ok());
            return stage.map_or(Self::TOP_LAYER, |stage| stage + 1);
        }
        if name.starts_with("conv_stem.") || name.starts_with("bn1.") { 0 } else { Self::TOP_LAYER }
    }

    fn top_layer(&self) -> usize {
        Self::TOP_LAYER
    }

    fn flops(&self) -> f64 {
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
        products += area(side) * (last * self.features()) as f64;
        2.0 * (products + (self.features() * self.classes) as f64)
    }

    /// Each convolution's output, and what norm and activation make of it.
    fn activations(&self) -> usize {
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

    fn supports_micro_batches(&self) -> bool {
        false
    }

    /// Channels are multiples of eight, and windows those that there are kernels for.
    fn not_on_gpu(&self) -> Option<String> {
        None
    }

    /// Its products are f32 or TF32, never bf16: what declares that is told so.
    fn trunk(&self, gpu: Option<&Arc<dyn Gpu>>, precision: Precision) -> Box<dyn Trunk> {
        let layers = Layers::new(self.clone());
        match gpu {
            Some(gpu) => {
                Box::new(GpuTrunk(OnGpu::new(gpu, &layers, &self.parameters(), precision)))
            }
            None => Box::new(Segments::new(layers)),
        }
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
