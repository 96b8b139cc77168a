//! Paths in other people's files, made relative and safe.

use std::path::Path;

/// `written` as a path below `root` with `/` between its parts and neither `.` nor `..`;
/// `None` if it leads elsewhere. Backslashes separate, as on Windows. An absolute path is
/// accepted if it lies below `root`.
pub fn below(root: &Path, written: &str) -> Option<String> {
    let written = written.replace('\\', "/");
    if is_absolute(&written) {
        let root = std::path::absolute(root).ok()?;
        let root = fold(&root.to_str()?.replace('\\', "/"))?;
        let rest = fold(&written)?;
        return Some(rest.strip_prefix(&root)?.strip_prefix('/')?.to_owned());
    }
    fold(&written).filter(|path| !path.is_empty())
}

/// The name at the end of a path, without its extension.
pub fn stem(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.rsplit_once('.').map_or(name, |(stem, _)| stem)
}

fn is_absolute(path: &str) -> bool {
    let bytes = path.as_bytes();
    path.starts_with('/') || (bytes.len() > 1 && bytes[0].is_ascii_alphabetic() && bytes[1] == b':')
}

/// Resolves `.`, `..` and doubled slashes by text alone; `None` if `..` leaves the start.
fn fold(path: &str) -> Option<String> {
    let mut parts = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            _ => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn paths_stay_below_the_root() {
        let root = Path::new("/data/set");
        for (written, expected) in [
            ("a/b.png", Some("a/b.png")),
            (r"a\b c\[1].png", Some("a/b c/[1].png")),
            ("./a//b/../c.png", Some("a/c.png")),
            ("-x.png", Some("-x.png")),
            ("/data/set/a.png", Some("a.png")),
            ("/data/set2/a.png", None),
            ("/data/set", None),
            ("/etc/passwd", None),
            (r"C:\faces\a.png", None),
            ("../a.png", None),
            ("a/../../b.png", None),
            (".", None),
            ("", None),
        ] {
            assert_eq!(below(root, written).as_deref(), expected, "{written}");
        }
    }

    proptest! {
        #[test]
        fn nothing_escapes(written in r"[ab./\\]{0,12}") {
            if let Some(path) = below(Path::new("/root"), &written) {
                prop_assert!(!path.is_empty() && !path.starts_with('/'));
                prop_assert!(path.split('/').all(|part| !["", ".", ".."].contains(&part)));
                prop_assert_eq!(below(Path::new("/root"), &path), Some(path));
            }
        }
    }
}
