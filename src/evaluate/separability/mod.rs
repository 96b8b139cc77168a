//! How far the embeddings of classes lie apart: triplets, silhouette and nearest neighbours in numbers,
//! PCA and t-SNE as pictures.

mod measure;
mod pca;
mod picture;
mod points;
mod sample;
mod separability;
mod space;
mod tsne;

pub use measure::{Numbers, Quantity};
pub use picture::{Picture, Projection};
pub use sample::{Sampled, SampledError};
pub use separability::{Separability, Way};

#[cfg(test)]
mod golden_tests;
#[cfg(test)]
mod tests;
