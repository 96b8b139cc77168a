//! Everything that a table's page shows, brought together.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::common::common;
use proofmark_base::work::Failure;
use proofmark_lang::model::{Experiment, Placed, Project, Row, Table};
use proofmark_lang::span::Origin;
use proofmark_lang::{Loaded, Sources, normalized};
use proofmark_plan::scope::Target;
use proofmark_report::evidence::{Evidence, ScoreKey};
use proofmark_report::findings::Findings;
use proofmark_report::page::content::{Content, ExperimentText, Index, Pace};
use proofmark_report::page::shapes::shapes;
use proofmark_report::table::TableData;
use proofmark_train::journal::record::term_names;

/// The content of a table's page: a function of the declarations and the findings, so that a pack
/// gives the page that the run gave.
///
/// # Errors
/// Scores that are not finite.
pub fn content<'a>(
    loaded: &Loaded,
    table: &Table,
    evidence: &Evidence,
    (data, findings): (&'a TableData, &'a Findings),
) -> Result<Content<'a>, Failure> {
    let units = shapes(&loaded.project, table, evidence);
    let named = Named::of(loaded);
    let experiments = |row: &Placed<Row>| row.experiments().map(str::to_owned).collect();
    Ok(Content {
        table: data,
        findings,
        index: Index::of(findings),
        units: units.map_err(Failure::data)?,
        texts: texts(loaded, table, &named),
        experiments: table.rows.iter().map(experiments).collect(),
        weights: weights(&loaded.project, table, evidence),
        faces: BTreeMap::new(),
        paces: Vec::new(),
        command: format!("proofmark run {}", named.root(&loaded.sources)),
    })
}

/// How fast the rows of a table were scored, of those whose times are known.
pub fn paces(table: &Table, evidence: &Evidence, findings: &Findings) -> Vec<Pace> {
    let mut paces = Vec::new();
    for (row, declared) in table.rows.iter().enumerate() {
        let mut pace = Pace { row, ..Pace::default() };
        for scores in &findings.scores {
            let Target { dataset, split, corruption: None } = &scores.target else { continue };
            let of_row = declared.experiments().any(|name| name == scores.experiment);
            let (true, false, Some(took)) = (of_row, scores.outside.is_some(), &scores.took) else {
                continue;
            };
            // Scores that are made of scores took no model.
            if findings.calibrations.contains_key(&scores.experiment) {
                continue;
            }
            let key = ScoreKey {
                experiment: scores.experiment.clone(),
                dataset: dataset.clone(),
                split: *split,
                corruption: None,
            };
            let Some(Ok(scored)) = evidence.scores.get(&key) else { continue };
            let faces = &scored.frames.rows;
            let videos: BTreeSet<&str> = faces.iter().map(|face| &*face.video).collect();
            pace.faces += faces.len() as u64;
            pace.videos += videos.len() as u64;
            pace.seconds += took.seconds;
            pace.machines.extend(took.with.as_ref().map(ToString::to_string));
        }
        if pace.faces > 0 {
            paces.push(pace);
        }
    }
    paces
}

/// The weight of each term of the objectives of a table's rows.
fn weights(
    project: &Project,
    table: &Table,
    evidence: &Evidence,
) -> BTreeMap<(String, String), f64> {
    let names = table.rows.iter().flat_map(|row| row.experiments());
    let experiments = names.filter_map(|name| Some((name, evidence.model(project, name)?)));
    let of = |(name, experiment): (&str, &Placed<Experiment>)| {
        let weights =
            experiment.loss.terms.iter().map(|term| term.term().weight()).collect::<Vec<_>>();
        let terms = term_names(&experiment.loss).into_iter().zip(weights);
        terms.map(|(term, weight)| ((name.to_owned(), term), weight)).collect::<Vec<_>>()
    };
    experiments.flat_map(of).collect()
}

/// How the page names files: as the user did; but where that leads from the root of this machine,
/// from the folder that the files of the project have in common, as a pack of it does.
struct Named {
    common: Option<PathBuf>,
}

impl Named {
    fn of(loaded: &Loaded) -> Self {
        let absolute = loaded.sources.root().is_some_and(Path::is_absolute);
        let references = loaded.project.tables.iter().flat_map(|table| &table.references);
        let references = references.map(|r| r.file.base.join(&r.file.written));
        let paths = loaded.sources.paths().map(Path::to_owned).chain(references);
        let paths: Vec<PathBuf> = paths.map(|path| normalized(&path)).collect();
        Self { common: absolute.then(|| common(&paths)) }
    }

    fn file(&self, path: &Path) -> String {
        let path = self.common.as_ref().map_or(path.to_owned(), |common| {
            let path = normalized(path);
            path.strip_prefix(common).map(Path::to_owned).unwrap_or(path)
        });
        path.display().to_string()
    }

    /// The file that was given.
    fn root(&self, sources: &Sources) -> String {
        sources.root().map(|path| self.file(path)).unwrap_or_default()
    }
}

/// What is written of each experiment of a table's rows.
fn texts(loaded: &Loaded, table: &Table, named: &Named) -> BTreeMap<String, ExperimentText> {
    let mut texts = BTreeMap::new();
    for row in &table.rows {
        for name in row.experiments() {
            let origins = match loaded.project.experiments.get(name) {
                Some(experiment) => origins(&loaded.project, experiment),
                // The scores of another tool are declared in the table itself.
                None => vec![row.at.experiment],
            };
            let text = text(&loaded.sources, named, &origins);
            texts.extend(text.map(|text| (name.to_owned(), text)));
        }
    }
    texts
}

/// Places inside the declarations that make an experiment, its own first.
fn origins(project: &Project, experiment: &Placed<Experiment>) -> Vec<Origin> {
    let mut origins = vec![experiment.at.name];
    let mut base = experiment.extends.as_ref();
    while let Some(declared) = base.and_then(|name| project.experiments.get(name)) {
        // A broken file might lead in circles; a project that was checked does not.
        if origins.contains(&declared.at.name) {
            break;
        }
        origins.push(declared.at.name);
        base = declared.extends.as_ref();
    }
    let Experiment { data, backbone, init, recipe, loss, .. } = &**experiment;
    origins.extend([data.at.name, backbone.at.name, init.at.name, recipe.at.name]);
    origins.extend(loss.terms.iter().map(|term| term.term().node()));
    origins.extend([experiment.at.attribution, experiment.at.calibrate]);
    origins
}

/// The declarations around some places, each once.
fn text(sources: &Sources, named: &Named, origins: &[Origin]) -> Option<ExperimentText> {
    let mut found: Vec<Origin> = Vec::new();
    for declaration in origins.iter().filter_map(|origin| sources.declaration(*origin)) {
        if !found.contains(&declaration) {
            found.push(declaration);
        }
    }
    let place = |origin| {
        let place = sources.place(origin)?;
        Some(format!("{}:{}", named.file(&place.file), place.line))
    };
    let parts = found.iter().filter_map(|&declaration| {
        Some(format!("// {}\n{}", place(declaration)?, sources.excerpt(declaration)?))
    });
    Some(ExperimentText {
        text: parts.collect::<Vec<_>>().join("\n\n"),
        place: place(*found.first()?)?,
    })
}
