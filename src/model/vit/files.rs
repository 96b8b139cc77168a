//! Vision Transformers in files of others: other names, tables of positions on another grid, and
//! tensors that say that a network computes something else.

use candle_core::Tensor;

use super::config::VitConfig;
use super::positions::{Table, interpolate, sincos_deviation};
use crate::backbone::{FromFiles, LeftOver};
use crate::spec::ParamSpec;
use crate::weights::{Entry, LoadReport, WeightsError};
use proofmark_lang::model::Pool;

impl VitConfig {
    /// How a file's table of positions lies, in a file with so many register tokens.
    fn table(&self, shape: &[usize], registers: Option<usize>) -> Option<Table> {
        Table::of(shape, self.width, self.grid(), registers.unwrap_or(0))
    }
}

impl FromFiles for VitConfig {
    /// timm normalises all tokens where the class token is pooled, which for that one is the same;
    /// DINOv2's own files have another word for registers.
    fn aliases(&self, name: &str) -> Vec<String> {
        match (name.strip_prefix("fc_norm."), self.pool) {
            (Some(part), Pool::Cls) => vec![format!("norm.{part}")],
            _ if name == "reg_token" => vec!["register_tokens".to_owned()],
            _ => Vec::new(),
        }
    }

    fn adapts(&self, name: &str) -> bool {
        name == "pos_embed"
    }

    fn fits(
        &self,
        spec: &ParamSpec,
        found: &Entry,
        shape_of: &dyn Fn(&str) -> Option<Vec<usize>>,
        report: &mut LoadReport,
    ) -> bool {
        if spec.name == "pos_embed" {
            let registers = shape_of("reg_token").and_then(|shape| shape.get(1).copied());
            let Some(table) = self.table(&found.shape, registers) else { return false };
            let grid = self.grid();
            report.interpolated = (table.side != grid).then_some((table.side, grid));
            report.moved = table.front != 1;
            return true;
        }
        report.norm |= spec.name.starts_with("fc_norm.") && !found.name.contains("fc_norm");
        found.shape == spec.shape
    }

    fn adapted(
        &self,
        name: &str,
        tensor: Tensor,
        other: &mut dyn FnMut(&str) -> Result<Option<Tensor>, WeightsError>,
        report: &mut LoadReport,
    ) -> Result<Tensor, WeightsError> {
        if name == "pos_embed" {
            let registers = other("reg_token")?.map(|tokens| tokens.dim(1)).transpose()?;
            let Some(table) = self.table(tensor.dims(), registers) else { return Ok(tensor) };
            let tensor = table.positions(&tensor)?;
            let (from, to) = (table.side, self.grid());
            report.sincos_deviation = sincos_deviation(&tensor, from)?;
            return Ok(if from == to { tensor } else { interpolate(&tensor, from, to)? });
        }
        if name == "reg_token"
            && let Some(positions) = other("pos_embed")?
            && let Some(table) = self.table(positions.dims(), Some(tensor.dim(1)?))
            && table.of_registers()
        {
            return Ok((tensor + table.registers(&positions)?)?);
        }
        Ok(tensor)
    }

    fn lacked_by_variants(&self, name: &str) -> bool {
        name.starts_with("fc_norm.")
    }

    fn unlike(&self, name: &str, file: &LeftOver<'_>) -> Option<String> {
        let (part, rest) = name.split_once('.').unwrap_or((name, ""));
        let text = match part {
            "blocks" => {
                let (number, of) = rest.split_once('.').unwrap_or((rest, ""));
                if number.parse::<usize>().is_ok_and(|number| number >= self.depth) {
                    format!("it has more blocks than `depth={}`", self.depth)
                } else if of.starts_with("ls1.") || of.starts_with("ls2.") {
                    "its blocks have LayerScale: declare `layer-scale=1e-5` in `vit`".to_owned()
                } else {
                    "its blocks compute what a `vit` does not".to_owned()
                }
            }
            "reg_token" | "register_tokens" => {
                let count = (file.shape)(name).and_then(|shape| shape.get(1).copied()).unwrap_or(0);
                format!("it has register tokens: declare `registers={count}` in `vit`")
            }
            "dist_token" => "it has a distillation token, which a `vit` has not".to_owned(),
            "norm_pre" => {
                "it normalises the tokens before the blocks, as a `vit` does not".to_owned()
            }
            "patch_embed" => "it makes tokens of patches in another way than a `vit`".to_owned(),
            "norm" if file.matched.iter().any(|name| name.starts_with("fc_norm.")) => {
                "it normalises the tokens, and the embedding once more: a `vit` normalises once"
                    .to_owned()
            }
            "norm" if file.whole && self.pool == Pool::PatchMean => {
                "it normalises the tokens before they are pooled; `pool patch-mean` normalises \
                 their mean"
                    .to_owned()
            }
            "attn_pool" | "head_dist" | "pre_logits" | "head" if file.whole => {
                "its head is another one than a linear layer on the embedding".to_owned()
            }
            _ => return None,
        };
        Some(text)
    }
}
