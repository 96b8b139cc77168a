//! Values that are valid and hardly ever meant.

use crate::diagnostic::{Code, Diagnostic, Sink};
use crate::model::{Detector, Experiment, Optimizer, Project};
use crate::span::Origin;
use crate::words::number::number;

/// Reports values far from those that anybody trains with.
pub(super) fn odd(project: &Project, sink: &mut Sink) {
    for experiment in project.experiments.values() {
        rate(experiment, sink);
        triplets(experiment, sink);
        enlarged(project, experiment, sink);
    }
    for dataset in project.datasets.values() {
        let margin = dataset.faces.margin;
        if dataset.faces.detector != Detector::None && margin >= 1.0 {
            report(
                sink,
                "a margin as large as the face",
                format!("the box grows by {} of its size", margin),
                dataset.faces.at.margin,
                format!(
                    "write `{}` if the box should be {} times as large",
                    number(margin - 1.0),
                    margin
                ),
            );
        }
    }
}

fn report(sink: &mut Sink, title: &str, text: String, at: Origin, help: String) {
    sink.report(
        Diagnostic::warning(Code::OddValue, title).text(text).at(at, "hardly meant").help(help),
    );
}

/// Learning rates from which nothing is learned.
fn rate(experiment: &Experiment, sink: &mut Sink) {
    let (lr, at) = (experiment.recipe.optimizer.lr(), experiment.recipe.optimizer.lr_at());
    let (name, highest, usual) = match experiment.recipe.optimizer {
        Optimizer::AdamW(_) => ("adamw", 0.1, "1e-5 to 1e-2"),
        Optimizer::Sgd(_) => ("sgd", 10.0, "1e-4 to 1"),
    };
    if lr >= highest {
        let exponent = (3..308).find(|n| lr <= 10f64.powi(*n)).unwrap_or(308);
        report(
            sink,
            "a very high learning rate",
            format!(
                "with `{name}` rates from {usual} are usual; at {} weights soon lose all meaning",
                lr
            ),
            at,
            format!("did you mean `1e-{exponent}`?"),
        );
    }
}

/// Triplets of which a batch has none, or that never come to rest.
fn triplets(experiment: &Experiment, sink: &mut Sink) {
    let batch = &experiment.recipe.batch;
    for term in &experiment.loss.terms {
        let Some(triplet) = term.term().triplet() else { continue };
        if batch.size < 3 {
            sink.report(
                Diagnostic::warning(Code::OddValue, "batches without a triplet")
                    .text(
                        "a triplet is three faces of a batch: two of one class and one of another",
                    )
                    .between((batch.at.size, "too few faces"), (triplet.at.mining, "takes three"))
                    .help("choose a larger `batch`; 64 in the paper"),
            );
        }
        if triplet.normalize && triplet.margin >= 2.0 {
            report(
                sink,
                "a margin that no distance reaches",
                "embeddings of unit length are at most 2 apart".to_owned(),
                triplet.at.margin,
                "choose a smaller `margin`; 0.3 in the paper".to_owned(),
            );
        }
    }
}

/// Faces that are stored smaller than the network wants them.
fn enlarged(project: &Project, experiment: &Experiment, sink: &mut Sink) {
    let (image, image_at) = (experiment.backbone.image(), experiment.backbone.image_at());
    for source in &experiment.data.sources {
        let Some(dataset) = project.datasets.get(&source.dataset) else { continue };
        let size = dataset.faces.size;
        if image as f64 <= 1.25 * f64::from(size) {
            continue;
        }
        let name = &dataset.name;
        let stored = (dataset.faces.at.size, "stored in this size");
        let diagnostic = Diagnostic::warning(Code::OddValue, "faces that are enlarged")
            .text(format!(
                "the faces of `{name}` are stored with {} pixels a side, and enlarged to {} for the \
                 network: detail that a larger crop would have is lost",
                size, image
            ))
            .between((image_at, "the network's image"), stored)
            .help(format!("write `faces size={}` in `{name}`, or choose a smaller `image`", image));
        sink.report(diagnostic);
    }
}
