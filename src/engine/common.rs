//! The folder that several files have in common.

use std::path::{Path, PathBuf};

/// The folder that all paths lie in.
pub fn common(paths: &[PathBuf]) -> PathBuf {
    let mut base = paths.first().and_then(|path| path.parent()).unwrap_or(Path::new(""));
    while !paths.iter().all(|path| path.starts_with(base)) {
        base = base.parent().unwrap_or(Path::new(""));
    }
    base.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_have_one_folder_in_common() {
        let paths = |all: &[&str]| all.iter().map(PathBuf::from).collect::<Vec<_>>();
        assert_eq!(common(&paths(&["/a/b/x.kdl"])), Path::new("/a/b"));
        assert_eq!(common(&paths(&["/a/b/x.kdl", "/a/c/y.kdl"])), Path::new("/a"));
        assert_eq!(common(&paths(&["/a/b/x.kdl", "/a/bc/y.kdl"])), Path::new("/a"));
        assert_eq!(common(&paths(&["/x/y", "/z/w"])), Path::new("/"));
    }
}
