//! Weights from a model hub: `hf://OWNER/REPO/PATH`, kept in the hub's own cache.
//!
//! `HF_ENDPOINT` chooses another server, `HF_HOME` another cache, as everywhere in
//! that ecosystem.

use proofmark_base::work::Failure;
use std::path::PathBuf;

use hf_hub::api::sync::ApiBuilder;
use hf_hub::{Cache, Repo, RepoType};

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

/// Why a hub file is not to be had.
#[derive(Debug, thiserror::Error)]
pub enum HubError {
    /// The location is not understood.
    #[error(
        "`{0}` is not a hub location; write hf://OWNER/REPO/PATH or hf://OWNER/REPO@REVISION/PATH"
    )]
    Location(String),
    /// The download failed.
    #[error(
        "cannot download `{path}` of `{repo}` from {endpoint}: {why}; set HF_ENDPOINT for another \
         server, or download the file by hand and declare its path in `weights`"
    )]
    Download {
        /// The repository.
        repo: String,
        /// The file.
        path: String,
        /// The server.
        endpoint: String,
        /// What the client said.
        why: String,
    },
}

impl HubFile {
    /// Parses `hf://OWNER/REPO[@REVISION]/PATH`; `None` for anything that does not
    /// begin with `hf://`.
    pub fn parse(location: &str) -> Option<Result<Self, HubError>> {
        let rest = location.strip_prefix("hf://")?;
        let parts: Vec<&str> = rest.splitn(3, '/').collect();
        let [owner, name, path] = parts[..] else {
            return Some(Err(HubError::Location(location.to_owned())));
        };
        let (name, revision) = name.split_once('@').unwrap_or((name, "main"));
        let bad = |part: &str| part.is_empty() || part == "." || part == "..";
        if [owner, name, revision].into_iter().any(bad) || path.split('/').any(bad) {
            return Some(Err(HubError::Location(location.to_owned())));
        }
        Some(Ok(Self {
            repo: format!("{owner}/{name}"),
            revision: revision.to_owned(),
            path: path.to_owned(),
        }))
    }

    fn repo(&self) -> Repo {
        Repo::with_revision(self.repo.clone(), RepoType::Model, self.revision.clone())
    }

    /// The local copy, if it was downloaded before.
    pub fn cached(&self) -> Option<PathBuf> {
        let found = Cache::from_env().repo(self.repo()).get(&self.path);
        let (repo, revision, path) = (&self.repo, &self.revision, &self.path);
        match &found {
            Some(file) => {
                tracing::info!(%repo, %path, file = %file.display(), "is in the hub's cache")
            }
            None => tracing::info!(%repo, %revision, %path, "is not in the hub's cache"),
        }
        found
    }

    /// The local copy, downloaded now if need be.
    pub fn fetch(&self) -> Result<PathBuf, HubError> {
        let failed = |why: String| HubError::Download {
            repo: self.repo.clone(),
            path: self.path.clone(),
            endpoint: std::env::var("HF_ENDPOINT")
                .unwrap_or_else(|_| "https://huggingface.co".to_owned()),
            why,
        };
        if let Some(path) = self.cached() {
            return Ok(path);
        }
        let api = ApiBuilder::from_env()
            .with_progress(false)
            .with_retries(3)
            .build()
            .map_err(|e| failed(e.to_string()))?;
        tracing::info!(repo = %self.repo, revision = %self.revision, path = %self.path, "asks the hub");
        let repo = api.repo(self.repo());
        // The cache has folders and files of these names.
        let named = api.metadata(&repo.url(&self.path)).map_err(|e| failed(e.to_string()))?;
        for name in [named.commit_hash(), named.etag()] {
            if !is_plain(name) {
                return Err(failed(format!(
                    "the server calls the file {name:?}, which is no name"
                )));
            }
        }
        repo.download(&self.path).map_err(|e| failed(e.to_string()))
    }
}

/// Whether a name leads nowhere else when it is a file's.
fn is_plain(name: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    (1..=128).contains(&name.len()) && name.bytes().all(plain)
}

impl From<HubError> for Failure {
    fn from(error: HubError) -> Self {
        Self::Hub(Box::new(error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_lead_elsewhere_are_none() {
        assert!(is_plain("0123456789012345678901234567890123456789") && is_plain("abc-1_2"));
        for wrong in ["", ".", "..", "../../x", "a/b", "a\\b", "a.b", &"a".repeat(129)] {
            assert!(!is_plain(wrong), "{wrong}");
        }
    }

    #[test]
    fn locations_are_taken_apart_or_refused() {
        let file =
            HubFile::parse("hf://Wolowolo/fsfm-3c/pretrained_models/a/b.pth").unwrap().unwrap();
        assert_eq!((file.repo.as_str(), file.revision.as_str()), ("Wolowolo/fsfm-3c", "main"));
        assert_eq!(file.path, "pretrained_models/a/b.pth");
        let pinned = HubFile::parse("hf://timm/vit@0123abc/model.safetensors").unwrap().unwrap();
        assert_eq!(pinned.revision, "0123abc");
        assert!(HubFile::parse("weights/vit.pth").is_none());
        for wrong in ["hf://timm", "hf://timm/vit", "hf://timm/vit/../x", "hf:///a/b", "hf://a/b/"]
        {
            assert!(HubFile::parse(wrong).unwrap().is_err(), "{wrong}");
        }
    }
}
