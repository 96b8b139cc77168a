//! What was found of each stored face, as a table beside the face store.

use std::fs::File;
use std::path::Path;

use polars::prelude::*;

use super::points::{Points, UnitBox};
use crate::store::FaceFile;

/// The table's name in its folder.
const TABLE: &str = "landmarks.parquet";

/// What was found of one face.
#[derive(Clone, Debug, PartialEq)]
pub struct FaceMark {
    /// The detector's box.
    pub bbox: UnitBox,
    /// Its points, if there are any of use.
    pub points: Option<Points>,
}

/// Of every face of a store, in its order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Marks(pub Vec<FaceMark>);

impl Marks {
    /// Writes the table: `video_key`, `frame`, `face`, `box` and `points`, lists of numbers
    /// in units of the crop's side, x and y in turn; null where a face has no points.
    ///
    /// # Errors
    /// What the disk says.
    pub fn write(&self, folder: &Path, faces: &FaceFile) -> Result<(), String> {
        let path = folder.join(TABLE);
        let all = || 0..self.0.len();
        let places: Vec<(u32, u32)> = all().map(|i| faces.place(i)).collect();
        let list = |name: &str, values: &dyn Fn(&FaceMark) -> Option<Vec<f32>>| {
            let rows: Vec<Option<Series>> = self
                .0
                .iter()
                .map(|mark| values(mark).map(|values| Series::new("".into(), values)))
                .collect();
            let mut lists = ListPrimitiveChunkedBuilder::<Float32Type>::new(
                name.into(),
                rows.len(),
                0,
                DataType::Float32,
            );
            for row in &rows {
                match row {
                    Some(series) => lists.append_slice(series.f32()?.cont_slice()?),
                    None => lists.append_null(),
                }
            }
            Ok::<Column, PolarsError>(lists.finish().into_column())
        };
        let failed = |e: &dyn std::fmt::Display| format!("cannot write {}: {e}", path.display());
        let made = || {
            let columns = vec![
                Column::new(
                    "video_key".into(),
                    all().map(|i| faces.video_key(i)).collect::<Vec<_>>(),
                ),
                Column::new("frame".into(), places.iter().map(|p| p.0).collect::<Vec<_>>()),
                Column::new("face".into(), places.iter().map(|p| p.1).collect::<Vec<_>>()),
                list("box", &|mark| Some(mark.bbox.to_vec()))?,
                list("points", &|mark| Some(mark.points.as_ref()?.all().as_flattened().to_vec()))?,
            ];
            DataFrame::new(self.0.len(), columns)
        };
        let mut table = made().map_err(|e: PolarsError| failed(&e))?;
        let file = File::create(&path).map_err(|e| failed(&e))?;
        ParquetWriter::new(file).finish(&mut table).map(|_| ()).map_err(|e| failed(&e))
    }

    /// Reads what [`Marks::write`] wrote for these faces.
    ///
    /// # Errors
    /// A table that is damaged or of other faces.
    pub fn read(folder: &Path, faces: &FaceFile) -> Result<Self, String> {
        let path = folder.join(TABLE);
        let unreadable = |e: &dyn std::fmt::Display| format!("cannot read {}: {e}", path.display());
        let table = proofmark_parquet::stored(&path).map_err(|e| e.told(&path))?;
        let marks = || -> PolarsResult<Self> {
            let keys = table.column("video_key")?.str()?;
            let (boxes, points) = (table.column("box")?.list()?, table.column("points")?.list()?);
            let numbers = |list: &ListChunked, i: usize| -> PolarsResult<Option<Vec<f32>>> {
                let Some(row) = list.get_as_series(i) else { return Ok(None) };
                Ok(Some(row.f32()?.iter().flatten().collect()))
            };
            if table.height() != faces.len() {
                polars_bail!(ComputeError: "it has {} faces, the store {}", table.height(), faces.len());
            }
            let mark = |i: usize| {
                let damaged = || polars_err!(ComputeError: "row {} is damaged", i + 1);
                let bbox = numbers(boxes, i)?.and_then(|values| values.try_into().ok());
                let points = match numbers(points, i)? {
                    None => None,
                    Some(values) => {
                        Some(Points::new(values.as_chunks().0.to_vec()).ok_or_else(damaged)?)
                    }
                };
                if keys.get(i) != Some(faces.video_key(i)) {
                    polars_bail!(ComputeError: "row {} is of another video", i + 1);
                }
                Ok(FaceMark { bbox: bbox.ok_or_else(damaged)?, points })
            };
            (0..faces.len()).map(mark).collect::<PolarsResult<_>>().map(Self)
        };
        marks().map_err(|e| unreadable(&e))
    }
}
