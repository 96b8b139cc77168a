//! What surrounds the making of a stage: what `-v` tells of it, and the declaration that it is
//! about, for what goes wrong in it.

use std::time::Instant;

use proofmark_base::store::StoreFailure;
use proofmark_base::work::Failure;
use proofmark_lang::model::Project;
use proofmark_lang::span::Origin;
use proofmark_plan::graph::{Stage, Work};

/// Makes a stage. What fails is about its declaration, unless a more telling one is known.
///
/// # Errors
/// Those of the making.
pub fn within<T>(
    project: &Project,
    stage: &Stage,
    make: impl FnOnce() -> Result<T, Failure>,
) -> Result<T, Failure> {
    let (kind, name, key) = (stage.kind.word(), &stage.name, &stage.key);
    let span = tracing::info_span!("stage", %kind, %name, %key);
    span.in_scope(|| {
        let begun = Instant::now();
        tracing::info!("begins");
        let made = make();
        let seconds = format!("{:.2}", begun.elapsed().as_secs_f64());
        match &made {
            Ok(_) => tracing::info!(%seconds, "ends"),
            Err(_) => tracing::info!(%seconds, "ends in a failure"),
        }
        made.map_err(|failure| at(failure, project, stage))
    })
}

/// A failure of a stage, at the declaration of what it makes unless a more telling one is known.
/// What befalls the machine is about none.
fn at(failure: Failure, project: &Project, stage: &Stage) -> Failure {
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
