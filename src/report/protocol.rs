//! How rows differ in what they were trained on or measured with, so that no comparison is
//! silently unfair.

use std::collections::{BTreeMap, BTreeSet};

use super::evidence::{Evidence, ScoreKey};
use proofmark_lang::model::{
    Dataset, Detector, Experiment, FrameRule, Project, Quota, Row, Table, Weights,
};

/// A sentence for all rows of another training data or input than most, for each of them that
/// there is, and one for each row that another tool scored.
pub(super) fn notes(project: &Project, table: &Table, evidence: &Evidence) -> Vec<String> {
    // Rows by what has to be the same, in the order of their first.
    let mut groups: Vec<([String; 6], Vec<&str>)> = Vec::new();
    let mut places: BTreeMap<[String; 6], usize> = BTreeMap::new();
    for row in &table.rows {
        let Some(experiment) = evidence.model(project, &row.experiment) else { continue };
        // What a model that is ready was trained on is not known.
        if experiment.ready().is_some() {
            continue;
        }
        let protocol = protocol(project, experiment, evidence);
        let place = *places.entry(protocol).or_insert_with_key(|protocol| {
            groups.push((protocol.clone(), Vec::new()));
            groups.len() - 1
        });
        groups[place].1.push(&row.label);
    }
    let mut notes = Vec::new();
    // Of groups of one size, the last that `max_by_key` sees wins: here the first.
    if let Some((usual, most)) = groups.iter().rev().max_by_key(|(_, labels)| labels.len()) {
        for (protocol, labels) in groups.iter().filter(|(protocol, _)| protocol != usual) {
            let differences: Vec<String> = protocol
                .iter()
                .zip(usual)
                .filter(|(ours, theirs)| ours != theirs)
                .map(|(ours, theirs)| format!("{ours} rather than {theirs}"))
                .collect();
            let (differ, their) =
                if labels.len() == 1 { ("differs", "its") } else { ("differ", "their") };
            notes.push(format!(
                "{} {differ} from {} in {their} data: {}.",
                labels.join(", "),
                most[0],
                differences.join("; ")
            ));
        }
    }
    notes.extend(table.rows.iter().filter_map(|row| ready(project, row)));
    notes.extend(table.rows.iter().filter_map(|row| outside(row, evidence)));
    notes
}

/// That a row was not trained here.
fn ready(project: &Project, row: &Row) -> Option<String> {
    let experiment = project.experiments.get(&row.experiment)?;
    experiment.ready()?;
    let Weights::File(file) = &experiment.init.weights else { return None };
    Some(format!(
        "{} was not trained here: it is {} as it is, and what it was trained on is not known.",
        row.label, file.path.written
    ))
}

/// What has to be the same for a fair comparison, in words.
fn protocol(project: &Project, experiment: &Experiment, evidence: &Evidence) -> [String; 6] {
    let sources = &experiment.data.sources;
    let mut trained: Vec<String> = sources
        .iter()
        .map(|source| {
            let (train, val) = (source.train.word(), source.val.word());
            let name = &source.dataset;
            let mut words = Vec::new();
            words.extend(source.pseudo_fake.as_ref().map(|_| "pseudo-fakes".to_owned()));
            // The same name may be another list of videos in another file; a digest tells.
            words.extend(evidence.manifests.get(name).map(|digest| format!("split {digest:.8}")));
            if (train, val) != ("train", "val") {
                words.push(format!("train={train} val={val}"));
            }
            match words.is_empty() {
                true => name.clone(),
                false => format!("{name} ({})", words.join(", ")),
            }
        })
        .collect();
    // The order of sources means nothing.
    trained.sort_unstable();
    let sample = match &experiment.data.sample {
        None => "all".to_owned(),
        Some(rule) => {
            let (real, fake) = rule.real_to_fake;
            let (least, seed) = (rule.at_least, rule.seed);
            let whole = match rule.quota {
                Quota::Exact => "",
                Quota::Whole => ", the same whole number of every fake video",
            };
            format!("{real}:{fake} of at least {least} per video{whole}, seed {seed}")
        }
    };
    let each = |word: fn(&Dataset) -> String| {
        let sets = sources.iter().filter_map(|source| project.datasets.get(&source.dataset));
        sets.map(|set| word(set))
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect::<Vec<_>>()
            .join(" and ")
    };
    [
        format!("trained on {}", trained.join(", ")),
        format!("faces sampled: {sample}"),
        format!("images of {} pixels", experiment.backbone.image()),
        format!("frames: {}", each(frames)),
        format!("faces: {}", each(faces)),
        format!("compression: {}", each(compression)),
    ]
}

fn frames(dataset: &Dataset) -> String {
    match &dataset.frames {
        FrameRule::All => "all".to_owned(),
        FrameRule::Fps { fps } => format!("{} per second", fps),
        FrameRule::Every { every } => format!("every {}.", every),
        FrameRule::Count { count } => format!("{} per video", count),
    }
}

fn faces(dataset: &Dataset) -> String {
    let rule = &dataset.faces;
    match rule.detector {
        Detector::None => "as they come".to_owned(),
        Detector::Retinaface => {
            format!("box and {} % around it", (rule.margin * 1e8).round() / 1e6)
        }
    }
}

fn compression(dataset: &Dataset) -> String {
    dataset.layout.compression().unwrap_or("as it comes").to_owned()
}

/// What is not known of another tool's scores, and how many videos they are of.
fn outside(row: &Row, evidence: &Evidence) -> Option<String> {
    let file = &row.predictions.as_ref()?.file.written;
    let experiment = &row.experiment;
    let scored: Vec<String> = evidence
        .outside
        .range(ScoreKey::first_of(experiment)..)
        .take_while(|(key, _)| key.experiment == *experiment)
        .filter(|(_, coverage)| coverage.scored > 0)
        .map(|(key, c)| format!("{} {}/{}", key.dataset, c.scored, c.total))
        .collect();
    Some(format!(
        "{} is not of this project: another tool's scores, from {file}, joined by video ({}); its \
         training data, frames and crops are not known here.",
        row.label,
        if scored.is_empty() { "none found".to_owned() } else { scored.join(", ") }
    ))
}

#[cfg(test)]
#[path = "protocol_tests.rs"]
mod tests;
