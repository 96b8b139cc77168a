//! The files that are images or videos, by their extensions.

use std::ffi::OsStr;
use std::path::Path;

/// File name extensions of images, in lower case.
pub const IMAGES: &[&str] = &["jpg", "jpeg", "png", "webp", "bmp"];

/// File name extensions of videos, in lower case.
pub const VIDEOS: &[&str] = &[
    "mp4", "avi", "mov", "mkv", "webm", "m4v", "3gp", "3g2", "mpg", "mpeg", "wmv", "flv", "ts",
    "mts", "m2ts", "ogv",
];

/// Both.
pub const MEDIA: &[&str] = &[
    "jpg", "jpeg", "png", "webp", "bmp", "mp4", "avi", "mov", "mkv", "webm", "m4v", "3gp", "3g2",
    "mpg", "mpeg", "wmv", "flv", "ts", "mts", "m2ts", "ogv",
];

/// Whether a name ends in one of some extensions.
pub fn has_extension(name: &str, extensions: &[&str]) -> bool {
    let extension = Path::new(name).extension().and_then(OsStr::to_str);
    extension.is_some_and(|e| extensions.iter().any(|known| e.eq_ignore_ascii_case(known)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn media_are_images_and_videos() {
        assert_eq!(MEDIA, [IMAGES, VIDEOS].concat());
    }
}
