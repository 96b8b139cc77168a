//! Paths as a shell would read them.

use crate::diagnostic::{Code, Diagnostic, Sink};
use crate::model::{DataPath, Dataset, Placed, Project, Weights};
use crate::span::Origin;

/// Reports paths with signs that a shell replaces and Proofmark does not.
pub(super) fn paths(project: &Project, sink: &mut Sink) {
    for dataset in project.datasets.values() {
        for (path, at) in of_dataset(dataset) {
            path_of(path, at, sink);
        }
    }
    for experiment in project.experiments.values() {
        if let Weights::File(file) = &experiment.init.weights {
            path_of(&file.path, file.at.path, sink);
        }
    }
    for table in &project.tables {
        for predictions in table.rows.iter().filter_map(|row| row.predictions.as_ref()) {
            path_of(&predictions.file, predictions.at.file, sink);
        }
        for reference in &table.references {
            path_of(&reference.file, reference.at.file, sink);
        }
    }
}

fn of_dataset(dataset: &Placed<Dataset>) -> Vec<(&DataPath, Origin)> {
    let mut paths = dataset.layout.paths();
    paths.extend(dataset.landmarks.iter().map(|path| (path, dataset.at.landmarks)));
    paths.extend(dataset.faces.weights.iter().map(|path| (path, dataset.faces.at.weights)));
    paths
}

fn path_of(path: &DataPath, at: Origin, sink: &mut Sink) {
    let written = path.written.as_str();
    let Some((title, help)) = odd(written) else { return };
    sink.report(
        Diagnostic::warning(Code::OddValue, title)
            .text("a path is relative to the file that states it, or begins with `env:NAME`")
            .at(at, "taken letter by letter")
            .help(help),
    );
}

/// What is odd about a path, and what to write.
fn odd(written: &str) -> Option<(&'static str, String)> {
    let letters = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let env = |name: &str, rest: &str| format!("write `\"env:{name}{}\"`", rest.replace('\\', "/"));
    if let Some(rest) =
        written.strip_prefix('~').filter(|rest| rest.is_empty() || rest.starts_with(['/', '\\']))
    {
        return Some(("`~` in a path", env("HOME", rest)));
    }
    // `$NAME`, `${NAME}`, `%NAME%`, `$(NAME)`, `env:$NAME`.
    let plain = written.strip_prefix("env:").unwrap_or(written);
    for (open, close) in [("${", "}"), ("$(", ")"), ("%", "%"), ("$env:", ""), ("$", "")] {
        let Some(inside) = plain.strip_prefix(open) else { continue };
        let end = inside.find(|c| !letters(c)).unwrap_or(inside.len());
        let (name, rest) = inside.split_at(end);
        if let (false, Some(rest)) = (name.is_empty(), rest.strip_prefix(close)) {
            return Some(("a variable of a shell in a path", env(name, rest)));
        }
    }
    if let Some((before, after)) =
        written.split_once("env:").filter(|(before, _)| !before.is_empty())
    {
        let inside = before.ends_with(['/', '\\']);
        return inside.then(|| {
            let help = format!("begin with it: `\"env:{after}\"`");
            ("`env:` inside a path", help)
        });
    }
    let upper =
        |name: &str| name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_');
    match written.split_once(':') {
        Some(("ENV" | "Env" | "$env", rest)) => {
            Some(("`env` in capitals", format!("write `\"env:{rest}\"`")))
        }
        Some(("file", rest)) => {
            let rest = rest.trim_start_matches("//");
            Some(("an address of a file", format!("write the path alone: `\"{rest}\"`")))
        }
        Some(("http" | "https" | "s3" | "gs", _)) => Some((
            "an address of the network",
            "download the file, and write where it lies; weights may be `hf://OWNER/REPO/PATH`"
                .to_owned(),
        )),
        // A drive has one letter.
        Some((name, rest)) if name.len() > 1 && upper(name) && !rest.starts_with("//") => Some((
            "a variable without `env:`",
            format!("write `\"env:{name}/{}\"`", rest.trim_start_matches('/')),
        )),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_of_shells_are_known_and_paths_are_not() {
        let help = |path| odd(path).map(|(_, help)| help);
        for (path, right) in [
            ("~/faces", "env:HOME/faces"),
            ("$MY_FACES/x", "env:MY_FACES/x"),
            ("${MY_FACES}", "env:MY_FACES"),
            ("%USERPROFILE%\\faces", "env:USERPROFILE/faces"),
            ("env:$X/y", "env:X/y"),
            ("env:${X}", "env:X"),
        ] {
            assert_eq!(help(path), Some(format!("write `\"{right}\"`")), "{path}");
        }
        assert_eq!(help("/data/env:X/y").as_deref(), Some("begin with it: `\"env:X/y\"`"));
        assert_eq!(help("ENV:X").as_deref(), Some("write `\"env:X\"`"));
        assert_eq!(help("file:///data/x").as_deref(), Some("write the path alone: `\"/data/x\"`"));
        assert_eq!(help("FACES:x").as_deref(), Some("write `\"env:FACES/x\"`"));
        for path in
            ["env:X/y", "faces", "../a~b", "/data/50%", "C:/faces", "a$b", "hf://o/r/f", "~user/x"]
        {
            assert_eq!(help(path), None, "{path}");
        }
    }
}
