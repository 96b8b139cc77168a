//! How the models learned: what validation said after each epoch, and what each objective
//! came to.

use crate::findings::Run;
use crate::page::content::Content;
use crate::plot::chart::{Drawing, Key, Lines, Mark, Panel, Plot, Series};
use crate::plot::{Axis, ticks};
use proofmark_train::journal::record::EpochRecord;

const LARGE: (f64, f64) = (430.0, 300.0);
const SMALL: (f64, f64) = (200.0, 140.0);

/// A model and the row that it belongs to.
struct Model<'a> {
    row: usize,
    experiment: &'a str,
    title: String,
    run: &'a Run,
}

/// What validation said of all models, and the losses of each.
pub(super) fn plots(content: &Content) -> Vec<Plot> {
    let mut models = Vec::new();
    for (row, label, experiments) in content.rows() {
        let several = experiments.len() > 1;
        for experiment in experiments {
            let Some(run) = content.run(experiment).filter(|run| !run.epochs.is_empty()) else {
                continue;
            };
            let title =
                if several { format!("{label}, seed {}", run.seed) } else { label.to_owned() };
            models.push(Model { row, experiment, title, run });
        }
    }
    if models.is_empty() {
        return Vec::new();
    }
    let notes = vec![content.table.caption()];
    let mut plots = Vec::new();
    let panels: Vec<Panel> = [
        validation(&models, "ROC-AUC of validation faces", |epoch| epoch.val_auc),
        validation(&models, "cross-entropy of validation faces", |epoch| epoch.val_loss),
    ]
    .into_iter()
    .flatten()
    .collect();
    if !panels.is_empty() {
        let mut legend: Vec<Key> = Vec::new();
        for model in &models {
            let mark = Mark::Row(model.row);
            if !legend.iter().any(|key| key.mark == mark) {
                let label = content.labels()[model.row].to_owned();
                legend.push(Key { mark, label });
            }
        }
        plots.push(Plot {
            name: "learning".to_owned(),
            title: "Validation after each epoch".to_owned(),
            notes: notes.clone(),
            legend,
            panels,
            columns: 2,
        });
    }
    let names = ["training objective", "cross-entropy of validation faces"];
    let mut names: Vec<String> = names.map(str::to_owned).into();
    let panels = models.iter().map(|model| losses(model, content, &mut names)).collect();
    let key = |(i, label): (usize, &String)| Key { mark: Mark::Line(i), label: label.clone() };
    plots.push(Plot {
        name: "losses".to_owned(),
        title: "Losses of each model".to_owned(),
        notes: notes.into_iter().chain([EPOCH_KEPT.to_owned()]).collect(),
        legend: names.iter().enumerate().map(key).collect(),
        panels,
        columns: 4,
    });
    plots
}

/// What a vertical line says.
const EPOCH_KEPT: &str = "Dashed vertical line: the epoch whose model is kept.";

fn validation(
    models: &[Model],
    title: &str,
    value: impl Fn(&EpochRecord) -> Option<f64>,
) -> Option<Panel> {
    let points = |model: &Model| -> Vec<(f64, f64)> {
        let point = |epoch: &EpochRecord| Some((f64::from(epoch.epoch), value(epoch)?));
        model.run.epochs.iter().filter_map(point).collect()
    };
    let series: Vec<Series> = models
        .iter()
        .map(|model| Series { mark: Mark::Row(model.row), points: points(model), dots: true })
        .filter(|series| !series.points.is_empty())
        .collect();
    let values: Vec<f64> = series.iter().flat_map(|s| s.points.iter().map(|p| p.1)).collect();
    if values.is_empty() {
        return None;
    }
    let last = models.iter().filter_map(|model| Some((model, *points(model).last()?)));
    let words: Vec<String> = last
        .map(|(model, (epoch, value))| format!("{} {value:.3} after {epoch}", model.title))
        .collect();
    Some(Panel {
        title: title.to_owned(),
        description: format!("By epoch. At the end: {}.", words.join(", ")),
        row: None,
        size: LARGE,
        drawing: Drawing::Lines(Lines {
            x: epochs(models.iter().map(|model| model.run)),
            y: Axis::of("", values.into_iter()),
            diagonal: false,
            bars: Vec::new(),
            at: None,
            series,
        }),
    })
}

/// The objective of a model, what each term adds to it where it has several, and validation.
/// `names` has what the lines are, and gets what is new.
fn losses(model: &Model, content: &Content, names: &mut Vec<String>) -> Panel {
    let run = model.run;
    let mut lines: Vec<(usize, Vec<(f64, f64)>)> = Vec::new();
    let mut add = |name: usize, value: &dyn Fn(&EpochRecord) -> Option<f64>| {
        let point = |epoch: &EpochRecord| Some((f64::from(epoch.epoch), value(epoch)?));
        let points: Vec<(f64, f64)> = run.epochs.iter().filter_map(point).collect();
        if !points.is_empty() {
            lines.push((name, points));
        }
    };
    add(0, &|epoch| Some(epoch.train_loss));
    add(1, &|epoch| epoch.val_loss);
    let terms: Vec<&str> = run
        .epochs
        .first()
        .map(|e| e.parts.iter().map(|p| p.term.as_str()).collect())
        .unwrap_or_default();
    for term in terms.iter().filter(|_| terms.len() > 1) {
        // With its weight, as it counts: without, a term of a small weight would fill the plot.
        let key = (model.experiment.to_owned(), (*term).to_owned());
        let Some(weight) = content.weights.get(&key) else { continue };
        let name = format!("{term} in training, times its weight");
        let place = names.iter().position(|known| *known == name).unwrap_or_else(|| {
            names.push(name);
            names.len() - 1
        });
        let part = |epoch: &EpochRecord| {
            epoch.parts.iter().find(|part| part.term == *term).map(|part| part.value * weight)
        };
        add(place, &part);
    }
    let words: Vec<String> = lines
        .iter()
        .map(|(name, points)| {
            let (first, last) = (points[0].1, points[points.len() - 1].1);
            format!("{} from {first:.3} to {last:.3}", names[*name])
        })
        .collect();
    let kept = run.epochs.iter().rev().find(|epoch| epoch.kept).map(|epoch| epoch.epoch);
    let kept_words = kept.map(|epoch| format!(" Kept: epoch {epoch}.")).unwrap_or_default();
    // Zero is where a loss wants to go.
    let values = lines.iter().flat_map(|(_, points)| points.iter().map(|point| point.1));
    Panel {
        title: model.title.clone(),
        description: format!("Over {} epochs: {}.{kept_words}", run.epochs.len(), words.join(", ")),
        row: Some(model.row),
        size: SMALL,
        drawing: Drawing::Lines(Lines {
            x: epochs(std::iter::once(run)),
            y: Axis::of("", values.chain([0.0])),
            diagonal: false,
            bars: Vec::new(),
            at: kept.map(f64::from),
            series: lines
                .into_iter()
                .map(|(name, points)| Series { mark: Mark::Line(name), points, dots: false })
                .collect(),
        }),
    }
}

/// The axis of epochs.
fn epochs<'a>(runs: impl Iterator<Item = &'a Run>) -> Axis {
    let last = runs.flat_map(|run| &run.epochs).map(|epoch| epoch.epoch).max().unwrap_or(1);
    let (low, high) = if last > 1 { (1.0, f64::from(last)) } else { (0.0, 2.0) };
    Axis { title: "epoch".to_owned(), low, high, ticks: ticks(last) }
}
