//! Tensors of a file that say that its network computes something else than the declared one.

use super::report::LoadReport;
use crate::architecture::Architecture;
use crate::vit::VitConfig;
use proofmark_lang::model::Pool;

/// Why the network of a file is not the declared one, by the tensors that were left over, with
/// those that say so. `whole`: the file's head is used, so that all behind the trunk counts, too.
pub(super) fn unlike(
    architecture: &Architecture,
    report: &LoadReport,
    shapes: impl Fn(&str) -> Option<Vec<usize>>,
    whole: bool,
) -> Option<(String, Vec<String>)> {
    let why = |name: &str| match architecture {
        Architecture::Vit(config) => of_vit(config, report, name, &shapes, whole),
        Architecture::EfficientNet(_) => {
            let block = name.starts_with("blocks.") || name.starts_with("_blocks.");
            (block && !name.ends_with("num_batches_tracked")).then(|| {
                "it has more blocks than `width-factor` and `depth-factor` give".to_owned()
            })
        }
    };
    let Some(reason) = report.unexpected.iter().find_map(|name| why(name)) else {
        return if whole { more(report) } else { None };
    };
    let same = |name: &&String| why(name).as_ref() == Some(&reason);
    Some((reason.clone(), report.unexpected.iter().filter(same).cloned().collect()))
}

/// Whatever else a file has, where the network is used as the file has it: it would be left out.
fn more(report: &LoadReport) -> Option<(String, Vec<String>)> {
    let counts = |name: &&String| !name.ends_with("num_batches_tracked");
    let more: Vec<String> = report.unexpected.iter().filter(counts).cloned().collect();
    let why = "it has parts that the declared network does not have, whose work would be left out";
    (!more.is_empty()).then(|| (why.to_owned(), more))
}

fn of_vit(
    config: &VitConfig,
    report: &LoadReport,
    name: &str,
    shapes: &impl Fn(&str) -> Option<Vec<usize>>,
    whole: bool,
) -> Option<String> {
    let (part, rest) = name.split_once('.').unwrap_or((name, ""));
    let text = match part {
        "blocks" => {
            let (number, of) = rest.split_once('.').unwrap_or((rest, ""));
            if number.parse::<usize>().is_ok_and(|number| number >= config.depth) {
                format!("it has more blocks than `depth={}`", config.depth)
            } else if of.starts_with("ls1.") || of.starts_with("ls2.") {
                "its blocks have LayerScale: declare `layer-scale=1e-5` in `vit`".to_owned()
            } else {
                "its blocks compute what a `vit` does not".to_owned()
            }
        }
        "reg_token" | "register_tokens" => {
            let count = shapes(name).and_then(|shape| shape.get(1).copied()).unwrap_or(0);
            format!("it has register tokens: declare `registers={count}` in `vit`")
        }
        "dist_token" => "it has a distillation token, which a `vit` has not".to_owned(),
        "norm_pre" => "it normalises the tokens before the blocks, as a `vit` does not".to_owned(),
        "patch_embed" => "it makes tokens of patches in another way than a `vit`".to_owned(),
        "norm" if report.matched.iter().any(|name| name.starts_with("fc_norm.")) => {
            "it normalises the tokens, and the embedding once more: a `vit` normalises once"
                .to_owned()
        }
        "norm" if whole && config.pool == Pool::PatchMean => {
            "it normalises the tokens before they are pooled; `pool patch-mean` normalises their \
             mean"
                .to_owned()
        }
        "attn_pool" | "head_dist" | "pre_logits" | "head" if whole => {
            "its head is another one than a linear layer on the embedding".to_owned()
        }
        _ => return None,
    };
    Some(text)
}
