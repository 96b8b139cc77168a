//! The result of sampling as a file: which faces of which videos.

use std::fs::File;
use std::path::Path;

use polars::prelude::*;

use proofmark_base::work::Failure;
use proofmark_data::sample::Pick;

/// Names of the parts in the file.
const PARTS: [&str; 4] = ["train", "val", "train-pairs", "val-pairs"];

/// Sampled faces.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Picks {
    /// Faces to train on.
    pub train: Vec<Pick>,
    /// Faces that select.
    pub val: Vec<Pick>,
    /// Reals to train on, each with a fake that is made of it.
    pub train_pairs: Vec<Pick>,
    /// The same that select.
    pub val_pairs: Vec<Pick>,
}

impl Picks {
    fn parts(&self) -> [&[Pick]; 4] {
        [&self.train, &self.val, &self.train_pairs, &self.val_pairs]
    }

    /// Puts what selects, and all pairs, in an order of their own; what is sampled is.
    pub fn sort(&mut self) {
        self.val.sort_unstable();
        self.train_pairs.sort_unstable();
        self.val_pairs.sort_unstable();
    }

    /// Writes the columns `part`, `dataset`, `video_key` and `face`.
    ///
    /// # Errors
    /// What the disk says.
    pub fn write(&self, path: &Path) -> Result<(), Failure> {
        let all = || self.parts().into_iter().flatten();
        let parts = PARTS.iter().zip(self.parts());
        let parts: Vec<&str> =
            parts.flat_map(|(name, picks)| std::iter::repeat_n(*name, picks.len())).collect();
        let text = |name: &str, values: Vec<&str>| Column::new(name.into(), values);
        let height = parts.len();
        let columns = vec![
            text("part", parts),
            text("dataset", all().map(|p| p.dataset.as_str()).collect()),
            text("video_key", all().map(|p| p.video_key.as_str()).collect()),
            Column::new("face".into(), all().map(|p| p.face).collect::<Vec<u32>>()),
        ];
        let failed = |e: PolarsError| Failure::write(path, &std::io::Error::other(e.to_string()));
        let mut table = DataFrame::new(height, columns).map_err(failed)?;
        let file = File::create(path).map_err(|e| Failure::write(path, &e))?;
        ParquetWriter::new(file).finish(&mut table).map_err(failed)?;
        Ok(())
    }

    /// Reads what [`Picks::write`] wrote.
    ///
    /// # Errors
    /// A file that is damaged.
    pub fn read(path: &Path) -> Result<Self, Failure> {
        let unread = |why: &dyn std::fmt::Display| {
            Failure::data(format!("cannot read {}: {why}", path.display()))
        };
        let failed = |e: PolarsError| unread(&e);
        let broken = |why: &str| unread(&why);
        let table = proofmark_parquet::stored(path).map_err(|e| Failure::data(e.told(path)))?;
        let text = |name: &str| table.column(name).and_then(|c| c.str().cloned()).map_err(failed);
        let (parts, datasets, videos) = (text("part")?, text("dataset")?, text("video_key")?);
        let faces = table.column("face").and_then(|c| c.u32().cloned()).map_err(failed)?;
        let mut picks = Self::default();
        let rows = parts.iter().zip(datasets.iter()).zip(videos.iter()).zip(faces.iter());
        for (((part, dataset), video), face) in rows {
            let (Some(part), Some(dataset), Some(video), Some(face)) = (part, dataset, video, face)
            else {
                return Err(broken("it has empty cells"));
            };
            let of_part = match PARTS.iter().position(|name| *name == part) {
                Some(0) => &mut picks.train,
                Some(1) => &mut picks.val,
                Some(2) => &mut picks.train_pairs,
                Some(3) => &mut picks.val_pairs,
                _ => return Err(broken("it has a part that is none")),
            };
            of_part.push(Pick { dataset: dataset.to_owned(), video_key: video.to_owned(), face });
        }
        Ok(picks)
    }
}
