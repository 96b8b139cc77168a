//! What is told of a training for which a GPU has not enough memory.

use proofmark_base::work::Failure;
use proofmark_lang::model::Experiment;
use proofmark_model::architecture::Architecture;
use proofmark_model::failed::lacks_memory;

/// A failure of a training, with what to write into its recipe where a GPU has not enough memory for it.
pub(super) fn advised(failure: Failure, experiment: &Experiment) -> Failure {
    let Failure::Device(error) = failure.cause() else { return failure };
    if !lacks_memory(error) {
        return failure;
    }
    let (recipe, batch) = (&experiment.recipe, &experiment.recipe.batch);
    // How many classes there are does not matter to that.
    let divides = Architecture::new(&experiment.backbone, 2).supports_micro_batches();
    let at_a_time = batch.micro.filter(|_| divides).unwrap_or(batch.size).min(batch.size);
    let advice = match (divides, at_a_time / 2) {
        (false, _) => format!(
            "the batch norm of its network needs all {} faces at once: this takes a smaller `batch`, which is another \
             training, or a larger GPU",
            batch.size
        ),
        (true, 0) => {
            "it has one face at a time already: this takes a smaller network, or a larger GPU"
                .to_owned()
        }
        (true, half) => format!(
            "`batch {} micro={half}` in recipe `{}` has fewer faces in its memory at a time, and losses still see \
             the whole batch",
            batch.size, recipe.name
        ),
    };
    let at = if divides && batch.micro.is_some() { batch.at.micro } else { batch.at.size };
    Failure::run(format!("{failure}; {advice}")).at(at, "so many faces at a time")
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use proofmark_gpu::error::GpuError;
    use proofmark_lang::{MemoryFiles, load};
    use proofmark_model::failed::failed;

    fn told(batch: &str, error: GpuError) -> Failure {
        told_of("vit patch=8 width=16 depth=2 heads=2 image=32; pool cls", batch, error)
    }

    fn told_of(network: &str, batch: &str, error: GpuError) -> Failure {
        let text = format!(
            "dataset a {{ layout demo capture=studio seed=1 identities=8 videos=2 fakes=2 frames=2; manipulation \
             swap-seam; split carve train=(%)60 val=(%)20 test=(%)20 seed=0; faces size=32 }}
             ensemble only {{ source a }}
             backbone tiny {{ {network} }}
             init scratch {{ random; normalize half }}
             recipe short {{ epochs 1; batch {batch}; adamw lr=1e-3 }}
             experiment x {{ data only; backbone tiny; init scratch; recipe short; loss {{ cross-entropy }} }}
             table t {{ row x; scenario S {{ column a A }}; metric auc }}"
        );
        let loaded = load(Path::new("x.kdl"), &MemoryFiles::default().with("x.kdl", text));
        assert!(!loaded.has_errors(), "{:?}", loaded.diagnostics);
        advised(failed(error).into(), &loaded.project.experiments["x"])
    }

    #[test]
    fn a_lack_of_memory_names_the_figures_and_the_remedy() {
        let full =
            || GpuError::of_memory("allocate 2.0 GiB", "it is full; of 8.0 GiB, 0.5 GiB are free");
        let failure = told("64", full());
        let text = failure.to_string();
        assert!(
            text.starts_with("the device failed: the GPU cannot allocate 2.0 GiB: it is full; of"),
            "{text}"
        );
        assert!(text.contains("; `batch 64 micro=32` in recipe `short` has fewer faces"), "{text}");
        assert_eq!(failure.marks().len(), 1);
        assert!(told("64 micro=8", full()).to_string().contains("`batch 64 micro=4`"));
        assert!(told("64 micro=1", full()).to_string().contains("one face at a time already"));
        let normed = told_of("efficientnet image=64", "64", full()).to_string();
        assert!(normed.contains("needs all 64 faces at once") && !normed.contains("micro"));
        let broken = told("64", GpuError::new("run `norm`", "it is broken"));
        assert!(matches!(broken, Failure::Device(_)), "{broken}");
    }
}
