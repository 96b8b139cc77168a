//! Preparation: every frame of every video to faces or a reason.
//!
//! Each worker takes a video at a time, and has a decoder and a detector of its own. What it
//! found goes to one writer. A video that is written is not looked at again, also by a later
//! run that goes on after this one was stopped.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Instant;

use super::crop::decode;
use super::cut::Cut;
use super::detect::{Detection, Detector, Options, Scratch};
use super::ffmpeg::{Ffmpeg, VideoFrame};
use super::sampling::needs_length;
use super::store::{
    Face, FaceStoreError, FaceWriter, FoundFace, Look, PreparedVideo, Recovered, Share, Status,
    recover,
};
use proofmark_base::work::{Events, Failure};
use proofmark_data::files::Place;
use proofmark_lang::model::{FrameRule, Take};
use proofmark_picture::resize::resize;
use proofmark_picture::resize::{Filter, Window};

/// Faces of one video that are kept in memory at a time.
const TOGETHER: usize = 256;

/// A video of the manifest.
#[derive(Clone, Debug, PartialEq)]
pub struct Listed {
    /// Its key.
    pub key: String,
    /// Where its frames are.
    pub media: Media,
}

/// Where the frames of a video are.
#[derive(Clone, Debug, PartialEq)]
pub enum Media {
    /// Nowhere: it was looked for here.
    Missing(PathBuf),
    /// In images, which the frame rule has picked already.
    Images(Vec<Image>),
    /// In a video file.
    Video(PathBuf),
}

/// One image of a video.
#[derive(Clone, Debug, PartialEq)]
pub struct Image {
    /// Its number within the video.
    pub frame: u32,
    /// Where its pixels come from.
    pub pixels: Pixels,
}

/// Where an image's pixels come from.
#[derive(Clone, Debug, PartialEq)]
pub enum Pixels {
    /// A file, or a part of one.
    File(Place),
    /// The demo draws it: index of the video in the demo set.
    Demo(usize),
}

/// Draws a demo frame: (video, frame, side) to RGB.
pub type Draw<'a> = &'a (dyn Fn(usize, u32, u32) -> image::RgbImage + Sync);

/// Finds faces in frames.
#[derive(Debug)]
pub struct Search {
    /// The network.
    pub detector: Detector,
    /// Its thresholds.
    pub options: Options,
    /// Which of several faces.
    pub take: Take,
}

/// What is to be done, and with what.
pub struct Preparation<'a> {
    /// Every video of the manifest.
    pub videos: &'a [Listed],
    /// The share of them that this process takes.
    pub part: Share,
    /// Which frames of video files.
    pub frames: &'a FrameRule,
    /// Finds the faces; without it an image is a face.
    pub search: Option<&'a Search>,
    /// How faces are cut.
    pub cut: Cut,
    /// Decodes video files; needed if there are any.
    pub ffmpeg: Option<&'a Ffmpeg>,
    /// Draws the demo.
    pub draw: Draw<'a>,
    /// Where the face store is made.
    pub folder: &'a Path,
    /// Hears of progress.
    pub events: &'a dyn Events,
    /// That the folder is still this process's: asked before anything is written.
    pub owned: &'a (dyn Fn() -> Result<(), Failure> + Sync),
    /// Set to stop.
    pub stop: &'a AtomicBool,
}

/// What the workers share.
struct Shared {
    writer: Mutex<FaceWriter>,
    failure: Mutex<Option<Failure>>,
    next: AtomicUsize,
    faces: AtomicU64,
    begun: Instant,
}

/// What a frame gives, while a video is gone through.
#[derive(Default)]
struct Gathered {
    looks: Vec<Look>,
    /// Faces that are not written yet.
    faces: Vec<Face>,
    /// All faces.
    count: usize,
    /// Why a frame gave nothing, of the first that could not be read.
    trouble: Option<Status>,
}

impl Preparation<'_> {
    /// Prepares what is not done yet of this share of the videos. Returns all that is done, by
    /// whoever did it.
    ///
    /// # Errors
    /// Being stopped, and what concerns more than one video: a disk that is full, no ffmpeg.
    pub fn carry_out(&self) -> Result<Recovered, Failure> {
        let side = self.cut.side;
        let Recovered { videos: done, notes } = recover(self.folder, self.part, side)?;
        notes.iter().for_each(|note| self.events.note(note));
        let mine = self.videos.iter().enumerate().filter(|(place, _)| self.part.takes(*place));
        let (old, todo): (Vec<&Listed>, Vec<&Listed>) =
            mine.map(|(_, video)| video).partition(|video| done.contains_key(&video.key));
        self.events.begin("videos", (old.len() + todo.len()) as u64);
        if !old.is_empty() {
            self.events.resume(old.len() as u64);
        }
        let shared = Shared {
            writer: Mutex::new(FaceWriter::open(self.folder, self.part, side)?),
            failure: Mutex::new(None),
            next: AtomicUsize::new(0),
            faces: AtomicU64::new(0),
            begun: Instant::now(),
        };
        thread::scope(|scope| {
            for _ in 0..rayon::current_num_threads().min(todo.len()) {
                let span = tracing::Span::current();
                let (todo, shared) = (&todo, &shared);
                scope.spawn(move || span.in_scope(|| self.work(todo, shared)));
            }
        });
        (self.owned)()?;
        let Shared { writer, failure, .. } = shared;
        // What is finished is kept also when the rest failed.
        let finished = writer.into_inner().unwrap_or_else(PoisonError::into_inner).finish();
        if let Some(failure) = failure.into_inner().unwrap_or_else(PoisonError::into_inner) {
            return Err(failure);
        }
        finished?;
        Ok(recover(self.folder, self.part, side)?)
    }

    /// Takes one video after the other until there are none, or something failed.
    fn work(&self, todo: &[&Listed], shared: &Shared) {
        let mut scratch = Scratch::default();
        while let Some(video) = todo.get(shared.next.fetch_add(1, Ordering::Relaxed)) {
            let made = match self.stop.load(Ordering::Relaxed) {
                true => Err(Failure::Interrupted),
                false => self.video(video, shared, &mut scratch),
            };
            if let Err(failure) = made {
                shared.next.store(todo.len(), Ordering::Relaxed);
                let mut first = lock(&shared.failure);
                first.get_or_insert(failure);
                return;
            }
            self.events.advance(1);
            let faces = shared.faces.load(Ordering::Relaxed) as f64;
            let rate = faces / shared.begun.elapsed().as_secs_f64();
            self.events.status(&format!("{rate:.1} faces a second"));
        }
    }

    fn video(&self, video: &Listed, shared: &Shared, scratch: &mut Scratch) -> Result<(), Failure> {
        let mut gathered = Gathered::default();
        let mut trouble = None;
        match &video.media {
            Media::Missing(path) => gathered.trouble = Some(missing(path)),
            Media::Images(images) => {
                for image in images {
                    self.image(&video.key, image, scratch, &mut gathered)?;
                    self.unload(&video.key, &mut gathered, shared)?;
                }
            }
            Media::Video(path) if !path.is_file() => gathered.trouble = Some(missing(path)),
            Media::Video(path) if path.metadata().is_ok_and(|about| about.len() == 0) => {
                let why = format!("{}: the file is empty", path.display());
                gathered.trouble = Some(Status::Unreadable { why });
            }
            Media::Video(path) => {
                let none = || Failure::Internal("videos without ffmpeg".to_owned());
                let ffmpeg = self.ffmpeg.ok_or_else(none)?;
                let decoded = ffmpeg.frames(path, self.frames, self.stop, |frame| {
                    let VideoFrame { anew, index, seconds, size, rgb } = frame;
                    if anew {
                        gathered = Gathered::default();
                    }
                    let seconds = Some(seconds).filter(|s| s.is_finite());
                    self.frame(&video.key, (index, seconds), size, rgb, scratch, &mut gathered)?;
                    // Frames that may be picked anew are kept until the end.
                    match needs_length(self.frames) {
                        true => Ok(()),
                        false => self.unload(&video.key, &mut gathered, shared),
                    }
                })?;
                let told = decoded.trouble.map(|why| format!("{}: {why}", path.display()));
                match decoded.frames {
                    0 => gathered.trouble = told.map(|why| Status::Unreadable { why }),
                    _ => trouble = told,
                }
            }
        }
        let status = match gathered.trouble {
            _ if gathered.count > 0 => Status::Ok,
            Some(status) if gathered.looks.iter().all(|look| look.faces.is_none()) => status,
            _ => Status::NoFace,
        };
        let Gathered { looks, faces, count, .. } = gathered;
        shared.faces.fetch_add(faces.len() as u64, Ordering::Relaxed);
        let key = video.key.clone();
        let made =
            PreparedVideo { video_key: key, status, trouble, looks, faces: count, shard: None };
        let costly = matches!(video.media, Media::Video(_));
        (self.owned)()?;
        Ok(lock(&shared.writer).finish_video(made, faces, costly)?)
    }

    /// Writes the faces of a long video that goes on.
    fn unload(&self, key: &str, gathered: &mut Gathered, shared: &Shared) -> Result<(), Failure> {
        if gathered.faces.len() < TOGETHER {
            return Ok(());
        }
        (self.owned)()?;
        let faces = std::mem::take(&mut gathered.faces);
        shared.faces.fetch_add(faces.len() as u64, Ordering::Relaxed);
        Ok(lock(&shared.writer).begin(key, faces)?)
    }

    fn image(
        &self,
        key: &str,
        image: &Image,
        scratch: &mut Scratch,
        gathered: &mut Gathered,
    ) -> Result<(), Failure> {
        let at = (image.frame, None);
        let status = match &image.pixels {
            Pixels::Demo(video) => {
                let side = self.cut.side;
                let rgb = (self.draw)(*video, image.frame, side).into_raw();
                return self.frame(key, at, (side, side), &rgb, scratch, gathered);
            }
            Pixels::File(place) if !place.file.is_file() => missing(&place.file),
            Pixels::File(place) => {
                let bytes = place.read().map_err(|e| e.to_string());
                match bytes.and_then(|bytes| decode(&bytes)) {
                    Ok(image) => {
                        let size = image.dimensions();
                        return self.frame(key, at, size, image.as_raw(), scratch, gathered);
                    }
                    Err(why) => {
                        Status::Unreadable { why: format!("{}: {why}", place.file.display()) }
                    }
                }
            }
        };
        gathered.looks.push(Look { frame: image.frame, seconds: None, faces: None });
        gathered.trouble.get_or_insert(status);
        Ok(())
    }

    /// Finds and cuts the faces of one frame, or takes it for one.
    fn frame(
        &self,
        key: &str,
        (frame, seconds): (u32, Option<f64>),
        size: (u32, u32),
        rgb: &[u8],
        scratch: &mut Scratch,
        gathered: &mut Gathered,
    ) -> Result<(), Failure> {
        let side = self.cut.side;
        let before = gathered.faces.len();
        let mut add = |found: Option<FoundFace>, crop: &[u8]| {
            let number = (gathered.faces.len() - before) as u32;
            let face = Face::new(key, (frame, seconds, number), found, size, crop, side);
            gathered.faces.push(face.map_err(|e| FaceStoreError::write(self.folder, e))?);
            Ok::<(), FaceStoreError>(())
        };
        match self.search {
            None => {
                let window = Window::centre_square(size.0, size.1);
                add(None, &resize(rgb, size.0, window, side, Filter::Bicubic))?;
            }
            Some(search) => {
                for detection in search.faces(rgb, size, scratch)? {
                    if let Some(crop) = self.cut.cut(rgb, size, detection.bbox) {
                        add(Some(found(&detection)), &crop)?;
                    }
                }
            }
        }
        let faces = gathered.faces.len() - before;
        gathered.count += faces;
        gathered.looks.push(Look { frame, seconds, faces: Some(faces as u32) });
        Ok(())
    }
}

impl Search {
    /// The faces of a frame that are wanted, best score first.
    pub fn faces(
        &self,
        rgb: &[u8],
        (width, height): (u32, u32),
        scratch: &mut Scratch,
    ) -> Result<Vec<Detection>, Failure> {
        let found = self.detector.detect(rgb, width, height, &self.options, scratch);
        let mut found = found.map_err(Failure::run)?;
        if self.take == Take::Largest {
            let area = |d: &Detection| (d.bbox[2] - d.bbox[0]) * (d.bbox[3] - d.bbox[1]);
            // Of equally large faces the one with the best score stays.
            found.sort_by(|a, b| area(b).total_cmp(&area(a)));
            found.truncate(1);
        }
        Ok(found)
    }
}

fn found(detection: &Detection) -> FoundFace {
    let mut landmarks = [0.0; 10];
    landmarks.copy_from_slice(detection.landmarks.as_flattened());
    FoundFace { bbox: detection.bbox, score: detection.score, landmarks }
}

fn missing(path: &Path) -> Status {
    Status::Missing { looked_for: path.display().to_string() }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
