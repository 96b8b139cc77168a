//! EfficientNet (Tan and Le 2019), in timm's parameter names. The defaults of its
//! declaration are B4's; padding is TensorFlow's, as AdvProp's weights have it.

mod backbone;
mod config;
mod layers;
mod names;

pub use config::EfficientNetConfig;
