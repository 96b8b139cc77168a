//! Mixed faces under a loss that needs whole ones.

use crate::diagnostic::{Code, Diagnostic, Sink};
use crate::model::{Experiment, LossTerm, Mix, Project};
use crate::span::Spanned;

/// Reports triplet losses of mixed faces, and mixing that never happens.
pub(super) fn mixing(project: &Project, sink: &mut Sink) {
    for experiment in project.experiments.values() {
        if let Some(mix) = &experiment.recipe.mix {
            without_effect(mix, sink);
            under_triplets(experiment, mix, sink);
        }
    }
}

fn under_triplets(experiment: &Experiment, mix: &Spanned<Mix>, sink: &mut Sink) {
    for term in &experiment.loss.terms {
        let mining = match term {
            LossTerm::CrossEntropy { .. } => continue,
            LossTerm::Triplet { mining, .. } => mining,
        };
        sink.report(
            Diagnostic::error(Code::MixedTriplets, "a triplet loss of mixed faces")
                .text(format!(
                    "a mixed face is of two classes in part, so that in experiment `{}` no face \
                     has positives or negatives",
                    experiment.name.value
                ))
                .between((mining.origin, "needs one class a face"), (mix.origin, "mixes faces"))
                .help("remove `mix`, or train with `cross-entropy` alone"),
        );
    }
}

fn without_effect(mix: &Spanned<Mix>, sink: &mut Sink) {
    let Mix { mixup, cutmix, probability, switch } = &mix.value;
    if mixup.value == 0.0 && cutmix.value == 0.0 || probability.value == 0.0 {
        sink.report(
            Diagnostic::warning(Code::NoEffect, "`mix` that never mixes")
                .text("`mixup` and `cutmix` are 0 unless given, and 0 means never")
                .at(mix.origin, "has no effect")
                .help("write `mix mixup=0.8` or `mix cutmix=1.0`, or remove `mix`"),
        );
    } else if (mixup.value == 0.0 || cutmix.value == 0.0) && !switch.origin.is_default() {
        sink.report(
            Diagnostic::warning(Code::NoEffect, "`switch` with nothing to switch between")
                .text("only one of `mixup` and `cutmix` is on")
                .at(switch.origin, "has no effect")
                .help("remove `switch`, or give both"),
        );
    }
}
