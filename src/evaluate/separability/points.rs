//! Embeddings with what is known of each: its class and its video.

/// Embeddings of N faces.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Points {
    /// N × D, row-major.
    pub values: Vec<f32>,
    /// The class of each face, as a place in `names`.
    pub classes: Vec<u32>,
    /// The video of each face, as a number that no other video has.
    pub videos: Vec<u32>,
    /// The classes that there are, each with at least one face.
    pub names: Vec<String>,
}

impl Points {
    /// Number of faces.
    pub fn len(&self) -> usize {
        self.classes.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.classes.is_empty()
    }

    /// The first `count` faces alone.
    #[must_use]
    pub fn first(&self, count: usize) -> Self {
        let count = count.min(self.len());
        let width = self.values.len() / self.len().max(1);
        Self {
            values: self.values[..count * width].to_vec(),
            classes: self.classes[..count].to_vec(),
            videos: self.videos[..count].to_vec(),
            names: self.names.clone(),
        }
    }

    /// Faces of each class.
    pub fn counts(&self) -> Vec<u64> {
        let mut counts = vec![0; self.names.len()];
        self.classes.iter().for_each(|class| counts[*class as usize] += 1);
        counts
    }
}
