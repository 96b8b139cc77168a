//! The declaration that a stage is about, for what goes wrong in it.

use proofmark_base::store::StoreFailure;
use proofmark_base::work::Failure;
use proofmark_lang::model::Project;
use proofmark_lang::span::Origin;
use proofmark_plan::graph::{Stage, Work};

/// A failure of a stage, at the declaration of what it makes unless a more telling one is known.
/// What befalls the machine is about none.
pub fn at(failure: Failure, project: &Project, stage: &Stage) -> Failure {
    match failure.cause() {
        Failure::Interrupted
        | Failure::Write { .. }
        | Failure::Faces(_)
        | Failure::Store(
            StoreFailure::Newer { .. } | StoreFailure::Broken { .. } | StoreFailure::Io { .. },
        ) => failure,
        Failure::Data(_)
        | Failure::Read { .. }
        | Failure::Weights(_)
        | Failure::Hub(_)
        | Failure::Store(StoreFailure::Damaged { .. })
        | Failure::Diverged(_)
        | Failure::Run(_)
        | Failure::Device(_)
        | Failure::Internal(_)
        | Failure::At(_) => {
            let (origin, text) = declaration(project, stage);
            failure.or_at(origin, text)
        }
    }
}

fn declaration(project: &Project, stage: &Stage) -> (Origin, &'static str) {
    let dataset = |name: &str| project.datasets.get(name).map(|dataset| dataset.name.origin);
    let experiment = |name: &str| project.experiments.get(name);
    let (origin, text) = match &stage.work {
        Work::Faces { dataset: name } | Work::Landmarks { dataset: name } => {
            (dataset(name), "this data set")
        }
        Work::Sample { experiment: name } => {
            (experiment(name).map(|e| e.data.name.origin), "this ensemble")
        }
        Work::Train { experiment: name, .. }
        | Work::Ready { experiment: name }
        | Work::Predict { experiment: name, .. } => {
            (experiment(name).map(|e| e.name.origin), "this experiment")
        }
        Work::Outside { file, .. } => (Some(file.file.origin), "these scores"),
    };
    (origin.unwrap_or(Origin::DEFAULT), text)
}
