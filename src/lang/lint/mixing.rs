//! Mixed faces under a loss that needs whole ones.

use crate::diagnostic::{Code, Diagnostic, Sink};
use crate::model::{Experiment, LossTerm, Mix, Placed, Project};

/// Reports triplet losses of mixed faces, and mixing that never happens.
pub(super) fn mixing(project: &Project, sink: &mut Sink) {
    for experiment in project.experiments.values() {
        if let Some(mix) = &experiment.recipe.mix {
            without_effect(mix, sink);
            under_triplets(experiment, mix, sink);
        }
    }
}

fn under_triplets(experiment: &Experiment, mix: &Placed<Mix>, sink: &mut Sink) {
    for term in &experiment.loss.terms {
        let mining = match term {
            LossTerm::CrossEntropy(_) => continue,
            LossTerm::Triplet(triplet) => triplet.at.mining,
        };
        sink.report(
            Diagnostic::error(Code::MixedTriplets, "a triplet loss of mixed faces")
                .text(format!(
                    "a mixed face is of two classes in part, so that in experiment `{}` no face \
                     has positives or negatives",
                    experiment.name
                ))
                .between((mining, "needs one class a face"), (mix.node, "mixes faces"))
                .help("remove `mix`, or train with `cross-entropy` alone"),
        );
    }
}

fn without_effect(mix: &Placed<Mix>, sink: &mut Sink) {
    if mix.mixup == 0.0 && mix.cutmix == 0.0 || mix.probability == 0.0 {
        sink.report(
            Diagnostic::warning(Code::NoEffect, "`mix` that never mixes")
                .text("`mixup` and `cutmix` are 0 unless given, and 0 means never")
                .at(mix.node, "has no effect")
                .help("write `mix mixup=0.8` or `mix cutmix=1.0`, or remove `mix`"),
        );
    } else if (mix.mixup == 0.0 || mix.cutmix == 0.0) && !mix.at.switch.is_default() {
        sink.report(
            Diagnostic::warning(Code::NoEffect, "`switch` with nothing to switch between")
                .text("only one of `mixup` and `cutmix` is on")
                .at(mix.at.switch, "has no effect")
                .help("remove `switch`, or give both"),
        );
    }
}
