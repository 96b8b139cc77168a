//! `plan`: what would run, what is reused, and why.

use std::collections::btree_map::{BTreeMap, Entry};

use serde_json::json;

use super::args::{Format, PlanArgs};
use super::exit::Exit;
use super::output::Printer;
use super::progress::{StageProgress, bars};
use super::project::{Planned, Purpose, checked, failed, planned, print_missing};
use crate::engine::run::{Reason, reasons};
use crate::engine::sample::{class_names, expected};
use crate::lang::Loaded;
use crate::lang::model::Experiment;
use crate::model::architecture::Architecture;
use crate::model::params::ParamSpec;
use crate::plan::graph::{Stage, Work};
use crate::plan::inputs::Change;
use crate::plan::meaning::said;
use crate::report::numbers::thousands;
use crate::work::Failure;

/// Reasons that are told per stage before the rest is counted.
const SHOWN: usize = 3;

/// Prints the plan of a file.
pub fn plan(args: &PlanArgs, printer: Printer) -> Exit {
    let Some(loaded) = checked(&args.file, printer) else { return Exit::Invalid };
    match print(args, &loaded, printer) {
        Ok(exit) => exit,
        Err(failure) => failed(&failure, printer),
    }
}

fn print(args: &PlanArgs, loaded: &Loaded, printer: Printer) -> Result<Exit, Failure> {
    let looking = StageProgress::new(printer, "data".to_owned(), bars(printer));
    let planned = planned(loaded, &args.store.store, &looking, Purpose::Saying(printer))?;
    looking.finish();
    if !planned.world.missing.is_empty() {
        print_missing(&planned.world, printer);
        return Ok(Exit::Data);
    }
    let reasons = reasons(&planned.plan, &planned.store);
    let mut lines = String::new();
    let mut rows = Vec::new();
    let mut known = Known::default();
    for (stage, reason) in planned.plan.stages.iter().zip(&reasons) {
        let counts = counts(stage, loaded, &planned, &mut known)?;
        let verb = if *reason == Reason::Reuse { "reuse" } else { "run" };
        let why = words(reason, loaded);
        lines += &format!("{verb:<6}{:<8}{:<40}{counts}\n", stage.kind.word(), stage.name);
        for why in why.iter().take(SHOWN) {
            lines += &format!("      because {why}\n");
        }
        if why.len() > SHOWN {
            lines += &format!("      and {} more changes\n", why.len() - SHOWN);
        }
        rows.push(json!({
            "stage": stage.kind.word(),
            "name": stage.name,
            "key": stage.key,
            "action": verb,
            "why": why,
            "work": counts,
        }));
    }
    let run = reasons.iter().filter(|r| **r != Reason::Reuse).count();
    match args.format {
        Format::Json => {
            printer.data(&format!("{}\n", serde_json::to_string_pretty(&rows).unwrap_or_default()));
        }
        Format::Text => {
            let reuse = reasons.len() - run;
            printer.data(&format!("{lines}\n{run} to run, {reuse} to reuse\n"));
        }
    }
    Ok(Exit::Ok)
}

/// What experiments on the same ensemble have in common.
#[derive(Default)]
struct Known {
    /// Faces that would be sampled, by ensemble.
    faces: BTreeMap<String, Option<usize>>,
    /// Number of classes, by ensemble and attribution.
    classes: BTreeMap<(String, String), usize>,
}

impl Known {
    fn faces(
        &mut self,
        experiment: &Experiment,
        loaded: &Loaded,
        planned: &Planned,
    ) -> Result<Option<usize>, Failure> {
        let ensemble = &experiment.data;
        Ok(match self.faces.entry(ensemble.name.value.clone()) {
            Entry::Occupied(known) => *known.get(),
            Entry::Vacant(place) => {
                *place.insert(expected(&loaded.project, ensemble, &planned.world)?)
            }
        })
    }

    fn classes(
        &mut self,
        experiment: &Experiment,
        loaded: &Loaded,
        planned: &Planned,
    ) -> Result<usize, Failure> {
        let attribution = format!("{:?}", experiment.attribution.map(|a| a.value));
        Ok(match self.classes.entry((experiment.data.name.value.clone(), attribution)) {
            Entry::Occupied(known) => *known.get(),
            Entry::Vacant(place) => {
                *place.insert(class_names(&loaded.project, experiment, &planned.world)?.len())
            }
        })
    }
}

/// How much work a stage is.
fn counts(
    stage: &Stage,
    loaded: &Loaded,
    planned: &Planned,
    known: &mut Known,
) -> Result<String, Failure> {
    let project = &loaded.project;
    let scan = |dataset: &str| planned.world.scans.get(dataset);
    Ok(match &stage.work {
        Work::Faces { dataset } => scan(dataset).map_or(String::new(), |scan| {
            let (videos, frames) =
                (scan.manifest.videos().height(), scan.manifest.frames().height());
            match scan.undecoded() {
                true => format!("{videos} videos, whose frames are counted when they are decoded"),
                false => format!("{videos} videos, {frames} frames"),
            }
        }),
        Work::Landmarks { .. } => String::new(),
        Work::Sample { experiment } => {
            let experiment = &project.experiments[experiment];
            let sources = experiment.data.sources.len();
            match known.faces(experiment, loaded, planned)? {
                Some(faces) => format!("{sources} sources, about {faces} faces"),
                None => format!("{sources} sources, whose videos are not decoded yet"),
            }
        }
        Work::Train { experiment, .. } => {
            let experiment = &project.experiments[experiment];
            let faces = known.faces(experiment, loaded, planned)?;
            let recipe = &experiment.recipe;
            let classes = known.classes(experiment, loaded, planned)?;
            let config = Architecture::new(&experiment.backbone, classes);
            let parameters: usize =
                config.parameters().iter().map(|s| s.shape.iter().product::<usize>()).sum();
            let parameters = thousands(parameters as u64);
            let epochs = recipe.epochs.value;
            let Some(faces) = faces else {
                return Ok(format!(
                    "{parameters} parameters, {epochs} epochs of batches of {} faces",
                    recipe.batch.value
                ));
            };
            let steps = faces / recipe.batch.value * epochs as usize;
            // A backward pass costs about two forward passes.
            let work = 3.0 * config.flops() * (steps * recipe.batch.value) as f64;
            format!(
                "{parameters} parameters, {epochs} epochs, about {steps} steps of {} faces, {:.2} \
                 TFLOP",
                recipe.batch.value,
                work / 1e12
            )
        }
        Work::Ready { experiment } => {
            let experiment = &project.experiments[experiment];
            let classes = experiment.ready().map_or(0, |head| head.classes().len());
            let config = Architecture::new(&experiment.backbone, classes);
            let parameters: usize = config.parameters().iter().map(ParamSpec::count).sum();
            format!("{} parameters, ready in the file", thousands(parameters as u64))
        }
        Work::Predict { target, .. } | Work::Outside { target, .. } => scan(&target.dataset)
            .map_or(String::new(), |scan| {
                format!("{} videos", scan.manifest.in_split(target.split))
            }),
    })
}

/// Why a stage runs, one reason a line.
fn words(reason: &Reason, loaded: &Loaded) -> Vec<String> {
    match reason {
        Reason::Reuse => Vec::new(),
        Reason::New => vec!["it has not run in this store".to_owned()],
        Reason::Gone => vec!["its result is no longer in the store".to_owned()],
        Reason::Resume => vec!["it was interrupted; it goes on from there".to_owned()],
        Reason::Changed(changes) => {
            // A value that changed says more than an input that changed because of it.
            let (values, inputs): (Vec<&Change>, Vec<&Change>) =
                changes.iter().partition(|c| upstream(&c.path).is_none());
            values.into_iter().chain(inputs).map(|change| described(change, loaded)).collect()
        }
    }
}

/// The stage whose result an input is, if it is one.
fn upstream(path: &str) -> Option<&'static str> {
    match path.rsplit('.').next()? {
        "sample" if path == "sample" => Some("the sampled faces changed"),
        "model" => Some("the model changed"),
        "faces" => Some("the prepared faces changed"),
        "pixels" => Some("files of the data set changed"),
        "manifest" => Some("the data set's list of videos, labels or splits changed"),
        "version" => Some("this version of Proofmark computes it anew"),
        "digest" if path == "outside.file.digest" => Some("the file of scores changed"),
        "digest" => Some("the weights file changed"),
        _ => None,
    }
}

fn described(change: &Change, loaded: &Loaded) -> String {
    if let Some(words) = upstream(&change.path) {
        return match change.path.split_once('.') {
            Some((source, _)) if source.starts_with("source ") => format!("{words} ({source})"),
            _ => words.to_owned(),
        };
    }
    let place = change.origin.and_then(|origin| loaded.sources.place(origin));
    let place = place.map_or(String::new(), |p| format!(" ({}:{})", p.file.display(), p.line));
    format!("{} was {} and is {}{place}", change.path, said(&change.before), said(&change.after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn upstream_changes_are_told_apart_from_values() {
        assert!(upstream("sample").is_some());
        assert!(upstream("sample.seed").is_none());
        assert!(upstream("source ffpp.faces").is_some());
        assert!(upstream("recipe.epochs").is_none());
    }
}
