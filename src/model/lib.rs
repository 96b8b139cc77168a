//! Networks, differentiable ops, first weights, losses.

pub mod arcface;
pub mod architecture;
pub mod backbone;
mod bounds;
pub mod convolution;
#[cfg(test)]
mod cost_tests;
mod distance;
pub mod drop_path;
pub mod efficientnet;
pub mod exact;
pub mod failed;
mod gpu_trunk;
pub mod gradients;
pub mod hub;
pub mod images;
pub mod init;
mod linear;
pub mod losses;
pub mod network;
pub mod ops;
pub mod params;
pub mod resident;
pub mod spec;
#[cfg(test)]
mod testing;
pub mod triplet;
pub mod vit;
pub mod weights;
pub mod xception;

/// Every network: its name in the language, and the type of its sizes, which is a
/// [`Backbone`](backbone::Backbone).
macro_rules! networks {
    ($for_all:ident) => {
        $for_all! {
            /// A Vision Transformer.
            Vit: crate::vit::VitConfig,
            /// An EfficientNet.
            EfficientNet: crate::efficientnet::EfficientNetConfig,
            /// An Xception.
            Xception: crate::xception::XceptionConfig,
        }
    };
}
use networks;
