//! What the program asks of a Vision Transformer.

use std::sync::Arc;

use super::composed::Composed;
use super::config::VitConfig;
use super::gpu::OnGpu;
use super::trunk::Fused;
use crate::backbone::{Backbone, Trunk};
use crate::bounds::check_ends;
use crate::gpu_trunk::GpuTrunk;
use crate::spec::{Begin, ParamSpec};
use candle_core::DType;
use proofmark_base::foreign::within;
use proofmark_gpu::gpu::Gpu;
use proofmark_gpu::kernels::rows::WIDEST;
use proofmark_lang::limits::{DEPTH, HIDDEN, REGISTERS, SIZE};
use proofmark_lang::model::Precision;

impl Backbone for VitConfig {
    fn check_sizes(&self) -> Result<(), String> {
        within("patch", self.patch, &SIZE)?;
        within("width", self.width, &SIZE)?;
        within("depth", self.depth, &DEPTH)?;
        within("number of heads", self.heads, &SIZE)?;
        within("hidden width", self.hidden, &HIDDEN)?;
        if self.registers > 0 {
            within("number of registers", self.registers, &REGISTERS)?;
        }
        check_ends(self.image, self.classes, self.drop_path)?;
        for (large, of, small, by) in [
            ("image", self.image, "patches", self.patch),
            ("width", self.width, "heads", self.heads),
        ] {
            if !of.is_multiple_of(by) {
                return Err(format!("its {small}, {by}, do not divide its {large}, {of}"));
            }
        }
        match self.layer_scale.is_none_or(f32::is_finite) {
            true => Ok(()),
            false => Err("its layer scale is no number".to_owned()),
        }
    }

    fn classes(&self) -> usize {
        self.classes
    }

    fn image(&self) -> usize {
        self.image
    }

    fn embedding_width(&self) -> usize {
        self.width
    }

    fn head(&self) -> [&'static str; 2] {
        ["head.weight", "head.bias"]
    }

    /// ViT-B/16 with two classes has 85,800,194 scalars.
    fn parameters(&self) -> Vec<ParamSpec> {
        let d = self.width;
        let mut specs = Vec::new();
        let mut add = |name: String, shape: &[usize], begin| {
            specs.push(ParamSpec { name, shape: shape.to_vec(), begin });
        };
        add("cls_token".into(), &[1, 1, d], Begin::Token);
        if self.registers > 0 {
            add("reg_token".into(), &[1, self.registers, d], Begin::Token);
        }
        add("pos_embed".into(), &[1, self.grid() * self.grid() + 1, d], Begin::Token);
        add("patch_embed.proj.weight".into(), &[d, 3, self.patch, self.patch], Begin::Matrix);
        add("patch_embed.proj.bias".into(), &[d], Begin::Constant(0.0));
        for i in 0..self.depth {
            let mut block = |name: &str, shape: &[usize], begin| {
                add(format!("blocks.{i}.{name}"), shape, begin);
            };
            block("norm1.weight", &[d], Begin::Constant(1.0));
            block("norm1.bias", &[d], Begin::Constant(0.0));
            block("attn.qkv.weight", &[3 * d, d], Begin::Matrix);
            block("attn.qkv.bias", &[3 * d], Begin::Constant(0.0));
            block("attn.proj.weight", &[d, d], Begin::Matrix);
            block("attn.proj.bias", &[d], Begin::Constant(0.0));
            if let Some(scale) = self.layer_scale {
                block("ls1.gamma", &[d], Begin::Constant(scale));
            }
            block("norm2.weight", &[d], Begin::Constant(1.0));
            block("norm2.bias", &[d], Begin::Constant(0.0));
            block("mlp.fc1.weight", &[self.hidden, d], Begin::Matrix);
            block("mlp.fc1.bias", &[self.hidden], Begin::Constant(0.0));
            block("mlp.fc2.weight", &[d, self.hidden], Begin::Matrix);
            block("mlp.fc2.bias", &[d], Begin::Constant(0.0));
            if let Some(scale) = self.layer_scale {
                block("ls2.gamma", &[d], Begin::Constant(scale));
            }
        }
        add("fc_norm.weight".into(), &[d], Begin::Constant(1.0));
        add("fc_norm.bias".into(), &[d], Begin::Constant(0.0));
        add("head.weight".into(), &[self.classes, d], Begin::Head);
        add("head.bias".into(), &[self.classes], Begin::Constant(0.0));
        specs
    }

    /// Tokens and patches 0, block k at k + 1, everything after at `depth + 1` (recipe 2.7).
    fn layer_of(&self, name: &str) -> usize {
        if let Some(rest) = name.strip_prefix("blocks.") {
            let index = rest.split('.').next().and_then(|i| i.parse::<usize>().ok());
            return index.map_or(self.depth + 1, |i| i + 1);
        }
        match name {
            "cls_token" | "reg_token" | "pos_embed" => 0,
            _ if name.starts_with("patch_embed.") => 0,
            _ => self.depth + 1,
        }
    }

    fn flops(&self) -> f64 {
        let (d, n) = (self.width as f64, self.tokens() as f64);
        let patches = 2.0 * (n - self.front() as f64) * d * (3 * self.patch * self.patch) as f64;
        let block = 2.0 * n * d * (4.0 * d + 2.0 * self.hidden as f64) + 4.0 * n * n * d;
        patches + self.depth as f64 * block + 2.0 * d * self.classes as f64
    }

    /// What each block keeps (`trunk/block.rs`), and the
    /// buffers of one pass.
    fn activations(&self) -> usize {
        let (d, n) = (self.width, self.tokens());
        n * ((self.depth + 1) * (8 * d + self.hidden)) + n * (6 * d + 2 * self.hidden)
    }
    fn top_layer(&self) -> usize {
        self.depth + 1
    }

    /// Nor on positions and the class token, as in timm.
    fn decays(&self, spec: &ParamSpec) -> bool {
        spec.shape.len() > 1 && !["pos_embed", "cls_token"].contains(&spec.name.as_str())
    }

    fn supports_micro_batches(&self) -> bool {
        true
    }

    fn not_on_gpu(&self) -> Option<String> {
        let sizes = [("width", self.width), ("hidden width", self.hidden)];
        let wrong = sizes.into_iter().find(|(_, size)| !size.is_multiple_of(4) || *size > WIDEST);
        wrong.map(|(what, size)| format!("its {what}, {size}, is no multiple of 4 up to {WIDEST}"))
    }

    /// Hand-written kernels on a GPU, and on the CPU in f32; candle's operations on the CPU in bf16.
    fn trunk(&self, gpu: Option<&Arc<dyn Gpu>>, precision: Precision) -> Box<dyn Trunk> {
        match (gpu, precision) {
            (Some(gpu), _) => Box::new(GpuTrunk(OnGpu::new(gpu, self.clone(), precision))),
            // Processors have no TF32, and f32 is as good.
            (None, Precision::F32 | Precision::Tf32) => Box::new(Fused::new(self.clone())),
            (None, Precision::Bf16) => Box::new(Composed::new(self.clone(), DType::BF16)),
        }
    }
}
