//! The words that manifests and messages use for labels, splits, families and kinds.

use proofmark_lang::model::{Family, Label, Split};

use super::video::MediaKind;

/// A closed set of values, each with one word.
pub trait Word: Copy + PartialEq + 'static {
    /// Every value and its word.
    const WORDS: &'static [(Self, &'static str)];

    /// The word of this value.
    fn word(self) -> &'static str {
        let entry = Self::WORDS.iter().find(|(value, _)| *value == self);
        entry.expect("every value has a word").1
    }

    /// The value of a word.
    fn from_word(word: &str) -> Option<Self> {
        Self::WORDS.iter().find(|(_, w)| *w == word).map(|(value, _)| *value)
    }
}

impl Word for Label {
    const WORDS: &'static [(Self, &'static str)] = &[(Self::Real, "real"), (Self::Fake, "fake")];
}

impl Word for Option<Split> {
    const WORDS: &'static [(Self, &'static str)] = &[
        (Some(Split::Train), "train"),
        (Some(Split::Val), "val"),
        (Some(Split::Test), "test"),
        (None, "none"),
    ];
}

impl Word for Option<Family> {
    const WORDS: &'static [(Self, &'static str)] = &[
        (None, "real"),
        (Some(Family::FaceSwap), "face-swap"),
        (Some(Family::Reenactment), "reenactment"),
        (Some(Family::EntireFace), "entire-face"),
        (Some(Family::Editing), "editing"),
        (Some(Family::Unknown), "unknown"),
    ];
}

impl Word for MediaKind {
    const WORDS: &'static [(Self, &'static str)] = &[
        (Self::Image, "image"),
        (Self::Frames, "frames"),
        (Self::Tar, "tar"),
        (Self::Video, "video"),
        (Self::Demo, "demo"),
    ];
}
