//! Clusters files: a user's own declarations of where stages are made.
//!
//! They are in no key, and experiments do not name them, so that these stay portable.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::check::{Checker, Names};
use super::cursor::Cursor;
use super::diagnostic::{Code, Diagnostic};
use super::load::{Loaded, read};
use super::model::Project;
use super::node::{Decode, Placed};
use super::schema::Kind;
use super::source::Files;
use super::span::{FileId, Origin};
use super::suggest::{did_you_mean, near};
use super::syntax::chunks;

pub use super::nodes::clusters::{
    Cluster, Engine, Job, JobKind, Limits, Local, LocalDevice, SbatchOption, Setup, Slurm,
};

/// The clusters that a file and its imports declare.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Clusters {
    /// The file.
    pub file: PathBuf,
    /// The clusters, in order.
    pub clusters: Vec<Placed<Cluster>>,
}

/// A cluster that is not declared.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.words())]
pub struct NoCluster {
    /// Its name.
    pub name: String,
    /// Those that there are.
    pub there: Vec<String>,
    /// The file that was looked into.
    pub file: PathBuf,
}

impl NoCluster {
    fn words(&self) -> String {
        let (name, file) = (&self.name, self.file.display());
        let listed: Vec<String> = self.there.iter().map(|there| format!("`{there}`")).collect();
        let meant = near(name, self.there.iter().map(String::as_str));
        let meant = meant.map_or(String::new(), |meant| format!("; {}", did_you_mean(name, meant)));
        match listed.is_empty() {
            true => format!("there is no cluster `{name}`: `{file}` declares none"),
            false => format!(
                "there is no cluster `{name}`: `{file}` declares {}{meant}",
                listed.join(", ")
            ),
        }
    }
}

impl Clusters {
    /// The cluster of a name.
    ///
    /// # Errors
    /// One that is not declared, with those that are.
    pub fn of(&self, name: &str) -> Result<&Placed<Cluster>, NoCluster> {
        self.clusters.iter().find(|cluster| cluster.name == name).ok_or_else(|| NoCluster {
            name: name.to_owned(),
            there: self.clusters.iter().map(|cluster| cluster.name.clone()).collect(),
            file: self.file.clone(),
        })
    }
}

/// The variable that names the clusters file.
pub const VARIABLE: &str = "PROOFMARK_CLUSTERS";

/// No place for a clusters file: neither a home folder is known nor a file named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "no clusters file: name one with --clusters FILE or {VARIABLE}; else it is looked for in \
     $XDG_CONFIG_HOME/proofmark and ~/.config/proofmark, and neither variable is set"
)]
pub struct NoPlace;

/// Where the clusters file is: the one that is named, else by the variable `PROOFMARK_CLUSTERS`, else
/// `proofmark/clusters.kdl` in the user's folder of settings. It need not be there.
///
/// # Errors
/// An environment that names no such folder.
pub fn clusters_file(
    named: Option<&Path>,
    environment: &dyn Fn(&str) -> Option<OsString>,
) -> Result<PathBuf, NoPlace> {
    let path = |name| environment(name).filter(|text| !text.is_empty()).map(PathBuf::from);
    if let Some(named) = named.map(Path::to_path_buf).or_else(|| path(VARIABLE)) {
        return Ok(named);
    }
    // The standard has relative folders ignored.
    let settings = path("XDG_CONFIG_HOME").filter(|folder| folder.is_absolute());
    let settings = settings.or_else(|| path("HOME").map(|home| home.join(".config")));
    settings.map(|settings| settings.join("proofmark/clusters.kdl")).ok_or(NoPlace)
}

/// Whether the first declaration of a text is a `cluster`.
pub fn declares_clusters(text: &str) -> bool {
    let (chunks, _) = chunks(text, FileId::ROOT);
    let mut heads = chunks.iter().filter_map(|chunk| chunk.head.first());
    heads.find(|head| *head != "import").is_some_and(|head| head == Cluster::SPEC.name)
}

/// Whether a file can be read and its first declaration is a `cluster`.
pub fn is_clusters_file(path: &Path, files: &dyn Files) -> bool {
    let text = files.read(path).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    text.is_some_and(|text| declares_clusters(&text))
}

/// Reads a clusters file and what it imports, and checks it all. The project is empty.
///
/// Nothing is returned early: what is wrong in one place hides nothing elsewhere.
pub fn load_clusters(path: &Path, files: &dyn Files) -> (Clusters, Loaded) {
    let (sources, mut sink, declarations) = read(path, files);
    let mut clusters = Clusters { file: path.to_owned(), clusters: Vec::new() };
    let mut seen: BTreeMap<String, Origin> = BTreeMap::new();
    for node in &declarations.nodes {
        let (name, at) = (node.name.value.as_str(), node.name.origin);
        if name == Cluster::SPEC.name {
            let mut names = Names::default();
            let mut checker =
                Checker { names: &mut names, elsewhere: None, sources: &sources, sink: &mut sink };
            checker.declaration(node, Cluster::SPEC);
            if let Some(label) = node.label() {
                if let Some(first) = seen.get(label.value) {
                    let title = format!("two clusters `{}`", label.value);
                    sink.report(Diagnostic::duplicate_name(title, label.origin, *first));
                }
                seen.entry(label.value.to_owned()).or_insert(label.origin);
            }
            let cursor = Cursor::new(node, Cluster::SPEC, &sources);
            match Cluster::decode(cursor, &mut sink) {
                Some(cluster) => clusters.clusters.push(cluster),
                None => sink.nothing_vanishes(at, Cluster::SPEC.name),
            }
        } else if let Some(kind) = Kind::of(name) {
            sink.report(
                Diagnostic::error(
                    Code::OtherFile,
                    format!("{} in a clusters file", kind.with_article()),
                )
                .text("a clusters file says where stages are made, and nothing of what they are")
                .at(at, "belongs in an experiment file")
                .help("move it there; experiments do not name clusters, `run FILE --on NAME` does"),
            );
        } else {
            sink.report(
                Diagnostic::error(Code::UnknownNode, format!("unknown node `{name}`"))
                    .text("a clusters file has `import` and `cluster`")
                    .at(at, "does not belong at the top of a clusters file")
                    .maybe_help(
                        near(name, [Cluster::SPEC.name, "import"])
                            .map(|meant| did_you_mean(name, meant)),
                    ),
            );
        }
    }
    let (diagnostics, omitted) = sink.finish();
    (clusters, Loaded { project: Project::default(), sources, diagnostics, omitted })
}

#[cfg(test)]
#[path = "clusters_tests.rs"]
mod tests;
