//! Where the files of a data set lie: environment variables and relative paths.

use std::ffi::OsString;
use std::path::PathBuf;

use proofmark_lang::model::DataPath;
use proofmark_lang::span::Origin;

use super::error::DataError;

/// Looks up an environment variable.
pub type Env<'a> = &'a dyn Fn(&str) -> Option<OsString>;

/// What a path should lead to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Want {
    /// A folder.
    Folder,
    /// A file.
    File,
}

/// The path that `written` leads to, which exists and is what is wanted. `at` states it.
///
/// `env:NAME` and `env:NAME/below` start from an environment variable; anything else is
/// relative to the file that states it.
pub fn locate(
    dataset: &str,
    (written, at): (&DataPath, Origin),
    want: Want,
    env: Env,
) -> Result<PathBuf, DataError> {
    let not_found = |looked_for: String| DataError::NotFound {
        dataset: dataset.to_owned(),
        looked_for: vec![looked_for],
        say_otherwise: say_otherwise(dataset, written),
        origin: at,
    };
    let path = match variable(written) {
        None => written.base.join(&written.written),
        Some((name, below)) => match env(name) {
            Some(value) if !value.is_empty() => PathBuf::from(value).join(below),
            _ => return Err(not_found(format!("the environment variable {name} (not set)"))),
        },
    };
    // Without `.`, so that messages show the path as a person would write it.
    let path: PathBuf = path.components().collect();
    let shown = path.display();
    match (path.metadata(), want) {
        (Ok(found), Want::Folder) if found.is_dir() => Ok(path),
        (Ok(found), Want::File) if found.is_file() => Ok(path),
        (Ok(_), Want::Folder) => Err(not_found(format!("{shown} (exists, but is no folder)"))),
        (Ok(_), Want::File) => Err(not_found(format!("{shown} (exists, but is no file)"))),
        (Err(e), _) if e.kind() == std::io::ErrorKind::NotFound => {
            Err(not_found(shown.to_string()))
        }
        (Err(e), _) => Err(not_found(format!("{shown} ({e})"))),
    }
}

/// How to make a path lead elsewhere.
pub fn say_otherwise(dataset: &str, path: &DataPath) -> String {
    let edit = format!("write another path in the `layout` of data set `{dataset}`");
    match variable(path) {
        Some((name, _)) => format!("set {name}, or {edit}"),
        None => edit,
    }
}

/// The variable of an `env:` path and what follows it.
fn variable(path: &DataPath) -> Option<(&str, &str)> {
    let rest = path.written.strip_prefix("env:")?;
    Some(rest.split_once('/').unwrap_or((rest, "")))
}
