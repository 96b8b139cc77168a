//! The networks that there are: what is asked of each, whichever it is.

use serde::{Deserialize, Serialize};

use super::efficientnet::{EfficientNetConfig, alias};
use super::params::ParamSpec;
use super::vit::VitConfig;
use proofmark_lang::limits::PARAMETERS;
use proofmark_lang::model::{Backbone, BackboneKind, Pool};

/// Size and shape of a network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Architecture {
    /// A Vision Transformer.
    Vit(VitConfig),
    /// An EfficientNet.
    EfficientNet(EfficientNetConfig),
}

impl Architecture {
    /// The declared backbone with `classes` outputs.
    pub fn new(backbone: &Backbone, classes: usize) -> Self {
        let (image, drop_path) = (backbone.image(), backbone.drop_path);
        match &backbone.kind {
            BackboneKind::Vit(vit) => {
                Self::Vit(VitConfig::new(vit, backbone.pool, drop_path, classes))
            }
            BackboneKind::EfficientNet(net) => Self::EfficientNet(EfficientNetConfig {
                width: net.width_factor,
                depth: net.depth_factor,
                image,
                dropout: net.dropout,
                momentum: net.momentum,
                drop_path,
                classes,
            }),
        }
    }

    /// Whether it is one that can be, as all are that are declared alone; what a file or a card
    /// says may be anything. The error says what is wrong.
    ///
    /// # Errors
    /// A size out of the limits of the language, or that does not go with another; more
    /// parameters than a network has.
    pub fn check(&self) -> Result<(), String> {
        match self {
            Self::Vit(config) => config.check()?,
            Self::EfficientNet(config) => config.check()?,
        }
        let parameters: usize = self.parameters().iter().map(ParamSpec::count).sum();
        match parameters <= PARAMETERS {
            true => Ok(()),
            false => {
                Err(format!("the network has {parameters} parameters, more than {PARAMETERS}"))
            }
        }
    }

    /// Number of classes.
    pub fn classes(&self) -> usize {
        match self {
            Self::Vit(config) => config.classes,
            Self::EfficientNet(config) => config.classes,
        }
    }

    /// Every parameter, in order.
    pub fn parameters(&self) -> Vec<ParamSpec> {
        match self {
            Self::Vit(config) => config.parameters(),
            Self::EfficientNet(config) => config.parameters(),
        }
    }

    /// Side of the input in pixels.
    pub fn image(&self) -> usize {
        match self {
            Self::Vit(config) => config.image,
            Self::EfficientNet(config) => config.image,
        }
    }

    /// Numbers of an embedding.
    pub fn width(&self) -> usize {
        match self {
            Self::Vit(config) => config.width,
            Self::EfficientNet(config) => config.features(),
        }
    }

    /// Names of the classifier's weight and bias.
    pub fn head(&self) -> [&'static str; 2] {
        match self {
            Self::Vit(_) => ["head.weight", "head.bias"],
            Self::EfficientNet(_) => ["classifier.weight", "classifier.bias"],
        }
    }

    /// Another name that files have for a parameter.
    pub fn alias(&self, name: &str) -> Option<String> {
        match self {
            Self::Vit(config) => of_vit(config, name),
            Self::EfficientNet(config) => alias(config, name),
        }
    }

    /// Layer of a parameter for layer-wise rates, from 0.
    pub fn layer_of(&self, name: &str) -> usize {
        match self {
            Self::Vit(config) => config.layer_of(name),
            Self::EfficientNet(config) => config.layer_of(name),
        }
    }

    /// The uppermost layer: the head's.
    pub fn top_layer(&self) -> usize {
        match self {
            Self::Vit(config) => config.depth + 1,
            Self::EfficientNet(_) => EfficientNetConfig::LAYERS,
        }
    }

    /// Multiplications and additions of one image's forward pass.
    pub fn flops(&self) -> f64 {
        match self {
            Self::Vit(config) => config.flops(),
            Self::EfficientNet(config) => config.flops(),
        }
    }

    /// Numbers that the forward pass of one image keeps for its backward pass, roughly.
    pub fn activations(&self) -> usize {
        match self {
            Self::Vit(config) => config.activations(),
            Self::EfficientNet(config) => config.activations(),
        }
    }
}

/// timm normalises all tokens where the class token is pooled, which for that one is the same;
/// DINOv2's own files have another word for registers.
fn of_vit(config: &VitConfig, name: &str) -> Option<String> {
    match (name.strip_prefix("fc_norm."), config.pool) {
        (Some(part), Pool::Cls) => Some(format!("norm.{part}")),
        _ => (name == "reg_token").then(|| "register_tokens".to_owned()),
    }
}

impl From<VitConfig> for Architecture {
    fn from(config: VitConfig) -> Self {
        Self::Vit(config)
    }
}

impl From<EfficientNetConfig> for Architecture {
    fn from(config: EfficientNetConfig) -> Self {
        Self::EfficientNet(config)
    }
}
