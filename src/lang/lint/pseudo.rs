//! Pseudo-fakes with what does not go together with them.

use crate::diagnostic::{Code, Diagnostic, Sink};
use crate::model::{Experiment, Project};

/// Reports classes that pseudo-fakes do not have, and batches that would part a pair.
pub(super) fn pseudo(project: &Project, sink: &mut Sink) {
    for experiment in project.experiments.values() {
        let Some((source, pseudo)) = experiment.data.pseudo_fakes().next() else { continue };
        if experiment.attribution.is_some() {
            sink.report(
                Diagnostic::error(Code::Conflict, "attribution of pseudo-fakes")
                    .text("a pseudo-fake is of no family, data set or manipulation")
                    .between(
                        (experiment.at.attribution, "asks for one"),
                        (pseudo.at.kind, "has none"),
                    )
                    .help("write `attribution none`, or train on `source`s alone"),
            );
        }
        odd_batch(experiment, source.at.dataset, sink);
        if let Some(rule) = &experiment.data.sample
            && experiment.data.sources.iter().all(|source| source.pseudo_fake.is_some())
            && !rule.at.real_to_fake.is_default()
        {
            sink.report(
                Diagnostic::warning(Code::NoEffect, "a sampling rule of pseudo-fakes")
                    .text("of a pseudo-fake's data set all reals are used, each with its own fake")
                    .at(rule.at.real_to_fake, "has no effect")
                    .help(
                        "remove `sample`; `frames` of the data set says how many faces there are",
                    ),
            );
        }
    }
}

fn odd_batch(experiment: &Experiment, pairs: crate::span::Origin, sink: &mut Sink) {
    let batch = &experiment.recipe.batch;
    if !batch.size.is_multiple_of(2) {
        sink.report(
            Diagnostic::error(Code::Indivisible, "an odd batch of pairs")
                .text("a batch holds each real together with its own fake")
                .between((batch.at.size, "is odd"), (pairs, "makes pairs"))
                .help(format!("`batch {}` would be even", batch.size + 1)),
        );
    }
}
