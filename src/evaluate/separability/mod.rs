//! How far the embeddings of classes lie apart: triplets, silhouette and nearest neighbours in numbers,
//! PCA and t-SNE as pictures.

mod found;
mod measure;
mod pca;
mod picture;
mod points;
mod sample;
mod space;
mod tsne;

pub use found::{Separability, Way};
pub use measure::{Numbers, Quantity};
pub use picture::{Picture, Projection};
pub use sample::{Sampled, SampledError};

#[cfg(test)]
mod golden_tests;
#[cfg(test)]
mod tests;
