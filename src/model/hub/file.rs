//! A file on the hub, by its location.

use std::fmt;

use super::error::HubError;

/// A file on the hub.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HubFile {
    /// `OWNER/NAME`.
    pub repo: String,
    /// Branch, tag or commit.
    pub revision: String,
    /// Path inside the repository.
    pub path: String,
}

impl HubFile {
    /// Parses `hf://OWNER/REPO[@REVISION]/PATH`, where `%2F` is a `/` in a revision; `None` for
    /// anything that does not begin with `hf://`.
    pub fn parse(location: &str) -> Option<Result<Self, HubError>> {
        let rest = location.strip_prefix("hf://")?;
        let parts: Vec<&str> = rest.splitn(3, '/').collect();
        let [owner, name, path] = parts[..] else {
            return Some(Err(HubError::Location(location.to_owned())));
        };
        let (name, revision) = name.split_once('@').unwrap_or((name, "main"));
        let revision = revision.replace("%2F", "/").replace("%2f", "/");
        // They are names of files in the cache.
        let bad = |part: &str| {
            part.is_empty() || part == "." || part == ".." || part.contains(['\\', '\0'])
        };
        let parts = [owner, name].into_iter().chain(revision.split('/')).chain(path.split('/'));
        if parts.into_iter().any(bad) {
            return Some(Err(HubError::Location(location.to_owned())));
        }
        Some(Ok(Self { repo: format!("{owner}/{name}"), revision, path: path.to_owned() }))
    }
}

impl fmt::Display for HubFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { repo, revision, path } = self;
        match revision.as_str() {
            "main" => write!(f, "hf://{repo}/{path}"),
            other => write!(f, "hf://{repo}@{}/{path}", other.replace('/', "%2F")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locations_are_taken_apart_or_refused() {
        let file =
            HubFile::parse("hf://Wolowolo/fsfm-3c/pretrained_models/a/b.pth").unwrap().unwrap();
        assert_eq!((file.repo.as_str(), file.revision.as_str()), ("Wolowolo/fsfm-3c", "main"));
        assert_eq!(file.path, "pretrained_models/a/b.pth");
        assert_eq!(file.to_string(), "hf://Wolowolo/fsfm-3c/pretrained_models/a/b.pth");
        for (location, revision) in [
            ("hf://timm/vit@0123abc/model.safetensors", "0123abc"),
            ("hf://timm/vit@refs%2Fpr%2F1/model.safetensors", "refs/pr/1"),
        ] {
            let pinned = HubFile::parse(location).unwrap().unwrap();
            assert_eq!(pinned.revision, revision);
            assert_eq!(pinned.to_string(), location);
        }
        assert!(HubFile::parse("weights/vit.pth").is_none());
        for wrong in [
            "hf://timm",
            "hf://timm/vit",
            "hf://timm/vit/../x",
            "hf:///a/b",
            "hf://a/b/",
            "hf://a/b@..%2F..%2Fx/c",
            "hf://a/b@%2Fx/c",
            "hf://a/b@/c",
            "hf://a/b/c\\d",
        ] {
            assert!(HubFile::parse(wrong).unwrap().is_err(), "{wrong}");
        }
    }
}
