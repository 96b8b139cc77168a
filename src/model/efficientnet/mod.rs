//! EfficientNet (Tan and Le 2019), in timm's parameter names. The defaults of its
//! declaration are B4's; padding is TensorFlow's, as AdvProp's weights have it.

mod config;
mod names;
mod trunk;

pub use config::{Block, EfficientNetConfig};
pub use names::alias;
pub use trunk::Trunk;
