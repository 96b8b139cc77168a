//! What a hub is asked, and what its answers mean.

use std::time::Duration;

use proofmark_text::show::brief;
use ureq::http::response::Parts;
use ureq::http::{Request, Uri, header};

use super::cache::is_plain;
use super::error::{BY_HAND, NO_HUB, Trouble, Why};
use super::file::HubFile;
use super::settings::Settings;
use super::wire::{Exchange, Wire};

/// Redirects that are followed.
const REDIRECTS: usize = 5;

/// What a server says of a file before it sends it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct About {
    /// The commit that the revision is at present.
    pub commit: String,
    /// What the bytes are called in the cache.
    pub etag: String,
    /// How many bytes there are.
    pub size: u64,
    /// Whether the ETag is the SHA-256 of the bytes, as that of every large file is.
    pub is_sha256: bool,
}

/// A server that is asked for one file.
pub(super) struct Client<'a> {
    pub file: &'a HubFile,
    pub settings: &'a Settings,
    pub wire: Wire<'a>,
}

impl Client<'_> {
    /// Asks what the file is.
    pub fn about(&self) -> Result<About, Trouble> {
        // A hub answers with the address of the bytes, and says itself what they are; a relative
        // address is that of a repository which moved.
        let is_told = |answer: &Parts| {
            let elsewhere = text(answer, "location").is_some_and(|to| to.contains("://"));
            Ok(elsewhere && text(answer, "x-repo-commit").is_some() && etag(answer).is_some())
        };
        let (answer, _) = self.ask("HEAD", 0, is_told)?;
        let lacks = |what: &str| {
            let kind = text(&answer, "content-type").unwrap_or("nothing");
            let what =
                format!("the server does not answer as a hub does: {what}, but {}", brief(kind));
            Trouble::lasting(what, NO_HUB)
        };
        let commit = text(&answer, "x-repo-commit").ok_or_else(|| lacks("no X-Repo-Commit"))?;
        let (etag, is_linked) = etag(&answer).ok_or_else(|| lacks("no ETag"))?;
        for name in [commit, etag] {
            if !is_plain(name) {
                let what =
                    format!("the server calls the file \"{}\", which is no name", brief(name));
                return Err(Trouble::lasting(what, NO_HUB));
            }
        }
        let length = match answer.status.is_redirection() {
            true => None,
            false => text(&answer, "content-length"),
        };
        let size = text(&answer, "x-linked-size").or(length).and_then(|size| size.parse().ok());
        let size = size.ok_or_else(|| lacks("no length of the file"))?;
        let is_hex = |b: u8| matches!(b, b'0'..=b'9' | b'a'..=b'f');
        let is_sha256 = is_linked && etag.len() == 64 && etag.bytes().all(is_hex);
        Ok(About { commit: commit.to_owned(), etag: etag.to_owned(), size, is_sha256 })
    }

    /// Asks for the bytes from a place on. Returns from which place they come, which is 0 where
    /// the server sends all of them anyway.
    pub fn bytes(&self, about: &About, from: u64) -> Result<(u64, Exchange<'_>), Trouble> {
        let (answer, exchange) =
            self.ask("GET", from, |answer| match text(answer, "x-repo-commit") {
                Some(commit) if commit != about.commit => Err(Trouble::passing(
                    "the repository changed during the download",
                    "name a commit as in hf://OWNER/REPO@COMMIT/PATH",
                )),
                Some(_) | None => Ok(false),
            })?;
        let kind = text(&answer, "content-type").unwrap_or_default();
        if kind.starts_with("text/html") && !self.file.path.ends_with("html") {
            return Err(Trouble::lasting(
                "the server sends a web page instead of the file",
                NO_HUB,
            ));
        }
        if let Some(packed) = text(&answer, "content-encoding").filter(|c| *c != "identity") {
            let what = format!("the server sends the file packed ({}), unasked", brief(packed));
            return Err(Trouble::lasting(what, BY_HAND));
        }
        let (begin, size) = (text(&answer, "content-range"), about.size);
        let begin = match answer.status.as_u16() {
            206 if begin.is_some_and(|range| is_range(range, from, size)) => from,
            206 => {
                let what = "the server sends another part of the file than it was asked for";
                return Err(Trouble::lasting(what, BY_HAND));
            }
            _ => 0,
        };
        match text(&answer, "content-length").map(str::parse::<u64>) {
            Some(Ok(length)) if length != size - begin => Err(Trouble::lasting(
                format!("the server names two lengths, {size} bytes and {}", begin + length),
                BY_HAND,
            )),
            Some(_) | None => Ok((begin, exchange)),
        }
    }

    /// Asks, and follows redirects, until an answer is enough.
    fn ask(
        &self,
        method: &str,
        from: u64,
        mut is_enough: impl FnMut(&Parts) -> Result<bool, Trouble>,
    ) -> Result<(Parts, Exchange<'_>), Trouble> {
        let first = self.address()?;
        let mut address = first.clone();
        for _ in 0..=REDIRECTS {
            let mut request = Request::builder().method(method).uri(&address);
            request = request.header(header::ACCEPT_ENCODING, "identity");
            if from > 0 {
                request = request.header(header::RANGE, format!("bytes={from}-"));
            }
            let is_hub =
                address.scheme() == first.scheme() && address.authority() == first.authority();
            if let Some(token) = self.settings.token.as_ref().filter(|_| is_hub) {
                request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
            }
            let request = request.body(()).map_err(|_| {
                Trouble::lasting(
                    "the token has characters that no token has",
                    "HF_TOKEN or the file `token` in HF_HOME is to hold the token and nothing else",
                )
            })?;
            let (answer, exchange) = self.wire.send(request)?;
            // What follows the path may be a signature.
            let (host, path) = (address.host().unwrap_or_default(), address.path());
            let status = answer.status.as_u16();
            tracing::info!(%method, %host, %path, from, status, "has asked the hub");
            if is_enough(&answer)? || answer.status.is_success() {
                return Ok((answer, exchange));
            }
            if !answer.status.is_redirection() {
                return Err(self.refused(&answer));
            }
            address = redirected(&address, &answer)?;
        }
        let what = format!(
            "the server redirects in a circle, or more than {REDIRECTS} times, at last to {}",
            brief(&address.to_string())
        );
        Err(Trouble::lasting(what, NO_HUB))
    }

    /// Where the file is.
    fn address(&self) -> Result<Uri, Trouble> {
        let HubFile { repo, revision, path } = self.file;
        let (revision, path) = (encoded(revision, ""), encoded(path, "/"));
        let endpoint = &self.settings.endpoint;
        let address = format!("{endpoint}/{}/resolve/{revision}/{path}", encoded(repo, "/"));
        let parsed = address.parse::<Uri>().ok();
        parsed.filter(|a| is_web(a.scheme_str())).ok_or_else(|| {
            Trouble::lasting(
                "that is no address of a server",
                "HF_ENDPOINT is an address such as https://huggingface.co",
            )
        })
    }

    /// What a status means that is no success.
    fn refused(&self, answer: &Parts) -> Trouble {
        let (server, file) = (&self.settings.endpoint, self.file);
        let code = answer.status.as_u16();
        let reason = answer.status.canonical_reason().unwrap_or("no known status").to_lowercase();
        let said = text(answer, "x-error-message").map(brief);
        let said = said.map_or_else(String::new, |said| format!(": {said}"));
        let known = self.settings.token.is_some();
        let log_in = "set HF_TOKEN, or run `hf auth login`";
        let status = format!("the server answers {code} ({reason}){said}");
        let (what, advice) = match (code, text(answer, "x-error-code")) {
            (_, Some("GatedRepo")) => (
                format!("{status}; the owners of the repository have to agree first"),
                format!("ask them at {server}/{}, then {log_in}", file.repo),
            ),
            (_, Some("RevisionNotFound")) => (
                format!("{status}; the repository has no revision `{}`", file.revision),
                "write another branch, tag or commit after `@`".to_owned(),
            ),
            (404, Some("EntryNotFound")) => (
                format!(
                    "{status}; the repository has no such file at revision `{}`",
                    file.revision
                ),
                format!("its files are listed at {server}/{}", file.repo),
            ),
            (401 | 403, _) if known => (
                format!("{status}; the token may not read it, or is not valid any more"),
                format!("check the name of the repository, and the token; or {log_in}"),
            ),
            (401 | 403, _) => (
                format!("{status}; there is no such repository, or it is not everybody's"),
                format!("check its name, or, if it is private, {log_in}"),
            ),
            (404, _) => (
                format!("{status}; there is no such repository or file"),
                format!("compare with {server}/{}; if it is private, {log_in}", file.repo),
            ),
            (407, _) => {
                (status, "HTTPS_PROXY=http://NAME:PASSWORD@PROXY names you to the proxy".to_owned())
            }
            (429, _) => (
                format!("{status}; it was asked too often"),
                format!("wait some minutes, or {log_in}, which allows more"),
            ),
            (408 | 500..=599, _) => (
                format!("{status}; the server is not well"),
                "try again later; HF_ENDPOINT names another server".to_owned(),
            ),
            (_, _) => (status, NO_HUB.to_owned()),
        };
        let why = Why { what, advice };
        match code {
            408 | 429 | 500..=599 => {
                let seconds = text(answer, "retry-after").and_then(|s| s.trim().parse().ok());
                Trouble::Passing(why, seconds.map(Duration::from_secs))
            }
            _ => Trouble::Lasting(why),
        }
    }
}

/// A header as text.
fn text<'a>(answer: &'a Parts, name: &str) -> Option<&'a str> {
    answer.headers.get(name)?.to_str().ok()
}

/// What a server calls the bytes, and whether it is their name in its store of large files.
fn etag(answer: &Parts) -> Option<(&str, bool)> {
    let linked = text(answer, "x-linked-etag").map(|etag| (etag, true));
    let (etag, is_linked) = linked.or_else(|| Some((text(answer, "etag")?, false)))?;
    Some((etag.strip_prefix("W/").unwrap_or(etag).trim_matches('"'), is_linked))
}

/// Whether a part of a file is what was asked for: all from a place on.
fn is_range(range: &str, from: u64, size: u64) -> bool {
    let expected = format!("bytes {from}-{}/", size.saturating_sub(1));
    range.strip_prefix(&expected).is_some_and(|all| all == "*" || all == size.to_string())
}

fn is_web(scheme: Option<&str>) -> bool {
    matches!(scheme, Some("http" | "https"))
}

/// Where a redirect leads. From a secure server only to another.
fn redirected(from: &Uri, answer: &Parts) -> Result<Uri, Trouble> {
    let Some(to) = answer.headers.get(header::LOCATION).filter(|to| !to.is_empty()) else {
        return Err(Trouble::lasting("the server redirects to nowhere", NO_HUB));
    };
    let to = String::from_utf8_lossy(to.as_bytes());
    let (scheme, host) = (from.scheme_str().unwrap_or_default(), from.authority());
    let host = host.map_or("", |host| host.as_str());
    let path = from.path().rsplit_once('/').map_or("", |(folder, _)| folder);
    let address = match to.as_ref() {
        other if other.starts_with("//") => format!("{scheme}:{other}"),
        root if root.starts_with('/') => format!("{scheme}://{host}{root}"),
        query if query.starts_with('?') => format!("{scheme}://{host}{}{query}", from.path()),
        whole if has_scheme(whole) => whole.to_owned(),
        beside => format!("{scheme}://{host}{path}/{beside}"),
    };
    let address = address.parse::<Uri>().ok().filter(|address| match address.scheme_str() {
        Some("https") => true,
        other => other == Some("http") && scheme == "http",
    });
    address.filter(|a| a.host().is_some_and(|host| !host.is_empty())).ok_or_else(|| {
        let what =
            format!("the server redirects to {}, which is not followed from {scheme}", brief(&to));
        Trouble::lasting(what, NO_HUB)
    })
}

/// Whether an address begins with a scheme, such as `https:`.
fn has_scheme(address: &str) -> bool {
    let end = address.find(|c: char| !(c.is_ascii_alphanumeric() || "+-.".contains(c)));
    end.is_some_and(|end| end > 0 && address[end..].starts_with(':'))
}

/// A text as a part of an address, where only some marks stand for themselves.
fn encoded(text: &str, kept: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        let c = char::from(byte);
        match c.is_ascii_alphanumeric() || "-._~".contains(c) || kept.contains(c) {
            true => out.push(c),
            false => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leads(from: &str, to: &str) -> Option<String> {
        let answer = ureq::http::Response::builder().status(302).header("location", to);
        let (parts, ()) = answer.body(()).unwrap().into_parts();
        redirected(&from.parse().unwrap(), &parts).ok().map(|uri| uri.to_string())
    }

    #[test]
    fn redirects_lead_to_servers_and_never_to_less_secure_ones() {
        let from = "https://h.example:8/a/b?c";
        for (to, there) in [
            ("/x/y", "https://h.example:8/x/y"),
            ("y?z=1", "https://h.example:8/a/y?z=1"),
            ("?z", "https://h.example:8/a/b?z"),
            ("//cdn.example/x", "https://cdn.example/x"),
            ("https://cdn.example/x:y", "https://cdn.example/x:y"),
        ] {
            assert_eq!(leads(from, to).as_deref(), Some(there), "{to}");
        }
        for to in [
            "http://h.example/x",
            "file:///etc/passwd",
            "ftp://h/x",
            "data:x",
            "javascript:1",
            "https://",
            "https:///x",
            "a b",
            "\u{7f}",
            "gopher:",
        ] {
            let parts = ureq::http::HeaderValue::from_bytes(to.as_bytes()).is_ok();
            assert!(!parts || leads(from, to).is_none(), "{to}: {:?}", leads(from, to));
        }
        assert_eq!(leads("http://h/a", "http://i/x").as_deref(), Some("http://i/x"));
        assert_eq!(leads("http://h/a", "https://i/x").as_deref(), Some("https://i/x"));
        assert_eq!(leads("http://h/a", "file:///etc/passwd"), None);
    }

    #[test]
    fn addresses_are_encoded() {
        assert_eq!(encoded("a b/c?d#e%f+ü.bin", "/"), "a%20b/c%3Fd%23e%25f%2B%C3%BC.bin");
        assert_eq!(encoded("refs/pr/1", ""), "refs%2Fpr%2F1");
    }

    #[test]
    fn parts_of_files_are_compared() {
        assert!(is_range("bytes 5-9/10", 5, 10) && is_range("bytes 5-9/*", 5, 10));
        for wrong in ["bytes 4-9/10", "bytes 5-8/10", "bytes 5-9/11", "bytes 5-9", "5-9/10", ""] {
            assert!(!is_range(wrong, 5, 10), "{wrong}");
        }
    }
}
