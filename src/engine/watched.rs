//! What surrounds the making of a stage: what `-v` tells of it, and the declaration that it is
//! about, for what goes wrong in it.

use std::time::Instant;

use super::graph::Stage;
use proofmark_base::store::StoreFailure;
use proofmark_base::work::Failure;

/// Makes a stage. What fails is about its declaration, unless a more telling one is known.
///
/// # Errors
/// Those of the making.
pub fn watched<T>(stage: &Stage, make: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
    let (kind, name, key) = (stage.word(), &stage.name, &stage.key);
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
        made.map_err(|failure| at(failure, stage))
    })
}

/// A failure of a stage, at the declaration of what it makes unless a more telling one is known.
/// What befalls the machine is about none.
fn at(failure: Failure, stage: &Stage) -> Failure {
    match failure.cause() {
        Failure::Interrupted
        | Failure::Group(_)
        | Failure::Write { .. }
        | Failure::Faces(_)
        | Failure::Store(
            StoreFailure::Newer { .. }
            | StoreFailure::Broken { .. }
            | StoreFailure::Taken { .. }
            | StoreFailure::Io { .. },
        ) => failure,
        Failure::Data(_)
        | Failure::Read { .. }
        | Failure::Weights(_)
        | Failure::Hub(_)
        | Failure::Store(StoreFailure::Damaged { .. })
        | Failure::Diverged(_)
        | Failure::Run(_)
        | Failure::Budget(_)
        | Failure::Device(_)
        | Failure::Internal(_)
        | Failure::At(_) => {
            let (origin, text) = stage.work.declared();
            failure.or_at(origin, text)
        }
    }
}
