//! Points from a file: CSV or Parquet with the columns `video`, `frame`, `x0`, `y0`, `x1`,
//! .. up to 67 or 80, in pixels of the frame; a row for each face.

use std::collections::HashMap;
use std::path::Path;

use super::points::Points;
use crate::data::DataError;
use crate::data::layout::cells::Cells;
use crate::lang::span::Spanned;

/// Overlap (intersection over union) of the box around the points and a face's from which
/// they belong together.
const OVERLAP: f64 = 0.2;

/// A frame's faces, each as its points.
type OfFrame = Vec<Vec<[f64; 2]>>;

/// The points of a file.
#[derive(Debug)]
pub struct Given {
    faces: HashMap<(String, u32), OfFrame>,
}

impl Given {
    /// Reads a file.
    ///
    /// # Errors
    /// A file of another form, with the line and what it says.
    pub fn read(path: &Path) -> Result<Self, String> {
        let many = read(path, 81);
        let cells = match many {
            Err(DataError::NoColumn { column, .. }) if column != "video" && column != "frame" => {
                read(path, 68)
            }
            other => other,
        };
        let cells = cells.map_err(|e| format!("landmarks: {e}"))?;
        let mut faces: HashMap<(String, u32), OfFrame> = HashMap::new();
        for (row, line) in cells.lines.iter().enumerate() {
            let number = |column: &Vec<String>| {
                let text = column[row].trim();
                let value = text.parse::<f64>().ok().filter(|v| v.is_finite());
                value.ok_or_else(|| {
                    let path = path.display();
                    format!("{path}, {} {line}: `{text}` is no coordinate", cells.unit)
                })
            };
            let [video, frame, coordinates @ ..] = &cells.columns[..] else {
                return Err(format!("{} has no columns", path.display()));
            };
            let frame: u32 = frame[row].trim().parse().map_err(|_| {
                let path = path.display();
                format!("{path}, {} {line}: `{}` is no frame number", cells.unit, frame[row])
            })?;
            let points = coordinates
                .chunks_exact(2)
                .map(|pair| Ok([number(&pair[0])?, number(&pair[1])?]))
                .collect::<Result<Vec<_>, String>>()?;
            faces.entry((video[row].clone(), frame)).or_default().push(points);
        }
        Ok(Self { faces })
    }

    /// The points of a face, in pixels of the frame: of the frame's faces the one that
    /// overlaps most with this box (left, top, right, bottom), if any does; the first where
    /// there is no box.
    pub fn of(&self, video: &str, frame: u32, bbox: Option<[f32; 4]>) -> Option<&[[f64; 2]]> {
        let faces = self.faces.get(&(video.to_owned(), frame))?;
        let Some(bbox) = bbox else { return faces.first().map(Vec::as_slice) };
        let bbox = bbox.map(f64::from);
        let overlaps = faces.iter().map(|points| (overlap(bounds(points), bbox), points));
        let best = overlaps.max_by(|a, b| a.0.total_cmp(&b.0))?;
        (best.0 >= OVERLAP).then_some(best.1.as_slice())
    }
}

fn read(path: &Path, count: usize) -> Result<Cells, DataError> {
    let names = ["video".to_owned(), "frame".to_owned()].into_iter();
    let coordinates = (0..count).flat_map(|i| [format!("x{i}"), format!("y{i}")]);
    let names: Vec<Spanned<String>> = names.chain(coordinates).map(Spanned::default_of).collect();
    let wanted: Vec<_> = names.iter().map(|name| ("landmarks", name)).collect();
    Cells::read(path, &wanted)
}

fn bounds(points: &[[f64; 2]]) -> [f64; 4] {
    let start = [f64::INFINITY, f64::INFINITY, f64::NEG_INFINITY, f64::NEG_INFINITY];
    // As wherever a face's box is meant: of the face, without the forehead.
    points.iter().take(68).fold(start, |[left, top, right, bottom], [x, y]| {
        [left.min(*x), top.min(*y), right.max(*x), bottom.max(*y)]
    })
}

/// Intersection over union.
fn overlap(a: [f64; 4], b: [f64; 4]) -> f64 {
    let area =
        |[left, top, right, bottom]: [f64; 4]| (right - left).max(0.0) * (bottom - top).max(0.0);
    let both = area([a[0].max(b[0]), a[1].max(b[1]), a[2].min(b[2]), a[3].min(b[3])]);
    both / (area(a) + area(b) - both).max(f64::MIN_POSITIVE)
}

/// Points of a frame in units of a crop.
pub fn in_crop(points: &[[f64; 2]], place: impl Fn([f64; 2]) -> [f64; 2]) -> Option<Points> {
    Points::new(points.iter().map(|p| place(*p).map(|v| v as f32)).collect())
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use super::super::points::example;
    use super::*;

    fn table(count: usize) -> String {
        let mut text = "video,frame".to_owned();
        (0..count).for_each(|i| write!(text, ",x{i},y{i}").unwrap());
        for offset in [0.0, 300.0] {
            text += "\na/b,3";
            for [x, y] in example(count) {
                write!(text, ",{},{}", 100.0 * x + offset, 100.0 * y).unwrap();
            }
        }
        text + "\n"
    }

    fn given(text: &str) -> Result<Given, String> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("points.csv");
        std::fs::write(&path, text).unwrap();
        Given::read(&path)
    }

    #[test]
    fn a_face_gets_the_points_that_lie_on_it() {
        for count in [68, 81] {
            let given = given(&table(count)).unwrap();
            let right = given.of("a/b", 3, Some([320.0, 10.0, 380.0, 90.0])).unwrap();
            assert_eq!(right.len(), count);
            assert!(right.iter().all(|p| p[0] > 300.0));
            assert_eq!(given.of("a/b", 3, Some([600.0, 10.0, 680.0, 90.0])), None);
            assert_eq!(given.of("a/b", 4, None), None);
        }
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        let error = given(&table(68).replace("a/b,3,", "a/b,3,?")).unwrap_err();
        assert!(error.contains("line 2") && error.contains("is no coordinate"), "{error}");
        let error = given(&table(67)).unwrap_err();
        assert!(error.contains("x67"), "{error}");
        let error = given(&table(68).replace("video", "film")).unwrap_err();
        assert!(error.contains("`video`"), "{error}");
    }
}
