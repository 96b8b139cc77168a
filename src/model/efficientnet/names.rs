//! The names that efficientnet-pytorch gives the same tensors.

use super::config::EfficientNetConfig;
use crate::backbone::{FromFiles, LeftOver};

impl FromFiles for EfficientNetConfig {
    fn aliases(&self, name: &str) -> Vec<String> {
        alias(self, name).into_iter().collect()
    }

    fn unlike(&self, name: &str, _: &LeftOver<'_>) -> Option<String> {
        let block = name.starts_with("blocks.") || name.starts_with("_blocks.");
        (block && !name.ends_with("num_batches_tracked"))
            .then(|| "it has more blocks than `width-factor` and `depth-factor` give".to_owned())
    }
}

/// What efficientnet-pytorch calls the tensor of timm's `name`.
fn alias(config: &EfficientNetConfig, name: &str) -> Option<String> {
    let ends = [
        ("conv_stem.", "_conv_stem."),
        ("bn1.", "_bn0."),
        ("conv_head.", "_conv_head."),
        ("bn2.", "_bn1."),
        ("classifier.", "_fc."),
    ];
    for (ours, theirs) in ends {
        if let Some(rest) = name.strip_prefix(ours) {
            return Some(format!("{theirs}{rest}"));
        }
    }
    let blocks = config.blocks();
    let number = blocks.iter().position(|b| name.starts_with(&format!("{}.", b.name)))?;
    let block = &blocks[number];
    let part = &name[block.name.len() + 1..];
    let parts: &[(&str, &str)] = if block.expands() {
        &[
            ("conv_pw.", "_expand_conv."),
            ("bn1.", "_bn0."),
            ("conv_dw.", "_depthwise_conv."),
            ("bn2.", "_bn1."),
            ("se.conv_reduce.", "_se_reduce."),
            ("se.conv_expand.", "_se_expand."),
            ("conv_pwl.", "_project_conv."),
            ("bn3.", "_bn2."),
        ]
    } else {
        &[
            ("conv_dw.", "_depthwise_conv."),
            ("bn1.", "_bn1."),
            ("se.conv_reduce.", "_se_reduce."),
            ("se.conv_expand.", "_se_expand."),
            ("conv_pw.", "_project_conv."),
            ("bn2.", "_bn2."),
        ]
    };
    let (ours, theirs) = parts.iter().find(|(ours, _)| part.starts_with(ours))?;
    Some(format!("_blocks.{number}.{theirs}{}", &part[ours.len()..]))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::backbone::Backbone as _;

    #[test]
    fn every_parameter_has_another_name_of_its_own() {
        let config = EfficientNetConfig {
            width: 1.0,
            depth: 1.0,
            image: 64,
            dropout: 0.0,
            momentum: 0.01,
            drop_path: 0.0,
            classes: 2,
        };
        let names: BTreeSet<String> =
            config.parameters().iter().map(|s| alias(&config, &s.name).unwrap()).collect();
        assert_eq!(names.len(), config.parameters().len());
        for name in [
            "_blocks.0._project_conv.weight",
            "_blocks.1._expand_conv.weight",
            "_blocks.15._bn2.running_var",
            "_fc.bias",
        ] {
            assert!(names.contains(name), "{name}");
        }
        assert_eq!(alias(&config, "head.weight"), None);
    }
}
