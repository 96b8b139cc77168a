//! What the environment says about hubs, in the variables of Python's huggingface_hub.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

/// Where files come from if nothing else is said.
const ENDPOINT: &str = "https://huggingface.co";

/// How long a server may be silent, in seconds, if nothing else is said.
const PATIENCE: u64 = 10;

/// An environment variable by its name.
type Variable<'a> = &'a dyn Fn(&str) -> Option<OsString>;

/// What the environment says.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Settings {
    /// Folder of the cache, which has one folder for each repository.
    pub cache: PathBuf,
    /// The server, without a `/` at its end.
    pub endpoint: String,
    /// Who asks, for repositories that are not everybody's.
    pub token: Option<String>,
    /// Nothing is to be asked of a server.
    pub offline: bool,
    /// How long a server may be silent.
    pub patience: Duration,
}

impl Settings {
    /// Those of this process.
    pub fn of_process() -> Self {
        Self::from(&|name| std::env::var_os(name))
    }

    /// Those that variables say.
    pub fn from(variable: Variable<'_>) -> Self {
        let set = |name: &str| variable(name).filter(|value| !value.is_empty());
        let text = |name: &str| set(name).and_then(|value| value.into_string().ok());
        let folder = |name: &str| set(name).map(|path| expanded(path, variable));
        let truth = |name: &str| text(name).is_some_and(|value| is_true(&value));
        let home = folder("HF_HOME").unwrap_or_else(|| {
            let caches = set("XDG_CACHE_HOME").map(PathBuf::from);
            let own = || expanded("~/.cache".into(), variable);
            caches.unwrap_or_else(own).join("huggingface")
        });
        let cache = folder("HF_HUB_CACHE").or_else(|| folder("HUGGINGFACE_HUB_CACHE"));
        let endpoint = text("HF_ENDPOINT").unwrap_or_else(|| ENDPOINT.to_owned());
        let file = || folder("HF_TOKEN_PATH").unwrap_or_else(|| home.join("token"));
        let token = text("HF_TOKEN").or_else(|| text("HUGGING_FACE_HUB_TOKEN"));
        let token = match truth("HF_HUB_DISABLE_IMPLICIT_TOKEN") {
            true => None,
            false => token.or_else(|| std::fs::read_to_string(file()).ok()),
        };
        let seconds = text("HF_HUB_DOWNLOAD_TIMEOUT").and_then(|text| text.trim().parse().ok());
        Self {
            cache: cache.unwrap_or_else(|| home.join("hub")),
            endpoint: endpoint.trim().trim_end_matches('/').to_owned(),
            token: token
                .map(|t| t.replace(['\r', '\n'], "").trim().to_owned())
                .filter(|t| !t.is_empty()),
            offline: match text("HF_HUB_OFFLINE") {
                Some(value) => is_true(&value),
                None => truth("TRANSFORMERS_OFFLINE"),
            },
            patience: Duration::from_secs(seconds.filter(|s| *s > 0).unwrap_or(PATIENCE)),
        }
    }
}

/// Whether a switch is on, as huggingface_hub reads it.
fn is_true(value: &str) -> bool {
    ["1", "ON", "YES", "TRUE"].contains(&value.to_ascii_uppercase().as_str())
}

/// A path with `~` at its beginning and variables in it, `$NAME` or `${NAME}`, as Python expands
/// them: what is not set stays as it is written.
fn expanded(path: OsString, variable: Variable<'_>) -> PathBuf {
    let Some(written) = path.to_str() else { return path.into() };
    let home = || variable("HOME").map(PathBuf::from).or_else(std::env::home_dir);
    let mut rest = written;
    let mut text = String::new();
    if let Some(below) = written.strip_prefix('~').filter(|b| b.is_empty() || b.starts_with('/'))
        && let Some(home) = home().and_then(|home| home.into_os_string().into_string().ok())
    {
        (text, rest) = (home, below);
    }
    while let Some((before, after)) = rest.split_once('$') {
        text.push_str(before);
        let (name, end) = match after.strip_prefix('{').and_then(|inner| inner.split_once('}')) {
            Some((name, end)) => (name, end),
            None => {
                let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
                after.split_at(after.find(|c| !is_name(c)).unwrap_or(after.len()))
            }
        };
        match variable(name).and_then(|value| value.into_string().ok()) {
            Some(value) if !name.is_empty() => {
                text.push_str(&value);
                rest = end;
            }
            _ => {
                text.push('$');
                rest = after;
            }
        }
    }
    text.push_str(rest);
    text.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(variables: &[(&str, &str)]) -> Settings {
        let value = |name: &str| variables.iter().find(|(known, _)| *known == name);
        Settings::from(&|name| value(name).map(|(_, value)| OsString::from(value)))
    }

    #[test]
    fn the_cache_is_where_huggingface_hub_has_it() {
        let cache = |variables: &[(&str, &str)]| {
            let mut all = vec![("HOME", "/h")];
            all.extend(variables);
            of(&all).cache.display().to_string()
        };
        assert_eq!(cache(&[]), "/h/.cache/huggingface/hub");
        assert_eq!(cache(&[("XDG_CACHE_HOME", "/x")]), "/x/huggingface/hub");
        assert_eq!(cache(&[("HF_HOME", "/a"), ("XDG_CACHE_HOME", "/x")]), "/a/hub");
        assert_eq!(cache(&[("HF_HOME", "~/a")]), "/h/a/hub");
        assert_eq!(cache(&[("HF_HOME", "~other/a")]), "~other/a/hub");
        assert_eq!(cache(&[("HF_HOME", "$D/a"), ("D", "/d")]), "/d/a/hub");
        assert_eq!(cache(&[("HF_HOME", "${D}x/$E$"), ("D", "/d")]), "/dx/$E$/hub");
        assert_eq!(cache(&[("HF_HOME", "")]), "/h/.cache/huggingface/hub");
        assert_eq!(cache(&[("HUGGINGFACE_HUB_CACHE", "/old"), ("HF_HOME", "/a")]), "/old");
        assert_eq!(cache(&[("HF_HUB_CACHE", "/c"), ("HUGGINGFACE_HUB_CACHE", "/old")]), "/c");
    }

    #[test]
    fn the_token_is_the_variable_or_the_file() {
        let folder = std::env::temp_dir().join(format!("proofmark-token-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("token"), "of_file\n").unwrap();
        let home = ("HF_HOME", folder.to_str().unwrap());
        let token = |more: &[(&str, &str)]| of(&[&[home], more].concat()).token;
        assert_eq!(token(&[]).as_deref(), Some("of_file"));
        assert_eq!(token(&[("HF_TOKEN", " of_variable\r\n")]).as_deref(), Some("of_variable"));
        assert_eq!(token(&[("HUGGING_FACE_HUB_TOKEN", "old")]).as_deref(), Some("old"));
        assert_eq!(token(&[("HF_TOKEN_PATH", "/nowhere/token")]), None);
        let off = ("HF_HUB_DISABLE_IMPLICIT_TOKEN", "1");
        assert_eq!(token(&[off, ("HF_TOKEN", "x")]), None);
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn server_patience_and_switches_are_read() {
        assert_eq!(of(&[]).endpoint, "https://huggingface.co");
        assert_eq!(
            of(&[("HF_ENDPOINT", "https://mirror.example/hf/")]).endpoint,
            "https://mirror.example/hf"
        );
        assert_eq!(of(&[]).patience.as_secs(), 10);
        assert_eq!(of(&[("HF_HUB_DOWNLOAD_TIMEOUT", "45")]).patience.as_secs(), 45);
        for wrong in ["0", "-1", "soon", ""] {
            assert_eq!(of(&[("HF_HUB_DOWNLOAD_TIMEOUT", wrong)]).patience.as_secs(), 10, "{wrong}");
        }
        for on in ["1", "on", "YES", "True"] {
            assert!(of(&[("HF_HUB_OFFLINE", on)]).offline, "{on}");
            assert!(of(&[("TRANSFORMERS_OFFLINE", on)]).offline, "{on}");
        }
        assert!(!of(&[("HF_HUB_OFFLINE", "0"), ("TRANSFORMERS_OFFLINE", "1")]).offline);
        assert!(!of(&[]).offline);
    }
}
