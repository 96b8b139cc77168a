//! Why a file on a hub is not to be had.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use proofmark_base::work::Failure;

/// Why a hub file is not to be had.
#[derive(Debug, thiserror::Error)]
pub enum HubError {
    /// The location is not understood.
    #[error(
        "`{0}` is not a hub location; write hf://OWNER/REPO/PATH or hf://OWNER/REPO@REVISION/PATH"
    )]
    Location(String),
    /// The download failed.
    #[error("cannot download {file} from {server}: {what}; {advice}")]
    Download {
        /// The location.
        file: String,
        /// The server.
        server: String,
        /// What happened.
        what: String,
        /// What to do.
        advice: String,
    },
    /// The cache cannot be used.
    #[error(
        "cannot write {} in the cache of downloads: {source}; HF_HOME or HF_HUB_CACHE names another \
         folder", path.display()
    )]
    Cache {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl From<HubError> for Failure {
    fn from(error: HubError) -> Self {
        Self::Hub(Box::new(error))
    }
}

/// What went wrong, and what to do about it.
#[derive(Debug)]
pub(super) struct Why {
    pub what: String,
    pub advice: String,
}

/// How one try of a download ended.
#[derive(Debug)]
pub(super) enum Trouble {
    /// Ctrl-C.
    Interrupted,
    /// Another try may do; where the server says when, after so long.
    Passing(Why, Option<Duration>),
    /// Another try would end as this one.
    Lasting(Why),
    /// The cache cannot be written.
    Cache(HubError),
}

impl Trouble {
    /// Over with the next try, maybe.
    pub fn passing(what: impl Into<String>, advice: impl Into<String>) -> Self {
        Self::Passing(Why { what: what.into(), advice: advice.into() }, None)
    }

    /// The same at every try.
    pub fn lasting(what: impl Into<String>, advice: impl Into<String>) -> Self {
        Self::Lasting(Why { what: what.into(), advice: advice.into() })
    }

    /// A file of the cache that cannot be made, read or written.
    pub fn cache(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Cache(HubError::Cache { path, source })
    }
}

/// What helps where a server cannot be reached.
pub(super) const UNREACHED: &str = "is there a network? HTTPS_PROXY names a proxy, HF_ENDPOINT \
     another server; or download the file by hand and declare its path";

/// What helps where a server does not answer as hubs do.
pub(super) const NO_HUB: &str = "open the address in a browser, because a login page or a proxy may \
     stand in between; HF_ENDPOINT names the server";

/// What helps where the bytes are not those that were promised.
pub(super) const BY_HAND: &str =
    "try again later, or download the file by hand and declare its path";
