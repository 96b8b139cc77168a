//! How the files of a data set lie on disk, one file per layout.

pub mod cells;
pub mod deepfakebench;
pub mod demo;
pub mod folder;
pub mod table;

mod bench;
mod celebdf;
mod celebdf_plus_plus;
mod df40;
mod dfdc;
mod dfeval;
mod fakeavceleb;
mod ffpp;
mod forgerynet;
mod listing;
mod lists;
mod paths;
mod release;
mod released;
pub mod tree;
mod wdf;

pub use listing::{Finding, Lacking, Listing, Tally};

released::readers! {
    Faceforensics: ffpp,
    Celebdf: celebdf,
    CelebdfPlusPlus: celebdf_plus_plus,
    Dfdc: dfdc,
    Fakeavceleb: fakeavceleb,
    Forgerynet: forgerynet,
    Df40: df40,
    Wilddeepfake: wdf,
    DeepfakeEval2024: dfeval,
}
