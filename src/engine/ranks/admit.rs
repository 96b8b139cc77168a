//! Whether several processes can train what is planned, before anything is made.

use crate::engine::graph::Stage;
use proofmark_base::work::Failure;
use proofmark_lang::model::Project;
use proofmark_model::architecture::Architecture;
use proofmark_train::fit;

/// Whether each of these stages that are trainings can be trained by so many processes.
///
/// # Errors
/// One that cannot.
pub fn admit<'s>(
    project: &Project,
    stages: impl IntoIterator<Item = &'s Stage>,
    processes: impl Fn(&Stage) -> usize,
) -> Result<(), Failure> {
    for stage in stages.into_iter().filter(|stage| stage.work.takes_ranks()) {
        let experiment = stage.work.experiment().and_then(|name| project.experiments.get(name));
        if let Some(experiment) = experiment {
            let network = Architecture::new(&experiment.backbone, 2);
            fit::admit(experiment, &network, processes(stage))?;
        }
    }
    Ok(())
}
