//! The other processes.

use std::sync::atomic::AtomicBool;

use super::order::{Order, Training};
use crate::engine::cluster::snapshot::Snapshot;
use crate::engine::device::Devices;
use crate::engine::graph::Making;
use crate::engine::kind::StageKind;
use crate::engine::results::Results;
use proofmark_base::store::Store;
use proofmark_base::work::{Failure, Silent};
use proofmark_group::group::Group;
use proofmark_group::round::Round;
use proofmark_prepare::store::Share;

/// Takes part in every training that the first process begins, until it says that there are no more. What
/// goes wrong in one is told by the first.
///
/// # Errors
/// A rank that is lost.
pub fn follow(group: &dyn Group, devices: &Devices, stop: &AtomicBool) -> Result<(), Failure> {
    loop {
        match Order::hear(group)? {
            Order::End => return Ok(()),
            Order::Train(training) => {
                let round = Round::new(group);
                let trained = train(&training, &round, devices, stop);
                tracing::info!(key = training.key, ?trained, "a training has ended");
                match round.close(trained.err().as_ref()) {
                    // The group goes on, and the first process knows.
                    Ok(()) => {}
                    Err(failure) => return Err(failure),
                }
            }
        }
    }
}

/// This process's part of a training.
fn train(
    training: &Training,
    group: &dyn Group,
    devices: &Devices,
    stop: &AtomicBool,
) -> Result<(), Failure> {
    let snapshot = Snapshot::read(&training.store, &training.run)?;
    let folder = snapshot.submitted_in();
    std::env::set_current_dir(folder).map_err(|e| Failure::read(folder, &e))?;
    let loaded = snapshot.load()?;
    let store = Store::open(&training.store)?;
    let session = snapshot.session(&loaded, store, Some(&[(StageKind::Train, &training.key)]))?;
    let mut stages = session.plan().stages.iter();
    let stage = stages.find(|stage| stage.key == training.key).ok_or_else(|| {
        Failure::run(
            "it plans the training with another key; all processes need one build".to_owned(),
        )
    })?;
    let making = Making {
        stage,
        project: session.project(),
        world: session.world(),
        results: Results(session.store()),
        devices,
        part: Share::WHOLE,
        folder: &training.folder,
        draft: None,
        group,
        events: &Silent,
        stop,
    };
    stage.work.make(&making).map(drop)
}
