//! The description of a pack: its first file.

use std::collections::BTreeMap;
use std::path::{Component, Path};

use serde::{Deserialize, Serialize};

/// Raised when older versions could not read what is written.
pub const FORMAT: u32 = 1;

/// Names of the files at the top.
pub const CARD: &str = "pack.json";
pub const LOCK: &str = "lock.json";
pub const FINDINGS: &str = "findings.json";
/// Names of the folders.
pub const PROJECT: &str = "project";
pub const PREDICTIONS: &str = "predictions";
pub const TABLES: &str = "tables";

/// What is in a pack.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Card {
    /// The format's number.
    pub format: u32,
    /// Version of Proofmark that wrote it.
    pub proofmark: String,
    /// The experiment file, below `project/`.
    pub experiment: String,
    /// Every other file.
    pub files: BTreeMap<String, Packed>,
}

/// A file of a pack.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Packed {
    /// Size in bytes.
    pub bytes: u64,
    /// BLAKE3 of its content, hexadecimal.
    pub blake3: String,
}

/// Whether a name is of a file of a pack, and of nothing outside of it.
pub fn is_inside(name: &str) -> bool {
    let mut parts = Path::new(name).components();
    let normal = |part: Component<'_>| matches!(part, Component::Normal(_));
    let known = match parts.next() {
        Some(Component::Normal(first)) => first.to_str(),
        _ => None,
    };
    match known {
        Some(CARD | LOCK | FINDINGS) => parts.next().is_none(),
        Some(PROJECT | PREDICTIONS | TABLES) => {
            let rest: Vec<Component<'_>> = parts.collect();
            !rest.is_empty() && rest.into_iter().all(normal) && !name.contains('\\')
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_of_a_pack_are_inside() {
        for name in ["pack.json", "lock.json", "findings.json", "project/a/b.kdl", "tables/t.csv"] {
            assert!(is_inside(name), "{name}");
        }
        for name in [
            "",
            "/etc/passwd",
            "../x",
            "project/../../x",
            "project",
            "tables/",
            "pack.json/x",
            "other/x",
            "project/a\\..\\b",
            "./pack.json",
        ] {
            assert!(!is_inside(name), "{name}");
        }
    }
}
