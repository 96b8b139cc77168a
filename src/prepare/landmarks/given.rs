//! Points from a file: CSV or Parquet with the columns `video`, `frame`, `x0`, `y0`, `x1`,
//! .. up to 67 or 80, in pixels of the frame; a row for each face.
//!
//! `frame` is the name of an image file, or a number. A number may be the position of the image
//! in its video, from 0, or the number in its file's name, and which of the two it is the file
//! as a whole must show: faces must not get the points of other frames.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use super::points::Points;
use proofmark_data::layout::cells::{Cells, Wanted};
use proofmark_data::{DataError, Frame};
use proofmark_text::show::brief;

/// Overlap (intersection over union) of the box around the points and a face's from which
/// they belong together.
const OVERLAP: f64 = 0.2;

/// Coordinates beyond this many pixels are of no image.
const FARTHEST: f64 = 1e6;

/// Numbers of points that are read.
const COUNTS: [usize; 2] = [68, 81];

/// Videos from which on it is no chance that all begin at the same number.
const VIDEOS: usize = 3;

/// A frame's faces, each as its points.
type OfFrame = Vec<Vec<[f64; 2]>>;

/// How a row names its frame: a number, or a file name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Named {
    Number(u32),
    File(String),
}

impl Named {
    /// What a cell of `frame` says: a whole number, also as 12.0, or the name of a file.
    fn of(cell: &str) -> Option<Self> {
        match cell.parse::<f64>() {
            Ok(number)
                if number.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(&number) =>
            {
                Some(Self::Number(number as u32))
            }
            Ok(_) => None,
            Err(_) => {
                let name = cell.rsplit(['/', '\\']).next().unwrap_or(cell);
                let (stem, end) = name.rsplit_once('.')?;
                let is_name = !stem.trim_matches('.').is_empty() && !end.is_empty();
                is_name.then(|| Self::File(name.to_owned()))
            }
        }
    }

    fn shown(&self) -> String {
        match self {
            Self::Number(number) => format!("frame {number}"),
            Self::File(name) => format!("`{}`", brief(name)),
        }
    }
}

/// The faces of each video and frame, as the rows say it.
type Rows = BTreeMap<(String, Named), OfFrame>;

/// The points of a file.
#[derive(Debug)]
pub struct Given {
    /// By video and position of the frame.
    faces: HashMap<(String, u32), OfFrame>,
    /// Frames of videos of images that no image has, with one of them.
    lost: Option<(usize, String)>,
}

impl Given {
    /// Reads a file. `frames` are the images of the data set; those of videos, whose frames are
    /// counted as they are decoded, are not among them.
    ///
    /// # Errors
    /// A file of another form, with the line and what it says; numbers of frames that may be
    /// positions as well as file names.
    pub fn read(path: &Path, frames: &[Frame]) -> Result<Self, String> {
        let rows = rows(path)?;
        let mut images: BTreeMap<&str, Images> = BTreeMap::new();
        for frame in frames {
            images.entry(&frame.video_key).or_default().add(frame);
        }
        let by_number = numbers_of_files(path, &rows, &images)?;
        if !by_number {
            count_from_zero(path, &rows)?;
        }
        let mut faces: HashMap<(String, u32), OfFrame> = HashMap::new();
        let mut lost: Option<(usize, String)> = None;
        for ((video, named), points) in rows {
            let position = match (&named, images.get(video.as_str())) {
                (Named::File(name), Some(images)) => images.names.get(name.as_str()).copied(),
                (Named::File(_), None) => None,
                (Named::Number(number), Some(images)) if by_number => {
                    images.numbers.get(number).copied()
                }
                (Named::Number(number), _) => Some(Some(*number)),
            };
            let is_image = images.get(video.as_str()).is_none_or(|images| match position {
                Some(Some(position)) => images.positions.contains(&position),
                Some(None) | None => false,
            });
            if !is_image {
                let count = lost.take().map_or(0, |(count, _)| count);
                lost = Some((count + 1, format!("{} of `{}`", named.shown(), brief(&video))));
            }
            if let Some(Some(position)) = position {
                faces.entry((video, position)).or_default().extend(points);
            }
        }
        Ok(Self { faces, lost })
    }

    /// Frames for which there are points but no image, if there are any.
    pub fn lost(&self) -> Option<String> {
        let (count, one) = self.lost.as_ref()?;
        Some(format!("of {count} frames in the file there is no image, such as {one}"))
    }

    /// The points of a face, in pixels of the frame: of the frame's faces the one that
    /// overlaps most with this box (left, top, right, bottom). A face that was detected has none
    /// that hardly do.
    pub fn of(
        &self,
        video: &str,
        frame: u32,
        bbox: [f64; 4],
        is_detected: bool,
    ) -> Option<&[[f64; 2]]> {
        let faces = self.faces.get(&(video.to_owned(), frame))?;
        let overlaps = faces.iter().map(|points| (overlap(bounds(points), bbox), points));
        let best = overlaps.max_by(|a, b| a.0.total_cmp(&b.0))?;
        (!is_detected || best.0 >= OVERLAP).then_some(best.1.as_slice())
    }
}

/// The images of a video that is one of images.
#[derive(Debug, Default)]
struct Images<'a> {
    /// Position of each by its file's name; none where several have it.
    names: HashMap<&'a str, Option<u32>>,
    /// Position of each by the number in its file's name; none where several have it.
    numbers: BTreeMap<u32, Option<u32>>,
    /// Positions of all.
    positions: BTreeSet<u32>,
}

impl<'a> Images<'a> {
    fn add(&mut self, frame: &'a Frame) {
        let name = frame.path.rsplit('/').next().unwrap_or(&frame.path);
        let of_several = |position: &mut Option<u32>| *position = None;
        self.positions.insert(frame.frame);
        self.names.entry(name).and_modify(of_several).or_insert(Some(frame.frame));
        if let Some(number) = number_in(name) {
            self.numbers.entry(number).and_modify(of_several).or_insert(Some(frame.frame));
        }
    }
}

/// The last number in a file's name, as 12 in `012.png` and `frame_012.png`.
fn number_in(name: &str) -> Option<u32> {
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let digits = stem.rsplit(|c: char| !c.is_ascii_digit()).find(|digits| !digits.is_empty())?;
    digits.parse().ok()
}

/// Whether the numbers of the rows are those of file names, rather than positions.
fn numbers_of_files(
    path: &Path,
    rows: &Rows,
    images: &BTreeMap<&str, Images>,
) -> Result<bool, String> {
    let has =
        |video: &str, number: u32| rows.contains_key(&(video.to_owned(), Named::Number(number)));
    // Faces that have points if numbers are read one way and not the other way.
    let (mut by_number, mut by_position, mut apart) = (0usize, 0usize, false);
    for (video, images) in images {
        for (number, position) in &images.numbers {
            let Some(position) = position.filter(|position| position != number) else { continue };
            let (as_number, as_position) = (has(video, *number), has(video, position));
            by_number += usize::from(as_number && !as_position);
            by_position += usize::from(as_position && !as_number);
            apart |= as_number && as_position;
        }
    }
    match (by_number, by_position) {
        (0, 0) if apart => {}
        (0, _) => return Ok(false),
        (_, 0) => return Ok(true),
        _ => {}
    }
    Err(format!(
        "{}: the numbers of `frame` may be positions in the video, from 0, or the numbers in file \
         names: {by_position} images have points only by their position, {by_number} only by \
         their number; write the names of the files in `frame`, as `012.png`",
        path.display()
    ))
}

/// Checks that positions do not count from 1, as OpenFace and ffmpeg's file names do: every face
/// would get the points of the frame before.
fn count_from_zero(path: &Path, rows: &Rows) -> Result<(), String> {
    let mut lowest: BTreeMap<&str, u32> = BTreeMap::new();
    for (video, named) in rows.keys() {
        if let Named::Number(number) = named {
            lowest.entry(video).and_modify(|low| *low = (*low).min(*number)).or_insert(*number);
        }
    }
    // One video may well have no face in its first frame.
    if lowest.len() < VIDEOS || lowest.values().any(|low| *low != 1) {
        return Ok(());
    }
    Err(format!(
        "{}: the numbers of `frame` seem to count from 1, in each of {} videos; positions count \
         from 0: take 1 from each number, or write the names of image files",
        path.display(),
        lowest.len()
    ))
}

/// Reads the rows of a file.
fn rows(path: &Path) -> Result<Rows, String> {
    let cells = match read(path, COUNTS[1]) {
        Err(DataError::NoColumn { column, available, .. })
            if is_coordinate(&column) && count_points(path, &available)? == COUNTS[0] =>
        {
            read(path, COUNTS[0])
        }
        other => other,
    };
    let cells = cells.map_err(|e| format!("landmarks: {e}"))?;
    count_points(path, &cells.names)?;
    let mut faces = Rows::new();
    for (row, line) in cells.lines.iter().enumerate() {
        let wrong = |text: &str, what: &str| {
            format!("{}, {} {line}: `{}` is no {what}", path.display(), cells.unit, brief(text))
        };
        let number = |column: &Vec<String>| {
            let text = column[row].trim();
            let value = text.parse::<f64>().ok().filter(|v| v.abs() <= FARTHEST);
            value.ok_or_else(|| wrong(text, "coordinate in pixels"))
        };
        let [video, frame, coordinates @ ..] = &cells.columns[..] else {
            return Err(format!("{} has no columns", path.display()));
        };
        let frame = frame[row].trim();
        let named =
            Named::of(frame).ok_or_else(|| wrong(frame, "frame number and no name of an image"))?;
        let points = coordinates
            .chunks_exact(2)
            .map(|pair| Ok([number(&pair[0])?, number(&pair[1])?]))
            .collect::<Result<Vec<_>, String>>()?;
        faces.entry((video[row].clone(), named)).or_default().push(points);
    }
    Ok(faces)
}

/// Whether a column is one of coordinates, such as `x12`.
fn is_coordinate(column: &str) -> bool {
    let number = column.strip_prefix(['x', 'y']);
    number.is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
}

/// How many points a file has, if as many are read: other schemes have other ones under the same
/// numbers.
fn count_points(path: &Path, columns: &[String]) -> Result<usize, String> {
    let count = columns.iter().filter(|column| is_coordinate(column)).count();
    COUNTS.into_iter().find(|wanted| 2 * wanted == count).ok_or_else(|| {
        format!(
            "{} has {count} columns of coordinates; they are x0, y0 to x67, y67, 136 of them, or up \
             to x80, y80 with the forehead, 162, in the order of dlib",
            path.display()
        )
    })
}

fn read(path: &Path, count: usize) -> Result<Cells, DataError> {
    let names = ["video".to_owned(), "frame".to_owned()].into_iter();
    let coordinates = (0..count).flat_map(|i| [format!("x{i}"), format!("y{i}")]);
    let names: Vec<String> = names.chain(coordinates).collect();
    let wanted: Vec<_> = names.iter().map(|name| Wanted::fixed("landmarks", name)).collect();
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
#[path = "given_tests.rs"]
mod tests;
