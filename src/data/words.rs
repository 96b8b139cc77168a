//! The words that manifests use for labels, splits, families and kinds of media.

use proofmark_lang::model::{Family, Label, Split};

use super::video::MediaKind;

/// A value with one word.
pub trait Word: Copy {
    /// Its word.
    fn word(self) -> &'static str;

    /// The value of a word.
    fn from_word(word: &str) -> Option<Self>;
}

impl Word for Label {
    fn word(self) -> &'static str {
        Self::word(self)
    }

    fn from_word(word: &str) -> Option<Self> {
        Self::of(word)
    }
}

/// Where a video without a split has `none`.
impl Word for Option<Split> {
    fn word(self) -> &'static str {
        self.map_or("none", Split::word)
    }

    fn from_word(word: &str) -> Option<Self> {
        if word == "none" { Some(None) } else { Split::of(word).map(Some) }
    }
}

/// Where a real video has `real`.
impl Word for Option<Family> {
    fn word(self) -> &'static str {
        self.map_or("real", Family::word)
    }

    fn from_word(word: &str) -> Option<Self> {
        if word == "real" { Some(None) } else { Family::of(word).map(Some) }
    }
}

impl Word for MediaKind {
    fn word(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Frames => "frames",
            Self::Tar => "tar",
            Self::Video => "video",
            Self::Demo => "demo",
        }
    }

    fn from_word(word: &str) -> Option<Self> {
        let all = [Self::Image, Self::Frames, Self::Tar, Self::Video, Self::Demo];
        all.into_iter().find(|kind| kind.word() == word)
    }
}
