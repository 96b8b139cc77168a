//! Calibrations that have nothing to be fitted on.

use crate::diagnostic::{Code, Diagnostic, Sink};
use crate::model::Project;

/// Reports calibrations of models without validation faces of both classes. That a split is none of
/// test is said where a source names it.
pub(super) fn calibration(project: &Project, sink: &mut Sink) {
    for experiment in project.experiments.values().filter(|e| e.calibrate.is_some()) {
        if experiment.ready().is_some() {
            sink.report(
                Diagnostic::error(Code::Conflict, "calibration of a model that is ready")
                    .text("it is fitted on the validation splits of an ensemble, and there is none")
                    .at(experiment.at.name, "has no ensemble")
                    .and(experiment.at.calibrate, "asks for one")
                    .help("write `calibrate none`"),
            );
        }
        if let Some((_, pseudo)) = experiment.data.pseudo_fakes().next() {
            sink.report(
                Diagnostic::error(Code::Conflict, "calibration on fakes that are not used")
                    .text(
                        "it is fitted on scored faces of validation splits, of whose fakes an \
                         ensemble of pseudo-fakes uses none",
                    )
                    .at(experiment.at.name, "has both")
                    .and(experiment.at.calibrate, "would use them")
                    .and(pseudo.at.kind, "uses reals alone")
                    .help("write `calibrate none`, or train on `source`s alone"),
            );
        }
    }
}
