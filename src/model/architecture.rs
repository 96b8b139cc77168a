//! The networks that there are, each by its declaration.

use std::ops::Deref;

use serde::{Deserialize, Serialize};

use super::backbone::Backbone;
use super::params::Params;
use super::spec::{Begin, ParamSpec};
use proofmark_gpu::device::Device;
use proofmark_lang::limits::PARAMETERS;
use proofmark_lang::model::{Backbone as Declared, BackboneKind};

macro_rules! architectures {
    ($($(#[doc = $doc:literal])+ $Network:ident: $Config:ty,)+) => {
        /// Size and shape of a network. A model's file has it under the network's name in lower case.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(rename_all = "lowercase")]
        pub enum Architecture {
            $($(#[doc = $doc])+ $Network($Config),)+
        }

        impl Architecture {
            /// The declared backbone with `classes` outputs.
            pub fn new(backbone: &Declared, classes: usize) -> Self {
                match &backbone.kind {
                    $(BackboneKind::$Network(network) => {
                        Self::$Network(<$Config>::new(network, backbone, classes))
                    })+
                }
            }
        }

        impl Deref for Architecture {
            type Target = dyn Backbone;

            fn deref(&self) -> &Self::Target {
                match self {
                    $(Self::$Network(config) => config,)+
                }
            }
        }

        $(impl From<$Config> for Architecture {
            fn from(config: $Config) -> Self {
                Self::$Network(config)
            }
        })+
    };
}
crate::networks!(architectures);

impl Architecture {
    /// Its parameters, zero, on a device; those of the classifier are always on the CPU.
    ///
    /// # Errors
    /// A network that cannot be computed there, and no room for it.
    pub fn params(&self, device: &Device) -> candle_core::Result<Params> {
        if let (Device::Gpu(_), Some(why)) = (device, self.not_on_gpu()) {
            candle_core::bail!("the network cannot be computed on a GPU: {why}")
        }
        Params::on(self.parameters(), device, &self.head())
    }

    /// Its parameters, with those of the classifier: what is trained, not what batch norm counts.
    pub fn scalars(&self) -> u64 {
        let trained = |spec: &ParamSpec| !matches!(spec.begin, Begin::Statistic(_));
        let specs = self.parameters();
        specs.iter().filter(|spec| trained(spec)).map(|spec| spec.count() as u64).sum()
    }

    /// Multiply-adds of the products and convolutions of one face's forward pass at its input size; half
    /// as many as floating-point operations.
    pub fn multiply_adds(&self) -> u64 {
        (self.flops() / 2.0) as u64
    }

    /// Whether it is one that can be, as all are that are declared alone; what a file or a card
    /// says may be anything. The error says what is wrong.
    ///
    /// # Errors
    /// A size out of the limits of the language, or that does not go with another; more
    /// parameters than a network has.
    pub fn check(&self) -> Result<(), String> {
        self.check_sizes()?;
        let parameters: usize = self.parameters().iter().map(ParamSpec::count).sum();
        match parameters <= PARAMETERS {
            true => Ok(()),
            false => {
                Err(format!("the network has {parameters} parameters, more than {PARAMETERS}"))
            }
        }
    }
}
