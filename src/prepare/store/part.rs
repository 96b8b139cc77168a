//! The files of one writer: all of a data set's videos, or a share of them.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// A share of the videos: number `index` of `of` equal ones, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Share {
    index: u32,
    of: u32,
}

impl Default for Share {
    /// All videos.
    fn default() -> Self {
        Self::WHOLE
    }
}

impl Share {
    /// All videos.
    pub const WHOLE: Self = Self { index: 1, of: 1 };

    /// Every share, where there are so many.
    pub fn all(of: u32) -> impl Iterator<Item = Self> {
        (1..=of).map(move |index| Self { index, of })
    }

    /// Whether it is not all of them.
    pub fn is_share(self) -> bool {
        self.of > 1
    }

    /// Whether the video at this place of the manifest is in it.
    pub fn takes(self, place: usize) -> bool {
        place % self.of as usize == self.index as usize - 1
    }

    /// What the names of its files begin with.
    pub fn stem(self) -> String {
        if self.is_share() { format!("faces-{}of{}", self.index, self.of) } else { "faces".into() }
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.of)
    }
}

impl FromStr for Share {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let numbers = text.split_once('/').map(|(index, of)| (index.parse(), of.parse()));
        match numbers {
            Some((Ok(index), Ok(of))) if 1 <= index && index <= of => Ok(Self { index, of }),
            _ => Err("a share is written like 3/8: the third of eight".to_owned()),
        }
    }
}

/// What the name of a shard's file ends with.
pub(super) const SHARD: &str = ".arrow";
/// What it ends with while the shard is written.
pub(super) const OPEN: &str = ".arrow.part";
/// What the name of a journal ends with.
pub(super) const JOURNAL: &str = ".jsonl";

/// The name of a writer's shard, without its ending.
pub(super) fn shard_name(stem: &str, number: u32) -> String {
    format!("{stem}.{number:05}")
}

/// The files of a folder whose names end so, in order; each with its name without the ending.
pub(super) fn files(folder: &Path, ending: &str) -> std::io::Result<Vec<(String, PathBuf)>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if let Some(name) = entry.file_name().to_str().and_then(|n| n.strip_suffix(ending)) {
            found.push((name.to_owned(), entry.path()));
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_disjoint_and_cover_everything() {
        let shares: Vec<Share> = (1..=3).map(|i| format!("{i}/3").parse().unwrap()).collect();
        for place in 0..20 {
            assert_eq!(shares.iter().filter(|share| share.takes(place)).count(), 1);
            assert!(Share::WHOLE.takes(place));
        }
        assert_eq!(shares[1].stem(), "faces-2of3");
        assert_eq!("1/1".parse(), Ok(Share::WHOLE));
    }

    #[test]
    fn what_is_no_share_says_how_one_is_written() {
        for text in ["", "3", "0/8", "9/8", "1/0", "-1/8", "a/b", "1/2/3"] {
            let error = text.parse::<Share>().unwrap_err();
            assert!(error.contains("3/8"), "{text}: {error}");
        }
    }
}
