//! The cluster that `--on` means, from the user's clusters file.

use std::path::Path;

use super::args::OnArgs;
use super::exit::Exit;
use super::output::Printer;
use super::project::{Stop, print};
use crate::engine::asked::Asked;
use crate::engine::cluster::script::Ask;
use proofmark_base::work::Failure;
use proofmark_lang::DiskFiles;
use proofmark_lang::clusters::{Cluster, Local, Slurm, clusters_file, load_clusters};
use proofmark_lang::model::{DeviceChoice, Placed, Project};

/// The cluster of that name.
///
/// # Errors
/// A file that is not there or has errors, which are printed; a name that it does not declare.
pub fn find(name: &str, args: &OnArgs, printer: Printer) -> Result<Placed<Cluster>, Stop> {
    let file = clusters_file(args.clusters.as_deref(), &|name| std::env::var_os(name));
    let file = file.map_err(Failure::data)?;
    if !file.exists() {
        return Err(Failure::data(format!(
            "there is no cluster `{name}`\n  looked for: the clusters file {}\n  to say otherwise: \
             --clusters FILE, or PROOFMARK_CLUSTERS; docs/cluster.md tells what to write",
            file.display()
        ))
        .into());
    }
    let (clusters, loaded) = load_clusters(&file, &DiskFiles);
    print(&loaded, printer);
    if loaded.has_errors() {
        return Err(Stop::Exit(Exit::Invalid));
    }
    Ok(clusters.of(name).cloned().map_err(Failure::data)?)
}

/// The devices of a cluster that is this machine.
///
/// # Errors
/// What asks for something that only other clusters have.
pub fn devices(
    (cluster, local): (&Cluster, &Local),
    (args, device): (&OnArgs, Option<Asked>),
    file: &Path,
) -> Result<Vec<DeviceChoice>, Failure> {
    if args.dry_run {
        return Err(Failure::run(format!(
            "`{}` is this machine, for which there are no batch scripts; `proofmark plan {}` says what \
             would run",
            cluster.name,
            file.display()
        )));
    }
    if device.is_some() {
        return Err(Failure::run(format!(
            "the devices of `{}` are those of the clusters file; leave out --device (and \
             PROOFMARK_DEVICE)",
            cluster.name
        )));
    }
    Ok(local.devices.iter().map(|device| device.device).collect())
}

/// What a job of a kind asks for, of an experiment if it is of one. Variants of a matrix ask for what
/// their experiment does.
pub fn ask(
    cluster: &Cluster,
    slurm: &Slurm,
    project: &Project,
    kind: &str,
    experiment: Option<&str>,
) -> Ask {
    let of = |name: &str| {
        let variant = project.experiments.get(name)?.variant.as_ref()?;
        Some(variant.of.clone())
    };
    let declared = experiment.map(|name| of(name).unwrap_or_else(|| name.to_owned()));
    let request = cluster.request(kind, declared.as_deref());
    let mut options = slurm.options();
    options.extend(request.partition.map(|partition| format!("--partition={partition}")));
    Ask {
        options,
        setup: slurm.setup(),
        cpus: request.cpus,
        memory: request.memory,
        seconds: request.time,
        gpus: request.gpus,
        gpu: request.gpu,
        ranks: request.ranks,
        warn: cluster.warn,
    }
}
