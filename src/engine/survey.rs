//! What there is of a file's data sets, and how far the store has come with them. Nothing is run.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use super::kind::StageKind;
use super::stages::{faces, sample};
use super::world::{World, look_at};
use proofmark_base::store::Store;
use proofmark_base::work::{Events, Failure};
use proofmark_data::DataError;
use proofmark_data::statistics::{CountKind, SurveyRow};
use proofmark_data::survey::{Purpose, SetTable, Survey};
use proofmark_lang::model::{Dataset, Ensemble, Label, Placed, Project};
use proofmark_plan::scope::{experiments, only_datasets};
use proofmark_prepare::faces::read_tables;
use proofmark_prepare::outcomes::Outcomes;
use proofmark_prepare::store::PreparedVideo;

/// How far the preparation of a data set has come.
#[derive(Debug)]
pub enum Prepared {
    /// It has not begun.
    Not,
    /// It has begun, and goes on.
    Partly,
    /// It is in the store, in this folder.
    Wholly(PathBuf, Vec<PreparedVideo>),
    /// What there is cannot be told, for this reason.
    Unknown(Failure),
}

/// Looks at the data sets of a project. `file` is what the notes call it. Data sets that are
/// not there are rows with published numbers and a note; the world says which they are.
///
/// # Errors
/// A store that cannot be used.
pub fn survey(
    project: &Project,
    file: &Path,
    store: &Store,
    events: &dyn Events,
) -> Result<(Survey, World), Failure> {
    let mut world = look_at(&sets(&groups(project)), store, events)?;
    let survey = survey_of(project, file, store, &mut world, events)?;
    Ok((survey, world))
}

/// The same of a world that has been looked at.
///
/// # Errors
/// A store that cannot be used.
pub fn survey_of(
    project: &Project,
    file: &Path,
    store: &Store,
    world: &mut World,
    events: &dyn Events,
) -> Result<Survey, Failure> {
    let (groups, ensembles) = (groups(project), ensembles(project));
    let sets = sets(&groups);
    let mut prepared = BTreeMap::new();
    for dataset in &sets {
        let how_far = Prepared::of(dataset, world, store, events);
        prepared.insert(dataset.name.as_str(), how_far);
    }
    store.save_digests()?;

    let faces = prepared_faces(&prepared);
    let mut survey = Survey::default();
    let mut noted = BTreeSet::new();
    let mixed = sets.iter().any(|set| set.layout.demo().is_none());
    for (purpose, sets) in groups {
        let mut rows = Vec::new();
        for dataset in sets {
            let name = dataset.name.as_str();
            let row = row(dataset, world, &prepared[name]);
            if noted.insert(name) {
                let verb = format!("`proofmark prepare {}`", file.display());
                note(&mut survey, &row, dataset, world, &prepared[name], &verb);
                if row.synthetic && mixed {
                    let text = "synthetic: drawn by Proofmark, not real data";
                    survey.note(&row, "synthetic", None, text);
                }
            }
            rows.push(row);
        }
        let mut table = SetTable { purpose, rows, notes: Vec::new() };
        if let Some(ensemble) = table.purpose.ensemble().and_then(|name| ensembles.get(name)) {
            let key = sample::key(project, ensemble, &world.facts);
            match store.find(StageKind::Sample.word(), &key) {
                Some(folder) => table.sampled(&sample::counts(
                    project,
                    ensemble,
                    world,
                    &|dataset, video| faces.get(&(dataset, video)).copied().unwrap_or(0),
                    &folder,
                )?),
                None => table.notes.push(format!(
                    "not sampled yet; `proofmark train {}` samples, then trains",
                    file.display()
                )),
            }
        }
        survey.tables.push(table);
    }
    Ok(survey)
}

/// All data sets of some groups, each once, by name.
fn sets<'a>(groups: &[(Purpose, Vec<&'a Placed<Dataset>>)]) -> Vec<&'a Placed<Dataset>> {
    let sets = groups.iter().flat_map(|(_, sets)| sets).map(|d| (d.name.as_str(), *d));
    sets.collect::<BTreeMap<_, _>>().into_values().collect()
}

/// The data sets of each table: those of every ensemble that is trained on, then those that
/// are scored only. In a file without experiments, all that it declares.
fn groups(project: &Project) -> Vec<(Purpose, Vec<&Placed<Dataset>>)> {
    if only_datasets(project) {
        return vec![(Purpose::Declared, project.datasets.values().collect())];
    }
    let mut trained = BTreeSet::new();
    let mut groups = Vec::new();
    for ensemble in ensembles(project).into_values() {
        let mut seen = BTreeSet::new();
        let names = ensemble.sources.iter().map(|s| s.dataset.as_str());
        let names = names.filter(|name| seen.insert(*name));
        let sets: Vec<&Placed<Dataset>> =
            names.filter_map(|name| project.datasets.get(name)).collect();
        trained.extend(sets.iter().map(|set| set.name.as_str()));
        groups.push((Purpose::Training(ensemble.name.clone()), sets));
    }
    let mut tested = tested(project);
    tested.retain(|set| !trained.contains(set.name.as_str()));
    if !tested.is_empty() {
        groups.push((Purpose::Testing, tested));
    }
    groups
}

/// What is known of one data set.
fn row(dataset: &Placed<Dataset>, world: &World, prepared: &Prepared) -> SurveyRow {
    let mut row = SurveyRow::published(dataset);
    let name = &dataset.name;
    let Some(scan) = world.scans.get(name) else { return row };
    row.scanned(dataset, scan);
    let Prepared::Wholly(_, videos) = prepared else { return row };
    let outcomes = Outcomes::of(videos);
    for (measure, number) in [
        (CountKind::WithFace, outcomes.with_face()),
        (CountKind::NoFace, outcomes.no_face.count),
        (CountKind::Unreadable, outcomes.unreadable.count),
        (CountKind::Missing, outcomes.missing.count),
        (CountKind::Faces, outcomes.faces),
    ] {
        row.find(measure, number as u64);
    }
    // What was read says more than what is listed.
    let listed = scan.manifest.video_rows();
    let labels: BTreeMap<&str, Label> = listed.iter().map(|v| (v.key.as_str(), v.label)).collect();
    for (measure, label) in
        [(CountKind::RealFrames, Label::Real), (CountKind::FakeFrames, Label::Fake)]
    {
        let of = videos.iter().filter(|v| labels.get(v.video_key.as_str()) == Some(&label));
        row.find(measure, of.map(PreparedVideo::readable_frames).sum());
    }
    row
}

/// What is to be said of one data set. `preparer` is what prepares it.
fn note(
    survey: &mut Survey,
    row: &SurveyRow,
    dataset: &Placed<Dataset>,
    world: &World,
    prepared: &Prepared,
    preparer: &str,
) {
    let name = &dataset.name;
    if let Some(why) = world.lacking(name) {
        let about = match why.of_data() {
            Some(DataError::NotFound { .. }) => "not-found",
            Some(DataError::Incomplete { .. }) => "incomplete",
            Some(_) | None => "not-readable",
        };
        survey.note(row, about, None, why.to_string());
        return;
    }
    if let Some(scan) = world.scans.get(name) {
        survey.note_scan(row, dataset, scan);
    }
    match prepared {
        Prepared::Not => {
            let text = format!("not prepared yet, which {preparer} does");
            survey.note(row, "not-prepared", None, text);
        }
        Prepared::Partly => {
            let text = format!("prepared in part; {preparer} goes on from there");
            survey.note(row, "partly-prepared", None, text);
        }
        Prepared::Unknown(why) => survey.note(row, "not-prepared", None, why.to_string()),
        Prepared::Wholly(_, videos) => {
            survey.note(row, "prepared", None, format!("prepared; {}", Outcomes::of(videos)));
        }
    }
}

/// Number of faces of each prepared video, by data set and key.
fn prepared_faces<'a>(
    prepared: &'a BTreeMap<&'a str, Prepared>,
) -> HashMap<(&'a str, &'a str), u32> {
    let mut faces = HashMap::new();
    for (dataset, prepared) in prepared {
        if let Prepared::Wholly(_, videos) = prepared {
            faces.extend(videos.iter().map(|v| ((*dataset, v.video_key.as_str()), v.faces as u32)));
        }
    }
    faces
}

impl Prepared {
    /// That of a data set that was looked at.
    pub fn of(
        dataset: &Placed<Dataset>,
        world: &mut World,
        store: &Store,
        events: &dyn Events,
    ) -> Self {
        match world.find_detector(dataset, store, None, events) {
            Ok(None) => {}
            Ok(Some(why)) => return Self::Unknown(why),
            Err(failure) => return Self::Unknown(Failure::data(failure)),
        }
        let (word, key) = (StageKind::Faces.word(), faces::key(dataset, &world.facts));
        match store.find(word, &key) {
            None if store.has_state(word, &key) => Self::Partly,
            None => Self::Not,
            Some(folder) => match read_tables(&folder) {
                Ok(videos) => Self::Wholly(folder, videos),
                Err(why) => Self::Unknown(Failure::data(why)),
            },
        }
    }
}

/// The ensembles of the file's experiments, by name.
fn ensembles(project: &Project) -> BTreeMap<&str, &Ensemble> {
    experiments(project).into_iter().map(|e| (e.data.name.as_str(), &*e.data)).collect()
}

/// What the tables score, in their order.
fn tested(project: &Project) -> Vec<&Placed<Dataset>> {
    let columns = project.tables.iter().flat_map(|t| &t.scenarios).flat_map(|s| &s.columns);
    let mut seen = BTreeSet::new();
    columns
        .filter_map(|column| project.datasets.get(column.reported()?.dataset))
        .filter(|dataset| seen.insert(dataset.name.as_str()))
        .collect()
}
