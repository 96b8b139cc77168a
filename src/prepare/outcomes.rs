//! What became of the videos of a data set, counted.

use std::fmt;

use super::store::{PreparedVideo, Status};

/// How many videos gave faces, and why the others did not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcomes {
    /// Videos.
    pub videos: usize,
    /// Faces of all of them.
    pub faces: usize,
    /// Videos without a face.
    pub no_face: Cases,
    /// Videos that cannot be read.
    pub unreadable: Cases,
    /// Videos that are not there.
    pub missing: Cases,
    /// Videos with faces that are damaged, used as far as they go.
    pub damaged: Cases,
    /// Unreadable frames in videos with faces.
    pub unreadable_frames: u64,
    /// Frames without a face in videos with faces.
    pub frames_without_face: u64,
}

/// How often something happened, and the first example.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cases {
    /// How often.
    pub count: usize,
    /// The first, in words.
    pub example: String,
}

impl Cases {
    fn add(&mut self, example: impl Into<String>) {
        if self.count == 0 {
            self.example = example.into();
        }
        self.count += 1;
    }
}

impl Outcomes {
    /// Those of some videos.
    pub fn of<'a>(videos: impl IntoIterator<Item = &'a PreparedVideo>) -> Self {
        let mut all = Self::default();
        for video in videos {
            all.videos += 1;
            all.faces += video.faces;
            match &video.status {
                Status::Ok => {}
                Status::NoFace => all.no_face.add(&video.video_key),
                Status::Unreadable { why } => all.unreadable.add(why),
                Status::Missing { looked_for } => {
                    all.missing.add(format!("looked for {looked_for}"));
                }
            }
            if video.faces > 0 {
                all.unreadable_frames += u64::from(video.unreadable_frames());
                all.frames_without_face += u64::from(video.frames_without_face());
                if let Some(trouble) = &video.trouble {
                    all.damaged.add(trouble);
                }
            }
        }
        all
    }

    /// Videos with a face.
    pub fn with_face(&self) -> usize {
        self.videos - self.no_face.count - self.unreadable.count - self.missing.count
    }
}

/// One line, with an example of each trouble.
impl fmt::Display for Outcomes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} videos, {} faces", self.videos, self.faces)?;
        for (cases, word) in [
            (&self.no_face, "no-face"),
            (&self.unreadable, "unreadable"),
            (&self.missing, "missing"),
        ] {
            if cases.count > 0 {
                write!(f, "; {} {word} ({})", cases.count, cases.example)?;
            }
        }
        if self.unreadable_frames > 0 {
            let n = self.unreadable_frames;
            write!(f, "; {n} unreadable frames in videos with other faces")?;
        }
        if self.frames_without_face > 0 {
            let n = self.frames_without_face;
            write!(f, "; {n} frames without a face in videos with others")?;
        }
        if self.damaged.count > 0 {
            let Cases { count, example } = &self.damaged;
            write!(f, "; {count} damaged, used as far as they go ({example})")?;
        }
        Ok(())
    }
}
