//! Which face a row of a file is about: the columns that predictions and embeddings share.

use polars::prelude::*;

use proofmark_lang::model::{Family, Label};

/// A face of a video.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Face {
    /// Name of the data set.
    pub dataset: String,
    /// The video, unique within its data set.
    pub video: String,
    /// Frame of the video, from 0.
    pub frame: u32,
    /// Face of the frame, from 0.
    pub face: u32,
    /// Real or fake.
    pub label: Label,
    /// Manipulation of a fake, where known.
    pub method: Option<String>,
    /// Its family, where known.
    pub family: Option<Family>,
}

impl std::fmt::Display for Face {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { dataset, video, frame, face, .. } = self;
        write!(f, "face {face} in frame {frame} of {dataset} {video}")
    }
}

/// The columns that say which faces rows are about.
pub(crate) fn columns<'a>(faces: impl Iterator<Item = &'a Face> + Clone) -> Vec<Column> {
    fn text<'a>(name: &str, texts: impl Iterator<Item = Option<&'a str>>) -> Column {
        StringChunked::from_iter_options(name.into(), texts).into_column()
    }
    let numbers = |name: &str, get: fn(&Face) -> u32| {
        Column::new(name.into(), faces.clone().map(get).collect::<Vec<u32>>())
    };
    let faces = || faces.clone();
    vec![
        text("dataset", faces().map(|face| Some(face.dataset.as_str()))),
        text("video_key", faces().map(|face| Some(face.video.as_str()))),
        numbers("frame", |face| face.frame),
        numbers("face", |face| face.face),
        text("label", faces().map(|face| Some(face.label.word()))),
        text("method", faces().map(|face| face.method.as_deref())),
        text("family", faces().map(|face| face.family.map(Family::word))),
    ]
}
